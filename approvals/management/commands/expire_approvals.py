"""End review rounds whose time ran out, now, and let old safety events go: beat does the same."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from approvals import expiry
from safety import retention


class Command(BaseCommand):
    help = "Expire approvals nobody decided or could send in time; delete old safety events."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        count, events = expiry.expire_due(at=now), retention.clean(at=now)
        if options["json"]:
            self.stdout.write(json.dumps({"expired": count, "events": events}))
            return
        self.stdout.write(f"expired {count}; their authors see why on the draft")
        if events:
            self.stdout.write(f"deleted {events} safety events older than SAFETY_EVENT_DAYS")
