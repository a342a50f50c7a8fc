"""Who of the people we know a row tells of: by address, then profile, else at most a hint.

A constant number of statements for each batch. People who came in by this very file are not
looked at, so that a preview, which stores nothing, finds the same as an apply.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Max, QuerySet

from outreach.core.importing import sharing
from outreach.core.importing.candidates import Candidate
from outreach.core.importing.ways import Way
from outreach.core.models import Address, Channel, Person, Workspace
from outreach.core.models.people import PersonStatus
from outreach.core.names import is_nameless

# A phone is often a company's: it recognises somebody only together with their name.
STRONG = (Channel.EMAIL, Channel.LINKEDIN, Channel.WHATSAPP, Channel.INSTAGRAM)
BY = {
    Channel.EMAIL: "e-mail",
    Channel.LINKEDIN: "profile",
    Channel.WHATSAPP: "WhatsApp number",
    Channel.INSTAGRAM: "Instagram name",
    Channel.PHONE: "phone and name",
}
BY_RECORD = "name, company and date"
COLUMNS = (
    "id", "first_name", "last_name", "full_name", "greeting_name", "position", "profile_url",
    "connected_on", "time_zone", "country", "notes", "account_id", "account__name",
    "account__key", "status",
)  # fmt: skip


@dataclass(slots=True)
class Known:
    """A person as stored, with what an import may fill in. Field order is that of COLUMNS."""

    id: int
    first_name: str
    last_name: str
    full_name: str
    greeting_name: str
    position: str
    profile_url: str
    connected_on: date | None
    time_zone: str
    country: str
    notes: str
    account_id: int | None
    account_name: str | None
    account_key: str | None
    status: str
    ways: dict[str, list[str]] = field(default_factory=dict)

    @property
    def is_nameless(self) -> bool:
        return is_nameless(self.first_name, self.last_name, self.full_name)

    @property
    def is_stopped(self) -> bool:
        return self.status != PersonStatus.ACTIVE


@dataclass(slots=True)
class Match:
    """What is known about one candidate: `held` are its ways that are this human's already (also
    those of a merged duplicate), `taken` those that are somebody else's.
    `shared` are lines of this file that have a phone or mailbox of the row already; `with_whom`
    names who keeps a mailbox that two people share; `known_by` are the owners; `alike` are people
    of the same name, `by_phone` is the one who has the row's phone too: both are looked at only
    when no stronger way recognises anybody."""

    person: Known | None = None
    by: str = ""
    known_by: dict[int, str] = field(default_factory=dict)
    held: dict[tuple[str, str], int] = field(default_factory=dict)
    taken: dict[tuple[str, str], int] = field(default_factory=dict)
    shared: dict[tuple[str, str], int] = field(default_factory=dict)
    with_whom: dict[tuple[str, str], str] = field(default_factory=dict)
    by_phone: Known | None = None
    alike: list[Known] = field(default_factory=list)
    merged: list[tuple[Known, Known]] = field(default_factory=list)  # a namesake, and whose it is
    suggestion: str = ""
    suggested: int = 0

    @property
    def owners(self) -> tuple[int, ...]:
        return tuple(self.known_by)

    @property
    def is_ambiguous(self) -> bool:
        return len(self.owners) > 1

    def own_ways(self, row: Candidate) -> list[Way]:
        """The row's ways that are nobody else's."""
        return [way for way in row.ways if not self.owner_of(way)]

    def owner_of(self, way: Way) -> str:
        """Whose this way of the row is, if it cannot be stored for this human."""
        if not self.taken and not self.shared:
            return ""
        if whom := self.with_whom.get(way.key):
            return f"with {whom}, who shares it"
        if way.key in self.taken:
            return "belongs to another person"
        if line := self.shared.get(way.key):
            return f"belongs to line {line}"
        return ""


class Matcher:
    """Matches batches against the people a workspace had before this import began."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        newest = Person.objects.filter(workspace=workspace).aggregate(newest=Max("id"))["newest"]
        self.newest: int = newest or 0
        ways = Address.objects.filter(workspace=workspace).aggregate(newest=Max("id"))
        self.newest_way: int = ways["newest"] or 0

    def match(self, rows: Sequence[Candidate]) -> list[Match]:
        if not self.newest:
            return [Match() for _ in rows]  # an empty workspace knows nobody
        owners = self._owners(rows)
        matches = [_by_ways(row, owners) for row in rows]
        wanted = {owner for found in matches for owner in found.owners}
        wanted |= {each for found in matches for each in found.taken.values()}
        people = load(self._people().filter(pk__in=wanted))
        for row, found in zip(rows, matches, strict=True):
            sharing.part(row, found, people)
        open_rows = [row for row, found in zip(rows, matches, strict=True) if not found.owners]
        namesakes = self._namesakes(open_rows)
        people |= load(self._people().filter(pk__in=namesakes.ids - wanted))
        for row, found in zip(rows, matches, strict=True):
            _settle(row, found, people, namesakes)
        return matches

    def _people(self) -> QuerySet[Person]:
        return Person.objects.filter(workspace=self.workspace)

    def _owners(self, rows: Sequence[Candidate]) -> dict[tuple[str, str], int]:
        """The human each address of these rows belongs to."""
        wanted: dict[str, set[str]] = defaultdict(set)
        for row in rows:
            for way in row.ways:
                wanted[way.channel].add(way.normalised)
        found: dict[tuple[str, str], int] = {}
        for channel, forms in wanted.items():
            held = Address.objects.filter(
                workspace=self.workspace, channel=channel, normalised__in=forms
            ).values_list("pk", "normalised", "person_id", "person__merged_into_id")
            for pk, form, person, canonical in held:
                # Compared here: a bound on the key tempts PostgreSQL to walk its whole index.
                if pk <= self.newest_way:
                    found[channel, form] = canonical or person
        self._add_profiles(rows, found)
        return found

    def _add_profiles(self, rows: Sequence[Candidate], found: dict[tuple[str, str], int]) -> None:
        """Profiles written on a person without an address row of their own."""
        urls = {
            row.profile_url: way.normalised
            for row in rows
            for way in row.ways
            if way.channel == Channel.LINKEDIN and (way.channel, way.normalised) not in found
        }
        held = (
            self._people()
            .filter(profile_url__in=urls)
            .order_by("-pk")
            .values_list("profile_url", "pk", "merged_into_id")
        )
        for url, person, canonical in held if urls else ():
            if person <= self.newest:
                found[Channel.LINKEDIN, urls[url]] = canonical or person

    def _namesakes(self, rows: Sequence[Candidate]) -> Namesakes:
        """People of the same name as rows that no address recognises."""
        found = Namesakes()
        full_names = {row.name.full for row in rows}
        if not full_names:
            return found
        held = (
            self._people()
            .filter(full_name__in=full_names)
            .order_by("pk")
            .values_list("full_name", "pk", "merged_into_id")
        )
        for name, person, human in held:
            if person <= self.newest:
                found.by_name[name].append((person, human or person))
                found.ids |= {person, human or person}
        return found


