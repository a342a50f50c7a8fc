"""Pointing a run at the people of one import, or at people named one by one.

Who of them may be written to is judged as ever.
"""

from __future__ import annotations

from django.db.models import QuerySet
from django.db.models.functions import Coalesce

from outreach.core import importing
from outreach.core.models import Import, Person, Workspace
from outreach.core.models.imports import ImportStatus
from workflows.options import BadOptions, Option
from workflows.shapes import Job


def _meant(workspace: Workspace, named: str) -> str:
    """The number of an import whose people are here."""
    number = named.removeprefix("#")
    rows = Import.objects.filter(workspace=workspace, status=ImportStatus.APPLIED)
    if number.isdecimal() and len(number) < 19 and rows.filter(pk=number).exists():
        return str(int(number))
    raise BadOptions(
        f"{workspace.name} has no import {named!r} that was taken in. Its number stands on its "
        "page, under Imports."
    )


IMPORT = Option(
    "import", "Only who came with this import", meant=_meant, most=20,
    help="Its number, from its page under Imports; empty: everybody who may be written to.",
)  # fmt: skip


def _each(workspace: Workspace, named: str) -> str:
    """The numbers of people here, each once."""
    numbers = named.replace(",", " ").split()
    if numbers and all(number.isdecimal() and len(number) < 19 for number in numbers):
        asked = list(dict.fromkeys(int(number) for number in numbers))
        if Person.objects.filter(workspace=workspace, pk__in=asked).count() == len(asked):
            return ", ".join(map(str, asked))
    raise BadOptions(
        f"{workspace.name} does not have each of the people {named[:40]!r}. Tick them in the list "
        "of people, which asks for this by itself, or write their numbers: 12, 15."
    )


PEOPLE = Option(
    "people", "Only these people", meant=_each, most=2000,
    help="Their numbers, as the list of people fills them in for whom is ticked there; empty: "
    "everybody who may be written to.",
)  # fmt: skip


def people_asked(job: Job) -> QuerySet[Person, int] | None:
    """Whom the run was pointed at; None: everybody, as for runs from before these options."""
    number, named = job.options.get("import"), job.options.get("people")
    if not number and not named:
        return None
    people = Person.objects.filter(workspace=job.workspace)
    if number:
        row = Import.objects.filter(pk=number, workspace=job.workspace).first()
        people = importing.people_of(row) if row else Person.objects.none()
    if named:
        rows = Person.objects.filter(pk__in=[int(each) for each in named.split(", ")])
        people = people.filter(pk__in=rows.values(human=Coalesce("merged_into", "pk")))
    return people.values_list("pk", flat=True)
