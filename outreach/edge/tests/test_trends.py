"""The charts of the first page: the right rows of the right workspaces, in words as well."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from approvals import expiry, services, taking
from approvals.models import Approval, QuotaUse
from channels.models import Delivery
from outreach import testing
from outreach.core.models import Workspace
from outreach.edge import trends
from outreach.testing import WORKDAY
from safety import events

pytestmark = pytest.mark.django_db


def look(*places: Workspace):
    chosen = places or (testing.make_workspace(),)
    return trends.trends({place.pk for place in chosen}, at=WORKDAY + timedelta(hours=1))


def refuse(code: str, at=WORKDAY) -> None:
    place = testing.make_workspace()
    events.record(
        event_type="send", action_blocked="x", reason="y", code=code, by=testing.alice(),
        at=at, workspace=place,
    )  # fmt: skip


def test_days_are_those_of_whoever_looks():
    late = WORKDAY - timedelta(days=1) + timedelta(hours=9)  # 19:00 UTC, 00:30 of the next in India
    refuse("desist", late)
    with timezone.override("Asia/Kolkata"):
        found = look()
    assert [bar.number for bar in found["charts"][2].bars][-2:] == [0, 1]
    assert found["zone"] == "IST"
    assert [bar.number for bar in look()["charts"][2].bars][-2:] == [1, 0]


def test_refusals_count_by_day_and_by_rule_without_dry_run_and_old_ones():
    for code, at in (
        ("quiet_hours", WORKDAY), ("quiet_hours", WORKDAY - timedelta(days=2)), ("desist", WORKDAY),
        ("dry_run", WORKDAY), ("quiet_hours", WORKDAY - timedelta(days=20)),
    ):  # fmt: skip
        refuse(code, at)
    found = look()
    chart = found["charts"][2]
    assert [bar.number for bar in chart.bars] == [0] * 11 + [1, 0, 2]
    assert chart.bars[-1].height == trends.HEIGHT and chart.bars[-3].y == trends.HEIGHT / 2
    assert found["rules"] == [("quiet hours", 2), ("desist", 1)] and found["zone"] == "UTC"
    assert (
        chart.words
        == "Times a rule stopped, held or rewrote one: 3 in 14 days, most on 2026-03-11: 2."
    )


def test_rates_are_of_what_people_decided():
    for number in range(4):
        item = testing.make_approved()
        Approval.objects.filter(pk=item.pk).update(edited=number == 0)
    services.reject(testing.make_pending().pk, by=testing.alice(), at=WORKDAY, reason="No")
    found = look()
    rates = found["rates"]
    assert (rates["approved_percent"], rates["edited_percent"], rates["rejected"]) == (80, 25, 1)


def simulate(row: Approval) -> None:
    Delivery.objects.create(
        workspace=row.workspace, approval=row, human_id=row.human_id, channel=row.channel,
        status="simulated", since=WORKDAY,
    )  # fmt: skip


def held() -> int:
    return look()["charts"][1].total


def test_held_is_only_what_still_waits_for_its_time():
    later = {"not_before": WORKDAY + timedelta(days=1)}
    waits, simulated, *ended = (testing.make_approved() for _ in range(4))
    undecided = [testing.make_pending(), testing.make_pending()]
    Approval.objects.update(**later)
    services.reject(undecided[0].pk, by=testing.alice(), at=WORKDAY, reason="No")
    services.return_(undecided[1].pk, by=testing.alice(), at=WORKDAY, feedback="Shorter")
    Approval.objects.filter(pk=ended[0].pk).update(taken_at=WORKDAY)  # it left
    Approval.objects.filter(pk=ended[1].pk).update(not_before=WORKDAY)  # its time has come
    assert held() == 2 and look()["charts"][1].counted == "messages held for a later time"
    Approval.objects.filter(pk=simulated.pk).update(dry_run=True)
    simulate(simulated)
    assert held() == 1 and look()["charts"][1].counted == "message held for a later time"
    Approval.objects.filter(pk=waits.pk).update(status="withdrawn")
    assert held() == 0


def test_held_is_also_what_a_rest_put_off_at_the_last_look_and_not_what_can_still_be_undone():
    row = testing.make_approved()
    for wait, number in ((timedelta(hours=24), 1), (timedelta(seconds=10), 0)):
        Approval.objects.filter(pk=row.pk).update(not_before=None, due_at=WORKDAY + wait)
        assert held() == number


def test_a_yes_stays_one_whatever_ends_it_later():
    place = testing.make_workspace()
    for _ in range(3):
        testing.make_approved()
    services.reject(testing.make_pending().pk, by=testing.alice(), at=WORKDAY, reason="No")
    before = look()["rates"]
    taken = {"decided_before": None, "by": expiry.SYSTEM, "at": WORKDAY}
    taking.reopen_before_stop(workspace=place, **taken)
    assert look()["rates"] == before and before["approved_percent"] == 75
    person = testing.make_approved().draft.person
    taking.end_for_human(
        [person.pk], sentence="They asked us to stop", by=expiry.SYSTEM, at=WORKDAY
    )
    rates = look()["rates"]
    assert (rates["approved"], rates["rejected"]) == (4, 1)


def test_what_a_rule_approved_and_what_was_undone_is_nobodys_decision():
    by_rule, undone = testing.make_approved(), testing.make_approved()
    Approval.objects.filter(pk=by_rule.pk).update(
        status="withdrawn", closed_reason="emergency_stop", decided_by_label="SYSTEM for Dora"
    )
    Approval.objects.filter(pk=undone.pk).update(status="withdrawn", closed_reason="undone")
    rates = look()["rates"]
    assert (rates["decided"], rates["by_rule"]) == (0, 1)


@pytest.mark.parametrize("ended", ["undone", "rejected", "changes_requested"])
def test_what_was_taken_back_from_a_rule_is_not_counted_as_approved_by_it(ended):
    item = testing.make_approved()
    Approval.objects.filter(pk=item.pk).update(
        status="withdrawn", closed_reason=ended, decided_by_label="SYSTEM for Dora"
    )
    assert look()["rates"]["by_rule"] == 0


def test_another_workspace_and_an_empty_one_show_nothing():
    refuse("desist")
    found = look(testing.make_workspace("other", daily_quota=None))
    assert [chart.total for chart in found["charts"]] == [0, 0, 0]
    assert found["charts"][0].words == "Messages sent: none in 14 days."
    assert found["rates"]["approved_percent"] is None and not found["quotas"]


def test_the_page_shows_charts_words_table_and_quota():
    place = testing.make_workspace(daily_quota=10)
    QuotaUse.objects.create(workspace=place, day=timezone.now().date(), used=9, lim=10)
    client = Client()
    client.force_login(testing.alice().user)
    text = client.get("/admin/").content.decode()
    assert "messages approved, not yet sent<" in text
    assert text.count('role="img"') == 3 and "The same as a table" in text
    assert "Sent or perhaps sent: 9 of 10 today (90 %)" in text


def test_the_figure_of_what_is_not_yet_sent_says_how_many_never_will_be():
    Approval.objects.filter(pk__in=[testing.make_approved().pk for _ in range(2)]).update(
        dry_run=True
    )
    simulate(Approval.objects.latest("pk"))
    testing.make_approved()
    client = Client()
    client.force_login(testing.alice().user)
    text = client.get("/admin/").content.decode()
    assert (
        "<strong>3</strong>messages approved, not yet sent; of these 1 only simulated, never sent<"
        in text
    )
