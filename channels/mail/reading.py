"""From the bytes of one mail to what it says. Charset trouble costs a character, never the mail.

Uses the older of the two policies of Python's mail package: the newer one raises on headers that
real mail programs write.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import Header, decode_header, make_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from typing import Any, AnyStr

from channels.mail import charsets
from channels.mail.automatic import HEADERS, automatic
from channels.mail.charsets import decoded
from channels.mail.reports import Report, report_of
from safety.contract.markup import to_text

LARGEST = 25 * 1024 * 1024
LONGEST_TEXT = 200_000
LONGEST_HEADER = 20_000
_ADDRESS = re.compile(r"[^@\s<>]+@[^@\s<>]+")
_ANGLED = re.compile(r"<\s*([^@\s<>]{1,320}@[^@\s<>]{1,320})\s*>")
_ID = re.compile(r"<[^<>\s]{1,990}>")
_WORD = re.compile(r"\w+")
_LETTERS = frozenset(("text/plain", "text/html", "text/enriched", "text/rtf"))
_SEALED = frozenset((
    "multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime",
    "application/ms-tnef", "application/vnd.ms-tnef",
))  # fmt: skip


class Unreadable(ValueError):
    """This cannot be taken in as a mail; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail. `text` is the whole body as plain text, quoted parts included."""

    sender: str
    message_id: str  # with angle brackets; made from the content where the mail has none
    sender_name: str = ""
    subject: str = ""
    text: str = ""
    answers: tuple[str, ...] = ()  # In-Reply-To and References, the nearest first
    to: tuple[str, ...] = ()
    at: datetime | None = None
    automatic: str = ""  # why it is taken for a machine's; empty: somebody wrote it
    report: Report | None = None
    attachments: tuple[str, ...] = ()
    unread: str = ""  # a part beside the text that may hold words of theirs: its name or type


def read(raw: bytes) -> Letter:
    """Read one mail. Raises Unreadable."""
    if not raw.strip():
        raise Unreadable("it is empty")
    if len(raw) > LARGEST:
        raise Unreadable(f"it is larger than {LARGEST // 1024 // 1024} MB")
    try:
        return _letter(message_from_bytes(raw), raw)
    except RecursionError:
        raise Unreadable("its parts are nested too deeply") from None


def _letter(message: Message, raw: bytes) -> Letter:
    report = report_of(message)
    name, sender = _sender(message)
    if not sender and report is None:
        raise Unreadable("it has no sender's address (From)")
    return Letter(
        sender=sender,
        sender_name=name[:200],
        message_id=_message_id(message, raw),
        subject=clean(header(message, "Subject"))[:998],
        text=_ends(clean(_text(message)), LONGEST_TEXT),
        answers=_answers(message),
        to=tuple(
            dict.fromkeys(
                address.lower()
                for line in ("To", "Cc", "Delivered-To", "X-Original-To")
                for _, address in getaddresses([_one_line(_raw(message, line))])
                if _ADDRESS.fullmatch(address)
            )
        )[:50],
        at=_date(message),
        automatic=automatic({key: header(message, key) for key in HEADERS if key in message}),
        report=report,
        attachments=tuple(clean(each)[:200] for each in _attachments(message))[:50],
        unread=clean(next(_unread(message), ""))[:200],
    )


def clean(text: str) -> str:
    """Without what a database cannot hold: NUL and half characters."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()


