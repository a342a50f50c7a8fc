from __future__ import annotations

from django.apps import AppConfig


class SafetyConfig(AppConfig):
    name = "safety"
    label = "safety"
    verbose_name = "Safety"

    def ready(self) -> None:
        from django.core.checks import register

        from safety import checks

        register(checks.event_days)
