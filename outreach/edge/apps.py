"""The doors, and the checks of what they stand on."""

from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings


class EdgeConfig(AppConfig):
    name = "outreach.edge"
    label = "edge"
    verbose_name = "Outreach: doors"

    def ready(self) -> None:
        if settings.STOPPING:
            return
        from outreach.edge import checks
        from outreach.edge.hooks import standing, waking

        checks.activate()
        standing.activate()
        waking.activate()
