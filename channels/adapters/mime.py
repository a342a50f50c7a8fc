"""From an approved envelope to the bytes of one e-mail, exactly or not at all. No Django.

Not Django's EmailMultiAlternatives: it ends a text that has no final newline with one, encodes
domains by the old IDNA (straße.de becomes strasse.de, somebody else's), and leaves "=?" in an
ASCII subject for the reader's program to decode. (It also takes 162 us a message, this 30.)
"""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.utils import format_datetime
from urllib.parse import quote

import idna

from channels.base import Envelope
from channels.wire import Mail, Unsendable

LINE = 76  # what we aim at, as quoted-printable does
LINE_LIMIT = 998  # what RFC 5322 allows
ENCODED_WORD_BYTES = 45  # 60 of base64 and 12 around it stay below the 75 of RFC 2047
# Ours to write, or a way to more recipients than the one that was approved.
RESERVED = frozenset(
    {"from", "to", "cc", "bcc", "subject", "date", "message-id", "mime-version"}
    | {"return-path", "received"}
)

_FORBIDDEN = re.compile(r"[\r\n\0\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_HEADER_NAME = re.compile(r"[!-9;-~]{1,70}")
_PLAIN_VALUE = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_ATOM_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_ENCODED_WORDS = re.compile(r"=\?utf-8\?[bq]\?[!->@-~]*\?=(?: =\?utf-8\?[bq]\?[!->@-~]*\?=)*", re.I)
_LOCAL = re.compile(r"[^\s\x00-\x20\x7f-\xa0()<>\[\]:;@\\,\"]{1,64}")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,99}/[a-z0-9][a-z0-9!#$&^_.+-]{0,99}", re.I)
_MESSAGE_ID = re.compile(r"<[!-;=?A-~]{1,450}@[!-;=?A-~]{1,450}>")
_LINE_END = re.compile(r"\r\n|\r|\n")
# What a relay may change or a reader may misread: 8-bit and control characters, blanks at the end
# of a line, "From " at its start (old mailboxes), and "=_", with which our boundaries begin.
_NEEDS_ENCODING = re.compile(rb"[^\t\r\n -~]|[ \t]\r\n|^From |=_", re.MULTILINE)


def compose(envelope: Envelope) -> Mail:
    """The message as it will leave. Raises Unsendable with a sentence, never changes anything."""
    _, sender = split_mailbox("sender", envelope.sender)
    recipient = address("recipient", envelope.recipient)
    head = "\r\n".join(_headers(envelope))
    data = f"{head}\r\nMIME-Version: 1.0\r\n".encode() + _body(envelope)
    return Mail(sender, recipient, data, utf8=not (sender.isascii() and head.isascii()))


# -- headers -----------------------------------------------------------------------------------


def _headers(envelope: Envelope) -> Iterator[str]:
    yield mailbox_header("From", envelope.sender)
    yield f"To: {address('recipient', envelope.recipient)}"
    if envelope.reply_to:
        yield mailbox_header("Reply-To", envelope.reply_to)
    yield text_header("Subject", envelope.subject)
    yield f"Date: {format_datetime(datetime.now(UTC))}"
    yield f"Message-ID: {message_id(envelope)}"
    seen = RESERVED | ({"reply-to"} if envelope.reply_to else set())
    for name, value in envelope.headers:
        if name.lower() in seen or name.lower().startswith(("resent-", "content-")):
            raise Unsendable(f"The header {name} cannot be given: it is set here, once.")
        seen |= {name.lower()}
        yield text_header(name, value)


def message_id(envelope: Envelope) -> str:
    """The approved one unchanged; without one, always the same for the same delivery."""
    if not envelope.message_id:
        digest = hashlib.sha256(envelope.token.encode("utf-8", "replace")).hexdigest()[:32]
        return f"<{digest}@{split_mailbox('sender', envelope.sender)[1].rpartition('@')[2]}>"
    if not _MESSAGE_ID.fullmatch(envelope.message_id):
        raise Unsendable("The Message-ID is not of the form <left@right> in ASCII.")
    return envelope.message_id


def refuse_injection(where: str, value: str) -> None:
    if _FORBIDDEN.search(value):
        raise Unsendable(f"The {where} holds a line break, a NUL or half a character.")


@functools.lru_cache(maxsize=256)
def text_header(name: str, value: str) -> str:
    """`Name: value`, folded, in RFC 2047 words unless plain ASCII arrives the same."""
    if not _HEADER_NAME.fullmatch(name):
        raise Unsendable(f"{name[:70]!r} is not a header name.")
    refuse_injection(f"header {name}", value)
    line = f"{name}: {value}"
    if not value or (len(line) <= LINE and _arrives_as_is(value)):
        return line
    if _arrives_as_is(value) and "  " not in value:
        folded = _fold(line)
        if max(map(len, folded)) <= LINE_LIMIT:
            return "\r\n ".join(folded)
    return f"{name}: " + encoded_words(value)


def _arrives_as_is(value: str) -> bool:
    return _PLAIN_VALUE.fullmatch(value) is not None and "=?" not in value


def _fold(line: str) -> list[str]:
    """Break at single blanks only: unfolding takes the line end away and leaves the blank."""
    lines = [""]
    for word in line.split(" "):
        if lines[-1] and len(lines[-1]) + len(word) >= LINE and not lines[-1].endswith(":"):
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return lines


def encoded_words(text: str) -> str:
    """RFC 2047, UTF-8, base64: every reader joins the words again without the blanks between."""
    words, chunk = [], b""
    for character in text:
        encoded = character.encode()
        if len(chunk) + len(encoded) > ENCODED_WORD_BYTES:
            words.append(chunk)
            chunk = b""
        chunk += encoded
    words.append(chunk)
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(word).decode()}?=" for word in words)


