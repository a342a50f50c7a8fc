"""What channels may do to an approval: take it for sending, give it back, take it away.

`taken_at` is the row that decides between sending and everything else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from approvals import quota, receipt, rounds
from approvals.models import GIVEN, Approval, ApprovalStatus
from outreach.core import schema, sql
from outreach.core.models import Activity, Agent, PrincipalKind, Role, Workspace
from outreach.core.permissions import LEAST_ROLE, RANK, Verb
from outreach.core.principal import Principal

# Of what is due (as `due()` below says), the oldest of each human being who has nothing in flight;
# nothing once somebody has migrated the database beneath a drain that goes on.
# A WITH and no plain IN: PostgreSQL may run an IN again, and would take more than asked for.
TAKE = """
WITH ripe AS (
  SELECT a.id FROM message_approvals a JOIN people p ON p.id = a.human_id
  WHERE a.status IN ('approved', 'auto_approved') AND a.taken_at IS NULL
    AND a.channel IN ({channels}) AND a.due_at <= %s AND a.send_before > %s AND NOT a.dry_run
    AND a.workspace_id IN ({places}) AND p.automation_enabled AND {as_many}
    AND NOT EXISTS (
      SELECT 1 FROM message_approvals b
      WHERE b.status IN ('approved', 'auto_approved') AND b.taken_at IS NULL
        AND b.channel IN ({channels}) AND b.due_at <= %s AND b.send_before > %s AND NOT b.dry_run
        AND b.human_id = a.human_id AND b.id < a.id)
    AND NOT EXISTS (
      SELECT 1 FROM deliveries d
      WHERE d.status = 'sending' AND d.human_id = coalesce(p.merged_into_id, p.id))
  ORDER BY a.due_at, a.id LIMIT %s {skip_locked})
UPDATE message_approvals SET taken_at = %s
WHERE id IN (SELECT id FROM ripe) AND taken_at IS NULL
RETURNING id, by_kind, by_id, workspace_id, draft_id, human_id, channel, digest, due_at,
  (SELECT coalesce(p.merged_into_id, p.id) FROM people p
   WHERE p.id = message_approvals.human_id),
  (SELECT count(*) FROM deliveries d
   WHERE d.approval_id = message_approvals.id AND d.status = 'failed'),
  (SELECT w.time_zone FROM workspaces w WHERE w.id = workspace_id),
  (SELECT w.daily_quota FROM workspaces w WHERE w.id = workspace_id),
  (SELECT w.approval_expiry_hours FROM workspaces w WHERE w.id = workspace_id)
