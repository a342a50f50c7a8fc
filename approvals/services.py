"""Deciding: approve, edit, reject, return, undo. One guarded UPDATE each.

Two people acting at once get one winner; the other gets a sentence that says what happened.
Only people decide. Submitting is in `submission`, ending by time in `expiry`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from approvals import receipt, rounds
from approvals.errors import Lost, Refused, Stale
from approvals.models import GIVEN, Approval, ApprovalStatus
from outreach.core import activity, drafts
from outreach.core.models import User
from outreach.core.models.drafts import DraftStatus
from outreach.core.permissions import NotAllowed, Verb, require
from outreach.core.principal import Principal
from safety import controls, facts, gate
from safety.models import ControlKey
from safety.verdict import Level, Verdict


def approve(
    approval_id: int,
    *,
    by: Principal,
    at: datetime,
    digest: str,
    undo_seconds: int | None = None,
    scheduled_for: datetime | None = None,
) -> Approval:
    """Say yes to exactly the text with this digest. Raises Refused, Lost, Stale or NotAllowed."""
    with transaction.atomic():
        approval = _pending(approval_id, by, at)
        _same_text(approval, digest)
        return _give(approval, by=by, at=at, undo_seconds=undo_seconds, new_time=scheduled_for)


def edit(
    approval_id: int, words: drafts.Text, *, by: Principal, at: datetime, digest: str
) -> Approval:
    """Save a reviewer's edit; the item stays in the queue with its number."""
    with transaction.atomic():
        return _edit(_pending(approval_id, by, at), words, by=by, at=at, digest=digest)


def edit_and_approve(
    approval_id: int,
    words: drafts.Text,
    *,
    by: Principal,
    at: datetime,
    digest: str,
    undo_seconds: int | None = None,
    scheduled_for: datetime | None = None,
) -> Approval:
    """Save an edit and say yes to it, in one step or not at all."""
    with transaction.atomic():
        approval = _edit(_pending(approval_id, by, at), words, by=by, at=at, digest=digest)
        return _give(approval, by=by, at=at, undo_seconds=undo_seconds, new_time=scheduled_for)


def _pending(approval_id: int, by: Principal, at: datetime) -> Approval:
    """The item to decide on, with the right checked; Lost says what became of it otherwise."""
    approval = (
        Approval.objects.select_related(
            "workspace", "revision", "draft__workspace", "draft__current", "draft__person"
        )
        .filter(pk=approval_id)
        .first()
    )
    if approval is None:
        raise Refused(f"There is no approval #{approval_id}.", "not_found")
    decider(by)
    require(by, Verb.DECIDE, approval.workspace)
    if approval.status != ApprovalStatus.PENDING:
        raise Lost(became(approval))
    if approval.expires_at <= at:
        raise Lost(f"#{approval_id} expired at {approval.expires_at:%Y-%m-%d %H:%M} UTC.")
    return approval


def decider(by: Principal) -> User:
    """The person behind this principal; agents and the system decide nothing."""
    if by.user is None:
        raise NotAllowed(f"{by.label} is no person. Only people decide about messages.")
    return by.user


def became(approval: Approval) -> str:
    """What happened to an item, for somebody who came too late."""
    if approval.is_given and approval.taken_at is not None:
        return f"#{approval.pk} is being sent now or has left."
    who = f" by {approval.decided_by_label}" if approval.decided_by_label else ""
    when = approval.decided_at or approval.closed_at
    stamp = f" at {when:%H:%M:%S} UTC" if when else ""
    label = ApprovalStatus(approval.status).label.lower()
    return f"#{approval.pk} is {label} already{who}{stamp}."


def _same_text(approval: Approval, digest: str) -> None:
    if approval.digest != digest:
        raise Stale(
            f"The text of #{approval.pk} changed since you opened it. Read it again, then decide."
        )


def _edit(
    approval: Approval, words: drafts.Text, *, by: Principal, at: datetime, digest: str
) -> Approval:
    _same_text(approval, digest)
    guard = Approval.objects.filter(
        pk=approval.pk, status=ApprovalStatus.PENDING, digest=digest
    ).update(edited=True)
    if guard != 1:
        raise Lost(_explain(approval.pk))
    draft = approval.draft
    old = approval.revision
    kept = replace(
        words,
        confidence=old.confidence,
        confidence_parts=tuple(old.confidence_parts),
        reasoning=old.reasoning,
        context=old.context,
        attachments=tuple(old.attachments),
    )
    revision = drafts.revise(draft, kept, by=by, at=at, expected=digest)
    draft.current = revision
    known = facts.gather([draft], at=at)[draft.pk]
    verdict, leaves_at = gate.earliest(known, gate.Moment.EDIT, max(at, draft.scheduled_for or at))
    if verdict.level is Level.BLOCK:
        raise Refused(_why(verdict), "blocked")
    approval.revision, approval.digest, approval.edited = revision, revision.digest, True
    approval.decision = gate.as_decision(verdict, at=at, leaves_at=leaves_at)
    approval.save(update_fields=["revision", "digest", "edited", "decision"])
    activity.record(
        activity.entry("approvals.edited", approval, digest=revision.digest), by=by, at=at
    )
    return approval


