"""Tells a cell of several lines from rows swallowed between two stray quotes. Pure.

A quote opened in one row and closed in the same column of a later one leaves a record of the
right width: its first person has the last one's address, and those between are nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from outreach.core.importing.columns import Columns
from outreach.core.importing.pieces import EMAIL

BREAK = re.compile(r"\r\n|\r|\n")
# One value that never is an address; beside a line break one came from another row.
SINGLE = ("full_name", "first_name", "last_name", "company", "position", "country", "time_zone",
          "connected_on")  # fmt: skip
SURE = 4  # so many columns make no count of delimiters by chance


class Swallowed:
    """Finds such records under one header."""

    def __init__(self, columns: Columns, width: int, delimiter: str) -> None:
        self.width = width
        self.delimiter = delimiter
        self.email = columns.get("email", ())
        self.notes = columns.get("notes", ())
        self.single = {index for name in SINGLE for index in columns.get(name, ())}

    def holds_rows(self, cells: Sequence[str]) -> bool:
        """Whether a cell of this record holds other rows."""
        return any(
            self._holds_rows(index, BREAK.split(cell))
            for index, cell in enumerate(cells[: self.width])
            if "\n" in cell or "\r" in cell
        )

    def _holds_rows(self, index: int, lines: list[str]) -> bool:
        has_address = any(EMAIL.search(line) for line in lines)
        if index in self.single and has_address:
            return True
        first, *between, last = [line.count(self.delimiter) for line in lines]
        if self.width < 2 or first != self.width - 1 - index or last != index:
            return False
        rows = [*lines[1:-1], lines[-1]] if index == self.width - 1 else lines[1:-1]
        if index in self.notes:
            return any(self._is_row(row) for row in rows)
        if index in self.email and all("@" in part for row in lines for part in self._parts(row)):
            return False  # several addresses of one person
        return has_address or self.width - 1 in between or self.width >= SURE

    def _is_row(self, line: str) -> bool:
        parts = line.split(self.delimiter)
        return len(parts) == self.width and any(
            EMAIL.fullmatch(parts[index].strip()) for index in self.email
        )

    def _parts(self, line: str) -> list[str]:
        return [part for part in line.split(self.delimiter) if part.strip()]
