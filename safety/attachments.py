"""Files that go with a message: how many, how big, and what they really are. Pure.

Programs are refused. A picture or a film is never judged safe here: a person looks. `head`, the
first bytes of the content, is looked at wherever it is given; the name alone proves nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from safety.verdict import Finding, Level, Verdict, join

MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limit:
    """What one channel carries: number of files, bytes of one, bytes of all."""

    most: int
    each: int
    all: int


LIMITS: dict[str, Limit] = {
    "email": Limit(10, 10 * MB, 18 * MB),  # base64 makes it a third more; servers stop at 25 MB
    "whatsapp": Limit(1, 16 * MB, 16 * MB),  # Cloud API: one file a message; video 16 MB
    "instagram": Limit(1, 8 * MB, 8 * MB),  # Messaging API: pictures 8 MB
    "linkedin": Limit(5, 20 * MB, 20 * MB),
    "phone": Limit(0, 0, 0),
}
NOTHING = Limit(0, 0, 0)

# First bytes → what it is. Longer beginnings first where one contains another.
MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"MZ", "program"),
    (b"\x7fELF", "program"),
    (b"#!", "program"),
    (b"\xca\xfe\xba\xbe", "program"),  # Mach-O for several machines, and Java classes
    (b"\xce\xfa\xed\xfe", "program"),
    (b"\xcf\xfa\xed\xfe", "program"),
    (b"\xfe\xed\xfa", "program"),
    (b"\x00asm", "program"),
    (b"dex\n", "program"),
    (b"L\x00\x00\x00\x01\x14\x02\x00", "program"),  # a Windows shortcut runs what it points at
    (b"%PDF-", "pdf"),
    (b"\x89PNG\r\n\x1a\n", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF87a", "image"),
    (b"GIF89a", "image"),
    (b"II*\x00", "image"),
    (b"MM\x00*", "image"),
    (b"\x00\x00\x01\xba", "video"),
    (b"\x1aE\xdf\xa3", "video"),
    (b"FLV\x01", "video"),
    (b"ID3", "audio"),
    (b"OggS", "audio"),
    (b"fLaC", "audio"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"Rar!\x1a\x07", "archive"),
    (b"7z\xbc\xaf\x27\x1c", "archive"),
    (b"\x1f\x8b", "archive"),
    (b"BZh", "archive"),
    (b"\xfd7zXZ\x00", "archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old office"),
    (b"{\\rtf", "text"),
)
PROGRAM_ENDINGS = frozenset(
    {
        "exe", "com", "bat", "cmd", "msi", "msp", "scr", "pif", "cpl", "dll", "sys", "lnk", "url",
        "js", "jse", "mjs", "vbs", "vbe", "wsf", "wsh", "hta", "ps1", "psm1", "reg", "inf", "sct",
        "jar", "class", "apk", "ipa", "app", "dmg", "pkg", "deb", "rpm", "appimage", "run", "bin",
        "sh", "bash", "zsh", "command", "py", "pyc", "pl", "rb", "php", "iso", "img", "vhd",
        "docm", "dotm", "xlsm", "xltm", "xlam", "pptm", "potm", "ppam", "ppsm", "xll", "chm",
        "html", "htm", "xhtml", "svg", "mht", "mhtml", "swf", "one", "theme", "gadget", "msix",
    }
)  # fmt: skip
# Ending → kind of content that may stand behind it.
KINDS: dict[str, str] = {
    **dict.fromkeys(("jpg", "jpeg", "png", "gif", "bmp", "tif", "tiff", "webp", "heic", "avif"),
                    "image"),
    **dict.fromkeys(("mp4", "m4v", "mov", "avi", "mkv", "webm", "mpg", "mpeg", "3gp", "flv"),
                    "video"),
    **dict.fromkeys(("mp3", "ogg", "oga", "flac", "wav", "m4a", "opus", "aac"), "audio"),
    **dict.fromkeys(("docx", "xlsx", "pptx", "odt", "ods", "odp", "epub"), "zip"),
    **dict.fromkeys(("doc", "xls", "ppt", "msg"), "old office"),
    **dict.fromkeys(("txt", "csv", "ics", "vcf", "md", "json", "xml", "eml", "rtf"), "text"),
    **dict.fromkeys(("rar", "7z", "gz", "tgz", "bz2", "xz"), "archive"),
    "zip": "zip",
    "pdf": "pdf",
}  # fmt: skip
PACKED = frozenset({"zip", "rar", "7z", "gz", "tgz", "bz2", "xz"})
SHA256 = re.compile(r"[0-9a-f]{64}")


def kind_of(head: bytes) -> str:
    """What content that begins so is: program, image, video, audio, pdf, zip … or empty."""
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in (b"heic", b"heix", b"avif", b"mif1", b"msf1"):
            return "image"
        return "audio" if brand == b"M4A " else "video"
    if head[:4] == b"RIFF":
        return {b"WEBP": "image", b"AVI ": "video", b"WAVE": "audio"}.get(head[8:12], "")
    if head[:2] == b"BM" and head[6:10] == bytes(4):  # two letters alone are no proof
        return "image"
    for beginning, kind in MAGIC:
        if head.startswith(beginning):
            return kind
    if head[:2] in (b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xf1"):
        return "audio"
    return "" if b"\0" in head else "text"


def check_attachments(items: Sequence[Mapping[str, Any]], *, channel: str = "email") -> Verdict:
    """Judge the files of one message. Never looser for one more file."""
    if not items:
        return Verdict()
    return join(_together(items, LIMITS.get(channel, NOTHING)), *(
        _one(item, LIMITS.get(channel, NOTHING)) for item in items
    ))  # fmt: skip


def _together(items: Sequence[Mapping[str, Any]], limit: Limit) -> Verdict:
    if not limit.most:
        return _refuse("attachment_channel", "This channel carries no files. Send a link instead")
    if len(items) > limit.most:
        return _refuse(
            "attachment_count", f"{len(items)} files; this channel carries at most {limit.most}"
        )
    total = sum(size for item in items if isinstance(size := item.get("size"), int))
    if total > limit.all:
        return _refuse(
            "attachment_size", f"The files have {_mb(total)} together; at most {_mb(limit.all)} go"
        )
    return Verdict()


def _one(item: Mapping[str, Any], limit: Limit) -> Verdict:
    fault = _malformed(item)
    if fault:
        return _refuse("attachment_malformed", fault)
    name, size, head = str(item["name"]), int(item["size"]), item.get("head")
    if size > limit.each:
        return _refuse("attachment_size", f"{name} has {_mb(size)}; at most {_mb(limit.each)} go")
    # What opens a file is its last ending; Windows overlooks dots and blanks behind it.
    ending = name.rstrip(". ").lower().rpartition(".")[2]
    if ending in PROGRAM_ENDINGS:
        return _refuse("attachment_program", f"{name} can run as a program or script. Leave it out")
    found = kind_of(head) if isinstance(head, bytes) and head else ""
    if found == "program":
        return _refuse("attachment_program", f"{name} is a program, whatever its name says")
    return _content(name, ending, str(item.get("type", "")), found, looked=isinstance(head, bytes))


def _malformed(item: Mapping[str, Any]) -> str:
    """Why this is no attachment; empty when it is one."""
    name, size, digest = item.get("name"), item.get("size"), item.get("sha256")
    if not isinstance(name, str) or not name.strip():
        return "A file has no name"
    if any(unicodedata.category(char) in ("Cc", "Cf") for char in name) or set(name) & set("/\\"):
        return f"The name {name!a} holds a path, or characters that hide what it is"
    if isinstance(size, bool) or not isinstance(size, int) or size <= 0:
        return f"{name} is empty or does not say how big it is"
    if not isinstance(digest, str) or not SHA256.fullmatch(digest):
        return f"{name} has no SHA-256 of its content, so it cannot be bound to an approval"
    return ""


def _content(name: str, ending: str, declared: str, found: str, *, looked: bool) -> Verdict:
    """What the name says, what the type says and what the content is must agree."""
    expected = KINDS.get(ending, "")
    if found and expected and found != expected:
        return _refuse("attachment_disguised", f"{name} is named .{ending}, its content is {found}")
    media = declared.partition("/")[0].lower()
    if found and media in ("image", "video", "audio") and found != media:
        return _refuse("attachment_disguised", f"{name} says {declared}, its content is {found}")
    if "image" in (expected, found, media) or "video" in (expected, found, media):
        return _look("attachment_media", f"{name} is a picture or film: a person must look at it")
    if ending in PACKED:
        return _look("attachment_packed", f"{name} is packed: a person must look inside")
    if not expected or (looked and not found):
        return _look("attachment_unknown", f"{name} is of a kind not known here: a person looks")
    if not looked:
        return _look("attachment_unseen", f"{name}: its content was not looked at; a person looks")
    return Verdict(
        findings=(Finding("ATTACHMENT_CHECK", "attachment", "pass", f"{name}: {found}"),)
    )


def _refuse(code: str, words: str) -> Verdict:
    return Verdict(Level.BLOCK, None, (Finding("ATTACHMENT_CHECK", code, "fail", words),))


def _look(code: str, words: str) -> Verdict:
    return Verdict(Level.REVIEW, None, (Finding("ATTACHMENT_CHECK", code, "warn", words),))


def _mb(size: int) -> str:
    return f"{size / MB:.1f} MB"
