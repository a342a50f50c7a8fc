"""Approval by rule, in an admin's name: only where every rule agrees, and only as long as it does.

An agent never decides: it proposes, and the rules of a workspace whose admin switched them on
answer. First contact, desist history and whatever asks for a person is never among it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from approvals import contradiction, greeting, hearsay, marks, quota_standing, receipt, rounds
from approvals.models import Approval, ApprovalStatus
from approvals.routing import Route
from approvals.tiers import Circumstances, Tier
from outreach.core import activity, drafts, footers, inbox
from outreach.core.models import Agent, Membership, Person, Role, User, Workspace
from outreach.core.models.drafts import DraftStatus, Revision
from outreach.core.principal import Principal
from safety import controls
from safety.contract.language import is_read
from safety.controls import Controls
from safety.models import ControlKey
from safety.verdict import Level, Verdict

RULE = Principal.system("auto-approval")
CODE = "not_automatic"
BRAKED = "auto-approval is stopped"
LEAST_VOICE = 60  # a text that fits its voice worse is always read by a person
rounds.REOPENED[CODE] = "Approved by rule, which the rules do not allow any more; please decide."


@dataclass(frozen=True, slots=True)
class Case:
    """What the rule looks at, the same at submission and at the door."""

    workspace: Workspace
    way: Route
    place: Tier
    confidence: int | None
    admin: User | None


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the rules say of one request. `kept`: why a direct one is reviewed all the same."""

    kept: str = ""
    admin: User | None = None
    state: Controls | None = None

    @property
    def final(self) -> str:
        return "pending_approval" if self.admin is None else "scheduled"


def circumstances(
    workspace: Workspace,
    verdict: Verdict,
    *,
    confidence: int | None,
    first_message: bool,
    met_on_channel: bool,
    ever_desisted: bool,
    conflict: bool,
    rewritten: bool,
    voice_score: int | None = None,
    alert: str = "",
    sent_before: bool = False,
    attached: bool = False,
    hidden: bool = False,
    unread: bool = False,
    greets_other: bool = False,
    contradicts: bool = False,
) -> Circumstances:
    """What the tier table looks at, from a verdict and the facts around it.

    `alert` is that of their last message to us (`core.inbox.alerts_of`).
    """
    return Circumstances(
        confidence=confidence,
        first_message=first_message,
        first_on_channel=not (first_message or met_on_channel),
        ever_desisted=ever_desisted,
        conflict=conflict,
        rewritten=rewritten,
        sent_before=sent_before,
        attached=attached,
        hidden=hidden,
        unread=unread,
        greets_other=greets_other,
        contradicts=contradicts,
        off_voice=voice_score is not None and voice_score < LEAST_VOICE,
        needs_person=verdict.level is Level.REVIEW,
        contains_pii=any(code.startswith("pii_") for code in verdict.codes),
        critical_alert=bool(alert) or any(code.startswith("complaints") for code in verdict.codes),
        review_first=workspace.require_approval_for_first_message,
        review_desist=workspace.require_approval_for_desist_history,
    )


def of_text(revision: Revision, place: Workspace, channel: str, person: Person) -> dict[str, Any]:
    """What the table looks at in the text itself; its workspace's own footer is nobody's words."""
    own = revision.text.removesuffix(footers.of(place, channel))
    return {
        "voice_score": revision.voice_score,
        "attached": bool(revision.attachments),
        "hidden": bool(marks.hidden(revision.subject, own, marks.shown_by(revision.html))),
        "unread": not is_read(revision.subject, own),
        "greets_other": bool(greeting.of(person, own)),
        "contradicts": bool(contradiction.of(revision, person)),
    }


def consider(
    approval: Approval, way: Route, place: Tier, agent: Agent | None, *, at: datetime
) -> Ruling:
    """Whether the rules approve this new round. Tells a direct one why they do not."""
    if way.status != "direct" or agent is None:
        return Ruling()
    workspace, state = approval.workspace, controls.read()
    admin = admins([workspace]).get(workspace.pk)
    kept = why_not(Case(workspace, way, place, approval.confidence, admin), state)
    if not kept and approval.scheduled_for is not None and approval.scheduled_for < at:
        kept = "the time asked for has passed"
    kept = kept or hearsay.of([approval.human_id]).get(approval.human_id, "")
    kept = kept or quota_standing.full(workspace, agent, at=at)
    if not kept:
        return Ruling("", admin, state)
    approval.priority_reasons = [*approval.priority_reasons, f"not automatic: {kept}"]
    return Ruling(kept)


