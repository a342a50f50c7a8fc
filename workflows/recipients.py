"""What a drafting step needs to know of a batch of people, in a constant number of statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from outreach.core.models import Address, Contact, Person
from outreach.core.models.contacts import Direction


@dataclass(slots=True)
class Recipient:
    """A person, where to write to, and what passed between us."""

    person: Person
    address: str = ""
    have_answered: bool = False
    unanswered: int = 0


def load(ids: Sequence[int], channel: str) -> dict[int, Recipient]:
    """Recipients by person id, in the order of `ids`."""
    people = Person.objects.filter(pk__in=ids).select_related("account").in_bulk()
    found = {pk: Recipient(people[pk]) for pk in ids if pk in people}
    for human, address in _addresses(ids, channel).items():
        found[human].address = address
    for human, directions in _directions(ids).items():
        found[human].have_answered = Direction.IN in directions
        after = directions[::-1]
        found[human].unanswered = after.index(Direction.IN) if Direction.IN in after else len(after)
    return found


def _addresses(ids: Sequence[int], channel: str) -> dict[int, str]:
    """The first stored address of each; one of a duplicate record where there is no other."""
    rows = Address.objects.filter(channel=channel).order_by("-pk")
    own = rows.filter(person__in=ids).values_list("person_id", "normalised")
    others = rows.filter(person__merged_into__in=ids).values_list(
        "person__merged_into_id", "normalised"
    )
    found = {human: address for human, address in others if human is not None}
    found.update(own)
    return found


def _directions(ids: Sequence[int]) -> dict[int, list[str]]:
    """Which way each message went, oldest first."""
    found: dict[int, list[str]] = defaultdict(list)
    rows = Contact.objects.filter(human__in=ids, voided_at__isnull=True).order_by("at", "pk")
    for human, direction in rows.values_list("human_id", "direction"):
        found[human].append(direction)
    return found
