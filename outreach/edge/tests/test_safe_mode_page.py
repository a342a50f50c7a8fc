"""Safe Mode in the admin: off needs an admin, the words and a reason; on needs one click."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from approvals import earned, safemode
from outreach import testing
from outreach.core import rates
from outreach.core.models.workspace import SettingChange

# What the page says and to whom; test_preflight and test_safemode ask the database on both.
pytestmark = [pytest.mark.django_db, pytest.mark.once]
OFF = {"act": "off", "confirm": safemode.CONFIRMATION, "reason": "A week of trial, watched daily"}


def enter(who) -> Client:
    client = Client()
    client.force_login(who.user)
    return client


def post(client: Client, **form):
    return client.post(reverse("safe_mode"), form, follow=True)


def is_on() -> bool:
    return testing.make_workspace().safe_mode


def test_the_page_shows_the_preflight_and_who_may_switch():
    for who, may in ((testing.dora(), True), (testing.alice(), False), (testing.carol(), False)):
        text = enter(who).get(reverse("safe_mode")).content.decode()
        assert "No decisions so far" in text and "Voice profile version 5" in text
        assert ("switch-off" in text) is may
    stranger = testing.make_user("stranger")
    client = Client()
    client.force_login(stranger)
    assert client.get(reverse("safe_mode")).status_code == 404


def test_what_was_changed_is_told_in_words():
    post(enter(testing.dora()), **OFF, tick=["rollback_plan"])
    page = enter(testing.alice()).get(reverse("safe_mode")).content.decode()
    told = page.split("Last changes")[-1].split("</section>")[0]
    assert "Safe Mode: off, by Dora, " in told and f": {OFF['reason']}</li>" in told
    assert not any(code in told for code in ("safe_mode", "auto_approve_by", "False", " = "))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"confirm": "disable safe mode"}, "Type exactly: Disable Safe Mode"),
        ({"reason": " "}, "Not everything is ready"),
        ({"tick": "voice_version"}, "cannot be ticked"),
    ],
)
def test_off_is_refused_without_the_words_or_the_reason(change, sentence):
    response = post(enter(testing.dora()), **{**OFF, **change})
    assert response.status_code == 409 and sentence in response.content.decode()
    assert is_on()


def test_an_admin_switches_off_with_reason_and_anybody_who_brakes_switches_on():
    response = post(enter(testing.dora()), **OFF, tick=["rollback_plan"])
    assert 'data-on="no"' in response.content.decode() and not is_on()
    told = SettingChange.objects.get()
    ticked = {item["key"] for item in told.details["preflight"] if item["met"]}
    assert told.reason == OFF["reason"] and "rollback_plan" in ticked
    assert "team_told" not in ticked
    response = post(enter(testing.alice()), act="on")
    assert 'data-on="yes"' in response.content.decode() and is_on()
    assert "Stopped at" in response.content.decode()


def test_lesser_roles_switch_nothing():
    for who in (testing.alice(), testing.bob(), testing.carol()):
        assert post(enter(who), **OFF).status_code == 403
        assert post(enter(who), act="rules", threshold="90", enabled="1").status_code == 403
        assert post(enter(who), act="attention", reason="x").status_code == 403
    testing.make_workspace(safe_mode=False)
    for who in (testing.bob(), testing.carol()):
        assert post(enter(who), act="on").status_code == 403
    assert not is_on()


def test_rules_and_priorities_are_set_by_an_admin():
    client = enter(testing.dora())
    post(client, act="rules", threshold="95", enabled="1")
    place = testing.make_workspace()
    assert (place.auto_approve_threshold, place.auto_approve_by.username) == (95, "dora")
    assert post(client, act="rules", threshold="79").status_code == 409
    assert "80 to 100" in post(client, act="rules", threshold="many").content.decode()
    assert "Say why" in post(client, act="attention", first_message="1").content.decode()
    post(client, act="attention", first_message="1", reason="Nobody here has asked us to stop")
    place.refresh_from_db()
    assert place.require_approval_for_first_message
    assert not place.require_approval_for_desist_history


def test_the_page_and_the_agents_own_show_what_it_has_earned(monkeypatch):
    bot = testing.make_agent(None, "messages:schedule", autonomy_override="governance")
    found = earned.Earned(bot.agent, "email", "follow_up", rates.wilson(48, 50))
    monkeypatch.setattr(earned, "evidence", lambda agents, at: [found] if list(agents) else [])
    said = (
        "E-mail, follow-up: 48 of 50 approved as written (96 %, with 95 % confidence at least 87 %)"
    )
    page = enter(testing.dora()).get(reverse("safe_mode")).content.decode()
    link = reverse("admin:core_agent_change", args=[bot.agent.pk])
    assert said in page and f'href="{link}"' in page and "its own setting" in page
    page = enter(testing.carol()).get(reverse("safe_mode")).content.decode()
    assert said in page and link not in page
    page = enter(testing.dora()).get(link).content.decode()
    assert said in page and "Enough to let rules approve these." in page


def test_where_nobody_decided_yet_the_page_says_so():
    testing.make_agent()
    page = enter(testing.alice()).get(reverse("safe_mode")).content.decode()
    assert "Nobody has decided about a message of an agent yet." in page
