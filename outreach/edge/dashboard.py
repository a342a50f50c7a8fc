"""The numbers on the admin's first page: what waits, what left, what a rule stopped."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Min, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from approvals import badges, queue, recheck_figures, rounds
from approvals.models import Approval, ApprovalStatus, Priority
from channels import simulate
from channels.models import Delivery, DeliveryStatus
from outreach.core import inbox
from outreach.core.models import InboundMessage, Person, Workspace
from outreach.core.permissions import Verb
from outreach.edge import care, item_links, trends
from safety import controls
from safety.admin import is_operator, is_superuser, roles_of, user_of, workspace_ids
from safety.models import ControlKey, SafetyEvent

DAY = timedelta(hours=24)
NEWEST = 5000  # rows looked at for a count; a page must not count a whole table
EVENTS_SHOWN = 8


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Called by the theme for the index page."""
    now = timezone.now()
    places = set(workspace_ids(request, Verb.VIEW))
    if is_superuser(request):
        places = set(Workspace.objects.values_list("pk", flat=True))
    waiting = Approval.objects.filter(workspace__in=places)
    events = _events(request, places, now)
    return {
        **context,
        "title": "Overview",
        "has_workspace": bool(places),
        "has_role": bool(roles_of(request)),
        "queue_tiles": [*_queue_tiles(waiting), *_inbox_tile(request, places, now)],
        "oldest": _oldest(waiting, now),
        "day_tiles": _day_tiles(waiting, places, events, now),
        "unknown": list(
            Delivery.objects.filter(workspace__in=places, status=DeliveryStatus.UNKNOWN)
            .select_related("human")
            .order_by("since")[:EVENTS_SHOWN]
        ),
        "controls_off": _controls_off(request, places),
        "events": _with_items(events[:EVENTS_SHOWN]),
        "next_step": _next_step(waiting, places),
        "may_begin": bool(workspace_ids(request, Verb.RUN_WORKFLOWS)),  # and import: as a creator
        "trends": trends.trends(places, at=now) if places else None,
        "care": _care(request, now),
        "again": _again(request, places, now),
    }


def _care(request: HttpRequest, now: datetime) -> list[care.Care]:
    """One's own approvals; an admin's workspaces whole."""
    governed = workspace_ids(request, Verb.CONFIGURE)
    if governed:
        return care.of_reviewers(governed, only=None, at=now)
    mine = workspace_ids(request, Verb.DECIDE)
    return care.of_reviewers(mine, only=user_of(request), at=now) if mine else []


def _again(request: HttpRequest, places: set[int], now: datetime) -> dict[str, Any]:
    """Second looks at what rules approved: what waits, and where people would decide otherwise."""
    found = recheck_figures.of_workspaces(places, at=now)
    names = dict(Workspace.objects.filter(pk__in=found.by_place).values_list("pk", "name"))
    return {
        "waiting": badges.of(request).again,
        "places": [(pk, names[pk], each) for pk, each in sorted(found.by_place.items())],
        "agents": recheck_figures.by_name(found),
    }


def _queue_tiles(waiting: QuerySet[Approval]) -> list[dict[str, str]]:
    counts = queue.counts(waiting)
    link = reverse("admin:approvals_approval_changelist")
    colours = {Priority.CRITICAL: "danger", Priority.HIGH: "warning"}
    return [
        {
            "number": str(counts.by_priority.get(priority, 0))
            + ("+" if counts.limited and priority == Priority.LOW else ""),
            "words": f"{priority.label} {_word(counts.by_priority.get(priority, 0))} waiting",
            "link": f"{link}?priority={priority.value}",
            "colour": colours.get(priority, "") if counts.by_priority.get(priority) else "",
        }
        for priority in reversed(Priority)
    ]


def _inbox_tile(request: HttpRequest, places: set[int], now: datetime) -> list[dict[str, str]]:
    """What people wrote and nobody has dealt with; their messages may be held meanwhile."""
    count = badges.of(request).unread
    open_ones = InboundMessage.objects.filter(workspace__in=places, status__in=inbox.OPEN)
    since = open_ones.aggregate(since=Min("received_at"))["since"] if count else None
    oldest = f", the oldest for {queue.span(now - since)}" if since else ""
    return [
        {
            "number": count or "0",
            "words": f"in the inbox{oldest}",
            "link": reverse("admin:core_inboundmessage_changelist"),
            "colour": "warning" if since else "",
        }
    ]


def _oldest(waiting: QuerySet[Approval], now: datetime) -> dict[str, Any] | None:
    row = queue.oldest(waiting.select_related("draft__person"))
    if row is None:
        return None
    left = row.expires_at - now
    ends = f"expires in {queue.span(left)}" if left > timedelta(0) else "has expired"
    waits = queue.span(now - row.created_at)
    pending = waiting.filter(status=ApprovalStatus.PENDING).exclude(pk=row.pk)
    newest = pending.order_by("-id").values_list("created_at", flat=True).first()
    alike = newest is not None and queue.span(now - newest) == waits
    return {"row": row, "waiting": waits, "ends": ends, "alike": alike}


