"""Follow-up sequences on their way: the next touch is asked for on its day, and none after a reply.

Each touch is a draft from the beginning; only the one whose turn it is gets submitted, so that a
person who answers, or a reviewer who says no, ends the rest by their word.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import Error, transaction
from django.db.models import Q

from approvals import submission, taking
from approvals.errors import Refused
from approvals.quota import zone_of
from approvals.routing import RoutingError
from outreach.core import activity, drafts, history
from outreach.core.models import Contact, Draft, InboundMessage
from outreach.core.models.contacts import Direction
from outreach.core.models.drafts import DraftStatus
from outreach.core.models.inbound import InboundKind
from outreach.core.models.people import PersonStatus
from outreach.core.permissions import NotAllowed, Verb, require
from outreach.core.principal import Principal
from outreach.core.suppression import Place, suppressed_among
from safety import controls
from safety.contract.localtime import local
from safety.models import ControlKey
from workflows import outputs
from workflows.models import Artifact
from workflows.models.artifacts import ArtifactKind

logger = logging.getLogger(__name__)
KEEPER = Principal.system("sequences")
BATCH = 200
REASONS = {
    "answered": "They answered.",
    "desist": "They asked us to stop.",
    "blocked": "They are blocked.",
    "automation_off": "Automation is off for them.",
    "bounced": "Their address does not exist: a message of it came back.",
    "suppressed": "An address of it is on the suppression list: they complained, unsubscribed, or "
    "nobody has it.",
    "undelivered": "A message of it did not reach them, and the next ones speak of it.",
    "refused": "An earlier message of the sequence was rejected.",
    "merged": "They turned out to be somebody to whom another one goes already.",
    "done": "Every message of it was sent.",
}


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the sequences of one batch, read in a constant number of statements."""

    drafts: dict[int, Draft]
    sent_at: dict[int, datetime]
    heard_at: dict[int, datetime]
    answered: set[int]
    came_back: dict[int, str]
    suppressed: set[Place]
    yielding: set[int]  # sequences beside another one to the same human being, which goes on


def advance(*, at: datetime) -> dict[str, int]:
    """Look at every open sequence once; how many were ended, and how many touches asked for."""
    told = {"ended": 0, "submitted": 0}
    last = 0
    while True:
        rows = list(
            Artifact.objects.filter(kind=ArtifactKind.SEQUENCE, closed_at__isnull=True, pk__gt=last)
            .select_related("workspace", "person__merged_into", "run__agent")
            .order_by("pk")[:BATCH]
        )
        if not rows:
            return told
        known = _known(rows)
        for row in rows:
            last = row.pk
            try:
                _step(row, known, at, told)
            except Error:
                raise
            except Exception:  # it holds up no other: one of them may have been answered
                logger.exception("Sequence %s cannot be looked at; it waits.", row.pk)


def _known(rows: Sequence[Artifact]) -> Known:
    ids = [touch["draft"] for row in rows for touch in row.data["touches"]]
    humans = [row.person.human_id for row in rows if row.person]
    contacts = Contact.objects.filter(voided_at__isnull=True)
    inbound = contacts.filter(human__in=humans, direction=Direction.IN).order_by("at")
    heard = dict(inbound.values_list("human_id", "at"))
    sent = contacts.filter(draft__in=ids, direction=Direction.OUT).order_by("at")
    sent_at = dict(sent.values_list("draft_id", "at"))
    found = Draft.objects.select_related("current").in_bulk(ids)
    answers = InboundMessage.objects.filter(in_reply_to__in=ids, kind=InboundKind.MESSAGE)
    answered = set(answers.values_list("in_reply_to", flat=True))
    suppressed = suppressed_among({_place(draft) for draft in found.values()})
    back, twice = history.came_back(ids), _yielding(humans)
    return Known(found, sent_at, heard, answered, back, suppressed, twice)


def _yielding(humans: Sequence[int]) -> set[int]:
    """Of several open ones to somebody who was merged, all but the one that has come furthest."""
    theirs = Q(person__in=humans) | Q(person__merged_into__in=humans)
    found: dict[int, list[Artifact]] = defaultdict(list)
    rows = Artifact.objects.filter(theirs, kind=ArtifactKind.SEQUENCE, closed_at__isnull=True)
    for row in rows.filter(closed_reason="").select_related("person").order_by("pk"):
        if row.person:
            found[row.person.human_id].append(row)
    several = [each for each in found.values() if len(each) > 1]
    if not several:
        return set()
    ids = [touch["draft"] for each in several for row in each for touch in row.data["touches"]]
    sent = set(
        Draft.objects.filter(pk__in=ids, status=DraftStatus.SENT).values_list("pk", flat=True)
    )
    goes_on = {
        max(
            each, key=lambda row: (sum(t["draft"] in sent for t in row.data["touches"]), -row.pk)
        ).pk
        for each in several
    }
    return {row.pk for each in several for row in each} - goes_on


def _place(draft: Draft) -> Place:
    return draft.workspace_id, draft.channel, draft.current.address if draft.current else ""


def _step(row: Artifact, known: Known, at: datetime, told: dict[str, int]) -> None:
    reason = why_ended(row, known)
    if reason:
        with transaction.atomic():
            told["ended"] += close(row, reason, by=KEEPER, at=at)
        return
    _take_back(row, known, at)
    touch = due(row, known, at=at)
    if touch is not None and _submit(row, touch, at):
        told["submitted"] += 1


