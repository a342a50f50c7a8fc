"""What waits for this person: queue, inbox, doubles and second looks, in one statement."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest

from approvals import queue, rechecking
from approvals.models import Approval, ApprovalStatus, Priority
from outreach.core import inbox
from outreach.core.counting import Counted
from outreach.core.models import Duplicate, InboundMessage, User
from outreach.core.models.imports import DuplicateDecision
from outreach.core.permissions import Verb
from safety.admin import is_superuser, workspace_ids


@dataclass(frozen=True, slots=True)
class Badges:
    """Numbers for the side menu and for the line above the queue."""

    waiting: queue.Counts
    unread: str
    doubtful: str
    again: str


def of(request: HttpRequest) -> Badges:
    """Read when first asked for, so ask after whatever the request itself changes."""
    found: Badges | None = getattr(request, "_outreach_badges", None)
    if found is None:
        found = _read(request)
        request._outreach_badges = found  # type: ignore[attr-defined]
    return found


def _read(request: HttpRequest) -> Badges:
    seen = workspace_ids(request, Verb.VIEW)
    pending = Approval.objects.filter(status=ApprovalStatus.PENDING)
    if not is_superuser(request):
        pending = pending.filter(workspace__in=seen)
    unread = InboundMessage.objects.filter(workspace__in=seen, status__in=inbox.OPEN)
    doubles = Duplicate.objects.filter(
        workspace__in=workspace_ids(request, Verb.WRITE_PEOPLE), decision=DuplicateDecision.OPEN
    )
    again = rechecking.waiting().filter(workspace__in=workspace_ids(request, Verb.DECIDE))
    most = queue.COUNT_LIMIT + 1
    asked = [pending.filter(priority=value) for value in PRIORITIES]
    counts = [Counted(rows, limit=most) for rows in (*asked, unread, doubles, again)]
    found = list(User.objects.filter(pk=int(request.user.pk or 0)).values_list(*counts)[0])
    waiting = queue.limited(dict(zip(PRIORITIES, found, strict=False)))
    return Badges(waiting, *(_said(count) for count in found[-3:]))


PRIORITIES = sorted(Priority.values, reverse=True)


def _said(count: int) -> str:
    if count > queue.COUNT_LIMIT:
        return f"{queue.COUNT_LIMIT}+"
    return str(count) if count else ""
