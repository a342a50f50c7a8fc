"""Pasted text: one person a line, a list of addressees, or signature blocks, as one finds them.

Which lines are one person's is told here; what of them is the name, by `pieces`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from itertools import pairwise

from outreach.core import names
from outreach.core.importing import columns, delimited
from outreach.core.importing.encoding import Encoding
from outreach.core.importing.pieces import (
    EMAIL,
    PHONE,
    PROFILE,
    ROLE,
    bounded,
    has_address,
    is_thing,
    names_somebody,
    person,
    phones_in,
)
from outreach.core.importing.source import BadFile, Source
from outreach.core.importing.spool import of_rows
from outreach.core.importing.table import Record, Table

FIELDS = ("full_name", "position", "company", "email", "phone", "profile")
DOUBLED = re.compile(rf"['\"]?({EMAIL.pattern})['\"]?\s*(?=<\s*\1\s*>)", re.IGNORECASE)
GREETINGS = re.compile(
    r"(?:best|kind|warm|many)?\s*(?:regards|thanks|cheers|sincerely|yours\b.*|--+|_+|=+|"
    r"mit (?:freundlichen|besten|herzlichen).*|freundliche grüsse?|viele grüße|liebe grüße|"
    r"cordialement|bien à vous|saludos|un saludo|cordiali saluti|atenciosamente)[,.!\s]*",
    re.IGNORECASE,
)
# One to four capitalised words, and then their mailbox at once.
NAMED = re.compile(rf"(?:[^\W\d_a-z][\w.'’-]*[ ,:<(\t-]+){{1,4}}{EMAIL.pattern}")
FILLERS = columns.LOOSE_WORDS | {"or", "and", "oder", "und", "ou", "et", "o", "y", "e"}
BLOCK_LINES = 15
Line = tuple[int, str]


def read(place: Source, found: Encoding) -> Table:
    """Everybody in a text, or BadFile when it tells of nobody."""
    spool = of_rows(place.name, _records(place, found.codec))
    if next(spool.rows(), None) is None:
        raise BadFile(
            f"{place.name} names nobody. Write one person a line, such as "
            "Anna Meier, Acme, anna@example.com."
        )
    return Table(
        name=place.name,
        format="text",
        encoding=found,
        opened=spool.records,
        header=FIELDS,
        columns={name: (index,) for index, name in enumerate(FIELDS)},
    )


def _records(place: Source, codec: str) -> Iterator[Record]:
    blocks = Blocks()
    block: list[Line] = []
    with delimited.text(place, codec) as handle:
        lines = delimited.Lines(handle, place.name)
        for raw in lines:
            line = bounded(raw.lstrip("\ufeff").strip("\r\n"))
            is_end = not line.strip() or bool(GREETINGS.fullmatch(line.strip()))
            if not is_end:
                block.append((lines.number, line))
            if is_end or len(block) > BLOCK_LINES:
                yield from blocks.take(block)
                block = []
    yield from blocks.take(block)
    yield from blocks.end()


class Blocks:
    """Puts together what belongs to one person: a signature may hold empty lines.

    `waiting` are lines without any address; they belong to the address below them, as long as
    no line down there names somebody of its own.
    """

    def __init__(self) -> None:
        self.waiting: list[Line] = []
        self.held: list[Line] = []  # the last block with an address: it may go on below
        self.has_people = False

    def take(self, block: list[Line]) -> Iterator[Record]:
        """One block of lines; gives the people that are complete by now."""
        if not block:
            return
        if not any(has_address(line) for _, line in block):
            yield from self._release()
            self.waiting += block
            if len(self.waiting) > BLOCK_LINES:
                yield from self._leave()
            return
        if self.held and self._goes_on(block):
            self.held += block
            return
        yield from self._release()
        if self.waiting and _needs_name(block):
            block = [*self.waiting, *block]
            self.waiting = []
        yield from self._leave()
        self.held = block

    def _goes_on(self, block: list[Line]) -> bool:
        """Addresses alone, under a signature that has no mailbox yet."""
        there = [line for _, line in self.held]
        below = [line for _, line in block]
        return (
            not any(names_somebody(line) for line in below)
            and not EMAIL.search("\n".join(there))
            and _is_signature([*there, *below])
        )

    def _release(self) -> Iterator[Record]:
        if self.held:
            self.has_people = True
            yield from _people(self.held)
            self.held = []

    def _leave(self) -> Iterator[Record]:
        """Lines that belong to no address: told of as skipped."""
        for number, line in self.waiting:
            yield number, ["", names.clean(line), "", "", "", ""]
        self.waiting = []

    def end(self) -> Iterator[Record]:
        """What is left. A text without a single address is a list of names."""
        yield from self._release()
        if self.has_people:
            yield from self._leave()
        for number, line in self.waiting:
            yield person(number, line)


def _needs_name(block: list[Line]) -> bool:
    """One person's addresses without the name beside any of them."""
    lines = [line for _, line in block]
    mailboxes = {found.lower() for found in EMAIL.findall("\n".join(lines))}
    return len(mailboxes) <= 1 and not any(
        has_address(line) and names_somebody(line) for line in lines
    )


