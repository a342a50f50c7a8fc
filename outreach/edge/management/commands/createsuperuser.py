"""Django's command; whom it makes an operator of everything is told in the log."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.management.commands import createsuperuser

from outreach.edge import passwords


class Command(createsuperuser.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        with passwords.told_on_host():
            super().handle(*args, **options)
