"""From people ticked in their list to the form of e-mail drafts, and no further by itself."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from outreach import testing
from outreach.core import people
from outreach.core.models import Draft
from outreach.edge import people_chosen
from outreach.testing import WORKDAY
from workflows.models import Run

pytestmark = pytest.mark.django_db
LIST = reverse("admin:core_person_changelist")


def choose(client, *chosen):
    form = {"action": "write_drafts", "_selected_action": [each.pk for each in chosen]}
    return client.post(LIST, form, follow=True)


def test_the_form_is_for_the_people_ticked_and_names_who_gets_none(client):
    testing.make_workspace(sender_name="Mira Keller")
    anna, ben, gone = (testing.make_person() for _ in range(3))
    people.set_status(gone, "desist", reason="asked", by=testing.alice(), at=WORKDAY)
    client.force_login(testing.bob().user)
    page = choose(client, anna, ben, gone)
    said = page.content.decode()
    assert page.redirect_chain[0][0].startswith(
        reverse("admin:workflows_start_one", args=["email_drafts"])
    )
    assert f'value="{anna.pk}, {ben.pk}, {gone.pk}"' in said
    assert "No draft for 1 of the 3 selected: asked us to stop (1)." in said
    assert re.search(r'name="limit"[^>]* value="3"', said)
    assert not Run.objects.exists() and not Draft.objects.exists()


def test_where_none_may_be_written_to_it_says_why_and_opens_no_form(client):
    open_one, gone = testing.make_person(), testing.make_person()
    testing.make_draft(open_one)
    people.set_status(gone, "blocked", reason="rude", by=testing.alice(), at=WORKDAY)
    client.force_login(testing.bob().user)
    page = choose(client, open_one, gone)
    said = page.content.decode()
    assert (
        page.redirect_chain[-1][0].split("?")[0].endswith(LIST)
        and "No drafts were asked for. None of them" in said
    )
    assert "blocked by us (1)" in said and "another message to them is open (1)" in said


def test_who_may_run_no_workflow_is_offered_nothing(client):
    person = testing.make_person()
    client.force_login(testing.carol().user)
    assert "Draft e-mails to these" not in client.get(LIST).content.decode()
    assert not any("start" in to for to, _ in choose(client, person).redirect_chain)


def test_people_of_two_workspaces_or_too_many_are_refused(client, monkeypatch):
    other = testing.make_workspace("other")
    here, there = testing.make_person(), testing.make_person(other)
    bob = testing.bob(other).user
    client.force_login(testing.bob().user)
    assert bob == testing.bob().user
    assert "Select people of one workspace" in choose(client, here, there).content.decode()
    monkeypatch.setattr(people_chosen, "MOST", 1)
    two = choose(client, here, testing.make_person()).content.decode()
    assert "Select at most 1 people at a time" in two
