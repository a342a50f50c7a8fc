from __future__ import annotations

from django.apps import AppConfig


class EdgeConfig(AppConfig):
    name = "outreach.edge"
    label = "edge"
    verbose_name = "Outreach: doors"
