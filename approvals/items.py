"""Finding the item to decide on: the right is checked, and who comes too late is told why."""

from __future__ import annotations

from datetime import datetime, timedelta

from approvals import rounds
from approvals.errors import Lost, Overtaken, Refused, Stale
from approvals.models import Approval, ApprovalStatus
from outreach.core import footers, inbox, senders
from outreach.core.clock import CLOCK, by_clock
from outreach.core.models import User
from outreach.core.permissions import NotAllowed, Verb, require
from outreach.core.principal import Principal
from safety.verdict import Verdict, sentences

STANDS = "That stands, and your words were not taken: to say no all the same takes it back."
LATEST = timedelta(days=366)  # a time further away is a slip of the pen


def pending(approval_id: int, by: Principal, at: datetime) -> Approval:
    """The item to decide on, with the right checked; Lost says what became of it otherwise."""
    approval = (
        Approval.objects.select_related(
            "workspace", "revision", "draft__workspace", "draft__current", "draft__person"
        )
        .filter(pk=approval_id)
        .first()
    )
    if approval is None:
        raise Refused(f"There is no approval #{approval_id}.", "not_found")
    decider(by)
    require(by, Verb.DECIDE, approval.workspace)
    if approval.status != ApprovalStatus.PENDING:
        raise Lost(became(approval))
    if approval.expires_at <= at:
        raise Lost(f"#{approval_id} expired at {by_clock(approval.expires_at)}.")
    return approval


def decider(by: Principal) -> User:
    """The person behind this principal; agents and the system decide nothing."""
    if by.user is None:
        raise NotAllowed(f"{by.label} is no person. Only people decide about messages.")
    return by.user


def became(approval: Approval) -> str:
    """What happened to an item, for somebody who came too late."""
    if approval.is_given and approval.taken_at is not None:
        return f"#{approval.pk} is being sent now or has left."
    decided, closed = approval.decided_at, approval.closed_at
    # What ended it after a decision was not done by whoever decided.
    later = closed is not None and closed != decided
    who = f" by {approval.decided_by_label}" if approval.decided_by_label and not later else ""
    when = closed or decided
    stamp = f" at {by_clock(when, CLOCK)}" if when else ""
    label = approval.outcome.lower()
    why = f": {approval.rejection_reason}" if later and approval.rejection_reason else ""
    told = f"#{approval.pk} is {label} already{who}{stamp}{why}".rstrip(".") + "."
    rest = Approval.objects.filter(rounds.OPEN, draft=approval.draft_id, pk__gt=approval.pk)
    fresh = rest.first()
    return f"{told} Its message goes on as #{fresh.pk}." if fresh else told


def same_text(approval: Approval, digest: str) -> None:
    if approval.digest != digest:
        raise Stale(
            f"The text of #{approval.pk} changed since you opened it. Read it again, then decide."
        )


def same_sender(approval: Approval, seen: str | None) -> None:
    """Stale where it comes from another than was seen, as `senders.shown` has it; None: nobody says
    what was seen. The receipt binds the one of now, so that is the one to have been seen."""
    now = senders.shown(approval.workspace, approval.channel)
    if seen is not None and seen != now:
        raise Stale(
            f"Somebody changed who it comes from after #{approval.pk} was opened: it is {now} now. "
            "Nothing was done: look at it again, then decide."
        )


def all_heard(approval: Approval, heard: int | None) -> int:
    """Stale where they wrote since the message with that number; None: nobody says what was read.

    Whoever says yes answers what they had read, and no more. Returns the number that the yes keeps
    for the door; it is looked up first, so that what comes in between is refused here or there.
    """
    newest = inbox.last_of(approval.draft.person)
    if heard is not None and inbox.beside(approval.draft).filter(pk__gt=heard).exists():
        raise Stale(f"They wrote again meanwhile: read it and decide again about #{approval.pk}.")
    return newest


def footer_kept(old: str, new: str) -> None:
    if footers.lost(old, new):
        done = "was changed" if footers.is_altered(old, new) else "is gone"
        raise Refused(
            f"The end of the message {done}: who writes, and how to make it stop. Every e-mail "
            "needs it as it was.",
            "footer_gone",
        )


def why(verdict: Verdict) -> str:
    return sentences(verdict.blockers)


def four_eyes(approval: Approval, by: Principal) -> None:
    """Refuse the author's own approval where the workspace asks for four eyes."""
    if not approval.workspace.four_eyes:
        return
    own = approval.draft.by_kind == by.kind and approval.draft.by_id == by.id
    if own or (approval.by_kind == by.kind and approval.by_id == by.id):
        raise Refused("This workspace asks for four eyes: you wrote this message.", "four_eyes")


def time_for(
    approval: Approval, new_time: datetime | None, at: datetime, *, no_time: bool = False,
    seen_time: int | None = None,
) -> datetime | None:  # fmt: skip
    """When it may leave at the earliest: the new time, else the one asked for unless removed.

    `seen_time` is the one that was shown, as `time_seen` has it: Stale where it is another by now
    and this decides about none itself.
    """
    shown = time_seen(approval)
    if seen_time is not None and seen_time != shown and new_time is None and not no_time:
        now = f"it is {by_clock(approval.scheduled_for)}" if shown else "there is none"
        raise Stale(
            f"Somebody changed the time of #{approval.pk} after it was opened: {now} now. "
            "Nothing was done: look at it again, then decide."
        )
    if no_time and new_time is not None:
        raise Refused("Choose another time or remove the time, not both.", "two_times")
    when = None if no_time else new_time or approval.scheduled_for
    if when is not None and when < at:
        told = f"The time asked for, {by_clock(when)}, has passed."
        remedy = (
            "Choose a later one." if new_time else "Choose a new time, or remove it on its page."
        )
        raise Refused(f"{told} {remedy}", "time_passed")
    if new_time is not None and new_time > at + LATEST:
        raise Refused("Choose a time between now and a year from now.", "time_too_late")
    return when


def time_seen(approval: Approval) -> int:
    """The time that this item shows, in seconds since 1970; 0 for none."""
    return in_seconds(approval.scheduled_for)


def in_seconds(moment: datetime | None) -> int:
    """As `time_seen` says a time."""
    return int(moment.timestamp()) if moment else 0


def posted_time(text: str) -> int | None:
    """What a page showed by `time_seen` and posts back; None where it says none."""
    return int(text) if text.isdecimal() and len(text) < 12 else None


def explain(approval_id: int) -> str:
    return became(Approval.objects.get(pk=approval_id))


def open_item(
    approval_id: int, by: Principal, digest: str | None = None, *, take_back: bool = True
) -> Approval:
    """The row, locked, for somebody with the right; Lost when it is not open any more.

    Stale when a digest is given and the text is another one by now.
    """
    found = rounds.lock(Approval.objects.filter(pk=approval_id))
    if not found:
        raise Refused(f"There is no approval #{approval_id}.", "not_found")
    approval = found[0]
    decider(by)
    require(by, Verb.DECIDE, approval.workspace)
    if not approval.is_open:
        raise Lost(became(approval))
    if approval.is_given and not take_back:
        raise Overtaken(f"{became(approval)} {STANDS}")
    if digest is not None:
        same_text(approval, digest)
    return approval
