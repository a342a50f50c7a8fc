"""The demo's people, through the real importer, and a little past for some of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction

from channels import receiving
from channels.incoming import Incoming
from outreach.core import importing, inbox, people, person_editing
from outreach.core.importing import places
from outreach.core.models import Address, Channel, Contact, Person, Workspace
from outreach.core.models.inbound import InboundStatus
from outreach.core.models.people import PersonStatus
from outreach.core.principal import Principal

MARK = "demo: "
HERE = Path(__file__).parent
GUESTS = HERE / "Event-guests.csv"
CONNECTIONS = HERE.parent / "samples" / "Connections.csv"


@dataclass(frozen=True, slots=True)
class Past:
    """Something that happened to one of them, some days ago."""

    address: str
    what: str  # wrote_to_us | asked_to_stop | automation_off
    days: int
    reason: str = ""
    subject: str = ""
    text: str = ""


PAST = (
    Past(
        "isabella.rossi@example.com",
        "wrote_to_us",
        1,
        subject="A question about the guest lists",
        text="Hello Mira,\n\nCan the guest lists of several evenings be kept in one place? We "
        "would still like to print each evening by itself.\n\nBest wishes,\nIsabella",
    ),
    Past(
        "beatriz.carvalho@example.org",
        "wrote_to_us",
        120,
        "She expects no answer.",
        subject="Thank you",
        text="Dear Mira,\n\nIt was good to meet you at the fair. Your notes on the harvest were "
        "useful to us.\n\nBeatriz",
    ),
    Past(
        "yuki.hayashi@example.org",
        "wrote_to_us",
        150,
        "She expects no answer.",
        subject="The minutes",
        text="Hello Mira,\n\nThe minutes arrived, thank you. We will look at them on Friday."
        "\n\nYuki",
    ),
    Past("priya.raghunathan@example.org", "asked_to_stop", 40, "Too many newsletters."),
    Past("chloe.tremblay@example.com", "automation_off", 10, "Prefers to be called."),
)
# Where the company's form or language tells it; whom nothing tells of stays without.
COUNTRIES = {
    "CA": ["chloe.tremblay@example.com"],
    "DE": ["hannelore.brandt@example.com"],
    "FR": ["jean.pierre.delacroix@example.com", "elodie.marchand@example.org"],
    "IE": ["siobhan.ni.dhuibhir@example.com"],
    "IT": ["isabella.rossi@example.com", "giulia.d.amico@example.org"],
    "JP": ["yuki.hayashi@example.org"],
    "KR": ["min.jun.baek@example.com"],
    "NL": ["zoe.van.den.berg@example.com", "noor.van.der.meer@example.org"],
    "NO": ["lars.nygard@example.com"],
    "NZ": ["te.rangi.henare@example.org"],
    "PL": ["katarzyna.sikora@example.com"],
    "PT": ["beatriz.carvalho@example.org"],
    "RO": ["ioana.balanescu@example.com"],
    "SE": ["mikael.a.stromberg@example.org"],
    "US": ["abigail.rosenthal@example.org", "leilani.kahananui@example.com"],
    "ZA": ["lerato.dlamini@example.com", "nomvula.khumalo@example.org"],
}
LIFTED = "Met at a fair and asked to hear from us again."


def strangers(workspace: Workspace) -> int:
    """People here who are not the demo's."""
    return Person.objects.filter(workspace=workspace).exclude(source__startswith=MARK).count()


def bring_in(workspace: Workspace, file: Path, *, by: Principal, at: datetime) -> int:
    """Import a sample unless its people are here; returns how many came."""
    name = f"{MARK}{file.name}"
    if Person.objects.filter(workspace=workspace, source__startswith=name).exists():
        return 0
    table = importing.read_file(file, name=name)
    importing.apply(workspace, table, by=by, at=at)
    return Person.objects.filter(workspace=workspace, source__startswith=name).count()


def find(workspace: Workspace, address: str) -> Person:
    """The demo's person with that e-mail address."""
    row = Address.objects.select_related("person").get(
        workspace=workspace, channel=Channel.EMAIL, normalised=address
    )
    return row.person


def tell_countries(workspace: Workspace, *, by: Principal, at: datetime) -> None:
    """LinkedIn's file has no country: a colleague adds it, and the clock where it has only one."""
    for country, addresses in COUNTRIES.items():
        words = {"country": country, "time_zone": places.zone_of(country, ())}
        for address in addresses:
            person_editing.change(find(workspace, address), words, by=by, at=at)


def give_past(workspace: Workspace, *, by: Principal, at: datetime) -> None:
    """What lies behind some of them; each once."""
    for past in PAST:
        person = find(workspace, past.address)
        then = at - timedelta(days=past.days)
        if past.what == "wrote_to_us":
            _wrote(person, past, by, then)
        with transaction.atomic():
            if past.what == "asked_to_stop" and person.desisted_at is None:
                _stopped(person, past.reason, by, then)
            elif past.what == "automation_off" and person.automation_enabled:
                people.set_automation(person, False, reason=past.reason, by=by, at=then)


def _wrote(person: Person, past: Past, by: Principal, at: datetime) -> None:
    """As if their mail had come in then; what an older demo noted without words stays so."""
    if Contact.objects.filter(key=f"demo:in:{person.pk}").exists():
        return
    letter = Incoming(
        channel=Channel.EMAIL,
        sender=past.address,
        sender_name=person.full_name,
        message_id=f"<demo-{person.uuid}@example.com>",
        at=at,
        subject=past.subject,
        text=past.text,
    )
    for row in receiving.take_in(letter, at=at, workspace=person.workspace):
        if past.reason and row.status == InboundStatus.WANTS_REPLY:
            inbox.handle(row.pk, by=by, at=at, reason=past.reason)


def _stopped(person: Person, reason: str, by: Principal, at: datetime) -> None:
    """Asked us to stop and, some time later, to hear from us again."""
    people.set_status(person, PersonStatus.DESIST, reason=reason, by=by, at=at)
    later = at + timedelta(days=20)
    people.set_status(person, PersonStatus.ACTIVE, reason=LIFTED, by=by, at=later)
