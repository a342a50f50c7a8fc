"""What may be approved in bulk: nothing found, nothing held, nothing attached, and low priority,
or also normal where an admin widened it (SPEC §6)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import Q, QuerySet

from approvals import clocks, greeting, marks, queue, rounds
from approvals.errors import Stale
from approvals.models import Approval, ApprovalStatus, Priority
from outreach.core import inbox
from outreach.core.models import Workspace
from outreach.core.models.inbound import InboundKind, InboundStatus

MOST = 50


def together(workspace: Workspace) -> tuple[Priority, ...]:
    """Of which priorities several may be approved at once. High and critical ones never."""
    more = (Priority.NORMAL,) if workspace.bulk_approves_normal else ()
    return (Priority.LOW, *more)


def candidates(
    workspace: Workspace, *, at: datetime, priorities: Collection[int]
) -> QuerySet[Approval]:
    """Pending, unexpired items of these priorities, oldest first; ask `why_not` for each."""
    return (
        queue.readable(Approval.objects.all())
        .filter(
            workspace=workspace,
            status=ApprovalStatus.PENDING,
            priority__in=priorities,
            expires_at__gt=at,
        )
        .order_by("created_at", "pk")
    )


def why_not(approval: Approval, *, at: datetime) -> str:
    """Why this item needs a look of its own; empty when it may go with the others."""
    if approval.priority not in (fit := together(approval.workspace)):
        wanted = " or ".join(each.label for each in fit)
        return f"its priority is {Priority(approval.priority).label}, not {wanted}"
    if rounds.may_have_arrived(approval):
        return "it may have arrived already"
    # What they said of the hour of asking is past; of this one they are asked at approval.
    asked_before = approval.status == ApprovalStatus.PENDING
    found = [
        item["message"]
        for item in approval.decision.get("findings", [])
        if item.get("status") in ("warn", "fail")
        and not (asked_before and item.get("check") == "TIME_CHECK")
    ]
    if found:
        return f"a rule found something: {found[0]}"
    words = approval.revision
    if marks.hidden(words.subject, words.text, marks.shown_by(words.html)):
        return "it has hidden characters"
    if name := greeting.of(approval.draft.person, words.text):
        return f"it greets {name}"
    if approval.revision.attachments:
        return "it has an attachment"
    chosen = approval.scheduled_for or at  # which its author asked for: no rule holds it until then
    if approval.not_before is not None and approval.not_before > max(at, chosen):
        return f"it is held until {clocks.told_time(approval, approval.not_before, at=at)}"
    if approval.scheduled_for is not None and approval.scheduled_for < at:
        return "its scheduled time has passed"
    if wrote_since(approval):
        return "they wrote since it was first asked for"
    return ""


def all_read(approval: Approval, *, remedy: str) -> int:
    """What somebody has read who does not say so: all that came before it was first asked for.

    Stale where they wrote since. Returns the newest, as `services.approve` wants it.
    """
    newest = inbox.newest(approval.draft)  # before the look: what comes later is not read
    if approval.status == ApprovalStatus.PENDING and wrote_since(approval):
        raise Stale(f"They wrote since #{approval.pk} was first asked for. {remedy}")
    return newest


def wrote_since(approval: Approval) -> bool:
    """Whether this human being wrote after a round of this message was first opened: the page that
    approves several, and a program's list, show what we say and not what they said."""
    first = Approval.objects.filter(draft=approval.draft_id).order_by("created_at").first()
    since = (first or approval).created_at
    came = Q(received_at__gt=since) | Q(judged_at__gt=since) | Q(status=InboundStatus.NEW)
    theirs = inbox.of_human(approval.draft.person).filter(kind=InboundKind.MESSAGE)
    return theirs.filter(came).exists()
