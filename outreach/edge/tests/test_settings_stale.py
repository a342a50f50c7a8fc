"""Pages of settings that were opened before somebody else, or the program, changed the row."""

from __future__ import annotations

import re
from typing import Any

import pytest
import time_machine
from django.contrib import admin
from django.db.models import Model
from django.forms import model_to_dict
from django.test import Client
from django.urls import reverse

from approvals import quota
from approvals.models import QuotaUse
from channels.models import PlatformTemplate
from outreach import testing
from outreach.core.models import Activity, Agent, Membership, User, Workspace
from outreach.core.permissions import SCOPES
from outreach.edge import scopes, seen_form
from outreach.testing import WORKDAY

# What is written, and from what a page had shown: the same on both databases.
pytestmark = [pytest.mark.django_db, pytest.mark.once]


def opened(client: Client, row: Model) -> tuple[str, dict[str, Any]]:
    """The address of a row's page, and the form as a browser that has it open would post it."""
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    page = reverse(name, args=[row.pk])
    shown = client.get(page).content.decode()
    fields = admin.site._registry[type(row)].get_form(_request(client, page), row, change=True)
    form = {
        key: value
        for key, value in model_to_dict(row, fields.base_fields).items()
        if value not in (None, "", False) and key != "password"
    }
    found = re.search(r'name="seen" value="([0-9a-f]+)"', shown)
    assert found, "the page tells what it has shown"
    return page, {**form, "seen": found[1]}


def _request(client: Client, page: str) -> Any:
    return client.get(page).wsgi_request


def test_each_field_of_a_workspace_says_what_it_is_for_and_zones_are_offered(client):
    client.force_login(testing.dora().user)
    place = testing.make_workspace()
    page, form = opened(client, place)
    shown = client.get(page).content.decode()
    fields = admin.site._registry[Workspace].get_form(_request(client, page), place).base_fields
    bare = [name for name, field in fields.items() if name != "seen" and not field.help_text]
    assert bare == []
    assert '<option value="Europe/Zurich">' in shown and 'list="time-zones"' in shown
    told = client.post(page, {**form, "time_zone": "Zurich"}).content.decode()
    assert "Zurich is not an IANA time zone. Use a name such as Europe/Zurich." in told
    assert client.post(page, {**form, "time_zone": "Europe/Zurich"}).status_code == 302


def test_scopes_are_told_in_words_with_their_codes_behind(client):
    assert set(scopes.OPENS) == set(SCOPES)
    assert scopes.told(["drafts:write", "old:one"]) == [
        "Write messages, and ask for their review (drafts:write)", "old:one",
    ]  # fmt: skip
    client.force_login(testing.dora().user)
    agent = testing.make_agent(None, "drafts:write").agent
    page = reverse("admin:core_agent_change", args=[agent.pk])
    assert "Run workflows (workflows:run)" in client.get(page).content.decode()


@pytest.mark.parametrize(
    "meanwhile",
    [{"autonomy_override": "governance"}, {"is_active": False}, {"scopes": ["drafts:write"]}],
    ids=["taken back", "switched off", "a scope less"],
)
def test_a_page_of_before_gives_an_agent_nothing_back(client, meanwhile):
    client.force_login(testing.dora().user)
    agent = testing.make_agent(None, "drafts:write", "messages:schedule").agent
    page, form = opened(client, agent)
    Agent.objects.filter(pk=agent.pk).update(**meanwhile)
    answer = client.post(page, {**form, "daily_quota": 30})
    assert answer.status_code == 200
    assert seen_form.CHANGED in answer.content.decode()
    agent.refresh_from_db()
    assert {name: getattr(agent, name) for name in meanwhile} == meanwhile
    assert agent.daily_quota == 20
    page, form = opened(client, agent)
    assert client.post(page, {**form, "daily_quota": 30}).status_code == 302
    agent.refresh_from_db()
    assert {name: getattr(agent, name) for name in meanwhile} == meanwhile
    assert agent.daily_quota == 30
    told = Activity.objects.filter(verb="workspaces.agent_set").latest("pk")
    assert told.codes["changed"] == ["daily_quota"]


@pytest.mark.parametrize("field", ["name", "sender_name", "postal_address"])
def test_what_others_read_of_a_sender_is_one_line_that_can_be_seen(client, field):
    client.force_login(testing.dora().user)
    place = testing.make_workspace()
    page, form = opened(client, place)
    assert client.post(page, {**form, field: "Mi\u202era\r\nBcc: x"}).status_code == 302
    place.refresh_from_db()
    assert getattr(place, field) == "Mira Bcc: x"
    page, form = opened(client, place)
    for nothing in ("\u202e\u200b", "\u200d", "\u2800\u3164", "\ufe0f"):
        told = client.post(page, {**form, field: nothing}).content.decode()
        assert "Nothing of this can be seen. Type it anew." in told


@pytest.mark.parametrize("name", ["Mira <x@y.z>", "x@y.z", 'Mira "Boss'])
def test_a_sender_is_not_called_by_what_reads_as_another_address(client, name):
    client.force_login(testing.dora().user)
    page, form = opened(client, testing.make_workspace())
    told = client.post(page, {**form, "sender_name": name}).content.decode()
    assert "it would read as an address" in told


