"""Excel workbooks (.xlsx): every sheet with a header that says who somebody is.

Read row by row; what all of them would grow to is judged before, and defusedxml refuses entities.
The other sheets, and hidden ones, are named in a notice.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from functools import partial
from itertools import islice
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from outreach.core.importing import archive, columns, delimited, table
from outreach.core.importing.encoding import Encoding
from outreach.core.importing.source import BadFile, Source
from outreach.core.importing.spool import Spool
from outreach.core.importing.table import Record, Table
from outreach.core.names import clean
from outreach.core.plurals import plural

MAX_SHEET = 500 * 1024 * 1024
MAX_STRINGS = 64 * 1024 * 1024  # openpyxl holds these in memory
HEAD_ROWS = 60
LAST_ROW = 1_048_576  # openpyxl makes up every row that is missing before one
MOST_COUNTED = 100_000  # rows of a sheet that is not read
# A formula whose result was never stored: written by a program, not saved by Excel.
UNCALCULATED = re.compile(
    rb'<c r="([A-Z]+\d+)"[^<>]*><f[^<>]*(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v></v>)?\s*</c>'
)
BROKEN = (ParseError, DefusedXmlException, KeyError, ValueError, TypeError, AttributeError,
          IndexError, InvalidFileException)  # fmt: skip

Mapped = Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class Head:
    """A sheet, its header, and where its rows stand in the spool."""

    sheet: Any
    line: int
    cells: list[str]
    is_people: bool = False
    start: int = 0
    end: int = 0


def read(place: Source, digest: str, *, mapping: Mapped = None) -> Table:
    """The people's sheets of a workbook, each a table, or BadFile."""
    with archive.opened(place) as packed:
        _refuse_bombs(packed, place.name)
        _refuse_uncalculated(packed, place.name)
    try:
        with place.opened() as handle:
            book = load_workbook(handle, read_only=True, data_only=True, keep_links=False)
            spool = Spool(place.name)
            people = _people_sheets(book, place.name, mapping)
            found = [_spooled(head, place.name, spool) for head in people]
            chosen = [head for head in found if head.start < head.end] or found[:1]
            tables = list(_tables(chosen, place.name, spool, digest, mapping))
            empty = [head.sheet.title for head in found if head.start == head.end]
            notices = _unread(book, [each.sheet for each in tables], empty)
    except archive.DAMAGED:
        raise BadFile(f"{place.name} is cut off or damaged. Save it again in Excel.") from None
    except BROKEN:
        raise BadFile(
            f"{place.name} cannot be read as an Excel workbook. Open it and save it as CSV UTF-8."
        ) from None
    return replace(tables[0], notices=notices, more=tuple(tables[1:]))


def _spooled(head: Head, name: str, spool: Spool) -> Head:
    start = spool.size
    spool.fill(_rows(head.sheet, name, head.line, len(head.cells)))
    return replace(head, start=start, end=spool.size)


def _tables(
    found: Sequence[Head], name: str, spool: Spool, digest: str, mapping: Mapped
) -> Iterator[Table]:
    """A further sheet whose header is faulty keeps nobody from the first: it is not read."""
    for head in found:
        try:
            yield _table(head, name, spool, digest, _fitting(mapping, head, found))
        except BadFile:
            if head is found[0]:
                raise


def _table(head: Head, name: str, spool: Spool, digest: str, mapping: Mapped) -> Table:
    reading = table.header_of(head.cells, head.line, name, mapping)
    return Table(
        name=name,
        format="linkedin" if reading.is_linkedin else "xlsx",
        encoding=Encoding("", f"sheet {head.sheet.title}", digest),
        opened=partial(spool.rows, head.start, head.end),
        header=tuple(head.cells),
        header_line=head.line,
        columns=reading.columns,
        unread=reading.unread,
        sheet=head.sheet.title,
    )


def _fitting(mapping: Mapped, head: Head, every: Sequence[Head]) -> Mapped:
    """What was said of columns of this sheet. Numbers, and words that no sheet has, are of the
    first, which refuses those that do not fit."""
    others = {columns.fold(cell) for each in every if each is not head for cell in each.cells}
    own = {columns.fold(cell) for cell in head.cells}
    is_first = head is every[0]
    return {
        word: field
        for word, field in (mapping or {}).items()
        if columns.fold(word) in own or (is_first and columns.fold(word) not in others)
    }


