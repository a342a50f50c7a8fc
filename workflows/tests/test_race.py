"""Two runs, or two looks at the inbox, at the same moment: nobody gets two messages of ours."""

from __future__ import annotations

import contextlib
import threading
import time
from concurrent import futures
from datetime import timedelta

import pytest
from django.db import connection

from channels import merging
from outreach import testing
from outreach.core.models import Draft
from outreach.testing import WORKDAY
from workflows import audience, engine, replies, services, writing
from workflows.models import Artifact
from workflows.steps import drafting
from workflows.tests import making
from workflows.tests.making import ABOUT, Clock

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = 6


@pytest.fixture
def place():
    return making.place()


@pytest.fixture
def together(monkeypatch):
    """Let both have read who may be written to before either writes, if the database allows it."""
    both, original = threading.Barrier(2), audience.judged

    def judged(*args, **asked):
        found = original(*args, **asked)
        if asked.get("ids") is None:
            return found
        rows = list(found)
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(1)
        return rows

    monkeypatch.setattr(audience, "judged", judged)


def at_once(act, *each):
    def one(item):
        try:
            return act(item)
        finally:
            connection.close()

    with futures.ThreadPoolExecutor(len(each)) as pool:
        return list(pool.map(one, each))


@pytest.mark.parametrize(
    ("name", "asked"),
    [("email_drafts", {}), ("follow_up_sequence", {"about": ABOUT, "per_day": 50})],
)
def test_of_two_runs_at_once_one_writes_to_each_person(place, together, name, asked):
    making.people(place, PEOPLE)
    runs = [making.run(place, name, **asked).pk for _ in range(2)]
    at_once(lambda run: engine.work(run, clock=Clock()), *runs)
    per_person = 3 if name == "follow_up_sequence" else 1
    assert Draft.objects.count() == PEOPLE * per_person
    assert Artifact.objects.count() == (PEOPLE if name == "follow_up_sequence" else 0)
    rows = [row.result for row in engine.Run.objects.all()]
    wrote = [row.get("write_drafts") or row.get("write_touches") or {} for row in rows]
    assert sum(row.get("written", 0) for row in wrote) == PEOPLE * per_person
    # Whoever came second was told so where it looked first, at the choice or at the writing.
    left = [row["select_people"]["excluded"].get("open_message", 0) for row in rows]
    left += [row.get("skipped", {}).get("open_message", 0) for row in wrote]
    assert sum(left) == PEOPLE


def test_of_two_looks_at_what_somebody_wrote_twice_one_answers(place, monkeypatch):
    """The second message comes while a model still thinks about the first."""
    services.drafting_agent(place, by=testing.dora(place), at=WORKDAY)
    person = testing.make_person(place, "Anna Test")
    messages = [testing.make_inbound(person, text="What does it cost?")]
    both, original = threading.Barrier(2), writing.compose

    def compose(job, briefs):
        found = original(job, briefs)
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(5)
        return found

    monkeypatch.setattr(writing, "compose", compose)
    later = WORKDAY + timedelta(minutes=1)
    messages.append(testing.make_inbound(person, text="And when?", received_at=later))
    found = at_once(lambda each: replies.answer(each, at=later), *messages)
    assert found == [False, True], "the last one is answered"
    assert Draft.objects.count() == 1


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")
@pytest.mark.parametrize(
    ("step", "service"),
    [("write_drafts", (writing, "store")), ("submit_drafts", (drafting, "submit"))],
)
def test_a_merge_in_the_middle_of_a_batch_crosses_nothing(place, monkeypatch, step, service):
    """Both hold people: whoever held them in another order ended with a deadlock."""
    last, first = reversed(making.people(place, 2))  # the run begins with the one connected last
    assert last.pk > first.pk
    dora, original, merges = testing.dora(place), getattr(*service), []

    def merge():
        try:
            merging.merge(first, last, by=dora, at=WORKDAY)
        finally:
            connection.close()

    with futures.ThreadPoolExecutor(1) as pool:

        def served(*args, **asked):
            made = original(*args, **asked)
            if not merges:
                merges.append(pool.submit(merge))
                for _ in range(40):
                    if merges[0].done() or testing.somebody_waits():
                        break
                    time.sleep(0.05)
            return made

        monkeypatch.setattr(*service, served)
        done = engine.work(making.run(place, submit=True).pk, clock=Clock())
        merges[0].result(30)
    assert (done.status, done.error) == ("done", "")
    last.refresh_from_db()
    assert last.merged_into == first