"""
_TAKEN = (
    "id", "by_kind", "by_id", "workspace_id", "draft_id", "human_id", "channel", "digest", "due_at"
)  # fmt: skip
# What a quota asks of a workspace.
_PLACE = ("id", "time_zone", "daily_quota", "approval_expiry_hours")


# Whether the approver of `a` may still approve; its values are DECIDING_ROLES. Where a workspace
# asks for four eyes by now, what its author approved is not enough any more.
DECIDING_ROLES = [str(role) for role in Role if RANK[role] >= RANK[LEAST_ROLE[Verb.DECIDE]]]
MAY_STILL_APPROVE = """EXISTS (
  SELECT 1 FROM memberships s JOIN users u ON u.id = s.user_id
    JOIN workspaces four ON four.id = s.workspace_id
    JOIN message_drafts wrote ON wrote.id = a.draft_id
  WHERE s.user_id = a.decided_by_id AND s.workspace_id = a.workspace_id AND u.is_active
    AND s.role IN ({roles})
    AND NOT (four.four_eyes AND CAST(a.decided_by_id AS text) IN (
      CASE WHEN wrote.by_kind = 'user' THEN wrote.by_id END,
      CASE WHEN a.by_kind = 'user' THEN a.by_id END)) IS TRUE)""".replace(
    "{roles}", sql.marks(len(DECIDING_ROLES))
)
ENTITLED = "SELECT a.id FROM message_approvals a WHERE a.id IN ({approvals}) AND {may_approve}"


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
) -> list[Approval] | None:
    """Claim up to `most` due approvals, the oldest of each human being, in person order.

    Each comes back with `attempts`, the number of deliveries that certainly failed before, and
    `canonical`, the human being as known now: a duplicate may have been found since the approval.

    Needs a transaction. No two claims get the same row: SKIP LOCKED on PostgreSQL, the write
    lock on SQLite, and the UPDATE's own condition on both. What a quota has no room for waits
    for the next day. None where that was the whole claim: commit, and call again for others. A
    long queue is never put off in one transaction: an emergency stop would wait for all of it.
    """
    claimed = _claim(most, channels, workspaces=workspaces, at=at)
    return quota.within(claimed, at=at) or None if claimed else []


def _claim(
    most: int, channels: Collection[str], *, workspaces: Collection[int], at: datetime
) -> list[Approval]:
    now = sql.from_moment(at)
    is_due = [*channels, now, now]
    rows = sql.fetch(
        TAKE,
        [*is_due, *workspaces, schema.many(), *is_due, most, now],
        channels=sql.marks(len(channels)),
        places=sql.marks(len(workspaces)),
        skip_locked=sql.skip_locked("a"),
        as_many=schema.AS_MANY,
    )
    places = {row[3]: sql.instance(Workspace, _PLACE, [row[3], *row[11:]]) for row in rows}
    taken = [_taken(row, places[row[3]]) for row in rows]
    return sorted(taken, key=attrgetter("canonical", "pk"))


def _taken(row: tuple[Any, ...], place: Workspace) -> Approval:
    """What a claim knows of an approval: never a text. The rest is read when it is asked for."""
    known, (due_at, canonical, attempts) = row[:8], row[8:11]
    approval = sql.instance(Approval, _TAKEN, [*known, sql.to_moment(due_at)])
    approval.workspace = place
    approval.canonical, approval.attempts = canonical, attempts  # type: ignore[attr-defined]
    return approval


def lock(approval_ids: Iterable[int]) -> None:
    """Before any quota is counted: a claim locks approvals first, then quotas.

    Where it began before another sender's claim was committed, PostgreSQL has it lock that
    sender's rows for a moment as well, though it does not take them.
    """
    ids = sorted(approval_ids)
    if ids and connection.features.has_select_for_update:
        rows = Approval.objects.filter(pk__in=ids).order_by("pk")
        list(rows.select_for_update(no_key=True).values_list("pk"))


def give_back(approval_ids: Iterable[int], *, due_at: datetime) -> None:
    """Untake: the message waits again, to be looked at from `due_at` on."""
    Approval.objects.filter(pk__in=list(approval_ids), taken_at__isnull=False).update(
        taken_at=None, due_at=due_at
    )


def hold(approval: Approval, *, until: datetime) -> None:
    """Untake what a rule holds until then; permission is counted from the hold on (SPEC §6)."""
    ends = rounds.prolonged(until, approval.workspace.approval_expiry_hours)
    Approval.objects.filter(pk=approval.pk, taken_at__isnull=False).update(
        taken_at=None, due_at=until, send_before=ends
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
    decided_before: datetime | None,
    by: Principal,
    at: datetime,
    skip: bool = False,
) -> int:
    """Everything approved and unsent goes back to the queue: lifting a stop must not fire it.

    `decided_before` (None: whenever) leaves out what was approved during the stop.

    `skip` leaves out what somebody has locked: a sender that stands still within its claim must
    not hold up a stop. It will see the flag; lifting asks once more, without `skip`.
    """
    scope = Q() if workspace is None else Q(workspace=workspace)
    if decided_before is not None:
        scope &= Q(decided_at__lte=decided_before)
    total = 0
    while True:
        with transaction.atomic():
            rows = rounds.lock(Approval.objects.filter(rounds.UNTAKEN, scope), skip=skip)
            rounds.reopen(rows, reason="emergency_stop", by=by, at=at)
        total += len(rows)
        if len(rows) < rounds.BATCH:
            return total


def end_for_human(human_ids: Iterable[int], *, sentence: str, by: Principal, at: datetime) -> int:
    """A person who must not be written to: pending and approved-unsent rounds are rejected.

    Returns how many are left because somebody else holds them at this moment.
    """
    rows = Approval.objects.filter(rounds.OPEN, human__in=list(human_ids))
    rounds.end(
        rounds.lock(rows, skip=True), reason="person_stopped", sentence=sentence, by=by, at=at
    )
    return rows.count()


def end_for_drafts(draft_ids: Iterable[int], *, sentence: str, by: Principal, at: datetime) -> int:
    """Messages that make no sense any more: whatever of them waits or is approved is rejected.

    Needs a transaction. Returns how many are left because somebody holds them at this moment.
    """
    rows = Approval.objects.filter(rounds.OPEN, draft__in=list(draft_ids))
    rounds.end(rounds.lock(rows, skip=True), reason="pointless", sentence=sentence, by=by, at=at)
    return rows.count()


def not_their_turn(draft_ids: Iterable[int], *, of: Agent, by: Principal, at: datetime) -> int:
    """Messages whose turn has not come after all are drafts again, where this agent asked for
    review and nobody holds them. Nothing on them says that an author has to mend them."""
    asked = Q(by_kind=PrincipalKind.AGENT, by_id=str(of.pk))
    rows = Approval.objects.filter(rounds.OPEN, asked, draft__in=list(draft_ids))
    back = rounds.back_to_draft(
        rounds.lock(rows, skip=True),
        ApprovalStatus.WITHDRAWN,
        reason="not_their_turn",
        sentence="",
        by=by,
        at=at,
    )
    return len(back)


def entitled(approvals: Sequence[Approval]) -> set[int]:
    """Ids of those whose approver may still approve, in one statement, read now."""
    rows = sql.fetch(
        ENTITLED,
        [*[row.pk for row in approvals], *DECIDING_ROLES],
        approvals=sql.marks(len(approvals)),
        may_approve=MAY_STILL_APPROVE,
    )
    return {row[0] for row in rows}


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
    if receipt.names_another_sender(approval):
        return "sender_changed"
    if approval.send_before is None or approval.send_before <= at:
        return "unsent"
    return ""


def went_back(workspace_id: int | None, *, since: datetime) -> tuple[int, int]:
    """Of an emergency stop set then: how many it returned to the queue, and how many it has yet to.

    What is left was locked, or the database failed; nothing of it leaves, and lifting returns it.
    """
    places = Workspace.objects.all() if workspace_id is None else [workspace_id]
    told = Activity.objects.filter(
        workspace__in=places, verb="approvals.reopened", at__gte=since,
        codes__reason="emergency_stop",
    )  # fmt: skip
    left = Approval.objects.filter(rounds.UNTAKEN, workspace__in=places, decided_at__lte=since)
    return told.count(), left.count()
