"""Somebody is also known by the names they had before, and is erased by those as well."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import call_command
from django.urls import reverse

from channels import merging
from outreach import testing
from outreach.core import person_editing
from outreach.core.models import Activity, ImportChange, Person
from outreach.core.models.imports import Import
from outreach.core.models.workspace import SettingChange
from outreach.core.people import add_address
from outreach.edge.privacy import telling
from outreach.edge.privacy.erasing import erase
from outreach.edge.tests import api
from outreach.edge.tests.marked import LATER

pytestmark = pytest.mark.django_db(transaction=True)
WHY = "By letter of 3 March"


@pytest.fixture
def anna():
    words = {"full_name": "Anna Meier", "first_name": "Anna", "last_name": "Meier"}
    return person_editing.create(testing.make_workspace(), words, by=testing.dora(), at=LATER)


def renamed(person, full_name, **more) -> None:
    words = {"full_name": full_name, **more}
    person_editing.change(person, words, by=testing.dora(), at=LATER)


def noted(person, text) -> SettingChange:
    """A reason of a colleague's, about nobody's record."""
    return SettingChange.objects.create(
        workspace=person.workspace, settings={}, reason=text, at=LATER, **testing.dora().fields()
    )


def erased(person, **more):
    return erase(Person.objects.get(pk=person.pk), reason=WHY, by=testing.dora(), at=LATER, **more)


@pytest.mark.parametrize("text", ["Anna Meier", "Meier, Anna", "Meier Anna", "ANNA  meier"])
def test_a_name_from_before_a_wedding_is_looked_for_however_it_is_turned(anna, text):
    renamed(anna, "Anna Huber", last_name="Huber")
    row, other = noted(anna, f"Ask {text} first\nand Bob"), testing.make_person(notes=f"{text}!")
    done = erased(anna)
    row.refresh_from_db()
    assert row.reason == "and Bob"
    assert done.elsewhere == (("people", other.pk),)


def test_a_program_that_renames_leaves_the_name_before_as_well(anna):
    admin = api.Caller(api.key_of(testing.dora()))
    answer = admin.patch(f"/api/people/{anna.uuid}", {"full_name": "Anna Huber"})
    assert answer.status_code == 200, answer.content
    assert "former_names" not in answer.json()
    row = noted(anna, "Anna Meier rang")
    erased(anna)
    row.refresh_from_db()
    assert row.reason == "Erased."


def test_every_name_there_was_is_kept_once_and_told_and_goes_with_the_rest(anna):
    renamed(anna, "Anna Huber", last_name="Huber")
    renamed(anna, "Anna Huber", greeting_name="Anni")
    renamed(anna, "Anna Meier", last_name="Meier")
    renamed(anna, "Anna Keller", last_name="Keller")
    anna.refresh_from_db()
    assert [each["full_name"] for each in anna.former_names] == ["Anna Meier", "Anna Huber"]
    told = "".join(telling.export(anna, by=testing.dora(), at=LATER))
    assert json.loads(told)["records"][0]["former_names"] == anna.former_names
    rows = [noted(anna, "Anna Huber rang"), noted(anna, "Anni Keller rang")]
    erased(anna)
    anna.refresh_from_db()
    assert anna.former_names == []
    for row in rows:
        row.refresh_from_db()
        assert row.reason == "Erased."


def test_what_changed_no_name_keeps_none(anna):
    renamed(anna, "Anna Meier", notes="Likes tea")
    anna.refresh_from_db()
    assert anna.former_names == []


def test_a_name_that_an_import_filled_in_is_known(anna):
    """As older versions left it: changed since, and kept by nothing else."""
    brought = Import.objects.create(
        workspace=anna.workspace, status="applied", file="x", created_at=LATER, applied_at=LATER,
        **testing.dora().fields(),
    )  # fmt: skip
    ImportChange.objects.create(of=brought, person=anna, fields={"full_name": "Anna Zuber"})
    row = noted(anna, "Anna Zuber rang")
    erased(anna)
    row.refresh_from_db()
    assert row.reason == "Erased."


def test_a_name_that_a_merge_took_away_is_known_after_its_undoing_and_nobody_elses(anna):
    other = testing.make_person(anna.workspace, "Anna Huber")
    by = testing.dora()
    row = merging.merge(anna, other, take=["full_name"], by=by, at=LATER)
    anna.refresh_from_db()
    renamed(anna, "Anna Keller")  # so that the undoing leaves this name
    row.refresh_from_db()
    merging.undo(row, by=by, at=LATER)
    old, new = noted(anna, "Anna Meier rang"), noted(anna, "Anna Huber rang")
    erased(anna)
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.reason, new.reason) == ("Erased.", "Anna Huber rang")


def test_a_name_that_is_anothers_by_now_is_told_and_not_cut(anna):
    """Somebody had typed it on the wrong record: what it stands in is the other's."""
    renamed(anna, "Bob Huber")
    renamed(anna, "Anna Meier")
    bob = testing.make_person(anna.workspace, "Bob Huber", notes="Bob Huber likes tea")
    row = noted(anna, "Bob Huber rang")
    done = erased(anna)
    row.refresh_from_db()
    assert row.reason == "Bob Huber rang"
    assert done.elsewhere == (("people", bob.pk), ("setting_changes", row.pk))


