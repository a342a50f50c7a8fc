"""What second looks found: how often people would not have approved what the rules did."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from approvals.models import Recheck
from outreach.core.models import Agent, PrincipalKind

SPAN = timedelta(days=30)
MOST = 20_000  # answers looked at; a page must not read a whole history
# From both on it is a warning: one answer alone is an accident, three in a thousand are as well.
WARN_LEAST, WARN_PERCENT = 2, 10


@dataclass(slots=True)
class Overrides:
    """Second looks, and how many of them said no."""

    looked: int = 0
    against: int = 0

    @property
    def percent(self) -> int:
        """Whole percent, rounded down, so that 10 is only said where it is reached."""
        return self.against * 100 // self.looked if self.looked else 0

    @property
    def warns(self) -> bool:
        return self.against >= WARN_LEAST and self.against * 100 >= WARN_PERCENT * self.looked

    @property
    def sentence(self) -> str:
        if not self.looked:
            return f"Nobody has looked again at a message approved by rule in {SPAN.days} days."
        return (
            f"{self.against} of {self.looked} messages approved by rule that were looked at again "
            f"would not have been approved by a person ({self.percent} %), in {SPAN.days} days."
        )

    def count(self, would_approve: bool) -> None:
        self.looked += 1
        self.against += not would_approve


@dataclass(frozen=True, slots=True)
class Found:
    """Second looks of some workspaces, by workspace, by agent and by who looked."""

    by_place: dict[int, Overrides]
    by_agent: dict[int, Overrides]
    by_reader: dict[int, Overrides]


def of_workspaces(workspaces: Iterable[int], *, at: datetime) -> Found:
    """Answers of the last 30 days, in one statement."""
    found = Found(*(defaultdict(Overrides) for _ in range(3)))
    rows = Recheck.objects.filter(workspace__in=list(workspaces), answered_at__gt=at - SPAN)
    read = rows.order_by("-answered_at").values_list(
        "workspace_id", "approval__by_kind", "approval__by_id", "answered_by_id", "would_approve"
    )[:MOST]
    for place, kind, agent, reader, would_approve in read:
        found.by_place[place].count(bool(would_approve))
        found.by_reader[reader or 0].count(bool(would_approve))
        if kind == PrincipalKind.AGENT:
            found.by_agent[int(agent)].count(bool(would_approve))
    return found


def of_workspace(workspace: int, *, at: datetime) -> Overrides:
    """Answers of the last 30 days in one workspace."""
    return of_workspaces([workspace], at=at).by_place.get(workspace, Overrides())


def by_name(found: Found) -> list[tuple[str, Overrides]]:
    """Each agent by its name."""
    names = Agent.objects.in_bulk(list(found.by_agent))
    told = {pk: names[pk].name if pk in names else f"agent {pk}, deleted" for pk in found.by_agent}
    pairs = [(told[pk], each) for pk, each in found.by_agent.items()]
    return sorted(pairs, key=lambda pair: pair[0])
