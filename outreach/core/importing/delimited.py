"""Delimited text to records: lines, quotes, delimiter and header of a file, found by content.

Records are streamed: memory is flat whatever the file holds.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, pairwise

from outreach.core.importing import columns as meaning
from outreach.core.importing.encoding import Encoding
from outreach.core.importing.source import BadFile, Source
from outreach.core.importing.swallowed import Swallowed
from outreach.core.importing.table import Record, Table, header_of, shown
from outreach.core.names import clean

MAX_LINE = 1_000_000
HEAD_LINES = 60
LONGEST_HEADER = 2_000  # characters of a line that is looked through for an odd mark
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
ODD_MARK = re.compile(r"[^\w\s]{2,}| {2,}")  # of several characters, such as `::`


def head_of(place: Source, codec: str) -> list[str]:
    """The first lines of a text."""
    with text(place, codec) as handle:
        head = list(islice(Lines(handle, place.name), HEAD_LINES))
    if not any(line.strip() for line in head):
        raise BadFile(f"{place.name} holds only empty lines. Export it again.")
    return head


def read(
    place: Source,
    found: Encoding,
    head: list[str],
    *,
    wanted: str = "auto",
    mapping: Mapping[str, str] | None = None,
) -> Table:
    """Delimiter and header of the file; the records are not looked at yet."""
    line, cells, delimiter = find_header(head, place.name, mapping)
    reading = header_of(cells, line, place.name, mapping)
    if wanted == "linkedin" and not reading.is_linkedin:
        missing = sorted(meaning.LINKEDIN - set(reading.columns))
        words = ", ".join(meaning.LABELS.get(each, each) for each in missing)
        raise BadFile(
            f"{place.name} is no LinkedIn export: line {line} lacks {words}; it has: "
            f"{shown(cells)}. Use --format auto.",
            line=line,
        )
    kind = "linkedin" if reading.is_linkedin else "csv"
    swallowed = Swallowed(reading.columns, len(cells), delimiter)

    def opened() -> Iterator[Record]:
        with text(place, found.codec) as handle:
            lines = Lines(handle, place.name)
            for _ in islice(lines, line):
                pass
            yield from _records(lines, delimiter, swallowed)

    return Table(
        name=place.name,
        format=kind if wanted == "auto" else wanted,
        encoding=found,
        opened=opened,
        delimiter=delimiter,
        header=tuple(cells),
        header_line=line,
        columns=reading.columns,
        unread=reading.unread,
    )


def find_header(
    head: list[str], name: str, mapping: Mapping[str, str] | None = None
) -> tuple[int, list[str], str]:
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
            ((known_words(cells, mapping), cells, mark) for cells, mark in tried),
            key=lambda each: (each[0], len(each[1])),
        )
        if known >= 2 and _identifies(cells, mapping):
            return number, cells, mark
        first = first or (number, cells, mark)
    if first is None:
        raise BadFile(f"{name} has no header line. Export it again.")
    if not mapping:
        _refuse_odd_mark(head, name)
    return first


def _refuse_odd_mark(head: list[str], name: str) -> None:
    """A header whose words stand between a mark that parts nothing here (`First Name~Email`).

    Read as pasted text its rows would be addresses and its header somebody. The line below has
    the mark as often: `Phone/E-mail:` above a signature is no header.
    """
    filled = [
        (number, line.strip()[:LONGEST_HEADER])
        for number, line in enumerate(head, 1)
        if line.strip()
    ]
    for (number, line), (_, below) in pairwise(filled):
        for mark in dict.fromkeys([*ODD_MARK.findall(line), *line]):
            cells = [clean(cell.strip("\"'")) for cell in line.split(mark)]
            if mark.isalnum() or mark == " " or mark in DELIMITERS:
                continue
            if below.count(mark) < len(cells) - 1:
                continue
            if known_words(cells, None) >= 2 and _identifies(cells, None):
                raise BadFile(
                    f"Line {number} of {name} parts its columns with "
                    f"{'blanks' if mark.isspace() else repr(mark)}, which is not read. Put a "
                    "comma, semicolon, tab or bar in its place, or export the list again as CSV.",
                    line=number,
                )


def _identifies(cells: Sequence[str], mapping: Mapping[str, str] | None) -> bool:
    try:
        return meaning.read_header(cells, mapping).identifies
    except meaning.UnknownColumn:
        return meaning.read_header(cells).identifies


def known_words(cells: Sequence[str], mapping: Mapping[str, str] | None) -> int:
    """How many of these cells are words of a header."""
    said = {meaning.fold(word) for word in mapping or {}}
    return sum(1 for cell in cells if meaning.meaning(cell) or meaning.fold(cell) in said)


def _cells(lines: Sequence[str], delimiter: str) -> list[str]:
    """The cells of a header; never of several lines: what spans lines is preamble prose."""
    try:
        return [clean(cell) for cell in next(csv.reader(lines[:1], delimiter=delimiter), [])]
    except csv.Error:
        return []


def text(place: Source, codec: str) -> io.TextIOWrapper:
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


def _records(lines: Lines, delimiter: str, swallowed: Swallowed) -> Iterator[Record]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        begun = lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            cells = _loosely(lines, begun, delimiter, error)
        if lines.number > begun and swallowed.holds_rows(cells):
            raise BadFile(
                f'A quote (") in line {begun} of {lines.name} and one in line {lines.number} make '
                "one cell of the rows between them. Delete both, or write a quote inside a cell "
                'twice ("").',
                line=begun,
            )
        if cells and not (delimiter == "|" and _is_rule(cells)):
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


def _is_rule(cells: list[str]) -> bool:
    """The line of dashes under the header of a table drawn with bars."""
    return not "".join(cells).strip(" -:=+\r\n")
