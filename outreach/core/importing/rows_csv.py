"""The report by row as CSV: one line for each row of the file, no cell of it a formula."""

from __future__ import annotations

import csv
from typing import Any, TextIO

from outreach.core import cells
from outreach.core.importing.report import RowResult

HEAD = ("line", "outcome", "name", "greeting", "known by", "reason", "changes", "conflicts",
        "errors", "suggestion", "suppressed")  # fmt: skip
AND = "; "  # between two things of one cell


class RowsCsv:
    """Called with each result of a run, writes it down."""

    def __init__(self, out: TextIO) -> None:
        self._out = csv.writer(out)
        self._out.writerow(HEAD)

    def __call__(self, result: RowResult) -> None:
        self._out.writerow([cells.safe(str(cell)) for cell in cells_of(result)])


def cells_of(result: RowResult) -> list[Any]:
    changes = [f"{each.field}: {each.after}" for each in result.changes]
    conflicts = [f"{each.field}: {each.before} (file: {each.after})" for each in result.conflicts]
    return [
        result.line, str(result.outcome), result.name, result.greeting, result.matched_by,
        result.reason, AND.join(changes), AND.join(conflicts), AND.join(result.errors),
        result.suggestion, result.suppressed,
    ]  # fmt: skip
