"""Opening and closing review rounds, one or many, inside the caller's transaction.

A round never reopens: "back to the queue" closes the old row and makes a new pending one. Every
way out of a given approval demands that nobody has taken it for sending.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import DateTimeField, ExpressionWrapper, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Greatest, Least

from approvals import tiers
from approvals.models import GIVEN, Approval, ApprovalStatus
from outreach.core import activity, drafts, erasure
from outreach.core.models import Draft
from outreach.core.models.drafts import DraftStatus
from outreach.core.principal import Principal

UNTAKEN = Q(status__in=GIVEN, taken_at__isnull=True)
OPEN = UNTAKEN | Q(status=ApprovalStatus.PENDING)
BATCH = 500
LONGEST = 10  # times what a permission is given for, with all that rules hold it

# Why a given approval was taken back, in the words the reviewer reads on the new round.
REOPENED = {
    "emergency_stop": "Approved before the emergency stop; please decide again.",
    "dry_run_off": "Approved while dry run was on; please decide again now that messages leave.",
    "approver_lost_right": "The approver may no longer approve; please decide again.",
    "policy_changed": "The rules changed since the approval; please decide again.",
    "found_more": "The last look before sending found more than the approval; decide again.",
    "undone": "The approval was taken back.",
    "send_again": tiers.SENT_BEFORE,
    "receipt_broken": "The approval's receipt does not match the message; please decide again.",
    "sender_changed": "Who it comes from was changed since the approval; please decide again.",
    "template_changed": "It would leave as another template than the one of the approval; please "
    "decide again.",
    "heard_since": "They wrote after the approval; please read it and decide again.",
    "unsettled_released": "Marked as not sent by hand; please decide again.",
}


def is_ahead(approval: Approval) -> bool:
    """Whether its message has still to leave, or to be simulated, as far as is known."""
    if approval.status == ApprovalStatus.PENDING:
        return True
    return approval.is_open and not approval.deliveries.filter(status="simulated").exists()


def may_have_arrived(approval: Approval) -> bool:
    """Whether a yes may send a second time what the first sending's silence left open."""
    return tiers.SENT_BEFORE in approval.priority_reasons


def was_sent_before(draft: Draft) -> bool:
    """Whether an earlier sending was left open so: it stays so in every later round."""
    return Approval.objects.filter(draft=draft, closed_reason="send_again").exists()


def expiry(approval_hours: int, at: datetime) -> datetime:
    return at + timedelta(hours=approval_hours)


def prolonged(until: datetime, hours: int) -> Greatest:
    """The new `send_before` of what a rule holds until then: permission is counted from the hold on
    (SPEC §6), but not for ever: in all ten times what it was given for, from the approval or the
    time it was asked for."""
    span = timedelta(hours=hours)
    begun = Greatest("decided_at", Coalesce("scheduled_for", "decided_at"))
    longest = ExpressionWrapper(begun + Value(LONGEST * span), DateTimeField())
    return Greatest("send_before", Least(Value(until + span), longest))


def close(
    rows: Sequence[Approval],
    status: str,
    *,
    reason: str,
    at: datetime,
    text: str = "",
    taken: bool = False,
) -> list[Approval]:
    """Close these rows where they are still open (`taken`: where we hold them); those that were.

    The caller holds row locks on PostgreSQL or the write lock on SQLite, so the rows that are
    open in the database are exactly those that this statement closes.
    """
    held = Q(status__in=GIVEN, taken_at__isnull=False) if taken else UNTAKEN | Q(status="pending")
    ids = list(
        Approval.objects.filter(held, pk__in=[row.pk for row in rows]).values_list("pk", flat=True)
    )
    changes: dict[str, object] = {
        "status": status,
        "closed_reason": reason,
        "closed_at": at,
        "taken_at": None,
    }
    if text:
        changes["rejection_reason"] = text[:2000]
    Approval.objects.filter(held, pk__in=ids).update(**changes)
    closed = set(ids)
    return [row for row in rows if row.pk in closed]


def reopen(
    rows: Sequence[Approval],
    *,
    reason: str,
    by: Principal,
    at: datetime,
    taken: bool = False,
) -> list[Approval]:
    """Given approvals back to the queue: old row withdrawn, new row pending, draft pending.

    Of a message that is sent by now, as a receipt for an earlier round proves, the row is only
    withdrawn: whoever decided anew would send it a second time. Returns the new rows.
    """
    arrived = arrived_among(rows)
    here = [row for row in rows if row.draft_id in arrived]
    withdraw(here, reason="sent_already", by=by, at=at, taken=taken)
    left = [row for row in rows if row.draft_id not in arrived]
    closed = close(left, ApprovalStatus.WITHDRAWN, reason=reason, at=at, taken=taken)
    return anew(closed, reason=reason, by=by, at=at)


def arrived_among(rows: Sequence[Approval]) -> set[int]:
    """The messages of these rounds that are sent. The rounds are locked, so they stay as read."""
    sent = Draft.objects.filter(pk__in=[row.draft_id for row in rows], status=DraftStatus.SENT)
    return set(sent.values_list("pk", flat=True))


