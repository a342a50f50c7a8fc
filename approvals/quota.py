"""Quotas: how many messages of a workspace and of an agent may leave in one local day.

Reserved in the claim by UPDATEs that demand room, so exact however many senders there are. The
rows of workspaces are locked before those of agents (SPEC §7). What certainly did not leave is
refunded; an unknown outcome is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Greatest

from approvals import rounds
from approvals.models import Approval, QuotaUse
from outreach.core import activity, sql
from outreach.core.models import Agent, Draft, PrincipalKind, Workspace
from outreach.core.principal import Principal

KEEPER = Principal.system("quota")
# Whatever else sets `due_at` thereby ends the hold of a quota, without knowing of it.
HELD = Q(quota_until=F("due_at"))


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """Whose quota: a workspace's (agent 0), or one agent's. Sorted in the order of locking."""

    agent: int
    workspace: int


def zone_of(workspace: Workspace) -> tzinfo:
    """The zone whose days count. Where it cannot be read the gate refuses, so any zone will do."""
    try:
        return ZoneInfo(workspace.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def local_day(workspace: Workspace, at: datetime) -> date:
    """The day that counts: the workspace's, not the recipient's."""
    return at.astimezone(zone_of(workspace)).date()


def next_day(workspace: Workspace, at: datetime, *, days: int = 1) -> datetime:
    """When the workspace's next local day begins, or a later one, in UTC."""
    day = local_day(workspace, at) + timedelta(days=days)
    return datetime.combine(day, time(), zone_of(workspace)).astimezone(UTC)


def agent_of(approval: Approval) -> int:
    """The agent whose message this is; 0 for a colleague's."""
    return int(approval.by_id) if approval.by_kind == PrincipalKind.AGENT else 0


# Reserve only where the limit leaves room; NULL is no limit. Two constants, one index each.
_ADD = (
    "UPDATE quota_uses SET used = used + %s, lim = %s WHERE day = %s AND {whose} "
    "AND (used + %s <= %s OR CAST(%s AS integer) IS NULL)"
)
ADD_TO_WORKSPACE = _ADD.replace("{whose}", "workspace_id = %s AND agent_id IS NULL")
ADD_TO_AGENT = _ADD.replace("{whose}", "agent_id = %s")


# --- In the claim --------------------------------------------------------------------------------


def within(rows: Sequence[Approval], *, at: datetime) -> list[Approval]:
    """Those of these claimed approvals that may leave today; the others wait for tomorrow."""
    over = reserve(rows, at=at)
    for scope in sorted(over):
        _hold(scope, over[scope], at)
    late = {row.pk for refused in over.values() for row in refused}
    return [row for row in rows if row.pk not in late]


def reserve(rows: Sequence[Approval], *, at: datetime) -> dict[Scope, list[Approval]]:
    """Count these as leaving today; returns those for which a quota has no room.

    Needs a transaction, and rows that carry their workspace. First come, first served, in the
    order in which they became due.
    """
    places = {row.workspace_id: row.workspace for row in rows}
    left = sorted(rows, key=lambda row: (row.due_at or at, row.pk))
    over: dict[Scope, list[Approval]] = {}
    for pk, place in sorted(places.items()):
        mine = [row for row in left if row.workspace_id == pk]
        _reserve_one(Scope(0, pk), mine, local_day(place, at), place.daily_quota, over)
    left = [row for row in left if not any(row in refused for refused in over.values())]
    for agent, limit in sorted(_limits_of({agent_of(row) for row in left} - {0}).items()):
        mine = [row for row in left if agent_of(row) == agent]
        place = mine[0].workspace
        refused = _reserve_one(Scope(agent, place.pk), mine, local_day(place, at), limit, over)
        _give(Scope(0, place.pk), local_day(place, at), refused)  # its row is ours since above
    return over


def _reserve_one(
    scope: Scope,
    rows: list[Approval],
    day: date,
    limit: int | None,
    over: dict[Scope, list[Approval]],
) -> int:
    granted = _take(scope, day, len(rows), limit)
    if granted < len(rows):
        over[scope] = rows[granted:]
    return len(rows) - granted


def unreserve(rows: Iterable[Approval], *, at: datetime) -> None:
    """Give back what this very transaction reserved: it holds the locks already."""
    for (scope, day), count in _counts((row, local_day(row.workspace, at)) for row in rows).items():
        _give(scope, day, count)


def _limits_of(agents: set[int]) -> dict[int, int | None]:
    """An agent that is gone has the strictest limit there is: nothing."""
    if not agents:
        return {}
    known = dict(Agent.objects.filter(pk__in=agents).values_list("pk", "daily_quota"))
    return {pk: known.get(pk, 0) for pk in agents}


def _row(scope: Scope, day: date) -> QuerySet[QuotaUse]:
    if scope.agent:
        return QuotaUse.objects.filter(agent=scope.agent, day=day)
    return QuotaUse.objects.filter(workspace=scope.workspace, agent__isnull=True, day=day)


def _take(scope: Scope, day: date, want: int, limit: int | None) -> int:
    """Up to `want` more of this day's quota; how many there was room for."""
    if _add(scope, day, want, limit):
        return want
    _make(scope, day, limit)
    used = _row(scope, day).select_for_update().get().used
    room = want if limit is None else max(0, min(want, limit - used))
    return room if room and _add(scope, day, room, limit) else 0


