"""More time for an undecided item: its expiry is set anew, one full span from now."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from approvals import items, rounds
from approvals.errors import Lost
from approvals.models import Approval, ApprovalStatus
from outreach.core import activity
from outreach.core.principal import Principal


def extend(approval_id: int, *, by: Principal, at: datetime) -> Approval:
    """Let a pending item wait one more span of its workspace from now; never any less.

    Raises Refused, NotAllowed, or Lost when it was decided or has expired meanwhile.
    """
    with transaction.atomic():
        rounds.lock(Approval.objects.filter(pk=approval_id))  # two who extend at once both may
        approval = items.pending(approval_id, by, at)
        old = approval.expires_at
        until = max(old, rounds.expiry(approval.workspace.approval_expiry_hours, at))
        won = Approval.objects.filter(
            pk=approval.pk, status=ApprovalStatus.PENDING, expires_at=old
        ).update(expires_at=until)
        if won != 1:
            raise Lost(items.explain(approval_id))
        approval.expires_at = until
        activity.record(
            activity.entry(
                "approvals.extended",
                approval,
                digest=approval.digest,
                before=old.isoformat(),
                until=until.isoformat(),
            ),
            by=by,
            at=at,
        )
    return approval
