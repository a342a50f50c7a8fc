"""What an author does with a message that is still a draft: mend it, submit it, discard it.

Each act holds the row with a guarded UPDATE first, so that the text and the status that the
author read are still those it acts on.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from approvals import attaching, items, submission
from approvals.errors import Lost, Refused, Stale
from approvals.routing import RoutingError
from approvals.submission import Submission
from outreach.core import activity, drafts, erasure, visible
from outreach.core.models import Draft, Revision
from outreach.core.models.drafts import DraftStatus
from outreach.core.permissions import NotAllowed, Verb, require
from outreach.core.principal import Principal

WITHDRAW = " Withdraw it first: that makes it a draft again."


def save(
    draft_id: int,
    words: drafts.Text,
    *,
    by: Principal,
    at: datetime,
    digest: str,
    uploads: Sequence[attaching.Upload] = (),
    without: Collection[str] = (),
) -> Revision | None:
    """The author's words and files as a new revision; None when they are those it has.

    `uploads` come to the files that it has, those named in `without` go. Raises Blocked for a file
    the rules refuse, Lost when it is no draft any more, Stale when its text is not the one with
    `digest`, TextRefused for what no message can be, NotAllowed without the right.
    """
    with transaction.atomic():
        draft = _held(draft_id, Verb.WRITE_DRAFTS, by=by, at=at, digest=digest)
        old = draft.current
        if old is None:
            raise Refused("The message has no text yet; discard it and write a new one.", "no_text")
        told = drafts.in_place_of(old, words)
        if uploads or without:
            told = attaching.put(
                told, draft.workspace, draft.channel, uploads, by=by, at=at, without=without
            )
        if drafts.same(told, old) and list(told.attachments) == list(old.attachments):
            return None
        items.footer_kept(old.text, words.text)
        return drafts.revise(draft, told, by=by, at=at, expected=digest)


def submit(draft_id: int, *, by: Principal, at: datetime, digest: str, **asked: Any) -> Submission:
    """Ask for approval of exactly the text with this digest; raises what `submission` raises.

    The draft is held from the look at its text to the new round: no edit comes in between.
    """
    with transaction.atomic():
        _held(draft_id, Verb.SUBMIT, by=by, at=at, digest=digest)
        try:
            return submission.submit(draft_id, by=by, at=at, **asked)
        except (Refused, RoutingError, NotAllowed) as error:
            refusal = error  # what was told of the refusal is kept: raise after the commit
    raise refusal


def discard(draft_id: int, *, by: Principal, at: datetime, digest: str, reason: str) -> None:
    """End a draft: it is rejected, with the reason, and never leaves."""
    if not visible.signs(reason):
        raise Refused("Say why it is discarded; others read it with the message.", "no_reason")
    with transaction.atomic():
        draft = _held(draft_id, Verb.WRITE_DRAFTS, by=by, at=at, digest=digest)
        drafts.move_one(draft, DraftStatus.REJECTED, reason=reason.strip())
        activity.record(activity.entry("drafts.discarded", draft, digest=digest), by=by, at=at)


def _held(draft_id: int, verb: Verb, *, by: Principal, at: datetime, digest: str) -> Draft:
    """The draft, locked until the transaction ends, as its author read it. Or the refusal."""
    rows = Draft.objects.select_related("workspace", "current", "person")
    found = rows.filter(pk=draft_id).first()
    if found is None:
        raise Refused(f"There is no message {draft_id}.", "not_found")
    require(by, verb, found.workspace)
    erasure.hold([found.person_id, found.person.human_id])  # before the draft, as an erasure does
    if Draft.objects.filter(pk=draft_id, status=DraftStatus.DRAFT).update(updated_at=at) != 1:
        now = rows.get(pk=draft_id)
        way = WITHDRAW if now.status == DraftStatus.PENDING_APPROVAL else ""
        label = now.get_status_display().lower()
        raise Lost(f"This message is {label} by now; only a draft can be changed.{way}")
    held = rows.get(pk=draft_id)
    if (held.current.digest if held.current else "") != digest:
        raise Stale(
            "Somebody changed the text since you opened it. Read it as it is now, and compare it "
            "with yours."
        )
    return held
