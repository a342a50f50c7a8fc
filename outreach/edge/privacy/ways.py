"""By which addresses one human being is or was reached, and what came from them as a stranger."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Q

from outreach.core import suppression
from outreach.core.addresses import BadAddress, normalise, other_form
from outreach.core.models import Address, Channel, InboundMessage, Person, Revision
from outreach.core.models.inbound import InboundKind

Way = tuple[str, str]  # channel, address
NUMBERED = (Channel.PHONE, Channel.WHATSAPP)
REPORTS = (InboundKind.BOUNCE, InboundKind.COMPLAINT)


def known(records: Iterable[Person], workspace_id: int, people: list[int]) -> tuple[Way, ...]:
    """Every address of theirs, also those a message went to or came from."""
    return _not_of_others(_both(_ways(records, people)), workspace_id, people)


def _ways(records: Iterable[Person], people: list[int]) -> Iterable[Way]:
    for channel, form, raw in Address.objects.filter(person__in=people).values_list(
        "channel", "normalised", "raw"
    ):
        yield channel, form
        yield channel, raw
    for each in records:
        if each.profile_url:
            yield Channel.LINKEDIN, each.profile_url
    sent = Revision.objects.filter(draft__person__in=people).exclude(address="")
    yield from sent.values_list("draft__channel", "address").distinct().order_by("address")
    # The sender of a delivery report is a mail server, and that is nobody's.
    heard = InboundMessage.objects.filter(person__in=people, kind=InboundKind.MESSAGE)
    yield from (
        heard.exclude(sender="").values_list("channel", "sender").distinct().order_by("sender")
    )


def _both(ways: Iterable[Way]) -> Iterable[Way]:
    """A number that is called is one that has WhatsApp, and may be brought anew as that."""
    found = list(ways)
    numbers = [suppression.form_of(channel, each) for channel, each in found if channel in NUMBERED]
    return dict.fromkeys([*found, *((channel, each) for each in numbers for channel in NUMBERED)])


def _not_of_others(ways: Iterable[Way], workspace_id: int, people: list[int]) -> tuple[Way, ...]:
    """Without addresses that are another person's by now, in whatever letters."""
    found = {way: _normal(*way) for way in ways}
    taken = _taken_by_others(workspace_id, found.values(), people)
    return tuple(way for way, normal in found.items() if normal not in taken)


def _taken_by_others(workspace_id: int, ways: Iterable[Way], people: list[int]) -> set[Way]:
    rows = Address.objects.filter(
        workspace=workspace_id, normalised__in={address for _, address in ways}
    )
    return set(rows.exclude(person__in=people).values_list("channel", "normalised"))


def _normal(channel: str, address: str) -> Way:
    """As an address of that channel is stored; what is none as it is."""
    try:
        return channel, normalise(channel, address)
    except BadAddress:
        return channel, address


def heard(workspace_id: int, ways: Iterable[Way], people: list[int]) -> tuple[int, ...]:
    """Messages of nobody that came from one of these, in another form of it as well, unless that
    is somebody else's; and what a mail server told of none but these."""
    came, theirs = Q(pk__in=[]), {_normal(*way) for way in ways}
    for channel, address in ways:
        for form in {address, *suppression.forms_of(channel, address)}:
            came |= Q(channel=channel, sender__iexact=form)
        if channel == Channel.EMAIL:  # with any tag, as `matching` knows a sender
            local, _, domain = suppression.form_of(channel, address).rpartition("@")
            tagged = Q(sender__istartswith=f"{local}+", sender__iendswith=f"@{domain}")
            came |= tagged & Q(channel=channel)
    strays = InboundMessage.objects.filter(workspace=workspace_id, person__isnull=True)
    senders = {
        pk: _normal(*way) for pk, *way in strays.filter(came).values_list("pk", "channel", "sender")
    }
    taken = _taken_by_others(workspace_id, senders.values(), people)
    reports = strays.filter(kind__in=REPORTS).values_list("pk", "channel", "details")
    told = {pk: _told_of(channel, details) for pk, channel, details in reports.order_by("pk")}
    return (
        *(pk for pk, way in senders.items() if way not in taken),
        *(pk for pk, of in told.items() if of and of <= theirs and pk not in senders),
    )


def _told_of(channel: str, details: dict[str, Any]) -> set[Way]:
    """Whom a mail server's report names."""
    report = details.get("report") or {}
    told = [report.get("complainant"), *(each["recipient"] for each in report.get("failures", ()))]
    return {_normal(channel, each) for each in told if each}


def written(ways: Iterable[Way]) -> list[str]:
    """Addresses as texts have them: profiles with and without their host, numbers without a +."""
    found = []
    for channel, address in ways:
        found.append(address)
        if channel == Channel.LINKEDIN:
            found.append(address.partition("://")[2].removeprefix("www.").rstrip("/"))
        if channel in NUMBERED:
            other = other_form(channel, address)
            found += [other, other.removeprefix("+"), address.removeprefix("+")]
    return found
