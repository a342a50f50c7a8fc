"""kill -9 at every point of every step, in a real process; then resume: as if nothing had been."""

from __future__ import annotations

import os
import signal
from datetime import timedelta

import pytest
from django.db import connections

from outreach import testing
from outreach.core import activity
from outreach.core.models import Activity, Draft
from outreach.testing import WORKDAY
from workflows import definitions, engine, queries, services
from workflows.models import Run
from workflows.tests import making
from workflows.tests.making import Clock

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]
STEPS = ("select_people", "gather_facts", "write_drafts", "submit_drafts")
LATER = WORKDAY + timedelta(minutes=5)
PEOPLE = 7


def worker(run_id: int, act) -> int:
    """Do the run in a process of its own in which `act` was done first; how it ended."""
    connections.close_all()
    pid = os.fork()
    if pid == 0:
        try:
            act()
            engine.work(run_id, clock=Clock())
        finally:
            os._exit(0)
    return os.waitpid(pid, 0)[1]


def killing(step: str, point: str, turn: int):
    """What makes a process kill itself at that point of that batch of that step."""

    def act() -> None:
        real, turns = engine._Worker._batch, []

        def batch(self, row, definition, job, ids):
            if row.name != step:
                return real(self, row, definition, job, ids)
            turns.append(ids)
            is_it = len(turns) == turn
            if is_it and point == "before":
                die()
            if is_it and point == "inside":
                definition = _with_death_at_its_end(definition)
            real(self, row, definition, job, ids)
            if is_it and point == "after":
                die()
            return None

        engine._Worker._batch = batch

    return act


def _with_death_at_its_end(definition):
    from dataclasses import replace

    def work(job, ids):
        definition.work(job, ids)
        die()

    return replace(definition, work=work)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
def places(monkeypatch):
    """Two workspaces with people of the same names: one is killed, the other is not."""
    making.small_batches(monkeypatch, 3)
    found = making.place("killed"), making.place("spared")
    for place in found:
        making.people(place, PEOPLE)
    return found


@pytest.mark.parametrize("point", ["before", "inside", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_run_killed_at_any_point_and_resumed_is_as_if_it_had_not_been(places, step, point):
    killed, spared = places
    turn = 1 if step == "select_people" else 2
    run = making.run(killed, submit=True)
    assert os.WTERMSIG(worker(run.pk, killing(step, point, turn))) == signal.SIGKILL
    run.refresh_from_db()
    assert run.status == "running", "nobody could tell"

    services.resume(run, by=testing.dora(killed), at=LATER)
    ended = engine.work(run.pk, clock=Clock(LATER))
    other = engine.work(making.run(spared, submit=True).pk, clock=Clock())

    assert (ended.status, other.status) == ("done", "done")
    assert making.snapshot(killed) == making.snapshot(spared)
    assert ended.result == other.result
    assert Draft.objects.filter(workspace=killed).count() == PEOPLE
    assert told(killed) == told(spared)
    assert activity.verify().bad is None


STEPS_OF_ALL = [
    (workflow.name, step.name)
    for workflow in definitions.WORKFLOWS
    for step in workflow.steps
    if workflow.name != "email_drafts"  # at every point, above
]


@pytest.mark.parametrize(("name", "step"), STEPS_OF_ALL)
def test_each_step_of_each_workflow_survives_a_kill(monkeypatch, name, step):
    killed, spared = making.place("killed"), making.place("spared")
    for place in (killed, spared):
        people = making.people(place, PEOPLE)
        if name == "account_research":
            making.people_elsewhere(place)
        making.reachable(place, people)
    making.small_batches(monkeypatch, 3, name)
    asked = making.ASKED[name]
    run = making.run(killed, name, **asked)
    assert os.WTERMSIG(worker(run.pk, killing(step, "inside", 1))) == signal.SIGKILL
    services.resume(run, by=testing.dora(killed), at=LATER)
    ended = engine.work(run.pk, clock=Clock(LATER))
    other = engine.work(making.run(spared, name, **asked).pk, clock=Clock(LATER))
    assert (ended.status, other.status) == ("done", "done"), ended.error
    assert making.snapshot(killed) == making.snapshot(spared)
    assert making.results(killed) == making.results(spared)
    assert ended.result == other.result
    assert making.snapshot(killed) or making.results(killed)


def told(place):
    """How often each act was told, but for the resuming."""
    rows = Activity.objects.filter(workspace_id=place.pk).exclude(verb="workflows.resumed")
    verbs = list(rows.values_list("verb", flat=True))
    return {verb: verbs.count(verb) for verb in set(verbs)}


def test_killed_again_and_again_it_still_comes_to_its_end(places):
    killed, spared = places
    run = making.run(killed, submit=True)
    at = LATER
    for turn, step in enumerate((*STEPS, *STEPS)):
        worker(run.pk, killing(step, ("inside", "after")[turn % 2], 1))
        at += timedelta(minutes=5)
        run.refresh_from_db()
        if run.status == "running":
            services.resume(run, by=testing.dora(killed), at=at)
    ended = engine.work(run.pk, clock=Clock(at))
    other = engine.work(making.run(spared, submit=True).pk, clock=Clock())
    assert ended.status == "done"
    assert making.snapshot(killed) == making.snapshot(spared)
    assert ended.result == other.result


def test_two_workers_at_once_do_a_run_once(places):
    run = making.run(places[0], submit=True)
    connections.close_all()
    children = []
    for _ in range(4):
        pid = os.fork()
        if pid == 0:
            try:
                engine.work(run.pk, clock=Clock())
            finally:
                os._exit(0)
        children.append(pid)
    for pid in children:
        os.waitpid(pid, 0)
    run.refresh_from_db()
    assert run.status == "done"
    assert queries.drafts_of(run.pk).count() == PEOPLE
    assert Activity.objects.filter(verb="workflows.step_done").count() == len(STEPS)


def test_a_worker_frozen_while_another_goes_on_writes_nothing_when_it_wakes(places):
    """Its claim is gone: the first thing its next transaction does is to find that out."""
    run = making.run(places[0])
    connections.close_all()
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            freeze_before_second_batch(writing)
            engine.work(run.pk, clock=Clock())
        finally:
            os._exit(0)
    assert os.read(reading, 1) == b"!"
    os.waitpid(pid, os.WUNTRACED)
    services.resume(Run.objects.get(), by=testing.dora(places[0]), at=LATER)
    assert engine.work(run.pk, clock=Clock(LATER)).status == "done"
    before = making.snapshot(places[0])
    os.kill(pid, signal.SIGCONT)
    os.waitpid(pid, 0)
    os.close(reading)
    os.close(writing)
    assert making.snapshot(places[0]) == before
    assert len(before) == PEOPLE
    assert Run.objects.get().status == "done"


def freeze_before_second_batch(pipe: int) -> None:
    real, turns = engine._Worker._batch, []

    def batch(self, row, definition, job, ids):
        turns.append(row.name)
        if turns.count("write_drafts") == 2:
            os.write(pipe, b"!")
            os.kill(os.getpid(), signal.SIGSTOP)
        return real(self, row, definition, job, ids)

    engine._Worker._batch = batch
