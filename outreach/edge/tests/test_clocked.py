"""Commands tell times by the workspace's clock, with its name; with --json by UTC."""

from __future__ import annotations

import contextlib
from datetime import timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import DatabaseError

from approvals import clocked, services
from outreach import testing
from outreach.core.models import Workspace
from outreach.testing import WORKDAY
from safety.models import SystemControl

pytestmark = pytest.mark.django_db
THERE = f"{WORKDAY + timedelta(hours=5, minutes=30):%Y-%m-%d %H:%M}"


@pytest.fixture(autouse=True)
def india():
    testing.make_workspace(time_zone="Asia/Kolkata")
    with time_machine.travel(WORKDAY, tick=False):
        yield


def said_by(capsys, *words: str, **options) -> str:
    with contextlib.suppress(CommandError):  # what else doctor finds here
        call_command(*words, **options)
    return capsys.readouterr().out


def test_doctor_tells_the_workspace_s_clock(capsys):
    item = testing.make_approved(at=WORKDAY)
    SystemControl.objects.update(enabled=False, changed_at=WORKDAY)
    said = said_by(capsys, "doctor", message=item.pk)
    assert f"Earliest without brakes: {THERE} IST" in said
    assert f"since {THERE}:00 IST" in said and " UTC" not in said
    told = said_by(capsys, "doctor", message=item.pk, json=True)
    assert f"since {WORKDAY:%Y-%m-%d %H:%M:%S} UTC" in told and "IST" not in told
    assert f'"earliest": "{WORKDAY.isoformat()}"' in told


def test_review_and_control_tell_it_too(capsys):
    item = testing.make_pending(at=WORKDAY)
    services.reject(item.pk, reason="no", by=testing.alice(), at=WORKDAY)
    assert f", {THERE} IST" in said_by(capsys, "review", show=item.pk, as_user="alice")
    testing.olaf()
    said = said_by(capsys, "control", emergency_stop=True, as_user="olaf", reason="odd")
    clock = f"{WORKDAY + timedelta(hours=5, minutes=30):%H:%M:%S} IST"
    assert f"set {clock}" in said and f"stopped {clock}" in said


@pytest.mark.parametrize("words", [
    ("process_approved_messages",), ("rehearse",),
    ("run_workflow", "daily_plan", "--as", "dora"),
], ids=lambda words: words[0])  # fmt: skip
def test_sending_rehearsing_and_workflows_tell_it_in_their_badge(words, capsys):
    testing.dora()
    SystemControl.objects.filter(control_key="MESSAGING_ENABLED").update(
        enabled=False, reason="odd", changed_at=WORKDAY
    )
    said = " ".join(said_by(capsys, *words).split())
    assert f"{THERE}:00 IST" in said and " UTC" not in said
    as_json = said_by(capsys, *words, json=True)
    assert "IST" not in as_json


def test_of_several_clocks_the_one_that_is_named_or_of_whoever_acts_is_told():
    other = testing.make_workspace("other", time_zone="Europe/Zurich")
    testing.dora(other)
    assert clocked.zone_for({}) == "UTC"
    assert clocked.zone_for({"workspace": "other"}) == "Europe/Zurich"
    assert clocked.zone_for({"as_user": "dora"}) == "Europe/Zurich"
    assert clocked.zone_for({"as_user": "nobody"}) == "UTC"
    Workspace.objects.filter(pk=other.pk).update(time_zone="Nowhere/Here")
    assert clocked.zone_for({"workspace": "other"}) == "UTC"


def test_a_database_that_does_not_answer_is_told_by_the_command_itself(monkeypatch):
    def fail(options):
        raise DatabaseError("away")

    monkeypatch.setattr(clocked, "_places", fail)
    assert clocked.zone_for({}) == "UTC"
