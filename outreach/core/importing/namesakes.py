"""The same name and company: a suggestion, never a match. Titles and degrees do not count."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q

from outreach.core.importing import swapped
from outreach.core.importing.candidates import Candidate
from outreach.core.importing.match import Known, Match
from outreach.core.importing.seen import Seen
from outreach.core.models import Person, Workspace
from outreach.core.names import untitled

HERE = "Perhaps the same as {name} at {company}, already here: but for titles the name is equal."
IN_FILE = "Perhaps the same as line {line}: name and company are equal."
TITLED = "Perhaps the same as line {line}: the company is equal, and but for titles the name."


def hint(
    workspace: Workspace, rows: Sequence[Candidate], matches: Sequence[Match], *, newest: int
) -> None:
    """Suggest people up to `newest` whose name has another title. One statement at most.

    Asked for by company and half a name: in which half of it a degree stands nobody can tell.
    """
    wanted = [
        (row, found)
        for row, found in zip(rows, matches, strict=True)
        if row.company_key and not found.owners and not swapped.has_namesake(row, found)
    ]
    if not wanted or not newest:
        return
    plain = [untitled(row.name.full).split() for row, _ in wanted]
    firsts = {row.name.first for row, _ in wanted} | {words[0] for words in plain if words}
    lasts = {row.name.last for row, _ in wanted} | {words[-1] for words in plain if words}
    halves = Q(first_name__in=firsts - {""}) | Q(last_name__in=lasts - {""})
    keys = {row.company_key for row, _ in wanted}
    held = Person.objects.filter(
        halves, workspace=workspace, merged_into=None,
        account__workspace=workspace, account__key__in=keys,
    ).order_by("-pk")  # fmt: skip
    there = {
        (_key(name), key): (pk, name, company)
        for pk, name, key, company in held.values_list(
            "pk", "full_name", "account__key", "account__name"
        )
        if pk <= newest
    }
    for row, found in wanted:
        if known := there.get((_key(row.name.full), row.company_key)):
            found.suggested, name, company = known
            found.suggestion = HERE.format(name=name, company=company)


def in_file(seen: Seen, row: Candidate) -> str:
    """The sentence about an earlier row of the same name and company, also the other way round;
    `row` keeps that row's name."""
    if not row.company_key:
        return ""
    key = ("name", _key(row.name.full), row.company_key)
    line = seen.first_line(key, row.line, row.name.full)
    if line != row.line:
        row.namesake = seen.who(key)[1]
        words = IN_FILE if row.namesake.casefold() == row.name_key else TITLED
        return words.format(line=line)
    name = _key(swapped.turned(row))
    line, row.namesake = seen.who(("name", name, row.company_key)) if name else (0, "")
    return swapped.IN_FILE.format(line=line) if line else ""


def note(seen: Seen, person: Known, line: int) -> None:
    """A later namesake is hinted at by the name we have, too, not only the file's spelling."""
    if person.account_key:
        key = ("name", _key(person.full_name), person.account_key)
        seen.first_line(key, line, person.full_name)


def _key(name: str) -> str:
    return untitled(name).casefold()
