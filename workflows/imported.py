"""Pointing a run at the people of one import; who of them may be written to is judged as ever."""

from __future__ import annotations

from django.db.models import QuerySet

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


def people_asked(job: Job) -> QuerySet[Person, int] | None:
    """Whom the run was pointed at; None: everybody. A run from before this option asks for all."""
    number = job.options.get("import")
    if not number:
        return None
    row = Import.objects.filter(pk=number, workspace=job.workspace).first()
    people = importing.people_of(row) if row else Person.objects.none()
    return people.values_list("pk", flat=True)
