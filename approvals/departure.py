"""When a message would leave: as soon as rules and daily quotas let it. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime

from approvals import quota, quota_standing
from approvals.models import Approval
from outreach.core.models import Draft
from safety import facts, gate
from safety.actions import is_by_hand
from safety.verdict import Level, Verdict


@dataclass(frozen=True, slots=True)
class Departure:
    """What the rules say, when it would leave, and the quota that is used up until then."""

    verdict: Verdict
    at: datetime
    quota: str = ""

    @property
    def because(self) -> str:
        """For the end of a sentence that tells the moment."""
        return f": {self.quota}" if self.quota else ""


def of(
    approval: Approval, known: gate.Facts, moment: gate.Moment, asked: datetime, *, at: datetime
) -> Departure:
    """The gate's answer for `asked`; what would leave on a day whose quota is used up waits for the
    next, and for whatever rule holds it then. The findings stay those of `asked`."""
    verdict, leaves_at = gate.earliest(known, moment, asked)
    if verdict.level is Level.BLOCK or is_by_hand(approval.channel):
        return Departure(verdict, leaves_at)
    place, until = approval.workspace, held_until(approval, at)
    today = quota.local_day(place, leaves_at) <= quota.local_day(place, at)
    if not today and until is None:
        return Departure(verdict, leaves_at)
    used_up = quota_standing.used_up(approval, at=at)
    if used_up:
        free = quota.next_day(place, at, days=used_up.days)
        until = max(free, until or free)
    if until is not None:
        leaves_at = gate.earliest(known, moment, max(until, asked))[1]
    return Departure(verdict, leaves_at, used_up.told if used_up else "")


def held_until(approval: Approval, at: datetime) -> datetime | None:
    """Until when a quota holds it already; None where none does."""
    until = approval.quota_until if approval.is_given else None
    return until if until is not None and until == approval.due_at and until > at else None


def after_approval(approval: Approval, *, at: datetime) -> Departure:
    """When what has just been approved leaves. Needs a `queue.readable` row."""
    draft = approval.draft
    draft.current, draft.workspace = approval.revision, approval.workspace
    known = facts.gather([draft], at=at)[draft.pk]
    asked = max(at, approval.scheduled_for or at)
    return of(approval, gate.without_brakes(known), gate.Moment.APPROVAL, asked, at=at)


def tell_held(rows: Sequence[Approval], *, at: datetime) -> None:
    """Note on each row that a quota holds when the rules let it go after that, for `holds`.

    The same few statements however many they are. Needs `queue.readable` rows.
    """
    held = {row: until for row in rows if (until := held_until(row, at))}
    drafts = [_timed(row) for row in held]
    if not drafts:
        return
    judged_as = {row.draft_id: row.receipt.get("purpose", "") for row in held}
    known = facts.gather(drafts, at=at, settled=judged_as)
    for row, until in held.items():
        free = gate.without_brakes(known[row.draft_id])
        _, leaves_at = gate.earliest(free, gate.Moment.SENDING, until)
        row.leaves_at = leaves_at  # type: ignore[attr-defined]


def _timed(row: Approval) -> Draft:
    """Its draft as rules about times see it: none of them asks for a file, so none is looked up."""
    draft, words = copy(row.draft), copy(row.revision)
    words.attachments = []
    draft.current, draft.workspace = words, row.workspace
    return draft
