"""Pages tell a stop's time by one clock: that of whoever looks, or of the link's maker."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from channels import breaker, stop, stop_link
from channels.breaker import State
from outreach import testing
from outreach.edge.tests.test_admin_pages import enter
from safety import controls

pytestmark = pytest.mark.django_db(transaction=True)

AT = datetime(2026, 11, 30, 12, 8, 42, tzinfo=UTC)
ZURICH = "Europe/Zurich"


@pytest.fixture(autouse=True)
def then():
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def place(live):
    return testing.make_workspace(time_zone=ZURICH)


def words(response):
    return " ".join(unescape(re.sub("<[^>]+>", "", response.content.decode())).split())


def stop_it(place, by):
    stop.emergency_stop(workspace=place, reason="wild", by=by, clock=timezone.now)


@pytest.mark.parametrize("page", ["/admin/", "/admin/controls/", "review"])
def test_no_page_tells_a_stop_by_another_clock_than_its_own(place, page):
    item = testing.make_pending(testing.make_person(place), at=AT)
    stop_it(place, testing.dora(place))
    page = f"/admin/approvals/approval/{item.pk}/change/" if page == "review" else page
    said = words(enter(testing.dora(place)).get(page))
    assert "EMERGENCY_STOP (workspace) since 2026-11-30 13:08:42 CET by Dora: wild" in said
    assert "12:08" not in said and " UTC" not in said


def test_what_was_lifted_is_told_by_the_same_clock(place):
    dora = testing.dora(place)
    stop_it(place, dora)
    form = {"act": "lift", "key": "EMERGENCY_STOP", "scope": str(place.pk), "reason": "over"}
    said = words(enter(dora).post("/admin/controls/", form, follow=True))
    assert "Lifted: EMERGENCY_STOP (workspace) since 2026-11-30 13:08:42 CET" in said
    assert " UTC" not in said


@pytest.mark.parametrize("scope", ["workspace", "system"])
def test_the_page_of_a_link_tells_times_by_its_makers_clock(place, scope):
    if scope == "workspace":
        given = {"by": testing.dora(place), "workspace": place}
    else:
        testing.dora(place)
        user = testing.dora(place).user
        user.is_superuser = True
        user.save()
        given = {"by": testing.dora(place), "workspace": None}
    link = stop_link.make(**given, days=9, at=AT)
    client = Client()
    assert "until 9 December 2026, 13:08 CET." in words(client.get(f"/stop/{link.token()}"))
    path = client.post(f"/stop/{link.token()}").url
    assert "Set 13:08:42 CET" in words(client.get(path))
    told = client.post(path, HTTP_ACCEPT="application/json").json()
    assert told["sentence"].startswith("Stopped at 13:08:42 CET. Nothing more leaves.")


def test_a_link_of_several_clocks_says_utc(place):
    there = testing.make_workspace("there", time_zone="Asia/Tokyo")
    user = testing.dora(place).user
    there.memberships.create(user=user, role="admin")
    user.is_superuser = True
    user.save()
    link = stop_link.make(by=testing.dora(place), workspace=None, days=9, at=AT)
    assert "December 2026, 12:08 UTC." in words(Client().get(f"/stop/{link.token()}"))


def test_the_channel_that_rests_and_the_last_drill_are_told_by_it_too():
    with timezone.override(ZURICH):
        said = State(rest_until=AT + timedelta(hours=1)).refuses(AT)
    assert said == "rests until 2026-11-30 14:08:42 CET after repeated errors"
    assert breaker.State(rest_until=AT + timedelta(hours=1)).refuses(AT).count("13:08:42 UTC")


def test_a_command_goes_by_the_clock_of_the_workspaces(place, capsys):
    stop_it(place, testing.dora(place))
    call_command("control", "--status")
    assert "since 2026-11-30 13:08:42 CET by Dora: wild" in capsys.readouterr().out
    assert controls.badge(place.pk).sentence.count("12:08:42 UTC") == 1
