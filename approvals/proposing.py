"""What a program asks for in one step: write and submit, and take its own message back.

What is refused keeps the draft: the words of whoever proposed are never lost with a "no".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from approvals import attaching, authoring, rounds, submission
from approvals.errors import Lost, Refused
from approvals.models import Approval, ApprovalStatus
from approvals.routing import RoutingError
from approvals.submission import Submission
from outreach.core import drafts, visible
from outreach.core.models import Draft, Person, Workspace
from outreach.core.permissions import NotAllowed, Verb, require
from outreach.core.principal import Principal

# What refuses a submission and leaves the draft where it is.
REFUSALS = (Refused, RoutingError, NotAllowed)


@dataclass(frozen=True, slots=True)
class Proposal:
    """The draft, and what became of asking: a submission, or the refusal to take it."""

    draft: Draft
    submission: Submission | None = None
    refusal: Exception | None = None


def propose(
    workspace: Workspace,
    person: Person,
    channel: str,
    words: drafts.Text,
    *,
    requested: str,
    purpose: str,
    by: Principal,
    at: datetime,
    scheduled_for: datetime | None = None,
    notes: str = "",
    uploads: Sequence[attaching.Upload] = (),
) -> Proposal:
    """Write a message and ask for what is `requested`. Raises only where nothing is written.

    A file that the rules refuse is such a case: Blocked or Refused says which and why. `published`
    means: as soon as it may. Whatever is asked, the server routes.
    """
    with transaction.atomic():
        if uploads:
            require(by, Verb.WRITE_DRAFTS, workspace)  # before anything is kept
            words = attaching.put(words, workspace, channel, uploads, by=by, at=at)
        draft = drafts.write(
            workspace, person, channel, words, by=by, at=at, purpose=purpose,
            scheduled_for=scheduled_for,
        )  # fmt: skip
    return _ask(draft, requested=requested, notes=notes, when=scheduled_for, by=by, at=at)


def submit(
    draft: Draft,
    *,
    digest: str,
    requested: str,
    by: Principal,
    at: datetime,
    scheduled_for: datetime | None = None,
    notes: str = "",
) -> Proposal:
    """Ask for a decision about exactly the text with this digest. Raises Lost or Stale."""
    asked = authoring.submit(
        draft.pk, digest=digest, requested=requested, notes=notes, scheduled_for=scheduled_for,
        by=by, at=at,
    )  # fmt: skip
    return Proposal(draft, asked)


def _ask(draft: Draft, *, when: datetime | None, **asked: Any) -> Proposal:
    try:
        return Proposal(draft, submission.submit(draft.pk, scheduled_for=when, **asked))
    except REFUSALS as no:
        return Proposal(draft, refusal=no)


def withdraw(draft: Draft, *, reason: str, by: Principal, at: datetime) -> None:
    """The author takes a message out of the queue; it is a draft again.

    A decision that was given is not the author's to take back: Lost says so.
    """
    require(by, Verb.WRITE_DRAFTS, draft.workspace)
    if not visible.signs(reason):
        raise Refused("Say why it is taken back; the reviewer reads it.", "no_reason")
    with transaction.atomic():
        waiting = rounds.lock(Approval.objects.filter(draft=draft, status=ApprovalStatus.PENDING))
        ended = waiting and rounds.back_to_draft(
            waiting, ApprovalStatus.WITHDRAWN, reason="withdrawn_by_author",
            sentence=f"Taken back by its author: {reason.strip()}", by=by, at=at,
        )  # fmt: skip
        if not ended:
            now = Draft.objects.get(pk=draft.pk).get_status_display().lower()
            raise Lost(
                f"This message is {now}; only one that waits in the queue can be taken back."
            )
