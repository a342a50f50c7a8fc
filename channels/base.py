"""What passes between the one door and an adapter: an envelope in, a receipt out. No Django.

An adapter carries exactly one approved message to exactly one recipient. It never decides
whether it may, never retries, never changes the text. What it does not know it says.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

# The longest text that each platform takes; whoever decides is told, and the adapter refuses more.
WHATSAPP_MOST = 4096  # characters
INSTAGRAM_MOST = 1000  # bytes of UTF-8
# Runs on while the machine sleeps, and with nobody's clock; where there is none, while it is awake.
_UPTIME = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
LATE = "too long after its last look: its sender, the machine or the database stood still"


def uptime() -> float:
    """Seconds that only ever grow, a pause of this process or of the machine among them."""
    return time.clock_gettime(_UPTIME)


class Outcome(StrEnum):
    SENT = "sent"  # the other side said yes
    REFUSED = "refused"  # the other side clearly said no, for good: nothing left
    TRY_LATER = "try_later"  # certainly nothing left, and a later try may work
    UNKNOWN = "unknown"  # it may have left: a person decides


class Fault(StrEnum):
    """What a refusal is about: it decides whether the whole channel has to wait, and for whom."""

    NONE = ""
    MESSAGE = "message"  # this text or this recipient: says nothing about the next message
    RATE = "rate"  # too many at once: the channel waits a while
    POLICY = "policy"  # the platform restricts us: a person looks before anything else leaves
    AUTH = "auth"  # our token, number or account: nothing leaves until a person has mended it
    SERVICE = "service"  # the other side is out of order or says nothing


@dataclass(frozen=True, slots=True)
class Template:
    """A text the platform approved beforehand, filled in: how WhatsApp opens a conversation.

    The words of the envelope are exactly the template's body with `parameters` put in.
    """

    name: str
    language: str  # as the platform writes it, such as en_US
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Envelope:
    """One message as approved. `token` is unique per delivery, `message_id` per draft and round.

    `answering` says that they wrote to us on this channel within the last 24 hours; `by_person`
    that a person wrote it and a person approved it. By `leave_by` (of `uptime`) its first byte
    is handed over, or none: what was looked at long ago may not be allowed any more.
    """

    token: str
    channel: str
    recipient: str  # one normalised address
    sender: str  # "Name <address>" or the channel's account
    subject: str
    text: str
    html: str = ""
    message_id: str = ""  # with angle brackets
    headers: tuple[tuple[str, str], ...] = ()
    attachments: tuple[tuple[str, str, bytes], ...] = ()  # name, media type, content
    reply_to: str = ""
    answering: bool = True
    by_person: bool = False
    template: Template | None = None
    leave_by: float = math.inf

    @property
    def is_late(self) -> bool:
        return uptime() > self.leave_by


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one envelope. `stage` is how far it got; `reply` what the other side said."""

    outcome: Outcome
    stage: str = ""
    reply: str = ""
    provider_id: str = ""
    retry_after: float | None = None  # seconds, when the other side asked for it
    evidence: dict[str, Any] = field(default_factory=dict)
    fault: Fault = Fault.NONE


class Connection(Protocol):
    """One open way to the other side, used by one thread at a time."""

    def prove(self) -> bool:
        """True if the other side answers now. Called before every claim; never raises."""
        ...

    def carry(self, envelope: Envelope) -> Receipt:
        """Hand over one message. Never raises: anything unclear is Outcome.UNKNOWN."""
        ...

    def abort(self) -> None:
        """Called from another thread at the deadline: shut the socket so that carry() returns."""
        ...

    def close(self) -> None:
        """End politely. Errors here change nothing about what was carried. Never raises."""
        ...


class Adapter(Protocol):
    """One channel's way out. `configured()` names what is missing, empty when ready."""

    channel: str

    def configured(self) -> str: ...

    def connect(self) -> Connection:
        """A new connection. Raises ChannelUnavailable with a sentence for the operator."""
        ...

    def render(self, envelope: Envelope) -> str:
        """What would leave, as text a person can read: dry run and the review page show it."""
        ...


class ChannelUnavailable(Exception):
    """The channel cannot be reached or used now; nothing left."""

    def __init__(
        self, sentence: str, fault: Fault = Fault.SERVICE, retry_after: float | None = None
    ) -> None:
        super().__init__(sentence)
        self.fault = fault
        self.retry_after = retry_after  # seconds, when the other side asked for it
