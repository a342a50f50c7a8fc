"""Limits are exact, however many senders there are: the intent row is the lock of the person."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection

from channels import registry, sending
from channels.adapters.memory import MemoryAdapter
from channels.tests.child import FileAdapter
from channels.tests.plenty import make_approvals, make_people
from outreach import testing
from outreach.core import consent
from outreach.core.models import Consent, Contact, CoolingOff
from outreach.core.people import rest
from outreach.testing import WORKDAY
from safety.contract import frequency

pytest_plugins = ["channels.tests.senders"]
pytestmark = pytest.mark.django_db(transaction=True)

DUE, PEOPLE, SENDERS = 12, 5, 8
AT = WORKDAY + timedelta(minutes=1)
LIMITS = [("whatsapp", 5), ("email", 3)]


@pytest.fixture
def due(live, request):
    """Every person has twelve messages due now."""

    def make(channel: str) -> list:
        people = make_people(PEOPLE, testing.make_workspace(), channel)
        for person in people:  # without it the law lets no chat begin
            consent.grant(
                person, channel, Consent.Basis.OPT_IN, text_shown="Yes", source="test",
                by=testing.alice(), at=WORKDAY - timedelta(days=1),
            )  # fmt: skip
        make_approvals(people, each=DUE, channel=channel)
        return people

    return make


def letters(path) -> Counter[str]:
    """What the other side got, by recipient."""
    return Counter(json.loads(line)["to"] for line in path.read_text().splitlines())


def exactly(limit: int, people, path) -> None:
    assert letters(path) == {person.address: limit for person in people}
    assert Contact.objects.count() == limit * len(people)
    rests = CoolingOff.objects.filter(cause="daily_limit")
    assert sorted(rests.values_list("human", flat=True)) == sorted(p.pk for p in people)
    for person in people:
        last = Contact.objects.filter(human=person).order_by("-id").first()
        begun = rests.get(human=person)
        assert begun.at == last.at, "the message that reached the limit began the rest"
        assert begun.until - begun.at == timedelta(hours=24)


def until(true, seconds: float = 60.0) -> None:
    """Wait for a condition; what never becomes true is for the caller's assertions to tell."""
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)


@pytest.mark.processes
@pytest.mark.parametrize(("channel", "limit"), LIMITS)
def test_eight_processes_keep_the_limit_exactly(channel, limit, due, start, tmp_path):
    people = due(channel)
    out = tmp_path / "letters"
    spec = {"channel": channel, "out": str(out), "no_spacing": True, "job": "loop"}
    senders = [start(speed=200, moving=True, delay=0.001, **spec) for _ in range(SENDERS)]
    until(lambda: Contact.objects.count() >= limit * len(people))
    for sender in senders:
        sender.expect_anew("idle")  # nobody finds anything due any more
    exactly(limit, people, out)


@pytest.mark.parametrize(("channel", "limit"), LIMITS)
def test_eight_threads_keep_the_limit_exactly(channel, limit, due, tmp_path, monkeypatch):
    people = due(channel)
    out = tmp_path / "letters"
    monkeypatch.setattr(frequency, "SPACING", {})
    rounds: list[int] = []  # how many had arrived before each of them
    barrier = threading.Barrier(SENDERS, lambda: rounds.append(sum(letters(out).values())))
    problems: list[BaseException] = []
    out.touch()

    def work() -> None:
        try:
            for minute in range(30):  # a lost race is looked at again five seconds later
                barrier.wait(60)
                # One more round once nobody may get another: whatever still leaves is too much.
                if rounds.count(limit * len(people)) > 1:
                    return
                sending.process(clock=lambda now=minute: AT + timedelta(minutes=now))
        except BaseException as problem:
            problems.append(problem)
            barrier.abort()
        finally:
            connection.close()

    with registry.override(channel, FileAdapter(channel, out, 0.001)):
        threads = [threading.Thread(target=work) for _ in range(SENDERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not problems
    exactly(limit, people, out)


def test_half_an_hour_lies_between_two_chats(due, tmp_path):
    due("whatsapp")
    out = tmp_path / "letters"
    with registry.override("whatsapp", FileAdapter("whatsapp", out, 0)):
        for minute in (0, 10, 29):
            sending.process(clock=lambda now=minute: AT + timedelta(minutes=now))
        assert sum(letters(out).values()) == PEOPLE
        sending.process(clock=lambda: AT + timedelta(minutes=31))
        assert sum(letters(out).values()) == 2 * PEOPLE


@pytest.fixture
def approved(live):
    """One e-mail approved, to this person."""
    person = testing.make_person()
    testing.make_approved(person)
    with registry.override("email", MemoryAdapter("email")):
        yield person
    MemoryAdapter.reset()


def passed(person, channel, direction, at):
    Contact.objects.create(
        workspace=person.workspace, human=person, channel=channel, direction=direction, at=at,
        draft=testing.make_draft(person) if direction == "out" else None, key=f"{direction} {at}",
    )  # fmt: skip


@pytest.mark.parametrize("ahead", [-10, 0, 10, 600])
def test_what_left_by_another_clock_than_ours_has_left(approved, ahead):
    """Another sender, whose clock is ahead, has just sent a WhatsApp message."""
    passed(approved, "whatsapp", "out", AT + timedelta(seconds=ahead))
    assert sending.process(clock=lambda: AT).sent == 0


@pytest.mark.parametrize("ahead", [-10, 0, 10, 600])
def test_a_rest_that_began_by_another_clock_than_ours_has_begun(approved, ahead):
    begun = AT + timedelta(seconds=ahead)
    rest(approved, "daily_limit", at=begun, until=begun + timedelta(hours=24))
    assert sending.process(clock=lambda: AT).sent == 0


@pytest.mark.parametrize(("ahead", "sent"), [(-10, 1), (10, 0)])
def test_a_reply_by_a_clock_ahead_of_ours_allows_nothing_before_its_time(approved, ahead, sent):
    passed(approved, "whatsapp", "out", AT - timedelta(hours=1))
    passed(approved, "whatsapp", "in", AT + timedelta(seconds=ahead))
    assert sending.process(clock=lambda: AT).sent == sent
