"""Suppressions that are known from elsewhere by their digests, after the database lost them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from outreach.core import activity
from outreach.core.models import Suppression
from outreach.core.principal import Principal
from outreach.core.suppression import GRAVITY, key_id


@dataclass(frozen=True, slots=True)
class Known:
    """A suppression that stood, made with our key, in a workspace that is there."""

    workspace_id: int
    channel: str
    digest: str
    reason: str
    at: datetime
    complained_at: datetime | None


def suppressions(known: Sequence[Known], *, by: Principal, at: datetime) -> int:
    """Let each hold again that does not, or for a lighter reason; returns how many. Lifts none."""
    with transaction.atomic():
        found = Suppression.objects.filter(digest__in=[each.digest for each in known])
        there = {
            (row.workspace_id, row.channel, row.digest): row for row in found.select_for_update()
        }
        due = []
        for each in known:
            row = there.get((each.workspace_id, each.channel, each.digest))
            if row and row.lifted_at is None and GRAVITY[row.reason] >= GRAVITY[each.reason]:
                continue
            due.append(_standing(row, each, by))
        fresh = [row for row in due if row.pk is None]
        for row in due:
            if row.pk is not None:
                row.save()
        Suppression.objects.bulk_create(fresh)
        entries = [
            activity.entry("safety.suppressed", row, channel=row.channel, reason=row.reason)
            for row in due
        ]
        activity.record(*entries, by=by, at=at)
    return len(due)


def _standing(row: Suppression | None, known: Known, by: Principal) -> Suppression:
    row = row or Suppression(
        workspace_id=known.workspace_id, channel=known.channel, digest=known.digest
    )
    row.reason, row.at, row.key_id = known.reason, known.at, key_id()
    row.lifted_at, row.lifted_reason = None, ""
    row.by_kind, row.by_id, row.by_label = by.kind, by.id, by.label
    complaints = [each for each in (row.complained_at, known.complained_at) if each]
    row.complained_at = max(complaints, default=None)
    return row
