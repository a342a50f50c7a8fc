"""Two weeks in figures for the first page: what left, what was held, what a rule stopped, how
people decided, and how far the quotas are used. Reads only, and never a whole table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from approvals import figures, quota_standing
from approvals.models import Approval
from approvals.rounds import UNTAKEN
from channels.models import Delivery, DeliveryStatus
from channels.simulate import done_with
from outreach.core.models import Workspace
from safety.models import SafetyEvent

DAYS = 14
NEWEST = 20_000  # rows of each kind looked at; beyond it the page says so
LEFT = (DeliveryStatus.SENT, DeliveryStatus.MANUAL)
HEIGHT = 80
STEP = 20
MOST_RULES = 6
DECIDED = ("status", "closed_reason", "edited", "decided_by_label")


@dataclass(frozen=True, slots=True)
class Bar:
    """One day as a rectangle of the drawing."""

    day: date
    number: int
    x: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Chart:
    """One row of bars, and the same figures in words."""

    title: str
    kind: str
    bars: list[Bar]
    most: int

    @property
    def total(self) -> int:
        return sum(bar.number for bar in self.bars)

    @property
    def counted(self) -> str:
        """The title behind its number: "messages sent", "time a rule ..."."""
        first, _, rest = self.title.lower().partition(" ")
        return f"{first.removesuffix('s') if self.total == 1 else first} {rest}"

    @property
    def words(self) -> str:
        if not self.total:
            return f"{self.title}: none in {DAYS} days."
        peak = max(self.bars, key=lambda bar: bar.number)
        return f"{self.title}: {self.total} in {DAYS} days, most on {peak.day}: {peak.number}."


def trends(places: set[int], *, at: datetime) -> dict[str, Any]:
    """Charts, rates and quotas of these workspaces."""
    here = timezone.localtime(at)  # by the clock of whoever looks
    first = here.date() - timedelta(days=DAYS - 1)
    start = timezone.make_aware(datetime.combine(first, datetime.min.time()))
    sent = _recent(Delivery.objects.filter(workspace__in=places, status__in=LEFT), "since")
    events = _recent(
        SafetyEvent.objects.filter(workspace__in=places).exclude(code="dry_run"),
        "created_at", "code",
    )  # fmt: skip
    decided = list(
        Approval.objects.filter(workspace__in=places, decided_at__gte=start)
        .order_by("-decided_at")
        .values_list(*DECIDED)[:NEWEST]
    )
    waits = Approval.objects.filter(UNTAKEN, ~done_with(), _later(at), workspace__in=places)
    held = _recent(waits.filter(decided_at__gte=start), "decided_at")
    blocked = [row for row in events if row[0] >= start]
    stopped = [row[0] for row in blocked]
    charts = [
        _chart("Messages sent", "sent", (row[0] for row in sent), first),
        _chart("Messages held for a later time", "held", (row[0] for row in held), first),
        _chart("Times a rule stopped, held or rewrote one", "blocked", stopped, first),
    ]
    days = zip(*(chart.bars for chart in charts), strict=True)
    return {
        "charts": charts,
        "table": [(bars[0].day, [bar.number for bar in bars]) for bars in days],
        "rules": Counter(row[1].replace("_", " ") for row in blocked).most_common(MOST_RULES),
        "rates": _rates(decided),
        "cut": max(len(sent), len(events), len(decided), len(held)) >= NEWEST,
        "newest": NEWEST,
        "quotas": _quotas(places, at),
        "days": DAYS,
        "zone": f"{here:%Z}",
    }


def _later(at: datetime) -> Q:
    """Held: one that a rest or a limit put off at the last look has its new time in `due_at` alone,
    where one just approved has the end of the time to undo it."""
    undone_by = at + timedelta(seconds=settings.APPROVAL_UNDO_SECONDS)
    return Q(not_before__gt=at) | Q(due_at__gt=undone_by)


def _recent(rows: Any, *names: str) -> list[Any]:
    """The newest of these, by number: no index on the time is needed."""
    return list(rows.order_by("-id").values_list(*names)[:NEWEST])


def _chart(title: str, kind: str, moments: Iterable[datetime], first: date) -> Chart:
    per_day = Counter(timezone.localtime(moment).date() for moment in moments)
    days = [first + timedelta(days=number) for number in range(DAYS)]
    most = max((per_day[day] for day in days), default=0)
    bars = []
    for place, day in enumerate(days):
        number = per_day[day]
        height = round(number * HEIGHT / most, 1) if most else 0.0
        bars.append(Bar(day, number, place * STEP, HEIGHT - height, height))
    return Chart(title, kind, bars, most)


def _rates(decided: list[tuple[str, str, bool, str]]) -> dict[str, Any]:
    """Of what people decided: how much got a yes, and how much of that after an edit.

    A yes stays one whatever ended it later, such as a stop; what was undone at once is none. One
    that is taken back with a no counts as that, and a message that came back counts again.
    """
    stood = [row for row in decided if row[1] != "undone"]
    found = figures.Decisions()
    for status, reason, edited, by in stood:
        if not by.startswith(figures.RULE):
            found.count(status, reason, edited, 0)
    return {
        "decided": found.decided,
        "approved": found.approved,
        "rejected": found.rejected,
        "returned": found.returned,
        "by_rule": sum(
            by.startswith(figures.RULE) and reason not in figures.TAKEN_BACK
            for _, reason, _, by in stood
        ),
        "approved_percent": found.approval_percent,
        "edited": found.edited,
        "edited_percent": found.edit_percent,
    }


def _quotas(places: set[int], at: datetime) -> list[dict[str, Any]]:
    """Today's use, where a limit is set."""
    found = []
    for place in Workspace.objects.filter(pk__in=places).order_by("name")[:MOST_RULES]:
        rows = [quota_standing.of_workspace(place, at=at), *quota_standing.of_agents(place, at=at)]
        for row in rows:
            if row.limit:
                found.append({"name": place.name, "row": row, "width": min(row.percent, 100)})
    return found