def why_not(case: Case, state: Controls) -> str:
    """Why the rules do not approve this by themselves; empty when every one agrees."""
    workspace = case.workspace
    if workspace.safe_mode:
        return "Safe Mode is on"
    if case.way.status != "direct":
        return case.way.reason
    if not workspace.auto_approve_enabled:
        return "auto-approval is off in this workspace"
    if brake := state.sentence(ControlKey.AUTO_APPROVE_ENABLED, workspace.pk):
        return f"{BRAKED}: {brake}"
    if case.admin is None:
        return "no admin answers for automatic approvals in this workspace"
    if case.confidence is None or case.confidence < workspace.auto_approve_threshold:
        return f"confidence is below {workspace.auto_approve_threshold}"
    if not case.place.auto_eligible:
        return "; ".join(case.place.reasons)
    return ""


def untyped(kept: str) -> str:
    """The same without what a colleague typed when they set a brake, which may name anybody."""
    return BRAKED if kept.startswith(BRAKED) else kept


def shadow(approval: Approval, place: Tier, way: Route) -> dict[str, Any]:
    """What the rules would have said with Safe Mode off: kept with the round, decides nothing.

    `way` is the route without Safe Mode. Switches, brakes, quotas and whether an admin answers
    are left out: they belong to the day on which somebody switches Safe Mode off. `why` is a
    list of codes in words, empty where the rules would have approved.
    """
    if way.status != "direct":
        return {"would_approve": False, "why": [way.reason]}
    least = approval.workspace.auto_approve_threshold
    why = list(place.reasons[1:])
    if approval.confidence is None or approval.confidence < least:
        why.insert(0, f"confidence is below {least}")
    if not why and not place.auto_eligible:
        why = list(place.reasons)
    if not why:
        why = list(hearsay.of([approval.human_id]).values())
    return {"would_approve": not why, "why": why}


def admins(workspaces: Iterable[Workspace]) -> dict[int, User]:
    """Who answers in each workspace, as far as they are admins there now. One statement."""
    named = {place.pk: place.auto_approve_by_id for place in workspaces}
    rows = Membership.objects.filter(
        workspace__in=named, user__in=set(named.values()) - {None}, role=Role.ADMIN,
        user__is_active=True,
    ).select_related("user")  # fmt: skip
    return {row.workspace_id: row.user for row in rows if named[row.workspace_id] == row.user_id}


def give(approval: Approval, ruling: Ruling, *, leaves_at: datetime, at: datetime) -> None:
    """Where the rules say yes, say it to a stored pending round, in the caller's transaction."""
    admin, state = ruling.admin, ruling.state
    if admin is None or state is None:
        return
    workspace, wanted = approval.workspace, approval.scheduled_for
    hours = timedelta(hours=workspace.approval_expiry_hours)
    body = receipt.make(
        approval, decided_by_id=admin.pk, decided_at=at.isoformat(), decision=approval.decision
    )
    body.pop("seal")
    body["rule"] = {
        "threshold": workspace.auto_approve_threshold,
        "confidence": approval.confidence,
        "autonomy": approval.routing["policy_context"]["autonomy_mode"],
    }
    name = admin.get_full_name() or admin.get_username()
    fields = {
        "status": ApprovalStatus.AUTO_APPROVED,
        "decided_by": admin,
        "decided_by_label": f"SYSTEM for {name}"[:150],
        "decided_at": at,
        "heard": inbox.last_of(approval.draft.person),
        "due_at": max(at + timedelta(seconds=settings.APPROVAL_UNDO_SECONDS), wanted or at),
        "send_before": max(at, wanted or at, leaves_at) + hours,
        "dry_run": state.is_braking(ControlKey.DRY_RUN, workspace.pk),
        "receipt": {**body, "seal": receipt.seal(body)},
    }
    Approval.objects.filter(pk=approval.pk, status=ApprovalStatus.PENDING).update(**fields)
    for key, value in fields.items():
        setattr(approval, key, value)
    drafts.move_one(approval.draft, DraftStatus.APPROVED)
    told = activity.entry(
        "approvals.auto_approved", approval, digest=approval.digest, in_name_of=admin.pk,
        dry_run=approval.dry_run, receipt=approval.receipt["seal"], **body["rule"],
    )  # fmt: skip
    activity.record(told, by=RULE, at=at)
