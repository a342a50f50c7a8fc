"""Reading intents afresh: each with its approval, words, workspace, and its approver's right."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any
from uuid import UUID

from django.db.models import Q

from approvals import taking
from approvals.models import Approval, ApprovalStatus
from channels import unread
from channels.models import Delivery
from outreach.core import sql
from outreach.core.models import Draft, InboundMessage, Revision, Touch, Workspace
from outreach.core.models.inbound import InboundKind, InboundStatus
from safety.law.table import COMMERCIAL

AUTO_APPROVED = ApprovalStatus.AUTO_APPROVED
# What the look, the envelope and the record need. Whatever else somebody asks of these rows is
# read then, one by one: that is for the few that do not leave.
_DELIVERY = ("id", "token", "attempt", "status", "since", "channel", "workspace_id", "human_id",
             "approval_id")  # fmt: skip
_APPROVAL = ("id", "status", "digest", "decision", "receipt", "decided_at", "heard", "send_before",
             "dry_run", "channel", "touch", "decided_by_id", "by_kind", "by_id", "workspace_id",
             "draft_id", "revision_id", "human_id")  # fmt: skip
_REVISION = ("id", "draft_id", "address", "subject", "text", "html", "attachments", "confidence",
             "by_kind")  # fmt: skip
_READ = ("id", "uuid", "channel", "touch", "purpose", "origin", "by_kind", "by_id", "workspace_id",
         "person_id", "status")  # fmt: skip
_DRAFT = (*_READ, "current_id")
_WORKSPACE = ("id", "own_words", "time_zone", "postal_address", "sender_name", "sender_address",
              "unsubscribe_address", "daily_quota", "approval_expiry_hours")  # fmt: skip
_PARTS = (("d", _DELIVERY), ("a", _APPROVAL), ("r", _REVISION), ("m", _READ), ("w", _WORKSPACE))
_ENDS = [0, *accumulate(len(names) for _, names in _PARTS)]
_COLUMNS = ", ".join(f"{alias}.{name}" for alias, names in _PARTS for name in names)
# Only what is still open and still ours.
INTENTS = """
SELECT {columns}, {unread}, {unjudged}, {may_approve}
FROM deliveries d
JOIN message_approvals a ON a.id = d.approval_id
JOIN message_revisions r ON r.id = a.revision_id
JOIN message_drafts m ON m.id = a.draft_id
JOIN workspaces w ON w.id = a.workspace_id
WHERE d.id IN ({intents}) AND d.status = 'sending' AND d.sender = %s
ORDER BY d.id
"""

# What came from them and nobody has judged yet may be a request to stop: its judge may have died.
UNJUDGED = """EXISTS (
  SELECT 1 FROM inbound_messages i JOIN people p ON p.id = i.person_id
  WHERE i.status = 'new' AND i.kind = 'message' AND d.human_id IN (p.id, p.merged_into_id))"""


def intents(
    claimed: Sequence[Delivery], *, sender: UUID
) -> tuple[list[Delivery], set[int], set[int], set[int]]:
    """These intents as they stand now, the approvals whose approver may still approve, those whose
    human being wrote what nobody has judged yet, and those of whom an event may tell that."""
    rows = sql.fetch(
        INTENTS,
        [*taking.DECIDING_ROLES, *[row.pk for row in claimed], sql.from_uuid(sender)],
        columns=_COLUMNS,
        unread=unread.IS_ANY,
        unjudged=UNJUDGED,
        may_approve=taking.MAY_STILL_APPROVE,
        intents=sql.marks(len(claimed)),
    )
    found = [_intent(row) for row in rows]
    _place(found, rows)
    entitled = {row.approval_id for row, values in zip(found, rows, strict=True) if values[-1]}
    unjudged = {row.approval_id for row, values in zip(found, rows, strict=True) if values[-2]}
    waiting = unread.among(found) if any(values[-3] for values in rows) else set()
    return found, entitled, unjudged, waiting


def heard_since(rows: Sequence[Delivery]) -> set[int]:
    """Approvals of answers, follow-ups and advertising whose human being wrote after the approval.

    Whoever approved had not read that message. What counts is that it came in later, not when it
    says it was written. One statement, and none where there is nothing of the kind.
    """
    asked: dict[int, list[Approval]] = {}
    for row in rows:
        if _continues(row.approval.draft):
            asked.setdefault(row.human_id, []).append(row.approval)
    if not asked:
        return set()
    came = InboundMessage.objects.filter(
        Q(person__in=asked) | Q(person__merged_into__in=asked), kind=InboundKind.MESSAGE
    ).select_related("person")
    return {
        approval.pk
        for message in came.only("status", "judged_at", "received_at", "person__merged_into")
        if message.person
        for approval in asked.get(message.person.human_id, ())
        if _came_after(message, approval)
    }


def _continues(draft: Draft) -> bool:
    """What history says it is counts as well: its author may call it what they like. So does
    advertising: a reviewer may have judged a follow-up as that (`purposes.advertise`)."""
    is_named = draft.origin.startswith("inbound:") or draft.purpose in COMMERCIAL
    return is_named or draft.touch != Touch.INITIAL


def _came_after(message: InboundMessage, approval: Approval) -> bool:
    """What nobody has judged yet has surely not been read, nor has what has a later number than
    all that had come by then. Machines' clocks differ, so time only adds to that: it finds what
    was known to be theirs later, such as what a colleague assigned to them."""
    if message.status == InboundStatus.NEW or approval.decided_at is None:
        return True
    if approval.heard is not None and message.pk > approval.heard:
        return True
    return (message.judged_at or message.received_at) > approval.decided_at


def _intent(values: tuple[Any, ...]) -> Delivery:
    of_delivery, of_approval, of_revision, of_draft, _ = (
        values[start:end] for start, end in pairwise(_ENDS)
    )
    revision = sql.instance(Revision, _REVISION, of_revision)
    revision.attachments = json.loads(revision.attachments)
    # Its words are those that were approved, whatever the draft points at.
    draft = sql.instance(Draft, _DRAFT, (*of_draft, revision.pk), current=revision)
    draft.uuid = sql.to_uuid(draft.uuid)
    approval = sql.instance(Approval, _APPROVAL, of_approval, revision=revision, draft=draft)
    approval.decision = json.loads(approval.decision)
    approval.receipt = json.loads(approval.receipt)
    approval.decided_at = sql.to_moment(approval.decided_at)
    approval.send_before = sql.to_moment(approval.send_before)
    approval.dry_run = bool(approval.dry_run)
    delivery = sql.instance(Delivery, _DELIVERY, of_delivery, approval=approval)
    delivery.token = sql.to_uuid(delivery.token)
    delivery.since = sql.to_moment(delivery.since)
    return delivery


def _place(found: Sequence[Delivery], rows: Sequence[tuple[Any, ...]]) -> None:
    """One row for all of a workspace: whole where the rules approved, for they ask its settings."""
    by_rule = {row.workspace_id for row in found if row.approval.status == AUTO_APPROVED}
    places = Workspace.objects.in_bulk(by_rule) if by_rule else {}
    for row, values in zip(found, rows, strict=True):
        approval = row.approval
        draft, place = approval.draft, approval.workspace_id
        if place not in places:
            known = sql.instance(Workspace, _WORKSPACE, values[_ENDS[-2] : _ENDS[-1]])
            places[place] = known
        approval.workspace = places[place]
        if draft.workspace_id == place:
            draft.workspace = places[place]
