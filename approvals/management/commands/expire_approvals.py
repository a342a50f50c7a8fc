"""End review rounds whose time ran out, now: the same job that beat runs every minute."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from approvals import expiry


class Command(BaseCommand):
    help = "Expire approvals nobody decided, and given ones that could not be sent in time."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")

    def handle(self, *args: Any, **options: Any) -> None:
        count = expiry.expire_due(at=timezone.now())
        if options["json"]:
            self.stdout.write(json.dumps({"expired": count}))
        else:
            self.stdout.write(f"expired {count}; their authors see why on the draft")
