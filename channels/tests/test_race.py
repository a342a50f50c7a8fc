"""Several senders at once: each message has one of them, and each leaves once."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from approvals import submission, taking
from approvals.models import Approval
from approvals.tests.test_race import stand_still
from channels import inbound, liveness, sending
from channels.models import Delivery
from channels.tests.plenty import make_approvals, make_people, make_plenty
from channels.tests.sink import SmtpSink
from channels.tests.test_crash import everything_is_accounted_for
from outreach import testing
from outreach.core import consent
from outreach.core.models import Workspace
from outreach.testing import WORKDAY

pytest_plugins = ["channels.tests.senders"]
pytestmark = pytest.mark.django_db(transaction=True)
NOW = WORKDAY + timedelta(minutes=1)


@pytest.mark.processes
@pytest.mark.parametrize("count", [2, 4])
def test_drains_at_once_share_the_messages_and_send_each_once(count, start, live):
    make_plenty(160)
    with SmtpSink(delay=0.002) as sink:
        senders = [start(sink, connections=4) for _ in range(count)]
        reports = [sender.done() for sender in senders]
        assert sum(report["sent"] for report in reports) == 160
        assert sum(report["sent"] > 0 for report in reports) >= 2
        everything_is_accounted_for(sink, most_unknown=0)


@pytest.mark.processes
def test_drains_at_once_over_the_same_people_lose_and_double_nothing(start, live):
    """Three messages each for ten people: one in flight for each, the others wait and follow."""
    make_approvals(make_people(10, testing.make_workspace()), each=3)
    with SmtpSink(delay=0.001) as sink:
        senders = [start(sink, connections=4, moving=True, speed=200, job="loop") for _ in "123"]
        for sender in senders:
            sender.expect("idle")
        everything_is_accounted_for(sink, most_unknown=0)
        assert len(sink.arrivals) == 30


def claim(count: int, results: list[int], barrier: threading.Barrier) -> None:
    try:
        lock = liveness.SenderLock.acquire()
        barrier.wait(10)
        with transaction.atomic(durable=True):
            places = list(Workspace.objects.values_list("pk", flat=True))
            rows, _ = sending._claim(lock, "email", places, count, NOW)
        results.extend(row.approval_id for row in rows)
    finally:
        connection.close()


def test_eight_claims_at_one_instant_never_take_the_same_row(live):
    everything = {row.pk for row in make_plenty(40)}
    for _ in range(5):
        results: list[int] = []
        barrier = threading.Barrier(8)
        threads = [threading.Thread(target=claim, args=(10, results, barrier)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(results) == len(set(results))
        assert set(results) <= everything
        Delivery.objects.all().delete()
        with transaction.atomic():
            taking.give_back(everything, due_at=WORKDAY)


def test_claims_for_the_same_people_in_any_order_never_deadlock(live):
    """Rows of one claim go in person order (DESIGN.md X8); a conflict waits five seconds."""
    people = make_people(12, testing.make_workspace())
    make_approvals(people, each=4)
    results: list[int] = []
    barrier = threading.Barrier(6)
    threads = [threading.Thread(target=claim, args=(12, results, barrier)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    flying = list(Delivery.objects.filter(status="sending").values_list("human_id", flat=True))
    assert sorted(flying) == sorted(person.pk for person in people)
    assert len(results) == 12
    taken = Approval.objects.filter(taken_at__isnull=False).values_list("pk", flat=True)
    assert set(taken) == set(results), "whoever lost gave its approval back"


def asked_for(person):
    """The first round is of the second message: in the index of open rounds it stands behind."""
    messages = [testing.make_draft(person) for _ in "12"]
    by = testing.bob()
    return [submission.submit(row.pk, by=by, at=WORKDAY).approval for row in reversed(messages)]


def grants(person):
    return [
        consent.grant(
            person, "email", "customer", source="contract", by=testing.bob(), at=WORKDAY
        )
        for _ in "12"
    ]  # fmt: skip


ORDERED = {
    "what comes to the top": (
        asked_for,
        lambda person: inbound.to_the_top(person, "a complaint", at=WORKDAY),
        {"created_at": NOW},
    ),
    "consents that end": (
        grants,
        lambda person: consent.withdraw(person, reason="asked", by=testing.bob(), at=WORKDAY),
        {"source": "contract 7"},
    ),
}


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer")
@pytest.mark.parametrize("what", ORDERED)
def test_rows_are_locked_in_the_order_of_their_numbers(what):
    """Whoever holds the first and wants the second meets nobody who holds the second."""
    make, act, change = ORDERED[what]
    person = testing.make_person()
    first, second = make(person)
    rows = type(first).objects
    rows.filter(pk=first.pk).update(**change)  # stands behind the second now
    done, problems = threading.Event(), []

    def other():
        try:
            act(person)
        except BaseException as problem:
            problems.append(problem)
        finally:
            done.set()
            connection.close()

    with transaction.atomic():
        rows.select_for_update().get(pk=first.pk)
        threading.Thread(target=other).start()
        stand_still(done)
        rows.select_for_update().get(pk=second.pk)
    assert done.wait(30) and problems == []
