"""One message of a rehearsal and its fate."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

BY_HAND = "sent_by_hand"  # of what left: a person carried it, which dry run does not stop


class Fate(StrEnum):
    """What became, or would have become, of one message. Exactly one each."""

    LEFT = "left"  # did leave (or may have): it was live then, or a person sent it by hand
    SENT = "sent"  # would have left
    HELD = "held"  # would still have waited at the end, for a time that a rule or a person set
    BLOCKED = "blocked"  # a rule or a stop said no
    WAITING = "waiting"  # nobody decided, or nothing judged it: not counted as sent
    ENDED = "ended"  # a person said no or took it back, or it expired


@dataclass(frozen=True, slots=True)
class Span:
    """From `since` on, before `until`; both aware."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Item:
    """One message: its fate, by which rules, judged when and under which policy.

    `approval` is 0 where the gate kept it from the queue. `leaves_at`: when it left, would have
    left, or might leave at the earliest. `shadow`: what the rules would have said with Safe Mode
    off, None where that was not kept. `people`: what people made of it (approved, edited, rejected,
    returned, stopped, by_rule, undecided).
    """

    fate: Fate
    rules: tuple[str, ...]
    message: int
    approval: int
    human: int
    person: str
    channel: str
    leaves_at: datetime | None = None
    judged_at: datetime | None = None
    judged_by: str = ""
    shadow: dict[str, Any] | None = None
    people: str = "undecided"
    agent: int = 0

    def as_dict(self) -> dict[str, Any]:
        """For programs: times in ISO 8601, the fate and the decision as words."""
        found = asdict(self)
        for key in ("leaves_at", "judged_at"):
            found[key] = found[key].isoformat() if found[key] else None
        return {**found, "fate": str(self.fate), "rules": list(self.rules)}