@pytest.mark.parametrize("meanwhile", [{"own_words": "synergy"}, {"four_eyes": True}])
def test_a_page_of_before_takes_no_rule_of_a_workspace_away(client, meanwhile):
    client.force_login(testing.dora().user)
    place = testing.make_workspace(own_words="tariff")
    page, form = opened(client, place)
    Workspace.objects.filter(pk=place.pk).update(**meanwhile)
    answer = client.post(page, {**form, "name": "Renamed"})
    assert seen_form.CHANGED in answer.content.decode()
    place.refresh_from_db()
    assert {name: getattr(place, name) for name in meanwhile} == meanwhile


def test_a_page_of_before_lets_nobody_in_again(client):
    root = testing.make_user("root", is_superuser=True)
    client.force_login(root)
    carol = testing.carol().user
    page, form = opened(client, carol)
    User.objects.filter(pk=carol.pk).update(is_active=False)
    assert seen_form.CHANGED in client.post(page, {**form, "last_name": "Cole"}).content.decode()
    carol.refresh_from_db()
    assert not carol.is_active
    member = Membership.objects.get(user=testing.alice().user)
    client.force_login(testing.dora().user)
    page, form = opened(client, member)
    Membership.objects.filter(pk=member.pk).update(role="viewer")
    assert seen_form.CHANGED in client.post(page, form).content.decode()
    member.refresh_from_db()
    assert member.role == "viewer"


def test_safe_mode_that_goes_on_while_a_workspace_is_saved_stays_on(client, monkeypatch):
    """The row was read before, and its own page writes what it shows and nothing beside it."""
    dora = testing.dora()
    client.force_login(dora.user)
    place = testing.make_workspace(safe_mode=False, auto_approve_by=dora.user)
    page, form = opened(client, place)

    def then(obj: Model, form: Any) -> None:
        Workspace.objects.filter(pk=obj.pk).update(safe_mode=True)  # as `safemode.switch_on`
        save(obj, form)

    save = seen_form.save_changed
    monkeypatch.setattr("outreach.edge.settings_admin.save_changed", then)
    assert client.post(page, {**form, "name": "Renamed"}).status_code == 302
    place.refresh_from_db()
    assert (place.name, place.safe_mode) == ("Renamed", True)


def test_a_password_that_is_set_while_its_login_is_saved_is_the_new_one(client, monkeypatch):
    client.force_login(testing.make_user("root", is_superuser=True))
    carol = testing.carol().user
    page, form = opened(client, carol)
    save = seen_form.save_changed

    def then(obj: Model, form: Any) -> None:
        other = User.objects.get(pk=obj.pk)
        other.set_password("a horse that nobody guesses 7")
        other.save()
        save(obj, form)

    monkeypatch.setattr("outreach.edge.members_admin.save_changed", then)
    assert client.post(page, {**form, "last_name": "Cole"}).status_code == 302
    carol.refresh_from_db()
    assert carol.last_name == "Cole" and carol.check_password("a horse that nobody guesses 7")


def test_a_page_of_before_lets_rules_approve_nothing_again(client):
    """Switched off by another admin since; off itself is never refused."""
    dora = testing.dora()
    client.force_login(dora.user)
    place = testing.make_workspace(safe_mode=False, auto_approve_by=dora.user)
    page = reverse("safe_mode_of", args=[place.pk])
    seen = re.search(r'name="seen" value="([^"]+)"', client.get(page).content.decode())
    assert seen
    rules = {"act": "rules", "threshold": "95", "seen": seen[1]}
    Workspace.objects.filter(pk=place.pk).update(auto_approve_enabled=False)
    answer = client.post(page, {**rules, "enabled": "1"})
    assert answer.status_code == 409 and seen_form.CHANGED in answer.content.decode()
    less = {"act": "attention", "first_message": "1", "reason": "x", "seen": seen[1]}
    assert client.post(page, less).status_code == 409
    place.refresh_from_db()
    assert not place.auto_approve_enabled and place.require_approval_for_desist_history
    assert client.post(page, rules).status_code == 302
    place.refresh_from_db()
    assert (place.auto_approve_enabled, place.auto_approve_threshold) == (False, 95)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Niue"])
def test_another_time_zone_keeps_what_left_today(client, zone):
    client.force_login(testing.dora().user)
    place = testing.make_workspace()
    with time_machine.travel(WORKDAY):
        QuotaUse.objects.create(
            workspace=place, day=quota.local_day(place, WORKDAY), used=2, lim=20
        )
        page, form = opened(client, place)
        assert client.post(page, {**form, "time_zone": zone}).status_code == 302
    place.refresh_from_db()
    assert place.time_zone == zone
    assert QuotaUse.objects.get(day=quota.local_day(place, WORKDAY)).used == 2
    assert QuotaUse.objects.count() == 2


def test_a_template_keeps_the_name_that_a_reviewer_was_told(client):
    """Under another name WhatsApp keeps another text: what was approved would leave as that."""
    client.force_login(testing.dora().user)
    row = PlatformTemplate.objects.create(
        workspace=testing.make_workspace(), name="minutes", language="en", body="The minutes."
    )
    page, form = opened(client, row)
    other = {"name": "offer", "language": "de", "body": "The minutes of Monday."}
    assert client.post(page, {**form, **other}).status_code == 302
    row.refresh_from_db()
    assert (row.name, row.language, row.body) == ("minutes", "en", "The minutes of Monday.")
    assert "Its name and language stay" in client.get(page).text