def _refuse_bombs(packed: zipfile.ZipFile, name: str) -> None:
    taken = 0
    for info in packed.infolist():
        archive.refuse_locked(info, name)
        is_sheet = info.filename.startswith("xl/worksheets/")
        archive.refuse_size(info, name, MAX_SHEET if is_sheet else MAX_STRINGS)
        taken += info.file_size if is_sheet else 0
    if taken > MAX_SHEET:
        raise BadFile(
            f"The sheets of {name} grow to {taken / 1024 / 1024:,.0f} MB when unpacked; at most "
            f"{MAX_SHEET / 1024 / 1024:,.0f} MB are read. Save some of them as files of their own."
        )


def _refuse_uncalculated(packed: zipfile.ZipFile, name: str) -> None:
    """A cell without its result would come in empty and nobody would notice."""
    for info in packed.infolist():
        if not re.fullmatch(r"xl/worksheets/[^/]+\.xml", info.filename):
            continue
        tail = b""
        with packed.open(info) as handle:
            while chunk := handle.read(1 << 20):
                if found := UNCALCULATED.search(tail + chunk):
                    raise BadFile(
                        f"Cell {found[1].decode()} of {name} is a formula without a stored result. "
                        "Open the workbook in Excel, save it, and import it again."
                    )
                tail = chunk[-2_000:]


def _people_sheets(book: Any, name: str, mapping: Mapped) -> list[Head]:
    """Header row and cells of each sheet that names people; else of the first that is filled. Of
    hidden sheets only where no other is."""
    filled = [head for sheet in book.worksheets if (head := _head(sheet, mapping))]
    if not filled:
        raise BadFile(f"{name} has no filled cell. Export it again.")
    people = [head for head in filled if head.is_people]
    seen = [head for head in people if head.sheet.sheet_state == "visible"]
    return seen or people[:1] or filled[:1]


def _head(sheet: Any, mapping: Mapped) -> Head | None:
    """The first row of a sheet that is a header of people, else its first filled row."""
    first: Head | None = None
    sheet.reset_dimensions()  # files lie about how large they are
    for line, values in enumerate(islice(sheet.iter_rows(values_only=True), HEAD_ROWS), 1):
        cells = [clean(_text(value)) for value in values]
        while cells and not cells[-1]:
            cells.pop()
        if not cells:
            continue
        known = delimited.known_words(cells, mapping)
        if known >= 2 and columns.read_header(cells).identifies:
            return Head(sheet, line, cells, is_people=True)
        first = first or Head(sheet, line, cells)
    return first


def _unread(book: Any, read: Sequence[str], empty: Sequence[str]) -> tuple[str, ...]:
    """Every other sheet with something in it: people there, and opt-outs, would go unnoticed."""
    found = []
    for sheet in book.worksheets:
        if sheet.title in read or sheet.title in empty:
            continue
        sheet.reset_dimensions()
        rows = islice(sheet.iter_rows(values_only=True), MOST_COUNTED)
        if count := sum(1 for values in rows if any(_text(value).strip() for value in values)):
            hidden = "" if sheet.sheet_state == "visible" else "hidden, "
            found.append(f"{sheet.title} ({hidden}{_several(count)})")
    if not found:
        return ()
    sheets = f"sheet {read[0]} was" if len(read) == 1 else f"sheets {', '.join(read)} were"
    return (
        f"Only the {sheets} read. Not read, nor who opted out there: "
        f"{', '.join(found)}. Save each as a file of its own and import it too.",
    )


def _several(count: int) -> str:
    if count == MOST_COUNTED:
        return f"{count:,} rows or more"
    return plural(count, "row")


def _rows(sheet: Any, name: str, header_line: int, width: int) -> Iterator[Record]:
    found = 0
    rows = sheet.iter_rows(values_only=True, max_row=LAST_ROW + 1)
    for line, values in enumerate(rows, 1):
        if line <= header_line:
            continue
        if line > LAST_ROW:
            raise BadFile(
                f"Sheet {sheet.title} of {name} has a row below {LAST_ROW:,}, the last one that a "
                "sheet can have. Save it again in Excel."
            )
        cells = [_text(value) for value in values]
        if not any(cells):
            continue
        found += 1
        if found > table.MAX_ROWS + 1:
            return  # one more than allowed: the survey says so
        extra = cells[width:]
        yield line, [*_padded(cells[:width], width), *(extra if any(extra) else ())]


def _padded(cells: Sequence[str], width: int) -> list[str]:
    return [*cells, *[""] * (width - len(cells))]


def _text(value: Any) -> str:
    """A cell as it would stand in a CSV."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e16:
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(sep=" ") if value.time() != time() else value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value).replace("\0", "")