@functools.lru_cache(maxsize=256)
def mailbox_header(name: str, value: str) -> str:
    """`From: Name <address>` with the name in whatever form carries it unchanged."""
    display, where = split_mailbox(name, value)
    if not display:
        return f"{name}: {where}"
    if not _arrives_as_is(display):
        phrase = encoded_words(display)
    elif _ATOM_PHRASE.fullmatch(display) and "  " not in display:
        phrase = display
    else:
        phrase = '"{}"'.format(display.replace("\\", "\\\\").replace('"', '\\"'))
    if len(phrase) > LINE and "\r\n" not in phrase:
        phrase = encoded_words(display)
    fold = "\r\n" if len(phrase) > LINE // 2 else ""
    return f"{name}: {phrase}{fold} <{where}>"


# -- addresses ---------------------------------------------------------------------------------


@functools.lru_cache(maxsize=256)
def split_mailbox(where: str, value: str) -> tuple[str, str]:
    """(name, address) of `Name <address>`. By construction never a list of them: what stands
    before the last "<" is the name, whatever it holds."""
    refuse_injection(where, value)
    display, bracket, rest = value.strip().rpartition("<")
    if bracket and not rest.endswith(">"):
        raise Unsendable(f"The {where} is not of the form Name <address>.")
    display = display.strip()
    if len(display) > 1 and display[0] == display[-1] == '"':
        display = re.sub(r"\\(.)", r"\1", display[1:-1])
    if _ENCODED_WORDS.fullmatch(display):  # as email.utils.formataddr writes a name
        display = str(make_header(decode_header(display))).strip()
        refuse_injection(where, display)
    return display, address(where, rest.removesuffix(">") if bracket else rest)


def address(where: str, value: str) -> str:
    """Exactly one address, its domain in A-labels."""
    refuse_injection(where, value)
    local, at, domain = value.rpartition("@")
    if not at or not _LOCAL.fullmatch(local):
        raise Unsendable(f"The {where} is not one valid e-mail address.")
    if not domain.isascii():
        domain = _a_labels(where, domain)
    if len(domain) > 253 or not all(_LABEL.fullmatch(label) for label in domain.split(".")):
        raise Unsendable(f"The domain of the {where} is not a valid name.")
    return f"{local}@{domain}"