def anew(ended: Sequence[Approval], *, reason: str, by: Principal, at: datetime) -> list[Approval]:
    """A new pending round of each message whose round has ended; none of them may have another.

    What was undone stands in the queue where it stood; all else is new there.
    """
    fresh = [_again(row, reason=reason, at=at) for row in ended]
    if reason == "undone":
        for row, was in zip(fresh, ended, strict=True):
            # Of several of one moment the lower number is first, and this one's is new: before all.
            row.created_at = was.created_at - timedelta(microseconds=1)
    Approval.objects.bulk_create(fresh)
    drafts.move([row.draft_id for row in ended], DraftStatus.PENDING_APPROVAL)
    activity.record(
        *[
            activity.entry("approvals.reopened", row, digest=row.digest, reason=reason)
            for row in fresh
        ],
        by=by,
        at=at,
    )
    return fresh


def _again(row: Approval, *, reason: str, at: datetime) -> Approval:
    return Approval(
        workspace_id=row.workspace_id,
        draft_id=row.draft_id,
        revision_id=row.revision_id,
        human_id=row.human_id,
        channel=row.channel,
        touch=row.touch,
        purpose=row.purpose,
        digest=row.digest,
        priority=row.priority,
        priority_reasons=[*row.priority_reasons, REOPENED[reason]],
        confidence=row.confidence,
        notes=row.notes,
        decision=row.decision,
        routing=row.routing,
        created_at=at,
        scheduled_for=row.scheduled_for,
        not_before=_held_by_rules(row),
        expires_at=expiry(row.workspace.approval_expiry_hours, at),
        edited=row.edited,
        by_kind=row.by_kind,
        by_id=row.by_id,
        by_label=row.by_label,
    )


def _held_by_rules(row: Approval) -> datetime | None:
    """Until when rules hold it. A quota holds what is approved, and may have room by then."""
    if row.quota_until is None or row.quota_until != row.not_before:
        return row.not_before
    until = row.decision.get("not_before")
    return datetime.fromisoformat(until) if until else None


def back_to_draft(
    rows: Sequence[Approval],
    status: str,
    *,
    reason: str,
    sentence: str,
    by: Principal,
    at: datetime,
    taken: bool = False,
) -> list[Approval]:
    """Close these rounds and return their messages to their authors with the reason.

    The round keeps the whole sentence; what the draft says of itself changes with its next move.
    """
    closed = close(rows, status, reason=reason, at=at, text=sentence, taken=taken)
    drafts.move([row.draft_id for row in closed], DraftStatus.DRAFT, reason=sentence)
    _tell(closed, status, reason=reason, by=by, at=at)
    return closed


def withdraw(
    rows: Sequence[Approval], *, reason: str, by: Principal, at: datetime, taken: bool = False
) -> list[Approval]:
    """Close these rounds, of which nothing is to be decided any more; their messages stay."""
    closed = close(rows, ApprovalStatus.WITHDRAWN, reason=reason, at=at, taken=taken)
    _tell(closed, ApprovalStatus.WITHDRAWN, reason=reason, by=by, at=at)
    return closed


def end(
    rows: Sequence[Approval],
    *,
    reason: str,
    sentence: str,
    by: Principal,
    at: datetime,
    taken: bool = False,
) -> list[Approval]:
    """Reject these rounds; their messages end."""
    closed = close(rows, ApprovalStatus.REJECTED, reason=reason, at=at, text=sentence, taken=taken)
    drafts.move([row.draft_id for row in closed], DraftStatus.REJECTED, reason=sentence)
    _tell(closed, ApprovalStatus.REJECTED, reason=reason, by=by, at=at)
    return closed


def _tell(
    rows: Sequence[Approval], status: str, *, reason: str, by: Principal, at: datetime
) -> None:
    activity.record(
        *[
            activity.entry(f"approvals.{status}", row, digest=row.digest, reason=reason)
            for row in rows
        ],
        by=by,
        at=at,
    )


def lock(rows: QuerySet[Approval], *, skip: bool = False) -> list[Approval]:
    """These rows in id order, locked on PostgreSQL; SQLite's IMMEDIATE transaction locks all."""
    return list(
        rows.select_related("workspace")
        .order_by("pk")
        .select_for_update(of=("self",), skip_locked=skip)[:BATCH]
    )


def hold(draft: Draft) -> list[Approval]:
    """Every round of this message: until the transaction ends nobody opens, decides or takes one.

    Locked in the order of all others: rounds, the person, the message. Whoever opens a round holds
    the message only, and whoever approves that one has it and waits for the message: so the message
    is let go, and all are locked anew, where one came in between.
    """
    rows = Approval.objects.filter(draft=draft).select_related("workspace").order_by("pk")
    while True:
        held = list(rows.select_for_update(of=("self",)))
        with transaction.atomic():
            erasure.hold([draft.person_id, draft.person.human_id])
            list(Draft.objects.select_for_update(no_key=True).filter(pk=draft.pk).values_list("pk"))
            if rows.count() == len(held):
                return held
            transaction.set_rollback(True)  # as far as this block: the rounds stay locked
