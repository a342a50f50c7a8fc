"""Whether a platform lets us write at all, and what only a person may judge: pictures and notes.

Judged from what payload and history say; what they do not say is not judged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from safety.contract.frequency import Contact
from safety.contract.normalise import fold
from safety.contract.payload import Payload
from safety.verdict import Finding

NOTE_LENGTH = 300
# "Re:", "Fwd:" and what mail programs of other languages write for them, as `fold` leaves it: a
# Cyrillic "Отв" reads "otb". Mail servers put marks such as "[EXT]" in front.
_THREAD_MARK = re.compile(
    r"\W*(?:\[\w{1,20}\]\W*)?"
    r"(?:re|fwd?|aw|wg|antw(?:ort)?|sv|vs|tr|rv|enc|rif|odp|ynt|yanit|vl|doorst|res|ris|r|otb(?:et)?"
    r"|tra loi|aπ|השב|رد|回复|回覆|回信|答复|答覆|转发|轉寄|轉發|返信|転送|회신|답장|전달|ตอบ)"
    r"\s*(?:[\[(]\d{1,3}[\])])?\s*:"
)
_PICTURES = tuple(
    f".{ending}"
    for ending in (
        *("jpg", "jpeg", "png", "gif", "webp", "heic", "bmp", "tif", "tiff", "svg", "avif"),
        *("mp4", "mov", "avi", "mkv", "webm", "m4v", "3gp", "mpg", "mpeg"),
    )
)


def reach_findings(
    payload: Payload, contacts: Sequence[Contact], at: datetime, *, is_told: bool = False
) -> tuple[Finding, ...]:
    """What the platform and the attachments ask for; `is_told` if a history was given at all."""
    written = any(
        c.direction == "in" and c.platform == payload.platform and c.at <= at for c in contacts
    )
    findings = []
    if payload.platform == "instagram" and payload.follows_us is not None and not written:
        findings.append(_stranger(payload.follows_us))
    if payload.platform == "email" and is_told and _claims_thread(payload, contacts, at):
        words = "Subject claims a thread that history does not know"
        findings.append(
            Finding(
                "CONTENT_CHECK",
                "false_thread",
                "warn",
                words,
                family="subject_integrity",
                rule="subject.false_thread",
            )
        )
    if any(_is_picture(item) for item in payload.attachments):
        words = "Picture or video attached: a person must look"
        findings.append(Finding("CONTENT_CHECK", "picture", "warn", words, rule="media.picture"))
    if payload.platform == "linkedin" and not _knows(contacts) and _is_long(payload.content):
        words = f"Longer than the {NOTE_LENGTH} characters of a connection note"
        findings.append(Finding("CONTENT_CHECK", "note", "warn", words, rule="linkedin.note"))
    return tuple(findings)


def claims_thread(subject: str) -> bool:
    """Whether a subject says that it answers or forwards something."""
    return bool(_THREAD_MARK.match(fold(subject).text))


def _claims_thread(payload: Payload, contacts: Sequence[Contact], at: datetime) -> bool:
    known = any(
        c.platform == "email" and c.direction != "cooling_off" for c in contacts if c.at <= at
    )
    return not known and claims_thread(payload.subject or "")


def _stranger(follows_us: bool) -> Finding:
    if follows_us:
        words = "Follower has not written: hand over to a person"
        return Finding("BOUNDARY_CHECK", "hand_off", "warn", words, rule="instagram.hand_off")
    words = "No unsolicited contact to non-followers"
    return Finding("BOUNDARY_CHECK", "non_follower", "fail", words, rule="instagram.non_follower")


def _knows(contacts: Sequence[Contact]) -> bool:
    return any(c.platform == "linkedin" and c.direction in ("in", "out") for c in contacts)


def _is_long(text: str) -> bool:
    return len(text) > NOTE_LENGTH


def _is_picture(item: Any) -> bool:
    if isinstance(item, Mapping):
        kind = str(item.get("type") or item.get("content_type") or item.get("mime") or "")
        name = str(item.get("name") or item.get("filename") or "")
    else:
        kind, name = "", str(item)
    is_media = kind.lower().startswith(("image", "video"))
    return is_media or any(part.endswith(_PICTURES) for part in name.lower().split("?"))
