"""What one drain did: the answer of every command, job and page that concerns sending."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import Error

from channels.base import Outcome
from channels.outcomes import Carried
from outreach.core import schema

logger = logging.getLogger(__name__)


@dataclass
class Report:
    """How many messages ended how."""

    sent: int = 0
    failed: int = 0
    unknown: int = 0
    released: int = 0
    simulated: int = 0
    reopened: int = 0
    database_failures: int = 0
    refusal: str = ""  # why nothing was looked at: then there is nothing to count
    notes: list[str] = field(default_factory=list)
    waiting_for: dict[str, int] = field(default_factory=dict)  # channels.waiting.REASONS

    @property
    def waiting(self) -> int:
        return sum(self.waiting_for.values())

    def as_dict(self) -> dict[str, object]:
        if self.refusal:
            return {"refused": self.refusal}
        counted = {name: value for name, value in vars(self).items() if name != "refusal"}
        return {**counted, "waiting": self.waiting}

    def plus(self, later: Report) -> Report:
        """Both drains together; what waits is what waits after the later one."""
        names = [name for name in vars(self) if name != "waiting_for"]
        both = {name: getattr(self, name) + getattr(later, name) for name in names}
        return Report(**both, waiting_for=later.waiting_for)

    @property
    def count(self) -> int:
        """How many intents ended."""
        return self.sent + self.failed + self.unknown + self.released

    def add(self, carried: Sequence[Carried], released: int) -> None:
        for item in carried:
            if item.receipt.outcome is Outcome.SENT:
                self.sent += 1
            elif item.receipt.outcome is Outcome.UNKNOWN:
                self.unknown += 1
            else:
                self.failed += 1
        self.released += released

    def refused(self, why: str) -> Report:
        """Nothing was looked at, and why: told here and in the server's log."""
        self.refusal = why
        self._note(why)
        return self

    def _note(self, why: str) -> None:
        logger.error("%s", why)
        self.notes.append(why)

    def tell_version(self) -> None:
        """Why it claimed nothing more, where somebody migrated the database while it went on."""
        if other := schema.apart():
            self._note(other)

    def database_failed(self, error: Error) -> None:
        logger.warning("The database failed during a wave (%s); recording again.", error)
        self.database_failures += 1
        self.notes.append("The database failed during sending; what it missed was recorded again.")
