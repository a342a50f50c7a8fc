"""Schedules: the next time on the workspace's clock, started once, only while its asker may."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import OperationalError

from outreach import testing
from outreach.core.models import Activity, Membership, Workspace
from outreach.core.permissions import NotAllowed
from outreach.testing import WORKDAY
from workflows import schedules, services, tasks
from workflows.models import Run, Schedule
from workflows.options import BadOptions
from workflows.schedules import ScheduleRefused, next_after
from workflows.tests import making


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "clock", "zone", "at", "expected"),
    [
        ([2], time(11), "UTC", WORKDAY, utc(2026, 3, 11, 11)),
        ([2], time(10), "UTC", WORKDAY, utc(2026, 3, 18, 10)),  # exactly now is over
        ([0, 4], time(8), "UTC", WORKDAY, utc(2026, 3, 13, 8)),
        ([2], time(12), "Europe/Zurich", WORKDAY, utc(2026, 3, 11, 11)),
        ([6], time(2, 30), "Europe/Zurich", utc(2026, 3, 28, 12), utc(2026, 3, 29, 1)),  # skipped
        ([6], time(2, 30), "Europe/Zurich", utc(2026, 10, 24, 12), utc(2026, 10, 25, 0, 30)),
        ([3], time(1), "Asia/Tokyo", WORKDAY, utc(2026, 3, 11, 16)),
    ],
)
def test_the_next_time_on_the_clock_of_the_workspace(days, clock, zone, at, expected):
    assert next_after(days, clock, zone, at) == expected


pytestmark = pytest.mark.django_db


@pytest.fixture
def place():
    where = making.place()
    making.people(where, 2)
    return where


def save(place, *, by=None, days=(0, 1, 2, 3, 4), clock=time(11), options=None, **more):
    return schedules.save(
        place, more.pop("workflow", "daily_plan"), options or {}, weekdays=days,
        time_of_day=clock, by=by or testing.dora(place), at=WORKDAY, **more,
    )  # fmt: skip


def test_what_is_due_starts_once_in_the_name_of_who_asked(place):
    row = save(place, options={"capacity": 60})
    assert schedules.start_due(at=WORKDAY) == []
    when = WORKDAY + timedelta(hours=1)
    [run] = schedules.start_due(at=when)
    assert schedules.start_due(at=when) == []
    assert (run.by_label, run.status, run.options["capacity"]) == ("Dora", "waiting", 60)
    row.refresh_from_db()
    assert (row.last_run, row.next_at) == (run, when + timedelta(days=1))


def test_what_fails_in_the_middle_loses_no_turn_and_holds_up_no_other(place, monkeypatch):
    row, other = save(place), save(place, clock=time(11, 1))
    start = services.start

    def fail(name, workspace, options, **more):
        if options == row.options and not Run.objects.exists():
            raise OperationalError("the database went away")
        return start(name, workspace, options, **more)

    row.options["capacity"] = 60
    row.save()
    monkeypatch.setattr(services, "start", fail)
    when = WORKDAY + timedelta(hours=2)
    [run] = schedules.start_due(at=when)
    other.refresh_from_db()
    assert other.last_run == run
    [late] = schedules.start_due(at=when)
    row.refresh_from_db()
    assert row.last_run == late


def test_missed_times_are_made_up_for_once(place):
    save(place)
    assert len(schedules.start_due(at=WORKDAY + timedelta(days=12))) == 1
    assert schedules.start_due(at=WORKDAY + timedelta(days=12)) == []


@pytest.mark.parametrize(
    "zone", ["America/New_York", "Asia/Tokyo", "Pacific/Kiritimati", "Pacific/Pago_Pago"]
)
def test_after_a_change_of_zone_it_starts_once_a_day_of_that_zone(place, zone):
    save(place, days=range(7))  # at 11:00 UTC
    Workspace.objects.filter(pk=place.pk).update(time_zone=zone)
    days = []
    for hour in range(1, 4 * 24):
        at = WORKDAY + timedelta(hours=hour)
        days += [at.astimezone(ZoneInfo(zone)).date() for _ in schedules.start_due(at=at)]
    assert len(days) >= 3 and len(days) == len(set(days))
    assert (days[-1] - days[0]).days == len(days) - 1, "and on each"


def test_of_two_schedulers_one_starts_it(place):
    row = save(place)
    when = WORKDAY + timedelta(hours=2)
    stale = Schedule.objects.get(pk=row.pk)
    assert schedules._start(row, when) is not None
    assert schedules._start(stale, when) is None
    assert Run.objects.count() == 1


@pytest.mark.parametrize("loss", ["role", "inactive"])
def test_who_lost_the_right_starts_nothing_any_more(place, loss):
    by = testing.bob(place)
    testing.dora(place)
    from workflows import services

    services.drafting_agent(place, by=testing.dora(place), at=WORKDAY)
    row = save(place, by=by)
    if loss == "role":
        Membership.objects.filter(user=by.user).update(role="viewer")
    else:
        type(by.user).objects.filter(pk=by.user.pk).update(is_active=False)
    assert schedules.start_due(at=WORKDAY + timedelta(hours=1)) == []
    row.refresh_from_db()
    assert not row.is_enabled
    assert row.last_error.endswith(".")
    assert Activity.objects.filter(verb="workflows.schedule_stopped").count() == 1


def test_a_schedule_that_is_off_or_removed_starts_nothing(place):
    save(place, is_enabled=False)
    row = save(place)
    schedules.remove(row, by=testing.dora(place), at=WORKDAY)
    assert schedules.start_due(at=WORKDAY + timedelta(days=3)) == []


def test_what_cannot_be_scheduled_is_refused(place):
    with pytest.raises(ScheduleRefused, match="at least one weekday"):
        save(place, days=[])
    with pytest.raises(BadOptions, match="no option days"):
        save(place, options={"days": 3})
    with pytest.raises(BadOptions, match="no workflow"):
        save(place, workflow="sweep_dead_senders")
    with pytest.raises(NotAllowed):
        save(place, by=testing.carol(place))
    agent = testing.make_agent(place, "workflows:run", "drafts:write", "people:read")
    with pytest.raises(ScheduleRefused, match="Only a person"):
        save(place, by=agent)


def test_the_task_wakes_a_worker(place, monkeypatch):
    row = save(place)
    Schedule.objects.filter(pk=row.pk).update(next_at=WORKDAY)
    woken = []
    monkeypatch.setattr(tasks, "wake", woken.append)
    assert tasks.start_scheduled() == 1
    assert [run.name for run in woken] == ["daily_plan"]