@dataclass(slots=True)
class Namesakes:
    by_name: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    ids: set[int] = field(default_factory=set)


def load(people: QuerySet[Person]) -> dict[int, Known]:
    """Stored people with their ways, two statements whatever their number."""
    found = {row[0]: Known(*row) for row in people.values_list(*COLUMNS)}
    held = Address.objects.filter(person__in=list(found)).values_list(
        "person_id", "channel", "normalised"
    )
    for person, channel, form in held if found else ():
        found[person].ways.setdefault(channel, []).append(form)
    return found


def _by_ways(row: Candidate, owners: dict[tuple[str, str], int]) -> Match:
    """The humans that the row's strong ways belong to; more than one is for a person to settle."""
    found = Match()
    for channel in STRONG:
        for way in row.ways:
            if way.channel == channel and (owner := owners.get((channel, way.normalised))):
                found.known_by.setdefault(owner, BY[channel])
    for way in row.ways:
        owner = owners.get(way.key)
        if owner in found.known_by:
            found.held[way.key] = owner
        elif owner:
            found.taken[way.key] = owner
    return found


def _settle(row: Candidate, found: Match, people: dict[int, Known], namesakes: Namesakes) -> None:
    if found.is_ambiguous:
        return
    if found.owners:
        found.person, found.by = people.get(found.owners[0]), found.known_by[found.owners[0]]
        return
    for (channel, _), owner in found.taken.items():
        by_phone = people.get(owner) if channel == Channel.PHONE else None
        if by_phone is None:
            continue
        is_same_name = by_phone.full_name.casefold() == row.name_key
        # A number without a name is whoever has that number.
        if is_same_name or by_phone.is_nameless or row.is_nameless:
            found.by_phone = by_phone
            break
    pairs = [(people[one], people[of]) for one, of in namesakes.by_name.get(row.name.full, ())]
    found.alike = [record for record, human in pairs if record is human]
    found.merged = [pair for pair in pairs if pair[0] is not pair[1]]


def by_name(row: Candidate, found: Match, is_free: Callable[[Known], bool]) -> None:
    """Recognise by phone and name, or the same record seen before; else at most a hint.

    Name and company alone never join two records. People whom another row of the file has taken
    are not free: what that row filled in must not make a later row look alike.
    """
    if found.by_phone is not None and is_free(found.by_phone):
        found.person, found.by = found.by_phone, BY[Channel.PHONE]
        own = [key for key, owner in found.taken.items() if owner == found.by_phone.id]
        found.held |= dict.fromkeys(own, found.by_phone.id)
        for key in own:
            del found.taken[key]
        return
    for person in sorted(filter(is_free, found.alike), key=lambda each: bool(each.ways)):
        if is_same_record(row, person) and _agrees(found.own_ways(row), row, person):
            found.person, found.by = person, BY_RECORD
            return
        if row.company_key and person.account_key == row.company_key and not found.suggestion:
            found.suggested = person.id
            found.suggestion = (
                f"Perhaps the same as {person.full_name} at {person.account_name}, already here."
            )


def merged_into(row: Candidate, found: Match) -> Known | None:
    """Whose record a row without addresses is that was merged since: it brings nothing new."""
    pairs = () if row.ways else found.merged
    same = (human for one, human in pairs if is_same_record(row, one) and _agrees([], row, one))
    return next(same, None)


def is_same_record(row: Candidate, person: Known) -> bool:
    """Whether name, company and day of connection are those of the record we have."""
    same_company = (person.account_key or "") == row.company_key
    return same_company and person.connected_on == row.connected_on


def _agrees(ways: list[Way], row: Candidate, person: Known) -> bool:
    """Whether the row's ways leave no doubt: one export imported again, or completed.

    None contradicts one we have. Without company or day, only a row that brings no way at all
    is the record of a person without one.
    """
    if row.connected_on and (row.company_key or not ways):
        return not any(way.channel in person.ways for way in ways)
    return not ways and not person.ways