def _day_tiles(
    waiting: QuerySet[Approval], places: set[int], events: list[SafetyEvent], now: datetime
) -> list[dict[str, str]]:
    """Messages, each once: one may be simulated, stopped or expire several times."""
    left = _left(places, now)
    link = reverse("admin:channels_delivery_changelist")
    held = _up_to_limit(waiting.filter(rounds.UNTAKEN))
    done_with = _up_to_limit(waiting.filter(rounds.UNTAKEN, simulate.done_with()))
    expired = waiting.filter(
        status=ApprovalStatus.EXPIRED, closed_reason="unanswered", closed_at__gt=now - 7 * DAY
    )
    sent = len(left[DeliveryStatus.SENT] | left[DeliveryStatus.MANUAL])
    simulated = len(left[DeliveryStatus.SIMULATED])
    lost = len({*expired.values_list("draft", flat=True)[: queue.COUNT_LIMIT]})
    rows = reverse("admin:approvals_approval_changelist")
    return [
        _tile(sent, "sent in 24 h", f"{link}?status__exact=sent"),
        _tile(simulated, "simulated in 24 h", f"{link}?status__exact=simulated"),
        _tile(held, _not_yet_sent(done_with), f"{rows}?status=approved"),
        _tile(*_by_rule(events), reverse("admin:safety_safetyevent_changelist")),
        _tile(lost, "expired undecided in 7 d", f"{rows}?status=expired", "warning"),
    ]


def _left(places: set[int], now: datetime) -> dict[str, set[int]]:
    """The messages of a day's deliveries by how those ended."""
    newest = Delivery.objects.filter(workspace__in=places).order_by("-id")
    found = defaultdict[str, set[int]](set)
    for status, since, draft in newest.values_list("status", "since", "approval__draft")[:NEWEST]:
        if since > now - DAY:
            found[status].add(draft)
    return found


def _up_to_limit(rows: QuerySet[Approval]) -> int:
    return len(rows.values_list("pk", flat=True)[: queue.COUNT_LIMIT])


def _not_yet_sent(done_with: int) -> str:
    """What was only simulated is never sent, and stands in the list that the figure opens."""
    among = f"; of these {done_with} only simulated, never sent" if done_with else ""
    return f"approved, not yet sent{among}"


def _by_rule(events: list[SafetyEvent]) -> tuple[int, str]:
    """What only dry run held is no rule's finding, and stands in the list below all the same."""
    ruled = [_about(event) for event in events if event.code != "dry_run"]
    dry = {_about(event) for event in events if event.code == "dry_run"} - {*ruled}
    number = len({*ruled})
    times = f", {len(ruled)} times in all" if len(ruled) > number else ""
    more = f"; {len(dry)} more held by dry run alone" if dry else ""
    return number, f"stopped, held or rewritten by a rule in 24 h{times}{more}"


def _about(event: SafetyEvent) -> tuple[str, int]:
    """Its message; what was refused before it became one counts by itself."""
    return ("draft", event.draft_id) if event.draft_id else ("event", event.pk)


def _tile(number: int, words: str, link: str, colour: str = "") -> dict[str, str]:
    """A figure over messages."""
    return {
        "number": str(number), "words": f"{_word(number)} {words}", "link": link,
        "colour": colour if number else "",
    }  # fmt: skip


def _word(number: int) -> str:
    return "message" if number == 1 else "messages"


def _events(request: HttpRequest, places: set[int], now: datetime) -> list[SafetyEvent]:
    """What a rule did to messages within a day, newest first; of the whole system for operators."""
    own = Q(workspace__in=places)
    if is_operator(request):
        own |= Q(workspace__isnull=True)
    newest = SafetyEvent.objects.filter(own).order_by("-id")[:500]
    return [event for event in newest if event.created_at > now - DAY]


def _with_items(events: list[SafetyEvent]) -> list[tuple[SafetyEvent, str]]:
    """Each with a link to the queue's item, whose number is another than the message's."""
    items = item_links.newest({event.draft_id for event in events if event.draft_id})
    found = [(event, items.get(event.draft_id or 0)) for event in events]
    return [(event, item_links.link(item) if item else "") for event, item in found]


def _controls_off(request: HttpRequest, places: set[int]) -> list[str]:
    """Every brake that holds something back, once, in words."""
    state = controls.read()
    scopes: list[int | None] = [*sorted(set(roles_of(request)) & places)] or [None]
    found = {
        brake.sentence(): None
        for scope in scopes
        for key in ControlKey
        for brake in state.brakes(key, scope)
    }
    return list(found)


def _next_step(waiting: QuerySet[Approval], places: set[int]) -> str:
    """What to do on an empty page."""
    if waiting.exists():
        return ""
    if not Person.objects.filter(workspace__in=places).exists():
        return "people"
    return "drafts"
