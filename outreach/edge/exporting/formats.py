"""CSV, JSON and JSON Lines: the same rows and columns, written batch by batch.

A JSON or JSON Lines that ends with `"complete": true` and a count is whole; one that was cut off
does not end so (docs/exports.md).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from outreach.core import cells

Row = dict[str, Any]
Head = dict[str, Any]  # what an export tells of itself
Columns = tuple[str, ...]
BOM = "\ufeff"  # spreadsheets would guess another encoding without it
# In JSON these stand in texts only; some programs take each of them for the end of a line.
LINE_ENDS = {ord(sign): f"\\u{ord(sign):04x}" for sign in "\x85\u2028\u2029"}


@dataclass(frozen=True, slots=True)
class Format:
    """How a file begins, goes on (a batch, whether it is the first) and ends (with its count)."""

    name: str
    title: str
    media: str
    begin: Callable[[Head, Columns], str]
    rows: Callable[[Sequence[Row], Columns, bool], str]
    end: Callable[[Head, int], str]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).translate(LINE_ENDS)


def _csv_begin(_: Head, columns: Columns) -> str:
    return BOM + ",".join(columns) + "\r\n"


def _csv_rows(rows: Sequence[Row], columns: Columns, _: bool) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([cell(row[name]) for name in columns] for row in rows)
    return text.getvalue()


def cell(value: Any) -> str:
    """One value as a cell: none is empty, several have blanks between them, objects are JSON."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return cells.safe(" ".join(value))
    if isinstance(value, dict | list):
        return cells.of_json(value)
    return cells.safe(str(value))


def _json_begin(head: Head, columns: Columns) -> str:
    told = _json({**head, "columns": columns})
    return f'{told[:-1]}, "rows": ['


def _json_rows(rows: Sequence[Row], _: Columns, first: bool) -> str:
    told = ",\n".join(_json(row) for row in rows)
    return f"\n{told}" if first else f",\n{told}"


def _json_end(_: Head, count: int) -> str:
    return f'\n], "count": {count}, "complete": true}}\n'


def _lines_rows(rows: Sequence[Row], _: Columns, __: bool) -> str:
    return "".join(f"{_json(row)}\n" for row in rows)


def _lines_end(head: Head, count: int) -> str:
    return _json({**head, "count": count, "complete": True}) + "\n"


def _nothing(*_: Any) -> str:
    return ""


FORMATS = {
    each.name: each
    for each in (
        Format("csv", "CSV", "text/csv; charset=utf-8", _csv_begin, _csv_rows, _nothing),
        Format("json", "JSON", "application/json", _json_begin, _json_rows, _json_end),
        Format("jsonl", "JSON Lines", "application/x-ndjson", _nothing, _lines_rows, _lines_end),
    )
}
