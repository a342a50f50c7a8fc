"""Whether a platform lets us write at all, and what only a person may judge: pictures and notes.

Judged from what payload and history say; what they do not say is not judged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from safety.contract.frequency import Contact
from safety.contract.payload import Payload
from safety.verdict import Finding

NOTE_LENGTH = 300
_PICTURES = tuple(
    f".{ending}"
    for ending in (
        *("jpg", "jpeg", "png", "gif", "webp", "heic", "bmp", "tif", "tiff", "svg", "avif"),
        *("mp4", "mov", "avi", "mkv", "webm", "m4v", "3gp", "mpg", "mpeg"),
    )
)


def reach_findings(
    payload: Payload, contacts: Sequence[Contact], at: datetime
) -> tuple[Finding, ...]:
    """What the platform and the attachments ask for."""
    written = any(
        c.direction == "in" and c.platform == payload.platform and c.at <= at for c in contacts
    )
    findings = []
    if payload.platform == "instagram" and payload.follows_us is not None and not written:
        findings.append(_stranger(payload.follows_us))
    if any(_is_picture(item) for item in payload.attachments):
        words = "Picture or video attached: a person must look"
        findings.append(Finding("CONTENT_CHECK", "picture", "warn", words, rule="media.picture"))
    if payload.platform == "linkedin" and not _knows(contacts) and _is_long(payload.content):
        words = f"Longer than the {NOTE_LENGTH} characters of a connection note"
        findings.append(Finding("CONTENT_CHECK", "note", "warn", words, rule="linkedin.note"))
    return tuple(findings)


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
    return is_media or name.lower().rsplit("?", 1)[0].endswith(_PICTURES)
