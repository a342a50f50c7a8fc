"""The queue in groups and the calendar: what each shows, to whom, and at what cost."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from approvals import clocks, grouping, holds, queue, services
from approvals.models import Approval
from outreach import testing
from outreach.testing import WORKDAY
from safety.contract.localtime import LocalZones
from safety.models import SystemControl

pytestmark = pytest.mark.django_db
GROUPS = "/admin/approvals/approval/groups/"
CALENDAR = "/admin/approvals/approval/calendar/"


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(WORKDAY + timedelta(minutes=5), tick=False):
        yield


def enter(who) -> Client:
    client = Client()
    client.force_login(who.user)
    return client


def test_groups_count_what_waits_and_link_to_the_filtered_list():
    for confidence in (50, 75, 75):
        testing.make_pending(confidence=confidence)
    testing.make_approved()
    client = enter(testing.carol())
    by_priority = client.get(GROUPS).context["groups"]
    assert [(group.label, group.count) for group in by_priority] == [("High", 1), ("Normal", 2)]
    answer = client.get(f"{GROUPS}?by=channel")
    assert [(group.label, group.count) for group in answer.context["groups"]] == [("E-mail", 3)]
    assert "?channel=email" in answer.content.decode()
    bad = client.get(f"{GROUPS}?by=decided_by__password")
    assert bad.context["kind"] == "priority"
    assert (
        "There is no grouping “decided_by__password”, so they are shown by priority. Choose "
        "Channel, Priority, Purpose or Touch."
    ) in bad.content.decode()
    assert "There is no" not in answer.content.decode()


def test_a_long_queue_says_that_only_its_head_is_grouped(monkeypatch):
    monkeypatch.setattr(grouping, "LOOKED_AT", 2)
    for _ in range(3):
        testing.make_pending()
    answer = enter(testing.alice()).get(GROUPS)
    assert answer.context["cut"] and sum(group.count for group in answer.context["groups"]) == 2


def test_the_calendar_shows_scheduled_and_held_by_day(live):
    asked = testing.make_pending()
    Approval.objects.filter(pk=asked.pk).update(scheduled_for=WORKDAY + timedelta(days=2))
    timed = testing.make_pending()
    services.approve(
        timed.pk, by=testing.alice(), at=WORKDAY, digest=timed.digest,
        scheduled_for=WORKDAY + timedelta(days=1),
    )  # fmt: skip
    held = testing.make_approved()
    Approval.objects.filter(pk=held.pk).update(not_before=WORKDAY + timedelta(days=1, hours=2))
    testing.make_pending()  # asks for no time: not in the calendar
    days = enter(testing.carol()).get(CALENDAR).context["days"]
    told = [[(entry.row.pk, entry.why) for entry in day.entries] for day in days]
    assert told == [
        [(timed.pk, "approved, scheduled"), (held.pk, "approved, held by a rule until then")],
        [(asked.pk, "waits for a decision, scheduled")],
    ]


def test_what_waits_for_a_decision_and_a_rule_holds_is_in_the_calendar(monkeypatch):
    night = WORKDAY.replace(hour=23)
    first, second = (testing.make_pending(at=night) for _ in range(2))
    with time_machine.travel(night, tick=False):
        shown = enter(testing.carol()).get(CALENDAR).context
    told = [(entry.row.pk, f"{entry.at:%a %H:%M}", entry.why) for entry in shown["days"][0].entries]
    why = "waits for a decision, held by a rule until then"
    assert told == [(first.pk, "Thu 08:00", why), (second.pk, "Thu 08:00", why)]
    assert not shown["cut"]
    monkeypatch.setattr(grouping, "LOOKED_AT", 1)
    with time_machine.travel(night, tick=False):
        shown = enter(testing.carol()).get(CALENDAR).context
    assert [len(day.entries) for day in shown["days"]] == [1] and shown["cut"]


def test_the_calendar_says_what_dry_run_makes_of_it():
    """Given in dry run it never leaves by itself: neither then nor when a rule would let it."""
    timed, held = testing.make_pending(), testing.make_approved()
    later = WORKDAY + timedelta(days=1)
    services.approve(
        timed.pk, by=testing.alice(), at=WORKDAY, digest=timed.digest, scheduled_for=later
    )
    Approval.objects.filter(pk=held.pk).update(not_before=later + timedelta(hours=2))
    days = enter(testing.carol()).get(CALENDAR).context["days"]
    assert [entry.why for day in days for entry in day.entries] == [
        "approved in dry run; live it would leave then",
        "approved in dry run; live a rule would hold it until then",
    ]
    Approval.objects.filter(pk=timed.pk).update(channel="linkedin")
    timed.refresh_from_db()
    assert holds.why_then(timed, later) == "approved, scheduled", "a person sends it all the same"


def stop_all() -> None:
    SystemControl.objects.filter(control_key="EMERGENCY_STOP", workspace=None).update(enabled=True)


def test_the_list_says_that_a_stop_holds_what_is_open():
    there = testing.make_workspace("there")
    SystemControl.objects.filter(control_key="MESSAGING_ENABLED", workspace=there).update(
        enabled=False
    )
    free, timed, passed = (testing.make_pending() for _ in range(3))
    testing.make_approved()
    services.reject(testing.make_pending().pk, by=testing.alice(), at=WORKDAY, reason="Not now.")
    Approval.objects.filter(pk=timed.pk).update(scheduled_for=WORKDAY + timedelta(days=1))
    Approval.objects.filter(pk=passed.pk).update(scheduled_for=WORKDAY)
    shown = enter(testing.alice()).get("/admin/approvals/approval/?status=all").content.decode()
    assert "stop is lifted" not in shown, "another workspace's stop holds nothing here"
    stop_all()
    answer = enter(testing.alice()).get("/admin/approvals/approval/?status=all")
    rows = answer.context["cl"].result_list
    told = {row.pk: holds.hold(row, WORKDAY + timedelta(minutes=5)) for row in rows}
    later = "not until the stop is lifted, no sooner than Thu 12 Mar 10:00 workspace time"
    assert told.pop(timed.pk) == later and later in answer.content.decode()
    assert told.pop(passed.pk) == "its time has passed: choose a new one, or remove it"
    assert told.pop(free.pk) == "not until the stop is lifted"
    assert sorted(told.values()) == ["", "not until the stop is lifted"], "rejected, approved"


def test_what_has_ended_is_held_by_nothing():
    item = testing.make_pending(scheduled_for=WORKDAY + timedelta(days=1))
    ended = services.reject(item.pk, by=testing.alice(), at=WORKDAY, reason="Not now.")
    assert holds.hold(queue.readable(Approval.objects.all()).get(pk=ended.pk), WORKDAY) == ""


@pytest.mark.parametrize("address", [GROUPS, CALENDAR])
def test_a_stranger_sees_no_row_of_another_workspace(address):
    item = testing.make_pending(testing.make_person(name="Secret Name"))
    Approval.objects.filter(pk=item.pk).update(scheduled_for=WORKDAY + timedelta(days=1))
    sam = testing.make_user("sam", "admin", testing.make_workspace("other"))
    nobody = testing.make_user("nina")
    client = Client()
    client.force_login(sam)
    assert "Secret Name" not in client.get(address).content.decode()
    client.force_login(nobody)
    assert client.get(address).status_code == 403
    assert "Secret Name" in enter(testing.alice()).get(address).content.decode()


@pytest.mark.parametrize("address", [GROUPS, CALENDAR])
def test_the_statements_do_not_grow_with_the_rows(address):
    client, counts = enter(testing.alice()), []
    for more in (1, 6):
        for _ in range(more):
            item = testing.make_pending()
            Approval.objects.filter(pk=item.pk).update(scheduled_for=WORKDAY + timedelta(days=1))
        client.get(address)
        with CaptureQueriesContext(connection) as asked:
            client.get(address)
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 12


def test_the_list_shows_until_when_the_door_has_put_it_off():
    put_off, left, pending = (
        testing.make_approved(),
        testing.make_approved(),
        testing.make_pending(),
    )
    later = WORKDAY + timedelta(days=1)
    Approval.objects.update(due_at=later, dry_run=False)
    Approval.objects.filter(pk=left.pk).update(taken_at=WORKDAY)
    rows = queue.readable(Approval.objects.all()).in_bulk()
    held = {pk: holds.hold(row, WORKDAY) for pk, row in rows.items()}
    assert held == {put_off.pk: "Thu 12 Mar 10:00 workspace time", left.pk: "",
                    pending.pk: ""}  # fmt: skip
    shown = enter(testing.carol()).get("/admin/approvals/approval/?status=approved")
    assert ">Thu 12 Mar 10:00 workspace time<" in shown.content.decode()
    Approval.objects.filter(pk=put_off.pk).update(dry_run=True)
    row = queue.readable(Approval.objects.all()).get(pk=put_off.pk)
    assert holds.hold(row, WORKDAY).startswith("not by a yes in dry run; live Thu 12 Mar 10:00")


@pytest.mark.parametrize("address", [GROUPS, CALENDAR, "/admin/approvals/approval/", "page"])
def test_a_workspaces_zone_that_nobody_knows_any_more_hides_no_page(address):
    item = testing.make_pending()
    Approval.objects.filter(pk=item.pk).update(scheduled_for=WORKDAY + timedelta(days=1))
    type(item.workspace).objects.update(time_zone="Mars/Base")
    page = f"/admin/approvals/approval/{item.pk}/change/" if address == "page" else address
    answer = enter(testing.alice()).get(page)
    assert answer.status_code == 200
    if address != GROUPS:
        assert "workspace&#x27;s time zone is unknown" in answer.content.decode().replace(
            "workspace's", "workspace&#x27;s"
        )


def test_the_year_stands_there_where_it_is_another_one():
    zones = LocalZones(("Asia/Tokyo",), "recipient")
    silvester = WORKDAY.replace(month=12, day=31, hour=14)
    assert clocks.their_time(silvester, zones, at=WORKDAY) == "Thu 31 Dec 23:00 their time"
    there = clocks.their_time(silvester + timedelta(hours=2), zones, at=WORKDAY)
    assert there == "Fri 01 Jan 2027 01:00 their time", "their year, not ours"
