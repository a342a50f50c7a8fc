"""What the tools share: what they do to the world, the words they take, and how a page is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from mcp_types import ToolAnnotations

READS = ToolAnnotations(read_only_hint=True, destructive_hint=False, open_world_hint=False)
WRITES = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)
Asked = Callable[..., Any]
Purpose = Literal[
    "informational", "promotional", "personal", "follow_up", "work_update", "transactional"
]
ChannelName = Literal["email", "whatsapp", "instagram", "linkedin", "phone"]


def given(**fields: Any) -> dict[str, Any]:
    """What was really said: REST tells what is missing, and has its own defaults."""
    return {name: value for name, value in fields.items() if value is not None and value != ""}


def listed(asked: Asked, context: Any, path: str, **query: Any) -> dict[str, Any]:
    """One page of a list; `next` is the cursor of the next one."""
    found = asked(context, lambda face: face.get(path, **query))
    return {**found, "next": _cursor(found.get("next")), "previous": None}


def _cursor(url: str | None) -> str | None:
    return parse_qs(urlsplit(url).query).get("cursor", [None])[0] if url else None
