"""Whether a text says of its recipient what their record says otherwise by now (SPEC §5: "facts
that contradict each other"): they changed jobs between the draft and the yes. Pure.

Only what was put into the words by name can be compared; `workflows` keeps that with each text.
"""

from __future__ import annotations

import re

from outreach.core.models import Person, Revision

# What a role is said with: "a Data Scientist", "VP for Sales".
SMALL = frozenset({"a", "an", "for"})


def of(revision: Revision, person: Person) -> list[str]:
    """The facts (company, position, role) that stand in these words and no more in the record."""
    kept = revision.context.get("facts", {})
    told = _folded(f"{revision.subject} {revision.text}")
    records = [person, person.merged_into] if person.merged_into else [person]
    return [
        name
        for name, holds in (("company", _works_at), ("position", _is), ("role", _is_called))
        if (value := str(kept.get(name, {}).get("value", "")))
        and _folded(value) in told
        and not any(holds(each, value) for each in records)
    ]


def _works_at(person: Person, company: str) -> bool:
    known = person.account.name if person.account else ""
    return _folded(company.removeprefix("the ")) in _folded(known)


def _is(person: Person, position: str) -> bool:
    return _folded(position) in _folded(person.position)


def _is_called(person: Person, role: str) -> bool:
    """A role is the position as one says it: without brackets, places and what follows a comma."""
    return _words(role) - SMALL <= _words(person.position)


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def _folded(text: str) -> str:
    """Letters and digits alone: workflows write "the Acme Corp" of ACME CORP."""
    return "".join(filter(str.isalnum, text.casefold()))
