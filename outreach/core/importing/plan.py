"""What a row means for the person it was matched with: fill what is empty, keep what differs.

Pure. Nothing filled is ever overwritten: a difference is a conflict, shown and kept as it is.
Status, automation and rests are not fields of an import at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from outreach.core.addresses import BadAddress, profile
from outreach.core.importing.candidates import Candidate
from outreach.core.importing.columns import LABELS
from outreach.core.importing.match import Known, Match
from outreach.core.importing.report import Difference
from outreach.core.importing.ways import Way
from outreach.core.models import Channel

PLAIN = ("position", "connected_on", "time_zone", "country", "notes")
WAY_LABELS = {str(value): label for value, label in Channel.choices}


@dataclass(slots=True)
class Plan:
    """The writes for one known person, and the differences that are kept as they are."""

    fields: dict[str, Any] = field(default_factory=dict)
    company: str = ""
    ways: list[Way] = field(default_factory=list)
    changes: list[Difference] = field(default_factory=list)
    conflicts: list[Difference] = field(default_factory=list)

    def change(self, label: str, after: object) -> None:
        self.changes.append(Difference(label, "", str(after)))

    def conflict(self, label: str, before: object, after: object) -> None:
        self.conflicts.append(Difference(label, str(before), str(after)))


def plan(row: Candidate, person: Known, found: Match) -> Plan:
    """Compare one row with one person."""
    made = Plan()
    _name(made, row, person)
    for name in PLAIN:
        offered, held = getattr(row, name), getattr(person, name)
        if not offered or offered == held:
            continue
        if held:
            if name != "time_zone" or not row.is_zone_derived:
                made.conflict(LABELS.get(name, name), held, offered)
        else:
            made.fields[name] = offered
            made.change(LABELS.get(name, name), offered)
    _company(made, row, person)
    _ways(made, row, person, found)
    return made


def _name(made: Plan, row: Candidate, person: Known) -> None:
    """A name is one thing: it is filled where an address stood for it, else kept whole."""
    if not row.name.first and not row.name.last:
        return
    if person.is_nameless:
        made.fields.update(
            first_name=row.name.first,
            last_name=row.name.last,
            full_name=row.name.full,
            greeting_name=row.name.greeting,
        )
        made.change(LABELS["full_name"], row.name.full)
    elif person.full_name.casefold() != row.name_key:
        made.conflict(LABELS["full_name"], person.full_name, row.name.full)


def _company(made: Plan, row: Candidate, person: Known) -> None:
    if not row.company_key or person.account_key == row.company_key:
        return
    if person.account_id:
        made.conflict("company", person.account_name, row.company)
    else:
        made.company = row.company
        made.change("company", row.company)


def _ways(made: Plan, row: Candidate, person: Known, found: Match) -> None:
    """A further address beside one we have is an addition; one instead of ours, a conflict."""
    agreed = {
        way.channel
        for way in row.ways
        if way.normalised in person.ways.get(way.channel, ()) or way.key in found.held
    }
    for way in row.ways:
        label = way_label(way.channel)
        held = person.ways.get(way.channel, [])
        if owner := found.owner_of(way):
            made.conflict(label, owner, way.raw)
        elif way.normalised in held or way.key in found.held:
            continue
        elif held and way.channel not in agreed:
            made.conflict(label, ", ".join(held), way.raw)
        elif way.channel == Channel.LINKEDIN and _contradicts(person.profile_url, way):
            made.conflict(label, person.profile_url, way.raw)
        else:
            made.ways.append(way)
            made.change(label, way.raw)
            if way.channel == Channel.LINKEDIN and not person.profile_url:
                made.fields["profile_url"] = row.profile_url


def way_label(channel: str) -> str:
    return WAY_LABELS[channel].lower() if channel in ("email", "phone") else WAY_LABELS[channel]


def _contradicts(url: str, way: Way) -> bool:
    if not url:
        return False
    try:
        return profile(url) != way.normalised
    except BadAddress:
        return True
