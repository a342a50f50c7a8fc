"""Who has an item open: told to the others, never in anybody's way.

A page says that it was opened, and again while its reader is at work; after four minutes without
a word, or when the page is left, the item counts as free. Nothing decides by this.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Prefetch, QuerySet

from approvals import queue
from approvals.models import Approval, ApprovalStatus, Opened
from outreach.core.permissions import Verb, require
from outreach.core.principal import Principal

IDLE = timedelta(minutes=4)
OPENINGS = "fresh_openings"


def opened(approval: Approval, *, by: Principal, at: datetime) -> None:
    """Note that this colleague has the item open. Only for those who may decide about it."""
    if by.user is None or approval.status != ApprovalStatus.PENDING:
        return
    require(by, Verb.DECIDE, approval.workspace)
    Opened.objects.filter(seen_at__lte=at - IDLE).delete()
    Opened.objects.bulk_create(
        [Opened(approval=approval, user=by.user, opened_at=at, seen_at=at)],
        update_conflicts=True,
        unique_fields=["approval", "user"],
        update_fields=["seen_at"],
    )


def left(approval: Approval, *, by: Principal, seen_at: datetime) -> None:
    """Forget it again, unless the same colleague has opened the item once more since then."""
    if by.user is not None:
        Opened.objects.filter(approval=approval, user=by.user, seen_at__lte=seen_at).delete()


def fresh(*, besides: int, at: datetime) -> Prefetch[str, QuerySet[Opened], str]:
    """For a list or a page: who else has the items open at this moment, in one statement."""
    rows = Opened.objects.filter(seen_at__gt=at - IDLE).exclude(user_id=besides)
    rows = rows.select_related("user").order_by("opened_at")
    return Prefetch("openings", queryset=rows, to_attr=OPENINGS)


def of_pending(approval: Approval, *, at: datetime) -> list[str]:
    """Who else reads it; of interest while it is undecided."""
    return sentences(approval, at=at) if approval.status == ApprovalStatus.PENDING else []


def sentences(approval: Approval, *, at: datetime) -> list[str]:
    """`Rita has this open since 2 min`, for each of the others. Needs a row read with `fresh`."""
    rows: list[Opened] = getattr(approval, OPENINGS, [])
    return [_sentence(row, at - row.opened_at) for row in rows]


def _sentence(row: Opened, since: timedelta) -> str:
    who = row.user.get_full_name() or row.user.get_username()
    if since < timedelta(minutes=1):
        return f"{who} has just opened this"
    return f"{who} has this open since {queue.span(since)}"
