"""What kind of file this is and how its bytes become text, decided by content, never by name.

UTF-8 is proved by decoding the whole file. Windows-1252 can only be believed: any byte is some
letter in it. So another old code page counts only when the words of the header prove it, and a
file that looks like one is else refused with the names to try: a wrong guess would write wrong
names into every greeting.
"""

from __future__ import annotations

import codecs
import hashlib
import itertools
import re
from dataclasses import dataclass

from outreach.core.importing import codepages, kinds
from outreach.core.importing.source import BadFile, Source

OFFERED = ("utf-8", "windows-1252", "windows-1250", "mac-roman", "utf-16")
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with UTF-16's
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
UNDEFINED_1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
# Signs of other code pages: long runs of high bytes (Cyrillic, Greek, Asian), signs where
# letters belong (Polish, Czech in 1250), a capital accent inside a word (Mac Roman).
NOT_1252 = re.compile(
    rb"[\x80-\xff]{4}"
    rb"|[A-Za-z]{2}[\xa5\xaf\xb3\xb9\xbc\xbe\xbf]"
    rb"|[\xa3\xa5\xaf\xb3\xb9\xbc][A-Za-z]"
    rb"|[a-z][\x8a\x8c\x8e\x9f\xc0-\xd6\xd8-\xde]"
)
UTF8_LETTER = re.compile(
    rb"[\xc3-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
HIGH = re.compile(rb"[\x80-\xff]+")


@dataclass(frozen=True, slots=True)
class Encoding:
    """How to decode, in Python's word and in a person's; and the content's SHA-256."""

    codec: str
    label: str
    digest: str


def detect(source: Source, forced: str = "") -> Encoding:
    """The encoding of the whole file; BadFile names the first byte that cannot be text."""
    head = b""
    whole = hashlib.sha256()
    for chunk in source.chunks():
        head = head or chunk[:4096]
        whole.update(chunk)
    if not head:
        raise BadFile(f"{source.name} is empty. Export it again and check its size.")
    kinds.refuse(head, source.name)
    codec = _named(forced) if forced else _marked(head) or "utf-8"
    fault = _first_fault(source, codec)
    if fault is not None:
        if forced or codec != "utf-8":
            raise _undecodable(source.name, codec, *fault)
        codec = _old_page(source, head, *fault)
    return Encoding(codec, LABELS.get(codec, codec), whole.hexdigest())


def _old_page(source: Source, head: bytes, offset: int, byte: int, line: int) -> str:
    """The code page of a file that is no UTF-8, or BadFile where nothing proves one."""
    kinds.refuse_binary(head, source.name)
    found = codepages.by_header(head)
    if found and _first_fault(source, found) is None:
        return found
    is_other = _judge_1252(source, offset, byte, line)
    if not is_other:
        return "cp1252"
    found = codepages.by_header(head, is_1252_likely=False)
    if found and _first_fault(source, found) is None:
        return found
    raise _undecodable(source.name, "utf-8", offset, byte, line)


LABELS = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8 with mark",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "utf-32": "UTF-32",
    "cp1252": "Windows-1252",
    "cp1250": "Windows-1250",
    "cp1251": "Windows-1251",
    "cp1253": "Windows-1253",
    "cp1254": "Windows-1254",
    "cp1255": "Windows-1255",
    "cp1256": "Windows-1256",
    "cp932": "Shift_JIS",
    "cp949": "EUC-KR",
}


def _named(word: str) -> str:
    try:
        found = codecs.lookup(word)
    except (LookupError, ValueError):
        found = None
    if found is None or not getattr(found, "_is_text_encoding", True):
        raise BadFile(f"{word!r} is no encoding known here. Try {', '.join(OFFERED)}.")
    return {"utf-8": "utf-8-sig"}.get(found.name, found.name)


def _marked(head: bytes) -> str:
    for mark, codec in MARKS:
        if head.startswith(mark):
            return codec
    # UTF-16 without mark: every second byte of its commas, digits and line ends is zero.
    if len(head) >= 4 and 0 in head:
        even, odd = head[0::2].count(0), head[1::2].count(0)
        half = len(head) // 2
        if odd > half * 0.4 and even < half * 0.1:
            return "utf-16-le"
        if even > half * 0.4 and odd < half * 0.1:
            return "utf-16-be"
    return ""


def _first_fault(source: Source, codec: str) -> tuple[int, int, int] | None:
    """Offset, byte and line of the first byte that does not decode; None when all do."""
    decoder = codecs.getincrementaldecoder(codec)("strict")
    taken, lines = 0, 1
    last = b""
    for chunk in itertools.chain(source.chunks(), [b""]):
        taken += len(chunk)
        try:
            decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            offset = taken - len(error.object) + error.start
            byte = error.object[error.start] if error.start < len(error.object) else last[-1]
            return offset, byte, lines + error.object[: error.start].count(b"\n")
        except UnicodeError:  # UTF-16 and UTF-32 without the mark they begin with
            return 0, (chunk or last)[0], 1
        lines += chunk.count(b"\n")
        last = chunk or last
    return None


def _judge_1252(source: Source, offset: int, byte: int, line: int) -> bool:
    """Refuse broken UTF-8; tell whether it is more likely another old page than Windows-1252."""
    whole_letters = strays = 0
    is_other = False
    tail = b""
    for chunk in source.chunks():
        rest, found = UTF8_LETTER.subn(b"", chunk)
        whole_letters += found
        strays += len(HIGH.findall(rest))
        piece = tail + chunk
        is_other = is_other or bool(UNDEFINED_1252.search(piece) or NOT_1252.search(piece))
        tail = piece[-4:]
    if whole_letters >= strays:  # in Windows-1252 such pairs are a rare accident
        raise BadFile(
            f"{source.name} is damaged UTF-8: byte 0x{byte:02X} at offset {offset} (line {line}) "
            "does not belong there. Export it again, or name its encoding with --encoding, such "
            f"as {', '.join(OFFERED)}.",
            line=line,
        )
    return is_other


def _undecodable(name: str, codec: str, offset: int, byte: int, line: int) -> BadFile:
    return BadFile(
        f"{name} cannot be read as {LABELS.get(codec, codec)}: byte 0x{byte:02X} at offset "
        f"{offset} (line {line}). Save it as CSV UTF-8, or name its encoding with --encoding, "
        f"such as {', '.join(OFFERED)}.",
        line=line,
    )
