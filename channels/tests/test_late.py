"""A sender that stood still after its last look (a machine that slept, a disk, a signal) hands
nothing over on what it read then: hours, limits and permissions may have ended meanwhile."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest

from approvals.models import QuotaUse
from channels import base, breaker, look, outcomes, registry, sending
from channels.adapters.memory import MemoryAdapter
from channels.adapters.whatsapp import WhatsAppAdapter
from channels.base import Envelope, Fault, Outcome, Receipt
from channels.carrying import Connections
from channels.models import Delivery
from channels.tests.courier import PLAIN, carry, make_envelope
from channels.tests.http_sink import HttpSink
from channels.tests.plenty import make_plenty
from channels.tests.sink import SmtpSink
from outreach import testing
from outreach.testing import WORKDAY

pytest_plugins = ["channels.tests.senders"]
DEADLINE = 1


@pytest.fixture
def pause(monkeypatch):
    """`pause(seconds)`: so much later it is by the machine's own clock."""
    passed = [0.0]
    monkeypatch.setattr(base, "uptime", lambda: passed[0])

    def stand_still(seconds: float) -> None:
        passed[0] += seconds

    return stand_still


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("paused", "sent"), [(0, 3), (3 * DEADLINE, 0)])
def test_a_sender_woken_after_its_look_sends_what_it_knew_only_if_that_is_fresh(
    paused, sent, start, live
):
    make_plenty(3)
    with SmtpSink() as sink:
        sender = start(sink, connections=3, freeze="looked", deadline=DEADLINE, timeout=10).frozen()
        time.sleep(paused)
        sender.resume()
        report = sender.done()
        assert (report["sent"], len(sink.arrivals)) == (sent, sent)
    status = "sent" if sent else "released"
    assert set(Delivery.objects.values_list("status", flat=True)) == {status}
    again = Delivery.objects.filter(approval__taken_at__isnull=True)
    assert again.count() == 3 - sent, "they are looked at again"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["read", "put_together"])
def test_what_stands_still_anywhere_after_the_first_read_counts(name, live, pause, monkeypatch):
    approval = testing.make_approved()
    place, attribute = {"read": (look.facts, "gather"), "put_together": (sending, "put_together")}[
        name
    ]
    original = getattr(place, attribute)

    def slow(*args, **kwargs):
        pause(live.SEND_DEADLINE_SECONDS + 1)
        return original(*args, **kwargs)

    monkeypatch.setattr(look, "uptime", base.uptime)
    monkeypatch.setattr(place, attribute, slow)
    MemoryAdapter.reset()
    with registry.override("email", MemoryAdapter("email")):
        report = sending.process(clock=lambda: WORKDAY)
    assert (report.sent, MemoryAdapter.carried) == (0, [])
    assert approval.deliveries.get().reason.startswith("try later")
    assert QuotaUse.objects.get().used == 0


@pytest.mark.django_db(transaction=True)
def test_what_stands_still_once_it_has_read_the_time_counts(live, pause, monkeypatch):
    """Hours and permissions are judged by that time, so it must not be old when they are."""
    testing.make_approved()
    read: list[bool] = []

    def clock():
        if not read and Delivery.objects.filter(status="sending").exists():
            read.append(True)  # the time of the last look
            pause(live.SEND_DEADLINE_SECONDS + 1)
        return WORKDAY

    monkeypatch.setattr(look, "uptime", base.uptime)
    MemoryAdapter.reset()
    with registry.override("email", MemoryAdapter("email")):
        report = sending.process(clock=clock)
    assert (read, report.sent, MemoryAdapter.carried) == ([True], 0, [])


@pytest.mark.django_db(transaction=True)
@pytest.mark.once  # a count in memory, and rows as every try writes them
def test_however_often_it_was_late_it_is_no_failure_of_its_own(live, pause, monkeypatch):
    approval, original = testing.make_approved(), look.facts.gather
    slow = [True] * 2 * outcomes.MOST_ATTEMPTS

    def gather(*args, **kwargs):
        if slow:
            slow.pop()
            pause(live.SEND_DEADLINE_SECONDS + 1)
        return original(*args, **kwargs)

    monkeypatch.setattr(look, "uptime", base.uptime)
    monkeypatch.setattr(look.facts, "gather", gather)
    MemoryAdapter.reset()
    with registry.override("email", MemoryAdapter("email")):
        for turn in range(2 * outcomes.MOST_ATTEMPTS + 1):
            report = sending.process(clock=lambda turn=turn: WORKDAY + turn * timedelta(minutes=2))
    assert (report.sent, len(MemoryAdapter.carried)) == (1, 1), "it is sent once time is kept"
    assert approval.deliveries.filter(status="released").count() == 2 * outcomes.MOST_ATTEMPTS


def late(envelope: Envelope) -> Envelope:
    return replace(envelope, leave_by=-1.0)


def test_the_threads_ask_before_they_begin():
    MemoryAdapter.reset()
    lines = Connections(MemoryAdapter("email"), 1)
    lines.ready(1)
    [receipt] = lines.carry([late(make_envelope())], deadline=5)
    lines.close()
    assert (receipt.outcome, MemoryAdapter.carried) == (Outcome.TRY_LATER, [])
    says_nothing_of_the_channel(receipt)


def says_nothing_of_the_channel(receipt: Receipt) -> None:
    assert receipt.fault is Fault.LATE
    assert breaker.after(breaker.State(), [receipt], WORKDAY) == breaker.State()


@pytest.mark.parametrize("extensions", [PLAIN, ("PIPELINING", *PLAIN)])
def test_no_body_follows_where_the_server_took_too_long_to_ask_for_it(extensions):
    receipt, sink = carry({}, extensions=extensions, envelope=late(make_envelope()))
    assert (receipt.outcome, receipt.stage) == (Outcome.TRY_LATER, "data")
    assert base.LATE in receipt.reply and sink.arrivals == []
    says_nothing_of_the_channel(receipt)


def test_nothing_is_posted_late_and_the_connection_is_still_good(settings):
    with HttpSink() as sink:
        settings.WHATSAPP_TOKEN, settings.WHATSAPP_PHONE_NUMBER_ID = "t", "42"
        settings.WHATSAPP_API_URL = sink.url
        connection = WhatsAppAdapter("whatsapp").connect()
        chat = replace(make_envelope(), channel="whatsapp", recipient="+41790000000")
        receipt = connection.carry(late(chat))
        assert (receipt.outcome, sink.arrivals) == (Outcome.TRY_LATER, [])
        says_nothing_of_the_channel(receipt)
        assert connection.prove()
        connection.close()
