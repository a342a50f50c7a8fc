"""A second look at what was approved by rule: a share of it is put before a person afterwards.

Which messages is decided by a keyed digest, so that no agent can tell beforehand which of its
messages somebody will read. An answer judges the rules; it changes nothing that was decided or
sent. The draw is not told in the log, which agents may have the right to read; the answer is.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.crypto import salted_hmac

from approvals import items, quota
from approvals.errors import Lost, Refused
from approvals.models import Approval, ApprovalStatus, Recheck
from outreach.core import activity, visible
from outreach.core.clock import by_clock
from outreach.core.models import Workspace
from outreach.core.permissions import NotAllowed, Verb, require
from outreach.core.principal import Principal

LOOK_BACK = timedelta(days=7)  # a scheduler that was down for a week draws nothing less
MOST = 20_000  # approvals by rule looked at for each workspace and draw
SALT = "approvals.recheck/v1"
WHOLE = 1 << 64

# (score, approval) of one day, those already drawn among them.
Day = list[tuple[int, int]]


def score(approval_id: int, digest: str) -> int:
    """Where this approval stands between 0 and `WHOLE`; below the share it is drawn."""
    keyed = salted_hmac(SALT, f"{approval_id}:{digest}", algorithm="sha256")
    return int.from_bytes(keyed.digest()[:8], "big")


def draw_due(*, at: datetime) -> int:
    """Put down what is to be looked at again in every workspace; how many that are."""
    return sum(_draw(place, at) for place in Workspace.objects.order_by("pk"))


def _draw(place: Workspace, at: datetime) -> int:
    rows = Approval.objects.filter(
        workspace=place, status=ApprovalStatus.AUTO_APPROVED, decided_at__gt=at - LOOK_BACK
    ).order_by("-decided_at")
    days: dict[date, Day] = {}
    drawn: dict[date, set[int]] = {}
    for pk, digest, decided, recheck in rows.values_list("pk", "digest", "decided_at", "recheck")[
        :MOST
    ]:
        day = quota.local_day(place, decided or at)
        days.setdefault(day, []).append((score(pk, digest), pk))
        if recheck is not None:
            drawn.setdefault(day, set()).add(pk)
    today, first = quota.local_day(place, at), quota.local_day(place, at - LOOK_BACK)
    wanted: set[int] = set()
    for day, known in days.items():
        is_whole = first < day < today
        wanted |= _chosen(known, place.recheck_percent, drawn.get(day, set()), is_whole=is_whole)
    fresh = [Recheck(workspace=place, approval_id=pk, drawn_at=at) for pk in sorted(wanted)]
    Recheck.objects.bulk_create(fresh, ignore_conflicts=True)
    return len(fresh)


def _chosen(known: Day, percent: int, drawn: set[int], *, is_whole: bool) -> set[int]:
    """Those below the share; of a day that is over, if need be, the one that stands lowest."""
    found = {pk for number, pk in known if number * 100 < percent * WHOLE} - drawn
    if not found and not drawn and is_whole:
        return {min(known)[1]}
    return found


def waiting() -> QuerySet[Recheck]:
    """What nobody has answered and can be looked at: taken back or erased, it needs no answer."""
    return Recheck.objects.filter(
        answered_at__isnull=True,
        approval__status=ApprovalStatus.AUTO_APPROVED,
        approval__revision__erased_at__isnull=True,
    )


def answer(
    recheck_id: int, *, would_approve: bool, by: Principal, at: datetime, reason: str = ""
) -> Recheck:
    """Say whether one would have approved this. Raises Refused, Lost or NotAllowed."""
    row = Recheck.objects.select_related("approval", "workspace").filter(pk=recheck_id).first()
    if row is None:
        raise Refused(f"There is no second look {recheck_id}.", "not_found")
    if by.user is None:
        raise NotAllowed(f"{by.label} is no person. Only people look again at messages.")
    require(by, Verb.DECIDE, row.workspace)
    if not would_approve and not visible.signs(reason):
        raise Refused(
            "Say why you would not have approved it, so that an admin can act.", "no_reason"
        )
    if row.approval.status != ApprovalStatus.AUTO_APPROVED:
        raise Lost(f"It needs no second look any more: {items.became(row.approval)}")
    fields = {
        "would_approve": would_approve,
        "reason": reason.strip()[:2000],
        "answered_by": by.user,
        "answered_by_label": by.label,
        "answered_at": at,
    }
    with transaction.atomic():
        if not Recheck.objects.filter(pk=row.pk, answered_at__isnull=True).update(**fields):
            raise Lost(_became(row.pk))
        told = activity.entry(
            "approvals.rechecked", row.approval, digest=row.approval.digest,
            would_approve=would_approve,
        )  # fmt: skip
        activity.record(told, by=by, at=at)
    row.refresh_from_db()
    return row


def _became(recheck_id: int) -> str:
    """What happened to it, for somebody who came too late."""
    row = Recheck.objects.get(pk=recheck_id)
    said = "would have approved it" if row.would_approve else "would not have"
    return (
        f"{row.answered_by_label} has looked at #{row.approval_id} already "
        f"({by_clock(row.answered_at)}) and {said}."
    )
