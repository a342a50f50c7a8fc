"""Quotas: exact under any number of senders, by the workspace's day, refunded and told."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from importlib import import_module
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from approvals import expiry, quota, quota_standing, services, submission, taking
from approvals.models import Approval, QuotaUse
from outreach import testing
from outreach.core.models import Agent, Draft, Person, Workspace
from outreach.testing import WORKDAY

# The sender stands ahead of approvals, so it is asked for by name (docs/decisions/0001).
registry = import_module("channels.registry")
sending = import_module("channels.sending")
manual = import_module("channels.manual")
release_untransmitted = import_module("channels.outcomes").release_untransmitted
MemoryAdapter = import_module("channels.adapters.memory").MemoryAdapter
Outcome = import_module("channels.base").Outcome
Receipt = import_module("channels.base").Receipt
Delivery = import_module("channels.models").Delivery
FileAdapter = import_module("channels.tests.child").FileAdapter
make_plenty = import_module("channels.tests.plenty").make_plenty

pytest_plugins = ["channels.tests.senders"]
pytestmark = pytest.mark.django_db(transaction=True)
AT = WORKDAY + timedelta(minutes=1)


def drain(at=AT):
    return sending.process(clock=lambda: at)


def limited(number, **fields):
    return testing.make_workspace(daily_quota=number, **fields)


def used(agent=None):
    row = QuotaUse.objects.filter(agent=agent).order_by("-day").first()
    return row.used if row else 0


def test_what_is_above_the_quota_waits_for_tomorrow_and_says_so(live, memory):
    limited(3)
    make_plenty(5)
    assert drain().sent == 3
    assert drain().sent == 0
    waiting = Approval.objects.filter(taken_at=None)
    midnight = datetime(2026, 3, 12, tzinfo=UTC)
    assert {row.due_at for row in waiting} == {midnight}
    assert {row.send_before for row in waiting} == {midnight + timedelta(hours=72)}
    said = set(Draft.objects.filter(status="approved").values_list("status_reason", flat=True))
    assert said == {"Daily quota of 3 reached; goes out tomorrow (2026-03-12 UTC)."}
    assert drain(WORKDAY + timedelta(days=1)).sent == 2
    assert used() == 2


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles"])
def test_tomorrow_is_the_day_of_the_workspace(live, memory, zone):
    """East of Greenwich its midnight is still today in UTC."""
    limited(1, time_zone=zone)
    make_plenty(2)
    drain()
    tomorrow = f"{AT.astimezone(ZoneInfo(zone)) + timedelta(days=1):%Y-%m-%d %Z}"
    [said] = Draft.objects.exclude(status_reason="").values_list("status_reason", flat=True)
    assert said == f"Daily quota of 1 reached; goes out tomorrow ({tomorrow})."


def test_what_a_quota_holds_is_held_and_freed_in_transactions_of_one_batch(
    live, memory, monkeypatch
):
    """On SQLite a stop waits for whoever writes: never for the whole queue."""
    workspace = limited(1)
    make_plenty(30)
    monkeypatch.setattr("approvals.rounds.BATCH", 4)
    live.SEND_CONNECTIONS = 3
    ended: list[int] = []  # how many wait for tomorrow at the end of each transaction
    held = Approval.objects.filter(due_at__gt=AT)

    def counted(work):
        ended[:] = [held.count()]
        leave = transaction.Atomic.__exit__

        def exit_(self, *fault):
            leave(self, *fault)
            if not connection.in_atomic_block:
                ended.append(held.count())

        with monkeypatch.context() as patch:
            patch.setattr(transaction.Atomic, "__exit__", exit_)
            done = work()
        return done, max(abs(b - a) for a, b in pairwise(ended))

    report, most = counted(drain)
    assert (report.sent, held.count()) == (1, 29)
    assert most <= 3 + 4
    freed, most = counted(lambda: quota.look_again(workspace, at=AT))
    assert (freed, held.count()) == (29, 0)
    assert most <= 4


def test_what_a_raised_quota_has_room_for_goes_out_today(live, memory):
    workspace = limited(3)
    make_plenty(6)
    assert drain().waiting_for == {"quota": 3}
    Workspace.objects.filter(pk=workspace.pk).update(daily_quota=5)
    assert drain().sent == 0
    assert quota.look_again(workspace, at=AT) == 3
    assert quota.look_again(workspace, at=AT) == 0
    report = drain()
    assert (report.sent, report.waiting_for) == (2, {"quota": 1})
    held = Approval.objects.get(taken_at=None)
    assert held.due_at == datetime(2026, 3, 12, tzinfo=UTC)
    assert used() == 5


def test_what_a_quota_holds_is_known_whatever_its_draft_says(live, memory):
    workspace = limited(1)
    make_plenty(2)
    drain()
    Draft.objects.update(status_reason="")
    assert quota.look_again(workspace, at=AT) == 1


def test_what_a_quota_held_and_is_taken_back_is_held_by_the_rules_alone(live, memory):
    limited(1)
    first, second = testing.make_approved(at=AT), testing.make_approved(at=AT)
    drain()
    held = Approval.objects.get(pk=max(first.pk, second.pk))
    assert held.not_before == held.quota_until is not None
    assert services.undo(held.pk, by=testing.alice(), at=AT).not_before is None


def test_what_waits_for_something_else_meanwhile_is_left_alone(live, memory):
    """A try that failed gave it another time: no hold of a quota any more, though one once was."""
    workspace = limited(1)
    make_plenty(2)
    drain()
    [held] = Approval.objects.filter(taken_at=None)
    Approval.objects.filter(pk=held.pk).update(taken_at=AT)
    taking.give_back([held.pk], due_at=AT + timedelta(hours=2))
    assert quota.look_again(workspace, at=AT) == 0


def test_what_was_asked_for_later_is_not_brought_forward(live, memory):
    workspace = limited(1)
    later = make_plenty(1)[0]
    Approval.objects.filter(pk=later.pk).update(due_at=AT + timedelta(hours=1))
    assert quota.look_again(workspace, at=AT) == 0


def test_the_hold_touches_no_other_channel_and_revives_no_permission(live, memory):
    limited(1)
    make_plenty(1)
    rest = [row.pk for row in make_plenty(3)]
    Approval.objects.filter(pk=rest[1]).update(channel="linkedin")
    Approval.objects.filter(pk=rest[2]).update(send_before=WORKDAY)
    drain()
    now = dict(Approval.objects.filter(pk__in=rest).values_list("pk", "due_at"))
    assert now[rest[0]] == datetime(2026, 3, 12, tzinfo=UTC)
    assert (now[rest[1]], now[rest[2]]) == (WORKDAY, WORKDAY)
    assert Approval.objects.get(pk=rest[2]).send_before == WORKDAY


def test_no_quota_is_no_limit_and_is_counted_all_the_same(live, memory):
    limited(None)
    make_plenty(30)
    assert drain().sent == 30
    assert used() == 30


def test_a_quota_of_the_agent_holds_its_own_messages_only(live, memory):
    limited(10)
    agent = testing.make_agent(daily_quota=1)
    bot = [testing.make_pending(by=agent) for _ in range(3)]
    for row in [*bot, testing.make_pending()]:
        services.approve(row.pk, by=testing.alice(), at=WORKDAY, digest=row.digest, undo_seconds=0)
    assert drain().sent == 2
    assert (used(), used(agent.agent)) == (2, 1)
    held = Draft.objects.filter(status="approved")
    assert {row.status_reason[:40] for row in held} == {"Daily quota of 1 of this agent reached; "
                                                        "goes out"[:40]}  # fmt: skip


def test_the_day_is_the_workspaces(live, memory):
    place = limited(1, time_zone="Pacific/Auckland")  # 23:00 there at 10:00 UTC
    make_plenty(2)
    Person.objects.update(time_zone="UTC")
    assert drain().sent == 1
    assert quota.next_day(place, AT) == datetime(2026, 3, 11, 11, tzinfo=UTC)
    assert drain(WORKDAY + timedelta(hours=1)).sent == 1


def test_a_zone_nobody_can_read_stops_no_other_workspace(live, memory):
    Workspace.objects.filter(pk=testing.make_workspace("broken").pk).update(time_zone="Mars/Base")
    broken = Workspace.objects.get(slug="broken")
    make_plenty(1, workspace=broken)
    make_plenty(1)
    assert drain().sent >= 1


@pytest.mark.parametrize(
    ("answer", "counted"),
    [(Outcome.REFUSED, 0), (Outcome.TRY_LATER, 0), (Outcome.UNKNOWN, 1), (Outcome.SENT, 1)],
)
def test_failed_is_refunded_unknown_is_kept(live, memory, answer, counted):
    limited(5)
    agent = testing.make_agent()
    row = testing.make_pending(by=agent)
    services.approve(row.pk, by=testing.alice(), at=WORKDAY, digest=row.digest, undo_seconds=0)
    memory.answers.append(Receipt(answer, "rcpt", "as the test says"))
    drain()
    assert (used(), used(agent.agent)) == (counted, counted)


def test_what_the_last_look_releases_is_refunded(live, memory):
    limited(5)
    testing.make_approved(at=WORKDAY.replace(hour=2))
    assert drain(WORKDAY.replace(hour=2)).released == 1
    assert used() == 0


def test_a_refund_is_of_the_day_that_was_counted_though_the_zone_changed_since(live):
    """What was sent by hand and was not after all; and an intent whose sender failed."""
    place = limited(3, time_zone="Pacific/Auckland")  # 23:01 there: two hours on it is tomorrow
    agent = testing.make_agent()
    row = testing.make_approved(by=agent)
    manual.mark_sent(row.pk, by=testing.alice(), at=AT)
    testing.make_approved(by=agent, at=WORKDAY)
    with transaction.atomic():
        [intent], _ = sending._claim(Lock, "email", [place.pk], 8, AT)
    assert (used(), used(agent.agent)) == (2, 2)
    Workspace.objects.filter(pk=place.pk).update(time_zone="Pacific/Kiritimati")  # tomorrow
    manual.mark_not_sent(Delivery.objects.get(status="manual").pk, by=testing.alice(), at=AT)
    with transaction.atomic():
        release_untransmitted([intent.pk], AT)
    assert (used(), used(agent.agent)) == (0, 0)


def test_a_failed_message_leaves_its_place_to_another(live, memory):
    limited(1)
    make_plenty(2)
    memory.answers.append(Receipt(Outcome.REFUSED, "rcpt", "550 no such user"))
    drain()
    Approval.objects.filter(taken_at=None, status="approved").update(due_at=AT)
    assert drain().sent == 1
    assert drain().sent == 0


def test_simulated_never_counts(memory):
    limited(1)
    make_plenty(3)
    assert drain().simulated == 3
    assert not QuotaUse.objects.exists()


def test_sent_by_hand_counts_even_above_the_limit():
    place = limited(1)
    agent = testing.make_agent()
    for _ in range(2):
        row = testing.make_approved(by=agent)
        with transaction.atomic():
            quota.count_by_hand(row, at=AT)
    assert (used(), used(agent.agent)) == (2, 2)
    assert quota_standing.of_workspace(place, at=AT).percent == 200


def test_a_quota_costs_one_statement_in_a_wave(live, memory):
    def statements(number):
        limited(number)
        make_plenty(8)
        with (
            transaction.atomic(),
            CaptureQueriesContext(
                connection,
            ) as found,
        ):
            sending._claim(Lock, "email", [testing.make_workspace().pk], 8, AT)
        return len([q for q in found.captured_queries if "quota_uses" in q["sql"]])

    statements(100)  # the day's row is made
    Delivery.objects.all().delete()
    assert statements(100) == 1


class Lock:
    """A sender's lock as far as a claim looks at it."""

    uuid, place, boot_id = UUID(int=0), "test", "boot"


