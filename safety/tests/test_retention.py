"""Safety events are kept as long as is set, never less than the table itself allows."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import DatabaseError, transaction
from django.utils import timezone

from outreach import testing
from outreach.core import activity, triggers
from outreach.core.models import Activity
from safety import checks, retention, tasks
from safety.models import SafetyEvent

pytestmark = pytest.mark.django_db


def event(days: float, place=None) -> SafetyEvent:
    return SafetyEvent.objects.create(
        workspace=place, event_type="send", action_blocked="send", reason="x", code="x",
        created_at=timezone.now() - timedelta(days=days), by_kind="system", by_id="", by_label="x",
    )  # fmt: skip


def test_old_events_go_and_the_log_says_how_many_of_whom(settings):
    settings.SAFETY_EVENT_DAYS = 90
    place = testing.make_workspace()
    kept = [event(0), event(89.9, place)]
    for _ in range(3):
        event(91, place)
    event(5000)
    assert tasks.clean_events() == 4
    assert list(SafetyEvent.objects.order_by("pk")) == kept
    told = Activity.objects.filter(verb="safety.events_expired").order_by("workspace_id")
    assert {(row.workspace_id, row.by_kind, row.codes["count"], row.codes["days"])
            for row in told} == {(place.pk, "system", 3, 90), (None, "system", 1, 90)}  # fmt: skip
    assert tasks.clean_events() == 0
    assert told.count() == 2
    assert activity.verify().bad is None


def test_zero_days_keeps_them_for_ever(settings):
    settings.SAFETY_EVENT_DAYS = 0
    event(5000)
    assert retention.clean(at=timezone.now()) == 0
    assert SafetyEvent.objects.count() == 1


def test_less_than_the_floor_is_named_and_the_floor_counts(settings):
    settings.SAFETY_EVENT_DAYS = 7
    [found] = checks.event_days()
    assert found.id == "safety.W001" and "kept 30 days" in found.msg
    event(29)
    event(31)
    assert retention.clean(at=timezone.now()) == 1
    assert SafetyEvent.objects.count() == 1


@pytest.mark.parametrize(("days", "wrong"), [
    (0, False), (29, True), (30, False), (365, False), (3650, False), (3651, True),
])  # fmt: skip
def test_a_silly_number_is_told(settings, days, wrong):
    settings.SAFETY_EVENT_DAYS = days
    assert bool(checks.event_days()) is wrong


def test_the_table_itself_lets_nothing_young_go():
    young = event(triggers.EVENT_FLOOR_DAYS - 0.01)
    old = event(triggers.EVENT_FLOOR_DAYS + 0.01)
    with pytest.raises(DatabaseError, match="insert-only"), transaction.atomic():
        SafetyEvent.objects.filter(pk=young.pk).delete()
    assert SafetyEvent.objects.filter(pk=old.pk).delete()[0] == 1
    assert SafetyEvent.objects.get() == young


def test_many_go_in_batches(settings, monkeypatch):
    settings.SAFETY_EVENT_DAYS = 30
    monkeypatch.setattr(retention, "BATCH", 2)
    for _ in range(5):
        event(40)
    assert retention.clean(at=timezone.now()) == 5
    counts = [row.codes["count"] for row in Activity.objects.filter(verb="safety.events_expired")]
    assert sorted(counts) == [1, 2, 2]


def test_the_command_that_expires_lets_them_go_too(settings):
    settings.SAFETY_EVENT_DAYS = 30
    event(40)
    out = io.StringIO()
    call_command("expire_approvals", "--json", stdout=out)
    assert json.loads(out.getvalue()) == {"expired": 0, "events": 1}
    event(40)
    said = io.StringIO()
    call_command("expire_approvals", stdout=said)
    assert "deleted 1 safety events" in said.getvalue()
