"""vCards 2.1, 3 and 4, many in one file: folded lines, groups, quoted-printable, old encodings.

A card becomes one record; several addresses of a card stand in one cell, a line each.
"""

from __future__ import annotations

import binascii
import quopri
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from outreach.core.importing import delimited
from outreach.core.importing.columns import Columns
from outreach.core.importing.encoding import Encoding
from outreach.core.importing.source import BadFile, Source
from outreach.core.importing.spool import of_rows
from outreach.core.importing.table import Record, Table

FIELDS = (
    "full_name", "first_name", "last_name", "email", "phone", "whatsapp", "instagram", "profile",
    "url", "company", "position", "country", "time_zone", "notes",
)  # fmt: skip
BEGIN = re.compile(r"\s*begin\s*:\s*vcard\s*$", re.IGNORECASE)
SKIPPED = ("PHOTO", "LOGO", "SOUND", "KEY", "AGENT")  # pictures and keys are never of use
SHOWN = 5
MAX_PROPERTY = 1_000_000
ESCAPED = re.compile(r"\\([\\;,nN:])")


@dataclass(slots=True)
class Property:
    """One content line: `item1.TEL;TYPE=cell:+41…` without its group."""

    name: str
    parameters: dict[str, str]
    value: str

    @property
    def kinds(self) -> str:
        return self.parameters.get("TYPE", "").upper()


@dataclass(slots=True)
class Card:
    line: int
    cells: dict[str, list[str]] = field(default_factory=dict)
    is_person: bool = True

    def add(self, name: str, value: str) -> None:
        text = value.strip()
        if text and text not in self.cells.setdefault(name, []):
            self.cells[name].append(text)

    @property
    def called(self) -> str:
        """By which words a reader knows the card."""
        words: list[str] = self.cells.get("full_name", []) + self.cells.get("company", [])
        return words[0][:60] if words else "no name"

    def record(self) -> Record:
        return self.line, ["\n".join(self.cells.get(name, ())) for name in FIELDS]


def is_vcard(head: list[str]) -> bool:
    first = next((line for line in head if line.strip()), "")
    return bool(BEGIN.match(first.lstrip("\ufeff")))


def read(place: Source, found: Encoding) -> Table:
    """Every card of the file, or BadFile with the line of a card that does not end."""
    skipped: list[str] = []
    spool = of_rows(place.name, _records(place, found.codec, skipped))
    used: Columns = {name: (index,) for index, name in enumerate(FIELDS)}
    notices: tuple[str, ...] = ()
    if skipped:
        more = f" and {len(skipped) - SHOWN:,} more" if len(skipped) > SHOWN else ""
        notices = (f"Left out, as groups and organisations: {', '.join(skipped[:SHOWN])}{more}.",)
    return Table(
        name=place.name,
        format="vcard",
        encoding=found,
        opened=spool.records,
        header=FIELDS,
        columns=used,
        notices=notices,
    )


def _records(place: Source, codec: str, skipped: list[str]) -> Iterator[Record]:
    card: Card | None = None
    depth = 0
    for line, text in _unfolded(place, codec):
        item = _property(text)
        if item is None:
            continue
        is_card = item.value.strip().upper() == "VCARD"
        if item.name == "BEGIN" and is_card:
            depth += 1
            card = card if depth > 1 else Card(line)
        elif item.name == "END" and is_card and card is not None:
            depth -= 1
            if not depth:
                if card.is_person:
                    yield card.record()
                else:
                    skipped.append(f"{card.called} (line {card.line})")
                card = None
        elif card is not None and depth == 1:  # a card within a card is an assistant's
            _take(card, item)
    if card is not None:
        raise BadFile(
            f"The card begun in line {card.line} of {place.name} does not end: END:VCARD is "
            "missing. The file is cut off: export it again.",
            line=card.line,
        )


def _unfolded(place: Source, codec: str) -> Iterator[tuple[int, str]]:
    """Logical lines with the number of their first one."""
    begun, parts, size = 0, [""], 0
    is_soft = False
    with delimited.text(place, codec) as handle:
        lines = delimited.Lines(handle, place.name)
        for raw in lines:
            line = raw.rstrip("\r\n")
            if is_soft:  # quoted-printable: "=" at the end goes on in the next line
                parts[-1] = parts[-1][:-1]
            if (is_soft or line[:1] in (" ", "\t")) and begun:
                size += len(line)
                if size <= MAX_PROPERTY:
                    parts.append(line if is_soft else line[1:])
            else:
                if begun:
                    yield begun, "".join(parts)
                begun, parts, size = lines.number, [line], len(line)
            is_soft = line.endswith("=") and "QUOTED-PRINTABLE" in parts[0].upper()
        if begun:
            yield begun, "".join(parts)


