"""Writing intents: rows in `sending` that name their owner, at most one per human being."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import uuid4

from django.db import Error, transaction

from approvals import quota
from approvals.models import Approval
from channels import rewound
from channels.liveness import SenderLock
from channels.models import Delivery
from outreach.core import sql

# In person order: two claims never wait for each other in a ring.
# DO NOTHING: somebody else has a message to this human being in flight.
INTEND = """
INSERT INTO deliveries (workspace_id, approval_id, human_id, channel, status, token, attempt,
  sender, place, boot_id, since, quota_day, provider_id, reason, evidence, settled_by_label)
SELECT * FROM {rows} WHERE true ORDER BY column3, column2 ON CONFLICT DO NOTHING
RETURNING id, workspace_id, approval_id, human_id, channel, status, attempt
"""
_GIVEN = (
    "bigint bigint bigint text text uuid smallint uuid text text timestamptz date"
    " text text jsonb text"
)
_MADE = ("id", "workspace_id", "approval_id", "human_id", "channel", "status", "attempt")


def make(
    taken: Sequence[Approval], *, lock: SenderLock, channel: str, at: datetime
) -> list[Delivery]:
    """The intents of this sender for these approvals, which come in person order.

    Needs the transaction of the claim. An approval without one has lost to somebody else.
    """
    owner = (sql.from_uuid(lock.uuid), lock.place, lock.boot_id, sql.from_moment(at))
    rows: list[tuple[Any, ...]] = [
        (
            approval.workspace_id,
            approval.pk,
            getattr(approval, "canonical", approval.human_id),
            channel,
            "sending",
            sql.from_uuid(uuid4()),
            getattr(approval, "attempts", 0) + 1,
            *owner,
            sql.from_day(quota.local_day(approval.workspace, at)),
            *("", "", {}, ""),
        )
        for approval in taken
    ]
    source, values = sql.table(_GIVEN, rows)
    made = sql.fetch(INTEND, values, rows=source)
    by_id = {approval.pk: approval for approval in taken}
    intents = [sql.instance(Delivery, _MADE, row) for row in made]
    for intent in intents:
        intent.approval = by_id[intent.approval_id]
        intent.quota_day = quota.local_day(intent.approval.workspace, at)
    if intents:  # never before the commit: what came to nothing is no past
        last = max(intent.pk for intent in intents)
        transaction.on_commit(partial(rewound.remember, last, at), robust=True)
    return intents


def all_ended(lock: SenderLock) -> bool:
    """Whether no row of this sender is open; False where the database does not say."""
    try:
        return not Delivery.objects.filter(sender=lock.uuid, status="sending").exists()
    except Error:
        return False
