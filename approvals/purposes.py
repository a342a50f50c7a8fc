"""What a message is called, by whom, and which rules went by that; a reviewer may be stricter."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from approvals import items, rounds
from approvals.models import Approval
from approvals.rejudging import rejudge
from outreach.core import activity
from outreach.core.models import Draft, PrincipalKind, Purpose
from outreach.core.principal import Principal

CALLED = {
    Purpose.INFORMATIONAL: "informational",
    Purpose.PERSONAL: "personal",
    Purpose.FOLLOW_UP: "a follow-up",
    Purpose.WORK_UPDATE: "a work update",
    Purpose.TRANSACTIONAL: "transactional",
}


def told(approval: Approval, judged_as: str) -> str:
    """What an agent calls this and what the rules left out for it; `judged_as`: as the gate did.

    Empty where a colleague wrote it, or where it is judged as advertising whoever called it what.
    """
    draft = approval.draft
    called = CALLED.get(Purpose(draft.purpose))
    if draft.by_kind != PrincipalKind.AGENT or called is None or not judged_as:
        return ""
    who = f"The agent {draft.by_label}"
    if draft.template:
        who += f", by the template {draft.template},"
    if judged_as == Purpose.PROMOTIONAL:
        return f"{who} calls this {called}, but its words sell: it is judged as advertising."
    if judged_as == Purpose.FOLLOW_UP:
        return f"{who} calls this {called}, so what only advertising has to keep was not asked."
    return f"{who} calls this {called}, so the rules for advertising were not asked."


def advertise(approval_id: int, *, by: Principal, at: datetime, digest: str) -> Approval:
    """Have what still waits judged as advertising: only ever stricter, whatever its author said.

    Raises Refused, Stale, NotAllowed, or Lost where it was decided or has expired meanwhile.
    """
    with transaction.atomic():
        rounds.lock(Approval.objects.filter(pk=approval_id))
        approval = items.pending(approval_id, by, at)
        items.same_text(approval, digest)
        before, name = approval.draft.purpose, Purpose.PROMOTIONAL
        Draft.objects.filter(pk=approval.draft_id).update(purpose=name)
        Approval.objects.filter(pk=approval.pk).update(purpose=name)
        approval.purpose = approval.draft.purpose = name
        rejudge(approval, at=at)
        activity.record(
            activity.entry(
                "approvals.judged_as_advertising", approval, digest=approval.digest, before=before
            ),
            by=by, at=at,
        )  # fmt: skip
    return approval
