"""Bytes to records: lines, quotes, delimiter and header of a file, found by content.

`read_file` goes through the whole file once and refuses it for any structural fault, so that
nothing is stored of a file that is broken further down. Records are streamed: memory is flat.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from outreach.core.importing import columns as meaning
from outreach.core.importing import encoding, source
from outreach.core.importing.columns import Columns, Reading
from outreach.core.importing.dates import looks_day_first
from outreach.core.importing.source import BadFile, Source
from outreach.core.names import clean

MAX_ROWS = 1_000_000
MAX_LINE = 1_000_000
HEAD_LINES = 60
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
Record = tuple[int, list[str]]


@dataclass(frozen=True, eq=False)
class Table:
    """A file that was read through once and found whole. `records` streams it again."""

    source: Source
    format: str
    encoding: encoding.Encoding
    delimiter: str
    header: tuple[str, ...]
    header_line: int
    columns: Columns
    unread: tuple[str, ...]
    rows: int = 0
    is_day_first: bool = False
    notices: tuple[str, ...] = field(default=())

    @property
    def name(self) -> str:
        return self.source.name

    def records(self) -> Iterator[Record]:
        """Line number and cells of every record below the header; blank lines are none."""
        with _text(self.source, self.encoding.codec) as handle:
            lines = Lines(handle, self.name)
            for _ in islice(lines, self.header_line):
                pass
            yield from _records(lines, self.delimiter)


def read_file(
    content: Path | str | bytes | BinaryIO,
    *,
    name: str = "",
    format: str = "auto",
    encoding: str = "",
) -> Table:
    """The table in a path, bytes or stream, or BadFile with one sentence."""
    place = source.of(content, name)
    return _survey(_open(place, format, encoding))


def _open(place: Source, wanted: str, forced: str) -> Table:
    """Encoding, delimiter and header of the file; the records are not looked at yet."""
    found = encoding.detect(place, forced)
    with _text(place, found.codec) as handle:
        head = list(islice(Lines(handle, place.name), HEAD_LINES))
    if not any(line.strip() for line in head):
        raise BadFile(f"{place.name} holds only empty lines. Export it again.")
    line, cells, delimiter = _header(head, place.name)
    reading = meaning.read_header(cells)
    kind = "linkedin" if reading.is_linkedin else "csv"
    _refuse_header(place.name, line, cells, reading, wanted)
    return Table(
        source=place,
        format=kind if wanted == "auto" else wanted,
        encoding=found,
        delimiter=delimiter,
        header=tuple(cells),
        header_line=line,
        columns=reading.columns,
        unread=reading.unread,
    )


def _header(head: list[str], name: str) -> tuple[int, list[str], str]:
    """Line, cells and delimiter of the header: below any preamble, in whatever language.

    The first line with two words we know wins; else the first line that is not empty. Words of
    a preamble seldom fill a cell of their own, and `Notes:` alone identifies nobody.
    """
    first: tuple[int, list[str], str] | None = None
    for number, line in enumerate(head, start=1):
        if not line.strip() or line.strip().lower().startswith("sep="):
            continue
        tried = [(_cells(head[number - 1 :], mark), mark) for mark in DELIMITERS]
        known, cells, mark = max(
            ((_known(cells), cells, mark) for cells, mark in tried),
            key=lambda each: (each[0], len(each[1])),
        )
        if known >= 2 and meaning.read_header(cells).identifies:
            return number, cells, mark
        first = first or (number, cells, mark)
    if first is None:
        raise BadFile(f"{name} has no header line. Export it again.")
    return first


def _cells(lines: Sequence[str], delimiter: str) -> list[str]:
    """The cells of a header; never of several lines: what spans lines is preamble prose."""
    try:
        return [clean(cell) for cell in next(csv.reader(lines[:1], delimiter=delimiter), [])]
    except csv.Error:
        return []


def _known(cells: Sequence[str]) -> int:
    return sum(1 for cell in cells if meaning.fold(cell) in meaning.MEANING)


def _refuse_header(name: str, line: int, cells: list[str], reading: Reading, wanted: str) -> None:
    double = meaning.twice(cells)
    if double and reading.identifies:
        raise BadFile(
            f"Line {line} of {name} names the column {double!r} twice. Rename or delete one.",
            line=line,
        )
    if not reading.identifies:
        raise BadFile(
            f"{name} has no column that says who somebody is (name, e-mail, phone or profile). "
            f"Line {line} has: {_shown(cells)}. Put a header line on top, such as "
            "Name,Email,Company.",
            line=line,
        )
    if wanted == "linkedin" and not reading.is_linkedin:
        missing = sorted(meaning.LINKEDIN - set(reading.columns))
        words = ", ".join(meaning.LABELS.get(each, each) for each in missing)
        raise BadFile(
            f"{name} is no LinkedIn export: line {line} lacks {words}; it has: {_shown(cells)}. "
            "Use --format auto.",
            line=line,
        )


def _shown(cells: Sequence[str]) -> str:
    names = [cell[:40] for cell in cells if cell]
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return (", ".join(names[:12]) or "nothing") + more


def _survey(table: Table) -> Table:
    """Read to the end: every structural fault shows before anything is stored."""
    rows = 0
    is_day_first = False
    dates = table.columns.get("connected_on", ())[:1]
    for line, cells in table.records():
        rows += 1
        if rows > MAX_ROWS:
            raise BadFile(
                f"{table.name} has more than {MAX_ROWS:,} rows (line {line}), the most one "
                "import takes. Split it into several files, each with the header line.",
                line=line,
            )
        for index in dates:
            if not is_day_first and index < len(cells):
                is_day_first = looks_day_first(cells[index])
    if not rows:
        raise BadFile(
            f"{table.name} has a header (line {table.header_line}) and no rows below it. "
            "Export it again.",
            line=table.header_line,
        )
    return Table(
        **{
            **{name: getattr(table, name) for name in Table.__dataclass_fields__},
            "rows": rows,
            "is_day_first": is_day_first,
        }
    )


def _text(place: Source, codec: str) -> io.TextIOWrapper:
    # newline="" ends lines at LF, CR LF and a bare CR alike and leaves them in the text.
    return io.TextIOWrapper(place.opened(), encoding=codec, errors="strict", newline="")


class Lines:
    """Physical lines with their number; refuses NUL and a line too long to be held.

    `is_over` turns true when somebody asked for a line beyond the last one: a csv reader does
    so only inside an open quote.
    """

    def __init__(self, handle: io.TextIOWrapper, name: str) -> None:
        self.handle = handle
        self.name = name
        self.number = 0
        self.last = ""
        self.is_over = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.handle.readline(MAX_LINE + 1)
        if not line:
            self.is_over = True
            raise StopIteration
        self.number += 1
        if len(line) > MAX_LINE:
            raise BadFile(
                f"Line {self.number} of {self.name} is longer than {MAX_LINE:,} characters. "
                "This is no list with one person a line: export it again as CSV.",
                line=self.number,
            )
        if "\0" in line:
            raise BadFile(
                f"Line {self.number} of {self.name} holds a NUL character, which no text has. "
                "The file is damaged or no CSV: export it again.",
                line=self.number,
            )
        self.last = line
        return line


def _records(lines: Lines, delimiter: str) -> Iterator[Record]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        begun = lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            cells = _loosely(lines, begun, delimiter, error)
        if cells:
            yield begun, cells


def _loosely(lines: Lines, begun: int, delimiter: str, error: csv.Error) -> list[str]:
    """A quote that is not doubled inside its own line is read as written; else refused.

    Reading on over several lines would put two people into one row.
    """
    if lines.number == begun and not lines.is_over and "field larger" not in str(error):
        cells = next(csv.reader([lines.last], delimiter=delimiter), [])
        if not any("\n" in cell or "\r" in cell for cell in cells):
            return cells
    if "field larger" in str(error) and lines.number == begun:
        what = f"Line {begun} of {lines.name} has a cell of more than {csv.field_size_limit():,} "
        raise BadFile(what + "characters. Shorten it.", line=begun)
    raise BadFile(
        f'A quote (") opened in line {begun} of {lines.name} is not closed. Close it there, or '
        'write a quote inside a cell twice ("").',
        line=begun,
    )
