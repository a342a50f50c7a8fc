"""Hearing what a person wrote: a request to stop takes effect before anything else is written down.

Replays have one effect: the contact is recorded last and once, so a crash in between repeats the
stop rather than losing it.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from approvals.models import Approval, ApprovalStatus, Priority
from approvals.rounds import UNTAKEN
from channels import stop
from outreach.core import activity, consent, opt_outs, people
from outreach.core.models import Channel, Consent, Contact, InboundMessage, Person
from outreach.core.models.consent import Basis, SuppressionReason
from outreach.core.models.people import PersonStatus
from outreach.core.principal import Principal
from safety.contract.foreign import foreign
from safety.contract.stop_request import StopRequest, detect_stop, is_faint

INBOUND = Principal.system("inbound")
UNCLEAR = "unclear reply: a person must look"
BESIDE = "; off already: "
SERVICE_WINDOW = timedelta(hours=24)  # in which WhatsApp lets us answer freely
RENEW = timedelta(hours=1)  # a window is renewed when that makes it longer by so much
LONGEST_KEY = 80
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Heard:
    """What an inbound message was taken for: "stop", "unclear" or "none".

    `is_new` is False for a replay, which did nothing. `wait_for` are the person ids whose messages
    may still be in flight: a stop is complete when `quiet.wait` over them says so.
    """

    contact: Contact
    kind: str
    quote: str = ""
    is_new: bool = True
    wait_for: tuple[int, ...] = ()


def hear(
    person: Person,
    channel: str,
    text: str,
    *,
    at: datetime,
    key: str,
    written_at: datetime | None = None,
    request: StopRequest | None = None,
) -> Heard:
    """Take in one message from this person. `key` is the provider's id of it.

    `at` is now; `written_at` their time, which counts for windows and history. `request` is
    given where the text was judged already. Must not be called within a transaction: a stop
    commits by itself, at once.
    """
    name = contact_key(key)
    known = _known(name)
    asked = request or judge_text(text)
    if known is not None:
        return Heard(known, asked.kind, asked.text, is_new=False)
    when = min(written_at or at, at)
    wait_for: list[int] = []
    if asked.kind == "stop":
        reason = f"asked us to stop by {Channel(channel).label}"
        wait_for = stop.stop_person(person, PersonStatus.DESIST, reason=reason, by=INBOUND, at=at)
    elif asked.kind == "unclear":
        wait_for = hold(person, UNCLEAR, at=at)
    with transaction.atomic():
        if asked.kind == "stop":
            forbid(person, channel, by=INBOUND, at=at)
        elif asked.kind == "none" and channel == Channel.WHATSAPP and when + SERVICE_WINDOW > at:
            _note_inquiry(person, channel, at, when)
        contact, made = _record(person, channel, name, asked.kind, at, when)
    return Heard(contact, asked.kind, asked.text, made, tuple(wait_for))


def key_of(row: InboundMessage) -> str:
    """The `key` under which this stored message is heard."""
    return f"{row.workspace_id}:{row.key}"


def contact_key(key: str) -> str:
    """By which the contact of this message is known."""
    name = f"in:{key}"
    if len(name) <= LONGEST_KEY:
        return name
    return f"in:sha256:{hashlib.sha256(key.encode()).hexdigest()}"


def _known(name: str) -> Contact | None:
    return Contact.objects.filter(key=name).first()


def unsubscribed(person: Person, channel: str, *, at: datetime) -> list[int]:
    """They pressed a provider's unsubscribe button; returns ids to `wait` for. Harmless twice."""
    reason = f"unsubscribed by {Channel(channel).label}"
    ids = stop.stop_person(person, PersonStatus.DESIST, reason=reason, by=INBOUND, at=at)
    with transaction.atomic():
        opt_outs.suppress_human(person, reason=SuppressionReason.UNSUBSCRIBE, by=INBOUND, at=at)
        consent.withdraw(person, reason=reason, by=INBOUND, at=at)
    return ids


def judge_text(text: str, *, is_their_own: bool = True, beside: bool = False) -> StopRequest:
    """A message that cannot be judged is unclear, never harmless: nor is one in a language that
    has no rules, where these words are certain to be theirs. `beside` as `detect_stop` says it."""
    try:
        found = detect_stop(text, beside=beside)
        if not is_their_own and foreign(text):
            # What was learnt knows no language but its own, and a stop suppresses for good.
            found = StopRequest("none") if is_faint(text) else replace(found, kind="unclear")
        strange = foreign(text) if found.kind == "none" and is_their_own else ""
    except Exception:
        logger.exception("An inbound message could not be searched for a request to stop.")
        return StopRequest("unclear")
    return StopRequest("unclear", text=strange) if strange else found


