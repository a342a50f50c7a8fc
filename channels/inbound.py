"""Hearing what a person wrote: a request to stop takes effect before anything else is written down.

Replays have one effect: the contact is recorded last and once, so a crash in between repeats the
stop rather than losing it.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from approvals.models import Approval, ApprovalStatus, Priority
from approvals.rounds import UNTAKEN
from channels import stop
from outreach.core import activity, consent, people, suppression
from outreach.core.models import Channel, Consent, Contact, Person
from outreach.core.models.consent import Basis, SuppressionReason
from outreach.core.models.people import PersonStatus
from outreach.core.principal import Principal
from safety.contract.stop_request import StopRequest, detect_stop

INBOUND = Principal.system("inbound")
UNCLEAR = "unclear reply: a person must look"
SERVICE_WINDOW = timedelta(hours=24)  # in which WhatsApp lets us answer freely
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


def hear(person: Person, channel: str, text: str, *, at: datetime, key: str) -> Heard:
    """Take in one message from this person. `key` is the provider's id of it.

    Must not be called within a transaction: a stop commits by itself, at once.
    """
    name = _key(key)
    known = _known(name)
    request = _detect(text)
    if known is not None:
        return Heard(known, request.kind, request.text, is_new=False)
    wait_for: list[int] = []
    if request.kind == "stop":
        reason = f"asked us to stop by {channel}"
        wait_for = stop.stop_person(person, PersonStatus.DESIST, reason=reason, by=INBOUND, at=at)
    elif request.kind == "unclear":
        wait_for = _hold(person, at)
    with transaction.atomic():
        if request.kind == "stop":
            _forbid(person, channel, at)
        elif request.kind == "none" and channel == Channel.WHATSAPP:
            _note_inquiry(person, channel, at)
        contact, made = _record(person, channel, name, request.kind, at)
    return Heard(contact, request.kind, request.text, made, tuple(wait_for))


def _key(key: str) -> str:
    name = f"in:{key}"
    if len(name) <= LONGEST_KEY:
        return name
    return f"in:sha256:{hashlib.sha256(key.encode()).hexdigest()}"


def _known(name: str) -> Contact | None:
    return Contact.objects.filter(key=name).first()


def _detect(text: str) -> StopRequest:
    """A message that cannot be judged is unclear, never harmless."""
    try:
        return detect_stop(text)
    except Exception:
        logger.exception("An inbound message could not be searched for a request to stop.")
        return StopRequest("unclear")


def _hold(person: Person, at: datetime) -> list[int]:
    """Hold every message to this human until a person has looked, and bring theirs to the top."""
    human = Person.objects.get(pk=person.human_id)
    if human.automation_enabled:  # an older reason is not overwritten
        stop.set_automation(human, False, reason=UNCLEAR, by=INBOUND, at=at)
    ids = stop.human_ids(human)
    with transaction.atomic():
        rows = Approval.objects.filter(
            UNTAKEN | Q(status=ApprovalStatus.PENDING),
            human__in=ids,
            priority__lt=Priority.CRITICAL,
        ).select_for_update(of=("self",))
        for row in rows:
            row.priority = Priority.CRITICAL
            row.priority_reasons = [*row.priority_reasons, UNCLEAR]
            row.save(update_fields=["priority", "priority_reasons"])
    return ids


def _forbid(person: Person, channel: str, at: datetime) -> None:
    suppression.suppress_human(person, reason=SuppressionReason.STOP_REQUEST, by=INBOUND, at=at)
    consent.withdraw(person, reason=f"asked us to stop by {channel}", by=INBOUND, at=at)


def _note_inquiry(person: Person, channel: str, at: datetime) -> None:
    """Their own message is what lets us answer on WhatsApp, for a day."""
    human = people.canonical(person)
    standing = Consent.objects.filter(
        person=human,
        channel=channel,
        basis=Basis.INQUIRY,
        withdrawn_at__isnull=True,
        expires_at__gt=at,
    )
    if not standing.exists():
        consent.grant(
            human,
            channel,
            Basis.INQUIRY,
            source=f"their own message by {channel}",
            by=INBOUND,
            at=at,
            expires_at=at + SERVICE_WINDOW,
        )


def _record(
    person: Person, channel: str, key: str, kind: str, at: datetime
) -> tuple[Contact, bool]:
    contact, made = Contact.objects.get_or_create(
        key=key,
        defaults={
            "workspace_id": person.workspace_id,
            "human_id": person.human_id,
            "channel": channel,
            "direction": Contact.Direction.IN,
            "at": at,
        },
    )
    if made:
        entry = activity.entry("channels.heard", contact, channel=channel, kind=kind)
        activity.record(entry, by=INBOUND, at=at)
    return contact, made
