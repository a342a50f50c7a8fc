"""Asking for approval: the gate, the route, the tier and a new round, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction

from approvals import asking, auto, conflicts, rewriting, rounds, routing, tiers
from approvals.errors import Lost, Refused, Stale
from approvals.models import Approval
from approvals.rewriting import Rewrite
from outreach.core import activity, drafts, erasure, history, inbox, people
from outreach.core.models import Draft, Revision
from outreach.core.models.drafts import DraftStatus
from outreach.core.permissions import Verb, require
from outreach.core.principal import Principal
from safety import events, facts, gate
from safety.question import Facts
from safety.verdict import Level, Verdict, sentences

MAY_HAVE_LEFT = ("sending", "sent", "unknown", "manual")  # deliveries: nothing leaves twice


@dataclass(frozen=True, slots=True)
class Submission:
    """What became of a request: in the queue (`approval`), or kept as a draft with the reason."""

    draft: Draft
    approval: Approval | None
    verdict: Verdict
    route: routing.Route


def submit(
    draft_id: int,
    *,
    by: Principal,
    at: datetime,
    requested: str = "scheduled",
    notes: str = "",
    scheduled_for: datetime | None = None,
    is_due: bool = False,
) -> Submission:
    """Ask for approval. A blocked message stays `draft`, with findings and a safety event.

    With `is_due` the day it was planned for has come: it leaves as soon as it may after a yes, and
    nobody has to choose a new time for it. Raises Refused when the message is not a draft any more
    or the agent may not schedule, RoutingError where autopilot meets Safe Mode, NotAllowed without
    the right.
    """
    draft = _draft(draft_id)
    require(by, Verb.SUBMIT, draft.workspace)
    way = asking.route_of(draft, by, requested, at=at)
    with transaction.atomic():
        if scheduled_for is not None:
            draft.scheduled_for = scheduled_for
        draft.touch = history.touch_for(draft.person.human_id)
        _hold(draft, at)
        if is_due:
            draft.scheduled_for = None  # of what is asked for; the draft's row keeps its plan
        known = replace(facts.gather([draft], at=at)[draft.pk], by_kind=by.kind)
        asked_for = max(at, draft.scheduled_for or at)
        known, change = _polished(draft, known, asked_for, at)
        verdict, leaves_at = gate.earliest(known, gate.Moment.SUBMISSION, asked_for)
        if way.status != "draft":  # else nobody tries to reach them
            _rest_if_escalating(draft, verdict)
        if verdict.level is Level.BLOCK:
            _keep_as_draft(draft, verdict, by=by, at=at)
            return Submission(draft, None, verdict, way)
        if way.status == "draft":
            asking.log_route(draft, way, by=by, at=at, requested=requested, final="draft")
            return Submission(draft, None, verdict, way)
        try:
            drafts.move_one(draft, DraftStatus.PENDING_APPROVAL)
        except drafts.TextChanged as error:
            raise Lost(str(error)) from None
        approval, place = _open(draft, known, verdict, leaves_at, by=by, at=at, change=change)
        approval.notes = notes
        ruling = auto.consider(approval, way, place, by.agent, at=at)
        routed = asking.log_route(
            draft, way, by=by, at=at, requested=requested, final=ruling.final, kept=ruling.kept
        )
        open_way = asking.route_without_safe_mode(draft.workspace, by, requested)
        unseen = auto.shadow(approval, place, open_way)
        approval.routing = {**routed, "shadow": unseen}
        approval.save()
        told = activity.entry("approvals.requested", approval, digest=approval.digest)
        activity.record(told, by=by, at=at)
        auto.give(approval, ruling, leaves_at=leaves_at, at=at)
    return Submission(draft, approval, verdict, way)


def _polished(
    draft: Draft, known: Facts, asked_for: datetime, at: datetime
) -> tuple[Facts, Rewrite | None]:
    """The rewritten text, unless the message is blocked anyway: then its author's words stay."""
    verdict, _ = gate.earliest(known, gate.Moment.SUBMISSION, asked_for)
    if verdict.level is Level.BLOCK:
        return known, None
    return rewriting.polish(draft, known, at=at)


def decided(
    verdict: Verdict, change: Rewrite | None, known: Facts, *, at: datetime, leaves_at: datetime
) -> dict[str, Any]:
    """The decision stored with a round, the rewrite among its findings."""
    if change is None:
        return gate.as_decision(verdict, known, at=at, leaves_at=leaves_at)
    told = replace(verdict, findings=(change.finding(), *verdict.findings))
    return {
        **gate.as_decision(told, known, at=at, leaves_at=leaves_at),
        "rewrite": change.as_dict(),
    }


