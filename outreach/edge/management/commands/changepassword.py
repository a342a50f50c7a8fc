"""Django's command; whose password it sets is told in the log."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.management.commands import changepassword

from outreach.edge import passwords


class Command(changepassword.Command):
    def handle(self, *args: Any, **options: Any) -> str | None:
        with passwords.told_on_host():
            return super().handle(*args, **options)
