from __future__ import annotations

from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "outreach.core"
    label = "core"
    verbose_name = "Outreach: people and messages"
