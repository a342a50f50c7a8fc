"""Workflows at set times: whose turn has come is started, once, in the name of who asked for it.

One row of the timetable in `outreach.celery` looks here each minute. A time that passed while
nothing ran is made up for once, not for each time it was missed.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from django.db import transaction

from approvals.quota import zone_of
from outreach.core import activity, erasure
from outreach.core.models import PrincipalKind, User, Workspace
from outreach.core.permissions import NotAllowed, Verb, require
from outreach.core.principal import Principal
from safety.contract.localtime import instant_of, local
from workflows import definitions, services
from workflows.drafting.templates import BadTemplate
from workflows.models import Run, Schedule
from workflows.options import BadOptions

logger = logging.getLogger(__name__)
KEEPER = Principal.system("schedules")


class ScheduleRefused(ValueError):
    """The schedule cannot be saved; the sentence says why and what to do."""


def next_after(weekdays: Sequence[int], clock: time, zone: str, at: datetime) -> datetime:
    """The next such time after `at`, in UTC; a time that a clock change skips comes at its end."""
    today = local(at, zone).date()
    for offset in range(8):
        day = today + timedelta(days=offset)
        when = instant_of(day, clock, zone)
        if day.weekday() in weekdays and when > at:
            return when
    raise ScheduleRefused("Choose at least one weekday.")


def save(
    workspace: Workspace,
    workflow: str,
    options: Mapping[str, Any],
    *,
    weekdays: Sequence[int],
    time_of_day: time,
    by: Principal,
    at: datetime,
    schedule: Schedule | None = None,
    is_enabled: bool = True,
) -> Schedule:
    """A new schedule, or this one changed; it runs in the name of `by` from now on.

    Raises ScheduleRefused, BadOptions for what cannot be asked, NotAllowed without the right.
    """
    require(by, Verb.RUN_WORKFLOWS, workspace)
    if not by.is_user:
        raise ScheduleRefused("Only a person schedules a workflow: it runs in their name.")
    days = sorted({int(day) for day in weekdays})
    if not days or days[0] < 0 or days[-1] > 6:
        raise ScheduleRefused("Choose at least one weekday.")
    row = schedule or Schedule(workspace=workspace)
    row.workflow, row.weekdays = workflow, days
    row.time_of_day, row.is_enabled, row.last_error = time_of_day, is_enabled, ""
    row.next_at = next_after(days, time_of_day, str(zone_of(workspace)), at)
    row.by_kind, row.by_id, row.by_label = by.kind, by.id, by.label[:150]
    with transaction.atomic():
        erasure.begin(workspace.pk)  # before it is looked who is asked about
        row.options = definitions.find(workflow).prepare(workspace, options)
        row.save()
        told = activity.entry("workflows.scheduled", row, name=workflow, enabled=is_enabled)
        activity.record(told, by=by, at=at)
    return row


def remove(schedule: Schedule, *, by: Principal, at: datetime) -> None:
    require(by, Verb.RUN_WORKFLOWS, schedule.workspace)
    with transaction.atomic():
        entry = activity.entry("workflows.unscheduled", schedule, name=schedule.workflow)
        activity.record(entry, by=by, at=at)
        schedule.delete()


def start_due(*, at: datetime) -> list[Run]:
    """Start whatever is due; two schedulers at once start it once. The runs wait for a worker."""
    due = Schedule.objects.filter(is_enabled=True, next_at__lte=at).select_related("workspace")
    started = []
    for row in due.order_by("next_at", "pk"):
        try:
            with transaction.atomic():  # its turn is taken only with what it starts
                run = _start(row, at)
        except Exception:
            logger.exception("Schedule %s could not be started; it stays due.", row.pk)
            continue
        if run is not None:
            started.append(run)
    return started


def _start(row: Schedule, at: datetime) -> Run | None:
    zone = str(zone_of(row.workspace))
    following = next_after(row.weekdays, row.time_of_day, zone, at)
    mine = Schedule.objects.filter(pk=row.pk, next_at=row.next_at, is_enabled=True)
    if not mine.update(next_at=following):
        return None  # another scheduler was faster
    if row.next_at and local(row.next_at, zone).date() == local(following, zone).date():
        return None  # the zone was changed since: its turn of that day is still to come
    try:
        run = services.start(row.workflow, row.workspace, row.options, by=_asker(row), at=at)
    except (NotAllowed, BadOptions, BadTemplate, services.RunRefused) as error:
        Schedule.objects.filter(pk=row.pk).update(is_enabled=False, last_error=str(error)[:500])
        told = activity.entry("workflows.schedule_stopped", row, name=row.workflow)
        activity.record(told, by=KEEPER, at=at)
        return None
    Schedule.objects.filter(pk=row.pk).update(last_run=run, last_error="")
    return run


def _asker(row: Schedule) -> Principal:
    user = User.objects.filter(pk=row.by_id, is_active=True).first()
    if row.by_kind != PrincipalKind.USER or user is None:
        raise NotAllowed(f"{row.by_label} is no longer here. Somebody else must save it anew.")
    return Principal.of_user(user, door="schedule")
