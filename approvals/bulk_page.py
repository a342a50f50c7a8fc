"""Bulk approval as a door: show every text, then approve each by the digest that was shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from approvals import bulk, clocks, desk, items, marks, queue, services, tasks
from approvals.models import Approval, ApprovalStatus
from outreach.core import inbox, senders
from outreach.core.principal import Principal


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one item."""

    number: str
    approved: bool
    sentence: str


def chosen(rows: QuerySet[Approval]) -> list[Approval]:
    """Of these, as many as go together and one more, which tells that there are more."""
    return list(rows.order_by(*queue.ORDER)[: bulk.MOST + 1])


def page(rows: Sequence[Approval], *, at: datetime) -> dict[str, Any]:
    """The confirmation page: what may go together with its whole text, and what may not and why."""
    fit, unfit = [], []
    for row in rows[: bulk.MOST]:
        why = why_not(row, at=at)
        if why:
            unfit.append((row, why))
        else:
            fit.append(_shown(row, at))
    return {
        "fit": fit,
        "unfit": unfit,
        "too_many": len(rows) > bulk.MOST,
        "most": bulk.MOST,
    }


def _shown(row: Approval, at: datetime) -> dict[str, Any]:
    when = row.scheduled_for
    return {
        "row": row,
        "text": marks.segments(row.revision.text),
        "sender": senders.shown(row.workspace, row.channel),
        "when": clocks.told_time(row, when, at=at) if when else "",
        "time": str(items.time_seen(row)),
        "confidence": queue.confidence_of(row),
    }


def why_not(row: Approval, *, at: datetime) -> str:
    """Why this one needs a look of its own; empty when it may go with the others."""
    if row.status != ApprovalStatus.PENDING:
        return items.became(row)
    if row.expires_at <= at:
        return "it has expired"
    return bulk.why_not(row, at=at)


def decide(
    rows: QuerySet[Approval], posted: Sequence[str], *, by: Principal, at: datetime
) -> list[Result]:
    """Approve each `number:digest time sender` on its own, all as they were shown; one that fails
    stops none of the others."""
    wanted = dict(item.partition(":")[::2] for item in posted)
    results = []
    known = {
        str(row.pk): row
        for row in queue.readable(rows).filter(
            pk__in=[
                number
                for number in list(wanted)[: bulk.MOST]
                if number.isdecimal() and len(number) < 19
            ]
        )
    }
    for count, (number, seen) in enumerate(wanted.items()):
        row = known.get(number)
        if count >= bulk.MOST:
            results.append(Result(number, False, f"At most {bulk.MOST} at a time; left waiting."))
        elif row is None:
            results.append(Result(number, False, "There is no such item in your workspaces."))
        else:
            results.append(_one(row, seen, by=by, at=at))
    if any(result.approved for result in results):
        undo = settings.APPROVAL_UNDO_SECONDS
        transaction.on_commit(lambda: tasks.wake_sender(after_seconds=undo))
    return results


def _one(row: Approval, seen: str, *, by: Principal, at: datetime) -> Result:
    heard = inbox.newest(row.draft)  # before the look: what comes later is not read
    why = why_not(row, at=at)
    if why:
        return Result(str(row.pk), False, f"Left waiting: {why.rstrip('.')}.")
    digest, _, rest = seen.partition(" ")
    time, blank, sender = rest.partition(" ")
    how: dict[str, Any] = {
        "digest": digest,
        "seen_time": items.posted_time(time),
        "seen_sender": sender if blank else None,
        "heard": heard,
    }
    try:
        services.approve(row.pk, by=by, at=at, in_bulk=True, **how)
    except desk.ERRORS as error:
        return Result(str(row.pk), False, str(error))
    return Result(str(row.pk), True, "Approved.")
