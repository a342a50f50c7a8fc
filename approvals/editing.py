"""A reviewer's edit: judged like any text, rewritten like any text, never lost."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from approvals import items, rewriting
from approvals.errors import Blocked, Lost, Refused
from approvals.models import Approval, ApprovalStatus
from approvals.rejudging import raise_priority
from approvals.rewriting import Rewrite
from approvals.submission import decided
from outreach.core import activity, drafts
from outreach.core.models import Revision
from outreach.core.principal import Principal
from safety import events, facts, gate
from safety.verdict import Level

# Of a round, what other words change.
CHANGED = (
    "revision", "digest", "edited", "decision", "not_before", "priority", "priority_reasons",
)  # fmt: skip


def save_changed(
    approval: Approval, words: drafts.Text, *, by: Principal, at: datetime, digest: str
) -> tuple[Approval, Rewrite | None]:
    """As `save`; words that are those it has leave it as it is."""
    items.same_text(approval, digest)
    if drafts.same(words, approval.revision):
        return approval, None
    return save(approval, words, by=by, at=at, digest=digest)


def save(
    approval: Approval, words: drafts.Text, *, by: Principal, at: datetime, digest: str
) -> tuple[Approval, Rewrite | None]:
    """A reviewer's words as a new revision, and what the rules made of them."""
    items.footer_kept(approval.revision.text, words.text)
    guard = Approval.objects.filter(
        pk=approval.pk, status=ApprovalStatus.PENDING, digest=digest
    ).update(edited=True)
    if guard != 1:
        raise Lost(items.explain(approval.pk))
    draft = approval.draft
    kept = drafts.in_place_of(approval.revision, words)
    revision = drafts.revise(draft, kept, by=by, at=at, expected=digest)
    draft.current = revision
    known = facts.gather([draft], at=at)[draft.pk]
    asked_for = max(at, approval.scheduled_for or at)
    verdict, leaves_at = gate.earliest(known, gate.Moment.EDIT, asked_for)
    if verdict.level is Level.BLOCK:
        raise Blocked(verdict)
    known, change = rewriting.polish(draft, known, at=at)
    if change is not None and change.caution:
        # The rules may stand in for a program's empty phrase, never for what a person wrote.
        raise Refused(
            "The rules would leave nothing of this text. Write what the message is about, without "
            "the words that press or threaten.",
            "nothing_left",
        )
    if change is not None:
        verdict, leaves_at = gate.earliest(known, gate.Moment.EDIT, asked_for)
    _point_at(approval, draft.current or revision)
    approval.decision = decided(verdict, change, known, at=at, leaves_at=leaves_at)
    approval.not_before = leaves_at if leaves_at > at else None
    raise_priority(approval, verdict, rewritten=change is not None)
    approval.save(update_fields=CHANGED)
    activity.record(
        activity.entry("approvals.edited", approval, digest=approval.digest), by=by, at=at
    )
    return approval, change


def told(approval_id: int, no: Blocked, *, by: Principal, at: datetime) -> Blocked:
    """Leave a safety event of a refused edit, after its transaction was undone."""
    approval = Approval.objects.select_related("draft__workspace", "draft__current").get(
        pk=approval_id
    )
    with transaction.atomic():
        events.record_verdict(no.verdict, action="edit", draft=approval.draft, by=by, at=at)
    return no


def _point_at(approval: Approval, revision: Revision) -> None:
    approval.revision, approval.digest, approval.edited = revision, revision.digest, True


def what_was_saved(before: Approval, saved: Approval, words: drafts.Text) -> str:
    """What became of an item whose words, time or both somebody saved."""
    if saved.digest == before.digest:
        if saved.scheduled_for == before.scheduled_for:
            return f"Nothing was changed: #{before.pk} has these words."
        return f"#{before.pk}: its time is saved; the text is the same."
    said = f"#{before.pk}: your edit is saved. It stays in the queue."
    if saved.revision.text != words.text:
        said += " The rules took words out of it: compare before you approve."
    return said
