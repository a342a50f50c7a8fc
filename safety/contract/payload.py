"""What may be judged: the payload and its history, checked key by key, one sentence per fault.

Nothing is guessed: an unknown key, a wrong type or a time without an offset is a fault.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from safety.contract.frequency import Contact
from safety.contract.localtime import fixed, zone_of
from safety.contract.nesting import DEEPEST, is_deep, written

PLATFORMS = ("whatsapp", "email", "instagram", "linkedin")
PAST = (*PLATFORMS, "phone")  # a call is a contact, too, though no message is judged for it
DIRECTIONS = ("out", "in", "cooling_off")
EMERGENCIES = ("medical", "safety_threat", "security_breach", "legal_requirement")
REQUIRED = ("platform", "recipient", "content")
OPTIONAL = ("subject", "message_type", "timezone", "attachments", "follows_us", "emergency")
MAX_TEXT = 1_000_000
MAX_LINE = 998  # the longest line a mail may carry
MAX_HISTORY = 100_000

# Keys that an entry of the history must have, and those it may have.
_MESSAGE = ("platform", "at", "direction"), ("content", "until", "cause")
_REST = ("at", "direction", "until"), ("platform", "content", "cause")
_FORMS = {
    "email": (re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+"), "one address such as anna@example.org"),
    "whatsapp": (re.compile(r"\+?[\d\s().-]{5,30}"), "a phone number such as +44 20 7946 0958"),
    "instagram": (re.compile(r"@?[\w.]{1,64}"), "a name such as @anna"),
    "linkedin": (re.compile(r".{1,500}"), "a profile name or address"),
}


class PayloadError(ValueError):
    """The payload or its history cannot be judged; `faults` says why, a sentence each."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__(" ".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Emergency:
    """A declared emergency; whether its author may declare one is not for the contract."""

    category: str
    justification: str
    declared_by: str


@dataclass(frozen=True, slots=True)
class Payload:
    """A message to judge. `raw` is what was given, for the log; None means not said."""

    platform: str
    recipient: str
    content: str
    subject: str | None = None
    message_type: str = ""
    timezone: str = ""
    attachments: tuple[Any, ...] = ()
    follows_us: bool | None = None
    emergency: Emergency | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)


def parse_payload(raw: object) -> Payload:
    """Read a payload or raise PayloadError with every fault found."""
    if not isinstance(raw, Mapping):
        raise PayloadError((f"The payload is {_kind(raw)}, not an object.",))
    faults = [*_shape(raw, REQUIRED, OPTIONAL, "The payload"), *_values(raw)]
    if faults:
        raise PayloadError(faults)
    emergency = raw.get("emergency")
    return Payload(
        platform=raw["platform"],
        recipient=raw["recipient"].strip(),
        content=raw["content"],
        subject=raw.get("subject"),
        message_type=raw.get("message_type") or "",
        timezone=raw.get("timezone") or "",
        attachments=tuple(raw.get("attachments") or ()),
        follows_us=raw.get("follows_us"),
        emergency=Emergency(**emergency) if emergency else None,
        raw=dict(raw),
    )


def parse_history(raw: object) -> tuple[Contact, ...]:
    """Read a history, oldest first or not, or raise PayloadError with every fault found."""
    if isinstance(raw, (str, bytes)) or not isinstance(raw, Sequence):
        raise PayloadError((f"The history is {_kind(raw)}, not a list.",))
    if len(raw) > MAX_HISTORY:
        raise PayloadError((f"The history has more than {MAX_HISTORY} entries.",))
    faults: list[str] = []
    contacts: list[Contact] = []
    for number, entry in enumerate(raw, 1):
        if isinstance(entry, Contact):
            contacts.append(entry)
            continue
        wrong = list(_entry_faults(entry, f"History entry {number}"))
        faults.extend(wrong)
        if not wrong:
            contacts.append(_contact(entry))
    if faults:
        raise PayloadError(faults)
    return tuple(contacts)


def parse_instant(value: object, name: str) -> datetime:
    """An aware time, given as one or as ISO 8601; PayloadError says what is wrong."""
    if faults := list(_instant(value, name)):
        raise PayloadError(faults)
    return _read(value)


def _read(value: Any) -> datetime:
    return fixed(value if isinstance(value, datetime) else datetime.fromisoformat(value))


def _contact(entry: Mapping[str, Any]) -> Contact:
    return Contact(
        platform=entry.get("platform") or "",
        at=_read(entry["at"]),
        direction=entry["direction"],
        until=_read(entry["until"]) if entry.get("until") is not None else None,
        cause=entry.get("cause") or "",
        content=entry.get("content") or "",
    )


def _shape(
    raw: Mapping[Any, Any], required: Sequence[str], optional: Sequence[str], name: str
) -> Iterator[str]:
    known = (*required, *optional)
    for key in raw:
        if key not in known:
            yield f"{name} has an unknown key {_short(key)}; known are {', '.join(known)}."
    for key in required:
        if raw.get(key) is None:
            yield f"{name} has no {key}."


