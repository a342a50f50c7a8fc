"""The database fails at the worst moments: outcomes are recorded later or unknown, never twice."""

from __future__ import annotations

import contextlib
from concurrent import futures
from datetime import timedelta

import pytest
from django.db import DatabaseError, OperationalError, connection, connections

from approvals.models import Approval, QuotaUse
from channels import carrying, registry, sending, timeline
from channels.adapters.memory import MemoryAdapter
from channels.liveness import SenderLock, default_directory
from channels.models import Delivery
from channels.tests.plenty import make_plenty
from channels.tests.sink import SmtpSink
from channels.tests.test_crash import K, everything_is_accounted_for
from outreach.core.models import Activity
from outreach.testing import WORKDAY

pytest_plugins = ["channels.tests.senders"]
pytestmark = pytest.mark.django_db(transaction=True)


def clock():
    return WORKDAY + timedelta(minutes=1)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(sending.time, "sleep", lambda _: None)


@pytest.fixture
def memory(live):
    live.SEND_CONNECTIONS = K
    MemoryAdapter.reset()
    with registry.override("email", MemoryAdapter("email")):
        yield MemoryAdapter
    MemoryAdapter.reset()


@pytest.fixture
def lose_commit(monkeypatch):
    """Let the database take the n-th COMMIT and lose its answer, and the connection with it."""

    def arrange(which: int) -> None:
        kind = type(connections["default"])
        original, turns = kind._commit, []

        def commit(self):
            original(self)
            turns.append(self)
            if len(turns) == which:
                self.connection.close()
                raise OperationalError("server closed the connection unexpectedly")

        monkeypatch.setattr(kind, "_commit", commit)

    return arrange


def each_left_once(memory, count: int, *, unknown: int = 0) -> None:
    """Every message left once or never was handed over; what is not sent is unknown."""
    tokens = [envelope.message_id for envelope in memory.outbox]
    assert len(tokens) == len(set(tokens)), "a message left twice"
    status = list(Delivery.objects.exclude(status="released").values_list("status", flat=True))
    assert status.count("sent") == count - unknown
    assert status.count("unknown") == unknown
    assert len(status) == count
    assert not Approval.objects.filter(taken_at=None).exists()


@pytest.mark.processes
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no server to lose")
@pytest.mark.parametrize("point", ["claimed", "looked", "transmitted", "recorded"])
def test_a_session_ended_by_the_server_costs_no_outcome(point, start, mail):
    make_plenty(14)
    with SmtpSink() as sink:
        sender = start(sink, connections=K, freeze=point)
        backend = int(sender.expect("ready"))
        sender.frozen()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [backend])
        sender.resume()
        sender.done()
        mail(sink, K)
        sending.process(clock=clock)
        everything_is_accounted_for(sink, most_unknown=0)


@pytest.mark.parametrize("which", range(2, 7))
def test_a_lost_answer_to_any_commit_doubles_nothing(which, memory, lose_commit):
    make_plenty(14)
    lose_commit(which)
    first = sending.process(clock=clock)
    sending.process(clock=clock)
    assert first.database_failures == 1
    each_left_once(memory, 14)


@pytest.mark.parametrize("which", range(2, 8))
def test_a_refused_commit_doubles_nothing(which, memory, monkeypatch):
    make_plenty(14)
    original = sending._record
    turns = []

    def record(last, *rest):
        told = original(last, *rest)
        turns.append(last)
        if len(turns) == which:
            raise OperationalError("could not serialize access")
        return told

    monkeypatch.setattr(sending, "_record", record)
    sending.process(clock=clock)
    sending.process(clock=clock)
    each_left_once(memory, 14)


def test_a_database_that_stays_away_leaves_at_most_one_wave_unknown(memory, monkeypatch):
    make_plenty(14)
    original = sending._record

    def record(last, *rest):
        if last.carried:
            raise OperationalError("the database is away")
        return original(last, *rest)

    with monkeypatch.context() as away:
        away.setattr(sending, "_record", record)
        with pytest.raises(DatabaseError):
            sending.process(clock=clock)
    assert Delivery.objects.filter(status="sending").count() == K
    sending.process(clock=clock)
    each_left_once(memory, 14, unknown=K)


def test_a_failed_look_leaves_nothing_unknown_for_nothing_was_handed_over(memory, monkeypatch):
    make_plenty(6)
    with monkeypatch.context() as broken:
        broken.setattr(sending, "look", _fail)
        assert sending.process(clock=clock).database_failures == 1
    assert memory.carried == []
    assert not Delivery.objects.filter(status__in=["sending", "unknown"]).exists()
    sending.process(clock=clock)
    each_left_once(memory, 6)


