"""Delivery reports (RFC 3464) and spam complaints (RFC 5965): who, why, about which message."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from email import message_from_string
from email.message import Message
from typing import Any

# RFC 3463. What says that the mailbox is not there or is shut; everything else may pass.
_GONE = re.compile(r"5\.(?:0\.0|1\.(?:0|1|2|3|4|6|9|10)|2\.[01]|4\.4)")
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_ID = re.compile(r"<[^<>\s]{1,990}>")
_DAEMON = re.compile(r"(?:mailer-daemon|postmaster)@|<>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Failure:
    """One recipient a message could not be delivered to. `permanent`: there is no such mailbox."""

    recipient: str
    permanent: bool
    status: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What a mail system tells about a message of ours. `original` is its Message-ID."""

    kind: str  # bounce, complaint, delay, receipt
    original: str = ""
    failures: tuple[Failure, ...] = ()
    complainant: str = ""

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Report:
        failures = tuple(Failure(**item) for item in stored["failures"])
        return cls(**{**stored, "failures": failures})

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def report_of(message: Message) -> Report | None:
    """The report this mail is, or None. One that somebody's own words bring along is their letter:
    "see the attached bounce, and stop writing to us"."""
    outer = list(_outer(message))
    spoken = [part for part in outer if part.get_content_type() in ("text/plain", "text/html")]
    words: list[Any] = [part.get_payload(decode=True) for part in spoken]
    parts = outer if any(each and each.strip() for each in words) else message.walk()
    types = {part.get_content_type(): part for part in parts}
    original = _original(message)
    if "message/feedback-report" in types:
        return _complaint(types["message/feedback-report"], original)
    if "message/delivery-status" in types:
        failures = tuple(_failures(types["message/delivery-status"]))
        return Report("bounce" if failures else "delay", original, failures)
    if "message/disposition-notification" in types:
        return Report("receipt", original)
    return _loose(message, original)


def _outer(message: Message) -> Iterator[Message]:
    """The parts of a mail without those of the mails within it."""
    yield message
    inner = message.get_payload() if message.get_content_maintype() == "multipart" else ()
    for part in inner if isinstance(inner, list) else ():
        if isinstance(part, Message):
            yield from _outer(part)


def _failures(part: Message) -> Iterator[Failure]:
    groups = part.get_payload()
    for group in groups if isinstance(groups, list) else []:
        if not isinstance(group, Message) or _field(group, "Action").lower() != "failed":
            continue
        recipient = _address(
            _field(group, "Final-Recipient") or _field(group, "Original-Recipient")
        )
        said = _field(group, "Diagnostic-Code")[:300]
        status = _status(_field(group, "Status"), said)
        if recipient:
            yield Failure(recipient, bool(_GONE.fullmatch(status)), status, said)


def _status(told: str, said: str) -> str:
    """The extended code; a vague 5.0.0 yields to what the other side said in words."""
    codes = [found[0] for text in (told, said) if (found := _STATUS.search(text))]
    return next((code for code in codes if not code.endswith(".0.0")), (codes or [""])[0])


def _complaint(part: Message, original: str) -> Report | None:
    groups = part.get_payload()
    fields = groups[0] if isinstance(groups, list) and groups else part
    if not isinstance(fields, Message):
        return None
    if _field(fields, "Feedback-Type").lower() == "not-spam":
        return Report("receipt", original)
    who = next(
        (
            found
            for name in ("Original-Rcpt-To", "Removal-Recipient", "Redacted-Address")
            if (found := _address(_field(fields, name)))
        ),
        "",
    )
    return Report("complaint", original, complainant=who)


def _loose(message: Message, original: str) -> Report | None:
    """Mail systems that only write prose still name the recipient in a header (Exim)."""
    failed = _field(message, "X-Failed-Recipients")
    if not failed or not _DAEMON.search(
        f"{_field(message, 'From')} {_field(message, 'Return-Path')}"
    ):
        return None
    failures = tuple(
        Failure(recipient, permanent=False)
        for each in failed.split(",")[:50]
        if (recipient := _address(each))
    )
    return Report("bounce", original, failures) if failures else None


def _original(message: Message) -> str:
    """The Message-ID of the message that is reported, from the copy or headers it brings along."""
    for part in message.walk():
        kind = part.get_content_type()
        if kind not in ("message/rfc822", "text/rfc822-headers", "message/global"):
            continue
        inner = part.get_payload()
        if isinstance(inner, list) and inner and isinstance(inner[0], Message):
            copy = inner[0]
        else:
            raw = part.get_payload(decode=True)
            copy = message_from_string(raw.decode("latin-1") if isinstance(raw, bytes) else "")
        if found := _ID.search(_field(copy, "Message-ID")):
            return found[0]
    return ""


def _field(message: Message, name: str) -> str:
    value = str(message.get(name, "")).replace("\0", "")
    return " ".join(value.encode(errors="replace").decode().split())


def _address(value: str) -> str:
    """`rfc822; <a@b.c>` → `a@b.c`."""
    found = re.search(r"[^\s<>;,@]+@[^\s<>;,@]+", value.rpartition(";")[2])
    return found[0].lower()[:320] if found else ""
