"""What one program may take from the others: keys tried, and threads kept waiting."""

from __future__ import annotations

import io
import json
import threading
import time
import urllib.error
import urllib.request

import pytest
from django.core.cache.backends.locmem import LocMemCache
from django.test import override_settings
from django.utils import timezone
from rest_framework.exceptions import ParseError

from approvals import services
from approvals.models import Approval
from outreach import testing
from outreach.core import keys
from outreach.core.models import Agent, ApiKey
from outreach.edge.api import options, throttling, waiting
from outreach.edge.api.parsing import StrictJSONParser
from outreach.edge.tests import api

WRONG = "occ_" + "x" * 12 + "_" + "y" * 43


@pytest.fixture(autouse=True)
def two_a_minute(monkeypatch):
    """For wrong keys; for every other question there is no limit here."""
    own = LocMemCache("bounds", {})
    own.clear()
    monkeypatch.setattr(throttling.PerCaller, "cache", own)
    monkeypatch.setattr(throttling.PerCaller, "get_rate", lambda self: None)
    monkeypatch.setattr(throttling.WrongKeys, "get_rate", lambda self: "2/min")


def told(secret: str, **headers: str) -> int:
    return api.Caller(secret).get("/api/people", **headers).status_code


# --- Keys that do not work -----------------------------------------------------------------------


@pytest.mark.django_db
def test_an_address_that_tries_wrong_keys_is_not_even_looked_up_any_more(
    django_assert_num_queries,
):
    assert [told(WRONG) for _ in range(3)] == [401, 401, 429]
    with django_assert_num_queries(0):
        answer = api.Caller(WRONG.replace("x", "z")).get("/api/people")
    assert (answer.status_code, api.code(answer)[1]) == (429, "throttled")
    assert 0 < int(answer["Retry-After"]) <= 60
    assert "make a new key in the admin" in answer.json()["errors"][0]["detail"]


@pytest.mark.django_db
def test_a_key_that_worked_is_not_shut_out_by_a_neighbour_and_ends_at_once_when_revoked():
    mine = api.key_of(testing.make_agent(None, "people:read"))
    assert told(mine) == 200
    for _ in range(3):
        told(WRONG)
    assert told(mine) == 200
    keys.revoke(ApiKey.objects.get(), by=testing.dora(), at=timezone.now())
    assert told(mine) == 401, "not 429: its owner is to know"
    assert told(mine) == 429, "and is a wrong one like any other from then on"


@pytest.mark.django_db
def test_whence_a_request_comes_is_never_said_by_itself():
    for number in range(3):
        found = told(WRONG, X_Forwarded_For=f"203.0.113.{number}")
    assert found == 429


@pytest.mark.django_db
def test_behind_a_proxy_of_ours_its_word_tells_them_apart():
    with override_settings(REST_FRAMEWORK=options.rest_framework(600, proxies=1)):
        for _ in range(3):
            bad = told(WRONG, X_Forwarded_For="198.51.100.1, 203.0.113.1")
        assert bad == 429
        assert told(WRONG, X_Forwarded_For="198.51.100.1, 203.0.113.2") == 401


# --- Waiting -------------------------------------------------------------------------------------


