"""What a colleague does with a message in the inbox: say who wrote it, and draft an answer."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from channels import inbound, matching, receiving, stop
from outreach.core import drafts, inbox, people, suppression
from outreach.core.addresses import BadAddress
from outreach.core.inbox import InboxRefused
from outreach.core.models import Address, Channel, Draft, InboundMessage, Person, Purpose
from outreach.core.models.inbound import InboundStatus, Verdict
from outreach.core.models.people import PersonStatus
from outreach.core.people import PersonRefused
from outreach.core.permissions import Verb, require
from outreach.core.principal import Principal


def assign(message_id: int, person: Person, *, by: Principal, at: datetime) -> InboundMessage:
    """This person wrote it: their address is theirs from now on, and it is judged as theirs.

    Must not be called within a transaction: a request to stop commits by itself, at once.
    """
    message = InboundMessage.objects.select_related("workspace").get(pk=message_id)
    with transaction.atomic():
        inbox.assigned(message, people.canonical(person), by=by, at=at)
        try:
            people.add_address(message.workspace, person, message.channel, message.sender, at=at)
        except PersonRefused as taken:
            raise InboxRefused(str(taken)) from None
        except BadAddress:
            pass  # such as a mail that named no sender
    receiving.judge(message, at=at)
    return message


def now_theirs(message: InboundMessage) -> list[Person]:
    """Who has the address by now that this came from, while nobody has said who wrote it."""
    return now_theirs_among([message]).get(message.pk, [])


def now_theirs_among(messages: Iterable[InboundMessage]) -> dict[int, list[Person]]:
    """The same of many, by message; one statement, or none where each has its person."""
    asked = [row for row in messages if row.person_id is None]
    wanted = Q()
    for row in asked:
        theirs = matching.theirs(row.channel, row.sender)
        wanted |= Q(theirs, workspace=row.workspace_id, channel=row.channel)
    if not asked:
        return {}
    known = Address.objects.filter(wanted).select_related("person__merged_into", "person__account")
    found: dict[int, list[Person]] = {}
    addresses = list(known.order_by("pk"))
    for row in asked:
        people_of = {each.person.human_id: each.person for each in addresses if _is(each, row)}
        found[row.pk] = [people.canonical(each) for each in people_of.values()]
    return found


def _is(known: Address, message: InboundMessage) -> bool:
    """Whether this came from the address, as `matching.theirs` asks the database."""
    if (known.workspace_id, known.channel) != (message.workspace_id, message.channel):
        return False
    if known.normalised in matching.forms(message.channel, message.sender):
        return True
    same = suppression.form_of(Channel.EMAIL, message.sender)
    return known.channel == Channel.EMAIL and same == suppression.form_of(
        Channel.EMAIL, known.normalised
    )


def draft_answer(
    message_id: int, words: drafts.Text, *, by: Principal, at: datetime, purpose: str = ""
) -> Draft:
    """A draft that answers this message on its channel, tied to it. Nothing is submitted."""
    message = InboundMessage.objects.select_related("workspace", "person").get(pk=message_id)
    if message.person is None:
        raise InboxRefused("Say who wrote this first: an answer needs a person.")
    with transaction.atomic():
        draft = drafts.write(
            message.workspace,
            message.person,
            message.channel,
            words,
            by=by,
            at=at,
            purpose=purpose or Purpose.INFORMATIONAL,
            address=_address(message),
            origin=f"inbound:{message.pk}",
        )
        inbox.answered(message, draft, by=by, at=at)
    return draft


def may_ask_to_stop(human_id: int, *, besides: int) -> QuerySet[InboundMessage]:
    """What else of this human nobody has said yet whether it asks us to stop; or it is unread."""
    theirs = Q(person_id=human_id) | Q(person__merged_into_id=human_id)
    unsaid = Q(status=InboundStatus.NEW)
    unsaid |= Q(status=InboundStatus.NEEDS_PERSON, verdict=Verdict.UNCLEAR)
    return InboundMessage.objects.filter(theirs, unsaid).exclude(pk=besides).order_by("id")


def asks_to_stop(
    message: InboundMessage, person: Person, *, by: Principal, at: datetime
) -> list[int]:
    """It does ask us to stop: all follows as if it had been heard. Returns whose stop to watch.

    The stop first, which commits by itself. Harmless twice; not within a transaction.
    """
    reason = f"asked us to stop by {message.get_channel_display()}"
    stopped = stop.stop_person(person, PersonStatus.DESIST, reason=reason, by=by, at=at)
    with transaction.atomic():
        inbound.forbid(person, message.channel, by=by, at=at)
    with suppress(InboxRefused):  # it was handled meanwhile, or before
        inbox.handle(message.pk, by=by, at=at, reason=f"{by.label} read it: a request to stop")
    return stopped


def go_on(message_id: int, *, by: Principal, at: datetime) -> str:
    """It does not ask us to stop: it holds them no more. Returns what still does, in words.

    Must not be called within a transaction.
    """
    message = InboundMessage.objects.select_related("workspace", "person").get(pk=message_id)
    if message.person is None or message.verdict != Verdict.UNCLEAR:
        raise InboxRefused("This message holds nobody.")
    require(by, Verb.STOP_PERSON, message.workspace)
    if message.status in inbox.OPEN:
        said = f"{by.label} read it: no request to stop"
        inbox.handle(message.pk, by=by, at=at, reason=said)
    others = may_ask_to_stop(message.person.human_id, besides=message.pk)
    if not others.exists():
        left = inbound.let_go(message.person, inbound.UNCLEAR, by=by, at=at)
        if not others.exists():
            return "; ".join(left)
        inbound.hold(message.person, inbound.UNCLEAR, at=at)  # it came in between
    return f"another message of theirs may ask us to stop as well ({others[0].pk})"


def _address(message: InboundMessage) -> str:
    """The address they wrote from, where it is known as theirs; else none is named here."""
    forms = matching.forms(message.channel, message.sender)
    rows = Address.objects.filter(
        matching.theirs(message.channel, message.sender),
        workspace=message.workspace_id,
        channel=message.channel,
    ).select_related("person")
    known = [row for row in rows if row.person.human_id == message.person_id]
    known.sort(key=lambda row: row.normalised not in forms)
    return known[0].normalised if known else ""
