"""What keeps a message from leaving, in words, for the list and the calendar."""

from __future__ import annotations

from datetime import datetime

from approvals import queue
from approvals.models import Approval, ApprovalStatus


def hold(approval: Approval, now: datetime) -> str:
    """`would leave Mon 09:00 their time`, or nothing when nothing holds it.

    What is approved and has not left may have been put off by the door: a quota, a failed try.
    """
    put_off = approval.due_at if approval.is_given and approval.taken_at is None else None
    times = [
        moment
        for moment in (approval.scheduled_for, approval.not_before, put_off)
        if moment is not None and moment > now
    ]
    if approval.status == ApprovalStatus.PENDING and (
        approval.scheduled_for is not None and approval.scheduled_for < now
    ):
        return "its time has passed: choose a new one"
    return (
        f"would leave {queue.their_time(max(times), queue.zones_of(approval), at=now)}"
        if times
        else ""
    )
