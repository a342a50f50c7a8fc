"""What an import does or would do, row by row, with counts. Preview and apply give the same one.

Counts cover every row; of the rows themselves the first of each kind are kept, so that a
million rows take no more memory than a thousand. Who wants them all passes `on_row`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from outreach.core.importing.table import Row

KEPT_ROWS = 1_000
KEPT_ERRORS = 100
NAMED = ("name", "greeting", "code", "reason", "matched_by", "suggestion", "suppressed")


class Outcome(StrEnum):
    """What becomes of a row. Every row has exactly one."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of one person: a change from `before` to `after`, or a conflict kept as it is."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class RowResult:
    """What becomes of one row and why. `matched_by` says how its person was recognised."""

    line: int
    outcome: Outcome
    name: str = ""
    code: str = ""
    reason: str = ""
    matched_by: str = ""
    greeting: str = ""
    changes: tuple[Difference, ...] = ()
    conflicts: tuple[Difference, ...] = ()
    errors: tuple[str, ...] = ()
    suggestion: str = ""
    is_nameless: bool = False  # the name is an address
    is_stopped: bool = False
    suppressed: str = ""  # why an address of the row is

    def as_dict(self) -> dict[str, Any]:
        """Without what is empty, for `--json`."""
        found: dict[str, Any] = {**place(self.line), "outcome": str(self.outcome)}
        for key in NAMED:
            if value := getattr(self, key):
                found[key] = value
        for key in ("changes", "conflicts"):
            if rows := getattr(self, key):
                found[key] = [
                    {"field": each.field, "before": each.before, "after": each.after}
                    for each in rows
                ]
        if self.errors:
            found["errors"] = list(self.errors)
        if self.is_nameless:
            found["nameless"] = True
        if self.is_stopped:
            found["stopped"] = True
        return found


@dataclass(slots=True)
class Report:
    """The whole import. `is_applied` tells what was done from what would be done."""

    file: str
    format: str
    encoding: str
    delimiter: str
    header_line: int
    columns: dict[str, str]
    unread: tuple[str, ...]
    notices: tuple[str, ...] = ()
    is_applied: bool = False
    number: int = 0  # of the import's row, once it wrote something
    on_row: Callable[[RowResult], None] | None = None
    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    suppressions: Counter[str] = field(default_factory=Counter)  # rows by what stands against them
    kept: dict[Outcome, list[RowResult]] = field(
        default_factory=lambda: {outcome: [] for outcome in Outcome}
    )
    # Line, fault, and whether the rest of the row was taken.
    errors: list[tuple[int, str, bool]] = field(default_factory=list)

    def add(self, row: RowResult) -> None:
        """Count one row, and keep it while there is room."""
        counts = self.counts
        counts["rows"] += 1
        counts[row.outcome] += 1
        if row.outcome is Outcome.SKIPPED:
            self.reasons[row.code] += 1
        if row.errors:
            counts["rows_with_errors"] += 1
            counts["errors"] += len(row.errors)
            is_taken = row.outcome is not Outcome.SKIPPED
            counts["rows_taken_in_part"] += is_taken
            room = max(KEPT_ERRORS - len(self.errors), 0)
            self.errors.extend((row.line, text, is_taken) for text in row.errors[:room])
        counts["conflicts"] += len(row.conflicts)
        counts["suggestions"] += bool(row.suggestion)
        counts["stopped"] += row.is_stopped
        counts["suppressed"] += bool(row.suppressed)
        if len(self.kept[row.outcome]) < KEPT_ROWS:
            self.kept[row.outcome].append(row)
        if self.on_row is not None:
            self.on_row(row)

    @property
    def new(self) -> int:
        return self.counts[Outcome.NEW]

    @property
    def changed(self) -> int:
        return self.counts[Outcome.CHANGED]

    @property
    def unchanged(self) -> int:
        return self.counts[Outcome.UNCHANGED]

    @property
    def skipped(self) -> int:
        return self.counts[Outcome.SKIPPED]

    @property
    def writes(self) -> bool:
        """Whether applying writes anything at all."""
        return bool(self.new or self.changed or self.counts["contacts"] or self.counts["opted_out"])

    @property
    def is_refused(self) -> bool:
        """Whether rows were refused and none came in: of such a file nothing is stored."""
        counts = self.counts
        return bool(counts["errors"]) and counts["rows"] == self.skipped and not self.writes

    def rows(self) -> Iterator[RowResult]:
        """The kept rows in the order of the file."""
        every = [row for rows in self.kept.values() for row in rows]
        return iter(sorted(every, key=lambda row: row.line))

    def tally(self) -> dict[str, int]:
        """Every count, zeroes too."""
        return {name: self.counts[name] for name in COUNTS}

    def as_dict(self) -> dict[str, Any]:
        """One object for programs."""
        return {
            "file": self.file,
            "format": self.format,
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "header_line": self.header_line,
            "columns": self.columns,
            "columns_not_read": list(self.unread),
            "notices": list(self.notices),
            "applied": self.is_applied and not self.is_refused,
            "counts": self.tally(),
            "skipped_by_reason": dict(sorted(self.reasons.items())),
            "suppressed_by_reason": dict(sorted(self.suppressions.items())),
            "errors": [
                {**place(line), "error": text, "row_taken": is_taken}
                for line, text, is_taken in self.errors
            ],
            "errors_not_shown": self.counts["errors"] - len(self.errors),
            "rows": [row.as_dict() for row in self.rows()],
            "rows_not_shown": self.counts["rows"] - sum(len(rows) for rows in self.kept.values()),
        }


def place(line: int) -> dict[str, Any]:
    """Where a row stands, for programs: its sheet too where several were read."""
    return {"line": line.row, "sheet": line.sheet} if isinstance(line, Row) else {"line": line}


COUNTS = (
    "rows",
    "new",
    "changed",
    "unchanged",
    "skipped",
    "rows_with_errors",
    "rows_taken_in_part",  # of those: without what is wrong in them
    "errors",
    "conflicts",
    "suggestions",
    "stopped",
    "suppressed",  # rows with an address nothing may go to
    "opted_out",  # addresses this file suppresses
    "contacts",  # messages of an archive, noted
    "contacts_of_nobody",  # messages with people who are not here
)
