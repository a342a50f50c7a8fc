"""Excel workbooks (.xlsx): the first sheet with a header that says who somebody is.

Read row by row; what it would grow to is judged before, and defusedxml refuses entities. The
other sheets are named in a notice.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from itertools import islice
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from outreach.core.importing import archive, columns, delimited, table
from outreach.core.importing.encoding import Encoding
from outreach.core.importing.source import BadFile, Source
from outreach.core.importing.spool import of_rows
from outreach.core.importing.table import Record, Table
from outreach.core.names import clean

MAX_SHEET = 500 * 1024 * 1024
MAX_STRINGS = 64 * 1024 * 1024  # openpyxl holds these in memory
HEAD_ROWS = 60
MOST_COUNTED = 100_000  # rows of a sheet that is not read
# A formula whose result was never stored: written by a program, not saved by Excel.
UNCALCULATED = re.compile(
    rb'<c r="([A-Z]+\d+)"[^>]*><f[^>]*(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v></v>)?\s*</c>'
)
BROKEN = (ParseError, DefusedXmlException, KeyError, ValueError, TypeError, AttributeError,
          IndexError, InvalidFileException)  # fmt: skip


def read(place: Source, digest: str, *, mapping: Mapping[str, str] | None = None) -> Table:
    """The people's sheet of a workbook, or BadFile."""
    with archive.opened(place) as packed:
        _refuse_bombs(packed, place.name)
        _refuse_uncalculated(packed, place.name)
    try:
        with place.opened() as handle:
            book = load_workbook(handle, read_only=True, data_only=True, keep_links=False)
            sheet, line, cells = _people_sheet(book, place.name, mapping)
            spool = of_rows(place.name, _rows(sheet, line, len(cells)))
            notices = _unread(book, sheet)
    except archive.DAMAGED:
        raise BadFile(f"{place.name} is cut off or damaged. Save it again in Excel.") from None
    except BROKEN:
        raise BadFile(
            f"{place.name} cannot be read as an Excel workbook. Open it and save it as CSV UTF-8."
        ) from None
    reading = table.header_of(cells, line, place.name, mapping)
    return Table(
        name=place.name,
        format="linkedin" if reading.is_linkedin else "xlsx",
        encoding=Encoding("", f"sheet {sheet.title}", digest),
        opened=spool.records,
        header=tuple(cells),
        header_line=line,
        columns=reading.columns,
        unread=reading.unread,
        notices=notices,
    )


def _refuse_bombs(packed: zipfile.ZipFile, name: str) -> None:
    for info in packed.infolist():
        archive.refuse_locked(info, name)
        is_sheet = info.filename.startswith("xl/worksheets/")
        archive.refuse_size(info, name, MAX_SHEET if is_sheet else MAX_STRINGS)


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


def _people_sheet(
    book: Any, name: str, mapping: Mapping[str, str] | None
) -> tuple[Any, int, list[str]]:
    """Sheet, row and cells of the first header that names people; else of the first filled row."""
    first: tuple[Any, int, list[str]] | None = None
    for sheet in book.worksheets:
        sheet.reset_dimensions()  # files lie about how large they are
        for line, values in enumerate(islice(sheet.iter_rows(values_only=True), HEAD_ROWS), 1):
            cells = [clean(_text(value)) for value in values]
            while cells and not cells[-1]:
                cells.pop()
            if not cells:
                continue
            known = delimited.known_words(cells, mapping)
            if known >= 2 and columns.read_header(cells).identifies:
                return sheet, line, cells
            first = first or (sheet, line, cells)
    if first is None:
        raise BadFile(f"{name} has no filled cell. Export it again.")
    return first


def _unread(book: Any, read: Any) -> tuple[str, ...]:
    """Every other sheet with something in it: people there, and opt-outs, would go unnoticed."""
    found = []
    for sheet in book.worksheets:
        if sheet.title == read.title:
            continue
        sheet.reset_dimensions()
        rows = islice(sheet.iter_rows(values_only=True), MOST_COUNTED)
        if count := sum(1 for values in rows if any(_text(value).strip() for value in values)):
            found.append(f"{sheet.title} ({_several(count)})")
    if not found:
        return ()
    return (
        f"Only the sheet {read.title} was read. Not read, nor who opted out there: "
        f"{', '.join(found)}. Save each as a file of its own and import it too.",
    )


def _several(count: int) -> str:
    if count == MOST_COUNTED:
        return f"{count:,} rows or more"
    return "1 row" if count == 1 else f"{count:,} rows"


def _rows(sheet: Any, header_line: int, width: int) -> Iterator[Record]:
    found = 0
    for line, values in enumerate(sheet.iter_rows(values_only=True), 1):
        if line <= header_line:
            continue
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
