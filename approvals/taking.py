"""What channels may do to an approval: take it for sending, give it back, take it away.

`taken_at` is the row that decides between sending and everything else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from operator import attrgetter

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from approvals import quota, receipt, rounds
from approvals.models import GIVEN, Approval, ApprovalStatus
from outreach.core.models import Membership, Role, Workspace
from outreach.core.permissions import LEAST_ROLE, RANK, Verb
from outreach.core.principal import Principal

# What a claim reads: never a text. The workspace says zone and quota.
_CLAIMED = (
    "pk", "human_id", "workspace_id", "channel", "draft_id", "digest", "by_kind", "by_id",
    "due_at", "workspace__time_zone", "workspace__daily_quota",
    "workspace__approval_expiry_hours",
)  # fmt: skip


def due(channels: Collection[str], *, at: datetime) -> Q:
    """Given, untaken, its time has come, its permission has not run out, not from dry run.

    A person with automation off is left out here too: their messages are held, not looked at
    again and again.
    """
    return rounds.UNTAKEN & Q(
        channel__in=list(channels),
        due_at__lte=at,
        send_before__gt=at,
        dry_run=False,
        human__automation_enabled=True,
    )


def take_due(
    most: int, channels: Collection[str], *, workspaces: Collection[int], at: datetime
) -> list[Approval]:
    """Claim up to `most` due approvals, the oldest of each human being, in person order.

    Each comes back with `attempts`, the number of deliveries that certainly failed before, and
    `canonical`, the human being as known now: a duplicate may have been found since the approval.

    Needs a transaction. No two claims get the same row: SKIP LOCKED on PostgreSQL, the write
    lock on SQLite, and the UPDATE's own condition on both. What a quota has no room for waits
    for the next day, and its place in the wave is offered to others.
    """
    while True:
        claimed = _claim(most, channels, workspaces=workspaces, at=at)
        taken = quota.within(claimed, at=at) if claimed else []
        if taken or not claimed:
            return taken


def _claim(
    most: int, channels: Collection[str], *, workspaces: Collection[int], at: datetime
) -> list[Approval]:
    earlier = Approval.objects.filter(
        due(channels, at=at), human=OuterRef("human"), pk__lt=OuterRef("pk")
    )
    failed = (
        Approval.objects.filter(pk=OuterRef("pk"), deliveries__status="failed")
        .values("pk")
        .annotate(count=Count("deliveries"))
        .values("count")
    )
    rows = list(
        Approval.objects.filter(
            ~Exists(earlier), due(channels, at=at), workspace__in=list(workspaces)
        )
        .order_by("due_at", "pk")
        .select_for_update(skip_locked=True, of=("self",))
        .annotate(
            attempts=Coalesce(Subquery(failed), 0),
            canonical=Coalesce("human__merged_into", "human"),
        )
        .select_related("workspace")
        .only(*_CLAIMED)[:most]
    )
    taken = Approval.objects.filter(rounds.UNTAKEN, pk__in=[row.pk for row in rows])
    if taken.update(taken_at=at) != len(rows):
        raise RuntimeError("Somebody took an approval that this claim has locked.")
    return sorted(rows, key=attrgetter("canonical"))


def give_back(approval_ids: Iterable[int], *, due_at: datetime) -> None:
    """Untake: the message waits again, to be looked at from `due_at` on."""
    Approval.objects.filter(pk__in=list(approval_ids), taken_at__isnull=False).update(
        taken_at=None, due_at=due_at
    )


def reopen_dry_run(*, by: Principal, at: datetime, workspaces: Iterable[int]) -> int:
    """Approvals given in dry run go back to the queue once messages would really leave."""
    total = 0
    while True:
        with transaction.atomic():
            rows = rounds.lock(
                Approval.objects.filter(
                    rounds.UNTAKEN, dry_run=True, workspace__in=list(workspaces)
                ),
                skip=True,
            )
            rounds.reopen(rows, reason="dry_run_off", by=by, at=at)
        total += len(rows)
        if len(rows) < rounds.BATCH:
            return total


def reopen_before_stop(
    *,
    workspace: Workspace | None,
    decided_before: datetime,
    by: Principal,
    at: datetime,
    skip: bool = False,
) -> int:
    """Everything approved and unsent goes back to the queue: lifting a stop must not fire it.

    `skip` leaves out what somebody has locked: a sender that stands still within its claim must
    not hold up a stop. It will see the flag; lifting asks once more, without `skip`.
    """
    scope = Q() if workspace is None else Q(workspace=workspace)
    total = 0
    while True:
        with transaction.atomic():
            rows = rounds.lock(
                Approval.objects.filter(rounds.UNTAKEN, scope, decided_at__lte=decided_before),
                skip=skip,
            )
            rounds.reopen(rows, reason="emergency_stop", by=by, at=at)
        total += len(rows)
        if len(rows) < rounds.BATCH:
            return total


def end_for_human(human_ids: Iterable[int], *, sentence: str, by: Principal, at: datetime) -> int:
    """A person who must not be written to: pending and approved-unsent rounds are rejected.

    Returns how many are left because somebody else holds them at this moment.
    """
    rows = Approval.objects.filter(
        rounds.UNTAKEN | Q(status=ApprovalStatus.PENDING), human__in=list(human_ids)
    )
    rounds.end(
        rounds.lock(rows, skip=True), reason="person_stopped", sentence=sentence, by=by, at=at
    )
    return rows.count()


def entitled(approvals: Sequence[Approval]) -> set[int]:
    """Ids of those whose approver may still approve, in one statement, read now."""
    enough = [role for role in Role if RANK[role] >= RANK[LEAST_ROLE[Verb.DECIDE]]]
    members = set(
        Membership.objects.filter(
            user__in={row.decided_by_id for row in approvals},
            workspace__in={row.workspace_id for row in approvals},
            role__in=enough,
            user__is_active=True,
        ).values_list("user_id", "workspace_id")
    )
    return {row.pk for row in approvals if (row.decided_by_id, row.workspace_id) in members}


def broken(approval: Approval, *, digest_now: str, at: datetime) -> str:
    """Why this approval does not allow this text now; empty when it does.

    `digest_now` is computed from the words about to leave.
    """
    if approval.status not in GIVEN:
        return "receipt_broken"
    if digest_now != approval.digest or not receipt.holds(approval):
        return "receipt_broken"
    if approval.receipt.get("approved_by") != approval.decided_by_id:
        return "receipt_broken"
    if approval.dry_run:
        return "dry_run_off"
    if approval.send_before is None or approval.send_before <= at:
        return "unsent"
    return ""
