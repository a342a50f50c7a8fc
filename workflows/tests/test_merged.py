"""Two records that turn out to be one human being, after something was made for one of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from channels import merging, stop
from outreach import testing
from outreach.core.models import Contact, Draft, Person
from outreach.testing import WORKDAY
from workflows import engine, replies, sequences, services, todo
from workflows.models import Artifact, Run
from workflows.tests import making
from workflows.tests.making import ABOUT, Clock

pytestmark = pytest.mark.django_db(transaction=True)
LATER = WORKDAY + timedelta(minutes=5)
PLANS = {
    "call": ("call_script", lambda person: {"phone": "+41446681800"}),
    "first": ("shortlist", lambda person: {"entries": [{"person": person.pk, "score": 80}]}),
}


@pytest.fixture
def place():
    where = making.place()
    services.drafting_agent(where, by=testing.dora(where), at=WORKDAY)
    return where


def make_plan(kind: str, person: Person) -> None:
    """A call script or a shortlist for this person."""
    name, data = PLANS[kind]
    run = Run.objects.create(workspace=person.workspace, name=name, options={}, seen_at=WORKDAY)
    Artifact.objects.create(
        workspace=person.workspace, run=run, kind=name, title=name, data=data(person),
        person=person if kind == "call" else None, created_at=WORKDAY,
    )  # fmt: skip


def planned(place, kind: str) -> list[int]:
    tasks = todo.everything(place, at=LATER, day_ends=WORKDAY + timedelta(hours=8))
    return [task.person for task in tasks if task.kind == kind]


def stopped(human: Person) -> None:
    stop.stop_person(human, "desist", reason="x", by=testing.alice(human.workspace), at=WORKDAY)


def met(human: Person) -> None:
    Contact.objects.create(
        workspace=human.workspace, human=human, channel="email", direction="in",
        at=WORKDAY + timedelta(minutes=1), key="in",
    )  # fmt: skip


@pytest.mark.parametrize("known", [stopped, met])
@pytest.mark.parametrize("kind", PLANS)
def test_nobody_is_planned_whose_other_record_stopped_us_or_was_met(place, kind, known):
    kept, merged = testing.make_person(place, "Anna Kept"), testing.make_person(place, "Anna Other")
    make_plan(kind, merged)
    assert planned(place, kind) == [merged.pk]
    known(kept)
    merging.merge(kept, merged, by=testing.dora(place), at=LATER)
    assert planned(place, kind) == []


@pytest.mark.parametrize("kind", PLANS)
def test_who_was_merged_is_planned_once_as_the_human_being(place, kind):
    kept, merged = testing.make_person(place, "Anna Kept"), testing.make_person(place, "Anna Other")
    make_plan(kind, kept)
    make_plan(kind, merged)
    merging.merge(kept, merged, by=testing.dora(place), at=LATER)
    assert planned(place, kind) == [kept.pk]


def test_of_messages_to_two_records_of_one_human_being_the_last_is_answered_once(place):
    kept, merged = testing.make_person(place, "Anna Kept"), testing.make_person(place, "Anna Other")
    for person, minutes in ((merged, 0), (kept, 1)):
        testing.make_inbound(
            person, text="What does it cost?", received_at=WORKDAY + timedelta(minutes=minutes)
        )
    merging.merge(kept, merged, by=testing.dora(place), at=LATER)
    assert replies.answer_waiting(at=LATER) == 1
    assert replies.answer_waiting(at=LATER) == 0, "an answer to them is open"
    assert Draft.objects.get().person == kept


@pytest.mark.parametrize("is_second_further", [False, True])
def test_of_two_sequences_of_one_human_being_the_one_further_on_goes_on(place, is_second_further):
    kept, merged = making.people(place, 2)
    asked = {"about": ABOUT, "submit": True, "per_day": 50}
    engine.work(making.run(place, "follow_up_sequence", **asked).pk, clock=Clock())
    rows = Artifact.objects.order_by("pk")
    older, younger = rows
    if is_second_further:
        Draft.objects.filter(pk=younger.data["touches"][0]["draft"]).update(status="sent")
    assert sequences.advance(at=LATER)["ended"] == 0
    merging.merge(kept, merged, by=testing.dora(place), at=LATER)
    assert sequences.advance(at=LATER)["ended"] == 1
    assert sequences.advance(at=LATER)["ended"] == 0
    goes_on, gives_way = (younger, older) if is_second_further else (older, younger)
    assert rows.get(closed_at=None) == goes_on
    ended = rows.get(pk=gives_way.pk)
    assert "somebody to whom another one goes" in ended.closed_reason
    left = Draft.objects.filter(pk__in=[touch["draft"] for touch in ended.data["touches"]])
    assert set(left.values_list("status", flat=True)) == {"rejected"}


@pytest.mark.parametrize(
    ("name", "step", "asked"),
    [
        ("email_drafts", "write_drafts", {}),
        ("follow_up_sequence", "write_touches", {"about": ABOUT, "per_day": 50}),
    ],
)
def test_who_is_merged_in_the_middle_of_a_run_gets_no_second_message_of_it(
    place, monkeypatch, name, step, asked
):
    people = making.people(place, 2)
    making.small_batches(monkeypatch, 1, name)
    run = making.run(place, name, **asked)

    def merge_after_the_first(progress):
        if (progress.name, progress.done) == (step, 1):
            first = Draft.objects.first().person
            other = next(each for each in people if each != first)
            merging.merge(other, first, by=testing.dora(place), at=LATER)

    done = engine.work(run.pk, clock=Clock(), watch=merge_after_the_first)
    assert set(Draft.objects.values_list("person__merged_into", flat=True)) != {None}
    assert Draft.objects.values("person").distinct().count() == 1
    assert done.result[step]["skipped"] == {"open_message": 1}
