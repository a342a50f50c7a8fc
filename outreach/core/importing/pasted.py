"""Pasted text: one person a line, a list of addressees, or signature blocks, as one finds them.

What an address is, its form says; the first words beside it are the name. Nothing here is
certain, which is what the preview is for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from outreach.core import names
from outreach.core.importing import delimited
from outreach.core.importing.encoding import Encoding
from outreach.core.importing.source import BadFile, Source
from outreach.core.importing.spool import of_rows
from outreach.core.importing.table import Record, Table

FIELDS = ("full_name", "position", "company", "email", "phone", "profile")
EMAIL = re.compile(r"[^\s,;|<>\"'()\[\]:/]+@[^\s,;|<>\"'()\[\]/@]+\.[^\s,;|<>\"'()\[\]/@]{2,}")
PROFILE = re.compile(r"(?:https?://)?(?:[\w-]+\.)?linkedin\.com/(?:in|pub)/[^\s,;|<>)\]]+", re.I)
LINK = re.compile(r"(?:https?://|www\.)[^\s,;|<>)]+", re.IGNORECASE)
PHONE = re.compile(r"(?:\+|\b00|\(0|\b0)?\(?\d[\d ()./\u00a0-]{6,18}\d")
LABEL = re.compile(
    r"\b(?:e-?mail|mail|tel(?:efon|ephone|\.)?|phone|mob(?:ile|il|\.)?|cell|handy|fon|direct|"
    r"office|fax|web|linkedin|[tmepfw])\s*[:.]\s*",
    re.IGNORECASE,
)
BETWEEN = re.compile(r"\t+|\s{2,}|\s+[-–—•·|/]+\s+|[|;•·\n]|,\s*|\s+[-–—]\s*$")
UNCUT = re.compile(r"\t+|\s{2,}|\s*[|;•·]\s*")  # a company's line in a signature keeps its commas
AT = re.compile(r"\s+(?:at|@|bei|chez|en|presso|bij)\s+(?=[^\s])")
LEGAL = re.compile(
    r"\b(?:gmbh|ag|kg|inc|ltd|llc|llp|corp|plc|s\.?a\.?|s\.?r\.?l|s\.?p\.?a|b\.?v|n\.?v|oy|ab|"
    r"a/s|co|limited|company|group|university|universität|institut\w*|bank)\b\.?",
    re.IGNORECASE,
)
GREETINGS = re.compile(
    r"(?:best|kind|warm|many)?\s*(?:regards|thanks|cheers|sincerely|yours\b.*|--+|_+|=+|"
    r"mit (?:freundlichen|besten|herzlichen).*|freundliche grüsse?|viele grüße|liebe grüße|"
    r"cordialement|bien à vous|saludos|un saludo|cordiali saluti|atenciosamente)[,.!\s]*",
    re.IGNORECASE,
)
BULLET = re.compile(r"^\s*(?:[-*•·–>]+|\d{1,4}[.)])\s+")
BLOCK_LINES = 15


def has_address(line: str) -> bool:
    return bool(EMAIL.search(line) or PROFILE.search(line) or _phones(line))


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
    block: list[tuple[int, str]] = []
    with delimited.text(place, codec) as handle:
        lines = delimited.Lines(handle, place.name)
        for raw in lines:
            line = raw.lstrip("\ufeff").strip("\r\n")
            if line.strip():
                block.append((lines.number, line))
            if not line.strip() or len(block) > BLOCK_LINES:
                yield from _people(block)
                block = []
    yield from _people(block)


def _people(block: list[tuple[int, str]]) -> Iterator[Record]:
    if not block:
        return
    if _is_signature([line for _, line in block]):
        text = "\n".join(line for _, line in block if not GREETINGS.fullmatch(line.strip()))
        yield _person(block[0][0], text)
        return
    for number, line in block:
        for part in _addressees(line):
            yield _person(number, part)


def _is_signature(lines: list[str]) -> bool:
    """Several lines of one person: at most one mailbox and profile, and a line without either."""
    text = "\n".join(lines)
    mailboxes = {found.lower() for found in EMAIL.findall(text)}
    is_one = len(mailboxes) <= 1 and len(set(PROFILE.findall(text))) <= 1
    bare = sum(1 for line in lines if not has_address(line))
    return 1 < len(lines) <= BLOCK_LINES and is_one and bare > 0 and has_address(text)


def _addressees(line: str) -> list[str]:
    """`A <a@x>; B <b@y>` and `a@x, b@y` are several people; two mailboxes behind a name are one."""
    mailboxes = EMAIL.findall(line)
    if len(mailboxes) < 2:
        return [line]
    if len(re.findall(r"<[^<>]*@[^<>]*>", line)) == len(mailboxes):
        return [part for part in re.split(r"(?<=>)\s*[;,]?\s*", line) if part.strip(" ,;")]
    return mailboxes if not re.search(r"\w", EMAIL.sub("", line)) else [line]


def _phones(text: str) -> list[str]:
    bare = LINK.sub(" ", EMAIL.sub(" ", text))
    return [
        found.strip()
        for found in PHONE.findall(bare)
        if 8 <= sum(c.isdigit() for c in found) <= 15 and not re.fullmatch(r"[\d.\- ]{8,10}", found)
    ]


def _person(line: int, text: str) -> Record:
    text = BULLET.sub("", names.clean_lines(text))
    mailboxes = list(dict.fromkeys(found.rstrip(".") for found in EMAIL.findall(text)))
    profiles = list(dict.fromkeys(PROFILE.findall(text)))
    phones = _phones(text)
    rest = PROFILE.sub(" | ", text)
    rest = EMAIL.sub(" | ", re.sub(r"mailto:", "", rest, flags=re.IGNORECASE))
    rest = LABEL.sub(" | ", LINK.sub(" | ", rest))
    for phone in phones:
        rest = rest.replace(phone, " | ")
    words = _pieces(rest)
    name, position, company = _sorted(words)
    if len(words) == 2 and "<" in text and _is_word(words[0]) and _is_word(words[1]):
        name, position = ", ".join(words), ""  # "Meier, Anna" <anna@…>
    cells = [name, position, company, "\n".join(mailboxes), "\n".join(phones), "\n".join(profiles)]
    return line, cells


def _pieces(text: str) -> list[str]:
    found = (
        piece.strip(" \t.,:;<>()[]\"'|-–—")
        for line in text.split("\n")
        for piece in (UNCUT if "\n" in text and LEGAL.search(line) else BETWEEN).split(line)
    )
    pieces: list[str] = []
    for piece in found:
        if not re.search(r"\w", piece):
            continue
        if pieces and re.fullmatch(LEGAL, piece):  # "Acme, Inc."
            pieces[-1] = f"{pieces[-1]}, {piece}"
        else:
            pieces.append(piece)
    return pieces


def _sorted(pieces: list[str]) -> tuple[str, str, str]:
    """Name, position and company: in this order, unless a legal form says which is the company."""
    if not pieces:
        return "", "", ""
    name, *rest = pieces
    if rest and _is_word(name) and _is_word(rest[0]) and not rest[0].isupper():
        name = f"{name} {rest.pop(0)}"
    parts = [part for piece in rest for part in AT.split(piece)]
    head = AT.split(name)
    if len(head) > 1:
        name, parts = head[0], [*head[1:], *parts]
    company = next((part for part in parts if LEGAL.search(part)), "")
    if not company and len(parts) > 1:
        company = parts[1]
    position = next((part for part in parts if part != company), "")
    return name, position, company


def _is_word(text: str) -> bool:
    return " " not in text and text[:1].isupper() and text.replace("-", "").isalpha()
