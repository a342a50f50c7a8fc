"""What is told of a message once a daily quota is used up: the first moment it may really leave."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import import_module
from io import StringIO

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from approvals import ahead, grouping, queue, services
from approvals.models import Approval, QuotaUse
from outreach import testing
from outreach.core.models import Workspace
from outreach.core.people import add_address
from outreach.testing import WORKDAY

one_message = import_module("outreach.edge.one_message")
sending = import_module("channels.sending")

pytest_plugins = ["channels.tests.senders"]
# What is told and to whom; the counting itself is tested on both databases beside the quotas.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
AT = WORKDAY + timedelta(minutes=1)
SPENT = "the quota of 1 a day is used up"
THURSDAY = "Thu 12 Mar 08:00 workspace time"


@pytest.fixture(autouse=True)
def then():
    with time_machine.travel(AT, tick=False):
        yield


def spend(workspace, agent=None, *, limit=1):
    """One message of today has left, and there was room for one."""
    of = agent.agent if agent else workspace
    type(of).objects.filter(pk=of.pk).update(daily_quota=limit)
    QuotaUse.objects.create(
        workspace=workspace, agent=agent.agent if agent else None, day=AT.date(), used=1, lim=limit
    )


def outlook(item, **how):
    row = queue.readable(Approval.objects.filter(pk=item.pk)).get()
    return ahead.outlook_of(row, at=AT, **how).sentence


def approve(item, **how):
    return services.approve(
        item.pk, by=testing.alice(), at=AT, digest=item.digest, seen_private=True, **how
    )


def test_a_yes_to_what_the_quota_has_no_room_for_today_is_told_the_next_allowed_moment(live):
    item = testing.make_pending()
    assert outlook(item) == "If approved now, it would be sent in 10 s unless undone."
    spend(item.workspace)
    assert outlook(item) == f"If approved now, it would be sent {THURSDAY}: {SPENT}."
    assert outlook(item, undo=0) == outlook(item)


def test_the_day_is_the_workspaces_and_the_hours_are_theirs(live):
    """In Los Angeles 00:00 in London is their afternoon still: no hour holds it further."""
    person = testing.make_person(time_zone="America/Los_Angeles")
    item = testing.make_pending(person)
    spend(item.workspace)
    assert f"Wed 11 Mar 17:00 their time: {SPENT}." in outlook(item)


def test_what_leaves_on_a_later_day_anyway_has_nothing_to_do_with_todays_quota(live):
    item = testing.make_pending()
    spend(item.workspace)
    friday = WORKDAY + timedelta(days=2)
    Approval.objects.filter(pk=item.pk).update(scheduled_for=friday)
    assert outlook(item) == "If approved now, it would be sent Fri 13 Mar 10:00 workspace time."


def test_a_quota_of_the_agent_is_named_as_such_and_concerns_no_other(live):
    agent = testing.make_agent()
    own, other = testing.make_pending(by=agent), testing.make_pending()
    spend(own.workspace, agent)
    assert outlook(own).endswith(f"{THURSDAY}: the quota of 1 a day of this agent is used up.")
    assert outlook(other) == "If approved now, it would be sent in 10 s unless undone."


def test_room_that_is_left_and_no_quota_at_all_change_nothing(live):
    item = testing.make_pending()
    spend(item.workspace, limit=2)
    assert "in 10 s" in outlook(item)
    Workspace.objects.update(daily_quota=None)
    assert "in 10 s" in outlook(item)


BEFORE = "the quota of {} a day is used up by what waits before it"


def wait_before(count, **fields):
    return [testing.make_approved(at=WORKDAY, **fields) for _ in range(count)]


def test_what_waits_before_it_takes_the_room_as_well(live):
    """One of two had left and one waited: a third was told that it leaves at once."""
    item = testing.make_pending()
    spend(item.workspace, limit=2)
    [first] = wait_before(1)
    assert outlook(item) == f"If approved now, it would be sent {THURSDAY}: {BEFORE.format(2)}."
    assert outlook(first) == "It would be sent at once.", "nothing waits before that one"
    second = approve(item, undo_seconds=0)
    given = queue.readable(Approval.objects.filter(pk=second.pk)).get()
    assert ahead.what_follows(given, AT) == f"; it leaves {THURSDAY}: {BEFORE.format(2)}."
    told = one_message.explain(*one_message.by_approval(second.pk), at=AT)
    assert "Daily quota of 2 reached by what waits before it" in told["without_brakes"]


def test_what_waits_before_it_for_more_than_a_day_is_told_so(live, memory):
    Workspace.objects.update(daily_quota=1)
    rows = wait_before(3)
    item = testing.make_pending()
    friday = "Fri 13 Mar 08:00 workspace time"
    assert friday in outlook(rows[2])
    assert sending.process(clock=lambda: AT).sent == 1
    assert THURSDAY in outlook(rows[1]) and friday in outlook(rows[2]), "held by the quota by now"
    assert "Sat 14 Mar 08:00" in outlook(item)


def test_what_left_beyond_a_lower_quota_takes_no_room_of_the_days_to_come(live):
    """Eight had left when an admin made it two a day: tomorrow has room for two all the same."""
    item = testing.make_pending()
    spend(item.workspace, limit=8)
    QuotaUse.objects.update(used=8)
    Workspace.objects.update(daily_quota=2)
    assert outlook(item) == (
        f"If approved now, it would be sent {THURSDAY}: the quota of 2 a day is used up."
    )
    wait_before(2)
    assert "Fri 13 Mar 08:00 workspace time" in outlook(item)


def test_what_takes_no_room_today_waits_before_nothing(live):
    item = testing.make_pending()
    Workspace.objects.update(daily_quota=1)
    person = testing.make_person()
    add_address(person.workspace, person, "phone", "+44 20 7946 0123")
    by_hand, simulated, tomorrow, later = (
        testing.make_approved(person, channel="phone", subject=""), *wait_before(3),
    )  # fmt: skip
    change = {
        simulated: {"dry_run": True},
        tomorrow: {"not_before": AT + timedelta(days=1)},
        later: {"due_at": AT + timedelta(hours=2)},
    }
    for row, fields in change.items():
        Approval.objects.filter(pk=row.pk).update(**fields)
    assert by_hand.is_given and "in 10 s" in outlook(item)


def test_what_an_agent_has_waiting_takes_its_own_room_only(live):
    agent = testing.make_agent()
    own, other = testing.make_pending(by=agent), testing.make_pending()
    spend(own.workspace, agent, limit=2)
    testing.make_approved(by=agent)
    assert outlook(own).endswith(
        f"{THURSDAY}: the quota of 2 a day of this agent is used up by what waits before it."
    )
    assert "in 10 s" in outlook(other)


def test_dry_run_tells_when_it_would_leave_live():
    item = testing.make_pending()
    spend(item.workspace)
    assert outlook(item).endswith(f" Live, it would be sent {THURSDAY}: {SPENT}.")
    given = queue.readable(Approval.objects.filter(pk=approve(item).pk)).get()
    assert ahead.what_follows(given, AT).endswith(f"live it would leave {THURSDAY}: {SPENT}.")


def test_by_hand_a_person_sends_it_whatever_the_quota_is(live):
    person = testing.make_person()
    add_address(person.workspace, person, "phone", "+44 20 7946 0123")
    item = testing.make_pending(person, channel="phone", subject="")
    spend(item.workspace)
    assert outlook(item) == "If approved now, it would wait for a person to send it by hand."


def test_what_is_approved_on_the_page_and_by_review_is_told_so_too(live):
    first, second = testing.make_pending(), testing.make_pending()
    spend(first.workspace)
    client = Client()
    client.force_login(testing.alice().user)
    address = f"/admin/approvals/approval/{first.pk}/change/"
    assert f"would be sent {THURSDAY}: {SPENT}." in client.get(address).content.decode()
    out = StringIO()
    call_command("review", "--approve", str(second.pk), "--as", "alice", stdout=out)
    assert f"#{second.pk} is approved; it leaves {THURSDAY}: {SPENT}." in out.getvalue()


def test_doctor_tells_the_next_allowed_moment_as_the_earliest(live):
    item = testing.make_approved()
    spend(item.workspace)
    found = one_message.explain(*one_message.by_approval(item.pk), at=AT)
    assert found["earliest"] == "2026-03-12T08:00:00+00:00"
    assert "Daily quota of 1 reached; it waits for the next day." in found["without_brakes"]


def test_what_the_quota_holds_already_is_told_by_the_hours_after_it(live, memory):
    _, item = testing.make_approved(), testing.make_approved()
    Workspace.objects.update(daily_quota=1)
    assert sending.process(clock=lambda: AT).sent == 1
    item.refresh_from_db()
    assert item.due_at == datetime(2026, 3, 12, tzinfo=UTC)
    assert outlook(item) == f"It would be sent {THURSDAY}: {SPENT}."
    found = one_message.explain(*one_message.by_approval(item.pk), at=AT)
    assert found["earliest"] == "2026-03-12T08:00:00+00:00"


@pytest.mark.parametrize("by_agent", [False, True])
def test_the_review_page_asks_no_statement_more(live, by_agent):
    agent = testing.make_agent() if by_agent else None
    item = testing.make_pending(by=agent)
    client = Client()
    client.force_login(testing.alice().user)
    address = f"/admin/approvals/approval/{item.pk}/change/"

    def asked():
        with CaptureQueriesContext(connection) as found:
            assert client.get(address).status_code == 200
        return len(found)

    asked()
    Workspace.objects.update(daily_quota=None)
    before = asked()
    spend(item.workspace, agent)
    assert asked() == before


def test_list_and_calendar_tell_when_the_hours_let_go_what_a_quota_holds(live, memory):
    """Not the midnight that the quota's day begins at; whose clock counts is asked for each."""
    far = testing.make_person(time_zone="America/New_York")
    first, near, away = (testing.make_approved(who) for who in (None, None, far))
    spend(first.workspace)
    assert sending.process(clock=lambda: AT).sent == 0
    client = Client()
    client.force_login(testing.carol().user)
    shown = client.get("/admin/approvals/approval/?status=approved").content.decode()
    assert f">{THURSDAY}<" in shown
    assert ">Wed 11 Mar 20:00 their time<" in shown
    assert "12 Mar 00:00" not in shown
    days, _ = grouping.calendar(queue.readable(Approval.objects.all()), at=AT)
    told = {entry.row.pk: entry.theirs for day in days for entry in day.entries}
    assert told[near.pk] == THURSDAY and told[away.pk] == "Wed 11 Mar 20:00 their time"


def test_the_list_asks_the_same_however_many_a_quota_holds(live, memory):
    def listed():
        with CaptureQueriesContext(connection) as found:
            client.get("/admin/approvals/approval/?status=approved")
        return len(found)

    client = Client()
    client.force_login(testing.carol().user)
    spend(testing.make_approved().workspace)
    sending.process(clock=lambda: AT)
    listed()
    one = listed()
    for _ in range(6):
        testing.make_approved()
    sending.process(clock=lambda: AT)
    assert Approval.objects.filter(quota_until__isnull=False).count() == 7
    assert listed() == one
