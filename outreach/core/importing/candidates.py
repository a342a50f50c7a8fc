"""One record of a file as somebody who may be stored, or the reason why it is nobody. Pure, but for
what day it is.

A cell that cannot be read is an error of its row and is named; the row is kept without it as
long as another cell still says who it is. An unknown time zone is not: without it the person
would be written to at the wrong hour.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from django.utils import timezone

from outreach.core import names
from outreach.core.addresses import readable
from outreach.core.importing import dates
from outreach.core.importing.choices import Choices
from outreach.core.importing.columns import fold
from outreach.core.importing.places import country, is_calling_code, zone, zone_of
from outreach.core.importing.refusals import OPTED_OUT, Refusals, Refused
from outreach.core.importing.table import Record, Table
from outreach.core.importing.tidy import emptied, failures, is_footer, plain
from outreach.core.importing.ways import Way, Ways
from outreach.core.models import Channel
from outreach.core.names import Name
from outreach.core.plurals import plural

LONGEST = {"company": 300, "position": 400, "notes": 20_000}
LONGEST_NAME = {"first": 200, "last": 200, "full": 400, "greeting": 200}
NUMBERS = (str(Channel.PHONE), str(Channel.WHATSAPP))
SEVERAL = "One person or several? Words stand between its mailboxes. Write one person a line."
GONE = "A page without a name in LinkedIn's list: a member who is gone."
NOTHING_ELSE = "Nothing else in the row says who it is."
FORMULA = "{!r} is a formula and no word: left out. Write what it shows."
WORDS = ("first_name", "last_name", "full_name", "company", "position")
IN_FILE = -1
UNREADABLE = frozenset({"footer", "ragged"})  # which cell means what nobody knows


@dataclass(slots=True)
class Candidate:
    """Somebody a row tells of. `problems` are cells left out, each with its sentence."""

    line: int
    name: Name
    company: str = ""
    company_key: str = ""
    position: str = ""
    profile_url: str = ""
    connected_on: date | None = None
    time_zone: str = ""
    country: str = ""
    notes: str = ""
    is_zone_derived: bool = False
    refused: Refused = field(default_factory=dict)
    suppressed: str = ""  # why an address of theirs is, once it was looked up
    perhaps: int = 0  # the person this may be too; IN_FILE for one of this file
    namesake: str = ""  # the name of that one of this file
    ways: list[Way] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    # Mailboxes that an earlier row has, which is clearly somebody else's: its line and name.
    shares: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)

    @property
    def is_nameless(self) -> bool:
        return names.is_nameless(self.name.first, self.name.last, self.name.full)

    @property
    def name_key(self) -> str:
        return self.name.full.casefold()


@dataclass(slots=True)
class Skip:
    """A row that is left out. `is_error` tells a fault of the file from what is meant so.

    What it says against writing holds all the same: `ways` are the addresses it speaks of.
    """

    line: int
    code: str
    reason: str
    is_error: bool = False
    name: str = ""
    ways: list[Way] = field(default_factory=list)
    refused: Refused = field(default_factory=dict)
    suppressed: str = ""


class Reader:
    """Turns the records of one table into candidates."""

    def __init__(self, table: Table, choices: Choices) -> None:
        self.table = table
        self.choices = choices
        self.width = len(table.header)
        self.columns = table.columns
        self.ways = Ways(table.columns, table.header)
        self.refusals = Refusals(table.columns, table.header, hears_notes=True)
        self.tomorrow = timezone.now().date() + timedelta(days=1)  # today, wherever it was written

    def read(self, record: Record) -> Candidate | Skip:
        """Somebody, or why it is nobody. A row that is left out still closes its addresses."""
        found = self._read(record)
        if not self.refusals.cells or (isinstance(found, Skip) and found.code in UNREADABLE):
            return found
        cells = emptied(record[1])
        found.refused = self.refusals.read(cells)
        if isinstance(found, Skip) and found.refused:
            region = country(self._text(cells, "country")) or self.choices.country
            found.ways = self.ways.read(cells, region).ways
        return found

    def _read(self, record: Record) -> Candidate | Skip:
        line, cells = record
        is_below = line > self.table.last_row
        if is_footer(cells, self.width, is_below=is_below):
            text = f"A {'line below' if is_below else 'sum or heading in'} the list, not somebody."
            return Skip(line, "footer", text, name=names.clean(" ".join(cells[:2]))[:80])
        if len(cells) != self.width and (fault := self._ragged(line, cells)):
            return fault
        cells, formulas = self._without_formulas(emptied(cells))
        if fold(self._raw(cells, "deleted")) in OPTED_OUT:
            who = self._text(cells, "full_name") or self._text(cells, "email")
            return Skip(line, "deleted", "Marked as deleted in the file.", name=who)
        first, last = self._text(cells, "first_name"), self._text(cells, "last_name")
        full = self._text(cells, "full_name") if "full_name" in self.columns else ""
        if full.isdecimal():  # the number of a row or a ticket
            full = ""
        row = Candidate(line, names.of_person(first, last, full))
        self._read_country(row, cells)
        self._read_ways(row, cells)
        if not row.ways and not row.name.full and formulas:
            return Skip(line, "formula", f"{formulas[0]} {NOTHING_ELSE}", True)
        if self._is_nobody(row):
            return self._nobody(row, cells)
        if not row.name.full or (row.ways and names.is_nameless("", "", full)):
            way = row.ways[0]
            row.name = Name("", "", readable(way.channel, way.normalised), "")
        for part, most in LONGEST_NAME.items():
            if len(getattr(row.name, part)) > most:
                return Skip(line, "too_long", f"The name has more than {most} letters.", True)
        row.problems += [*failures(record[1]), *formulas]
        return self._read_zone(row, cells) or self._read_facts(row, cells)

    def _is_nobody(self, row: Candidate) -> bool:
        """Whether it cannot be said who it is; LinkedIn's own list has a name for each member."""
        if not row.ways:
            return not row.name.full or bool(row.problems)
        is_page_alone = not row.problems and all(
            way.channel == Channel.LINKEDIN for way in row.ways
        )
        return self.table.format == "linkedin" and not row.name.full and is_page_alone

    def _without_formulas(self, cells: list[str]) -> tuple[list[str], list[str]]:
        """The cells without formulas where words belong, and a sentence for each."""
        places = {index for name in WORDS for index in self.columns.get(name, ())}
        found = [index for index in places if cells[index].startswith("=")]
        if not found:
            return cells, []
        kept = ["" if index in found else cell for index, cell in enumerate(cells)]
        return kept, [FORMULA.format(cells[index][:60]) for index in sorted(found)]

    def _raw(self, cells: list[str], name: str) -> str:
        for index in self.columns.get(name, ()):
            if cells[index]:
                return cells[index]
        return ""

    def _text(self, cells: list[str], name: str) -> str:
        for index in self.columns.get(name, ()):
            if cells[index] and (found := plain(cells[index])):
                return found
        return ""

    def _ragged(self, line: int, cells: list[str]) -> Skip | None:
        if len(cells) > self.width and not any(cells[self.width :]):
            return None  # delimiters without anything behind them
        return Skip(
            line,
            "ragged",
            f"The row has {plural(len(cells), 'cell')} and the header {self.width}. Quote cells "
            "that hold the delimiter, or fill up the row.",
            True,
            names.clean(" ".join(cells[:2]))[:80],
        )

    def _read_ways(self, row: Candidate, cells: list[str]) -> None:
        found = self.ways.read(cells, row.country or self.choices.country)
        row.ways, row.profile_url = found.ways, found.profile_url
        row.problems += found.problems

    def _nobody(self, row: Candidate, cells: list[str]) -> Skip:
        """Why a row without any way to reach somebody, or without any name, is left out."""
        if row.ways:
            return Skip(row.line, "deleted_member", GONE, name=row.ways[0].normalised)
        if row.problems:
            text = " ".join([*row.problems, NOTHING_ELSE])
            return Skip(row.line, "bad_address", text, True, row.name.full)
        filled = {name for name in self.columns if self._text(cells, name)}
        if not filled:
            return Skip(row.line, "empty", "The row is empty.")
        if filled == {"connected_on"}:
            return Skip(row.line, "deleted_member", "Nothing but a date: a deleted member.")
        told = " ".join(self._text(cells, name) for name in self.columns if name in filled)
        words = told[:80]
        if self.table.format == "text" and told.count("@") > 1:
            return Skip(row.line, "several", SEVERAL, True, words)
        if self.table.format == "text":
            text = "No address in this line or beside it."
            return Skip(row.line, "beside", text, name=words)
        return Skip(row.line, "nobody", "Neither a name nor an address.", True, words)

    def _read_country(self, row: Candidate, cells: list[str]) -> None:
        if text := self._text(cells, "country"):
            row.country = country(text)
            if not row.country and not is_calling_code(text):
                row.problems.append(
                    f"{text[:60]!r} is no country known here. Write its two-letter code."
                )

    def _read_zone(self, row: Candidate, cells: list[str]) -> Skip | None:
        text = self._text(cells, "time_zone")
        row.time_zone = zone(text) if text else ""
        if text and not row.time_zone:
            return Skip(
                row.line,
                "unknown_time_zone",
                f"{text[:60]!r} is no time zone. Write one such as Europe/Zurich, or empty it.",
                True,
                row.name.full,
            )
        if not text:
            phones = [way.normalised for way in row.ways if way.channel in NUMBERS]
            row.time_zone = zone_of(row.country, phones, self.choices.time_zone)
            row.is_zone_derived = True
        return None

    def _read_facts(self, row: Candidate, cells: list[str]) -> Candidate:
        row.company = self._short(row, "company", self._text(cells, "company"))
        row.company_key = names.company_key(row.company) if row.company else ""
        row.position = self._short(row, "position", self._text(cells, "position"))
        if "notes" in self.columns:
            row.notes = self._short(row, "notes", names.clean_lines(self._raw(cells, "notes")))
        if text := self._text(cells, "connected_on"):
            row.connected_on = dates.parse(text, is_day_first=self.table.is_day_first)
            if row.connected_on is None:
                row.problems.append(f"{text[:60]!r} is no date. Write it as 2023-11-15.")
            elif row.connected_on > self.tomorrow:
                row.connected_on = None
                row.problems.append(f"{text[:60]!r} is a date to come. Write the day it was.")
        return row

    def _short(self, row: Candidate, name: str, text: str) -> str:
        if len(text) <= LONGEST[name]:
            return text
        row.problems.append(f"The {name} has {len(text):,} characters; at most {LONGEST[name]:,}.")
        return ""
