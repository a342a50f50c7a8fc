"""What a step needs to know of a batch of people, in a constant number of statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from math import inf

from outreach.core.models import Address, Channel, Contact, Person
from outreach.core.models.contacts import Direction
from outreach.core.suppression import suppressed_among

NUMBERS = (Channel.PHONE, Channel.WHATSAPP)
AT_ONCE = 500  # people whose addresses are looked up in one statement


@dataclass(frozen=True, slots=True)
class Word:
    """One message that passed between us."""

    at: datetime
    channel: str
    direction: str


@dataclass(slots=True)
class Recipient:
    """A person, where they can be reached, and what passed between us, oldest first."""

    person: Person
    address: str = ""
    ways: dict[str, str] = field(default_factory=dict)
    numbers: list[str] = field(default_factory=list)  # all they may be at, their own oldest first
    words: list[Word] = field(default_factory=list)
    closed: frozenset[str] = frozenset()  # numbers that are suppressed; `note_closed` fills it

    @property
    def phone(self) -> str:
        """The number to dial; none that is suppressed."""
        known = (self.ways[way] for way in NUMBERS if way in self.ways)
        return next((number for number in known if number not in self.closed), "")

    @property
    def have_answered(self) -> bool:
        return any(word.direction == Direction.IN for word in self.words)

    @property
    def they_wrote(self) -> int:
        return sum(word.direction == Direction.IN for word in self.words)

    @property
    def unanswered(self) -> int:
        """Messages of ours since their last one."""
        after = [word.direction for word in reversed(self.words)]
        return after.index(Direction.IN) if Direction.IN in after else len(after)


def load(ids: Sequence[int], channel: str = "") -> dict[int, Recipient]:
    """Recipients by person id, in the order of `ids`; `address` is the one of `channel`."""
    people = Person.objects.filter(pk__in=ids).select_related("account").in_bulk()
    found = {pk: Recipient(people[pk]) for pk in ids if pk in people}
    for human, rows in _addresses(ids).items():
        if human in found:
            ways = dict(reversed(rows))
            found[human].ways = ways
            found[human].address = ways.get(channel, "")
            found[human].numbers = [number for way, number in rows if way in NUMBERS]
    for human, words in _words(ids).items():
        if human in found:
            found[human].words = words
    return found


def note_closed(found: Mapping[int, Recipient]) -> None:
    """Note which of their numbers nobody may call: suppressed for calls or for WhatsApp."""
    places = {
        (each.person.workspace_id, way, number)
        for each in found.values()
        for number in each.numbers
        for way in NUMBERS
    }
    closed = {(place, number) for place, _, number in suppressed_among(places)}
    for each in found.values():
        place = each.person.workspace_id
        each.closed = frozenset(no for no in each.numbers if (place, no) in closed)


def closed_everywhere(found: Mapping[int, Recipient], workspace_id: int) -> set[int]:
    """Those who have addresses, and every one of them is suppressed."""
    closed = closed_ways(workspace_id, {pk: each.ways for pk, each in found.items()})
    return {pk for pk, each in found.items() if each.ways and each.ways.keys() <= closed[pk]}


def closed_number(person: Person, number: str) -> bool:
    """Whether this number of theirs is suppressed by now."""
    places = {(person.workspace_id, str(way), number) for way in NUMBERS}
    return bool(number and suppressed_among(places))


def without_suppressed(
    rows: Iterable[tuple[int, str]],
    workspace_id: int,
    channels: Collection[str] = (),
    limit: float = inf,
) -> Iterator[tuple[int, str]]:
    """(person, reason) as it came; who is suppressed at every address that a message of these
    channels (none named: of any) would go to gets that for a reason. Nobody is asked about once
    `limit` people were found open."""
    rows = iter(rows)
    while some := [*islice(rows, AT_ONCE)]:
        asked = [pk for pk, reason in some if not reason] if limit > 0 else []
        known = {
            pk: {way: place for way, place in reversed(ways) if way in channels or not channels}
            for pk, ways in _addresses(asked).items()
        }
        closed = closed_ways(workspace_id, known)
        for pk, reason in some:
            used = known.get(pk)
            said = reason or ("suppressed" if used and used.keys() <= closed[pk] else "")
            limit -= not said
            yield pk, said


def closed_ways(
    workspace_id: int, known: Mapping[int, Mapping[str, str]]
) -> dict[int, frozenset[str]]:
    """The channels of each at whose address they are suppressed, in one statement; a number that
    is for calls or for WhatsApp is for both."""
    places = {
        (pk, way): {
            (workspace_id, str(each), address) for each in (NUMBERS if way in NUMBERS else (way,))
        }
        for pk, ways in known.items()
        for way, address in ways.items()
    }
    asked = set().union(*places.values())
    found = suppressed_among(asked) if asked else set()
    return {
        pk: frozenset(way for way in ways if places[pk, way] & found) for pk, ways in known.items()
    }


def _addresses(ids: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
    """Channel and address of each, their own oldest first, then those of duplicates."""
    rows = Address.objects.order_by("pk")
    found: dict[int, list[tuple[str, str]]] = defaultdict(list)
    own = rows.filter(person__in=ids).values_list("person_id", "channel", "normalised")
    others = rows.filter(person__merged_into__in=ids).values_list(
        "person__merged_into_id", "channel", "normalised"
    )
    for human, channel, address in (*own, *others):
        found[human or 0].append((channel, address))
    return found


def _words(ids: Sequence[int]) -> dict[int, list[Word]]:
    found: dict[int, list[Word]] = defaultdict(list)
    rows = Contact.objects.filter(human__in=ids, voided_at__isnull=True).order_by("at", "pk")
    for human, at, channel, direction in rows.values_list("human_id", "at", "channel", "direction"):
        found[human].append(Word(at, channel, direction))
    return found
