"""The canonical form of a message and its digest. Pure; changing a byte here needs a `v2:`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

DOMAIN = b"outreach/message/v1\0"


def canonical(value: Any) -> bytes:
    """JSON with sorted keys, no spaces and no escapes: the same bytes for the same value."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode("utf-8", "surrogatepass")


def sha256(domain: bytes, *parts: bytes) -> str:
    """Hex SHA-256 over a domain tag and length-prefixed parts, so that parts cannot be spliced."""
    digest = hashlib.sha256(domain)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


def message_digest(
    *,
    workspace_id: int,
    channel: str,
    address: str,
    subject: str,
    text: str,
    html: str = "",
    attachments: Sequence[Mapping[str, Any]] = (),
) -> str:
    """`v1:` + SHA-256 over workspace, channel, recipient, subject, bodies and attachments.

    An attachment counts with its name, media type, size and the SHA-256 of its content.
    """
    content = {
        "workspace": workspace_id,
        "channel": channel,
        "address": address,
        "subject": subject,
        "text": text,
        "html": html,
        "attachments": [
            {key: item[key] for key in ("name", "type", "size", "sha256")} for item in attachments
        ],
    }
    return "v1:" + sha256(DOMAIN, canonical(content))
