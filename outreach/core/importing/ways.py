"""The addresses in a row's cells: several in one cell, with names and signs around them. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from outreach.core import names
from outreach.core.addresses import BadAddress, normalise, too_long
from outreach.core.importing import phones
from outreach.core.importing.columns import Columns, fold
from outreach.core.models import Channel

CHANNELS = {
    "email": str(Channel.EMAIL),
    "profile": str(Channel.LINKEDIN),
    "phone": str(Channel.PHONE),
    "whatsapp": str(Channel.WHATSAPP),
    "instagram": str(Channel.INSTAGRAM),
}
NUMBERS = ("phone", "whatsapp")
SEVERAL = frozenset({"email", "phone", "whatsapp"})
MOST = 20  # addresses of one channel in one row
# Looked for from the beginning of each word only, so that a long one without @ costs no square.
MAILBOX = re.compile(r"(?<![^\s,;|<>\"'()\[\]])[^\s,;|<>\"'()\[\]]+@[^\s,;|<>\"'()\[\]@]+")
# The column before a number's says what it is: "Phone 1 - Label", of Google "Phone 1 - Type".
LABELS = ("label", "type", "typ", "libelle", "etiqueta", "etichetta", "tipo", "beschriftung")
FAX = re.compile(r"fax|pager", re.IGNORECASE)
LONG_NUMBER = re.compile(r"[1-9]\d{11,14}")  # a spreadsheet has eaten the + of it
EXTENSION = re.compile(r"\s*(?:ext\.?|x|durchwahl|poste)\s*\d+\s*$", re.IGNORECASE)


@dataclass(slots=True)
class Way:
    """One address of a row."""

    channel: str
    normalised: str
    raw: str

    @property
    def key(self) -> tuple[str, str]:
        return self.channel, self.normalised


@dataclass(slots=True)
class Found:
    """What a row's cells give: addresses, and a sentence for each that is none."""

    ways: list[Way]
    problems: list[str]
    profile_url: str = ""


class Ways:
    """Reads the addresses of one table's rows."""

    def __init__(self, columns: Columns, header: Sequence[str] = ()) -> None:
        self.labels = {
            index: index - 1
            for name in NUMBERS
            for index in columns.get(name, ())
            if 0 < index < len(header) and fold(header[index - 1]).endswith(LABELS)
        }
        self.cells = [(name, columns[name]) for name in CHANNELS if name in columns]
        self.bare_urls = columns.get("url", ())

    def read(self, cells: list[str], region: str) -> Found:
        found = Found([], [])
        for name, indexes in self.cells:
            for index in indexes:
                if self.labels and index in self.labels and FAX.search(cells[self.labels[index]]):
                    continue
                if cells[index] and self._cell(found, name, cells[index], region):
                    break  # a profile or a name is one; mailboxes and numbers may be several
        if not found.profile_url:
            for index in self.bare_urls:
                if "linkedin.com/" in (cell := cells[index].casefold()) and "/company/" not in cell:
                    self._cell(found, "profile", cells[index], region)
                    break
        return found

    def _cell(self, found: Found, name: str, cell: str, region: str) -> bool:
        """Take in one cell; True when its field is settled by it."""
        before = len(found.ways) + len(found.problems)
        lost: list[str] = []  # numbers that lack nothing but their country
        for raw in _split(name, cell, region):
            tried = len(found.problems)
            _add(found, name, raw, region)
            if name in NUMBERS and phones.lacks_country(raw, region) and found.problems[tried:]:
                del found.problems[tried:]
                lost.append(raw)
        if lost:
            found.problems.append(phones.NO_COUNTRY.format(", ".join(lost)[:80]))
        return name not in SEVERAL and len(found.ways) + len(found.problems) > before


def _split(name: str, cell: str, region: str) -> list[str]:
    if name == "email":
        if cell.count("@") == 1 and " " not in cell and cell[-1] not in ">;,":
            return [names.clean(cell.removeprefix("mailto:"))]
        parts = MAILBOX.findall(cell)
        text = names.clean(cell)
        return [part.removeprefix("mailto:") for part in parts] or ([text] if text else [])
    if name in SEVERAL:
        return phones.parted(cell, region)
    text = names.clean(cell).replace("\\:", ":")  # old Google exports write http\://
    if name == "instagram" and "/" in text:
        text = text.partition("?")[0].rstrip("/").rsplit("/", 1)[-1]
    return [text] if text else []


def _with_plus(digits: str) -> str:
    """An international number without its sign, where the digits leave no doubt."""
    import phonenumbers

    parsed = phonenumbers.parse(f"+{digits}")
    return f"+{digits}" if phonenumbers.is_valid_number(parsed) else digits


def _add(found: Found, name: str, raw: str, region: str) -> None:
    channel = CHANNELS[name]
    try:
        text = EXTENSION.sub("", raw) if name in NUMBERS else raw
        if text.startswith("00") and channel != Channel.EMAIL and name != "profile":
            text = f"+{text[2:]}"
        elif name in NUMBERS and LONG_NUMBER.fullmatch(text):
            text = _with_plus(text)
        form = normalise(channel, text, region=region or None)
        if fault := too_long(channel, form):
            raise BadAddress(fault)
        if len(raw) > 500:
            raise BadAddress(f"{raw[:40]!r}… is too long for an address.")
    except BadAddress as error:
        found.problems.append(str(error))
        return
    if any(way.normalised == form and way.channel == channel for way in found.ways):
        return
    if sum(way.channel == channel for way in found.ways) >= MOST:
        found.problems.append(f"More than {MOST} addresses of one kind; {raw[:60]!r} is left out.")
        return
    found.ways.append(Way(channel, form, raw))
    if name == "profile":
        found.profile_url = f"https://www.{form}"