def why_ended(row: Artifact, known: Known) -> str:
    """A key of REASONS or a colleague's sentence, or empty while the sequence goes on."""
    if said := row.closed_reason:  # ended, but for a message that somebody held
        return next((key for key, sentence in REASONS.items() if sentence == said), said)
    person = row.person.merged_into or row.person if row.person else None
    if person is None or person.status != PersonStatus.ACTIVE:
        return person.status if person else "blocked"
    if not person.automation_enabled:
        return "automation_off"
    if row.pk in known.yielding:
        return "merged"
    heard = known.heard_at.get(person.pk)
    # An answer is one whatever its clock says, and whoever wrote it: an assistant, a successor.
    is_answered = any(touch["draft"] in known.answered for touch in row.data["touches"])
    if is_answered or (heard is not None and heard > row.created_at):
        return "answered"
    back = {known.came_back.get(touch["draft"], "") for touch in row.data["touches"]} - {""}
    if back:
        return "bounced" if history.HARD in back else "undelivered"
    written = (known.drafts.get(touch["draft"]) for touch in row.data["touches"])
    if any(draft and _place(draft) in known.suppressed for draft in written):
        return "suppressed"  # one complaint about a mail ends what would come by another way too
    statuses = [_status(known, touch) for touch in row.data["touches"]]
    if DraftStatus.REJECTED in statuses or "gone" in statuses:
        return "refused"
    return "done" if all(status == DraftStatus.SENT for status in statuses) else ""


def _status(known: Known, touch: dict[str, Any]) -> str:
    draft = known.drafts.get(touch["draft"])
    return draft.status if draft else "gone"


def due(row: Artifact, known: Known, *, at: datetime) -> dict[str, Any] | None:
    """The touch whose turn and day have come, if it is still nobody's."""
    before: datetime | None = None
    for touch in row.data["touches"]:
        draft = known.drafts[touch["draft"]]
        if draft.status == DraftStatus.SENT:
            before = known.sent_at.get(draft.pk, draft.updated_at)
            continue
        planned = datetime.fromisoformat(touch["at"])
        if before is not None:
            planned = max(planned, before + timedelta(days=touch["gap_days"]))
        # A reason on it means that a person returned it, or a rule refused it: theirs to mend.
        is_free = draft.status == DraftStatus.DRAFT and not draft.status_reason
        return touch if is_free and at >= planned and _is_workday(row, at) else None
    return None


def _is_workday(row: Artifact, at: datetime) -> bool:
    """On their clock: a message that left late moves the next one, and never onto a weekend."""
    zone = row.person.time_zone if row.person else ""
    return local(at, zone or str(zone_of(row.workspace))).weekday() < 5


def _take_back(row: Artifact, known: Known, at: datetime) -> None:
    """What was asked for on its day waits again where the message before it, said to be sent by
    hand, was not sent after all."""
    waiting = (DraftStatus.PENDING_APPROVAL, DraftStatus.APPROVED)
    statuses = [(touch["draft"], _status(known, touch)) for touch in row.data["touches"]]
    unsent = [(pk, status) for pk, status in statuses if status != DraftStatus.SENT]
    early = [pk for pk, status in unsent[1:] if status in waiting]
    if early and row.run.agent is not None:
        with transaction.atomic():
            taking.not_their_turn(early, of=row.run.agent, by=KEEPER, at=at)


def _submit(row: Artifact, touch: dict[str, Any], at: datetime) -> bool:
    """Ask for review of one touch in the agent's name, where the run was told to."""
    agent = row.run.agent
    if not row.run.options.get("submit") or agent is None:
        return False
    if controls.read().sentence(ControlKey.EMERGENCY_STOP, row.workspace_id):
        return False
    by = Principal.of_agent(agent, door="workflow")
    try:
        with outputs.only(("generate_draft",)):
            submission.submit(touch["draft"], by=by, at=at, is_due=True)
    except (Refused, RoutingError, NotAllowed) as error:
        logger.warning("Touch %s waits: %s", touch["no"], type(error).__name__)
        return False
    return True


def close(row: Artifact, reason: str, *, by: Principal, at: datetime) -> bool:
    """End what is left of it, with the reason on each draft. Needs a transaction.

    False where another closed it, or where somebody holds one of its rounds at this moment: then
    it stays open with its reason, and the next look ends the rest.
    """
    sentence = REASONS.get(reason, reason)
    held = Artifact.objects.filter(pk=row.pk, closed_at__isnull=True)
    if not held.update(closed_at=at, closed_reason=sentence[:200]):
        return False
    ids = [touch["draft"] for touch in row.data["touches"]]
    told = f"The follow-up sequence ended: {sentence}"
    if taking.end_for_drafts(ids, sentence=told, by=by, at=at):
        Artifact.objects.filter(pk=row.pk).update(closed_at=None)
        return False
    left = Draft.objects.filter(pk__in=ids, status=DraftStatus.DRAFT)
    drafts.move(left.values_list("pk", flat=True), DraftStatus.REJECTED, reason=told)
    code = reason if reason in REASONS else "by_hand"
    activity.record(activity.entry("workflows.sequence_ended", row, reason=code), by=by, at=at)
    return True


def ended_since(people: Collection[int], since: datetime) -> list[Artifact]:
    """Sequences to these records that something ended since then, before every message was sent."""
    rows = Artifact.objects.filter(kind=ArtifactKind.SEQUENCE, person__in=people)
    rows = rows.exclude(closed_reason__in=("", REASONS["done"])).select_related("person")
    return list(rows.filter(Q(closed_at__gte=since) | Q(closed_at=None)).order_by("pk"))


def stop(row: Artifact, *, by: Principal, at: datetime) -> None:
    """A colleague ends it: what was sent stays sent, the rest is never submitted."""
    require(by, Verb.RUN_WORKFLOWS, row.workspace)
    with transaction.atomic():
        close(row, f"Ended by {by.label}.", by=by, at=at)