LIMIT, DUE, SENDERS = 13, 40, 8


def test_eight_threads_keep_the_quota_exactly(live, tmp_path):
    limited(LIMIT)
    make_plenty(DUE)
    barrier, problems = threading.Barrier(SENDERS), []

    def work():
        try:
            for minute in range(6):
                barrier.wait(60)
                sending.process(clock=lambda now=minute: AT + timedelta(minutes=now))
        except BaseException as problem:
            problems.append(problem)
            barrier.abort()
        finally:
            connection.close()

    out = tmp_path / "letters"
    with registry.override("email", FileAdapter("email", out, 0.001)):
        threads = [threading.Thread(target=work) for _ in range(SENDERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not problems
    exactly(out)


@pytest.mark.processes
def test_eight_processes_keep_the_quota_exactly(live, start, tmp_path):
    limited(LIMIT)
    make_plenty(DUE)
    out = tmp_path / "letters"
    spec = {"channel": "email", "out": str(out), "job": "loop", "moving": True, "delay": 0.001}
    senders = [start(**spec) for _ in range(SENDERS)]
    for sender in senders:
        sender.expect("idle")
    exactly(out)


def exactly(out):
    assert len(out.read_text().splitlines()) == LIMIT
    assert Delivery.objects.filter(status="sent").count() == LIMIT
    assert used() == LIMIT
    held = Approval.objects.filter(taken_at=None, status="approved")
    assert held.count() == DUE - LIMIT
    assert {row.due_at for row in held} == {datetime(2026, 3, 12, tzinfo=UTC)}


def test_standing_warns_from_eighty_percent_on():
    said = quota_standing.Standing
    assert not said(15, 20).is_near
    assert said(16, 20).is_near
    assert said(16, 20).sentence() == (
        "Sent or perhaps sent: 16 of 20 today (80 %). The quota is nearly reached."
    )
    assert "goes out tomorrow" in said(20, 20).sentence()
    assert said(7, None).sentence() == "Sent or perhaps sent: 7 today; no daily quota is set."
    assert said(1, 20, "Scout").sentence().startswith("Scout, sent or perhaps sent: 1 of 20")


def test_standing_of_agents_is_two_statements(django_assert_num_queries):
    place = testing.make_workspace()
    for _ in range(3):
        testing.make_agent(daily_quota=7)
    with django_assert_num_queries(2):
        assert [row.limit for row in quota_standing.of_agents(place, at=AT)] == [7, 7, 7]


def test_a_quota_is_one_or_more():
    from django.db import IntegrityError

    with pytest.raises(IntegrityError), transaction.atomic():
        Workspace.objects.update(daily_quota=0)
    with pytest.raises(IntegrityError), transaction.atomic():
        Agent.objects.filter(pk=testing.make_agent().agent.pk).update(daily_quota=0)


def test_a_person_may_submit_above_the_quota():
    limited(1)
    testing.make_approved()
    assert submission.submit(testing.make_draft().pk, by=testing.bob(), at=AT).approval


def test_a_quota_that_never_has_room_does_not_prolong_a_permission_for_ever(live, memory):
    """Each day it is held anew; after ten times what it was given for, a person is asked again."""
    place = limited(1)
    make_plenty(1)
    ends = Approval.objects.get().decided_at + 10 * timedelta(hours=72)
    for day in range(29):
        at = AT + timedelta(days=day)
        use_up(place, at)
        assert (drain(at).sent, expiry.expire_due(at=at)) == (0, 0)
    assert Approval.objects.get().send_before == ends
    assert expiry.expire_due(at=ends) == 1
    assert Draft.objects.get().status == "draft"


def use_up(place, at):
    QuotaUse.objects.create(workspace=place, day=quota.local_day(place, at), used=1, lim=1)


def test_what_was_asked_for_a_later_time_is_counted_from_that(live, memory):
    place = limited(1)
    make_plenty(1)
    later = WORKDAY + timedelta(days=100)
    Approval.objects.update(
        scheduled_for=later, due_at=later, send_before=later + timedelta(days=3)
    )
    use_up(place, later)
    drain(later)
    assert Approval.objects.get().send_before > later + timedelta(days=3)


@pytest.mark.parametrize("there_and_back", [False, True])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Niue"])
def test_another_time_zone_makes_no_new_room(live, memory, zone, there_and_back):
    """It is tomorrow there by now, or yesterday still; nothing was sent on that day."""
    limited(2)
    make_plenty(6)
    Person.objects.update(time_zone="UTC")
    assert drain().sent == 2
    for name in (zone, "UTC") if there_and_back else (zone,):
        place = Workspace.objects.get()
        with transaction.atomic():
            quota.keep_day(place, Workspace(pk=place.pk, time_zone=name), at=AT)
            Workspace.objects.update(time_zone=name)
        Approval.objects.filter(taken_at=None).update(due_at=AT, quota_until=None)
        assert drain().sent == 0