class Waiters:
    """Requests that wait for decisions, each in a thread of its own, over real HTTP."""

    def __init__(self, url: str) -> None:
        self.url, self.threads, self.answers = url, [], []

    def begin(self, draft, secret: str, seconds: int) -> None:
        thread = threading.Thread(target=self._ask, args=(draft, secret, seconds))
        self.threads.append(thread)
        thread.start()

    def _ask(self, *asked) -> None:
        self.answers.append(self.ask(*asked))

    def ask(self, draft, secret: str, seconds: int) -> tuple[int, dict, str]:
        request = urllib.request.Request(
            f"{self.url}/api/drafts/{draft.uuid}/decision?wait={seconds}",
            headers={"Authorization": f"Bearer {secret}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer), ""
        except urllib.error.HTTPError as refused:
            return refused.code, json.load(refused), refused.headers.get("Retry-After", "")

    def end(self) -> None:
        for thread in self.threads:
            thread.join(60)


def until_they_wait(count: int) -> None:
    ends = time.monotonic() + 20
    while waiting._waiting.total() < count:
        assert time.monotonic() < ends, waiting._waiting
        time.sleep(0.02)


def pending_of(agent):
    return testing.make_pending(by=agent, at=timezone.now()).draft


@pytest.mark.django_db(transaction=True)
@pytest.mark.once  # the room is counted in this process
def test_only_so_many_wait_at_once_and_the_others_are_told_what_to_do(live_server, monkeypatch):
    monkeypatch.setitem(waiting.ROOM, "api", (3, 2))
    agents = [testing.make_agent(None, "drafts:write") for _ in range(3)]
    secrets = [api.key_of(each) for each in agents]
    drafts = [pending_of(each) for each in agents]
    queue = Waiters(live_server.url)
    for _ in range(2):
        queue.begin(drafts[0], secrets[0], 30)
    until_they_wait(2)
    status, body, after = queue.ask(drafts[0], secrets[0], 30)
    assert (status, after) == (429, "5")
    said = body["errors"][0]
    assert said["code"] == "too_many_wait" and said["detail"].startswith("2 requests of yours")
    assert "ask without waiting (0 seconds), or let a webhook tell you" in said["detail"]
    assert queue.ask(drafts[0], secrets[0], 0)[0] == 200, "who does not wait needs no room"

    queue.begin(drafts[1], secrets[1], 30)
    until_they_wait(3)
    status, body, _ = queue.ask(drafts[2], secrets[2], 30)
    assert status == 429 and body["errors"][0]["detail"].startswith("3 requests wait for")

    for draft in drafts[:2]:
        services.reject(
            Approval.objects.get(draft=draft).pk, by=testing.alice(), at=timezone.now(), reason="No"
        )
    queue.end()
    assert [(status, body["decided"]) for status, body, _ in queue.answers] == [(200, True)] * 3
    assert not waiting._waiting, "each gave its place back"


@pytest.mark.django_db(transaction=True)
@pytest.mark.once  # the room is counted in this process
def test_a_place_is_given_back_whatever_ends_the_wait(monkeypatch):
    def broken(_):
        raise RuntimeError("the database went away")

    agent = testing.make_agent(None, "drafts:write")
    draft = pending_of(agent)
    monkeypatch.setattr(waiting.time, "sleep", broken)
    answer = api.Caller(api.key_of(agent)).get(f"/api/drafts/{draft.uuid}/decision?wait=1")
    assert answer.status_code == 500
    assert not waiting._waiting


def end_key(key) -> None:
    keys.revoke(key, by=testing.dora(), at=timezone.now())


def switch_off(key) -> None:
    Agent.objects.filter(pk=key.agent_id).update(is_active=False)


def take_scope(key) -> None:
    Agent.objects.filter(pk=key.agent_id).update(scopes=["people:read"])


@pytest.mark.django_db
@pytest.mark.parametrize(("lose", "status"), [(end_key, 401), (switch_off, 401), (take_scope, 403)])
def test_who_loses_the_right_while_waiting_is_told_nothing(monkeypatch, lose, status):
    agent = testing.make_agent(None, "drafts:write")
    draft, caller = pending_of(agent), api.Caller(api.key_of(agent))
    key, undecided = ApiKey.objects.get(agent=agent.agent), iter([True, True, False, False])
    monkeypatch.setattr(waiting, "_is_open", lambda _: next(undecided))
    monkeypatch.setattr(waiting.time, "sleep", lambda _: lose(key))
    answer = caller.get(f"/api/drafts/{draft.uuid}/decision?wait=30")
    assert answer.status_code == status and "uuid" not in answer.json()


def test_a_body_of_many_names_with_one_twice_costs_no_more_than_its_reading():
    """Each name was once looked for among all others: 26 seconds for these, minutes for 1 MiB."""
    body = b"{" + b",".join(b'"a%d":1' % number for number in range(20_000)) + b',"a1":1}'
    begun = time.monotonic()
    with pytest.raises(ParseError, match="key twice: 'a1'"):
        StrictJSONParser().parse(io.BytesIO(body))
    assert time.monotonic() - begun < 5
