"""How far quotas are used today: for pages, for routing, for the preflight. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Exists, Q, QuerySet, Subquery

from approvals import quota, rounds
from approvals.models import Approval, QuotaUse
from outreach.core.models import Agent, Channel, PrincipalKind, Workspace
from safety.actions import is_by_hand

WARN_PERCENT = 80


@dataclass(frozen=True, slots=True)
class Standing:
    """How far one quota is used today. `limit` None: no limit. `whose`: empty, or the agent's."""

    used: int
    limit: int | None
    whose: str = ""

    @property
    def percent(self) -> int:
        return 0 if not self.limit else self.used * 100 // self.limit

    @property
    def is_near(self) -> bool:
        return self.percent >= WARN_PERCENT

    def sentence(self) -> str:
        """What a page shows; with a warning from 80 % on. What nobody knows of counts, too."""
        sent = f"{self.whose}, sent or perhaps sent:" if self.whose else "Sent or perhaps sent:"
        if self.limit is None:
            return f"{sent} {self.used} today; no daily quota is set."
        text = f"{sent} {self.used} of {self.limit} today ({self.percent} %)."
        if self.used >= self.limit:
            return f"{text} The quota is reached: what is approved goes out tomorrow."
        return f"{text} The quota is nearly reached." if self.is_near else text


def of_workspace(workspace: Workspace, *, at: datetime) -> Standing:
    """Today's use of the workspace."""
    row = QuotaUse.objects.filter(
        workspace=workspace, agent__isnull=True, day=quota.local_day(workspace, at)
    ).first()
    return Standing(row.used if row else 0, workspace.daily_quota)


def of_agents(workspace: Workspace, *, at: datetime) -> list[Standing]:
    """Today's use of every active agent, in two statements."""
    used = dict(
        QuotaUse.objects.filter(
            workspace=workspace, agent__isnull=False, day=quota.local_day(workspace, at)
        ).values_list("agent_id", "used")
    )
    agents = Agent.objects.filter(workspace=workspace, is_active=True).order_by("name")
    return [Standing(used.get(each.pk, 0), each.daily_quota, each.name) for each in agents]


def full(workspace: Workspace, agent: Agent, *, at: datetime) -> str:
    """Why one message more of this agent would be above a quota today; empty when it would not.

    Counts what left and what is approved and leaves before it.
    """
    day = quota.local_day(workspace, at)
    waiting = Approval.objects.filter(
        rounds.UNTAKEN, workspace=workspace, due_at__lt=quota.next_day(workspace, at)
    )
    own = waiting.filter(by_kind=PrincipalKind.AGENT, by_id=str(agent.pk))
    uses = QuotaUse.objects.filter(day=day)
    for limit, rows, use, of_agent in (
        (workspace.daily_quota, waiting, uses.filter(workspace=workspace, agent=None), False),
        (agent.daily_quota, own, uses.filter(agent=agent), True),
    ):
        if limit is None:
            continue
        used = use.values_list("used", flat=True).first() or 0
        room = max(0, limit - used)
        if not room or rows[:room].count() >= room:
            return f"{quota.reached(limit, of_agent=of_agent)}: a person decides"
    return ""


@dataclass(frozen=True, slots=True)
class UsedUp:
    """The quota that has no room today, for so many `days`; by what left, or with what waits."""

    limit: int
    of_agent: bool
    days: int
    by_waiting: bool

    @property
    def _by(self) -> str:
        return " by what waits before it" if self.by_waiting else ""

    @property
    def reached(self) -> str:
        """The sentence of every door for it."""
        return f"{quota.reached(self.limit, of_agent=self.of_agent)}{self._by}"

    @property
    def told(self) -> str:
        """Why something leaves later, for the end of a sentence."""
        whose = " of this agent" if self.of_agent else ""
        return f"the quota of {self.limit} a day{whose} is used up{self._by}"


def columns(approval: Approval, *, at: datetime) -> tuple[Subquery, ...]:
    """What `used_up` reads, for a statement that asks for something else as well."""
    place, agent = approval.workspace, quota.agent_of(approval)
    today = QuotaUse.objects.filter(day=quota.local_day(place, at))
    ahead = _ahead(approval, at)
    return (
        Subquery(today.filter(workspace=place, agent__isnull=True).values("used")[:1]),
        _count(ahead),
        Subquery(today.filter(agent=agent).values("used")[:1]),
        _count(ahead.filter(by_kind=PrincipalKind.AGENT, by_id=str(agent))),
        Subquery(Agent.objects.filter(pk=agent).values("daily_quota")[:1]),
        Exists(Agent.objects.filter(pk=agent)),
    )


def _ahead(approval: Approval, at: datetime) -> QuerySet[Approval]:
    """What is approved and takes room of the quotas before this one.

    What another rule holds until later today counts as well: more is not promised than will happen.
    """
    place = approval.workspace
    today = Q(not_before__isnull=True) | Q(not_before__lt=quota.next_day(place, at))
    by_hand = [channel for channel in Channel if is_by_hand(channel)]
    rows = Approval.objects.filter(
        rounds.UNTAKEN, today | quota.HELD, workspace=place, dry_run=False, send_before__gt=at
    ).exclude(channel__in=by_hand)
    if approval.is_given:
        same = Q(due_at=approval.due_at, pk__lt=approval.pk)
        return rows.filter(Q(due_at__lt=approval.due_at) | same)
    due = max(at + timedelta(seconds=settings.APPROVAL_UNDO_SECONDS), approval.scheduled_for or at)
    return rows.filter(Q(due_at__lte=due) | quota.HELD)


def _count(rows: QuerySet[Approval]) -> Subquery:
    return Subquery(rows.order_by().values("workspace").annotate(n=Count("pk")).values("n"))


def used_up(approval: Approval, *, at: datetime) -> UsedUp | None:
    """Which quota has no room for this one today, looked at only: in one statement at most, and in
    none where `queue.neighbours` read `columns` with its own."""
    place, agent = approval.workspace, quota.agent_of(approval)
    if place.daily_quota is None and not agent:
        return None
    read = getattr(approval, "read_beside", ())
    if not read:
        read = Workspace.objects.values_list(*columns(approval, at=at)).get(pk=place.pk)
    used, ahead, of_agent, own, limit, is_known = read
    if agent and not is_known:
        limit = 0  # the strictest there is, as the claim has it
    found = [_full(place.daily_quota, used, ahead, of_agent=False)]
    found += [_full(limit, of_agent, own, of_agent=True)] if agent else []
    return max(filter(None, found), key=lambda each: each.days, default=None)


def _full(
    limit: int | None, used: int | None, ahead: int | None, *, of_agent: bool
) -> UsedUp | None:
    """None where there is room today. What has none fills the days that follow, in its order."""
    left, waiting = used or 0, ahead or 0
    if limit is None or left + waiting < limit:
        return None
    # What left beyond a limit that was lowered since takes no room of another day.
    days = max(1, (min(left, limit) + waiting) // limit) if limit else 1
    return UsedUp(limit, of_agent, days, by_waiting=left < limit)
