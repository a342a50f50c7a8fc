"""Whether a text says of its recipient what their record says otherwise by now (SPEC §5: "facts
that contradict each other"): they changed jobs between the draft and the yes. Pure.

Only what was put into the words by name can be compared; `workflows` keeps that with each text.
"""

from __future__ import annotations

from outreach.core.models import Person, Revision


def of(revision: Revision, person: Person) -> list[str]:
    """The facts (company, position) that stand in these words and no more in the record."""
    kept = revision.context.get("facts", {})
    told = _folded(f"{revision.subject} {revision.text}")
    records = [person, person.merged_into] if person.merged_into else [person]
    return [
        name
        for name, stored in (("company", _companies), ("position", _positions))
        if (value := _folded(str(kept.get(name, {}).get("value", "")).removeprefix("the ")))
        and value in told
        and not any(value in _folded(each) for each in stored(records))
    ]


def _companies(records: list[Person]) -> list[str]:
    return [each.account.name for each in records if each.account]


def _positions(records: list[Person]) -> list[str]:
    return [each.position for each in records]


def _folded(text: str) -> str:
    """Letters and digits alone: workflows write "the Acme Corp" of ACME CORP."""
    return "".join(filter(str.isalnum, text.casefold()))
