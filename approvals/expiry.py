"""Permission is not for ever: unanswered and unsent rounds end, and their authors are told."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from approvals import rounds
from approvals.models import Approval, ApprovalStatus
from outreach.core.principal import Principal

SYSTEM = Principal.system("expiry")


def expire_due(*, at: datetime) -> int:
    """End pending rounds nobody answered and given ones whose permission ran out; how many."""
    total = 0
    while True:
        with transaction.atomic():
            pending = rounds.lock(
                Approval.objects.filter(status=ApprovalStatus.PENDING, expires_at__lte=at),
                skip=True,
            )
            given = rounds.lock(
                Approval.objects.filter(rounds.UNTAKEN, send_before__lte=at), skip=True
            )
            for rows, reason, sentence in (
                (pending, "unanswered", "Nobody decided in time. Submit it again if still wanted."),
                (given, "unsent", "Approved, but it could not be sent in time. Submit it again."),
            ):
                rounds.back_to_draft(
                    rows,
                    ApprovalStatus.EXPIRED,
                    reason=reason,
                    sentence=sentence,
                    by=SYSTEM,
                    at=at,
                )
        total += len(pending) + len(given)
        if len(pending) < rounds.BATCH and len(given) < rounds.BATCH:
            return total
