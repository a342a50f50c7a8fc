"""Counters about deciding: rates, times, who proposes well. Pure reads, constant statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median

from django.db.models import F, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from approvals.models import Approval, ApprovalStatus
from outreach.core.models import Agent, PrincipalKind, Revision, Workspace

SPAN = timedelta(days=30)
MOST = 20_000  # decisions looked at; a page must not read a whole history
RULE = "SYSTEM for "  # begins the name of whoever gave what a rule approved
TAKEN_BACK = ("undone", "rejected", "changes_requested")
BY_RULE = Q(decided_by_label__startswith=RULE)


@dataclass(slots=True)
class Decisions:
    """People's decisions counted: an approval later withdrawn by a stop stays an approval."""

    approved: int = 0
    edited: int = 0
    rejected: int = 0
    returned: int = 0
    seconds: list[float] = field(default_factory=list, repr=False)

    @property
    def decided(self) -> int:
        return self.approved + self.rejected + self.returned

    @property
    def approval_percent(self) -> int | None:
        """Whole percent, rounded down, so that 90 is only said where it is reached."""
        return self.approved * 100 // self.decided if self.decided else None

    @property
    def edit_percent(self) -> int | None:
        """How many of the approved ones a reviewer had to change first."""
        return self.edited * 100 // self.approved if self.approved else None

    @property
    def median_time(self) -> timedelta | None:
        """From the moment it stood in the queue to the decision."""
        return timedelta(seconds=median(self.seconds)) if self.seconds else None

    def count(self, status: str, reason: str, edited: bool, seconds: float) -> None:
        if status == ApprovalStatus.REJECTED and reason == "rejected":
            self.rejected += 1
        elif reason == "changes_requested":
            self.returned += 1
        else:
            self.approved += 1
            self.edited += edited
        self.seconds.append(seconds)


@dataclass(frozen=True, slots=True)
class Figures:
    """What the dashboard shows about deciding, over the last 30 days."""

    all: Decisions
    by_agent: dict[str, Decisions]
    by_rule: int
    expired_undecided: int
    is_partial: bool


def of_workspaces(workspaces: Iterable[int], *, at: datetime) -> Figures:
    """The figures of these workspaces, in four statements."""
    places = list(workspaces)
    recent = Approval.objects.filter(workspace__in=places, decided_at__gt=at - SPAN)
    everything, by_agent = Decisions(), defaultdict[str, Decisions](Decisions)
    rows = by_people(recent).values_list(*_FIELDS)[:MOST]
    for status, reason, edited, created, decided, kind, agent in rows:
        seconds = (decided - created).total_seconds()
        everything.count(status, reason, edited, seconds)
        if kind == PrincipalKind.AGENT:
            by_agent[agent].count(status, reason, edited, seconds)
    names = Agent.objects.in_bulk([int(pk) for pk in by_agent])
    return Figures(
        all=everything,
        by_agent={_name(names, pk): found for pk, found in sorted(by_agent.items())},
        by_rule=by_rule(recent)[:MOST].count(),
        expired_undecided=expired_undecided(places, since=at - SPAN),
        is_partial=everything.decided >= MOST,
    )


def last_decisions(workspace: Workspace, *, most: int) -> Decisions:
    """The last `most` decisions of people, however old. One statement."""
    found = Decisions()
    rows = by_people(Approval.objects.filter(workspace=workspace, decided_at__isnull=False))
    for status, reason, edited, created, decided, _, _ in rows.values_list(*_FIELDS)[:most]:
        found.count(status, reason, edited, (decided - created).total_seconds())
    return found


def expired_undecided(
    workspaces: Iterable[int], *, since: datetime, until: datetime | None = None
) -> int:
    """How many rounds ended because nobody decided in time."""
    rows = Approval.objects.filter(
        workspace__in=list(workspaces),
        closed_at__gt=since,
        status=ApprovalStatus.EXPIRED,
        closed_reason="unanswered",
    )
    return (rows if until is None else rows.filter(closed_at__lte=until)).count()


def last_voice_scores(workspace: Workspace, *, most: int) -> dict[str, list[int]]:
    """Voice scores of the latest texts by voice, each message once, as it stands now."""
    latest = Window(RowNumber(), partition_by=F("voice__name"), order_by=F("pk").desc())
    rows = (
        Revision.objects.filter(
            pk=F("draft__current_id"), draft__workspace=workspace, voice_score__isnull=False
        )
        .annotate(rank=latest)
        .filter(rank__lte=most)
    )
    found: dict[str, list[int]] = defaultdict(list)
    for name, score in rows.values_list("voice__name", "voice_score"):
        found[name or ""].append(score or 0)
    return found


_FIELDS = ("status", "closed_reason", "edited", "created_at", "decided_at", "by_kind", "by_id")


def by_people(rows: QuerySet[Approval]) -> QuerySet[Approval]:
    """Decisions of people that stood: what was undone at once is none, what rules gave is none."""
    return rows.exclude(BY_RULE).exclude(closed_reason="undone").order_by("-decided_at", "-pk")


def by_rule(rows: QuerySet[Approval]) -> QuerySet[Approval]:
    """What rules gave and nobody took back with an undo or a no; a stop is neither."""
    return rows.filter(BY_RULE).exclude(closed_reason__in=TAKEN_BACK)


def _name(agents: dict[int, Agent], pk: str) -> str:
    agent = agents.get(int(pk))
    return agent.name if agent else f"agent {pk}, deleted"
