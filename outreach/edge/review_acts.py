"""What `manage.py review` decides: one service each, about the item as it was shown.

Each returns the item as it stands now and the sentence that says what came of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from approvals import ahead, bulk, clocks, editing, items, queue, rounds, services
from approvals.models import Approval
from approvals.tasks import wake_sender
from outreach.core import drafts, senders
from outreach.core.principal import Principal
from outreach.edge import console

READ_IT = "Read it (--show, or V here) and approve it there, or add --heard with its number."
NOW = "now"
Done = tuple[Approval, str]


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody typed for an item: other words, and when it may leave; nothing keeps it."""

    text: str | None = None
    subject: str | None = None
    html: str | None = None
    at: str = ""  # by the recipient's clock, or `now`

    def words(self, item: Approval) -> drafts.Text:
        """The whole text, with what was not typed as it was."""
        text = item.revision.text if self.text is None else self.text
        more = {"subject": self.subject, "html": self.html}
        return drafts.edited(item.draft, item.revision, text=text, **more)

    def time(self, item: Approval) -> dict[str, Any]:
        """When it may leave, as each service takes it; `now` removes the time asked for."""
        no_time = self.at.strip().lower() == NOW
        when = None if no_time else clocks.typed_time(self.at, item)
        return {"scheduled_for": when, "no_time": no_time, "seen_time": items.time_seen(item)}


def shown(item: Approval) -> dict[str, Any]:
    """What of this item, as it was read, a yes is about."""
    sender = senders.shown(item.workspace, item.channel)
    return {"digest": item.digest, "seen_sender": sender, "seen_time": items.time_seen(item)}


def approve(
    item: Approval, typed: Typed, *, by: Principal, heard: int | None, seen: dict[str, Any]
) -> Done:
    """Say yes to its text, or to what was typed in its place. `seen` may name another sender."""
    now = timezone.now()
    how: dict[str, Any] = {"by": by, "at": now, **shown(item), **typed.time(item)}
    how["heard"] = bulk.all_read(item, remedy=READ_IT) if heard is None else heard
    how |= {"undo_seconds": 0, **seen}
    if typed.text is None:
        done = services.approve(item.pk, **how)
    else:
        done = services.edit_and_approve(item.pk, typed.words(item), **how)
    wake_sender()
    given = queue.readable(Approval.objects.filter(pk=done.pk)).get()
    before = f" {console.SENT_BEFORE}" if rounds.may_have_arrived(item) else ""
    return done, f"#{done.pk} is approved{ahead.what_follows(given, now)}{before}"


def save(item: Approval, typed: Typed, *, by: Principal) -> Done:
    """Keep other words, another time or both; it stays in the queue."""
    how: dict[str, Any] = {"by": by, "at": timezone.now(), "digest": item.digest}
    words = typed.words(item)
    saved = services.edit(item.pk, words, **how, **typed.time(item))
    return saved, editing.what_was_saved(item, saved, words)


def reject(item: Approval, reason: str, *, by: Principal, take_back: bool) -> Done:
    how: dict[str, Any] = {"by": by, "at": timezone.now(), "digest": item.digest}
    done = services.reject(item.pk, reason=reason, take_back=take_back, **how)
    return done, f"#{item.pk} rejected; its author sees the reason"


def request_changes(item: Approval, feedback: str, *, by: Principal, take_back: bool) -> Done:
    how: dict[str, Any] = {"by": by, "at": timezone.now(), "digest": item.digest}
    done = services.return_(item.pk, feedback=feedback, take_back=take_back, **how)
    return done, f"#{item.pk} went back to its author with your words."