def _property(text: str) -> Property | None:
    """Name, parameters and decoded value of one logical line; None when it is none."""
    head, value = _halves(text)
    words = [part.strip('"') for part in re.findall(r'(?:[^;"]|"[^"]*")+', head or "")]
    if not words:
        return None
    name = words[0].rpartition(".")[2].strip().upper()
    parameters: dict[str, str] = {}
    for word in words[1:]:
        key, mark, said = word.partition("=")
        if not mark:  # 2.1 writes TEL;HOME;CELL
            is_coding = key.upper() in ("QUOTED-PRINTABLE", "BASE64", "8BIT", "7BIT")
            key, said = ("ENCODING" if is_coding else "TYPE"), key
        key = key.strip().upper()
        before = parameters.get(key, "")
        parameters[key] = f"{before},{said}" if before else said.strip('"')
    if name in SKIPPED:
        return None
    return Property(name, parameters, _decoded(value, parameters))


def _halves(text: str) -> tuple[str | None, str]:
    """What stands before and behind the first colon outside of quotes."""
    quoted = False
    for index, char in enumerate(text):
        if char == '"':
            quoted = not quoted
        elif char == ":" and not quoted:
            return text[:index], text[index + 1 :]
    return None, ""


def _decoded(value: str, parameters: dict[str, str]) -> str:
    coding = parameters.get("ENCODING", "").upper()
    try:
        if coding == "QUOTED-PRINTABLE":
            raw = quopri.decodestring(value.encode("latin-1", "replace"))
        elif coding in ("B", "BASE64"):
            raw = binascii.a2b_base64(value)
        else:
            return value
    except (binascii.Error, ValueError):
        return value
    for codec in (parameters.get("CHARSET", "utf-8"), "utf-8", "cp1252"):
        try:
            return raw.decode(codec)
        except (LookupError, UnicodeDecodeError):
            continue
    return raw.decode("latin-1")


def _plain(value: str) -> str:
    return ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value).strip()


def _parts(value: str) -> list[str]:
    """The parts of a structured value, split at semicolons that are not escaped."""
    return [_plain(part) for part in re.split(r"(?<!\\);", value)]


def _take(card: Card, item: Property) -> None:
    """What one property tells of the person."""
    value = _plain(item.value)
    if take := TAKERS.get(item.name):
        take(card, item, value)
    else:
        _take_online(card, item, value)


def _name(card: Card, item: Property, value: str) -> None:
    last, first, *_ = [*_parts(item.value), "", ""]
    card.add("last_name", last)
    card.add("first_name", first)


def _role(card: Card, item: Property, value: str) -> None:
    if item.name == "TITLE" or "position" not in card.cells:
        card.add("position", value)


def _phone(card: Card, item: Property, value: str) -> None:
    if "FAX" not in item.kinds and "PAGER" not in item.kinds:
        card.add("phone", value.removeprefix("tel:").replace(";ext=", " ext. "))


def _zone(card: Card, item: Property, value: str) -> None:
    if "/" in value:  # a name; an offset is no zone
        card.add("time_zone", value)


def _kind(card: Card, item: Property, value: str) -> None:
    organisation = "COMPANY" if item.name == "X-ABSHOWAS" else "INDIVIDUAL"
    is_same = value.upper() == organisation
    card.is_person = not is_same if item.name == "X-ABSHOWAS" else is_same or not value


Taker = Callable[[Card, Property, str], None]
TAKERS: dict[str, Taker] = {
    "FN": lambda card, item, value: card.add("full_name", value),
    "N": _name,
    "ORG": lambda card, item, value: card.add("company", _parts(item.value)[0]),
    "TITLE": _role,
    "ROLE": _role,
    "EMAIL": lambda card, item, value: card.add("email", value.removeprefix("mailto:")),
    "TEL": _phone,
    "ADR": lambda card, item, value: card.add("country", [*_parts(item.value), *[""] * 7][6]),
    "TZ": _zone,
    "NOTE": lambda card, item, value: card.add("notes", value),
    "KIND": _kind,
    "X-ADDRESSBOOKSERVER-KIND": _kind,
    "X-ABSHOWAS": _kind,
}


def _take_online(card: Card, item: Property, value: str) -> None:
    """Profiles and messengers stand under many names: what the value is decides."""
    low = value.lower()
    if "linkedin" in item.name.lower() or "linkedin.com/" in low or "LINKEDIN" in item.kinds:
        if "/in/" in low or "/pub/" in low:
            card.add("profile", value.removeprefix("x-apple:"))
        elif item.name == "URL":
            card.add("url", value)
    elif "whatsapp" in item.name.lower() or low.startswith("whatsapp:") or "WHATSAPP" in item.kinds:
        card.add("whatsapp", value.split(":", 1)[-1])
    elif "instagram" in item.name.lower() or "INSTAGRAM" in item.kinds:
        card.add("instagram", value.rstrip("/").rsplit("/", 1)[-1].removeprefix("x-apple:"))
