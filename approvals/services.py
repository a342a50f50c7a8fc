"""Deciding: approve, edit, reject, return, undo. One guarded UPDATE each.

Two people acting at once get one winner; the other gets a sentence that says what happened.
Only people decide. Submitting is in `submission`, ending by time in `expiry`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from approvals import bulk, care, editing, items, receipt, rounds, unseen
from approvals.errors import Blocked, Lost, Refused
from approvals.models import GIVEN, Approval, ApprovalStatus
from approvals.rejudging import rejudge
from outreach.core import activity, drafts, visible
from outreach.core.models.drafts import DraftStatus
from outreach.core.principal import Principal
from safety import controls, facts, gate
from safety.models import ControlKey
from safety.verdict import Level


def approve(
    approval_id: int,
    *,
    by: Principal,
    at: datetime,
    digest: str,
    undo_seconds: int | None = None,
    scheduled_for: datetime | None = None,
    no_time: bool = False,
    seen_time: int | None = None,
    in_bulk: bool = False,
    heard: int | None = None,
    seen_sender: str | None = None,
    seen_hidden: bool = False,
    seen_private: bool = False,
) -> Approval:
    """Say yes to exactly the text with this digest. Raises Refused, Lost, Stale or NotAllowed.

    With others (`in_bulk`) only where the rules, asked now, find nothing and hold nothing.
    `heard` is the newest message of theirs that was read (0: none); Stale where one came since.
    The time asked for stays, unless there is another or it is removed (`no_time`); Stale where it
    is not the one that was seen (`seen_time`, as `items.time_for` has it), or who it comes from is
    another than was seen (`seen_sender`, as `senders.shown` has it). Unseen where nobody says
    that they saw the text's hidden characters (`seen_hidden`) or personal data (`seen_private`).
    """
    with transaction.atomic():
        approval = items.pending(approval_id, by, at)
        items.same_text(approval, digest)
        items.same_sender(approval, seen_sender)
        newest = items.all_heard(approval, heard)
        when = items.time_for(approval, scheduled_for, at, no_time=no_time, seen_time=seen_time)
        given = _give(approval, by=by, at=at, undo_seconds=undo_seconds, when=when, heard=newest)
        if in_bulk and (why := bulk.why_not(given, at=at)):
            raise Refused(f"#{approval_id} needs a look of its own: {why}.", "not_in_bulk")
        unseen.anything(given, seen_hidden=seen_hidden, seen_private=seen_private)
        return given


def edit(
    approval_id: int,
    words: drafts.Text,
    *,
    by: Principal,
    at: datetime,
    digest: str,
    scheduled_for: datetime | None = None,
    no_time: bool = False,
    seen_time: int | None = None,
) -> Approval:
    """Save a reviewer's edit; the item stays in the queue with its number. Times: `approve`.

    Words that are those it has make no revision.
    """
    try:
        with transaction.atomic():
            item = items.pending(approval_id, by, at)
            saved = editing.save_changed(item, words, by=by, at=at, digest=digest)[0]
            if scheduled_for is not None or no_time:
                when = items.time_for(
                    saved, scheduled_for, at, no_time=no_time, seen_time=seen_time
                )
                _retime(saved, when, by=by, at=at)
            return saved
    except Blocked as no:
        raise editing.told(approval_id, no, by=by, at=at) from None


def _retime(approval: Approval, when: datetime | None, *, by: Principal, at: datetime) -> None:
    """Ask for another time, or for none, of what still waits for a decision; told in the log."""
    if when == approval.scheduled_for:
        return
    waiting = Approval.objects.filter(pk=approval.pk, status=ApprovalStatus.PENDING)
    if waiting.filter(digest=approval.digest).update(scheduled_for=when) != 1:
        raise Lost(items.explain(approval.pk))
    approval.scheduled_for = when
    rejudge(approval, at=at)
    told = activity.entry(
        "approvals.retimed",
        approval,
        digest=approval.digest,
        time=when.isoformat() if when else "",
    )
    activity.record(told, by=by, at=at)


def edit_and_approve(
    approval_id: int,
    words: drafts.Text,
    *,
    by: Principal,
    at: datetime,
    digest: str,
    undo_seconds: int | None = None,
    scheduled_for: datetime | None = None,
    no_time: bool = False,
    seen_time: int | None = None,
    heard: int | None = None,
    seen_sender: str | None = None,
    seen_hidden: bool = False,
    seen_private: bool = False,
) -> Approval:
    """Save an edit and say yes to it, in one step; what was seen and unchanged words as above.

    An edit that the rules rewrite is saved and not approved: Refused says so, and the item waits
    in the queue with the rewritten text for somebody to read.
    """
    try:
        with transaction.atomic():
            item = items.pending(approval_id, by, at)
            items.same_sender(item, seen_sender)
            newest = items.all_heard(item, heard)
            item, change = editing.save_changed(item, words, by=by, at=at, digest=digest)
            unseen.hidden(words, seen=seen_hidden)
            if change is None:
                when = items.time_for(item, scheduled_for, at, no_time=no_time, seen_time=seen_time)
                given = _give(
                    item, by=by, at=at, undo_seconds=undo_seconds, when=when, heard=newest
                )
                unseen.anything(given, seen_hidden=seen_hidden, seen_private=seen_private)
                return given
    except Blocked as no:
        raise editing.told(approval_id, no, by=by, at=at) from None
    raise Refused(
        f"The rules took words out of your edit of #{approval_id}. It is saved, not approved: "
        "read the text as it is now, then decide.",
        "rewritten",
    )


def _give(
    approval: Approval,
    *,
    by: Principal,
    at: datetime,
    undo_seconds: int | None,
    when: datetime | None,
    heard: int,
) -> Approval:
    items.four_eyes(approval, by)
    fields = {**_permission(approval, by, at, undo_seconds, when), "heard": heard}
    won = Approval.objects.filter(
        pk=approval.pk, status=ApprovalStatus.PENDING, digest=approval.digest
    ).update(**fields)
    if won != 1:
        raise Lost(items.explain(approval.pk))
    for name, value in fields.items():
        setattr(approval, name, value)
    drafts.move_one(approval.draft, DraftStatus.APPROVED)
    activity.record(
        activity.entry(
            "approvals.approved",
            approval,
            digest=approval.digest,
            edited=approval.edited,
            dry_run=approval.dry_run,
            receipt=approval.receipt["seal"],
            **care.codes(approval, items.decider(by), at=at),
        ),
        by=by,
        at=at,
    )
    return approval


def _permission(
    approval: Approval, by: Principal, at: datetime, undo: int | None, when: datetime | None
) -> dict[str, Any]:
    """What an approval given now says: from when, until when, over which checks, by whom."""
    user = items.decider(by)
    state = controls.read()
    known = facts.gather([approval.draft], at=at, state=state)[approval.draft_id]
    verdict, leaves_at = gate.earliest(known, gate.Moment.APPROVAL, max(at, when or at))
    if verdict.level is Level.BLOCK:
        raise Blocked(verdict)
    decision = gate.as_decision(verdict, known, at=at, leaves_at=leaves_at)
    if "rewrite" in approval.decision:
        decision["rewrite"] = approval.decision["rewrite"]
    delay = timedelta(seconds=settings.APPROVAL_UNDO_SECONDS if undo is None else undo)
    hours = timedelta(hours=approval.workspace.approval_expiry_hours)
    return {
        "status": ApprovalStatus.APPROVED,
        "decided_by": user,
        "decided_by_label": by.label,
        "decided_at": at,
        "scheduled_for": when,
        "not_before": leaves_at if leaves_at > at else None,
        "due_at": max(at + delay, when or at),
        "send_before": max(at, when or at, leaves_at) + hours,
        "dry_run": state.is_braking(ControlKey.DRY_RUN, approval.workspace_id),
        "decision": decision,
        "receipt": receipt.make(
            approval, decided_by_id=user.pk, decided_at=at.isoformat(), decision=decision
        ),
    }


def reject(
    approval_id: int,
    *,
    by: Principal,
    at: datetime,
    reason: str,
    digest: str | None = None,
    take_back: bool = True,
) -> Approval:
    """Say no: the message ends. Works on a pending item and on a given, untaken one.

    With a digest only while the text is still the one with it; else Stale. Whoever saw it waiting
    does not `take_back` the yes of another: Overtaken says who gave it.
    """
    if not visible.signs(reason):
        raise Refused("Say why: a rejection needs a reason its author can learn from.", "no_reason")
    with transaction.atomic():
        approval = items.open_item(approval_id, by, digest, take_back=take_back)
        _note_decision(approval, by, at)
        if not rounds.end([approval], reason="rejected", sentence=reason, by=by, at=at):
            raise Lost(items.explain(approval_id))
    approval.refresh_from_db()
    return approval


def return_(
    approval_id: int,
    *,
    by: Principal,
    at: datetime,
    feedback: str,
    digest: str | None = None,
    take_back: bool = True,
) -> Approval:
    """Request changes: the message goes back to its author with the feedback. Else as `reject`."""
    if not visible.signs(feedback):
        raise Refused("Say what should change.", "no_reason")
    with transaction.atomic():
        approval = items.open_item(approval_id, by, digest, take_back=take_back)
        _note_decision(approval, by, at)
        if not rounds.back_to_draft(
            [approval],
            ApprovalStatus.WITHDRAWN,
            reason="changes_requested",
            sentence=feedback,
            by=by,
            at=at,
        ):
            raise Lost(items.explain(approval_id))
    approval.refresh_from_db()
    return approval


def undo(approval_id: int, *, by: Principal, at: datetime) -> Approval:
    """Take an approval back before it is taken for sending; returns the new pending round."""
    with transaction.atomic():
        approval = items.open_item(approval_id, by)
        if approval.status not in GIVEN:
            raise Lost(items.became(approval))
        if rounds.arrived_among([approval]):
            raise Lost(f"#{approval.pk} has arrived already; it is not sent again.")
        fresh = rounds.reopen([approval], reason="undone", by=by, at=at)
        if not fresh:
            raise Lost(items.explain(approval_id))
    return fresh[0]


def _note_decision(approval: Approval, by: Principal, at: datetime) -> None:
    if approval.status == ApprovalStatus.PENDING:
        Approval.objects.filter(pk=approval.pk).update(
            decided_by=items.decider(by), decided_by_label=by.label, decided_at=at
        )
