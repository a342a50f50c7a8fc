"""People in the admin: written down and changed by hand, with every fault told beside its field."""

from __future__ import annotations

import re

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from outreach import testing
from outreach.core import drafts, person_editing, suppression
from outreach.core.models import Person, Suppression
from outreach.core.people import add_address
from outreach.edge import person_told

# What the pages say; people are written on both by their services.
pytestmark = [pytest.mark.django_db, pytest.mark.once]
ADD = "/admin/core/person/add/"
WORDS = {
    "full_name": "Dr. Zoë Muster", "account": "ACME® Inc.", "email": "Zoe@Example.com",
    "linkedin": "https://linkedin.com/in/zoe/", "country": "Switzerland", "notes": "Met in Bern",
}  # fmt: skip


@pytest.fixture
def bob(client):
    client.force_login(testing.bob().user)
    return client


@pytest.mark.both
def test_a_person_is_written_down_and_then_changed(bob):
    assert b"Greeted as" in bob.get(ADD).content
    answer = bob.post(ADD, WORDS)
    person = Person.objects.get()
    page = reverse("admin:core_person_change", args=[person.pk])
    assert answer.headers["Location"] == page
    assert (person.first_name, person.greeting_name, person.country) == ("Zoë", "Zoë", "CH")
    assert person.profile_url.endswith("/in/zoe/")
    assert {way.normalised for way in person.addresses.all()} == {
        "zoe@example.com", "linkedin.com/in/zoe",
    }  # fmt: skip
    edit = reverse("admin:core_person_edit", args=[person.pk])
    assert edit in bob.get(page).content.decode()
    shown = bob.get(edit).content.decode()
    assert "Met in Bern" in shown and "Zoe@Example.com" in shown
    assert "An address stays" in shown and reverse("admin:core_suppression_changelist") in shown
    seen = person_editing.version(person)
    form = {"full_name": "Zoë Muster", "position": "CFO", "phone": "+41446681800", "seen": seen}
    assert bob.post(edit, form).status_code == 302
    person.refresh_from_db()
    assert (person.position, person.greeting_name, person.notes) == ("CFO", "", "")
    late = bob.post(edit, form | {"position": "CEO"})
    assert late.status_code == 400
    assert "was changed at" in late.content.decode() and 'value="CEO"' in late.content.decode()
    person.refresh_from_db()
    assert person.position == "CFO"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({}, "Give the person a name."),
        ({"full_name": "x" * 401}, "at most 400 characters"),
        ({"full_name": "x" * 399}, "at most 200"),
        ({"full_name": "Anna", "linkedin": "linkedin.com/in/" + "x" * 410}, "too long for an"),
        ({"full_name": "Anna", "email": "x" * 65 + "@example.com"}, "65 bytes before the @"),
        ({"full_name": "A\0B"}, "A NUL character came"),
        ({"full_name": "Anna", "country": "Atlantis"}, "is no country"),
        ({"full_name": "Anna", "time_zone": "Mars/One"}, "Mars/One"),
        ({"full_name": "Anna", "email": "nope"}, "is no e-mail address"),
        ({"full_name": "Anna", "email": "taken@example.com"}, "belongs to another person"),
        ({"full_name": "Anna", "workspace": "999"}, "Choose the workspace"),
    ],
)
def test_a_fault_is_told_and_nothing_is_written(bob, typed, words):
    other = person_editing.create(
        testing.make_workspace(), {"full_name": "Other"}, by=testing.bob(), at=testing.WORKDAY,
        addresses=[("email", "taken@example.com")],
    )  # fmt: skip
    answer = bob.post(ADD, {"workspace": other.workspace_id, **typed})
    assert (answer.status_code, words in answer.content.decode()) == (400, True)
    assert list(Person.objects.all()) == [other]
    assert "belongs" not in words or f"another person already: {other.uuid}" in answer.text


@pytest.mark.parametrize("is_new", [True, False])
def test_every_field_that_cannot_be_read_is_named_at_once_beside_itself(bob, is_new):
    known = testing.make_person()
    page = ADD if is_new else f"/admin/core/person/{known.pk}/edit/"
    typed = {"country": "Atlantis", "time_zone": "Mars/One", "email": "nope", "phone": "12",
             "linkedin": "https://example.com/anna"}  # fmt: skip
    form = bob.post(page, {"full_name": "Anna", **typed}).context["form"]
    assert set(form.errors) == set(typed) and Person.objects.count() == 1


