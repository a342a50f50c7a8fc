"""Calls are made by people: nobody is given a number to dial that is suppressed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from outreach import testing
from outreach.core import people, suppression
from outreach.core.models import Account, Person
from outreach.core.models.consent import SuppressionReason
from outreach.core.models.people import PersonStatus
from outreach.testing import WORKDAY
from workflows import engine, todo
from workflows.models import Artifact
from workflows.options import BadOptions
from workflows.tests import making
from workflows.tests.making import Clock

pytestmark = pytest.mark.django_db
NUMBERS = ("+41446681800", "+41446681801")


@pytest.fixture
def place():
    where = making.place()
    making.reachable(where, making.people(where, 2))
    return where


def close(place, number, channel="phone"):
    given = SuppressionReason.STOP_REQUEST
    suppression.suppress(place, channel, number, reason=given, by=testing.dora(place), at=WORKDAY)


def prepare(place, **asked):
    return engine.work(making.run(place, "call_prep", **asked).pk, clock=Clock()).result


def planned(place):
    at = WORKDAY + timedelta(minutes=5)
    tasks = todo.everything(place, at=at, day_ends=WORKDAY + timedelta(hours=8))
    return [task.person for task in tasks if task.kind == "call"]


@pytest.mark.parametrize("channel", ["phone", "whatsapp"])
def test_a_suppressed_number_stands_on_no_script_and_in_no_plan(place, channel):
    close(place, NUMBERS[1], channel)
    assert prepare(place)["write_scripts"] == {"scripts": 2, "with_a_number": 1, "left_alone": 0}
    first, second = Artifact.objects.order_by("pk")
    assert (first.data["phone"], second.data["phone"]) == (NUMBERS[0], "")
    assert second.data["gaps"][0] == "Their number is on the suppression list: do not call them."
    assert planned(place) == [first.person_id]


def test_a_number_suppressed_since_is_shown_and_planned_no_more(place, client):
    prepare(place)
    script = Artifact.objects.get(data__phone=NUMBERS[0])
    assert len(planned(place)) == 2
    close(place, NUMBERS[0])
    assert planned(place) == [Artifact.objects.exclude(pk=script.pk).get().person_id]
    client.force_login(testing.carol(place).user)
    page = client.get(reverse("admin:workflows_artifact_change", args=[script.pk]))
    assert "Do not call. Their number is on the suppression list" in page.content.decode()
    assert NUMBERS[0] not in page.content.decode()


@pytest.mark.parametrize(
    ("closed", "said"),
    [
        (["phone"], "every number of theirs is on the suppression list"),
        (["email", "linkedin", "phone"], "every number of theirs is on the suppression list"),
        (["email", "linkedin"], ""),
    ],
)
def test_no_script_is_begun_for_whom_nobody_may_call(place, closed, said):
    anna = Person.objects.order_by("pk").first()
    for channel in closed:
        close(place, anna.addresses.get(channel=channel).normalised, channel)
    if not said:
        assert prepare(place, person=str(anna.uuid))["write_scripts"]["scripts"] == 1
        return
    with pytest.raises(BadOptions, match=f"Do not call {anna.full_name}: {said}"):
        prepare(place, person=str(anna.uuid))
    assert not Artifact.objects.exists()


def test_people_of_one_name_are_told_apart(place):
    acme = Account.objects.create(workspace=place, name="Acme", key="acme")
    one = testing.make_person(place, "Anna Weber", account=acme)
    two = testing.make_person(place, "Anna Weber")
    three = testing.make_person(place, "Anna Weber")
    three.addresses.all().delete()
    with pytest.raises(BadOptions) as refused:
        prepare(place, person="Anna Weber")
    assert str(refused.value) == (
        "3 people here are known as 'Anna Weber'. Give one's uuid: "
        f"{one.uuid} (Acme, {one.addresses.get().raw}); {two.uuid} ({two.addresses.get().raw}); "
        f"{three.uuid}."
    )


def test_who_has_no_number_and_is_suppressed_everywhere_gets_no_script(place):
    anna = testing.make_person(place, "Anna Weber")
    close(place, anna.addresses.get().normalised, "email")
    with pytest.raises(BadOptions, match="Anna Weber: every address of theirs is on the supp"):
        prepare(place, person=str(anna.uuid))


@pytest.mark.parametrize("how", ["suppressed", "desist", "merged"])
def test_who_is_stopped_after_the_run_began_gets_no_script(place, how):
    anna = testing.make_person(place, "Anna Weber")
    run = making.run(place, "call_prep", person=str(anna.uuid))
    if how == "suppressed":
        close(place, anna.addresses.get().normalised, "email")
    else:
        anna.addresses.all().delete()  # and no address: that was the reason told first
        other = testing.make_person(place, "Anna W.") if how == "merged" else anna
        by = testing.alice(place)
        people.set_status(other, PersonStatus.DESIST, reason="asked", by=by, at=WORKDAY)
        if how == "merged":
            Person.objects.filter(pk=anna.pk).update(merged_into=other)
    found = engine.work(run.pk, clock=Clock()).result
    assert found["write_scripts"] == {"scripts": 0, "with_a_number": 0, "left_alone": 1}
    assert not Artifact.objects.exists()
