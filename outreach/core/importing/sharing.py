"""Mailboxes that several people share: each stays with whoever has it first, and joins nobody.

An address belongs to one person here. Whoever is clearly somebody else (`same_name`) comes in
without it, keeps their own ways, and is told of.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING

from outreach.core.addresses import is_role_mailbox
from outreach.core.importing.candidates import Candidate
from outreach.core.importing.ways import Way
from outreach.core.models import Channel
from outreach.core.same_name import are_two

if TYPE_CHECKING:
    from outreach.core.importing.match import Known, Match


def is_anothers(way: Way, row: Candidate, name: str) -> bool:
    """Whether this way of the row is a mailbox of somebody else, who has this name."""
    if way.channel != Channel.EMAIL or not name or row.is_nameless or row.name.full == name:
        return False
    return are_two(row.name.full, name, is_shared=is_role_mailbox(way.normalised))


def anothers(key: Hashable, row: Candidate, name: str) -> Way | None:
    """The way of the row that this key is of, where it is a mailbox of somebody of this name."""
    way = next((each for each in row.ways if each.key == key), None)
    return way if way and is_anothers(way, row, name) else None


def part(row: Candidate, found: Match, people: Mapping[int, Known]) -> None:
    """Take those for owners no more whom only a mailbox tells of, and who are somebody else."""
    for owner in found.owners:
        person = people.get(owner)
        if person is None or person.is_nameless:
            continue
        theirs = [way for way in row.ways if found.held.get(way.key) == owner]
        telling = [way for way in theirs if way.channel != Channel.PHONE]
        if all(is_anothers(way, row, person.full_name) for way in telling):
            del found.known_by[owner]
            for way in theirs:
                found.taken[way.key] = found.held.pop(way.key)
            found.with_whom |= dict.fromkeys([way.key for way in telling], person.full_name)


def of_this_file(row: Candidate, found: Match) -> None:
    """Mailboxes that an earlier row has, as far as nobody here has them."""
    for key, (line, name) in row.shares.items():
        if key not in found.held and key not in found.taken:
            found.shared[key] = line
            found.with_whom[key] = f"{name} (line {line})"
