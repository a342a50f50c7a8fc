"""Keeping and giving back the files of messages, by the SHA-256 of their content.

What a revision says of a file (`item`) is part of the digest that was approved; `contents` gives
back exactly those bytes or raises.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, models, transaction
from django.db.models.functions import Cast

from outreach.core import activity, sql
from outreach.core.models import Revision, Workspace
from outreach.core.models.files import File
from outreach.core.principal import Principal

HEAD = 64  # bytes that tell what a content is
LARGEST = 20 * 1024 * 1024  # what the most generous channel carries; each channel has its own limit
KEYS = ("name", "type", "size", "sha256")  # of an item; all of them count in the digest
YOUNG = timedelta(days=1)  # what is younger is left alone, whatever names it
KEEPER = Principal.system("keeper")
THERE = "SELECT id FROM message_files WHERE id = %s"
HELD = f"{THERE} FOR KEY SHARE"  # many may hold it at once; whoever deletes it may not
Carried = tuple[str, str, bytes]  # name, media type, content


class FileBroken(Exception):
    """A stored file is gone, or its bytes are not those that were approved."""


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def item(name: str, media_type: str, content: bytes) -> dict[str, Any]:
    """What a revision says of a file; all of it counts in the digest."""
    sha256 = sha256_of(content)
    return {"name": name, "type": media_type, "size": len(content), "sha256": sha256}


def keep(workspace: Workspace, content: bytes, *, by: Principal, at: datetime) -> File:
    """The row of this content, made unless it is there. Needs a transaction.

    Until that ends nobody can take the row away, so the revision that names it may be written.
    """
    sha256 = sha256_of(content)
    made = False
    while not made:
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
        if not made and sql.fetch(HELD if connection.vendor == "postgresql" else THERE, [row.pk]):
            return row  # else it was taken away since it was read: make it again
    activity.record(activity.entry("drafts.file_kept", row, size=row.size), by=by, at=at)
    return row


def unused(ids: Iterable[int]) -> list[int]:
    """Of these files those that nobody is just putting into a message, held until this
    transaction ends. Ask only afterwards which messages name them."""
    rows = File.objects.filter(pk__in=list(ids)).order_by("pk")
    return list(rows.select_for_update(skip_locked=True).values_list("pk", flat=True))


def clean(*, at: datetime) -> int:
    """Drop what no revision names any more; how many.

    A revision and its files are written in one transaction and neither is changed after, so there
    are none but after an erasure at the moment in which another message took the same file.
    """
    named: set[tuple[int, str]] = set()
    texts = Revision.objects.exclude(attachments=[]).values_list("draft__workspace", "attachments")
    for place, items in texts.iterator():
        named.update((place, digest) for digest in _digests(items))
    dropped = 0
    old = File.objects.filter(created_at__lt=at - YOUNG).order_by("pk")
    for row in old.defer("content", "head").iterator():
        if (row.workspace_id, row.sha256) not in named:
            dropped += _drop(row, at)
    return dropped


def _drop(row: File, at: datetime) -> bool:
    """Delete one file if it is still named by nobody, now that nobody else can begin to."""
    with transaction.atomic():
        if not unused([row.pk]):
            return False
        texts = Revision.objects.filter(draft__workspace=row.workspace_id)
        texts = texts.annotate(names=Cast("attachments", models.TextField()))
        if texts.filter(names__contains=row.sha256).exists():
            return False
        activity.record(activity.entry("drafts.file_dropped", row, size=row.size), by=KEEPER, at=at)
        return bool(File.objects.filter(pk=row.pk).delete()[0])


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
