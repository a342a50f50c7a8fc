"""What a step needs to know of a batch of people, in a constant number of statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from outreach.core.models import Address, Contact, Person
from outreach.core.models.contacts import Direction


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
    words: list[Word] = field(default_factory=list)

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
    for human, ways in _ways(ids).items():
        if human in found:
            found[human].ways = ways
            found[human].address = ways.get(channel, "")
    for human, words in _words(ids).items():
        if human in found:
            found[human].words = words
    return found


def _ways(ids: Sequence[int]) -> dict[int, dict[str, str]]:
    """The first stored address on each channel; one of a duplicate where there is no other."""
    rows = Address.objects.order_by("-pk")
    found: dict[int, dict[str, str]] = defaultdict(dict)
    others = rows.filter(person__merged_into__in=ids).values_list(
        "person__merged_into_id", "channel", "normalised"
    )
    own = rows.filter(person__in=ids).values_list("person_id", "channel", "normalised")
    for human, channel, address in (*others, *own):
        found[human or 0][channel] = address
    return found


def _words(ids: Sequence[int]) -> dict[int, list[Word]]:
    found: dict[int, list[Word]] = defaultdict(list)
    rows = Contact.objects.filter(human__in=ids, voided_at__isnull=True).order_by("at", "pk")
    for human, at, channel, direction in rows.values_list("human_id", "at", "channel", "direction"):
        found[human].append(Word(at, channel, direction))
    return found
