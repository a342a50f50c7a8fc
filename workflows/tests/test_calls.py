"""Calls are made by people: nobody is given a number to dial that is suppressed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from outreach import testing
from outreach.core import suppression
from outreach.core.models.consent import SuppressionReason
from outreach.testing import WORKDAY
from workflows import engine, todo
from workflows.models import Artifact
from workflows.tests import making
from workflows.tests.making import Clock

pytestmark = pytest.mark.django_db
NUMBERS = ("+41446681800", "+41446681801")


@pytest.fixture
def place():
    where = making.place()
    making.reachable(where, making.people(where, 2))
    return where


def close(place, number, channel="phone"):
    given = SuppressionReason.STOP_REQUEST
    suppression.suppress(place, channel, number, reason=given, by=testing.dora(place), at=WORKDAY)


def prepare(place, **asked):
    return engine.work(making.run(place, "call_prep", **asked).pk, clock=Clock()).result


def planned(place):
    at = WORKDAY + timedelta(minutes=5)
    tasks = todo.everything(place, at=at, day_ends=WORKDAY + timedelta(hours=8))
    return [task.person for task in tasks if task.kind == "call"]


@pytest.mark.parametrize("channel", ["phone", "whatsapp"])
def test_a_suppressed_number_stands_on_no_script_and_in_no_plan(place, channel):
    close(place, NUMBERS[1], channel)
    assert prepare(place)["write_scripts"] == {"scripts": 2, "with_a_number": 1, "left_alone": 0}
    first, second = Artifact.objects.order_by("pk")
    assert (first.data["phone"], second.data["phone"]) == (NUMBERS[0], "")
    assert second.data["gaps"][0] == "Their number is on the suppression list: do not call them."
    assert planned(place) == [first.person_id]


def test_a_number_suppressed_since_is_shown_and_planned_no_more(place, client):
    prepare(place)
    script = Artifact.objects.get(data__phone=NUMBERS[0])
    assert len(planned(place)) == 2
    close(place, NUMBERS[0])
    assert planned(place) == [Artifact.objects.exclude(pk=script.pk).get().person_id]
    client.force_login(testing.carol(place).user)
    page = client.get(reverse("admin:workflows_artifact_change", args=[script.pk]))
    assert "Do not call. Their number is on the suppression list" in page.content.decode()
    assert NUMBERS[0] not in page.content.decode()
