"""Who is suppressed wherever a message could go is chosen by no workflow, and counted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from outreach import testing
from outreach.core import suppression
from outreach.core.models import CoolingOff, Draft
from outreach.core.models.drafts import DraftStatus
from outreach.testing import WORKDAY
from workflows import engine, todo
from workflows.models import Artifact
from workflows.tests import making
from workflows.tests.making import ABOUT, Clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def place():
    return making.place()


def close(place, person, channel="email"):
    address = person.addresses.get(channel=channel).normalised
    by = testing.alice(place)
    suppression.suppress(place, channel, address, reason="unsubscribe", by=by, at=WORKDAY)


def work(place, name, **asked):
    return engine.work(making.run(place, name, **asked).pk, clock=Clock()).result


@pytest.mark.parametrize("name", ["prospect_shortlist", "call_prep"])
def test_whose_only_address_is_suppressed_is_on_no_list(place, name):
    shut, some, way = making.people(place, 3)
    making.reachable(place, [some, way])
    for person in (shut, some):
        close(place, person)
    found = work(place, name)["select_people"]
    assert (found["selected"], found["excluded"]) == (2, {"suppressed": 1})
    if name == "prospect_shortlist":
        listed = Artifact.objects.get().data
        assert {row["person"] for row in listed["entries"]} == {some.pk, way.pk}
        assert listed["left_out"] == {"suppressed": [shut.pk]}


def test_who_is_suppressed_since_the_shortlist_is_in_no_plan(place):
    shut, some = making.people(place, 2)
    work(place, "prospect_shortlist")
    close(place, shut)
    at = WORKDAY + timedelta(minutes=5)
    tasks = todo.everything(place, at=at, day_ends=at + timedelta(hours=8))
    assert [task.person for task in tasks if task.kind == "first"] == [some.pk]


def rejected(person):
    testing.make_draft(person)
    Draft.objects.filter(person=person).update(status=DraftStatus.REJECTED, updated_at=WORKDAY)


def resting(person):
    until = WORKDAY + timedelta(days=1)
    CoolingOff.objects.create(
        workspace=person.workspace, human=person, cause="escalation", at=WORKDAY, until=until
    )


def without_address(person):
    person.addresses.all().delete()


@pytest.mark.parametrize("changed", [rejected, resting, without_address])
def test_who_may_not_be_written_to_since_the_shortlist_is_in_no_plan(place, changed):
    gone, some = making.people(place, 2)
    work(place, "prospect_shortlist")
    changed(gone)
    at = WORKDAY + timedelta(minutes=5)
    tasks = todo.everything(place, at=at, day_ends=at + timedelta(hours=8))
    assert [task.person for task in tasks if task.kind == "first"] == [some.pk]


@pytest.mark.parametrize(
    ("asked", "left_out", "channels"),
    [("email", 1, []), ("mixed", 0, ["linkedin"] * 3), ("linkedin", 0, ["linkedin"] * 3)],
)
def test_a_sequence_goes_by_no_suppressed_way(place, asked, left_out, channels):
    people = making.people(place, 1)
    making.reachable(place, people)
    close(place, people[0])
    found = work(place, "follow_up_sequence", about=ABOUT, channels=asked)
    assert found["select_people"]["excluded"] == ({"suppressed": 1} if left_out else {})
    assert [*Draft.objects.order_by("pk").values_list("channel", flat=True)] == channels


def test_no_sequence_is_written_to_who_is_suppressed_meanwhile(place, monkeypatch):
    later, first = making.people(place, 2)
    making.small_batches(monkeypatch, size=1, name="follow_up_sequence")

    def watch(progress):
        if progress.name == "write_touches":
            close(place, later)

    run = making.run(place, "follow_up_sequence", about=ABOUT)
    found = engine.work(run.pk, clock=Clock(), watch=watch).result
    assert found["write_touches"]["skipped"] == {"suppressed": 1}
    assert {*Draft.objects.values_list("person_id", flat=True)} == {first.pk}
