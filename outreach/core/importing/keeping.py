"""What an import leaves beside its people: its own row, consents, doubts, and what undoing needs.

The row is made with the first thing written, so that an import that finds nothing to do writes
nothing at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from outreach.core import consent
from outreach.core.importing import store
from outreach.core.importing.candidates import IN_FILE, Candidate
from outreach.core.importing.choices import Choices
from outreach.core.importing.table import Table
from outreach.core.importing.ways import Way
from outreach.core.models import Consent, Duplicate, Import, ImportChange, Person, Workspace
from outreach.core.models.imports import DuplicateReason, ImportStatus
from outreach.core.principal import Principal

MOST_DOUBTS = 10_000  # of one import: more nobody looks through


class Keeper:
    """The import's row and everything that hangs on it."""

    def __init__(
        self,
        workspace: Workspace,
        table: Table,
        choices: Choices,
        by: Principal,
        at: datetime,
        row: Import | None,
    ) -> None:
        self.workspace, self.table, self.choices = workspace, table, choices
        self.by, self.at = by, at
        self._row = row
        self._doubts = 0

    @property
    def row(self) -> Import:
        if self._row is None:
            self._row = Import.objects.create(
                workspace=self.workspace,
                status=ImportStatus.APPLYING,
                file=self.table.name[:300],
                created_at=self.at,
                options={"choices": self.choices.as_dict()},
                **self.by.fields(),
            )
        return self._row

    def consents(self, ways: Iterable[tuple[int, Way]]) -> None:
        """One for each new address, if a basis was chosen: file, time and by whom are its proof.

        None for who withdrew theirs: a list is no word of the person.
        """
        if not self.choices.basis:
            return
        ways = list(ways)
        ended = consent.withdrawn_among(self.workspace, {person for person, _ in ways})
        by, proof = self.by.fields(), self.row.proof
        store.insert(
            Consent,
            ("workspace_id", "person_id", "channel", "basis", "text_shown", "source", "at",
             "created_at", "by_kind", "by_id", "by_label"),
            [
                (self.workspace.pk, person, way.channel, self.choices.basis,
                 self.choices.text_shown, proof, self.at, self.at, *by.values())
                for person, way in ways
                if (person, way.channel) not in ended
            ],
        )  # fmt: skip

    def changes(self, filled: dict[int, dict[str, Any]]) -> None:
        """What was empty before, for undoing."""
        ImportChange.objects.bulk_create(
            ImportChange(
                of=self.row,
                person_id=person,
                fields={name: str(value) for name, value in fields.items()},
            )
            for person, fields in filled.items()
        )

    def doubts(self, new: Sequence[Candidate], ids: Sequence[int]) -> None:
        """Namesakes of the same company, for a person to decide."""
        pairs = [(pk, row) for pk, row in zip(ids, new, strict=True) if row.perhaps]
        pairs = pairs[: MOST_DOUBTS - self._doubts]
        if not pairs:
            return
        first = self._first_of({row.namesake for _, row in pairs if row.perhaps == IN_FILE})
        found = []
        for pk, row in pairs:
            other = row.perhaps
            if other == IN_FILE:
                other = first.get((row.namesake, row.company_key), pk)
            if other != pk:
                found.append((other, pk))
        self.doubt(found, DuplicateReason.NAME_AND_COMPANY)

    def _first_of(self, names: set[str]) -> dict[tuple[str, str], int]:
        """The first record with each of these names and company."""
        held = (
            Person.objects.filter(workspace=self.workspace, full_name__in=names, merged_into=None)
            .order_by("-pk")
            .values_list("full_name", "account__key", "pk")
        )
        return {(name, key or ""): pk for name, key, pk in held}

    def doubt(self, pairs: Iterable[tuple[int, int]], reason: str) -> None:
        """Suggestions, each once: what a person has decided is not asked again."""
        rows = [
            Duplicate(
                workspace=self.workspace,
                one_id=min(pair),
                other_id=max(pair),
                reason=reason,
                created_at=self.at,
            )
            for pair in pairs
        ]
        self._doubts += len(rows)
        Duplicate.objects.bulk_create(rows, ignore_conflicts=True)

    def close(self, first: int, last: int, report: dict[str, Any]) -> None:
        """The import is applied: what it was and what it did."""
        row = self.row
        row.status = ImportStatus.APPLIED
        row.format, row.digest = self.table.format, self.table.encoding.digest
        row.first_person, row.last_person = first, last
        row.report = report
        row.applied_at = row.ended_at = self.at
        row.save(
            update_fields=["status", "format", "digest", "first_person", "last_person", "report",
                           "applied_at", "ended_at"]
        )  # fmt: skip
