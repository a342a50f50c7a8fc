"""kill -9 at every point of every step, in a real process; then resume: as if nothing had been."""

from __future__ import annotations

import os
import signal
from datetime import timedelta

import pytest
from django.db import connections

from outreach import testing
from outreach.core import activity
from outreach.core.models import Activity
from outreach.testing import WORKDAY
from workflows import definitions, engine, queries, services
from workflows.models import Run
from workflows.tests import making
from workflows.tests.making import Clock

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]
STEPS = ("select_people", "gather_facts", "write_drafts", "submit_drafts")
LATER = WORKDAY + timedelta(minutes=5)
# In batches of two. E-mail drafts have three of them, so that one is in the middle.
PEOPLE, FEWER = 5, 3
# What a run that nobody killed leaves, by workflow. It is the same each time, so it is made once.
SPARED: dict[str, tuple] = {}


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


def peopled(monkeypatch, name: str, slug: str):
    """A workspace whose people this workflow has something to do for, in several batches."""
    making.small_batches(monkeypatch, 2, name)
    place = making.place(slug)
    persons = making.people(place, PEOPLE if name == "email_drafts" else FEWER)
    if name == "account_research":
        making.people_elsewhere(place)
    if name != "email_drafts":
        making.reachable(place, persons)
    return place


def left_by(place, run: Run) -> tuple:
    """Everything that a run leaves, without numbers that differ from run to run."""
    assert run.status == "done", run.error
    made = making.snapshot(place), making.results(place), told(place), run.result
    assert made[0] or made[1], "a run that leaves nothing proves nothing"
    return made


def spared(monkeypatch, name: str) -> tuple:
    """What a run of this workflow leaves when it is left alone."""
    if name not in SPARED:
        place = peopled(monkeypatch, name, "spared")
        run = making.run(place, name, **making.ASKED[name])
        SPARED[name] = left_by(place, engine.work(run.pk, clock=Clock(LATER)))
    return SPARED[name]


def killed_in_each_step(monkeypatch, name: str, point: str, turn: int) -> tuple:
    """What one run leaves whose worker is killed there in each of its steps, and another goes on.

    `turn` says in which batch; a step that has but one is killed in that.
    """
    place = peopled(monkeypatch, name, f"killed-{point}")
    run = making.run(place, name, **making.ASKED[name])
    for step in run.steps.order_by("no").values_list("name", flat=True):
        only = definitions.BY_NAME[name].step(step).over is None
        ended = worker(run.pk, killing(step, point, 1 if only else turn))
        assert os.WTERMSIG(ended) == signal.SIGKILL, f"{step} was not reached"
        run.refresh_from_db()
        assert run.status == "running", "nobody could tell"
        assert run.steps.get(name=step).status == "running"
        services.resume(run, by=testing.dora(place), at=LATER)
    return left_by(place, engine.work(run.pk, clock=Clock(LATER)))


@pytest.mark.parametrize("point", ["before", "inside", "after"])
def test_a_run_killed_in_each_step_and_resumed_is_as_if_it_had_not_been(monkeypatch, point):
    left = killed_in_each_step(monkeypatch, "email_drafts", point, turn=2)
    assert left == spared(monkeypatch, "email_drafts")
    assert len(left[0]) == PEOPLE
    assert activity.verify().bad is None


OTHERS = [name for name in definitions.BY_NAME if name != "email_drafts"]


@pytest.mark.parametrize("name", OTHERS)
def test_each_step_of_each_workflow_survives_a_kill(monkeypatch, name):
    assert killed_in_each_step(monkeypatch, name, "inside", turn=1) == spared(monkeypatch, name)


def told(place):
    """How often each act was told, but for the resuming."""
    rows = Activity.objects.filter(workspace_id=place.pk).exclude(verb="workflows.resumed")
    verbs = list(rows.values_list("verb", flat=True))
    return {verb: verbs.count(verb) for verb in set(verbs)}


def test_killed_again_and_again_it_still_comes_to_its_end(monkeypatch):
    killed = peopled(monkeypatch, "email_drafts", "killed")
    run = making.run(killed, submit=True)
    at = LATER
    for turn, step in enumerate((*STEPS, *STEPS)):
        worker(run.pk, killing(step, ("inside", "after")[turn % 2], 1))
        at += timedelta(minutes=5)
        run.refresh_from_db()
        if run.status == "running":
            services.resume(run, by=testing.dora(killed), at=at)
    ended = engine.work(run.pk, clock=Clock(at))
    assert left_by(killed, ended) == spared(monkeypatch, "email_drafts")


@pytest.fixture
def place(monkeypatch):
    return peopled(monkeypatch, "email_drafts", "one")


def test_two_workers_at_once_do_a_run_once(place):
    run = making.run(place, submit=True)
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


def test_a_worker_frozen_while_another_goes_on_writes_nothing_when_it_wakes(place):
    """Its claim is gone: the first thing its next transaction does is to find that out."""
    run = making.run(place)
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
    services.resume(Run.objects.get(), by=testing.dora(place), at=LATER)
    assert engine.work(run.pk, clock=Clock(LATER)).status == "done"
    before = making.snapshot(place)
    os.kill(pid, signal.SIGCONT)
    os.waitpid(pid, 0)
    os.close(reading)
    os.close(writing)
    assert making.snapshot(place) == before
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
