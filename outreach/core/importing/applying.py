"""Storing what a file brings, all of it or nothing, and telling it in the log.

The whole file is one transaction. A second run of the same file finds nothing to do and writes
nothing, not even a log entry.
"""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from django.db import IntegrityError, transaction

from outreach.core import activity
from outreach.core.importing import store
from outreach.core.importing.candidates import Candidate
from outreach.core.importing.choices import Choices
from outreach.core.importing.judging import Change, OnRow, Progress, Run
from outreach.core.importing.match import Known, Match, is_same_record, load
from outreach.core.importing.plan import plan
from outreach.core.importing.report import Report
from outreach.core.importing.table import Table
from outreach.core.models import Person, Workspace
from outreach.core.permissions import Verb, require
from outreach.core.principal import Principal


class ImportClash(Exception):
    """Somebody else stored one of these people meanwhile; nothing of the file was."""


def apply(
    workspace: Workspace,
    table: Table,
    *,
    by: Principal,
    at: datetime,
    choices: Choices | None = None,
    progress: Progress | None = None,
    on_row: OnRow | None = None,
) -> Report:
    """Store the people of a file, all of them or none, and tell it in the log.

    Raises NotAllowed, BadFile (the file changed underneath) or ImportClash.
    """
    require(by, Verb.IMPORT, workspace)
    try:
        with transaction.atomic():
            store.one_at_a_time(workspace)
            run = Applying(workspace, table, choices or Choices(), on_row, by, at)
            run.go(progress)
            run.tell()
    except IntegrityError as error:
        raise ImportClash(
            f"Somebody stored one of these people while {table.name} was being imported. "
            "Nothing of it was stored. Import it again."
        ) from error
    run.report.is_applied = True
    return run.report


class Applying(Run):
    """A run that stores what it finds, batch by batch, inside the caller's transaction."""

    def __init__(
        self,
        workspace: Workspace,
        table: Table,
        choices: Choices,
        on_row: OnRow | None,
        by: Principal,
        at: datetime,
    ) -> None:
        super().__init__(workspace, table, choices, on_row)
        self.by = by
        self.at = at
        self.id = uuid4().hex
        self.source = f"{table.name[:280]}, {at:%Y-%m-%d}"
        self.first = self.last = 0

    def lock(self, matched: list[tuple[Candidate, Match]]) -> None:
        """Read those about to change again, held until the end: what was filled since is kept."""
        ids = {
            person.id
            for row, found in matched
            for person in _possible(row, found)
            if plan(row, person, found).changes
        }
        if not ids:
            return
        held = Person.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk")
        people = load(held)
        for _, found in matched:
            if found.person is not None:
                found.person = people.get(found.person.id, found.person)
            if found.by_phone is not None:
                found.by_phone = people.get(found.by_phone.id, found.by_phone)
            found.alike = [people.get(each.id, each) for each in found.alike]

    def write(self, new: list[Candidate], changed: list[Change]) -> None:
        filled = [(row, person, made) for row, person, made in changed if made.company]
        names = {row.company_key: row.company for row, _, _ in reversed(filled)}
        names |= {row.company_key: row.company for row in reversed(new) if row.company_key}
        accounts = store.accounts(self.workspace, names, self.at)
        ids = store.people(self.workspace, new, accounts, source=self.source, at=self.at)
        if ids:
            self.first, self.last = self.first or ids[0], ids[-1]
        ways = [(pk, way) for pk, row in zip(ids, new, strict=True) for way in row.ways]
        ways += [(person.id, way) for _, person, made in changed for way in made.ways]
        store.addresses(self.workspace, ways, self.at)
        if changed:
            self._fill(changed, accounts)
            self._tell_changes(changed)

    def _fill(self, changed: list[Change], accounts: dict[str, int]) -> None:
        """Update only the columns an import fills; of each row those alone that were empty."""
        filled = {
            person.id: made.fields
            | ({"account_id": accounts[row.company_key]} if made.company else {})
            for row, person, made in changed
        }
        names = sorted({name for fields in filled.values() for name in fields})
        objects = [
            Person(
                pk=person.id,
                updated_at=self.at,
                **{name: filled[person.id].get(name, getattr(person, name)) for name in names},
            )
            for _, person, _ in changed
        ]
        columns = [name.removesuffix("_id") for name in names]
        Person.objects.bulk_update(objects, [*columns, "updated_at"], batch_size=500)

    def _tell_changes(self, changed: list[Change]) -> None:
        entries = [
            activity.Entry(
                "people.changed",
                "person",
                str(person.id),
                self.workspace.pk,
                codes={"import": self.id, "fields": [each.field for each in made.changes]},
            )
            for _, person, made in changed
        ]
        activity.record(*entries, by=self.by, at=self.at)

    def tell(self) -> None:
        """One entry for the import: ids and counts, never a name. None when nothing was written."""
        if not self.report.writes:
            return
        codes = {
            **{name: count for name, count in self.report.tally().items() if count},
            "format": self.table.format,
            "people": [self.first, self.last],
        }
        entry = activity.Entry(
            "imports.applied",
            "import",
            self.id,
            self.workspace.pk,
            digest=self.table.encoding.digest,
            codes=codes,
        )
        activity.record(entry, by=self.by, at=self.at)


def _possible(row: Candidate, found: Match) -> list[Known]:
    """Whom a row may change: the person it was matched with, or one it may yet be known as."""
    if found.person is not None:
        return [found.person]
    known = [person for person in found.alike if is_same_record(row, person)]
    return known if found.by_phone is None else [found.by_phone, *known]
