"""What the review page shows of one item: all a person needs to say yes or no. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from approvals import came_back, clocks, diff, greeting, marks, purposes, queue, receipt, rewriting
from approvals.about import about
from approvals.ahead import findings_of, outlook_of
from approvals.models import GIVEN, Approval, ApprovalStatus, Recheck
from approvals.plainly import pairs
from approvals.rounds import may_have_arrived
from outreach.core import footers, inbox, senders
from outreach.core.models import Revision
from safety import controls
from safety.named import counted, named

PRESETS = (
    "Too long: cut it to the one thing that matters to this person.",
    "Tone: make it plainer and friendlier, without pressure.",
    "A fact looks wrong: check it and name where it comes from.",
    "Wrong moment: this person has just heard from us; write again later.",
    "Wrong person: somebody else at this company should get this.",
)


PARTS = "PARTS_CHECK"  # the HTML part, which most people read, is not what the text says
SUPPRESSED = "SUPPRESSION_CHECK"
GRAVITY = ("fail", "warn", "info", "pass")
CLOSED = {
    "approver_lost_right": "the approver may not approve any more",
    "changes_requested": "changes were asked for",
    "dry_run_off": "dry run went off",
    "arrived_after_all": "it had arrived after all, the provider says",
    "edited": "the text was changed",
    "failed": "it could not be delivered",
    "emergency_stop": "an emergency stop",
    "heard_since": "they wrote after it was approved",
    "not_their_turn": "the message before it was not sent after all",
    "person_stopped": "the person was stopped",
    "pointless": "it could not be sent any more",
    "rejected": "it was rejected",
    "sender_changed": "who it comes from was changed",
    "sent_by_hand": "it was sent by hand",
    "suppressed": "the address was suppressed",
    "template_changed": "it would have left as another template",
    "unanswered": "nobody decided in time",
    "undone": "the approval was taken back",
    "unsent": "it was not sent in time",
    "withdrawn": "it was withdrawn",
}


def page(approval: Approval, *, at: datetime, state: controls.Controls) -> dict[str, Any]:
    """The template's context about this item. Needs a `queue.readable` row."""
    revision, person, story = approval.revision, approval.draft.person, queue.story_of(approval)
    outlook = outlook_of(approval, at=at, state=state)
    shown = findings_of(approval, outlook)
    human = person.merged_into or person
    ended = approval.decided_at or approval.closed_at or at
    return {
        "approval": approval,
        "revision": revision,
        "person": person,
        "human": human,
        **_before(approval, at=at),
        "composed": queue.ago(revision.created_at, at),
        "waiting": queue.span(ended - approval.created_at),
        **_words(approval, shown),
        "hidden": marks.hidden(
            revision.subject, revision.text, revision.address, marks.shown_by(revision.html)
        ),
        "source": marks.segments(revision.html),
        "long_subject": marks.long_subject(revision.subject),
        "incoming": list(inbox.beside(approval.draft)),
        "previous": _previous(revision),
        "outlook": outlook,
        "called": purposes.told(approval, outlook.judged_as) if outlook else "",
        "sent_before": may_have_arrived(approval),
        "came_back": came_back.told(approval),
        "confidence": queue.confidence_of(approval),
        "findings": [_finding(item) for item in sorted(shown, key=_gravity)],
        "suppressed": any(item.get("check") == SUPPRESSED for item in shown),
        "parts": [_part(item) for item in story.confidence_parts],
        "reasoning": _reasoning(story.reasoning, story.confidence_parts),
        "context": pairs(revision.context),
        "routing": approval.routing,
        "closed_because": closed_because(approval),
        "emergency": getattr(approval.draft, "emergency", None),
        "presets": PRESETS,
        "zone": clocks.zones_of(approval),
        "our_zone": clocks.workspace_zone(approval.workspace),
        **about(person, human, approval, at=at, state=state),
        **_after(approval, at=at),
    }


def _before(approval: Approval, *, at: datetime) -> dict[str, Any]:
    """Whether it waits for a decision, and how long still."""
    left = approval.expires_at - at
    pending = approval.status == ApprovalStatus.PENDING
    return {
        "pending": pending,
        "expired": pending and left <= timedelta(0),
        "expires_in": queue.span(left) if left > timedelta(0) else "",
        "closing": left < timedelta(hours=6),
    }


def _gravity(item: dict[str, Any]) -> int:
    """What a reader must see stands first; within it, the order of the checks."""
    status = str(item.get("status", ""))
    return GRAVITY.index(status) if status in GRAVITY else 0


def _finding(item: dict[str, Any]) -> dict[str, Any]:
    """A finding with the words it quotes, unless its sentence has them already."""
    words = str(item.get("text") or "")
    quote = "" if words in str(item.get("message", "")) else words
    told = {"private": marks.is_private(item), "quote": quote, "named": named(item)}
    return {**item, **told, "counted": counted(item)}


def closed_because(approval: Approval) -> str:
    """Why a round ended, in words; a gate's code that has none of its own is at least readable."""
    code = approval.closed_reason
    return CLOSED.get(code, code.replace("_", " "))


def told(
    approval: Approval, findings: list[dict[str, Any]]
) -> tuple[list[marks.Segment], list[marks.Segment]]:
    """Subject and text, with what was found in them."""
    revision = approval.revision
    text = marks.segments(revision.text, findings, edge=len(revision.text) - len(_foot(approval)))
    return marks.segments(revision.subject, findings), text


