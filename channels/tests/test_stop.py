"""Stop means stop: after the answer "stopped" nothing leaves that the answer did not list."""

from __future__ import annotations

import random
import threading
import time
from datetime import timedelta

import pytest
from django.db import connection

from approvals.models import Approval
from channels import quiet, sending, stop
from channels.models import Delivery
from channels.quiet import StopReport
from channels.tests import counting
from channels.tests.plenty import make_plenty
from channels.tests.sink import SmtpSink
from outreach import testing
from outreach.core.models import Person
from outreach.core.models.people import PersonStatus
from outreach.testing import WORKDAY
from safety.models import ControlKey, SystemControl

pytest_plugins = ["channels.tests.senders"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]

K = 4
BUSY = 1 if connection.vendor == "sqlite" else 3  # SQLite has one writer; `make run` one sender
SET = WORKDAY + timedelta(minutes=1)


def clock():
    return WORKDAY + timedelta(minutes=2)


def approval_of(arrival) -> int:
    return int(arrival.message_id.split("@")[0].split(".")[1])


def wait(scope=None, *, patience: float = 5.0) -> tuple[StopReport, float]:
    """The answer, and the moment at which it was given."""
    everything = quiet.scope_of()
    report = quiet.wait(scope or everything, set_at=SET, patience=patience, clock=clock)
    return report, time.monotonic()


def late(sink: SmtpSink, report: StopReport, answered: float, until: float = 0) -> list[int]:
    """Approvals that arrived after "stopped" and were not on its list."""
    listed = {row["approval"] for row in (*report.may_have_left, *report.unknown_before)}
    return [
        approval_of(item)
        for item in sink.arrivals
        if answered < item.tick < (until or float("inf")) and approval_of(item) not in listed
    ]


def emergency() -> None:
    stop.emergency_stop(workspace=None, reason="test", by=testing.olaf(), clock=lambda: SET)


def brake(key: str) -> None:
    stop.set_brake(key, workspace=None, reason="test", by=testing.olaf(), at=SET)


STOPS = {
    "emergency": emergency,
    "messaging": lambda: brake(ControlKey.MESSAGING_ENABLED),
    "dry run": lambda: brake(ControlKey.DRY_RUN),
}
PERSON_STOPS = {
    "block": lambda p: stop.stop_person(
        p, PersonStatus.BLOCKED, reason="test", by=testing.alice(), at=SET
    ),
    "desist": lambda p: stop.stop_person(
        p, PersonStatus.DESIST, reason="test", by=testing.alice(), at=SET
    ),
    "automation off": lambda p: stop.set_automation(
        p, False, reason="test", by=testing.alice(), at=SET
    ),
}


def let_senders_look(senders, sink) -> None:
    """Give living senders the time to do wrong: several of their rounds."""
    before = len(sink.arrivals)
    time.sleep(0.25)
    assert all(sender.state() in "RSD" for sender in senders)
    assert len(sink.arrivals) == before


@pytest.mark.parametrize("kind", STOPS)
def test_nothing_arrives_after_a_stop_in_the_middle_of_many_waves(kind, start, live):
    make_plenty(400)
    with SmtpSink(delay=0.004) as sink:
        senders = [start(sink, connections=K, job="loop") for _ in range(3)]
        sink.wait_for(20)
        STOPS[kind]()
        report, answered = wait()
        assert report.stopped
        assert not report.killed
        let_senders_look(senders, sink)
        assert late(sink, report, answered) == []
        assert 20 <= len(sink.arrivals) < 400, "the stop came in the middle"
        assert not Delivery.objects.filter(status="sending").exists()


def test_what_an_emergency_stop_caught_is_back_in_the_queue_and_lifting_fires_nothing(start, live):
    make_plenty(120)
    with SmtpSink(delay=0.001) as sink:
        senders = [start(sink, connections=K, job="loop") for _ in range(2)]
        sink.wait_for(20)
        emergency()
        wait()
        stop.enable_all(workspace=None, reason="over", by=testing.olaf(), at=clock())
        let_senders_look(senders, sink)
        sent = len(sink.arrivals)
        assert Approval.objects.filter(status="pending").count() == 120 - sent
        assert not Approval.objects.filter(status="approved", taken_at=None).exists()