@pytest.mark.parametrize("step", ["look", "put_together"])
@pytest.mark.parametrize("fault", [FileNotFoundError("sealing.key"), KeyboardInterrupt()])
def test_whatever_ends_a_wave_before_it_is_handed_over_leaves_nothing_unknown(
    memory, monkeypatch, step, fault
):
    """A key file that is gone, a fault of ours, Ctrl-C: no byte left, so all of it is due again."""
    make_plenty(6)

    def broken(*args, **kwargs):
        raise fault

    with monkeypatch.context() as away:
        away.setattr(sending, step, broken)
        with pytest.raises(type(fault)):
            sending.process(clock=clock)
    assert memory.carried == []
    assert not Delivery.objects.filter(status__in=["sending", "unknown"]).exists()
    assert QuotaUse.objects.filter(used__gt=0).count() == 0
    each_release_is_told("never_transmitted")
    sending.process(clock=clock)
    each_left_once(memory, 6)


def each_release_is_told(code: str) -> None:
    """The log ends each intent that it began, and its page says so in words."""
    for row in Delivery.objects.filter(status="released"):
        told = Activity.objects.filter(object_type="delivery", object_id=str(row.pk))
        began, ended = told.order_by("pk")
        assert (began.verb, ended.verb) == ("channels.sending", "channels.released")
        assert ended.codes["code"] == code
        assert ended.codes["approval"] == row.approval_id
        assert ended.digest == row.approval.digest
        last = timeline.of(row)[-1]
        assert last.what == "Given up by its sender, which failed: nothing was handed over"


def _fail(*args, **kwargs):
    raise OperationalError("the database went away")


@pytest.mark.parametrize("step", ["look", "put_together"])
@pytest.mark.parametrize("fault", [FileNotFoundError("sealing.key"), OperationalError("gone")])
def test_a_fault_that_stays_leaves_no_file_for_each_time(memory, monkeypatch, step, fault):
    make_plenty(2)

    def broken(*args, **kwargs):
        raise fault

    monkeypatch.setattr(sending, step, broken)
    before = set(default_directory().glob("*.lock"))
    for _ in range(3):
        with contextlib.suppress(FileNotFoundError):
            sending.process(clock=clock)
    assert Delivery.objects.filter(status="released").count() == 6
    assert set(default_directory().glob("*.lock")) == before


def test_a_fault_after_the_hand_over_leaves_the_proof_of_death(memory, monkeypatch):
    """Those rows are open: whoever settles them must be able to prove that nobody sends them."""
    make_plenty(2)

    def broken(*args, **kwargs):
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(sending.Connections, "carry", broken)
    before = set(default_directory().glob("*.lock"))
    with pytest.raises(RuntimeError):
        sending.process(clock=clock)
    [left] = set(default_directory().glob("*.lock")) - before
    assert {str(row.sender) for row in Delivery.objects.filter(status="sending")} == {left.stem}


def test_after_an_unanswered_commit_the_proof_of_death_stays(memory, lose_commit):
    """The server may finish a COMMIT after we looked: the rows that then appear must still be
    recognisable as nobody's, or no stop could ever say "stopped" again."""
    make_plenty(4)
    before = set(default_directory().glob("*.lock"))
    lose_commit(2)
    sending.process(clock=clock)
    [left] = set(default_directory().glob("*.lock")) - before
    assert left.stem == str(Delivery.objects.first().sender)


def test_an_interrupted_sender_keeps_its_lock_until_no_thread_can_write(memory, monkeypatch):
    """Ctrl-C in the middle of a wave: whoever finds the lock free may call the sender dead."""
    make_plenty(K)
    memory.delay = 30
    at_release = []
    original = SenderLock.release

    def release(self, **rest):
        at_release.append((len(memory.carried) - len(memory.outbox), rest))
        original(self, **rest)

    def interrupt(*args, **rest):
        monkeypatch.setattr(carrying, "wait", futures.wait)
        raise KeyboardInterrupt

    monkeypatch.setattr(SenderLock, "release", release)
    monkeypatch.setattr(carrying, "wait", interrupt)
    with pytest.raises(KeyboardInterrupt):
        sending.process(clock=clock)
    assert at_release == [(0, {"all_ended": False})], "every thread had come back by then"
    sending.process(clock=clock)
    each_left_once(memory, K, unknown=K)
