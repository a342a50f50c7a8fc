"""The activity timeline in the admin: the log holds numbers, its reader sees names."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from approvals import taking
from approvals.models import Approval
from outreach import testing
from outreach.core import activity
from outreach.core.models import Activity
from outreach.core.principal import Principal
from outreach.edge import log_words
from safety import events
from safety.models import SafetyEvent
from safety.verdict import Finding

# What the page shows of rows that are asked for as before.
pytestmark = [pytest.mark.django_db, pytest.mark.once]
LIST = "/admin/core/activity/"
EVENTS = "/admin/safety/safetyevent/"


def told(by):
    act = activity.Entry(
        verb="people.active",
        object_type="person",
        object_id="1",
        workspace_id=testing.make_workspace().pk,
    )
    with transaction.atomic():
        activity.record(act, by=by, at=timezone.now())
    return Activity.objects.latest("pk")


@pytest.fixture
def client():
    found = Client()
    found.force_login(testing.dora().user)
    return found


def test_each_entry_names_who_did_it(client):
    dora, agent = testing.dora(), testing.make_agent()
    for by in (dora, agent, Principal.system("sender"), replace(dora, id="987654")):
        told(by)
    text = client.get(LIST).content.decode()
    assert f"Dora (user {dora.id})" in text
    assert f"{agent.label} (agent {agent.id})" in text
    assert "system sender" in text and "user 987654" in text


def test_an_entry_on_its_own_page_names_them_too_and_holds_no_name(client):
    dora = testing.dora()
    row = told(dora)
    assert f"Dora (user {dora.id})" in client.get(f"{LIST}{row.pk}/change/").content.decode()
    assert "Dora" not in str(Activity.objects.filter(pk=row.pk).values().get())


def test_an_entry_about_a_message_names_the_queues_item(client):
    item = testing.make_pending()
    row = Activity.objects.filter(object_type="draft", object_id=str(item.draft_id)).first()
    where = f"/admin/approvals/approval/{item.pk}/"
    link = f'message {row.object_id}</a>, item <a class="oc-link" href="{where}'
    for page in (LIST, f"{LIST}{row.pk}/change/"):
        assert link in client.get(page).content.decode()
    assert '<span><a class="oc-link" href="/admin/core/draft' in client.get(LIST).text, "one box"


def test_an_approval_and_a_control_are_named_and_opened(client):
    item = testing.make_pending()
    shown = client.get(LIST).text
    where = f"/admin/approvals/approval/{item.pk}/change/"
    assert f'approval <a class="oc-link" href="{where}">#{item.pk}</a>' in shown
    with transaction.atomic():
        entry = activity.Entry("safety.control_set", "systemcontrol", "5", None)
        activity.record(entry, by=testing.olaf(), at=timezone.now())
    client.force_login(testing.olaf().user)
    assert f'href="{reverse("controls")}">control 5</a>' in client.get(LIST).text


def test_where_a_message_went_is_told_in_words(client):
    item = testing.make_pending(by=testing.make_agent())
    row = Activity.objects.get(verb="approvals.routed")
    assert item.draft_id == int(row.object_id)
    assert log_words.details(row) == (
        "put before a person, asked to be sent at its time; Safe Mode on: messages need approval; "
        "autonomy managed; its author's role: agent"
    )
    for page in (LIST, f"{LIST}{row.pk}/change/"):
        shown = client.get(page).text
        assert "put before a person, asked to be sent at its time" in shown
        assert "requested status" not in shown and "was denied" not in shown


def test_an_entry_s_own_page_is_headed_in_words_and_tells_the_second(client):
    row = told(testing.dora())
    shown = client.get(f"{LIST}{row.pk}/change/").text
    assert "Active: person 1" in shown and "people.active on" not in shown
    assert f"{row.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}" in shown


@pytest.mark.parametrize(
    ("door", "words"),
    [("job", "the program's own work"), ("admin", "the admin's pages"), ("command", "a command")],
)
def test_a_door_is_told_in_words(door, words):
    row = told(replace(testing.dora(), door=door))
    assert log_words.details(row) == f"through {words}"


def refused(draft):
    finding = Finding("CONTENT_CHECK", "pressure", "fail", "It presses.")
    with transaction.atomic():
        events.record_findings(
            [finding], action="submit", draft=draft, by=testing.alice(), at=timezone.now()
        )
    return SafetyEvent.objects.latest("pk")


def test_a_safety_event_names_the_newest_item_of_its_message(client):
    old = testing.make_approved()
    taking.reopen_before_stop(
        workspace=None, decided_before=None, by=testing.alice(), at=timezone.now()
    )
    new, row = Approval.objects.latest("pk"), refused(old.draft)
    link = f'href="/admin/approvals/approval/{new.pk}/change/">#{new.pk}</a>'
    assert new.pk != old.pk
    for page in (EVENTS, f"{EVENTS}{row.pk}/change/"):
        assert link in client.get(page).content.decode()
    never = client.get(f"{EVENTS}{refused(testing.make_draft()).pk}/change/")
    assert "In the queue" in never.content.decode() and never.status_code == 200


def test_items_of_events_are_read_once_for_a_whole_list(client):
    refused(testing.make_pending().draft)
    client.get(EVENTS)
    with CaptureQueriesContext(connection) as few:
        client.get(EVENTS)
    for _ in range(4):
        refused(testing.make_pending().draft)
    with CaptureQueriesContext(connection) as many:
        client.get(EVENTS)
    assert len(many) == len(few)


def test_names_are_read_once_for_a_whole_list(client):
    told(testing.dora())
    client.get(LIST)
    with CaptureQueriesContext(
        connection,
    ) as few:
        client.get(LIST)
    for _ in range(3):
        told(testing.make_agent())
        told(testing.bob())
    with CaptureQueriesContext(connection) as many:
        client.get(LIST)
    assert len(many) <= len(few) + 1  # agents, once


def test_details_are_told_in_words(client):
    codes = {"fields": ["time_zone", "country"], "was_denied": False, "limits": {"per_day": 3}}
    act = activity.entry("people.changed", testing.make_person(), **codes)
    with transaction.atomic():
        activity.record(act, by=testing.dora(), at=timezone.now())
    text = client.get(LIST).content.decode()
    assert "fields: time zone, country; was denied: no; limits: per day 3" in text
    assert "changed" in text and "people.changed" in text