def wrote_as(person, sender_name) -> None:
    testing.make_inbound(person, sender_name=sender_name, kind="message")


@pytest.mark.parametrize("shown", ["Bob Huber", "was told"])
def test_what_somebody_calls_themselves_in_a_mail_opens_and_takes_nothing_of_others(anna, shown):
    """A sender's name is free text: with it one could ask for whatever is said of another."""
    testing.make_person(anna.workspace, "Bob Huber")
    row = noted(anna, "Bob Huber was told")
    wrote_as(anna, shown)
    told = json.loads("".join(telling.export(anna, by=testing.dora(), at=LATER)))
    assert told["shared"] == []
    erased(anna)
    row.refresh_from_db()
    assert row.reason == "Bob Huber was told"


@pytest.mark.parametrize("shown", ["Anna M. Zuber", "Dr. Meier"])
def test_a_sender_name_like_their_name_is_theirs(anna, shown):
    row = noted(anna, f"{shown} rang")
    wrote_as(anna, shown)
    erased(anna)
    row.refresh_from_db()
    assert row.reason == "Erased."


def test_a_sender_name_that_is_like_nothing_of_theirs_is_told(anna):
    """Also where their address is like it: whoever writes has chosen that."""
    add_address(anna.workspace, anna, "email", "karl.kunz@example.org")
    other = testing.make_person(anna.workspace, notes="Karl Kunz rang")
    row = noted(anna, "Karl Kunz rang")
    wrote_as(anna, "Karl Kunz")
    places = {("people", other.pk), ("setting_changes", row.pk)}
    assert set(erased(anna).elsewhere) == places


# --- Names that nothing here knows ---------------------------------------------------------------


def test_the_answer_claims_no_more_than_was_looked_for(anna):
    other = testing.make_person(anna.workspace, notes="Anni Zuber's colleague")
    assert erased(anna).sentence().endswith(
        "; by the names and addresses known here, nothing else names them."
    )  # fmt: skip
    other.refresh_from_db()
    assert other.notes


def test_a_name_given_with_the_order_is_looked_for_too(anna):
    row, other = noted(anna, "Ask Anni Zuber"), testing.make_person(notes="Anni Zubers desk")
    done = erased(anna, also=["Anni  Zuber"])
    row.refresh_from_db()
    assert row.reason == "Erased."
    assert done.elsewhere == (("people", other.pk),)


def test_the_command_takes_as_many_as_there_are(anna):
    rows = [noted(anna, "Ask Anni Zuber"), noted(anna, "Ask Anna Zwei")]
    call_command(
        "person", "--uuid", str(anna.uuid), "--erase", "--reason", WHY,
        "--also-known-as", "Anni Zuber", "--also-known-as", "Anna Zwei", stdout=io.StringIO(),
    )  # fmt: skip
    for row in rows:
        row.refresh_from_db()
        assert row.reason == "Erased."
    told = Activity.objects.get(verb="people.erased").codes
    assert told["also"] == 2 and "Anni" not in str(told)


def test_the_page_takes_them_one_a_line(anna, client):
    rows = [noted(anna, "Ask Anni Zuber"), noted(anna, "Ask Anna Zwei")]
    client.force_login(testing.dora().user)
    page = reverse("admin:core_person_privacy", args=[anna.pk])
    form = {
        "what": "erase",
        "reason": "",
        "confirm": "Anna Meier",
        "also": "Anni Zuber\r\nAnna Zwei",
    }
    again = client.post(page, form).content.decode()
    assert "Say why" in again and "Anni Zuber" in again
    assert client.post(page, {**form, "reason": WHY}).status_code == 302
    for row in rows:
        row.refresh_from_db()
        assert row.reason == "Erased."
