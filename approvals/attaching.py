"""Putting files beside a draft and taking them away: a new revision each time, judged at once.

What the rules refuse is not stored. What a person has to look at (every picture and film) is stored
and says so to the reviewer; the gate judges all of it again at every later moment.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from approvals.errors import Blocked, Refused
from outreach.core import drafts, files
from outreach.core.models import Workspace
from outreach.core.principal import Principal
from safety.attachments import check_attachments
from safety.file_kinds import type_of
from safety.gate import check_carried
from safety.verdict import Level, join

_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,63}/[a-z0-9][a-z0-9.+-]{0,126}")
LONGEST_NAME = 255  # bytes, as mail and file systems carry it


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came in. An empty `type` is that of its ending."""

    name: str
    content: bytes
    type: str = ""


def put(
    words: drafts.Text,
    workspace: Workspace,
    channel: str,
    uploads: Sequence[Upload],
    *,
    by: Principal,
    at: datetime,
    without: Collection[str] = (),
) -> drafts.Text:
    """`words` with these files kept and named beside those it has; `without` names some to leave.

    Raises Blocked for what the rules refuse, Refused for what is no file. Needs a transaction.
    """
    left = [each for each in words.attachments if each["name"] not in without]
    fresh = [(_item(each), each) for each in uploads]
    looked = [{**item, "head": each.content[: files.HEAD]} for item, each in fresh]
    _not_twice([*left, *looked])
    known = files.with_heads(workspace.pk, left)
    verdict = join(
        check_carried([*known, *looked], channel),
        check_attachments([*known, *looked], channel=channel),
    )
    if verdict.level is Level.BLOCK:
        raise Blocked(verdict)
    # In one order for everybody: two messages with the same files wait for each other, once.
    for each in sorted(uploads, key=lambda each: files.sha256_of(each.content)):
        files.keep(workspace, each.content, by=by, at=at)
    return replace(words, attachments=(*left, *(item for item, _ in fresh)))


def _item(each: Upload) -> dict[str, Any]:
    name = each.name.strip()
    if not 0 < len(name.encode("utf-8", "replace")) <= LONGEST_NAME:
        raise Refused(
            f"A file needs a name of 1 to {LONGEST_NAME} bytes. Rename it.", "attachment_name"
        )
    if len(each.content) > files.LARGEST:
        raise Refused(
            f"{name} has more than {files.LARGEST:,} bytes, which is the most that can be kept.",
            "attachment_size",
        )
    kind = (each.type or type_of(name)).partition(";")[0]
    kind = kind.strip().lower()
    if not _MEDIA_TYPE.fullmatch(kind) or kind.startswith(("multipart/", "message/")):
        raise Refused(
            f"{name}: {kind[:80]!r} is no media type that a file can have. Leave it out, or write "
            "one such as application/pdf.",
            "attachment_type",
        )
    return files.item(name, kind, each.content)


def _not_twice(items: Sequence[dict[str, Any]]) -> None:
    names = [unicodedata.normalize("NFC", each["name"]).casefold() for each in items]
    for name in names:
        if names.count(name) > 1:
            raise Refused(
                f"Two files are called {name!r}. Rename one, or take the old one away first.",
                "attachment_twice",
            )