def _ends(text: AnyStr, most: int) -> AnyStr:
    """Its two ends, where it is longer: people write above what they quote, or below it."""
    return text if len(text) <= most else text[: most * 3 // 4] + text[-most // 4 :]


def cleaned(value: Any) -> Any:
    """The same for every text within lists and objects, such as a provider's JSON."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list | tuple):
        return [cleaned(each) for each in value]
    if isinstance(value, dict):
        return {key: cleaned(each) for key, each in value.items()}
    return value


def header(message: Message, name: str) -> str:
    """The decoded header on one line; what cannot be decoded is kept as it is readable."""
    return _read(_raw(message, name))


def _raw(message: Message, name: str) -> str:
    """The header as it stands, its encoded words unread."""
    value: Any = message.get(name, "")
    if isinstance(value, Header):  # raw bytes that the mail did not declare
        chunks: Any = getattr(value, "_chunks", ())
        value = str(chunks[0][0]) if chunks else ""
        value = decoded(value.encode("ascii", "surrogateescape"), "")
    return str(value)[:LONGEST_HEADER]


def _read(value: str) -> str:
    try:
        parts = [_part(chunk, charset) for chunk, charset in decode_header(value)]
        return _one_line(str(make_header(parts)))
    except (HeaderParseError, LookupError, ValueError):
        return _one_line(str(value))


def _part(chunk: str | bytes, charset: str | None) -> tuple[str | bytes, str | None]:
    if charset is None or isinstance(chunk, str):
        return chunk, charset
    return decoded(chunk, charset), "utf-8"


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _sender(message: Message) -> tuple[str, str]:
    name, address = _mailbox(message, "From", "Reply-To", "Sender")
    if " via " in name and (message["X-Original-From"] or message["List-Id"]):
        # A list, such as a group that is our own address, put itself in their place (DMARC).
        original = _mailbox(message, "X-Original-From", "Reply-To")
        if original[1]:
            return original
    return name, address


def _mailbox(message: Message, *lines: str) -> tuple[str, str]:
    """The first name and address in these headers.

    They are parted before encoded words are read, and what stands in angle brackets is the address:
    a name may hold a comma, a bracket or an @.
    """
    for line in lines:
        raw = _one_line(_raw(message, line))
        angled = [clean(each) for each in _ANGLED.findall(raw)]
        for name, address in getaddresses([raw]):
            if _ADDRESS.fullmatch(address) and (not angled or clean(address) in angled):
                return clean(_read(name)), clean(address)[:320]
        if angled:
            return "", angled[0][:320]
    return "", ""


def _message_id(message: Message, raw: bytes) -> str:
    found = _ID.search(header(message, "Message-ID"))
    return clean(found[0]) if found else f"<sha256.{hashlib.sha256(raw).hexdigest()}@without.id>"


def _answers(message: Message) -> tuple[str, ...]:
    near = _ID.findall(header(message, "In-Reply-To"))
    far = reversed(_ID.findall(header(message, "References")))
    return tuple(dict.fromkeys(clean(each) for each in (*near, *far)))[:50]


def _date(message: Message) -> datetime | None:
    try:
        found = parsedate_to_datetime(header(message, "Date"))
    except (ValueError, TypeError, IndexError):
        return None
    try:
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        return None


# --- The body ------------------------------------------------------------------------------------


def _text(message: Message) -> str:
    """What a reader sees, in its order. A page with a file's name is read only where nothing else
    says anything."""
    return _body(message) or _body(message, named=True)


def _body(part: Message, *, named: bool = False) -> str:
    if isinstance(inner := part.get_payload() if part.is_multipart() else None, list):
        parts = [each for each in inner if isinstance(each, Message)]
        if part.get_content_subtype() == "alternative":  # plain first: its quotes are marked
            parts.sort(key=lambda each: each.get_content_type() != "text/plain")
        said = [text for each in parts if (text := _body(each, named=named)).strip()]
        one_of = part.get_content_subtype() == "alternative" and said
        return _of_several(said) if one_of else "\n".join(said)
    if part.get_content_maintype() == "multipart":
        return _content(part)  # it names no boundary, or none that is there
    is_html = part.get_content_subtype() == "html"
    if not _is_text(part) or (is_html and part.get_filename() and not named):
        return ""
    return to_text(_content(part)) if is_html else _content(part)


def _of_several(ways: Sequence[str]) -> str:
    """One of several ways to say the same; each that says something else as well.

    Many programs put a stub in place of the plain text, such as "cannot show HTML".
    """
    found = ways[0]
    for other in ways[1:]:
        words, known = (Counter(_WORD.findall(text.casefold())) for text in (other, found))
        if 2 * (words - known).total() > words.total():
            found = f"{other}\n{found}"
    return found


def _is_text(part: Message) -> bool:
    if part.get_content_maintype() != "text" or part.get_content_disposition() == "attachment":
        return False
    return part.get_content_subtype() in ("plain", "html", "enriched")


def _content(part: Message) -> str:
    raw = part.get_payload(decode=True)
    if not isinstance(raw, bytes):
        return ""
    raw = _ends(raw, 4 * LONGEST_TEXT)
    text = decoded(raw, part.get_content_charset() or charsets.of_page(raw))
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _attachments(message: Message) -> list[str]:
    named = []
    for part in message.walk():
        if part.get_content_disposition() == "attachment" or part.get_filename():
            named.append(str(part.get_filename() or part.get_content_type()))
    return named


def _unread(message: Message) -> Iterator[str]:
    """What may hold a letter that is not read here: a file of text, a voice, what is encrypted."""
    for part in message.walk():
        is_file = part.get_content_disposition() == "attachment"
        kind, main = part.get_content_type(), part.get_content_maintype()
        if kind in _SEALED or main in ("audio", "video") or (kind in _LETTERS and is_file):
            yield str(part.get_filename() or kind)
