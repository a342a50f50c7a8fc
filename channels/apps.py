from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings


class ChannelsConfig(AppConfig):
    name = "channels"
    label = "channels"
    verbose_name = "Channels"

    def ready(self) -> None:
        if not settings.STOPPING:
            from channels import provider_mail  # noqa: F401 - connects its receivers
