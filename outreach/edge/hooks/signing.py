"""The signature under every webhook, by the convention of Standard Webhooks.

No secret is stored: each is made anew from WEBHOOK_SIGNING_KEY, the webhook's uuid and the number
of its secret, so that a copy of the database signs nothing.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from django.conf import settings

DOMAIN = b"outreach/webhook/v1\0"
MARK = "whsec_"
OVERLAP = timedelta(hours=24)  # so long the old secret of a rotated webhook signs, too


class NoKey(Exception):
    """WEBHOOK_SIGNING_KEY is not set, so nothing can be signed."""

    def __init__(self) -> None:
        super().__init__(
            "WEBHOOK_SIGNING_KEY is not set, so nothing could be signed. Whoever runs this server "
            "sets it to 32 random characters or more."
        )


def secret_of(uuid: UUID, number: int) -> str:
    """The secret as its receiver gets it: `whsec_` and base64. Raises NoKey."""
    if not settings.WEBHOOK_SIGNING_KEY:
        raise NoKey
    raw = _secret(settings.WEBHOOK_SIGNING_KEY[0], uuid, number)
    return MARK + base64.b64encode(raw).decode()


def headers(
    uuid: UUID, numbers: Sequence[int], message: str, body: bytes, *, at: datetime
) -> dict[str, str]:
    """What is sent beside the body. One signature for each key and each number that is valid.

    Raises NoKey. `message` stays the same when it is sent again, the time does not.
    """
    if not settings.WEBHOOK_SIGNING_KEY:
        raise NoKey
    stamp = str(int(at.timestamp()))
    signed = f"{message}.{stamp}.".encode() + body
    made = [
        base64.b64encode(hmac.digest(_secret(key, uuid, number), signed, sha256)).decode()
        for key in settings.WEBHOOK_SIGNING_KEY
        for number in numbers
    ]
    return {
        "webhook-id": message,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(f"v1,{each}" for each in made),
    }


def _secret(key: str, uuid: UUID, number: int) -> bytes:
    return hmac.digest(key.encode(), DOMAIN + uuid.bytes + number.to_bytes(4, "big"), sha256)
