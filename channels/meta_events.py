"""What Meta's webhooks say, in our words: a payload in, events out. No Django models, no effects.

Sources: "Webhooks payload examples" of the WhatsApp Cloud API and "Webhook events" of the
Instagram Messaging API (developers.facebook.com). What is not known is kept as "other".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from channels.incoming import Incoming
from channels.mail.reading import clean

STATUSES = frozenset({"sent", "delivered", "read", "failed"})
STOPPED_MARKETING = 131050
LEAST_TIME, MOST_TIME = 1_000_000_000, 100_000_000_000


@dataclass(frozen=True, slots=True)
class Event:
    """One thing a provider tells. `payload` holds what judging it needs."""

    provider: str
    event_id: str
    kind: str
    at: datetime | None
    payload: dict[str, Any] = field(default_factory=dict)


class UnknownPayload(ValueError):
    """This is no webhook of Meta's; the sentence says what was expected."""


def parse(body: dict[str, Any], *, number: str, account: str) -> list[Event]:
    """Every event in one delivery. `number` and `account` are ours: what speaks of others is
    kept apart ("orphan") and never applied."""
    kind = body.get("object")
    entries = [each for each in _list(body.get("entry")) if isinstance(each, dict)]
    if kind == "whatsapp_business_account":
        return [event for entry in entries for event in _whatsapp(entry, number)]
    if kind == "instagram":
        return [event for entry in entries for event in _instagram(entry, account)]
    raise UnknownPayload("Expected an object of whatsapp_business_account or instagram.")


# --- WhatsApp ------------------------------------------------------------------------------------


def _whatsapp(entry: dict[str, Any], number: str) -> Iterator[Event]:
    for change in _list(entry.get("changes")):
        value = _dict(_dict(change).get("value"))
        ours = str(_dict(value.get("metadata")).get("phone_number_id", "")) == number != ""
        names = {
            str(each.get(id_)): str(_dict(each.get("profile")).get("name", ""))
            for each in map(_dict, _list(value.get("contacts")))
            for id_ in ("wa_id", "user_id")
        }
        told = [
            *(_whatsapp_message(_dict(each), names) for each in _list(value.get("messages"))),
            *(_whatsapp_status(_dict(each)) for each in _list(value.get("statuses"))),
            *(_preference(_dict(each)) for each in _list(value.get("user_preferences"))),
        ]
        field_name = str(_dict(change).get("field", ""))
        events = told or [_other("whatsapp", {"field": field_name, "value": value})]
        yield from (event if ours or event.kind == "other" else _orphan(event) for event in events)


def _whatsapp_message(message: dict[str, Any], names: dict[str, str]) -> Event:
    phone, number = str(message.get("from") or ""), str(message.get("id", ""))
    sender = phone or str(message.get("from_user_id") or "")  # all that a username leaves of them
    if not sender or not number:
        return _other("whatsapp", message)
    kind = str(message.get("type", "unknown"))
    content = _dict(message.get(kind))
    by_itself = kind == "system"  # WhatsApp tells of them, and they wrote nothing
    new = str(content.get("wa_id") or content.get("new_wa_id") or "") if by_itself else ""
    quoted = str(_dict(message.get("context")).get("id", ""))
    at = _time(message.get("timestamp"))
    incoming = Incoming(
        channel="whatsapp",
        sender="+" + phone.lstrip("+") if phone else clean(sender),
        message_id=number,
        at=at,
        sender_name=clean(names.get(sender, ""))[:200],
        text=clean(_words(kind, content)),
        answers=(quoted,) if quoted else (),
        automatic="WhatsApp tells it" if by_itself else "",
        media="" if kind == "text" else clean(kind)[:30],
        moved_to=clean("+" + new.lstrip("+"))[:40] if new else "",
    )
    return Event("whatsapp", f"message:{number}", "message", at, incoming.as_dict())


def _words(kind: str, content: dict[str, Any]) -> str:
    """The words of a message, whatever it came as: text, a button, a caption."""
    if kind == "interactive":
        content = _dict(content.get("button_reply") or content.get("list_reply"))
    found = content.get(
        {
            "text": "body",
            "system": "body",
            "button": "text",
            "order": "text",
            "interactive": "title",
        }.get(kind, "caption")
    )
    return found if isinstance(found, str) else ""


