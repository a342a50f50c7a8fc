"""Safe Mode on the command line: shown, on in one word, off behind the preflight (SPEC §5)."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q
from django.utils import timezone

from approvals import auto_off, preflight, safemode
from approvals.errors import Refused
from channels import quiet
from outreach.core.models import Workspace
from outreach.core.permissions import NotAllowed, Verb
from outreach.edge import acting, heeded
from outreach.edge.insisting import insist, seen

NOT_YET_STOPPED = 3
# What goes with switching; what brakes is not refused for a word too many.
HEEDED = dict.fromkeys(("confirm", "reason", "tick"), ("on", "off"))


class Command(BaseCommand):
    help = "Show Safe Mode and its preflight, switch it on, or switch it off as an admin."
    requires_system_checks: list[str] = []  # faults of sending refuse no stop; `doctor` tells

    def add_arguments(self, parser: CommandParser) -> None:
        act = parser.add_mutually_exclusive_group(required=True)
        act.add_argument("--status", action="store_true", help="Show it and the checklist.")
        act.add_argument("--on", action="store_true", help="Messages need a person again.")
        act.add_argument("--off", action="store_true", help="Needs --confirm, often --reason.")
        parser.add_argument("--confirm", default="", help=f'Exactly "{safemode.CONFIRMATION}".')
        parser.add_argument(
            "--reason", default="", type=acting.words, help="Why, where the checklist is not met."
        )
        parser.add_argument(
            "--tick",
            action="append",
            default=[],
            choices=list(preflight.TICKS),
            help="What only people know; may be given twice.",
        )
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")
        acting.add_arguments(parser, read=acting.named_or_empty)

    def handle(self, *args: Any, **options: Any) -> None:
        acting.known(options)
        heeded.refuse_unheeded(options, ("status", "on", "off"), HEEDED)
        if not options["on"]:
            acting.refuse_empty(options)
        place = acting.workspace(options)
        try:
            if options["on"]:
                self._on(place, options)
            elif options["off"]:
                self._off(place, options)
            else:
                self._show(place, preflight.checklist(place, at=timezone.now()), options)
        except safemode.PreflightUnmet as error:
            lines = [f"  - {item.label}: {item.sentence}" for item in preflight.unmet(error.items)]
            raise CommandError("\n".join([str(error), *lines])) from None
        except (Refused, NotAllowed) as error:
            raise CommandError(str(error)) from None

    def _off(self, place: Workspace, options: dict[str, Any]) -> None:
        by = acting.principal(options, verb=Verb.CONFIGURE, workspace=place)
        items = safemode.switch_off(
            place,
            by=by,
            at=timezone.now(),
            confirm=options["confirm"],
            reason=options["reason"],
            ticks=options["tick"],
        )
        self._show(place, items, options)

    def _on(self, place: Workspace, options: dict[str, Any]) -> None:
        """Says "on" at once, and "stopped" only when nothing approved by rule is in flight."""
        by = acting.principal(options, verb=Verb.BRAKE, workspace=place)
        now = timezone.now()
        why = options["reason"]
        done = insist(lambda: safemode.switch_on(place, by=by, at=now, reason=why))
        report = seen(lambda: quiet.wait(Q(workspace=place) & auto_off.IN_FLIGHT, set_at=now))
        if options["json"]:
            told = {"safe_mode": True, **report.as_dict(), "returned": done.returned}
            self.stdout.write(json.dumps(told))
        else:
            self.stdout.write(f"Safe Mode is on in {place.name}.")
            self.stdout.write(done.sentence)
            for row in report.may_have_left:
                self.stdout.write(f"May have left, in flight just now: approval #{row['approval']}")
            for row in report.unknown_before:
                self.stdout.write(f"Unknown already before: approval #{row['approval']}")
        if not report.stopped:
            self.stderr.write(
                "NOT YET STOPPED: senders hold messages approved by rule and are not proven dead. "
                "Run this again, or have an operator declare their machine gone."
            )
            sys.exit(NOT_YET_STOPPED)

    def _show(
        self, place: Workspace, items: tuple[preflight.Item, ...], options: dict[str, Any]
    ) -> None:
        if options["json"]:
            rows = [item.as_dict() for item in items]
            self.stdout.write(json.dumps({"safe_mode": place.safe_mode, "preflight": rows}))
            return
        self.stdout.write(f"Safe Mode is {'on' if place.safe_mode else 'OFF'} in {place.name}.")
        if not place.safe_mode:
            self.stdout.write(safemode.WARNING)
        for item in items:
            self.stdout.write(f"[{'x' if item.is_met else ' '}] {item.label}: {item.sentence}")