def _people(block: list[Line]) -> Iterator[Record]:
    if _is_signature([line for _, line in block]):
        yield person(block[0][0], "\n".join(line for _, line in block))
        return
    for number, line in block:
        parts = _addressees(line) if has_address(line) else []
        if not parts:  # told of as skipped
            yield number, ["", names.clean(line), "", "", "", ""]
        for part in parts:
            yield person(number, part)


def _is_signature(lines: list[str]) -> bool:
    """Several lines of one person: at most one mailbox and profile, and a line without either."""
    text = "\n".join(lines)
    mailboxes = {found.lower() for found in EMAIL.findall(text)}
    is_one = len(mailboxes) <= 1 and len(set(PROFILE.findall(text))) <= 1
    bare = sum(1 for line in lines if not has_address(line) or not names_somebody(line))
    is_short = 1 < len(lines) <= 2 * BLOCK_LINES
    return is_short and is_one and bare > 0 and has_address(text) and not _is_list(lines)


def _is_list(lines: list[str]) -> bool:
    """Whether one line says name and address itself, and the others add nothing to it.

    Only a further address, a role or a company (and its street) is clearly of the same person;
    any other line would become somebody's company or vanish.
    """
    at = next((at for at, line in enumerate(lines) if has_address(line)), 0)
    if not names_somebody(lines[at]) or (at and not _is_addressee(lines[at])):
        return False
    others = [line for line in [*lines[:at], *lines[at + 1 :]] if re.search(r"\w", line)]
    has_more = any(has_address(line) and not names_somebody(line) for line in others)
    is_about = all(is_thing(line) or re.search(r"\d", line) for line in others)
    return not has_more and not (is_about and any(map(is_thing, others)))


def _is_addressee(line: str) -> bool:
    """Anna Meier <anna@…>"""
    head, _, rest = line.partition("<")
    return "@" not in head and names_somebody(head) and bool(EMAIL.match(rest.lstrip()))


def _addressees(line: str) -> list[str]:
    """`A <a@x>; B <b@y>` and `a@x, b@y` are several people; two mailboxes behind a name are one.

    So are the numbers of a group's members: `+49 170 …, +44 7911 …`. Nothing where it cannot be
    told: one person must not get another's mailbox.
    """
    line = DOUBLED.sub("", line)  # 'a@x' <a@x>
    mailboxes = list(EMAIL.finditer(line))
    if not mailboxes:
        parts = re.split(r"\s*[,;]\s*", line)
        are_numbers = len(phones_in(line)) > 1 and PHONE.fullmatch(parts[0].strip())
        return [part for part in parts if phones_in(part)] if are_numbers else [line]
    if len(mailboxes) < 2:
        return [line]
    if not re.search(r"\w", EMAIL.sub("", line)):
        return [found[0] for found in mailboxes]
    if not re.search(r"<[^<>]*@[^<>]*>", line) or re.search(r"\w", line[mailboxes[-1].end() :]):
        return _parted(line, mailboxes)
    ends = [0, *(found.end() for found in mailboxes)]
    return [_decoded(line[start:end].lstrip(">'\" ,;")) + ">" for start, end in pairwise(ends)]


def _parted(line: str, mailboxes: list[re.Match[str]]) -> list[str]:
    """`Anna Meier a@x, Bob Hill b@x`: words between two mailboxes are the next one's name."""
    pairs = pairwise(mailboxes)
    if not any(_has_words(line[one.end() : two.start()]) for one, two in pairs):
        return [line]
    ends = [0, *(found.end() for found in mailboxes[:-1]), len(line)]
    parts = [line[start:end].lstrip(">)'\" ,;") for start, end in pairwise(ends)]
    return parts if all(NAMED.match(part) and not ROLE.search(part) for part in parts) else []


def _has_words(between: str) -> bool:
    """Words that are more than the kind of the next mailbox ("privat:")."""
    words = (word for word in between.split() if columns.fold(word) not in FILLERS)
    return names_somebody(" ".join(words))


def _decoded(text: str) -> str:
    """=?UTF-8?Q?J=C3=BCrgen?= as it is read."""
    if "=?" not in text:
        return text
    try:
        return str(make_header(decode_header(text)))
    except (LookupError, UnicodeDecodeError, HeaderParseError):
        return text
