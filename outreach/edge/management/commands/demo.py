"""Make the demo: colleagues, an agent, people, and a queue to review. A second time: no change."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from outreach.core import workspaces
from outreach.edge.demo import accounts, making


class Command(BaseCommand):
    help = (
        "Fill the default workspace with invented people and messages to review. Adds nothing "
        "where people of your own are stored."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        making.make(workspaces.find(), at=timezone.now(), say=self.stdout.write)
        self.stdout.write(
            accounts.login_line()
            or "The demo's reviewer is not there, or has a password of their own by now. "
            "Log in with your own account, or make one: manage.py createsuperuser"
        )