def _whatsapp_status(status: dict[str, Any]) -> Event:
    number, word = str(status.get("id", "")), str(status.get("status", ""))
    if not number or word not in STATUSES:
        return _other("whatsapp", status)
    errors = [_dict(each) for each in _list(status.get("errors"))]
    codes = [code for each in errors if isinstance(code := each.get("code"), int)]
    payload = {
        "provider_id": number,
        "token": clean(str(status.get("biz_opaque_callback_data", ""))),
        "recipient": "+" + str(status.get("recipient_id", "")).lstrip("+"),
        "codes": codes,
        "said": clean("; ".join(str(each.get("title", "")) for each in errors))[:200],
    }
    return Event("whatsapp", f"{word}:{number}", word, _time(status.get("timestamp")), payload)


def _preference(told: dict[str, Any]) -> Event:
    """They switched our marketing off (or on) in WhatsApp itself."""
    sender, stamp = str(told.get("wa_id") or ""), told.get("timestamp")
    hidden = str(told.get("user_id") or "")
    if not (sender or hidden) or told.get("value") != "stop":
        return _other("whatsapp", told)
    if not sender:  # nobody here can say who it is: it is brought to a person
        name = f"preference:{clean(hidden)}:{stamp}"
        media, at = "marketing switched off", _time(stamp)
        incoming = Incoming("whatsapp", clean(hidden), name, at, media=media)
        return Event("whatsapp", name, "message", at, incoming.as_dict())
    return Event(
        "whatsapp",
        f"preference:{sender}:{stamp}",
        "unsubscribed",
        _time(stamp),
        {"recipient": "+" + sender.lstrip("+"), "channel": "whatsapp"},
    )


# --- Instagram -----------------------------------------------------------------------------------


def _instagram(entry: dict[str, Any], account: str) -> Iterator[Event]:
    ours = str(entry.get("id", "")) == account != ""
    events = [_instagram_event(_dict(each)) for each in _list(entry.get("messaging"))]
    for event in events or [_other("instagram", entry)]:
        yield event if ours or event.kind == "other" else _orphan(event)


def _instagram_event(told: dict[str, Any]) -> Event:
    at, message = _time(told.get("timestamp")), _dict(told.get("message"))
    mid = str(message.get("mid", ""))
    if mid and message.get("is_echo"):
        return Event("instagram", f"sent:{mid}", "sent", at, {"provider_id": mid})
    if mid and not message.get("is_deleted"):
        return _instagram_message(told, message, mid, at)
    seen = str(_dict(told.get("read")).get("mid", ""))
    if seen:
        return Event("instagram", f"read:{seen}", "read", at, {"provider_id": seen})
    edit = _dict(told.get("message_edit"))  # other words in a message of theirs, under its id
    if edit.get("mid"):
        return _instagram_message(told, edit, f"{edit['mid']}:{edit.get('num_edit')}", at)
    postback = _dict(told.get("postback"))
    if postback.get("mid"):
        said = {"text": postback.get("title", "")}
        return _instagram_message(told, said, str(postback["mid"]), at)
    return _other("instagram", told)


def _instagram_message(
    told: dict[str, Any], message: dict[str, Any], mid: str, at: datetime | None
) -> Event:
    sender = str(_dict(told.get("sender")).get("id", ""))
    if not sender:
        return _other("instagram", told)
    files = [_dict(each) for each in _list(message.get("attachments"))]
    kind = str(files[0].get("type", "unknown")) if files else ""
    if message.get("is_unsupported"):
        kind = "unsupported"
    text = message.get("text")
    quoted = str(_dict(message.get("reply_to")).get("mid", ""))
    incoming = Incoming(
        channel="instagram",
        sender=f"@{sender}",
        message_id=mid,
        at=at,
        text=clean(text) if isinstance(text, str) else "",
        answers=(quoted,) if quoted else (),
        media=clean(kind)[:30],
    )
    return Event("instagram", f"message:{mid}", "message", at, incoming.as_dict())


# --- Both ----------------------------------------------------------------------------------------


def _orphan(event: Event) -> Event:
    """Kept so that somebody can see it; its id cannot stand in the way of a real one."""
    return Event(event.provider, f"orphan:{event.event_id}"[:255], "other", event.at, {})


def _other(provider: str, told: dict[str, Any]) -> Event:
    """An event nobody here knows: counted by its content, which is not kept."""
    digest = hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode(errors="replace"))
    name = clean(str(told.get("field") or told.get("type") or ""))[:60]
    return Event(provider, f"other:{digest.hexdigest()}", "other", None, {"name": name})


def _time(value: Any) -> datetime | None:
    """Seconds (WhatsApp, as text) or milliseconds (Instagram) since 1970; None for neither."""
    try:
        number = int(value)
        seconds = number / 1000 if number > MOST_TIME else number
    except (TypeError, ValueError, OverflowError):
        return None
    if not LEAST_TIME < seconds < MOST_TIME:
        return None
    return datetime.fromtimestamp(seconds, tz=UTC)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
