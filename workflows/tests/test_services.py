"""Starting, resuming and cancelling, for those who may; the worker's doors."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from outreach import testing
from outreach.core.models import Agent, Draft
from outreach.core.permissions import NotAllowed
from outreach.testing import WORKDAY
from workflows import definitions, engine, services, tasks
from workflows.models import Run, RunStatus
from workflows.services import RunRefused
from workflows.shapes import BadOptions
from workflows.tests import making
from workflows.tests.making import Clock

pytestmark = pytest.mark.django_db
SEVEN = [
    "account_research", "prospect_shortlist", "linkedin_message_drafts", "follow_up_sequence",
    "daily_plan", "email_drafts", "call_prep",
]  # fmt: skip


@pytest.fixture
def place():
    where = making.place()
    making.people(where, 2)
    return where


def start(place, by, **options):
    options = {"about": making.ABOUT, **options}
    return services.start("email_drafts", place, options, by=by, at=WORKDAY)


def test_the_seven_are_named():
    assert [each.name for each in definitions.WORKFLOWS] == SEVEN


def test_an_unknown_workflow_is_refused_with_near_names(place):
    with pytest.raises(BadOptions, match=r"no workflow 'email_draft'\. Known: email_drafts"):
        services.start("email_draft", place, {}, by=testing.dora(), at=WORKDAY)


def test_the_first_run_makes_the_agent_once(place):
    first, second = start(place, testing.dora()), start(place, testing.dora())
    agent = Agent.objects.get()
    assert first.agent == second.agent == agent
    assert agent.name == "Drafting agent"
    assert not agent.keys.exists()
    assert set(agent.scopes) == {"people:read", "drafts:write", "workflows:run",
                                 "messages:schedule"}  # fmt: skip


def test_who_may_not_configure_cannot_make_the_agent_but_may_run(place):
    with pytest.raises(NotAllowed, match="Ask somebody with the role admin"):
        start(place, testing.bob())
    start(place, testing.dora())
    assert start(place, testing.bob()).by_label == "Bob"


def test_who_only_looks_may_not_run(place):
    with pytest.raises(NotAllowed, match="Carol may not run workflows"):
        start(place, testing.carol())


def test_an_agent_runs_as_itself(place):
    agent = testing.make_agent(place, "workflows:run", "drafts:write", "people:read")
    run = engine.work(start(place, agent).pk, clock=Clock())
    assert run.agent == agent.agent
    assert set(Draft.objects.values_list("by_label", flat=True)) == {agent.label}


@pytest.mark.parametrize("missing", ["workflows:run", "drafts:write"])
def test_an_agent_without_the_scopes_may_not(place, missing):
    scopes = {"workflows:run", "drafts:write", "people:read"} - {missing}
    with pytest.raises(NotAllowed):
        start(place, testing.make_agent(place, *scopes))


def test_an_agent_of_another_workspace_may_not(place):
    stranger = testing.make_agent(making.place("north"), "workflows:run", "drafts:write")
    with pytest.raises(NotAllowed):
        start(place, stranger)


def test_a_switched_off_drafting_agent_is_refused(place):
    start(place, testing.dora())
    Agent.objects.update(is_active=False)
    with pytest.raises(RunRefused, match="Drafting agent is switched off"):
        start(place, testing.dora())


def force(run, status, seen_at=WORKDAY):
    claim = "x" if status == RunStatus.RUNNING else ""
    Run.objects.filter(pk=run.pk).update(status=status, claim=claim, seen_at=seen_at)
    run.refresh_from_db()


@pytest.mark.parametrize(
    ("status", "after", "says"),
    [
        ("running", 3, "is being worked on: the last sign of life was 3 s ago"),
        ("done", 3, "ended and cannot be resumed"),
        ("cancelled", 3, "was cancelled and cannot be resumed"),
        ("failed", 3, ""),
        ("waiting", 3, ""),
        ("running", 61, ""),
    ],
)
def test_resume_says_why_not(place, status, after, says):
    run = start(place, testing.dora())
    force(run, status)
    at = WORKDAY + timedelta(seconds=after)
    if says:
        with pytest.raises(RunRefused, match=says):
            services.resume(run, by=testing.bob(), at=at)
    else:
        services.resume(run, by=testing.bob(), at=at)
        assert Run.objects.get().status == "waiting"


def test_cancel_twice_says_so(place):
    run = start(place, testing.dora())
    services.cancel(run, by=testing.bob(), at=WORKDAY)
    with pytest.raises(RunRefused, match="is cancelled already"):
        services.cancel(run, by=testing.bob(), at=WORKDAY)


@pytest.mark.parametrize("act", [services.resume, services.cancel])
def test_who_only_looks_may_neither_resume_nor_cancel(place, act):
    run = start(place, testing.dora())
    with pytest.raises(NotAllowed):
        act(run, by=testing.carol(), at=WORKDAY)


# --- The worker's doors --------------------------------------------------------------------------


def test_the_task_does_a_run_and_a_second_one_finds_nothing(place):
    run = start(place, testing.dora())
    assert tasks.run(run.pk) == "done"
    assert tasks.run(run.pk) == "done"
    assert Draft.objects.count() == 2


def test_runs_leave_room_for_what_sends_and_are_done_by_who_has_it(place):
    """Four slow ones had every thread of a worker: nothing was sent, sealed or lifted meanwhile."""
    first, *others = [start(place, testing.dora()) for _ in range(3)]
    mine = [tasks._room.acquire(blocking=False) for _ in range(3)]
    assert mine == [True, True, False], "two of a worker's four threads"
    assert tasks.run(first.pk) == tasks.NO_ROOM
    assert (tasks.pick_up(), tasks.answer_inbound()) == (0, 0)
    assert Run.objects.filter(status="waiting").count() == 3
    tasks._room.release()
    assert tasks.run(first.pk) == "done"
    assert Run.objects.filter(pk__in=[run.pk for run in others], status="done").count() == 2
    tasks._room.release()


def test_a_waiting_run_whose_wake_up_got_lost_is_picked_up(place):
    start(place, testing.dora())
    assert (tasks.pick_up(), tasks.pick_up()) == (1, 0)
    assert Run.objects.get().status == "done"


def test_a_run_that_somebody_just_asked_for_is_left_to_them(place):
    asked = {"about": making.ABOUT}
    services.start("email_drafts", place, asked, by=testing.dora(), at=timezone.now())
    assert tasks.pick_up() == 0


def test_a_run_of_a_killed_worker_is_picked_up_but_not_for_ever(place):
    run = start(place, testing.dora())
    force(run, RunStatus.RUNNING)
    run.steps.filter(no=1).update(status="running", attempt=tasks.MOST_ATTEMPTS)
    assert tasks.pick_up() == 0, "a person decides whether it goes on"
    run.steps.filter(no=1).update(attempt=tasks.MOST_ATTEMPTS - 1)
    assert tasks.pick_up() == 1
    assert Run.objects.get().status == "done"


def test_waking_never_fails(place, monkeypatch):
    def refuse(*args, **kwargs):
        raise ConnectionError("no broker")

    monkeypatch.setattr(tasks.current_app, "send_task", refuse)
    tasks.wake(start(place, testing.dora()))


@pytest.mark.parametrize("name", list(definitions.BY_NAME))
def test_a_workflow_with_nobody_to_work_for_ends_well(name):
    where = making.place("empty")
    asked = {"about": making.ABOUT} if name in ("follow_up_sequence", "call_prep") else {}
    run = engine.work(making.run(where, name, **asked).pk, clock=making.Clock())
    assert (run.status, run.error) == ("done", "")


def test_a_call_is_prepared_for_whoever_is_named_and_no_name_is_kept(place):
    """The form asked for a uuid. What is kept of an address or a name is the uuid alone."""
    ana = testing.make_person(place, name="Ana Ruiz")
    prepare = definitions.find("call_prep").prepare
    for named in (str(ana.uuid), "ana ruiz", ana.addresses.get().raw):
        found = prepare(place, {"person": named, "about": making.ABOUT})
        assert found["person"] == str(ana.uuid)
    testing.make_person(place, name="Ana Ruiz")
    for named, said in (("Ana Ruiz", f"2 people .* {ana.uuid}"), ("Ana", "Nobody here is known")):
        with pytest.raises(BadOptions, match=said):
            prepare(place, {"person": named, "about": making.ABOUT})