@pytest.mark.parametrize("kind", PERSON_STOPS)
def test_nothing_arrives_at_a_person_after_their_stop(kind, start, live):
    approvals = make_plenty(200)
    with SmtpSink(delay=0.004) as sink:
        senders = [start(sink, connections=K, job="loop") for _ in range(2)]
        sink.wait_for(10)
        answers = {}
        for approval in approvals[:60:-20]:  # from the end: those whose turn comes last
            ids = PERSON_STOPS[kind](approval.human)
            answers[approval.pk] = wait(quiet.scope_of(humans=ids))
        sink.wait_for(190)
        for sender in senders:
            sender.freeze()
        for pk, (report, answered) in answers.items():
            assert report.stopped
            assert pk not in late(sink, report, answered)
        gone = {approval_of(item) for item in sink.arrivals}
        assert not set(answers) <= gone, "at least one stop came before its message"


@pytest.mark.parametrize("kind", PERSON_STOPS)
def test_who_stops_between_claim_and_look_gets_nothing_and_the_others_do(kind, start, live):
    approvals = make_plenty(K)
    with SmtpSink() as sink:
        sender = start(sink, connections=K, freeze="claimed").frozen()
        ids = PERSON_STOPS[kind](approvals[0].human)
        sender.resume()
        report, _ = wait(quiet.scope_of(humans=ids))
        assert (report.stopped, report.may_have_left) == (True, [])
        sink.wait_for(K - 1)
        sender.gone()
        assert {approval_of(item) for item in sink.arrivals} == {one.pk for one in approvals[1:]}


@pytest.mark.parametrize("point", ["claimed", "looked", "body", "dot", "transmitted"])
def test_a_sender_frozen_around_its_write_is_killed_before_stopped_is_said(point, start, live):
    make_plenty(10)
    with SmtpSink() as sink:
        sender = start(sink, connections=K, freeze=point).frozen()
        emergency()
        report, answered = wait(patience=0.2)
        sender.resume()
        sender.gone()
        assert report.stopped
        assert len(report.killed) == 1
        assert len(report.may_have_left) == K
        time.sleep(0.1)
        assert late(sink, report, answered) == []
        assert Delivery.objects.filter(status="unknown").count() == K


def test_a_frozen_sender_on_another_machine_keeps_the_answer_at_not_yet(start, live, tmp_path):
    make_plenty(10)
    with SmtpSink() as sink:
        sender = start(sink, connections=K, freeze="looked", data_dir=tmp_path).frozen()
        emergency()
        report, _ = wait(patience=0.2)
        assert not report.stopped
        assert report.effective_at is None
        assert len(report.still_open) == K
        assert "not on this machine" in report.killed[0]
        sender.resume()
        sender.done()
        report, answered = wait()
        assert report.stopped
        assert late(sink, report, answered) == []
        assert len(sink.arrivals) == K, "what was on its way left before the second answer"


def test_a_server_that_never_answers_does_not_hold_up_the_stop(start, live):
    make_plenty(10)
    with SmtpSink({"dot": "hang"}) as sink:
        start(sink, connections=K)
        sink.wait_for(K)
        emergency()
        report, answered = wait(patience=0.3)
        assert report.stopped
        assert {row["approval"] for row in report.may_have_left} == {
            approval_of(item) for item in sink.arrivals
        }
        assert late(sink, report, answered) == []


@pytest.mark.parametrize(("drip", "killed"), [(0.01, 0), (5.0, 1)])
def test_a_server_that_drips_its_answer_is_waited_for_or_given_up(drip, killed, start, live):
    make_plenty(10)
    with SmtpSink({"dot": f"drip {drip}"}) as sink:
        start(sink, connections=K)
        sink.wait_for(K)
        emergency()
        report, answered = wait(patience=3.0 if not killed else 0.3)
        assert report.stopped
        assert len(report.killed) == killed
        assert len(report.may_have_left if killed else report.left_meanwhile) == K
        assert late(sink, report, answered) == []


def test_a_message_of_unknown_fate_from_before_the_stop_is_on_its_list(start, live):
    """The server may still be reading what a dead sender left in the socket."""
    make_plenty(K)
    with SmtpSink({"dot": "hang"}) as sink:
        sender = start(sink, connections=K)
        sink.wait_for(K)
        sender.kill()
        sending.settle.sweep(at=SET - timedelta(minutes=1))
        emergency()
        report, _ = wait()
        assert report.stopped
        assert (len(report.may_have_left), len(report.unknown_before)) == (0, K)