def _values(raw: Mapping[str, Any]) -> Iterator[str]:
    for key, check in _CHECKS.items():
        value = raw.get(key)
        if value is not None:
            yield from check(value, key)
    if not isinstance(raw.get("recipient"), str) or raw.get("platform") not in PLATFORMS:
        return
    form, example = _FORMS[raw["platform"]]
    recipient = raw["recipient"].strip()
    if recipient and not form.fullmatch(recipient):
        yield f"recipient {_short(recipient)} has not the form of {example}."


def _platform(value: object, name: str, known: Sequence[str] = PLATFORMS) -> Iterator[str]:
    if value not in known:
        yield f"{name} is {_short(value)}; it must be one of {', '.join(known)}."


def _text(value: object, name: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"{name} is {_kind(value)}, not a text."
    elif "\0" in value:
        yield f"{name} contains a NUL character."
    elif not value.isascii() and re.search("[\ud800-\udfff]", value):
        yield f"{name} contains half a surrogate pair, which is no character."
    elif len(value) > MAX_TEXT:
        yield f"{name} is longer than {MAX_TEXT} characters."


def _line(value: object, name: str) -> Iterator[str]:
    faults = list(_text(value, name))
    yield from faults
    if faults or not isinstance(value, str):
        return
    if "\r" in value or "\n" in value:
        yield f"{name} contains a line break."
    if len(value) > MAX_LINE:
        yield f"{name} is longer than {MAX_LINE} characters."


def _filled(value: object, name: str) -> Iterator[str]:
    yield from _line(value, name)
    if isinstance(value, str) and not value.strip():
        yield f"{name} is empty."


def _zone(value: object, name: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"{name} is {_kind(value)}, not a text."
        return
    try:
        zone_of(value)
    except ValueError as error:
        yield f"{name}: {error}."


def _flag(value: object, name: str) -> Iterator[str]:
    if not isinstance(value, bool):
        yield f"{name} is {_kind(value)}, not true or false."


def _attachments(value: object, name: str) -> Iterator[str]:
    if not isinstance(value, (list, tuple)):
        yield f"{name} is {_kind(value)}, not a list."
        return
    for number, item in enumerate(value, 1):
        entry = f"{name}: entry {number}"
        if not isinstance(item, (str, Mapping)):
            yield f"{entry} is {_kind(item)}, not a file name or an object."
        elif is_deep(item):
            yield f"{entry} is nested more than {DEEPEST} levels deep."
        else:
            yield from _text(written(item), entry)


def _emergency(value: object, name: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{name} is {_kind(value)}, not an object."
        return
    parts = ("category", "justification", "declared_by")
    yield from _shape(value, parts, (), name)
    if value.get("category") is not None and value["category"] not in EMERGENCIES:
        yield f"{name}.category is {_short(value['category'])}; use {', '.join(EMERGENCIES)}."
    for part in parts[1:]:
        if value.get(part) is not None:
            yield from _filled(value[part], f"{name}.{part}")


def _instant(value: object, name: str) -> Iterator[str]:
    moment = value
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            yield f"{name} is {_short(value)}, not a time such as 2024-01-15T14:30:00+00:00."
            return
    if not isinstance(moment, datetime):
        yield f"{name} is {_kind(value)}, not a time."
    elif moment.utcoffset() is None:
        yield f"{name} {_short(value)} has no offset; write 2024-01-15T14:30:00+00:00 or Z."
    elif not 1971 <= moment.year <= 9000:
        yield f"{name} {_short(value)} is outside the years 1971 to 9000."


def _entry_faults(entry: object, name: str) -> Iterator[str]:
    if not isinstance(entry, Mapping):
        yield f"{name} is {_kind(entry)}, not an object."
        return
    required, optional = _REST if entry.get("direction") == "cooling_off" else _MESSAGE
    yield from _shape(entry, required, optional, name)
    direction = entry.get("direction")
    if direction is not None and direction not in DIRECTIONS:
        yield f"{name}: direction is {_short(direction)}; use {', '.join(DIRECTIONS)}."
    for key, check in _ENTRY_CHECKS.items():
        if entry.get(key) is not None:
            yield from check(entry[key], f"{name}: {key}")


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    if value is None:
        return "null"
    return names.get(type(value), "a number" if isinstance(value, (int, float)) else "unreadable")


def _short(value: object) -> str:
    if not isinstance(value, (str, int, float, datetime)):
        return _kind(value)
    shown = ascii(value.isoformat() if isinstance(value, datetime) else value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


_Check = Callable[[object, str], Iterator[str]]
_CHECKS: dict[str, _Check] = {
    "platform": _platform,
    "recipient": _filled,
    "content": _text,
    "subject": _line,
    "message_type": _line,
    "timezone": _zone,
    "attachments": _attachments,
    "follows_us": _flag,
    "emergency": _emergency,
}
_ENTRY_CHECKS: dict[str, _Check] = {
    "platform": partial(_platform, known=PAST),
    "at": _instant,
    "until": _instant,
    "cause": _line,
    "content": _text,
}
