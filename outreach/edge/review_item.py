"""One item in the menu of `manage.py review`: a letter, then line by line what it needs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from django.core.management.base import OutputWrapper

from approvals import clocks
from approvals.errors import Refused, Unseen
from approvals.models import Approval, ApprovalStatus
from outreach.core.principal import Principal
from outreach.edge import acting, person_told, review_acts
from outreach.edge.review_acts import Done, Typed

MENU = (
    "Actions: [A]pprove  [T]ime to approve it for  [R]eject  Request [C]hanges  "
    "[E]dit and approve  Edit and [K]eep in the queue  [S]kip  [B]lock Person: "
)
NEW_TEXT = "New text, end with a line with a single dot:"
ANOTHER_TIME = ("time_passed", "bad_time", "time_gap", "time_too_late")


class Ended(Exception):
    """The input ended before a question was answered."""


@dataclass(slots=True)
class ItemMenu:
    """What somebody does with the item that is before them. `heard`: what of theirs was read."""

    out: OutputWrapper
    by: Principal
    say: Callable[[Done], None]
    heard: int | None = None
    seen: dict[str, Any] = field(default_factory=dict)  # what they say they saw of its text

    def do(self, key: str, item: Approval) -> None:
        waited = item.status == ApprovalStatus.PENDING  # as it was when it was shown
        how: dict[str, Any] = {"by": self.by, "take_back": not waited}
        if key == "a":
            self._approve(item, Typed())
        elif key == "t":
            if when := self._ask_time(item):
                self._approve(item, Typed(at=when))
        elif key == "r":
            self.say(review_acts.reject(item, self.ask("Why? "), **how))
        elif key == "c":
            self.say(review_acts.request_changes(item, self.ask("What should change? "), **how))
        elif key == "e":
            self._approve(item, Typed(self._lines(NEW_TEXT)))
        elif key == "k":
            self.say(review_acts.save(item, Typed(self._lines(NEW_TEXT)), by=self.by))
        elif key == "b":
            self._block(item)

    def _approve(self, item: Approval, typed: Typed) -> None:
        """Approve it; what nobody sees at a glance, and a time that cannot be, is asked about."""
        try:
            self.say(review_acts.approve(item, typed, by=self.by, heard=self.heard, seen=self.seen))
            return
        except Unseen as no:
            if self.ask(f"{no} Approve it all the same? yes/no: ").lower() != "yes":
                raise
            self.seen[no.field] = True
        except Refused as no:
            when = self._ask_time(item, f"{no}\n") if no.code in ANOTHER_TIME else ""
            if not when:
                raise
            typed = replace(typed, at=when)
        self._approve(item, typed)

    def _ask_time(self, item: Approval, why: str = "") -> str:
        zone = clocks.zones_of(item).zones[0]
        example = "such as 2026-12-01 10:00, or now (empty: leave it in the queue)"
        return self.ask(f"{why}When, by the clock in {zone}, {example}? ")

    def _block(self, item: Approval) -> None:
        person = item.draft.person
        if self.ask(f"Block {person.full_name} for good? yes/no: ").lower() != "yes":
            return
        for line in person_told.block(person, reason=self.ask("Why? "), by=self.by):
            self.out.write(line)

    def ask(self, question: str) -> str:
        """One line from the person; the end of the input is no answer."""
        self.out.write(question, ending="")
        self.out.flush()
        line = sys.stdin.readline()
        if not line:
            raise Ended
        return acting.words(line.strip())

    def _lines(self, question: str) -> str:
        """A text up to its line with a dot; without that line it may be half a text."""
        self.out.write(question)
        lines: list[str] = []
        for line in sys.stdin:
            if line.rstrip("\r\n") == ".":
                return "\n".join(lines)
            lines.append(line.rstrip("\n"))
        raise Ended