def test_what_this_stop_interrupted_is_told_apart_from_older_unknowns(start, live):
    """Also by the clock of another machine that is a little behind."""
    make_plenty(3 * K)
    with SmtpSink({"dot": "hang"}) as sink:
        for count, at in ((1, SET - timedelta(minutes=20)), (2, SET - timedelta(seconds=10))):
            sender = start(sink, connections=K)
            sink.wait_for(count * K)
            sender.kill()
            sending.settle.sweep(at=at)
        start(sink, connections=K)
        sink.wait_for(3 * K)
        emergency()
        report, _ = wait(patience=0.3)
    old, *new = [
        {approval_of(item) for item in sink.arrivals[n * K : (n + 1) * K]} for n in range(3)
    ]
    assert {row["approval"] for row in report.unknown_before} == old
    assert {row["approval"] for row in report.may_have_left} == set().union(*new)
    assert all(row["ended"] for row in (*report.unknown_before, *report.may_have_left))


def test_the_flag_is_committed_at_once_however_busy_the_senders_are(start, live):
    make_plenty(300)
    with SmtpSink() as sink:
        for _ in range(BUSY):
            start(sink, connections=10, job="loop")
        sink.wait_for(10)
        times = []
        for turn in range(10):
            began = time.monotonic()
            (brake if turn % 2 == 0 else lift)(ControlKey.MESSAGING_ENABLED)
            times.append(time.monotonic() - began)
        assert max(times) < 5.0, "busy senders must not make a stop queue behind their work"


def lift(key: str) -> None:
    stop.switch_on(key, workspace=None, reason="test", by=testing.olaf(), at=SET)


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")
@pytest.mark.parametrize("kind", ["emergency", "block"])
def test_a_sender_frozen_within_its_claim_holds_up_no_flag(kind, start, live):
    """It holds row locks on approvals; a stop that waited for those would never set its flag."""
    approvals = make_plenty(K)
    with SmtpSink() as sink:
        sender = start(sink, connections=K, freeze="claim").frozen()
        stopper = threading.Thread(target=_stop_elsewhere, args=(kind, approvals[0].human))
        stopper.start()
        stopper.join(20)
        in_time = not stopper.is_alive()
        sender.resume()
        sender.gone()
        stopper.join()
        assert in_time, "the stop waited for a lock of the sender"
        arrived = {approval_of(item) for item in sink.arrivals}
        assert arrived.isdisjoint(
            [row.pk for row in approvals] if kind == "emergency" else [approvals[0].pk]
        )


def _stop_elsewhere(kind: str, person: Person) -> None:
    try:
        if kind == "emergency":
            emergency()
        else:
            PERSON_STOPS["block"](person)
    finally:
        connection.close()


def test_a_control_row_that_is_gone_stops_the_senders(start, live):
    make_plenty(150)
    with SmtpSink(delay=0.001) as sink:
        senders = [start(sink, connections=K, job="loop") for _ in range(2)]
        sink.wait_for(10)
        SystemControl.objects.filter(workspace=None, control_key="MESSAGING_ENABLED").delete()
        report, answered = wait()
        let_senders_look(senders, sink)
        assert late(sink, report, answered) == []


def test_thirty_stops_under_load(start, live):
    many_stops(start, 32, seed=7)


@pytest.mark.torture
def test_four_hundred_stops_under_load(start, live):
    many_stops(start, 400, seed=11)


def many_stops(start, count: int, seed: int) -> None:
    """Stops and restarts at random moments; the sink finds no arrival between answer and lift."""
    rng = random.Random(seed)
    make_plenty(20 * count)
    with SmtpSink(delay=0.0005) as sink:
        senders = [start(sink, connections=K, job="loop") for _ in range(2)]
        closed = []
        for turn in range(count):
            key = rng.choice([ControlKey.MESSAGING_ENABLED, ControlKey.EMERGENCY_STOP])
            brake(key)
            report, answered = wait()
            assert report.stopped
            time.sleep(rng.choice([0, 0.002, 0.02]))
            until = time.monotonic()
            closed.append((report, answered, until))
            lift_any(key)
            time.sleep(rng.uniform(0.005, 0.04))
            sink.wait_for(turn + 1)  # on a slow machine too, messages leave between the stops
        for sender in senders:
            sender.freeze()
        after = [late(sink, report, answered, until) for report, answered, until in closed]
        counting.count(stops=count, late=sum(map(len, after)))
        assert not any(after)
        assert len(sink.arrivals) >= count, "messages left between the stops"


def lift_any(key: str) -> None:
    """Lift without the reopening that `enable_all` does, so that the senders have work."""
    SystemControl.objects.filter(workspace=None, control_key=key).update(
        enabled=key == ControlKey.MESSAGING_ENABLED
    )
