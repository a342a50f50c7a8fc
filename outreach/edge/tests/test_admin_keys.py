"""The keys' pages: the secret is in one answer only, and nobody sees another's."""

from __future__ import annotations

import re
import threading
from http.cookies import SimpleCookie

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from outreach import testing
from outreach.core import keys
from outreach.core.models import ApiKey
from outreach.core.principal import Principal
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db
NEW = "admin:core_apikey_add"
ONE = "admin:core_apikey_change"
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


def enter(client, who):
    client.force_login(who.user)
    return who


def secret_in(page: str) -> str:
    return page.split('id="secret"')[1].split('value="')[1].split('"')[0]


def test_a_key_is_made_shown_once_and_then_revoked(client):
    enter(client, testing.dora())
    agent = testing.make_agent().agent
    form = {"owner": f"agent:{agent.pk}", "label": "bot", "span": "90"}
    answer = client.post(reverse(NEW), form)
    assert answer.status_code == 201
    secret = secret_in(answer.content.decode())
    assert keys.holder(secret, at=ApiKey.objects.get().created_at)[0].agent == agent
    assert "no-store" in answer["Cache-Control"]
    assert all(secret not in str(row.get_decoded()) for row in Session.objects.all())
    one = reverse("admin:core_apikey_change", args=[ApiKey.objects.get().pk])
    for page in (reverse("admin:core_apikey_changelist"), one):
        assert secret not in client.get(page).content.decode()
    client.post(one, {"act": "revoke"})
    assert keys.holder(secret, at=ApiKey.objects.get().created_at) is None


def test_a_key_is_rotated(client):
    enter(client, testing.dora())
    agent = testing.make_agent().agent
    old = keys.make(agent, agent.workspace, label="bot", by=testing.dora(), at=WORKDAY)
    one = reverse("admin:core_apikey_change", args=[old.key.pk])
    answer = client.post(one, {"act": "rotate", "overlap": "24"})
    assert answer.status_code == 201
    assert ApiKey.objects.count() == 2


def test_everybody_makes_a_key_of_their_own_and_of_nobody_else(client):
    carol = enter(client, testing.carol())
    place = testing.make_workspace()
    assert client.post(
        reverse(NEW), {"owner": f"me:{place.pk}", "label": "cli", "span": "30"}
    ).status_code == 201  # fmt: skip
    assert ApiKey.objects.get().user == carol.user
    agent = testing.make_agent().agent
    for owner in (f"agent:{agent.pk}", "me:999", "me:x", "", f"user:{testing.dora().user.pk}"):
        answer = client.post(reverse(NEW), {"owner": owner, "label": "x", "span": "30"})
        assert answer.status_code == 409
    assert ApiKey.objects.count() == 1


@pytest.mark.parametrize("form", [{"label": ""}, {"span": "7"}, {"span": "abc"}])
def test_what_cannot_be_made_is_said_in_a_sentence(client, form):
    enter(client, testing.dora())
    agent = testing.make_agent().agent
    asked = {"owner": f"agent:{agent.pk}", "label": "bot", "span": "90", **form}
    answer = client.post(reverse(NEW), asked)
    assert answer.status_code == 409
    assert not ApiKey.objects.exists()


def test_keys_of_others_cannot_be_seen_or_ended(client):
    other = testing.make_workspace("other")
    agent = testing.make_agent(other).agent
    foreign = keys.make(agent, other, label="secret bot", by=testing.dora(other), at=WORKDAY).key
    agents = keys.make(
        here := testing.make_agent().agent, here.workspace, label="our bot",
        by=Principal.of_user(testing.make_user("dan", "admin")), at=WORKDAY,
    ).key  # fmt: skip
    enter(client, testing.bob())
    for key in (foreign, agents):
        one = reverse("admin:core_apikey_change", args=[key.pk])
        assert client.get(one).status_code == 404
        assert client.post(one, {"act": "revoke"}).status_code == 404
    page = client.get(reverse("admin:core_apikey_changelist")).content.decode()
    assert "secret bot" not in page
    assert "our bot" not in page
    assert not ApiKey.objects.exclude(revoked_at=None).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(2))
def test_of_two_presses_at_once_one_makes_the_key(turn):
    client = Client(enforce_csrf_checks=True)
    client.force_login(testing.alice().user)
    shown = client.get(reverse(NEW)).content.decode()
    form = {"owner": f"me:{testing.make_workspace().pk}", "label": "bot", "span": "30"}
    form["csrfmiddlewaretoken"] = TOKEN.search(shown)[1]
    ready, codes = threading.Barrier(2), []

    def press() -> None:
        try:
            mine = Client(enforce_csrf_checks=True)
            mine.cookies = SimpleCookie(client.cookies.output(header="", sep=";"))
            ready.wait(10)
            codes.append(mine.post(reverse(NEW), form).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=press) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert sorted(codes) == [201, 409]
    assert ApiKey.objects.filter(label="bot").count() == 1


@pytest.mark.parametrize("where", ["new", "replace"])
def test_a_page_with_a_secret_that_is_loaded_again_makes_no_second_key(where):
    alice = testing.alice()
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice.user)
    made = keys.make(alice.user, testing.make_workspace(), label="old", by=alice, at=timezone.now())
    page = reverse(NEW) if where == "new" else reverse(ONE, args=[made.key.pk])
    act = {"act": "rotate", "overlap": "24"}
    if where == "new":
        act = {"owner": f"me:{testing.make_workspace().pk}", "label": "bot", "span": "30"}

    def sent(**more):
        shown = client.get(page).content.decode()
        form = act | more | {"csrfmiddlewaretoken": TOKEN.search(shown)[1]}
        return form, client.post(page, form)

    _, refused = sent(**({"owner": "x"} if where == "new" else {"overlap": "x"}))
    assert refused.status_code == 409
    form, first = sent()
    assert 'id="secret"' in first.content.decode()
    count, again = ApiKey.objects.count(), client.post(page, form)
    assert again.status_code == 409 and "sent before" in again.content.decode()
    assert 'id="secret"' not in again.content.decode() and ApiKey.objects.count() == count
    assert 'id="secret"' in sent()[1].content.decode() and ApiKey.objects.count() == count + 1
    secret = first.context["made"].secret
    assert secret not in str(dict(client.session)) and secret not in str(client.cookies)


def test_an_agents_page_leads_to_its_keys_and_each_of_them_back(client):
    enter(client, testing.dora())
    agent = testing.make_agent().agent
    here = reverse("admin:core_agent_change", args=[agent.pk])
    keys_list = reverse("admin:core_apikey_changelist")
    assert f'None yet. Make one under <a class="oc-link" href="{keys_list}">API keys</a>.' in (
        client.get(here).content.decode()
    )
    how = {"by": testing.dora(), "at": timezone.now()}
    made = [keys.make(agent, agent.workspace, label=f"bot {n}", **how).key for n in range(2)]
    own = keys.make(testing.dora().user, agent.workspace, label="mine", **how).key
    keys.revoke(made[1], **how)
    text = client.get(here).content.decode()
    for key, state in zip(made, ("works", "revoked"), strict=True):
        one = reverse(ONE, args=[key.pk])
        assert f'<a class="oc-link" href="{one}">{key.label} ({key.prefix}…)</a>: {state}' in text
        assert f'<a class="oc-link" href="{here}">{agent.name}</a>' in (
            client.get(one).content.decode()
        )
    assert reverse(ONE, args=[own.pk]) not in text
    assert (
        "core/agent/"
        not in client.get(reverse(ONE, args=[own.pk]))
        .content.decode()
        .split("<main", 1)[-1]
        .split("Begins with")[1]
    )
