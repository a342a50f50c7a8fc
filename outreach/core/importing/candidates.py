"""One record of a file as somebody who may be stored, or the reason why it is nobody. Pure.

A cell that cannot be read is an error of its row and is named; the row is kept without it as
long as another cell still says who it is. An unknown time zone is not: without it the person
would be written to at the wrong hour.
"""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass, field
from datetime import date
from functools import cache, lru_cache
from pathlib import Path

from outreach.core import names
from outreach.core.addresses import BadAddress, normalise
from outreach.core.importing import dates
from outreach.core.importing.columns import fold
from outreach.core.importing.read import Record, Table
from outreach.core.models import Channel
from outreach.core.names import Name

CHANNELS = {
    "email": str(Channel.EMAIL),
    "profile": str(Channel.LINKEDIN),
    "phone": str(Channel.PHONE),
    "whatsapp": str(Channel.WHATSAPP),
    "instagram": str(Channel.INSTAGRAM),
}
LONGEST = {"company": 300, "position": 400, "notes": 20_000}
LONGEST_NAME = 200


@dataclass(slots=True)
class Way:
    """One address of a row."""

    channel: str
    normalised: str
    raw: str


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
    ways: list[Way] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def name_key(self) -> str:
        return self.name.full.casefold()


@dataclass(frozen=True, slots=True)
class Skip:
    """A row that is left out. `is_error` tells a fault of the file from what is meant so."""

    line: int
    code: str
    reason: str
    is_error: bool = False
    name: str = ""


class Reader:
    """Turns the records of one table into candidates."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.width = len(table.header)
        self.columns = table.columns
        self.ways = [(name, table.columns[name]) for name in CHANNELS if name in table.columns]
        self.bare_urls = table.columns.get("url", ())

    def read(self, record: Record) -> Candidate | Skip:
        line, cells = record
        if len(cells) != self.width and (fault := self._ragged(line, cells)):
            return fault
        first, last = self._text(cells, "first_name"), self._text(cells, "last_name")
        full = self._text(cells, "full_name") if "full_name" in self.columns else ""
        row = Candidate(line, names.of_person(first, last, full))
        self._read_country(row, cells)
        self._read_ways(row, cells)
        if not row.ways and (not row.name.full or row.problems):
            return self._nobody(row, cells)
        if not row.name.full:
            row.name = Name("", "", row.ways[0].normalised, "")
        if len(row.name.first) > LONGEST_NAME or len(row.name.last) > LONGEST_NAME:
            return Skip(line, "too_long", f"The name has more than {LONGEST_NAME} letters.", True)
        return self._read_zone(row, cells) or self._read_facts(row, cells)

    def _raw(self, cells: list[str], name: str) -> str:
        for index in self.columns.get(name, ()):
            if cells[index]:
                return cells[index]
        return ""

    def _text(self, cells: list[str], name: str) -> str:
        for index in self.columns.get(name, ()):
            if cells[index] and (found := names.clean(cells[index])):
                return found
        return ""

    def _ragged(self, line: int, cells: list[str]) -> Skip | None:
        if len(cells) > self.width and not any(cells[self.width :]):
            return None  # delimiters without anything behind them
        return Skip(
            line,
            "ragged",
            f"The row has {_cells(len(cells))} and the header {self.width}. Quote cells that "
            f"hold the delimiter, or fill up the row.",
            True,
            names.clean(" ".join(cells[:2]))[:80],
        )

    def _read_ways(self, row: Candidate, cells: list[str]) -> None:
        for name, indexes in self.ways:
            for index in indexes:
                if cells[index] and (raw := names.clean(cells[index])):
                    self._add_way(row, name, raw)
                    break
        if not row.profile_url:
            for index in self.bare_urls:
                if "linkedin.com/" in cells[index].casefold():
                    self._add_way(row, "profile", names.clean(cells[index]))
                    break

    def _add_way(self, row: Candidate, name: str, raw: str) -> None:
        channel = CHANNELS[name]
        try:
            form = normalise(channel, raw, region=row.country or None)
            if len(form) > 320 or len(raw) > 500:
                raise BadAddress(f"{raw[:40]!r}… is too long for an address.")
        except BadAddress as error:
            row.problems.append(str(error))
            return
        row.ways.append(Way(channel, form, raw))
        if name == "profile":
            row.profile_url = f"https://www.{form}"

    def _nobody(self, row: Candidate, cells: list[str]) -> Skip:
        """Why a row without any way to reach somebody, or without any name, is left out."""
        if row.problems:
            text = " ".join([*row.problems, "Nothing else in the row says who it is."])
            return Skip(row.line, "bad_address", text, True, row.name.full)
        filled = {name for name in self.columns if self._text(cells, name)}
        if not filled:
            return Skip(row.line, "empty", "The row is empty.")
        if filled == {"connected_on"}:
            return Skip(row.line, "deleted_member", "Nothing but a date: a deleted member.")
        return Skip(row.line, "nobody", "Neither a name nor an address.", True)

    def _read_country(self, row: Candidate, cells: list[str]) -> None:
        if text := self._text(cells, "country"):
            row.country = country(text)
            if not row.country:
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
        return row

    def _short(self, row: Candidate, name: str, text: str) -> str:
        if len(text) <= LONGEST[name]:
            return text
        row.problems.append(f"The {name} has {len(text):,} characters; at most {LONGEST[name]:,}.")
        return ""


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"


@cache
def _countries() -> dict[str, str]:
    found = {}
    for line in (Path(__file__).parent / "countries.txt").read_text("utf-8").splitlines():
        code, _, words = line.partition(" ")
        for word in (code, *words.split("|")):
            found[fold(word)] = code
    return found


@lru_cache(maxsize=2_000)
def country(text: str) -> str:
    """The two-letter code of a country named in any of six languages; empty when unknown."""
    return _countries().get(fold(text), "")


@cache
def _zones() -> dict[str, str]:
    return {name.casefold(): name for name in zoneinfo.available_timezones()}


@lru_cache(maxsize=2_000)
def zone(text: str) -> str:
    """The IANA name however its case and spaces are written; empty when unknown."""
    word = "/".join(part.strip().replace(" ", "_") for part in text.split("/"))
    return _zones().get(word.casefold(), "")