@functools.lru_cache(maxsize=1024)
def _a_labels(where: str, domain: str) -> str:
    try:
        return idna.encode(domain, uts46=True).decode()
    except UnicodeError as fault:
        raise Unsendable(f"The domain of the {where} is not a valid name: {fault}.") from fault


# -- body --------------------------------------------------------------------------------------


def _body(envelope: Envelope) -> bytes:
    """Content headers, a blank line and the content, nested as deep as it has to be."""
    boundary = hashlib.sha256(envelope.token.encode("utf-8", "replace")).hexdigest()[:24]
    simple = not envelope.html and not envelope.attachments
    body = text_part("text", "plain", envelope.text, is_last=simple)
    if envelope.html:
        html = text_part("html", "html", envelope.html)
        body = _multipart("alternative", f"=_a{boundary}", [body, html])
    if envelope.attachments:
        files = [_attachment(*attachment) for attachment in envelope.attachments]
        body = _multipart("mixed", f"=_m{boundary}", [body, *files])
    return body


def text_part(where: str, subtype: str, text: str, *, is_last: bool = False) -> bytes:
    """One text whose decoding gives exactly `text` with CRLF line ends.

    Alone in a message (`is_last`) the wire adds a line end, so a text without one is encoded.
    """
    if "\0" in text:
        raise Unsendable(f"The {where} holds a NUL, which e-mail cannot carry.")
    try:
        raw = _LINE_END.sub("\r\n", text).encode()
    except UnicodeEncodeError as fault:
        raise Unsendable(f"The {where} holds half a character (a lone surrogate).") from fault
    encoding, content = "7bit", raw
    if (
        _NEEDS_ENCODING.search(raw)
        or (is_last and not raw.endswith(b"\r\n"))
        or max(map(len, raw.split(b"\r\n"))) > LINE_LIMIT
    ):
        encoding, content = _encoded(raw)
    head = f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: {encoding}'
    return head.encode() + b"\r\n\r\n" + content


def _encoded(raw: bytes) -> tuple[str, bytes]:
    """Quoted-printable while it stays readable and short, else base64."""
    # Without a CRLF in the text b2a_qp breaks lines with a bare LF.
    quoted = binascii.b2a_qp(raw, istext=True).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    if len(quoted) > 1.5 * len(raw) + LINE:
        return "base64", _base64_lines(raw)
    quoted = quoted.replace(b"\r\nFrom ", b"\r\n=46rom ")
    if quoted.startswith(b"From "):
        quoted = b"=46" + quoted[1:]
    if not quoted.endswith(b"\r\n"):
        quoted += b"=\r\n"  # a soft break: the line end the wire needs is not part of the text
    return "quoted-printable", quoted


def _base64_lines(raw: bytes) -> bytes:
    return base64.encodebytes(raw).replace(b"\n", b"\r\n")


def _attachment(name: str, media_type: str, content: bytes) -> bytes:
    refuse_injection("name of an attachment", name)
    if not 0 < len(name.encode()) < 256 or _CONTROL.search(name) or name != name.strip():
        raise Unsendable("An attachment needs a name of 1 to 255 bytes, no control characters.")
    if not _MEDIA_TYPE.fullmatch(media_type) or media_type.lower().startswith(
        ("multipart/", "message/")
    ):
        raise Unsendable(f"{name}: {media_type[:80]!r} is not a media type a file can have here.")
    shown = f"filename*=utf-8''{quote(name, safe='')}"
    head = (
        f"Content-Type: {media_type}\r\nContent-Transfer-Encoding: base64\r\n"
        f"Content-Disposition: attachment;\r\n {shown}\r\n\r\n"
    )
    return head.encode() + _base64_lines(content)


def _multipart(subtype: str, boundary: str, parts: list[bytes]) -> bytes:
    head = f'Content-Type: multipart/{subtype};\r\n boundary="{boundary}"\r\n\r\n'.encode()
    rule = f"\r\n--{boundary}".encode()
    return (
        head
        + b"".join(rule[2 * (not i) :] + b"\r\n" + p for i, p in enumerate(parts))
        + (rule + b"--\r\n")
    )
