"""Whose message this is: by the message of ours it answers, then by the address it came from.

One number or mailbox may serve several workspaces. What quotes a message of ours belongs to its
workspace; else every workspace that knows the sender hears of it, so that no stop is missed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from channels import settle
from channels.incoming import Incoming
from outreach.core import suppression, workspaces
from outreach.core.addresses import BadAddress, normalise, other_form
from outreach.core.models import Address, Channel, Draft, Person, Workspace
from outreach.core.people import canonical

_UNSUBSCRIBE = re.compile(r"\W*unsubscribe\s+([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b", re.I)


@dataclass(frozen=True, slots=True)
class Match:
    """Where a message belongs: the workspace, who wrote it, and what it answers, if known."""

    workspace: Workspace
    person: Person | None = None  # the canonical row
    draft: Draft | None = None


def matches(incoming: Incoming, workspace: Workspace | None = None) -> list[Match]:
    """Every place this message belongs to, at least one; only `workspace` where it is given."""
    draft = answered(incoming, workspace)
    if draft is not None:
        known = _known(incoming, [draft.workspace_id])
        person = known[0].person if known else draft.person
        return [Match(draft.workspace, canonical(person), draft)]
    addressed = [workspace] if workspace else _addressed(incoming)
    known = _known(incoming, [place.pk for place in addressed] or None)
    if known:
        return [Match(row.workspace, canonical(row.person)) for row in known]
    places = _reported(incoming, addressed) or addressed[:1] or [workspaces.find("")]
    return [Match(place) for place in places]


def unsubscribes(subject: str) -> str:
    """The uuid of the message whose unsubscribe button wrote this mail; empty for none."""
    found = _UNSUBSCRIBE.match(subject)
    return found[1].lower() if found else ""


def forms(channel: str, sender: str) -> list[str]:
    """The written forms under which an address may be ours.

    Numbers of Mexico, Argentina and Brazil have a mobile digit that WhatsApp adds or leaves out.
    """
    try:
        form = normalise(channel, sender)
    except BadAddress:
        form = sender.strip() if channel == Channel.WHATSAPP else ""
    found = [form, other_form(channel, form)] if channel == Channel.WHATSAPP else [form]
    return [each for each in found if each]


def ways(
    workspace: Workspace, channel: str, sender: str, *, human: int | None
) -> list[tuple[str, str]]:
    """Each channel by which this sender's address may be brought anew: a number that writes is one
    that may be called, unless that is another's than this human being's."""
    written = forms(channel, sender) or [sender] * bool(sender.strip())
    found = [(channel, each) for each in written[:1]]
    if channel == Channel.WHATSAPP:
        rows = Address.objects.filter(workspace=workspace, channel=Channel.PHONE)
        rows = rows.filter(normalised__in=written).select_related("person")
        if all(row.person.human_id == human for row in rows):
            found += [(str(Channel.PHONE), each) for each in written[:1]]
    return found


def theirs(channel: str, sender: str) -> Q:
    """The addresses of a channel that reach this sender: each written form, and each mailbox that
    differs in the tag of a plus-address alone, as the suppression list has it."""
    written = forms(channel, sender)
    found = Q(normalised__in=written)
    if channel == Channel.EMAIL and written:
        found |= suppression.same_mailbox(sender)
    return found


def answered(incoming: Incoming, workspace: Workspace | None = None) -> Draft | None:
    """The message of ours that this one answers, if it quotes one."""
    rows = Draft.objects.select_related("workspace", "person__merged_into", "current")
    if workspace is not None:
        rows = rows.filter(workspace=workspace)
    if uuid := unsubscribes(incoming.subject):
        found = rows.filter(uuid=uuid, channel=incoming.channel).first()
        if found is not None:
            return found
    reported = (incoming.report.original,) if incoming.report else ()
    for number in (*incoming.answers, *reported):
        delivery = settle.quoted(incoming.channel, **_as_ids(incoming.channel, number))
        if delivery is None:
            continue
        found = rows.filter(pk=delivery.approval.draft_id).first()
        if found is not None:
            return found
    return None


def _as_ids(channel: str, number: str) -> dict[str, str]:
    both = {"message_id": number, "provider_id": number.strip("<>")}
    return both if channel == Channel.EMAIL else {"provider_id": number}


def _addressed(incoming: Incoming) -> list[Workspace]:
    """Workspaces one of whose own addresses this mail went to."""
    if not incoming.to:
        return []
    wanted = Q()
    for address in incoming.to:
        wanted |= Q(sender_address__iexact=address) | Q(unsubscribe_address__iexact=address)
    return list(Workspace.objects.filter(wanted).order_by("pk"))


def _reported(incoming: Incoming, addressed: list[Workspace]) -> list[Workspace]:
    """Workspaces that know whom a report is about, where it names no message: one mailbox may take
    in the reports of several."""
    report = incoming.report
    told = [report.complainant, *(each.recipient for each in report.failures)] if report else []
    known: set[int] = set()
    for address in filter(None, told):
        rows = anywhere(incoming.channel, address, [incoming.channel])
        known |= set(rows.values_list("workspace", flat=True))
    if addressed:
        return [place for place in addressed if place.pk in known]
    return list(Workspace.objects.filter(pk__in=known).order_by("pk"))


def senders(channel: str, sender: str) -> QuerySet[Address]:
    """Every address, in whatever workspace, by which we may know this sender."""
    channels = [channel, Channel.PHONE] if channel == Channel.WHATSAPP else [channel]
    return anywhere(channel, sender, channels).select_related("workspace", "person__merged_into")


def anywhere(channel: str, sender: str, channels: Iterable[str]) -> QuerySet[Address]:
    """Their addresses in every workspace. It is asked for by workspace, as the index begins."""
    return Address.objects.filter(
        theirs(channel, sender), channel__in=list(channels), workspace__in=Workspace.objects.all()
    )


def nearest(rows: Iterable[Address], channel: str, sender: str) -> list[Address]:
    """Who has the very address, if anybody has it; else whoever has it in another form."""
    found, written = list(rows), forms(channel, sender)[:1]
    return [row for row in found if row.normalised in written] or found


def _known(incoming: Incoming, places: Iterable[int] | None) -> list[Address]:
    """One address row per workspace that knows the sender."""
    rows = senders(incoming.channel, incoming.sender)
    if places is not None:
        rows = rows.filter(workspace__in=list(places))
    found: dict[int, Address] = {}
    for row in sorted(rows, key=lambda row: (*_farness(row, incoming), row.pk)):
        found.setdefault(row.workspace_id, row)
    return list(found.values())


def _farness(row: Address, incoming: Incoming) -> tuple[bool, bool]:
    """Who has the very address they wrote from comes before who has it in another form."""
    written = forms(incoming.channel, incoming.sender)[:1]
    return row.channel != incoming.channel, row.normalised not in written
