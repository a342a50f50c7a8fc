"""A channel in trouble waits, tries with one message, asks a person: the rules, then the job."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.test import Client

from channels import breaker, registry, sending
from channels.adapters.email import EmailAdapter
from channels.adapters.memory import MemoryAdapter
from channels.base import ChannelUnavailable, Fault, Outcome, Receipt
from channels.breaker import State
from channels.models import ChannelHealth, Delivery
from channels.tests.plenty import make_plenty
from channels.tests.sink import SmtpSink
from outreach import testing
from outreach.core.permissions import NotAllowed
from outreach.testing import WORKDAY

SENT, UNKNOWN = Receipt(Outcome.SENT), Receipt(Outcome.UNKNOWN)
NO = Receipt(Outcome.REFUSED, fault=Fault.MESSAGE)
LATER = Receipt(Outcome.TRY_LATER)  # such as greylisting: about one message
SLOW = Receipt(Outcome.TRY_LATER, retry_after=600.0, fault=Fault.RATE)
LOCKED = Receipt(Outcome.TRY_LATER, reply="token expired", fault=Fault.AUTH)


def minutes(count: float):
    return WORKDAY + timedelta(minutes=count)


RULES = [
    (State(), [SENT, NO, LATER], State()),
    (State(), [NO, LATER], State()),
    (State(), [UNKNOWN], State(troubles=1)),
    (State(troubles=1), [UNKNOWN, SENT], State()),
    (State(troubles=2), [UNKNOWN], State(rests=1, rest_until=minutes(1))),
    (State(rests=1), [UNKNOWN], State(rests=2, rest_until=minutes(2))),
    (State(rests=4), [UNKNOWN], State(rests=5, rest_until=minutes(16))),
    (State(rests=2), [NO], State(rests=2)),
    (State(rests=2), [SENT], State()),
    (State(), [SENT, SLOW], State(rests=1, rest_until=minutes(10))),
    (State(), [SENT, LOCKED], State(paused="auth: token expired")),
    (State(), [], State()),
]


@pytest.mark.parametrize(("state", "receipts", "expected"), RULES)
def test_what_a_wave_does_to_the_channel(state, receipts, expected):
    assert breaker.after(state, receipts, WORKDAY) == expected


def test_five_rests_in_a_row_are_for_a_person():
    state = breaker.after(State(rests=5), [UNKNOWN], WORKDAY)
    assert state.paused == "5 rests in a row did not help"


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault.SERVICE, State(troubles=1)),
        (Fault.RATE, State(rests=1, rest_until=minutes(1))),
        (Fault.POLICY, State(paused="policy: x")),
        (Fault.AUTH, State(paused="auth: x")),
    ],
)
def test_what_a_closed_door_does(fault, expected):
    assert breaker.away(State(), ChannelUnavailable("x", fault), WORKDAY) == expected


def test_after_trouble_one_message_goes_first():
    assert State().most(10) == 10
    assert State(troubles=1).most(10) == State(rests=1).most(10) == 1
    assert State(rests=1).most(0) == 0


@pytest.fixture
def memory(live, transactional_db):
    live.SEND_CONNECTIONS = 4
    MemoryAdapter.reset()
    with registry.override("email", MemoryAdapter("email")):
        yield MemoryAdapter
    MemoryAdapter.reset()


def test_a_server_that_never_answers_parks_one_wave_and_two_more_messages(memory):
    make_plenty(12)
    memory.answers.extend([Outcome.UNKNOWN] * 50)
    report = sending.process(clock=lambda: minutes(1))
    assert len(memory.carried) == 4 + 1 + 1
    assert "rests until" in " ".join(report.notes)
    sending.process(clock=lambda: minutes(1.5))
    assert len(memory.carried) == 6, "while it rests nothing is handed over"
    memory.answers.clear()
    assert sending.process(clock=lambda: minutes(2.5)).sent == 6
    assert breaker.load("email") == State()


def test_a_server_that_hangs_up_uses_up_no_tries_of_a_queue(settings, memory):
    make_plenty(12)
    with SmtpSink({"mail": "drop"}) as sink:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = sink.host, sink.port
        with registry.override("email", EmailAdapter()):
            report = sending.process(clock=lambda: minutes(1))
            sending.process(clock=lambda: minutes(1.5))
    assert (report.failed, Delivery.objects.count()) == (4 + 1 + 1, 6)
    assert "rests until" in " ".join(report.notes)


def test_why_a_channel_rests_is_told_whenever_it_is_met(memory):
    refused = Receipt(Outcome.TRY_LATER, "connect", "Connection refused", fault=Fault.SERVICE)
    memory.answers.extend([refused] * 50)
    for at in (1, 1.5):
        make_plenty(6)
        notes = " ".join(sending.process(clock=lambda at=at: minutes(at)).notes)
        assert "email rests until" in notes and "errors: try later on connecting" in notes
        assert "Connection refused" in notes
    assert "Connection refused" in breaker.troubled(minutes(1.5))[0][1]


def test_a_pause_holds_until_an_operator_lifts_it(memory):
    make_plenty(6)
    memory.answers.append(LOCKED)
    sending.process(clock=lambda: minutes(1))
    carried = len(memory.carried)
    sending.process(clock=lambda: minutes(300))
    assert len(memory.carried) == carried
    assert breaker.troubled(minutes(300))[0][0] == "email"
    with pytest.raises(NotAllowed):
        breaker.resume("email", by=testing.alice(), at=minutes(300))
    client = Client()
    client.force_login(testing.olaf().user)
    assert "token expired" in client.get("/admin/controls/").content.decode()
    client.post("/admin/controls/", {"act": "resume", "channel": "email"})
    assert ChannelHealth.objects.get().paused == ""
    assert sending.process(clock=lambda: minutes(301)).sent > 0
    with pytest.raises(breaker.NotPaused):
        breaker.resume("whatsapp", by=testing.olaf(), at=minutes(301))


def test_another_workers_success_does_not_lift_a_pause(memory):
    breaker.store("email", State(paused="auth: x"), at=WORKDAY)
    breaker.store("email", State(), at=WORKDAY)
    assert breaker.load("email").paused == "auth: x"


def test_what_is_not_configured_is_no_trouble(memory):
    make_plenty(1)
    memory.missing = "Set X."
    for turn in range(5):
        assert sending.process(clock=lambda turn=turn: minutes(turn)).sent == 0
    assert breaker.load("email") == State()


def test_a_cause_that_cannot_be_read_ends_no_wave(monkeypatch, db):
    """It is asked when the state is stored, and told only."""

    def away(*_):
        raise OperationalError("the database is away")

    notes: list[str] = []
    resting = State(troubles=3, rests=1, rest_until=minutes(5))
    monkeypatch.setattr(breaker, "_with_cause", away)
    assert breaker.keep("email", resting, notes, at=minutes(1)) == resting
    assert notes == [] and breaker.load("email") == resting
