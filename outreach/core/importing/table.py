"""What every format becomes: a header and records that can be streamed again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from outreach.core.importing import columns as meaning
from outreach.core.importing import overlooked, refusals
from outreach.core.importing.columns import Columns, Reading, UnknownColumn
from outreach.core.importing.dates import looks_day_first
from outreach.core.importing.encoding import Encoding
from outreach.core.importing.source import BadFile, BadHeader
from outreach.core.importing.tidy import is_footer
from outreach.core.importing.twonames import TwoNames
from outreach.core.importing.unheard import Heard, Unheard

MAX_ROWS = 1_000_000
COLUMNLESS = ("vcard", "text")  # formats in which no column can be given a meaning
SHEET = 1 << 21  # more than a sheet may have rows
Record = tuple[int, list[str]]


class Row(int):
    """A row of one of several sheets: told with the sheet, and in order over all of them."""

    row: int
    sheet: str

    def __new__(cls, row: int, sheet: str, nth: int) -> Row:
        made = super().__new__(cls, nth * SHEET + row)
        made.row, made.sheet = row, sheet
        return made

    def __str__(self) -> str:
        return f"{self.row} of {self.sheet}"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)


@dataclass(frozen=True, slots=True)
class Passed:
    """One message or invitation of an archive: with whose profile, which way, when (UTC)."""

    profile: str
    is_ours: bool
    at: str
    key: str


@dataclass(frozen=True, eq=False)
class Table:
    """A file that was read through once and found whole. `records` streams it again.

    Records are pairs of a line number (a row of a sheet, the first line of a card) and cells.
    `history` streams what an archive tells of messages; `notices` are sentences for the report.
    """

    name: str
    format: str
    encoding: Encoding
    opened: Callable[[], Iterator[Record]]
    header: tuple[str, ...]
    columns: Columns
    unread: tuple[str, ...] = ()
    header_line: int = 0
    delimiter: str = ""
    rows: int = 0
    last_row: int = 0  # the line of the last row that is no line below the list
    is_day_first: bool = False
    notices: tuple[str, ...] = ()
    history: Callable[[], Iterator[Passed]] | None = None
    samples: tuple[tuple[str, ...], ...] = ()
    sheet: str = ""
    more: tuple[Table, ...] = ()  # the other sheets with people; `rows` counts theirs too

    @property
    def parts(self) -> tuple[Table, ...]:
        return (self, *self.more)

    def line(self, number: int, nth: int = 0) -> int:
        """A number of the sheet `nth`, or one that was made of it, as it is told of."""
        nth, number = (nth, number) if nth else divmod(number, SHEET)
        return Row(number, self.parts[nth - 1].sheet, nth) if nth and self.more else number

    def records(self) -> Iterator[Record]:
        """Line number and cells of every record below the header; blank lines are none."""
        return self.opened()


class Unanswered(BadHeader):
    """A column that may mean what nobody guesses: a person says it before anything is stored."""

    def __init__(self, sentence: str, line: int, table: Table, heard: Sequence[Heard] = ()) -> None:
        super().__init__(sentence, line=line, header=table.header)
        self.table = table
        self.heard = tuple(heard)  # names people: shown to whoever brings the file, never logged


def header_of(
    cells: Sequence[str], line: int, name: str, mapping: Mapping[str, str] | None
) -> Reading:
    """The meaning of a header, or BadFile when it says of nobody who they are."""
    try:
        reading = meaning.read_header(cells, mapping)
    except UnknownColumn as error:
        raise BadHeader(
            f"The mapping does not fit {name}: {error}", line=line, header=cells
        ) from None
    if not reading.identifies:
        raise BadHeader(
            f"{name} has no column that says who somebody is (name, e-mail, phone or profile). "
            f"Line {line} has: {shown(cells)}. Put a header line on top, such as "
            "Name,Email,Company, or say what a column is with --map or on the import's page.",
            line=line,
            header=cells,
        )
    if double := meaning.twice(cells, reading.columns):
        raise BadFile(
            f"Line {line} of {name} names the column {double!r} twice. Rename or delete one.",
            line=line,
        )
    return reading


def shown(cells: Sequence[str]) -> str:
    names = [cell[:40] for cell in cells if cell]
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return (", ".join(names[:12]) or "nothing") + more


def survey(table: Table, mapping: Mapping[str, str] | None = None) -> Table:
    """Read to the end: every structural fault shows before anything is stored."""
    parts: list[Table] = []
    for part in table.parts:
        parts.append(_surveyed(part, sum(each.rows for each in parts), mapping))
    return replace(parts[0], more=tuple(parts[1:]), rows=sum(each.rows for each in parts))


def _surveyed(table: Table, before: int, mapping: Mapping[str, str] | None) -> Table:
    rows = last = 0
    width = len(table.header)
    is_day_first = False
    dates = table.columns.get("connected_on", ())[:1]
    unheard = Unheard(table.header, table.columns, mapping)
    names = TwoNames(table.header, table.columns, mapping)
    for line, cells in table.records():
        rows += 1
        if before + rows > MAX_ROWS:
            raise BadFile(
                f"{table.name} has more than {MAX_ROWS:,} rows (line {line}), the most one "
                "import takes. Split it into several files, each with the header line.",
                line=line,
            )
        if not is_footer(cells, width) and any(cells):
            last = line
        for index in dates:
            if not is_day_first and index < len(cells):
                is_day_first = looks_day_first(cells[index])
        unheard.look(line, cells)
        names.look(line, cells)
    if not rows:
        raise BadFile(
            f"{table.name} has a header (line {table.header_line}) and no rows below it. "
            "Export it again.",
            line=table.header_line,
        )
    samples = tuple(tuple(cell[:60] for cell in cells) for _, cells in islice(table.records(), 3))
    table = replace(table, samples=samples)
    heard = _ask(table, unheard, names)
    notices = (
        *heard,
        *table.notices,
        *refusals.notice(table.header, table.columns),
        *overlooked.notice(table.header, table.columns, _first_rows(table), mapping),
    )
    return replace(table, rows=rows, last_row=last, is_day_first=is_day_first, notices=notices)


def _ask(table: Table, unheard: Unheard, names: TwoNames) -> tuple[str, ...]:
    """What a person has to say before anything is stored: the file waits for it. A sentence where
    its kind has no columns to ask for."""
    if table.format in COLUMNLESS:
        return tuple(filter(None, [unheard.told()]))
    for each in (unheard, names):
        if each.found is not None:
            line = each.found[0]
            heard = [replace(one, line=_place(one.line, table)) for one in unheard.heard]
            asked = each.asked(table.name, _place(line, table))
            raise Unanswered(asked, line, table, heard if each is unheard else ())
    return ()


def _place(line: int, table: Table) -> int:
    return Row(line, table.sheet, 1) if table.sheet else line


def _first_rows(table: Table) -> Iterator[list[str]]:
    return (cells for _, cells in islice(table.records(), overlooked.LOOKED_AT))
