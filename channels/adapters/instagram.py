"""Instagram over the Messaging API: only to people who wrote to us, by the id their message had."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings

from channels.adapters.console import readable
from channels.base import ChannelUnavailable, Connection, Envelope
from channels.http import HttpConnection, Way
from channels.meta import judge
from channels.wire import Unsendable

MAX_TEXT_BYTES = 1000  # of UTF-8
_SCOPED_ID = re.compile(r"@?([0-9]{6,25})")


class InstagramAdapter:
    """One way out for Instagram: the professional account named in the environment."""

    def __init__(self, channel: str = "instagram") -> None:
        self.channel = channel

    def configured(self) -> str:
        """What is missing, as a sentence; empty when ready."""
        wanted = ("INSTAGRAM_TOKEN", "INSTAGRAM_ACCOUNT_ID")
        missing = [name for name in wanted if not getattr(settings, name)]
        return f"Instagram cannot be used: set {' and '.join(missing)}." if missing else ""

    def connect(self) -> Connection:
        if fault := self.configured():
            raise ChannelUnavailable(fault)
        place = f"{settings.INSTAGRAM_API_URL}/{settings.INSTAGRAM_ACCOUNT_ID}"
        connection = HttpConnection(
            Way(
                post=f"{place}/messages",
                proof=f"{place}?fields=id",
                token=settings.INSTAGRAM_TOKEN,
                compose=compose,
                judge=judge,
                timeout=settings.HTTP_TIMEOUT,
            )
        )
        connection.open()
        return connection

    def render(self, envelope: Envelope) -> str:
        try:
            compose(envelope)
        except Unsendable as fault:
            return f"This message cannot leave: {fault}\n\n{readable(envelope)}"
        return readable(envelope)


def compose(envelope: Envelope) -> dict[str, Any]:
    """The JSON that Meta gets. Raises Unsendable with a sentence; never shortens, never splits.

    After the 24 hours only a person's own words may go, with the tag that says so.
    """
    recipient = _SCOPED_ID.fullmatch(envelope.recipient)
    if recipient is None:
        raise Unsendable(
            f"{envelope.recipient[:60]!a} is a name, not the Instagram-scoped id that comes with "
            "their own message; without one only a person can write, by hand."
        )
    if envelope.attachments:
        raise Unsendable("Files cannot go by Instagram from here; send a link instead.")
    if not envelope.text.strip():
        raise Unsendable("The text is empty.")
    if "\0" in envelope.text:
        raise Unsendable("The text holds a NUL, which Instagram cannot carry.")
    size = len(envelope.text.encode("utf-8", "replace"))
    if size > MAX_TEXT_BYTES:
        raise Unsendable(f"The text has {size} bytes; Instagram takes {MAX_TEXT_BYTES}.")
    message = {"recipient": {"id": recipient[1]}, "message": {"text": envelope.text}}
    if envelope.answering:
        return {**message, "messaging_type": "RESPONSE"}
    if not envelope.by_person:
        raise Unsendable(
            "They have not written within 24 hours: after that only what a person wrote may go."
        )
    return {**message, "messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
