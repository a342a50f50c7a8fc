"""Storing what a file brings, all of it or nothing, and telling it in the log.

The whole file is one transaction. A second run of the same file finds nothing to do and writes
nothing, not even a log entry.
"""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from outreach.core import activity, erasure, opt_outs, suppression
from outreach.core.importing import histories, optouts, store
from outreach.core.importing.candidates import Candidate
from outreach.core.importing.choices import Choices
from outreach.core.importing.histories import Noted
from outreach.core.importing.judging import Change, OnRow, Progress, Run
from outreach.core.importing.keeping import Keeper
from outreach.core.importing.match import Known, Match, is_same_record, load
from outreach.core.importing.plan import plan
from outreach.core.importing.report import Report
from outreach.core.importing.table import Table
from outreach.core.models import Import, Person, Workspace
from outreach.core.models.imports import DuplicateReason
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
    row: Import | None = None,
    progress: Progress | None = None,
    on_row: OnRow | None = None,
) -> Report:
    """Store the people of a file, all of them or none, and tell it in the log.

    `row` is the import that was asked for; without one it is made here. Raises NotAllowed,
    BadFile (the file changed underneath) or ImportClash.
    """
    require(by, Verb.IMPORT, workspace)
    try:
        with transaction.atomic():
            erasure.begin(workspace.pk)
            store.one_at_a_time(workspace)
            chosen = choices or Choices()
            run = Applying(
                workspace, table, chosen, on_row, Keeper(workspace, table, chosen, by, at, row)
            )
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
        keeper: Keeper,
    ) -> None:
        super().__init__(workspace, table, choices, on_row)
        self.keeper = keeper
        self.by, self.at = keeper.by, keeper.at
        self.source = f"{table.name[:280]}, {self.at:%Y-%m-%d}"
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
        rows = Person.objects.filter(pk__in=ids).order_by("pk")
        people = load(rows.select_for_update(of=("self",), no_key=True))
        for _, found in matched:
            if found.person is not None:
                found.person = people.get(found.person.id, found.person)
            if found.by_phone is not None:
                found.by_phone = people.get(found.by_phone.id, found.by_phone)
            found.alike = [people.get(each.id, each) for each in found.alike]

    def write(self, new: list[Candidate], changed: list[Change]) -> None:
        if not new and not changed:
            return
        filled = [(row, person, made) for row, person, made in changed if made.company]
        names = {row.company_key: row.company for row, _, _ in reversed(filled)}
        names |= {row.company_key: row.company for row in reversed(new) if row.company_key}
        accounts = store.accounts(self.workspace, names, self.at)
        ids = store.people(self.workspace, new, accounts, source=self.source, at=self.at)
        if ids:
            self.first, self.last = self.first or ids[0], ids[-1]
        ways = [(pk, way) for pk, row in zip(ids, new, strict=True) for way in row.ways]
        ways += [(person.id, way) for _, person, made in changed for way in made.ways]
        store.addresses(self.workspace, ways, self.keeper.row.pk, self.at)
        if self.has_suppressed:
            held = [pk for pk, row in zip(ids, new, strict=True) if row.suppressed]
            more = [person.id for _, person, made in changed if made.ways]
            opt_outs.follow([*held, *more], at=self.at)
        self.keeper.consents(ways)
        self.keeper.doubts(new, ids)
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
        self.keeper.changes(filled)
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
        row = self.keeper.row.pk
        entries = [
            activity.Entry(
                "people.changed",
                "person",
                str(person.id),
                self.workspace.pk,
                codes={
                    "import": row,
                    "fields": [each.field for each in made.changes],
                },
            )
            for _, person, made in changed
        ]
        activity.record(*entries, by=self.by, at=self.at)

    def write_history(self, known: list[Noted]) -> None:
        histories.write(self.workspace, known, self.at)

    def is_in_file(self, profile: str) -> bool:
        return False  # whoever is coming is here by now

    def suppress(self, places: dict[suppression.Place, bool]) -> None:
        if places:
            optouts.suppress(self.workspace, places, by=self.by, at=self.at)

    def spread(self, places: set[suppression.Place]) -> None:
        if places:
            opt_outs.spread(self.workspace, places, at=self.at)

    def doubt(self, people: tuple[int, ...]) -> None:
        pairs = [(people[0], other) for other in people[1:]]
        self.keeper.doubt(pairs, DuplicateReason.ONE_ROW)

    def tell(self) -> None:
        """One entry for the import: ids and counts, never a name. None when nothing was written."""
        if not self.report.writes:
            return
        codes = {
            **{name: count for name, count in self.report.tally().items() if count},
            "format": self.table.format,
            "people": [self.first, self.last],
        }
        if self.choices.basis:
            codes["basis"] = self.choices.basis
        digest = self.table.encoding.digest
        self.report.is_applied, self.report.number = True, self.keeper.row.pk
        self.keeper.close(self.first, self.last, self.report.as_dict())
        entry = activity.entry("imports.applied", self.keeper.row, digest=digest, **codes)
        activity.record(entry, by=self.by, at=self.at)


def _possible(row: Candidate, found: Match) -> list[Known]:
    """Whom a row may change: the person it was matched with, or one it may yet be known as."""
    if found.person is not None:
        return [found.person]
    known = [person for person in found.alike if is_same_record(row, person)]
    return known if found.by_phone is None else [found.by_phone, *known]
