"""The queue seen in two other ways: in groups, and by the day on which messages would leave."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db.models import Q, QuerySet

from approvals import clocks, departure, holds, queue, rounds
from approvals.models import Approval, ApprovalStatus
from safety.contract.localtime import local

KINDS = {"channel": "Channel", "priority": "Priority", "purpose": "Purpose", "touch": "Touch"}
DEFAULT_KIND = "priority"
LOOKED_AT = queue.COUNT_LIMIT  # the first of the queue; a page must not count a million rows
SHOWN = 5
MOST = 300
DAYS = 30


@dataclass(slots=True)
class Group:
    """What waits with one value in common; `rows` are the first of them."""

    value: str
    label: str
    count: int = 0
    rows: list[Approval] = field(default_factory=list)


def groups(rows: QuerySet[Approval], kind: str) -> tuple[list[Group], bool]:
    """The head of the queue in groups, and whether the queue is longer than what was looked at."""
    pending = rows.filter(status=ApprovalStatus.PENDING).order_by(*queue.ORDER)
    seen = list(pending.values_list("pk", kind)[: LOOKED_AT + 1])
    chosen: dict[str, list[int]] = {}
    for pk, value in seen[:LOOKED_AT]:
        chosen.setdefault(str(value), []).append(pk)
    wanted = [pk for numbers in chosen.values() for pk in numbers[:SHOWN]]
    found = queue.readable(rows.filter(pk__in=wanted)).in_bulk()
    result = [
        Group(value, label, len(numbers), [found[pk] for pk in numbers[:SHOWN] if pk in found])
        for value, label in queue.CHOICES[kind][1]
        for numbers in [chosen.get(value, [])]
        if numbers
    ]
    return result, len(seen) > LOOKED_AT


@dataclass(frozen=True, slots=True)
class Entry:
    """One message in the calendar: when it would leave, by the workspace's clock, and why then."""

    row: Approval
    at: datetime
    theirs: str
    why: str


@dataclass(slots=True)
class Day:
    """One day of the calendar."""

    day: date
    entries: list[Entry] = field(default_factory=list)


def calendar(rows: QuerySet[Approval], *, at: datetime) -> tuple[list[Day], bool]:
    """What is scheduled or held for the days to come, and whether the list was cut."""
    until = at + timedelta(days=DAYS)
    asked = rows.filter(status=ApprovalStatus.PENDING, scheduled_for__range=(at, until))
    given = rows.filter(rounds.UNTAKEN, due_at__lte=until).filter(
        Q(due_at__gt=at) | Q(not_before__gt=at)
    )
    held, longer = _held(rows, at, until)
    found = [
        *queue.readable(asked).order_by("scheduled_for", "id")[: MOST + 1],
        *queue.readable(given).order_by("due_at", "id")[: MOST + 1],
        *(queue.readable(rows.filter(pk__in=held)) if held else ()),
    ]
    departure.tell_held(found, at=at)
    entries = sorted((_entry(row, at) for row in found), key=lambda entry: (entry.at, entry.row.pk))
    return _days(entries[:MOST]), longer or len(entries) > MOST


def _held(rows: QuerySet[Approval], at: datetime, until: datetime) -> tuple[list[int], bool]:
    """What waits, asks for no time and is held by a rule, in the head of the queue; and whether
    the queue is longer."""
    pending = rows.filter(status=ApprovalStatus.PENDING).order_by(*queue.ORDER)
    seen = list(pending.values_list("not_before", "pk", "scheduled_for")[: LOOKED_AT + 1])
    found = sorted(
        (held, pk)
        for held, pk, asked in seen[:LOOKED_AT]
        if asked is None and held is not None and at < held <= until
    )
    return [pk for _, pk in found[: MOST + 1]], len(seen) > LOOKED_AT


def _entry(row: Approval, at: datetime) -> Entry:
    given = (row.due_at, getattr(row, "leaves_at", None)) if row.is_given else ()
    times = (row.scheduled_for, row.not_before, *given)
    moment = max(time for time in times if time is not None)
    there = local(moment, clocks.workspace_zone(row.workspace))
    theirs = clocks.their_time(moment, clocks.zones_of(row), at=at)
    return Entry(row, there, theirs, holds.why_then(row, moment))


def _days(entries: Iterable[Entry]) -> list[Day]:
    days: dict[date, Day] = {}
    for entry in entries:
        days.setdefault(entry.at.date(), Day(entry.at.date())).entries.append(entry)
    return [days[key] for key in sorted(days)]
