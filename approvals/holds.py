"""What keeps a message from leaving, in words, for the list and the calendar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from approvals import clocks, departure
from approvals.models import Approval, ApprovalStatus
from safety.actions import is_by_hand
from safety.controls import Controls

UNTIL_LIFTED = "until the stop is lifted"
UNTIL_ON = "until automation is on again for this person"
PAUSED = f"held {UNTIL_ON}"


def tell(rows: Sequence[Approval], state: Controls, *, at: datetime) -> None:
    """Note on each row what `hold` is to tell: whether a stop of its workspace holds it, and when
    the rules let it go that waits for a quota."""
    for row in rows:
        row.is_stopped = bool(state.stopped(row.workspace_id))  # type: ignore[attr-defined]
    departure.tell_held(rows, at=at)


def hold(approval: Approval, now: datetime) -> str:
    """When it leaves: `Mon 09:00 their time`, or nothing when nothing holds it.

    What is approved and has not left may have been put off by the door: a quota, a failed try.
    """
    if not approval.is_open:
        return ""
    put_off = approval.due_at if approval.is_given else None
    rules = getattr(approval, "leaves_at", None)
    asked = (approval.scheduled_for, approval.not_before, put_off, rules)
    times = [moment for moment in asked if moment is not None and moment > now]
    if approval.status == ApprovalStatus.PENDING and (
        approval.scheduled_for is not None and approval.scheduled_for < now
    ):
        return "its time has passed: choose a new one, or remove it"
    there = clocks.their_time(max(times), clocks.zones_of(approval), at=now) if times else ""
    until = UNTIL_LIFTED if getattr(approval, "is_stopped", False) else ""
    if not until and is_paused(approval):
        until = UNTIL_ON
    if until:
        return f"not {until}, no sooner than {there}" if there else f"not {until}"
    if there and approval.is_given and approval.dry_run and not is_by_hand(approval.channel):
        return f"not by a yes in dry run; live {there}"
    return there


def is_paused(approval: Approval) -> bool:
    """Whether automation is off for its person, so that no program sends it; a hand may."""
    on = approval.human.automation_enabled and approval.draft.person.automation_enabled
    return not on and not is_by_hand(approval.channel)


def why_then(approval: Approval, moment: datetime) -> str:
    """Why the calendar shows a message at this moment."""
    chosen = approval.scheduled_for or approval.created_at
    held = approval.not_before == moment and moment > chosen
    # What was given in dry run the program never sends; a person's hand is not bound by it.
    if approval.is_given and approval.dry_run and not is_by_hand(approval.channel):
        live = "a rule would hold it until then" if held else "it would leave then"
        return f"approved in dry run; live {live}"
    asked = "held by a rule until then" if held else "scheduled"
    return f"approved, {asked}" if approval.is_given else f"waits for a decision, {asked}"