def _why(verdict: Verdict) -> str:
    return " ".join(finding.message.rstrip(".") + "." for finding in verdict.blockers)


def _give(
    approval: Approval,
    *,
    by: Principal,
    at: datetime,
    undo_seconds: int | None,
    new_time: datetime | None,
) -> Approval:
    four_eyes(approval, by)
    fields = _permission(approval, by, at, undo_seconds, _time_for(approval, new_time, at))
    won = Approval.objects.filter(
        pk=approval.pk, status=ApprovalStatus.PENDING, digest=approval.digest
    ).update(**fields)
    if won != 1:
        raise Lost(_explain(approval.pk))
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
        ),
        by=by,
        at=at,
    )
    return approval


def _permission(
    approval: Approval, by: Principal, at: datetime, undo: int | None, when: datetime | None
) -> dict[str, Any]:
    """What an approval given now says: from when, until when, over which checks, by whom."""
    user = decider(by)
    state = controls.read()
    known = facts.gather([approval.draft], at=at, state=state)[approval.draft_id]
    verdict, leaves_at = gate.earliest(known, gate.Moment.APPROVAL, max(at, when or at))
    if verdict.level is Level.BLOCK:
        raise Refused(_why(verdict), "blocked")
    decision = gate.as_decision(verdict, at=at, leaves_at=leaves_at)
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


def four_eyes(approval: Approval, by: Principal) -> None:
    """Refuse the author's own approval where the workspace asks for four eyes."""
    if not approval.workspace.four_eyes:
        return
    own = approval.draft.by_kind == by.kind and approval.draft.by_id == by.id
    if own or (approval.by_kind == by.kind and approval.by_id == by.id):
        raise Refused("This workspace asks for four eyes: you wrote this message.", "four_eyes")


def _time_for(approval: Approval, new_time: datetime | None, at: datetime) -> datetime | None:
    when = new_time or approval.scheduled_for
    if when is not None and when < at:
        raise Refused(
            f"The time asked for, {when:%Y-%m-%d %H:%M} UTC, has passed. Choose a new time.",
            "time_passed",
        )
    return when


def _explain(approval_id: int) -> str:
    return became(Approval.objects.get(pk=approval_id))


def reject(approval_id: int, *, by: Principal, at: datetime, reason: str) -> Approval:
    """Say no: the message ends. Works on a pending item and on a given, untaken one."""
    if not reason.strip():
        raise Refused("Say why: a rejection needs a reason its author can learn from.", "no_reason")
    with transaction.atomic():
        approval = _open_item(approval_id, by)
        _note_decision(approval, by, at)
        if not rounds.end([approval], reason="rejected", sentence=reason, by=by, at=at):
            raise Lost(_explain(approval_id))
    approval.refresh_from_db()
    return approval


def return_(approval_id: int, *, by: Principal, at: datetime, feedback: str) -> Approval:
    """Request changes: the message goes back to its author with the feedback."""
    if not feedback.strip():
        raise Refused("Say what should change.", "no_reason")
    with transaction.atomic():
        approval = _open_item(approval_id, by)
        _note_decision(approval, by, at)
        if not rounds.back_to_draft(
            [approval],
            ApprovalStatus.WITHDRAWN,
            reason="changes_requested",
            sentence=feedback,
            by=by,
            at=at,
        ):
            raise Lost(_explain(approval_id))
    approval.refresh_from_db()
    return approval


def undo(approval_id: int, *, by: Principal, at: datetime) -> Approval:
    """Take an approval back before it is taken for sending; returns the new pending round."""
    with transaction.atomic():
        approval = _open_item(approval_id, by)
        if approval.status not in GIVEN:
            raise Lost(became(approval))
        fresh = rounds.reopen([approval], reason="undone", by=by, at=at)
        if not fresh:
            raise Lost(_explain(approval_id))
    return fresh[0]


def _open_item(approval_id: int, by: Principal) -> Approval:
    """The row, locked, for somebody with the right; Lost when it is not open any more."""
    found = rounds.lock(Approval.objects.filter(pk=approval_id))
    if not found:
        raise Refused(f"There is no approval #{approval_id}.", "not_found")
    approval = found[0]
    decider(by)
    require(by, Verb.DECIDE, approval.workspace)
    if not approval.is_open:
        raise Lost(became(approval))
    return approval


def _note_decision(approval: Approval, by: Principal, at: datetime) -> None:
    if approval.status == ApprovalStatus.PENDING:
        Approval.objects.filter(pk=approval.pk).update(
            decided_by=decider(by), decided_by_label=by.label, decided_at=at
        )
