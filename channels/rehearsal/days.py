"""Daily quotas played over a rehearsal: dry run counts for none, so they are counted here."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from approvals import quota
from approvals.models import QuotaUse
from channels.rehearsal.item import Fate, Item, Span
from outreach.core.models import Agent, Workspace

DAY = timedelta(days=1)
CODE = "daily_quota"
WORKSPACE = 0  # where others stand under their agent's number


class Days:
    """Room in the quota of a workspace and of each of its agents, by local day, as it fills."""

    def __init__(
        self,
        limits: dict[int, int | None],
        used: Counter[tuple[int, date]],
        *,
        zone: tzinfo,
        last: date,
    ) -> None:
        self.limits, self.used, self.zone, self.last = limits, used, zone, last
        self.full_from: dict[tuple[int, ...], date] = {}

    @classmethod
    def read(cls, place: Workspace, span: Span) -> Days:
        """The limits of now, and what really left on those days. Two statements."""
        zone = quota.zone_of(place)
        first = span.since.astimezone(zone).date()
        last = (span.until - timedelta.resolution).astimezone(zone).date()
        limits = dict(Agent.objects.filter(workspace=place).values_list("pk", "daily_quota"))
        uses = QuotaUse.objects.filter(workspace=place, day__gte=first, day__lte=last)
        rows = uses.values_list("agent_id", "day", "used")
        used = Counter({(agent or WORKSPACE, day): number for agent, day, number in rows})
        return cls({WORKSPACE: place.daily_quota, **limits}, used, zone=zone, last=last)

    def play(self, item: Item) -> Item:
        """The item on the first day with room, or held where no day of the span has any."""
        if item.leaves_at is None:
            return item
        scopes = (WORKSPACE, item.agent) if item.agent else (WORKSPACE,)
        wanted = day = item.leaves_at.astimezone(self.zone).date()
        while day <= self.last and not self._has_room(scopes, day):
            if self.full_from.get(scopes, date.max) <= day:
                day = self.last
            day += DAY
        if day > self.last:
            self.full_from[scopes] = min(wanted, self.full_from.get(scopes, date.max))
            return self._later(item, None)
        for scope in scopes:
            self.used[scope, day] += 1
        if day == wanted:
            return item
        return self._later(item, datetime.combine(day, time(), self.zone).astimezone(UTC))

    def _has_room(self, scopes: tuple[int, ...], day: date) -> bool:
        limits = ((scope, self.limits.get(scope)) for scope in scopes)
        return all(limit is None or self.used[scope, day] < limit for scope, limit in limits)

    def _later(self, item: Item, at: datetime | None) -> Item:
        fate = item.fate if at is not None else Fate.HELD
        return replace(item, fate=fate, rules=(*item.rules, CODE), leaves_at=at)