def hold(person: Person, reason: str, *, at: datetime) -> list[int]:
    """Hold every message to this human until a person has looked, and bring theirs to the top."""
    human = Person.objects.get(pk=person.human_id)
    older = "" if human.automation_enabled else human.automation_disabled_reason
    if human.automation_enabled or reason not in older:
        # Beside an older reason, so that neither whoever ends that one nor a merge taken back
        # lets go of this one unseen.
        why = f"{reason}{BESIDE}{older}" if older else reason
        stop.set_automation(human, False, reason=why, by=INBOUND, at=at)
    return to_the_top(human, reason, at=at)


def reasons_of(human: Person) -> list[str]:
    """Each reason for which automation is off for this human or on a merged record of theirs."""
    records = Person.objects.filter(Q(pk=human.pk) | Q(merged_into=human), automation_enabled=False)
    told = records.order_by("pk").values_list("automation_disabled_reason", flat=True)
    return list(dict.fromkeys(each for reason in told for each in reason.split(BESIDE)))


def let_go(person: Person, reason: str, *, by: Principal, at: datetime) -> list[str]:
    """End the hold for this reason alone; returns the others, for which it stays."""
    human = Person.objects.get(pk=person.human_id)
    held = reasons_of(human)
    left = [each for each in held if each != reason]
    if reason in held:
        stop.set_automation(human, not left, reason=BESIDE.join(left), by=by, at=at)
    return left


def to_the_top(person: Person, reason: str, *, at: datetime) -> list[int]:
    """Make what waits or is approved for this human critical; returns the ids of their records.

    The log tells of it, and from there the chat: who reviews has seen these as something less.
    """
    ids = stop.human_ids(person)
    with transaction.atomic():
        rows = Approval.objects.filter(
            UNTAKEN | Q(status=ApprovalStatus.PENDING),
            human__in=ids,
            priority__lt=Priority.CRITICAL,
        )
        for row in rows.order_by("pk").select_for_update(of=("self",)):
            row.priority = Priority.CRITICAL
            row.priority_reasons = [*row.priority_reasons, reason]
            row.save(update_fields=["priority", "priority_reasons"])
            raised = activity.entry("approvals.raised", row, digest=row.digest)
            activity.record(raised, by=INBOUND, at=at)
    return ids


def forbid(person: Person, channel: str, *, by: Principal, at: datetime) -> None:
    """Close every address of whoever asked us to stop, and end what they agreed to."""
    opt_outs.suppress_human(person, reason=SuppressionReason.STOP_REQUEST, by=by, at=at)
    reason = f"asked us to stop by {Channel(channel).label}"
    consent.withdraw(person, reason=reason, by=by, at=at)


def _note_inquiry(person: Person, channel: str, at: datetime, written_at: datetime) -> None:
    """Their own message is what lets us answer on WhatsApp, for a day."""
    human = people.canonical(person)
    standing = Consent.objects.filter(
        person=human,
        channel=channel,
        basis=Basis.INQUIRY,
        withdrawn_at__isnull=True,
        expires_at__gt=written_at + SERVICE_WINDOW - RENEW,
    )
    ended = consent.withdrawn_since(human, channel, written_at)  # events come in any order
    if ended is None and not standing.exists():
        consent.grant(
            human,
            channel,
            Basis.INQUIRY,
            source=f"their own message by {Channel(channel).label}",
            by=INBOUND,
            at=at,
            given_at=written_at,
            expires_at=written_at + SERVICE_WINDOW,
        )


def _record(
    person: Person, channel: str, key: str, kind: str, at: datetime, written_at: datetime
) -> tuple[Contact, bool]:
    contact, made = Contact.objects.get_or_create(
        key=key,
        defaults={
            "workspace_id": person.workspace_id,
            "human_id": person.human_id,
            "channel": channel,
            "direction": Contact.Direction.IN,
            "at": written_at,
        },
    )
    if made:
        entry = activity.entry("channels.heard", contact, channel=channel, kind=kind)
        activity.record(entry, by=INBOUND, at=at)
    return contact, made