def _draft(draft_id: int) -> Draft:
    found = (
        Draft.objects.select_related(
            "workspace", "person__merged_into", "person__account", "current"
        )
        .filter(pk=draft_id)
        .first()
    )
    if found is None:
        raise Refused(f"There is no message {draft_id}.", "not_found")
    if found.status != DraftStatus.DRAFT:
        raise Refused(
            f"Message {draft_id} is {found.get_status_display().lower()}; only a draft can be "
            "submitted.",
            "not_a_draft",
        )
    return found


def _hold(draft: Draft, at: datetime) -> None:
    """Own the row for this transaction, as a draft: nothing is added to one that has ended.

    And with the text that was read before: a newer one has not been read by whoever asks. The
    person before the draft, as an erasure has them.
    """
    erasure.hold([draft.person_id, draft.person.human_id])
    same = Draft.objects.filter(pk=draft.pk, status=DraftStatus.DRAFT, current=draft.current)
    held = same.update(scheduled_for=draft.scheduled_for, touch=draft.touch, updated_at=at)
    if held != 1:
        now = Draft.objects.get(pk=draft.pk)
        if now.status == DraftStatus.DRAFT:
            raise Stale("Somebody changed the text meanwhile. Read it as it is now, then submit.")
        label = now.get_status_display().lower()
        raise Lost(f"This message is {label} by now; only a draft can be submitted.")
    if Approval.objects.filter(draft=draft, deliveries__status__in=MAY_HAVE_LEFT).exists():
        raise Refused("This message left already, or may have: write a new message.", "not_a_draft")


def _rest_if_escalating(draft: Draft, verdict: Verdict) -> None:
    """48 h from the first attempt refused because another platform was used (SPEC §4)."""
    for rest in verdict.cooling_off:
        if rest.cause == "cross_platform":
            human = people.canonical(draft.person)
            people.rest(human, rest.cause, at=rest.at, until=rest.until)


def _keep_as_draft(draft: Draft, verdict: Verdict, *, by: Principal, at: datetime) -> None:
    events.record_verdict(verdict, action="submit", draft=draft, by=by, at=at)
    reason = sentences(verdict.blockers)
    Draft.objects.filter(pk=draft.pk).update(status_reason=reason[:500])
    draft.status_reason = reason[:500]


def tier_of(
    draft: Draft,
    revision: Revision,
    verdict: Verdict,
    *,
    confidence: int | None,
    rewritten: bool,
) -> tiers.Tier:
    """How soon somebody should look at these words to this person, and why."""
    human = draft.person.merged_into or draft.person
    return tiers.tier(
        auto.circumstances(
            draft.workspace,
            verdict,
            confidence=confidence,
            first_message=draft.touch == "initial",
            met_on_channel=history.met(human.pk, draft.channel),
            ever_desisted=human.desisted_at is not None,
            conflict=conflicts.stands(draft, human.pk, conflicts.others_open([human.pk])),
            rewritten=rewritten or rewriting.is_ours(revision),
            alert=inbox.alerts_of([human.pk]).get(human.pk, ""),
            sent_before=rounds.was_sent_before(draft),
            **auto.of_text(revision, draft.workspace, draft.channel, draft.person),
        )
    )


def _open(
    draft: Draft,
    known: Facts,
    verdict: Verdict,
    leaves_at: datetime,
    *,
    by: Principal,
    at: datetime,
    change: Rewrite | None,
) -> tuple[Approval, tiers.Tier]:
    revision, person = draft.current, draft.person
    if revision is None:
        raise Refused("The message has no text yet.", "no_text")
    human = person.merged_into or person
    place = tier_of(
        draft, revision, verdict, confidence=revision.confidence, rewritten=change is not None
    )
    approval = Approval(
        workspace=draft.workspace,
        draft=draft,
        revision=revision,
        human=human,
        channel=draft.channel,
        touch=draft.touch,
        purpose=draft.purpose,
        digest=revision.digest,
        priority=place.priority,
        priority_reasons=list(place.reasons),
        confidence=revision.confidence,
        decision=decided(verdict, change, known, at=at, leaves_at=leaves_at),
        created_at=at,
        scheduled_for=draft.scheduled_for,
        not_before=leaves_at if leaves_at > at else None,
        expires_at=rounds.expiry(draft.workspace.approval_expiry_hours, at),
        **by.fields(),
    )
    return approval, place
