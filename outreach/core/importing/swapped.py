"""First and last name the other way round at the same company: a suggestion, never a match."""

from __future__ import annotations

from collections.abc import Sequence

from outreach.core.importing.candidates import Candidate
from outreach.core.importing.match import Match
from outreach.core.models import Person, Workspace

HERE = "Perhaps the same as {name} at {company}, already here: the names are the other way round."
IN_FILE = "Perhaps the same as line {line}: the company is equal, the names the other way round."


def turned(row: Candidate) -> str:
    """The whole name with its parts the other way round; empty where there is no such name."""
    name = row.name
    has_both = name.first and name.last and name.first.casefold() != name.last.casefold()
    return f"{name.last} {name.first}" if has_both and row.company_key else ""


def hint(
    workspace: Workspace, rows: Sequence[Candidate], matches: Sequence[Match], *, newest: int
) -> None:
    """Suggest people up to `newest` for rows that nothing else knows. One statement at most."""
    wanted = [
        (row, found, name)
        for row, found in zip(rows, matches, strict=True)
        if not (found.owners or found.suggestion or has_namesake(row, found))
        and (name := turned(row))
    ]
    if not wanted or not newest:
        return
    held = Person.objects.filter(
        workspace=workspace, full_name__in={name for *_, name in wanted}, merged_into=None
    ).order_by("-pk")
    there = {
        (name, key): (pk, company)
        for pk, name, key, company in held.values_list(
            "pk", "full_name", "account__key", "account__name"
        )
        if pk <= newest
    }
    for row, found, name in wanted:
        if known := there.get((name, row.company_key)):
            found.suggested, company = known
            found.suggestion = HERE.format(name=name, company=company)


def has_namesake(row: Candidate, found: Match) -> bool:
    """Whether somebody of the same name is there, who is the likelier one."""
    return any(each.account_key == row.company_key for each in found.alike)
