"""What mail providers tell through anymail's signals, in our words: inbound mail and tracking."""

from __future__ import annotations

import hashlib
import logging
from datetime import datetime
from typing import Any

from anymail.signals import AnymailInboundEvent, AnymailTrackingEvent, inbound, tracking
from django.dispatch import receiver
from django.utils import timezone

from channels import events
from channels.incoming import Incoming
from channels.mail.automatic import automatic
from channels.mail.reading import Unreadable, clean, read
from channels.meta_events import Event
from safety.contract.markup import to_text

KINDS = {
    "sent": "sent",
    "queued": "sent",
    "delivered": "delivered",
    "opened": "read",
    "clicked": "read",
    "bounced": "bounced",
    "failed": "failed",
    "rejected": "failed",
    "complained": "complained",
    "unsubscribed": "unsubscribed",
}
GONE = frozenset({"invalid", "bounced"})
logger = logging.getLogger(__name__)


@receiver(tracking, dispatch_uid="outreach.tracking")
def track(event: AnymailTrackingEvent, esp_name: str, **_: Any) -> None:
    """Store and judge one tracking event."""
    payload = {
        "channel": "email",
        "provider_id": event.message_id or "",
        "token": str((event.metadata or {}).get("token", "")),
        "recipient": (event.recipient or "").lower(),
        "permanent": event.reject_reason in GONE,
        "said": (event.mta_response or event.description or "")[:300],
    }
    kind = KINDS.get(event.event_type, "other")
    if kind == "failed" and event.reject_reason == "unsubscribed":
        # The provider sends them nothing more, for they told it so; another one would.
        kind, payload["never_left"] = "unsubscribed", True
    name = event.event_id or _digest(event.event_type, event.timestamp, payload)
    told = Event(_provider(esp_name), f"{event.event_type}:{name}", kind, event.timestamp, payload)
    events.take([told], at=timezone.now())


@receiver(inbound, dispatch_uid="outreach.inbound")
def receive(event: AnymailInboundEvent, esp_name: str, **_: Any) -> None:
    """Store and judge one inbound mail; what cannot be read is kept for a person to look at."""
    try:
        incoming = Incoming.of_letter(read(event.message.as_bytes()))
    except (Unreadable, LookupError, ValueError) as fault:
        logger.warning("%s brought a mail that cannot be read: %s", esp_name, fault)
        incoming = _as_it_is(event)
    name = f"message:{incoming.key}:{incoming.said}"  # one id may have come with other words
    told = Event(_provider(esp_name), name, "message", incoming.at, incoming.as_dict())
    events.take([told], at=timezone.now())


def _as_it_is(event: AnymailInboundEvent) -> Incoming:
    """What the provider made of a mail that is none by the book."""
    message = event.message
    name = event.event_id or _digest("unreadable", event.timestamp, message.items())
    return Incoming(
        channel="email",
        sender=clean(str(message.envelope_sender or ""))[:320],
        message_id=f"<{name}@without.id>",
        at=event.timestamp,
        subject=clean(str(message.subject or ""))[:998],
        text=clean(str(message.text or to_text(str(message.html or "")))),
        automatic=automatic({name.lower(): str(value) for name, value in message.items()}),
    )


def _provider(esp_name: str) -> str:
    return f"anymail:{esp_name.lower()}"[:40]


def _digest(kind: str, at: datetime | None, content: object) -> str:
    return hashlib.sha256(f"{kind}|{at}|{content}".encode(errors="replace")).hexdigest()
