"""Keeping and giving back the files of messages, by the SHA-256 of their content.

What a revision says of a file (`item`) is part of the digest that was approved; `contents` gives
back exactly those bytes or raises.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from outreach.core import activity
from outreach.core.models import Workspace
from outreach.core.models.files import File
from outreach.core.principal import Principal

HEAD = 64  # bytes that tell what a content is
LARGEST = 20 * 1024 * 1024  # what the most generous channel carries; each channel has its own limit
KEYS = ("name", "type", "size", "sha256")  # of an item; all of them count in the digest
Carried = tuple[str, str, bytes]  # name, media type, content


class FileBroken(Exception):
    """A stored file is gone, or its bytes are not those that were approved."""


def item(name: str, media_type: str, content: bytes) -> dict[str, Any]:
    """What a revision says of a file; all of it counts in the digest."""
    sha256 = hashlib.sha256(content).hexdigest()
    return {"name": name, "type": media_type, "size": len(content), "sha256": sha256}


def keep(workspace: Workspace, content: bytes, *, by: Principal, at: datetime) -> File:
    """The row of this content, made unless it is there. Needs a transaction."""
    sha256 = hashlib.sha256(content).hexdigest()
    row, made = File.objects.get_or_create(
        workspace=workspace,
        sha256=sha256,
        defaults={
            "size": len(content),
            "head": content[:HEAD],
            "content": content,
            "created_at": at,
            **by.fields(),
        },
    )
    if made:
        activity.record(activity.entry("drafts.file_kept", row, size=row.size), by=by, at=at)
    return row


def with_heads(workspace_id: int, items: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], ...]:
    """These items with the first bytes of each, or `missing`. Asks nothing where there are none."""
    if not items:
        return ()
    rows = File.objects.filter(workspace=workspace_id, sha256__in=_digests(items))
    heads = {sha256: bytes(head) for sha256, head in rows.values_list("sha256", "head")}
    return tuple(
        {**each, "head": heads[each["sha256"]]}
        if each.get("sha256") in heads
        else {**each, "missing": True}
        for each in items
    )


def contents(workspace_id: int, items: Sequence[Mapping[str, Any]]) -> tuple[Carried, ...]:
    """Name, type and bytes of each, hashed anew. Raises FileBroken. Asks nothing for none."""
    if not items:
        return ()
    rows = File.objects.filter(workspace=workspace_id, sha256__in=_digests(items))
    found = {sha256: bytes(content) for sha256, content in rows.values_list("sha256", "content")}
    return tuple(_checked(each, found) for each in items)


def _checked(each: Mapping[str, Any], found: Mapping[str, bytes]) -> Carried:
    content = found.get(each["sha256"])
    if content is None:
        raise FileBroken(f"The file {each['name']} is not stored any more")
    if item(each["name"], each["type"], content) != {key: each[key] for key in KEYS}:
        raise FileBroken(f"The bytes of {each['name']} are not those that were approved")
    return each["name"], each["type"], content


def _digests(items: Iterable[Mapping[str, Any]]) -> set[str]:
    return {str(each.get("sha256", "")) for each in items}
