"""Send what is approved and due, now: the same job that beat runs."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from approvals.clocked import ClockedCommand
from approvals.models import Approval
from approvals.rounds import UNTAKEN
from channels import sending, waiting
from channels.report import Report
from outreach.core import schema
from safety import controls


def _process(most: int | None) -> Report:
    """One look and what it sent; refused, it counted nothing, and no count of it is told."""
    if other := schema.apart():
        raise CommandError(other)
    return sending.process(most=most)


class Command(ClockedCommand):
    help = "Send approved messages that are due. In dry run nothing leaves; sends are simulated."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")
        parser.add_argument("--max", type=int, default=None, help="Send at most this many.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["max"] is not None and options["max"] < 1:
            raise CommandError("--max is at least 1.")
        report = _process(options["max"])
        if self._wait_for_undo(quiet=options["json"]):
            report = report.plus(_process(options["max"]))
        badge = controls.badge()  # as it is now: a database gone back stops itself meanwhile
        if options["json"]:
            self.stdout.write(json.dumps({"badge": badge.text, **report.as_dict()}))
            return
        self.stdout.write(f"{badge.text}: {badge.sentence}")
        self.stdout.write(
            f"sent {report.sent}, simulated {report.simulated}, failed {report.failed}, "
            f"outcome unknown {report.unknown}, held back {report.released}, "
            f"returned to the queue {report.reopened}, {waiting.told(report.waiting_for)}"
        )
        for note in dict.fromkeys(each for each in report.notes if each != badge.sentence):
            self.stdout.write(note)
        if report.unknown:
            self.stdout.write(
                "A person has to say what became of the unknown ones: Deliveries in the admin."
            )

    def _wait_for_undo(self, *, quiet: bool) -> bool:
        """Approvals of the last seconds can still be taken back; wait that short time out."""
        now = timezone.now()
        soon = Approval.objects.filter(
            UNTAKEN,
            due_at__gt=now,
            due_at__lte=now + timedelta(seconds=settings.APPROVAL_UNDO_SECONDS),
            decided_at__gt=now - timedelta(seconds=settings.APPROVAL_UNDO_SECONDS),
        )
        last = soon.order_by("-due_at").values_list("due_at", flat=True).first()
        if last is None:
            return False
        seconds = (last - now).total_seconds()
        if not quiet:
            self.stdout.write(
                f"{soon.count()} just approved: waiting {seconds:.0f} s in which the approval "
                "can be taken back."
            )
        time.sleep(max(0.0, seconds) + 0.05)
        return True
