"""The walk through a run: one worker at a time, nothing done twice, nothing done unseen."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from outreach import testing
from outreach.core import activity
from outreach.core.models import Activity, Agent, Draft
from outreach.testing import WORKDAY
from safety import controls
from safety.models import ControlKey, SafetyEvent
from workflows import engine
from workflows.models import TRANSITIONS, Run, RunStatus, Step
from workflows.shapes import StepRefused
from workflows.tests import making
from workflows.tests.making import Clock

pytestmark = pytest.mark.django_db
LATER = WORKDAY + timedelta(minutes=5)


@pytest.fixture
def place():
    where = making.place()
    making.people(where)
    return where


def verbs():
    rows = Activity.objects.filter(verb__startswith="workflows.").order_by("id")
    return [verb.removeprefix("workflows.") for verb in rows.values_list("verb", flat=True)]


def statuses(run):
    return list(run.steps.order_by("no").values_list("status", flat=True))


def test_a_run_walks_its_steps_and_tells_each(place):
    run = engine.work(making.run(place, submit=True).pk, clock=Clock())
    assert (run.status, run.error, run.claim) == ("done", "", "")
    assert statuses(run) == ["done"] * 4
    assert verbs() == ["started", *["step_done"] * 4, "done"]
    assert run.started_at < run.seen_at <= run.ended_at
    assert run.result["write_drafts"]["written"] == 4
    assert "people" not in run.result["select_people"], "results are counts, not lists"
    assert activity.verify().bad is None


def test_steps_carry_times_attempts_input_output_and_progress(place):
    run = engine.work(making.run(place).pk, clock=Clock())
    for step in run.steps.all():
        assert step.attempt == 1
        assert step.started_at < step.ended_at
        assert step.done_count == step.total_count > 0
        assert step.input["options"]["template"] == "reconnect"
        assert step.output


def test_progress_is_shown_batch_by_batch(place, monkeypatch):
    making.small_batches(monkeypatch)
    seen = []
    engine.work(making.run(place).pk, clock=Clock(), watch=seen.append)
    of_writing = [(each.done, each.total) for each in seen if each.name == "write_drafts"]
    assert of_writing == [(0, 4), (3, 4), (4, 4)]


def test_without_submit_the_run_ends_at_draft(place):
    run = engine.work(making.run(place).pk, clock=Clock())
    assert [step.name for step in run.steps.order_by("no")][-1] == "write_drafts"
    assert set(Draft.objects.values_list("status", flat=True)) == {"draft"}


# --- Arrows --------------------------------------------------------------------------------------


def put(run, status):
    """Set a state by force, as only a test may."""
    claim = "x" * 32 if status == RunStatus.RUNNING else ""
    Run.objects.filter(pk=run.pk).update(status=status, claim=claim, seen_at=WORKDAY)
    return Run.objects.get(pk=run.pk)


@pytest.mark.parametrize("status", RunStatus.values)
def test_only_a_waiting_run_is_taken(place, status):
    run = put(making.run(place), status)
    assert bool(engine.take(run.pk, at=LATER)) == (status == RunStatus.WAITING)
    assert (Run.objects.get().status == RunStatus.RUNNING) == (status in ("waiting", "running"))


@pytest.mark.parametrize("status", RunStatus.values)
def test_a_run_is_cancelled_unless_it_ended(place, status):
    run = put(making.run(place), status)
    is_open = RunStatus.CANCELLED in TRANSITIONS[status]
    assert engine.cancel(run, by=testing.dora(), at=LATER) == is_open
    assert Run.objects.get().status == ("cancelled" if is_open else status)
    assert verbs() == ["started", *(["cancelled"] if is_open else [])]
    if is_open:
        assert set(statuses(run)) == {"cancelled"}


@pytest.mark.parametrize("status", RunStatus.values)
def test_a_run_is_reopened_when_it_failed_or_fell_silent(place, status):
    run = put(making.run(place), status)
    may = RunStatus.WAITING in TRANSITIONS[status]
    assert engine.reopen(run, by=testing.dora(), at=LATER) == may
    assert Run.objects.get().status == ("waiting" if may else status)


def test_a_run_whose_worker_shows_life_is_not_reopened(place):
    run = put(making.run(place), RunStatus.RUNNING)
    assert not engine.reopen(run, by=testing.dora(), at=WORKDAY + timedelta(seconds=59))


def test_the_table_of_arrows_has_every_state():
    assert set(TRANSITIONS) == set(RunStatus)
    assert {status for status, targets in TRANSITIONS.items() if not targets} == {
        RunStatus.DONE, RunStatus.CANCELLED,
    }  # fmt: skip


def test_a_running_run_without_a_claim_cannot_be_stored(place):
    run = making.run(place)
    with pytest.raises(IntegrityError), transaction.atomic():
        Run.objects.filter(pk=run.pk).update(status=RunStatus.RUNNING, claim="")


def test_a_run_that_somebody_works_on_is_left_alone(place):
    run = making.run(place)
    engine.take(run.pk, at=WORKDAY)
    assert engine.work(run.pk, clock=Clock()).status == "running"
    assert not Draft.objects.exists()


# --- Lost, halted, failed ------------------------------------------------------------------------


def during(monkeypatch, name, act, *, turn=2):
    """Do something in the middle of a step, before its batch of that turn works."""
    from workflows import definitions

    real = definitions.find("email_drafts").step(name).work
    turns = []

    def work(job, batch):
        turns.append(batch)
        if len(turns) == turn:
            act(job)
        return real(job, batch)

    making.small_batches(monkeypatch, 1)
    making.change_step(monkeypatch, name, work=work)


def watching(act, name, done):
    """Do something once a step has got so far: between two batches."""
    calls = []

    def watch(progress):
        if (progress.name, progress.done) == (name, done) and not calls:
            calls.append(progress)
            act()

    return watch


def test_cancelled_between_batches_the_worker_writes_no_more(place, monkeypatch):
    making.small_batches(monkeypatch, 1)
    run = making.run(place)

    def act():
        engine.cancel(run, by=testing.dora(), at=LATER)

    ended = engine.work(run.pk, clock=Clock(), watch=watching(act, "write_drafts", 2))
    assert ended.status == "cancelled"
    assert Draft.objects.count() == 2
    assert statuses(run) == ["done", "done", "cancelled"]
    assert verbs()[-1] == "cancelled"


def test_a_worker_that_was_taken_over_writes_no_more(place, monkeypatch):
    making.small_batches(monkeypatch, 1)
    run = making.run(place)

    def act():
        engine.reopen(run, by=testing.dora(), at=Clock(LATER)())
        engine.work(run.pk, clock=Clock(LATER))

    ended = engine.work(run.pk, clock=Clock(), watch=watching(act, "write_drafts", 2))
    assert ended.status == "done"
    assert Draft.objects.count() == 4, "each person once"
    assert Step.objects.get(name="write_drafts").attempt == 2


def test_the_emergency_stop_halts_between_batches_and_says_so(place, monkeypatch):
    making.small_batches(monkeypatch, 1)
    run = making.run(place)

    def act():
        stop(True)

    ended = engine.work(run.pk, clock=Clock(), watch=watching(act, "write_drafts", 2))
    assert ended.status == "failed"
    assert ended.error.startswith("Halted by the emergency stop: EMERGENCY_STOP (system)")
    assert ended.error.endswith("Resume once it is lifted.")
    assert Draft.objects.count() == 2
    stop(False)
    engine.reopen(run, by=testing.dora(), at=LATER)
    assert engine.work(run.pk, clock=Clock(LATER)).status == "done"
    assert Draft.objects.count() == 4


def stop(on):
    with transaction.atomic():
        controls.write(
            ControlKey.EMERGENCY_STOP, on, workspace=None, reason="test", by=testing.olaf(),
            at=WORKDAY,
        )  # fmt: skip


def test_a_stopped_system_begins_nothing(place):
    stop(True)
    ended = engine.work(making.run(place).pk, clock=Clock())
    assert (ended.status, Draft.objects.count()) == ("failed", 0)


def test_a_failed_step_keeps_what_was_done_and_goes_on_there(place, monkeypatch):
    def act(job):
        raise StepRefused("The well is dry. Fill it, then resume.")

    with monkeypatch.context() as broken:
        during(broken, "write_drafts", act, turn=3)
        run = engine.work(making.run(place).pk, clock=Clock())
    assert (run.status, run.error) == ("failed", "The well is dry. Fill it, then resume.")
    assert statuses(run) == ["done", "done", "failed"]
    assert Draft.objects.count() == 2
    assert engine.reopen(run, by=testing.dora(), at=LATER)
    ended = engine.work(run.pk, clock=Clock(LATER))
    assert (ended.status, ended.error) == ("done", "")
    assert Draft.objects.values("person").distinct().count() == Draft.objects.count() == 4
    assert list(run.steps.order_by("no").values_list("attempt", flat=True)) == [1, 1, 2]
    assert ended.result["write_drafts"]["written"] == 4
    assert verbs().count("step_done") == 3


def test_an_unforeseen_error_is_told_by_its_kind_and_never_by_its_text(place, monkeypatch, caplog):
    def act(job):
        raise ZeroDivisionError("person12@example.com")

    during(monkeypatch, "write_drafts", act)
    run = engine.work(making.run(place).pk, clock=Clock())
    assert run.status == "failed"
    assert "ZeroDivisionError" in run.error
    assert "person12" not in run.error + caplog.text


def test_an_interrupt_is_told_and_raised_on(place, monkeypatch):
    def act(job):
        raise KeyboardInterrupt

    during(monkeypatch, "write_drafts", act)
    run = making.run(place)
    with pytest.raises(KeyboardInterrupt):
        engine.work(run.pk, clock=Clock())
    run.refresh_from_db()
    assert (run.status, run.error[:11]) == ("failed", "Interrupted")
    assert Draft.objects.count() == 1


def test_an_agent_that_loses_its_right_stops_the_run(place, monkeypatch):
    def act(job):
        raise AssertionError("not reached")

    making.small_batches(monkeypatch, 1)
    run = making.run(place)

    def watch(progress):
        if (progress.name, progress.done) == ("write_drafts", 1):
            Agent.objects.update(scopes=["people:read"])

    ended = engine.work(run.pk, clock=Clock(), watch=watch)
    assert (ended.status, Draft.objects.count()) == ("failed", 1)
    assert "may not run workflows" in ended.error


def test_a_batch_that_fails_leaves_nothing_behind(place, monkeypatch):
    from workflows import definitions

    real = definitions.find("email_drafts").step("write_drafts").work

    def work(job, batch):
        real(job, batch)
        raise StepRefused("Too late.")

    making.change_step(monkeypatch, "write_drafts", work=work)
    run = engine.work(making.run(place).pk, clock=Clock())
    assert (run.status, Draft.objects.count()) == ("failed", 0)
    assert Step.objects.get(name="write_drafts").done_count == 0
    assert not Activity.objects.filter(verb="drafts.written").exists()


# --- Outputs -------------------------------------------------------------------------------------


@pytest.mark.parametrize("output", ["send_email", "send_linkedin_message", "fly_to_the_moon"])
def test_an_output_that_is_not_safe_fails_before_it_begins(place, monkeypatch, output, live):
    """Also in live mode, where sending as such would be allowed."""
    making.change_step(monkeypatch, "write_drafts", produces=(output,))
    run = engine.work(making.run(place).pk, clock=Clock())
    assert run.status == "failed"
    assert f"{output!r} is not among the safe outputs" in run.error
    assert not Draft.objects.exists()
    event = SafetyEvent.objects.get(code="unsafe_output")
    assert (event.event_type, event.workspace) == ("workflow_output", place)


def move_status(job):
    Draft.objects.update(status="approved")


def set_control(job):
    controls.write(ControlKey.DRY_RUN, False, workspace=None, reason="", by=job.agent, at=job.at)


def change_person(job):
    from outreach.core.models import Person

    Person.objects.update(status="active")


def drop_table(job):
    from django.db import connection

    connection.cursor().execute("DROP TABLE message_drafts")


@pytest.mark.parametrize(
    ("step", "act", "table"),
    [
        ("write_drafts", set_control, "system_controls"),
        ("write_drafts", change_person, "people"),
        ("write_drafts", drop_table, "DROP"),
        ("select_people", move_status, "message_drafts"),
        ("gather_facts", move_status, "message_drafts"),
    ],
)
def test_a_step_that_writes_more_than_its_outputs_fails_loudly(
    place, monkeypatch, step, act, table
):
    during(monkeypatch, step, act, turn=1)
    run = engine.work(making.run(place).pk, clock=Clock())
    assert run.status == "failed"
    assert "which none of its outputs allows" in run.error
    assert table in run.error
    assert SafetyEvent.objects.filter(code="unsafe_output").count() == 1
    assert controls.read().is_braking(ControlKey.DRY_RUN)


def test_saying_what_there_is_to_do_writes_nothing(place, monkeypatch):
    def over(job):
        change_person(job)
        return [1]

    making.change_step(monkeypatch, "write_drafts", over=over)
    run = engine.work(making.run(place).pk, clock=Clock())
    assert run.status == "failed"
    assert "write to people, which none of its outputs allows" in run.error


def test_a_run_of_a_step_that_is_no_more_says_so(place):
    run = making.run(place)
    Step.objects.filter(name="gather_facts").update(name="former_step")
    ended = engine.work(run.pk, clock=Clock())
    assert "no step former_step any more" in ended.error


def test_a_run_without_an_agent_says_so(place):
    run = making.run(place)
    Run.objects.update(agent=None)
    assert "names no agent" in engine.work(run.pk, clock=Clock()).error
