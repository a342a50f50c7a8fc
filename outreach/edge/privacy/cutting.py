"""Finding one human being in texts and data that tell of several, and cutting out only their part.

Pure. A human being is named by number, by uuid, by address, or by a name of two words or more; a
name of one word ("May") counts only where it stands alone, and not for the half of another's.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

PERSON_KEYS = ("person", "person_id", "human", "human_id")
DRAFT_KEYS = ("draft", "draft_id")
HALVES = ("first_name", "last_name", "greeting_name", "greeting")  # each of many people's
NOTHING: Any = object()
SHORTEST = 4


@dataclass(frozen=True, slots=True)
class Words:
    """By what one human being is known. `people` and `drafts` are numbers of rows.

    `perhaps` are names that are another's as well: they are told of, and nothing is cut by them.
    `longer` are names of others in which one of theirs is: it is not meant there.
    """

    people: frozenset[int] = frozenset()
    drafts: frozenset[int] = frozenset()
    uuids: frozenset[str] = frozenset()
    alone: frozenset[str] = frozenset()
    pattern: re.Pattern[str] | None = None
    names: tuple[tuple[str, ...], ...] = field(default=())
    perhaps: frozenset[str] = frozenset()
    longer: re.Pattern[str] | None = None

    @property
    def whole(self) -> Words:
        """Without the names of one word."""
        return replace(self, alone=frozenset())

    def in_text(self, text: str) -> bool:
        """Whether this text names them."""
        if _tidy(text) in self.alone:
            return True
        folded = _fold(text)
        if self.longer:
            folded = self.longer.sub("\0", folded)
        return bool(self.pattern and self.pattern.search(folded))

    def within(self, text: str) -> bool:
        """Whether a name of theirs or a mailbox is anywhere in it, inside a word as well.

        More than `in_text` cuts, for a person to look at: "Anna Meiers" may be hers.
        """
        folded = _tidy(text)
        known = self.alone | self.perhaps
        return any(each in folded for each in known if " " in each or "@" in each)

    def in_bytes(self, data: bytes) -> bool:
        """Whether a file may name them: every word of a name or an address is somewhere in it.

        A packed file cannot be read here, so it may.
        """
        if data.startswith(b"PK"):
            return True
        plain = data.replace(b"\0", b"")
        for codec in ("utf-8", "cp1252"):
            text = _fold(plain.decode(codec, errors="ignore"))
            if self.pattern and self.pattern.search(text):
                return True
            if any(all(word in text for word in name) for name in self.names):
                return True
        return False

    def is_meant(self, value: Any, keys: Collection[str] = PERSON_KEYS) -> bool:
        """Whether this piece of data says by number or uuid that it is about them."""
        if not isinstance(value, dict):
            return False
        numbers = ((keys, self.people), (DRAFT_KEYS, self.drafts))
        for names, known in numbers:
            if any(type(value.get(key)) is int and value[key] in known for key in names):
                return True
        return any(isinstance(each, str) and each in self.uuids for each in value.values())

    def is_anothers(self, value: dict[str, Any]) -> bool:
        """Whether this piece of data says by number or uuid that it is about somebody else."""
        told = [value[key] for key in PERSON_KEYS if value.get(key)]
        return any(type(each) in (int, str) for each in told) and not self.is_meant(value)


def _fold(text: str) -> str:
    """One spelling of what reads the same: macOS puts letters together of two signs."""
    return unicodedata.normalize("NFC", text).casefold()


def _tidy(text: str) -> str:
    return " ".join(_fold(text).split())


def words(
    *,
    people: Iterable[int] = (),
    drafts: Iterable[int] = (),
    uuids: Iterable[str] = (),
    names: Iterable[str] = (),
    addresses: Iterable[str] = (),
    perhaps: Iterable[str] = (),
    longer: Iterable[str] = (),
) -> Words:
    """Words from names and addresses as they are written down."""
    folded = {_tidy(name).strip(", ") for name in names} - {""}
    long = {name for name in folded if " " in name}
    exact = {_tidy(each) for each in addresses}
    known = frozenset(uuids)
    exact = {each for each in exact if len(each) >= SHORTEST} | known
    mail = {each for each in exact if "@" in each}
    # Another's are longer ones: Hans-Anna Meier; h.anna@x.org, h+anna@x.org, anna@x.org.uk, @anna.b
    forms = (
        (r"(?<!\w-)", long, ""),
        (r"(?<!\w[.+-])", mail, r"(?!\.\w)"),
        ("", exact - mail, ""),
    )
    parts = [f"{before}(?:{_any(of)}){after}" for before, of, after in forms if of]
    pattern = rf"(?<![\w@])(?:{'|'.join(parts)})(?![\w-])" if parts else ""
    theirs = {_tidy(name) for name in longer} - folded
    return Words(
        frozenset(people),
        frozenset(drafts),
        known,
        frozenset(folded | exact),
        re.compile(pattern) if pattern else None,
        tuple(tuple(re.findall(r"\w+", name)) for name in sorted(long)),
        frozenset(map(_tidy, perhaps)),
        re.compile(rf"(?<![\w@])(?:{_any(theirs)})(?![\w-])") if theirs else None,
    )


def _any(of: Iterable[str]) -> str:
    """Any of these, however its words are parted; the longest first."""
    found = sorted(of, key=lambda each: (-len(each), each))
    return "|".join(r"\s+".join(map(re.escape, each.split())) for each in found)


def cut(value: Any, who: Words) -> tuple[Any, list[Any]]:
    """The value without what is about them, and the pieces that were: nothing is changed in place.

    Of a list whole elements go, of a text of several lines only lines.
    """
    found: list[Any] = []
    kept = _cut(value, who, found)
    return (type(value)() if kept is NOTHING else kept), found


def mentions(value: Any, who: Words) -> bool:
    return bool(cut(value, who)[1])


def _cut(value: Any, who: Words, found: list[Any]) -> Any:
    if isinstance(value, str):
        return _lines(value, who, found)
    if isinstance(value, dict):
        if who.is_meant(value):
            found.append(value)
            return NOTHING
        return _fields(value, who, found)
    if isinstance(value, list):
        kept = [_element(each, who, found) for each in value]
        return [each for each in kept if each is not NOTHING]
    return value


def _fields(value: dict[str, Any], who: Words, found: list[Any]) -> dict[str, Any]:
    kept = {}
    for key, each in value.items():
        words = who.whole if key in HALVES else who
        left = _ranked(each, words, found) if key == "best" else _cut(each, words, found)
        kept[key] = type(each)() if left is NOTHING else left
    return kept


def _ranked(value: Any, who: Words, found: list[Any]) -> Any:
    """A ranking of a workflow's step: [score, person, reasons]."""
    if not isinstance(value, list):
        return _cut(value, who, found)
    ranked = [each for each in value if isinstance(each, list) and len(each) > 1]
    mine = [each for each in ranked if each[1] in who.people]
    found.extend(mine)
    return _cut([each for each in value if each not in mine], who, found)


def _element(value: Any, who: Words, found: list[Any]) -> Any:
    """One element of a list: it goes whole when a text of its own, of one line, names them, unless
    it says that it is about another."""
    own: list[str] = []
    if isinstance(value, dict):
        if who.is_anothers(value):
            return _cut(value, who, found)
        own = [text for key, text in value.items() if isinstance(text, str) and key not in HALVES]
    elif isinstance(value, list) and not any(isinstance(each, dict | list) for each in value):
        own = [each for each in value if isinstance(each, str)]
        who = who if len(list(filter(None, own))) == 1 else who.whole  # "Anna" beside "Huber"
        own.append(" ".join(own))
    elif isinstance(value, str):
        own = [value]
    if any(who.in_text(text) for text in own if "\n" not in text.strip()):
        found.append(value)
        return NOTHING
    return _cut(value, who, found)


def _lines(text: str, who: Words, found: list[Any]) -> str:
    if not who.in_text(text):
        return text
    lines = text.splitlines(keepends=True)
    mine = [line for line in lines if who.in_text(line)]
    if not mine:  # the name runs over the end of a line
        found.append(text)
        return ""
    found.extend(line.strip() for line in mine)
    return "".join(line for line in lines if line not in mine)
