"""Meta's webhooks as recorded shapes, and a caller who signs them."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

NUMBER, ACCOUNT, SECRET = "106540352242922", "17841400000000001", "app-secret-of-meta"


def whatsapp(*, number: str = NUMBER, field: str = "messages", **value: Any) -> dict[str, Any]:
    names = [
        {
            "profile": {"name": "Ann"},
            **({"wa_id": each["from"]} if "from" in each else {"user_id": each["from_user_id"]}),
        }
        for each in value.get("messages", ())
    ]
    content = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550783881", "phone_number_id": number},
        **({"contacts": names} if names else {}),
        **value,
    }
    change = {"value": content, "field": field}
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": "102290129340398", "changes": [change]}],
    }


def message(
    text: str, *, mid: str = "wamid.IN1", sender: str = "442079460123", at: int = 0, **more
):
    return {
        "from": sender,
        "id": mid,
        "timestamp": str(at or 1_773_223_500),
        "type": "text",
        "text": {"body": text},
        **more,
    }


def status(mid: str, word: str, *, at: int = 0, recipient: str = "442079460123", **more: Any):
    return {
        "id": mid,
        "status": word,
        "timestamp": str(at or 1_773_223_500),
        "recipient_id": recipient,
        **more,
    }


def instagram(*messaging: dict[str, Any], account: str = ACCOUNT) -> dict[str, Any]:
    entry = {"time": 1_773_223_500_000, "id": account, "messaging": list(messaging)}
    return {"object": "instagram", "entry": [entry]}


def direct(text: str, *, mid: str = "mid.1", sender: str = "900000000000001", **more: Any):
    return {
        "sender": {"id": sender},
        "recipient": {"id": ACCOUNT},
        "timestamp": 1_773_223_500_000,
        "message": {"mid": mid, "text": text, **more},
    }


def signed(raw: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


def call(client, body: Any, **headers: str):
    """POST a body as Meta does; bytes go as they are."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"X-Hub-Signature-256": signed(raw), **headers}
    return client.post(
        "/webhooks/meta",
        raw,
        content_type="application/json",
        headers={name: value for name, value in given.items() if value},
    )
