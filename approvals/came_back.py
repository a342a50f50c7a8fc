"""What was approved once and waits again because a stop, or the end of dry run, took it back."""

from __future__ import annotations

from approvals.models import Approval, ApprovalStatus
from approvals.rounds import REOPENED
from outreach.core.clock import by_clock

BY = {
    "emergency_stop": "the emergency stop took it back",
    "dry_run_off": "it was in dry run, and came back when that ended",
}
MARKS = {
    REOPENED["emergency_stop"]: "approved before the emergency stop",
    REOPENED["dry_run_off"]: "approved in dry run",
}


def mark(approval: Approval) -> str:
    """A few words for its line in the queue; empty for what is new. Asks the row alone."""
    if approval.status != ApprovalStatus.PENDING:
        return ""
    said = [MARKS[reason] for reason in approval.priority_reasons if reason in MARKS]
    return said[-1] if said else ""


def told(approval: Approval) -> str:
    """Who approved it before, when, and whether exactly this text; empty for what is new."""
    if not mark(approval):
        return ""
    earlier = Approval.objects.filter(draft=approval.draft_id, pk__lt=approval.pk)
    last = earlier.order_by("-pk").first()
    if last is None or last.closed_reason not in BY or not last.taken_back:
        return ""
    who = "The rules" if (last.receipt or {}).get("rule") else last.decided_by_label
    same = last.digest == approval.digest
    what = "exactly this text" if same else "this message before its text was changed,"
    when = by_clock(last.decided_at)
    return f"{who} approved {what} at {when}; {BY[last.closed_reason]}. Please decide again."
