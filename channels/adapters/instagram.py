"""Instagram over the Messaging API: only to people who wrote to us, by the id their message had."""

from __future__ import annotations

import re
from typing import Any

from channels.adapters.meta import MetaAdapter, refuse_unfit
from channels.base import INSTAGRAM_MOST, Envelope
from channels.wire import Unsendable

_SCOPED_ID = re.compile(r"@?([0-9]{6,25})")


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
    refuse_unfit(envelope, "Instagram")
    size = len(envelope.text.encode("utf-8", "replace"))
    if size > INSTAGRAM_MOST:
        raise Unsendable(f"The text has {size} bytes; Instagram takes {INSTAGRAM_MOST}.")
    message = {"recipient": {"id": recipient[1]}, "message": {"text": envelope.text}}
    if envelope.answering:
        return {**message, "messaging_type": "RESPONSE"}
    if not envelope.by_person:
        raise Unsendable(
            "They have not written within 24 hours: after that only what a person wrote may go."
        )
    return {**message, "messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}


class InstagramAdapter(MetaAdapter):
    """One way out for Instagram: the professional account named in the environment."""

    channel = "instagram"
    platform = "Instagram"
    api_url = "INSTAGRAM_API_URL"
    needs = ("INSTAGRAM_TOKEN", "INSTAGRAM_ACCOUNT_ID")
    compose = staticmethod(compose)
