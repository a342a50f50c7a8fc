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

from safety.file_kinds import (
    ACTIVE,
    KINDS,
    MARKUP,
    PACKED,
    PROGRAM_ENDINGS,
    TYPES,
    UNKNOWN_TYPE,
    ending_of,
    kind_of,
    runs,
)
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

SHA256 = re.compile(r"[0-9a-f]{64}")
# Names that Windows keeps for devices, whatever stands behind the first dot.
DEVICE = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|clock\$|(?:com|lpt)[0-9¹²³])\s*(?:\..*)?", re.S
)


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
    ending = ending_of(name)
    if ending in PROGRAM_ENDINGS:
        return _refuse("attachment_program", f"{name} can run as a program or script. Leave it out")
    declared = str(item.get("type") or "").partition(";")[0].strip().lower()
    if runs(declared):
        words = f"{name} is declared as {declared}, which can run as a program or script"
        return _refuse("attachment_program", f"{words}. {_to_write(ending)}")
    found = kind_of(head) if isinstance(head, bytes) and head else ""
    if found == "program":
        return _refuse("attachment_program", f"{name} is a program, whatever its name says")
    disguise = _disguised(name, ending, declared, found)
    if disguise:
        return _refuse("attachment_disguised", disguise)
    media = declared.partition("/")[0]
    return _content(name, ending, media, found, looked=isinstance(head, bytes))


def _malformed(item: Mapping[str, Any]) -> str:
    """Why this is no attachment; empty when it is one."""
    name, size, digest = item.get("name"), item.get("size"), item.get("sha256")
    if not isinstance(name, str) or not name.strip():
        return "A file has no name"
    hides = any(unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp") for char in name)
    if hides or set(name) & set("/\\") or name.strip() in (".", ".."):
        return f"The name {name!a} holds a path, or characters that hide what it is"
    if ":" in name:
        return f"{name} holds a colon, behind which Windows hides other content. Rename it"
    if DEVICE.fullmatch(name.strip().lower()):
        return f"{name} is the name of a device in Windows. Rename it"
    if isinstance(size, bool) or not isinstance(size, int) or size <= 0:
        return f"{name} is empty or does not say how big it is"
    if not isinstance(digest, str) or not SHA256.fullmatch(digest):
        return f"{name} has no SHA-256 of its content, so it cannot be bound to an approval"
    return ""


def _disguised(name: str, ending: str, declared: str, found: str) -> str:
    """Where what the name says, what the type says and what the content is do not agree."""
    expected, known = KINDS.get(ending, ""), TYPES.get(ending)
    content = "text" if found == "markup" and expected == "text" else found
    if found and expected and content != expected:
        return f"{name} is named .{ending}, its content is {found}"
    media = declared.partition("/")[0]
    if found and media in ("image", "video", "audio") and found != media:
        return f"{name} says {declared}, its content is {found}"
    if known and declared and declared not in (*known, UNKNOWN_TYPE):
        return f"{name} is declared as {declared}, which no .{ending} is. {_to_write(ending)}"
    return ""


def _to_write(ending: str) -> str:
    return f"Write {TYPES.get(ending, (UNKNOWN_TYPE,))[0]}"


def _content(name: str, ending: str, media: str, found: str, *, looked: bool) -> Verdict:
    """What nobody can judge by the beginning of it is for a person to look at.

    Markup behind a harmless name is not refused: with the type of that name it opens as text, and
    honest texts quote it. But some programs go by the content, so a person looks.
    """
    expected = KINDS.get(ending, "")
    if "image" in (expected, found, media) or "video" in (expected, found, media):
        return _look("attachment_media", f"{name} is a picture or film: a person must look at it")
    if ending in PACKED:
        return _look("attachment_packed", f"{name} is packed: a person must look inside")
    active = ACTIVE.get(ending) or (MARKUP if found == "markup" else "")
    if active:
        return _look("attachment_active", f"{name}: {active}")
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