def test_a_company_that_an_agent_told_is_vouched_for_by_saving_the_page(bob):
    agent = testing.make_agent(None, "people:write")
    person = person_editing.create(
        testing.make_workspace(), {"full_name": "Eve Moss"}, account="Acme", by=agent,
        at=testing.WORKDAY,
    )  # fmt: skip
    page = reverse("admin:core_person_edit", args=[person.pk])
    said = "an agent told it: with your Save it counts for what the law asks"
    assert said in bob.get(page).content.decode()
    bob.post(page, {"full_name": "Eve Moss", "account": "Acme"})
    person.refresh_from_db()
    assert (person.account.name, person.account_hearsay) == ("Acme", False)
    assert said not in bob.get(page).content.decode()


def test_a_message_that_left_is_called_sent_and_not_approved(bob):
    given = testing.make_approved()
    page = reverse("admin:core_person_change", args=[given.human_id])
    assert ">Approved<" in bob.get(page).content.decode()
    drafts.move([given.draft_id], "sent")
    shown = bob.get(page).content.decode()
    assert ">Sent<" in shown and ">Approved<" not in shown


def closes(person: Person, channel: str) -> None:
    address = person.addresses.get(channel=channel).raw
    by = testing.dora(person.workspace)
    with transaction.atomic():
        suppression.suppress(
            person.workspace, channel, address, reason="bounce", by=by, at=testing.WORKDAY
        )


def test_a_suppressed_address_leads_to_its_row_where_it_is_lifted(bob):
    """The list keeps hashes, so nobody finds it there by eye."""
    person = testing.make_person()
    closes(person, "email")
    row, page = Suppression.objects.get(), reverse("admin:core_person_change", args=[person.pk])
    client = Client()
    client.force_login(testing.alice().user)
    shown = client.get(page).content.decode()
    form = re.search(r'<form method="post" action="([^"]+)" class="oc-inline">(.*?)</form>', shown)
    assert form is not None
    sent = dict(re.findall(r'name="(workspace|channel|address|act)" value="([^"]*)"', form[2]))
    answer = client.post(form[1], sent)
    assert answer.headers["Location"].endswith(f"/suppression/{row.pk}/change/")
    assert "why, and lift it" not in bob.get(page).content.decode()


def test_whose_addresses_are_all_suppressed_is_not_said_to_be_written_to(bob):
    person = testing.make_person()
    page = reverse("admin:core_person_change", args=[person.pk])
    assert "May be written to." in bob.get(page).content.decode()
    closes(person, "email")
    shown = bob.get(page).content.decode()
    assert "May be written to" not in shown and "their only address is suppressed." in shown
    assert "concerns everybody" not in shown
    add_address(person.workspace, person, "linkedin", "linkedin.com/in/ann")
    shown = bob.get(page).content.decode()
    assert "May be written to." in shown and "Not by 1 of their 2 addresses." in shown
    closes(person, "linkedin")
    shown = bob.get(page).content.decode()
    assert "May be written to" not in shown and "all their addresses are suppressed." in shown
    person.addresses.all().delete()
    shown = bob.get(page).content.decode()
    assert "May be written to" not in shown and "no address of theirs is known." in shown


def test_the_list_shows_who_is_suppressed_at_every_address(bob, django_assert_num_queries):
    shut, half, copy = (testing.make_person() for _ in range(3))
    testing.make_person()
    copy.merged_into = shut
    copy.save()
    add_address(half.workspace, half, "linkedin", "linkedin.com/in/ann")
    closes(shut, "email")
    closes(half, "email")
    words = "All addresses suppressed"
    assert words not in bob.get("/admin/core/person/").content.decode(), "the copy's is open"
    closes(copy, "email")
    shown = bob.get("/admin/core/person/").content.decode()
    assert shown.count(words) == 2
    with django_assert_num_queries(2):
        assert person_told.unreachable_among([shut.pk, half.pk]) == {shut.pk}
