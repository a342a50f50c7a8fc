"""What was stopped and let go again, why and by whom: of the controls, and of one person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from outreach.core import reasons
from outreach.core.clock import SECONDS, by_clock
from outreach.core.models import Activity
from outreach.core.models.workspace import SettingChange
from safety.models import BRAKES, ControlKey

LATELY, MOST = 5, 20
CONTROL_SET = "safety.control_set"
STANDING = {
    "blocked": "Blocked",
    "desist": "Asked us to stop",
    "active": "Made reachable again",
    "unblocked": "Block lifted",
    "desist_lifted": "Request to stop lifted",
    "automation_disabled": "Automation stopped",
    "automation_enabled": "Automation resumed",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One change in words. `before` is what it took the place of, where that had a reason."""

    number: int
    at: datetime
    where: str
    what: str
    why: str
    by: str
    before: str

    def line(self) -> str:
        """For a terminal."""
        why = f": {self.why}" if self.why else ""
        before = f" ({self.before})" if self.before else ""
        return (
            f"{by_clock(self.at, SECONDS)}  {self.what} in {self.where} by {self.by}{why}{before}"
        )

    def as_dict(self) -> dict[str, Any]:
        return {
            "change": self.number, "at": self.at.isoformat(), "scope": self.where,
            "what": self.what, "reason": self.why, "by": self.by, "before": self.before,
        }  # fmt: skip


def of_controls(
    places: Iterable[int], *, system: bool = True, change: str = "", most: int = MOST
) -> list[Told]:
    """What became of these controls lately, newest first; or the one of that number."""
    rows = reasons.of_controls(places, system=system)
    if change:
        is_number = change.isascii() and change.isdigit() and len(change) < 18
        rows = rows.filter(pk=int(change)) if is_number else rows.none()
    return [_told(row) for row in rows[:most]]


def of_person(ids: Iterable[int]) -> list[Told]:
    """What stopped this human being and let them go, newest first."""
    return [_told(row) for row in reasons.of_person(ids, MOST)]


def happened(row: Activity) -> str:
    """What an entry of the log tells, in words: a stop is another thing than its lifting."""
    if row.verb == CONTROL_SET:
        return what(str(row.codes.get("key", "")), row.codes.get("enabled") is True)
    return row.verb.partition(".")[2].replace("_", " ")


def what(key: str, enabled: bool) -> str:
    """`Emergency stop set`, `Messaging switched off`: what was done to a control."""
    name = ControlKey(key).label if key in ControlKey.values else key
    if key in BRAKES:
        return f"{name} {'set' if enabled else 'lifted'}"
    return f"{name} switched {'on' if enabled else 'off'}"


def _told(row: SettingChange) -> Told:
    key = row.settings.get(reasons.CONTROL)
    if key is None:
        said = STANDING.get(str(row.settings.get("verb")), "Changed")
    else:
        said = what(str(key), row.settings.get("enabled") is True)
    where = row.workspace.name if row.workspace else "the whole system"
    return Told(row.pk, row.at, where, said, row.reason, row.by_label, _before(row, key))


def _before(row: SettingChange, key: Any) -> str:
    was = row.details.get("before") or {}
    reason = was.get("reason")
    if not reason or reason == row.reason:
        return ""
    if key is None:
        return f"before: {reason}"
    moment = by_clock(datetime.fromisoformat(was["at"]), SECONDS)
    said = what(str(key), was.get("enabled") is True).lower()
    return f"before: {said}, {moment}, by {was.get('by')}: {reason}"