def _foot(approval: Approval) -> str:
    """What the text ends with as every e-mail of the workspace does; empty where it does not."""
    foot = footers.of(approval.workspace, approval.channel)
    return foot if foot and approval.revision.text.endswith(foot) else ""


def _own(approval: Approval, text: list[marks.Segment]) -> int:
    """How many of these segments are the author's words; all where the footer has a finding.

    To here a text must have been in sight before a key approves it.
    """
    foot, places, length = _foot(approval), len(text), 0
    while length < len(foot):
        places -= 1
        if text[places].finding:
            return len(text)
        length += len(text[places].text) or 1
    return places


def _words(approval: Approval, shown: list[dict[str, Any]]) -> dict[str, Any]:
    """The message in segments, the footer of every e-mail of the workspace apart."""
    subject, text = told(approval, shown)
    own = _own(approval, text)
    return {
        "sender": senders.shown(approval.workspace, approval.channel),
        "subject": subject,
        "text": text[:own],
        "footer": text[own:],
        "private": marks.any_private(subject, text),
        "greets": greeting.warning(approval.draft.person, approval.revision.text),
        "claims": rewriting.claim_of(approval),
        "unlike": [str(each.get("message", "")) for each in shown if each.get("check") == PARTS],
    }


def _previous(revision: Revision) -> dict[str, Any] | None:
    """The revision before this one and what changed since."""
    if revision.no == 1:
        return None
    older = (
        Revision.objects.filter(draft_id=revision.draft_id, no__lt=revision.no)
        .order_by("-no")
        .first()
    )
    if older is None:
        return None
    return {
        "revision": older,
        "subject": diff.compare(older.subject, revision.subject),
        "text": diff.compare(older.text, revision.text),
        "same": (older.subject, older.text) == (revision.subject, revision.text),
    }


def _after(approval: Approval, *, at: datetime) -> dict[str, Any]:
    """Receipt, deliveries and whether it can be taken back: shown, never decided by."""
    given = approval.status in GIVEN
    pending = approval.status == ApprovalStatus.PENDING  # nothing was delivered by it yet
    rows = [] if pending else approval.deliveries.order_by("-id")
    by_rule = approval.status == ApprovalStatus.AUTO_APPROVED
    untaken = given and approval.taken_at is None  # nothing left, and nothing is on its way
    looks = Recheck.objects.filter(approval=approval.pk, answered_at__isnull=False)
    return {
        "given": given,
        "receipt_holds": receipt.holds(approval) if approval.receipt else None,
        "receipt": receipt.told(approval),
        "again": _again(approval),
        "deliveries": [_delivery(row, approval, at) for row in rows],
        "second_look": looks.first() if by_rule else None,
        "can_undo": untaken,
        "can_hand_off": untaken,
    }


def _again(approval: Approval) -> Approval | None:
    """Where a message that came back to the queue waits now."""
    if approval.status != ApprovalStatus.WITHDRAWN:
        return None
    waits = Approval.objects.filter(draft=approval.draft_id, status=ApprovalStatus.PENDING)
    return waits.filter(pk__gt=approval.pk).first()


def _delivery(row: Any, approval: Approval, at: datetime) -> dict[str, Any]:
    """Its time by the clock that the outlook went by before."""
    evidence = row.evidence or {}
    told = evidence.get("would_leave_at")
    zones = clocks.zones_of(approval)
    leaves = clocks.their_time(datetime.fromisoformat(told), zones, at=at) if told else ""
    return {
        "row": row,
        "would_have_left": marks.segments(str(evidence.get("would_have_left", ""))),
        "would_leave_at": leaves,
        "would_be_blocked": evidence.get("would_be_blocked", []),
    }


def undoable(rows: Any, approval_id: str, *, user_id: int, at: datetime) -> Approval | None:
    """The approval this user has just given and may still take back by the banner."""
    if not approval_id.isdecimal() or len(approval_id) > 18:
        return None
    since = at - timedelta(seconds=settings.APPROVAL_UNDO_SECONDS)
    found: Approval | None = rows.filter(
        pk=approval_id,
        status__in=GIVEN,
        taken_at__isnull=True,
        decided_by_id=user_id,
        decided_at__gt=since,
    ).first()
    return found


def _reasoning(told: str, parts: Sequence[dict[str, Any]]) -> str:
    """Its author's reasoning, without what stands above it word for word: the parts, added up."""
    each = [f"{part.get('why')} ({part.get('points')} of {part.get('of')})" for part in parts]
    own, _, sums = told.rpartition("Confidence ")
    return own.rstrip() if each and sums.endswith(f" of 100: {'; '.join(each)}.") else told


def _part(item: dict[str, Any]) -> dict[str, Any]:
    """One part of the confidence, whatever its author called the fields."""
    name = next((item[key] for key in ("name", "label", "fact", "part") if item.get(key)), "")
    points = next((item[key] for key in ("points", "value", "score") if key in item), "")
    points = f"{points} of {item['of']}" if item.get("of") else points
    reason = next((item[key] for key in ("reason", "why", "explanation") if item.get(key)), "")
    return {"name": str(name).replace("_", " "), "points": points, "reason": reason}