def _make(scope: Scope, day: date, limit: int | None) -> None:
    fresh = QuotaUse(workspace_id=scope.workspace, agent_id=scope.agent or None, day=day, lim=limit)
    QuotaUse.objects.bulk_create([fresh], ignore_conflicts=True)


def _add(scope: Scope, day: date, count: int, limit: int | None) -> bool:
    statement = ADD_TO_AGENT if scope.agent else ADD_TO_WORKSPACE
    today = sql.from_day(day)
    values = [count, limit, today, scope.agent or scope.workspace, count, limit, limit]
    return bool(sql.execute(statement, values))


def _give(scope: Scope, day: date, count: int) -> None:
    if count:
        _row(scope, day).update(used=Greatest(F("used"), count) - count)


# --- What waits for tomorrow ---------------------------------------------------------------------


def reached(limit: int | None, *, of_agent: bool = False) -> str:
    """The sentence of every door for a quota that is used up."""
    return f"Daily quota of {limit}{' of this agent' if of_agent else ''} reached"


def _hold(scope: Scope, refused: Sequence[Approval], at: datetime) -> None:
    """These, and whatever else of this quota is due, wait for the next local day.

    Their permission is counted from then: waiting for a quota must not use it up.
    """
    place = refused[0].workspace
    channels = {row.channel for row in refused}  # never what people send by hand
    due = rounds.UNTAKEN & Q(
        due_at__lte=at, send_before__gt=at, dry_run=False, channel__in=channels
    )
    limit = place.daily_quota
    if scope.agent:
        due &= Q(by_kind=PrincipalKind.AGENT, by_id=str(scope.agent))
        limit = _limits_of({scope.agent})[scope.agent]
    rest = rounds.lock(Approval.objects.filter(due, workspace=place), skip=True)
    rows = [*refused, *rest]
    until = next_day(place, at)
    Approval.objects.filter(pk__in=[row.pk for row in rows]).update(
        taken_at=None,
        due_at=until,
        quota_until=until,
        not_before=until,
        send_before=rounds.prolonged(until, place.approval_expiry_hours),
    )
    day = f"{until.astimezone(zone_of(place)):%Y-%m-%d %Z}"
    told = f"{reached(limit, of_agent=bool(scope.agent))}; goes out tomorrow ({day})."
    Draft.objects.filter(pk__in=[row.draft_id for row in rows]).update(status_reason=told)
    activity.record(
        *[activity.entry("approvals.held", row, digest=row.digest, reason="quota") for row in rows],
        by=KEEPER,
        at=at,
    )


def look_again(workspace: Workspace, *, at: datetime) -> int:
    """A quota was changed: what waits for tomorrow because of one is due now; how many that are.

    Safe whatever the new limit is: the claim counts again, and holds again what has no room. Each
    batch is a transaction of its own (call it in none): a stop never waits for all of them.
    """
    held = Approval.objects.filter(rounds.UNTAKEN, HELD, workspace=workspace, due_at__gt=at)
    count = 0
    while True:
        with transaction.atomic():
            ids = [row.pk for row in rounds.lock(held, skip=True)]
            Approval.objects.filter(pk__in=ids).update(due_at=at, quota_until=None, not_before=None)
            Draft.objects.filter(approvals__in=ids).update(status_reason="")
        count += len(ids)
        if len(ids) < rounds.BATCH:
            return count


def keep_day(before: Workspace, after: Workspace, *, at: datetime) -> None:
    """Another time zone begins no new day: what left today counts for its day as well.

    Needs a transaction.
    """
    was, now = local_day(before, at), local_day(after, at)
    if was == now:
        return
    uses = QuotaUse.objects.filter(workspace=after, day=was).order_by(
        F("agent_id").asc(nulls_first=True)
    )
    for use in list(uses.select_for_update()):
        scope = Scope(use.agent_id or 0, after.pk)
        _make(scope, now, use.lim)
        _row(scope, now).update(used=Greatest("used", Value(use.used)))


# --- After the claim -----------------------------------------------------------------------------


def refund(rows: Iterable[tuple[Approval, date]]) -> None:
    """Give back what certainly did not leave; with each, the day it had been counted for.

    Comes first in its transaction, so that nobody waits for us who holds a delivery. Every row
    that the same transaction may lock later is locked here, in the one order.
    """
    counts = _counts(rows)
    if not counts:
        return
    held = QuotaUse.objects.filter(day__gte=min(day for _, day in counts)).order_by(
        F("agent_id").asc(nulls_first=True), "workspace_id", "day"
    )
    list(held.select_for_update().values_list("pk", flat=True))
    for (scope, day), count in sorted(counts.items()):
        _give(scope, day, count)


def _counts(rows: Iterable[tuple[Approval, date]]) -> Counter[tuple[Scope, date]]:
    counts: Counter[tuple[Scope, date]] = Counter()
    for row, day in rows:
        counts[Scope(0, row.workspace_id), day] += 1
        if agent := agent_of(row):
            counts[Scope(agent, row.workspace_id), day] += 1
    return counts


def count_by_hand(approval: Approval, *, at: datetime) -> date:
    """A person sent it by hand: a fact, counted even above the limit; returns for which day.

    Needs a transaction.
    """
    place = approval.workspace
    day = local_day(place, at)
    limits: dict[Scope, int | None] = {Scope(0, place.pk): place.daily_quota}
    if agent := agent_of(approval):
        limits[Scope(agent, place.pk)] = _limits_of({agent})[agent]
    for scope, limit in limits.items():
        _make(scope, day, limit)
        _row(scope, day).update(used=F("used") + 1, lim=limit)
    return day
