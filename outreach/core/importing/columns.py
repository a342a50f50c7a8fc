"""Which column of a file means what: header words in many languages, folded before comparing.

Pure. A word stands in headers.txt only when it can mean one thing; a bare `id` is nobody's
identity. `mapping` is what a person has said about this file, and wins.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

IDENTIFYING = frozenset(
    {"first_name", "last_name", "full_name", "email", "phone", "whatsapp", "instagram", "profile"}
)
LINKEDIN = frozenset({"first_name", "last_name", "connected_on"})
LABELS = {
    "full_name": "name",
    "first_name": "first name",
    "last_name": "last name",
    "email": "e-mail",
    "phone": "phone",
    "whatsapp": "WhatsApp number",
    "instagram": "Instagram name",
    "profile": "profile",
    "company": "company",
    "position": "position",
    "connected_on": "connected on",
    "time_zone": "time zone",
    "country": "country",
    "notes": "notes",
    "opted_out": "opted out",
    "opted_in": "agreed to be written to",
    "do_not_call": "do not call",
    "bounced": "bounced for good",
    "url": "LinkedIn page, where it is one",
    "deleted": "deleted",
}
MAPPABLE = tuple(field for field in LABELS if field not in ("url", "deleted"))
IGNORED = "-"
# Fields whose column may carry a word before or behind: "Work Email 2", "Phone 1 - Value".
LOOSE = frozenset({"email", "phone", "whatsapp", "country", "url"})
OWNERS = frozenset(
    ["person", "contact", "lead", "people", "kontakt", "kontakte", "contacto", "contatto"]
)
WORDS_ABOUT = (
    "work|home|other|business|primary|personal|private|direct|mobile|office|main|default|value|"
    "address|number|mailing|billing|secondary|alternate|wert|adresse|arbeit|privat|geschaftlich|"
    "andere|sonstige|travail|domicile|bureau|autre|valeur|trabajo|casa|otro|particular|valor|"
    "lavoro|ufficio|altro|valore|trabalho|outro|waarde|werk|thuis"
)
LOOSE_WORDS = frozenset(WORDS_ABOUT.split("|"))
# The whole name alone; beside a given name the family name ("Vorname; Name").
FAMILY_TOO = frozenset(["name", "namn", "navn", "nimi", "nev", "nama"])
OPT_OUT_OF = "optedoutofemail"  # HubSpot names a subscription behind it
Columns = dict[str, tuple[int, ...]]


class UnknownColumn(ValueError):
    """A mapping names a column or a field there is none of."""


@lru_cache(maxsize=4096)
def fold(word: str) -> str:
    """A header word without case, accents, signs and spaces."""
    parts = unicodedata.normalize("NFKD", word.casefold().replace("ß", "ss"))
    return re.sub(r"[\W_]+", "", "".join(c for c in parts if not unicodedata.combining(c)))


def _read_words() -> dict[str, str]:
    found: dict[str, str] = {}
    for line in (Path(__file__).parent / "headers.txt").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            field, _, words = line.partition(": ")
            found |= {fold(word): field for word in words.split("|")}
    return found


MEANING = _read_words()


@lru_cache(maxsize=4096)
def meaning(cell: str) -> str:
    """The field a header cell stands for, or empty. With a # it is a number, never a name."""
    if "#" in cell:
        number = meaning(cell.replace("#", " "))
        return number if number in ("phone", "whatsapp") else ""
    if found := MEANING.get(fold(cell)):
        return found
    if fold(cell).startswith(OPT_OUT_OF):
        return "opted_out"
    tokens = [fold(token) for token in re.split(r"[\W_]+", cell)]
    tokens = [token for token in tokens if token and not token.isdigit()]
    while len(tokens) > 1 and tokens[0] in OWNERS:
        tokens.pop(0)
    if found := MEANING.get("".join(tokens)):
        return found
    bare = "".join(token for token in tokens if token not in LOOSE_WORDS)
    found = MEANING.get(bare, "")
    return found if found in LOOSE else ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a header line means: column numbers by field, and the header words left unread."""

    columns: Columns
    unread: tuple[str, ...]

    @property
    def identifies(self) -> bool:
        return not IDENTIFYING.isdisjoint(self.columns)

    @property
    def is_linkedin(self) -> bool:
        return set(self.columns) >= LINKEDIN


def read_header(cells: Sequence[str], mapping: Mapping[str, str] | None = None) -> Reading:
    """The meaning of each header cell. Raises UnknownColumn for a mapping that fits nothing."""
    said = _said(cells, mapping or {})
    found: dict[str, list[int]] = {}
    for index, cell in enumerate(cells):
        if field := said.get(index, meaning(cell)):
            found.setdefault(field, []).append(index)
    found.pop(IGNORED, None)
    movable = {i for i, cell in enumerate(cells) if i not in said and fold(cell) in FAMILY_TOO}
    _settle_names(found, movable)
    title = found.pop("title_or_position", None)
    if title and "position" not in found:  # beside a job title it is "Dr."
        found["position"] = title
    read = {index for indexes in found.values() for index in indexes}
    unread = tuple(
        cell.strip() for index, cell in enumerate(cells) if cell.strip() and index not in read
    )
    return Reading({field: tuple(indexes) for field, indexes in found.items()}, unread)


def _number(name: str) -> int:
    """Of a column that is named by it; 0 for what is none."""
    digits = name.strip()
    return int(digits) if digits.isdecimal() and len(digits) < 6 else 0


def _said(cells: Sequence[str], mapping: Mapping[str, str]) -> dict[int, str]:
    """What a person said, by column number. A column is named by its word or by its number."""
    said: dict[int, str] = {}
    for name, field in mapping.items():
        if field not in MAPPABLE and field != IGNORED:
            raise UnknownColumn(
                f"{field!r} is no field. Use {', '.join(MAPPABLE)}, or {IGNORED} for none."
            )
        indexes = [i for i, cell in enumerate(cells) if cell and fold(cell) == fold(name)]
        if not indexes and (number := _number(name)) <= len(cells):
            indexes = [number - 1] if number else []
        if not indexes:
            raise UnknownColumn(
                f"There is no column {name!r}. There are: {', '.join(c for c in cells if c)}."
            )
        said |= dict.fromkeys(indexes, field)
    return said


def _settle_names(found: dict[str, list[int]], movable: set[int]) -> None:
    """Words that mean a part of the name beside its other part, and the whole name alone.

    `Nom` beside `Prénom` and `Name` beside `Vorname` are family names; `Nombre` beside
    `Apellidos` and `Nome` beside `Cognome` are given names. `Full name` is never a part of one,
    nor is what a person said is the whole name: of those, `movable` are the columns that may be.
    """
    alone = found.pop("alone_or_part", None)
    has_first, has_last = "first_name" in found, "last_name" in found
    if alone is not None:
        part = "last_name" if has_first and not has_last else "first_name"
        if has_first != has_last:
            found.setdefault(part, alone)
        else:
            found.setdefault("full_name", []).extend(alone)
    elif has_first and not has_last:
        whole = found.pop("full_name", [])
        if family := [index for index in whole if index in movable]:
            found["last_name"] = family
        if rest := [index for index in whole if index not in movable]:
            found["full_name"] = rest


def twice(cells: Sequence[str], columns: Columns) -> str:
    """The header word that stands twice where one value counts, or empty."""
    several = {"email", "phone", "whatsapp", "url", "notes"}
    single = {i for field, each in columns.items() if field not in several for i in each}
    seen = set()
    for index in sorted(single):
        word = fold(cells[index])
        if word and word in seen:
            return cells[index].strip()
        seen.add(word)
    return ""
