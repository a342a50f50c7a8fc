"""What providers told and nobody has judged yet: nothing leaves to whom it may come from.

A webhook answers once its events are stored, and judges them for a few seconds: of a long one the
sweep does the rest. Until then an event is in no inbox, and may be a request to stop.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Q

from approvals.models import Approval
from channels import matching, settle
from channels.incoming import Incoming
from channels.models import Delivery, EventKind, ProviderEvent
from outreach.core import suppression
from outreach.core.models import Address, Channel, InboundMessage
from outreach.core.models.inbound import InboundKind, InboundStatus
from outreach.core.people import canonical

SPEAKS = (EventKind.MESSAGE, EventKind.UNSUBSCRIBED, EventKind.COMPLAINED)
MOST = 200  # of which each is looked at; behind more than that every message waits
IS_ANY = """EXISTS (SELECT 1 FROM provider_events e
  WHERE e.judged_at IS NULL AND e.kind IN ('message', 'unsubscribed', 'complained'))"""
CODE = "unread"
TOLD = "something that came in has yet to be read, and may be a request of theirs to stop"
SENTENCE = f"{TOLD.capitalize()}."
Key = tuple[str, str]


def among(rows: Sequence[Delivery]) -> set[int]:
    """Of these intents the approvals that wait, since an event nobody has judged may be theirs."""
    found = ProviderEvent.objects.filter(judged_at__isnull=True, kind__in=SPEAKS)
    events = list(found.order_by("pk")[: MOST + 1])
    if not events:
        return set()
    if len(events) > MOST:
        return {row.approval_id for row in rows}
    humans, keys = _told_of(events)
    theirs = _keys_of({row.human_id for row in rows})
    return {
        row.approval_id
        for row in rows
        if row.human_id in humans or keys & theirs.get(row.human_id, set())
    }


def against(approval: Approval) -> str:
    """Why no person sends it by hand now either: something of theirs that nobody has judged; empty
    where there is nothing."""
    human = canonical(approval.human)
    here = Q(person=human) | Q(person__merged_into=human)
    new = InboundMessage.objects.filter(here, status=InboundStatus.NEW, kind=InboundKind.MESSAGE)
    one = Delivery(approval=approval, human_id=human.pk)
    is_unread = new.exists() or among([one])
    return TOLD if is_unread else ""


def _told_of(events: Iterable[ProviderEvent]) -> tuple[set[int], set[Key]]:
    """Whose message of ours these speak of, and every form of the address they came from."""
    humans: set[int] = set()
    keys: set[Key] = set()
    for event in events:
        told = event.payload
        if event.kind == EventKind.MESSAGE:
            keys |= _keys(str(told.get("channel", "")), str(told.get("sender", "")))
            humans |= _whose_is_answered(told)
            continue
        channel = str(told.get("channel") or event.provider)
        channel = channel if channel in Channel.values else str(Channel.EMAIL)
        keys |= _keys(channel, str(told.get("recipient", "")))
        ids = {name: str(told.get(name, "")) for name in ("token", "provider_id", "message_id")}
        quoted = settle.quoted(channel, **ids)
        humans |= {quoted.approval.draft.person.human_id} if quoted else set()
    return humans, keys


def _whose_is_answered(told: dict[str, Any]) -> set[int]:
    """Another's mailbox may speak for whom our message went to, such as by its button."""
    try:
        draft = matching.answered(Incoming.from_dict(told))
    except (KeyError, TypeError, ValueError):  # it can never be judged: `aside` sees to it
        return set()
    return {draft.person.human_id} if draft else set()


def _keys_of(humans: set[int]) -> dict[int, set[Key]]:
    """Every form of each address of these human beings, on whatever record of theirs."""
    rows = Address.objects.filter(Q(person__in=humans) | Q(person__merged_into__in=humans))
    found: dict[int, set[Key]] = {}
    for row in rows.select_related("person"):
        found.setdefault(row.person.human_id, set()).update(_keys(row.channel, row.normalised))
    return found


def _keys(channel: str, written: str) -> set[Key]:
    """As it is written and as one mailbox; a number for calls is one that may write."""
    channel = str(Channel.WHATSAPP if channel == Channel.PHONE else channel)
    exact = [*matching.forms(channel, written), written]
    forms = {form for each in exact for form in (each, suppression.form_of(channel, each))}
    return {(channel, form) for form in forms if form}
