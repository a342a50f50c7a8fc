"""The REST face against its own OpenAPI page, by schemathesis: every operation, made-up requests.

Asked in this process, as an agent with every scope, a reviewer, an admin and nobody; half of the
requests name rows that exist. Each must be answered as the page says (status, type, body), never by
a fault of ours, never with a word of another workspace, and with success only for whom the rows of
`every_api_route` let.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from types import SimpleNamespace

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.urls import resolve
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import checks
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks as promised

from outreach import testing
from outreach.core.principal import Principal
from outreach.edge.api import waiting
from outreach.edge.api.throttling import PerCaller
from outreach.edge.tests import api
from outreach.edge.tests.every_api_route import ROUTES
from outreach.edge.tests.test_api_matrix import furnish, undone
from outreach.wsgi import application

pytestmark = pytest.mark.django_db
CHECKS = (
    checks.not_a_server_error,
    promised.status_code_conformance,
    promised.content_type_conformance,
    promised.response_headers_conformance,
    promised.response_schema_conformance,
)
FOREIGN = "Quirina Elsewhere"
CALLERS = {
    "every scope": lambda place: place.agent,
    "reviewer": lambda place: testing.alice(),
    "admin": lambda place: testing.dora(),
    "anonymous": None,
}


@pytest.fixture
def unhurried(monkeypatch):
    """No limit on requests, a wait for a decision that takes no time, and one transaction: the
    application as a server runs it would close the connection under it after each request."""
    monkeypatch.setattr(PerCaller, "get_rate", lambda self: None)
    clock = itertools.count(step=60.0)
    monkeypatch.setattr(
        waiting, "time", SimpleNamespace(monotonic=lambda: next(clock), sleep=lambda _: None)
    )
    ends = (request_started, request_finished)
    for each in ends:
        each.disconnect(close_old_connections)
    yield
    for each in ends:
        each.connect(close_old_connections)


@pytest.fixture
def page(unhurried, db):
    return schemathesis.openapi.from_wsgi("/api/schema", application)


def elsewhere() -> None:
    """A person and a message of another workspace: nobody here may read a word of either."""
    other = testing.make_workspace("elsewhere")
    writer = Principal.of_user(testing.make_user("elsewhere-writer", "creator", other))
    person = testing.make_person(other, FOREIGN)
    testing.make_pending(person, by=writer, text=f"Dear {FOREIGN}, here are the minutes.")


class Caller(SimpleNamespace):
    """Who asks: the name in the rows, the key's header, and which messages of theirs there are."""

    @classmethod
    def of(cls, who: str, place: SimpleNamespace) -> Caller:
        made, mine = CALLERS[who], place.made["agent" if who == "every scope" else "user"]
        secret = api.key_of(made(place), place.workspace) if made else ""
        return cls(
            who=who,
            headers={"Authorization": f"Bearer {secret}"} if secret else {},
            cookies={},
            ids={**place.ids, **mine},
            words={
                "If-Match": mine["digest"], "digest": place.pending.digest,
                "person": str(place.person.uuid),
            },
        )  # fmt: skip


def may(who: str, route: str, case) -> bool:
    """As the row says, whose body is of the harder kind: to switch Safe Mode on is for more."""
    if route.endswith("workspaces-detail") and isinstance(case.body, dict):
        switches_on = case.body.get("safe_mode") is True
        is_reviewer = who.removeprefix("session of ") == "reviewer"
        return ROUTES[route].lets(who) or (is_reviewer and switches_on)
    return ROUTES[route].lets(who)


def about(case, route: str, caller: Caller):
    """The same request about rows of ours, as they are now."""
    for name in case.path_parameters or ():
        case.path_parameters[name] = str(caller.ids.get(ROUTES[route].about, 1))
    for name in set(case.headers or ()) & set(caller.words):
        case.headers[name] = caller.words[name]
    if isinstance(case.body, dict):
        case.body = {name: caller.words.get(name, value) for name, value in case.body.items()}


def ask(case, route: str, caller: Caller) -> tuple[int, str]:
    """(status, what is wrong with the answer or nothing)"""
    with undone():
        answer = case.call(headers=caller.headers, cookies=caller.cookies)
    wrong = []
    try:
        case.validate_response(answer, checks=CHECKS)
    except FailureGroup as group:
        wrong += [f"{each.title}: {each.message}" for each in group.exceptions]
    if answer.status_code < 400 and not may(caller.who, route, case):
        wrong.append("This one may not do that.")
    if FOREIGN in answer.text:
        wrong.append("Words of another workspace.")
    if not wrong:
        return answer.status_code, ""
    wrong += [case.as_curl_command(), f"{answer.status_code} {answer.text[:300]}"]
    return answer.status_code, "\n".join((f"{route} as {caller.who}", *wrong))


def requests_of(operation, mode: GenerationMode, examples: int, **how):
    """A function that calls its argument with so many requests of this operation."""

    def made(act) -> None:
        @settings(
            max_examples=examples, database=None, phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck), **how,
        )  # fmt: skip
        @given(case=operation.as_strategy(generation_mode=mode), real=st.booleans())
        def each(case, real):
            act(case, real)

        each()

    return made


def fuzz(page, examples: int, **how) -> Counter[tuple[str, int]]:
    """So many requests of each operation, right and wrong ones, by each caller; what they got."""
    place, told, wrong = furnish(), Counter(), []
    elsewhere()
    callers = [Caller.of(who, place) for who in CALLERS]
    for found in page.get_all_operations():
        operation = found.ok()
        name = resolve(re.sub("{.*}", "1", operation.path)).url_name
        route = f"{operation.method.upper()} {name}"

        def everybody(case, real, route=route):
            for caller in callers:
                if real:
                    about(case, route, caller)
                status, fault = ask(case, route, caller)
                told[caller.who, status] += 1
                wrong.extend([fault] if fault else [])

        for mode in GenerationMode:
            requests_of(operation, mode, examples, **how)(everybody)
    assert not wrong, f"{len(wrong)} of {told.total()}\n\n" + "\n\n".join(wrong[:100])
    return told


def works(told: Counter[tuple[str, int]]) -> None:
    """Else a run that was refused everything would prove nothing."""
    for who in ("every scope", "reviewer", "admin"):
        assert told[who, 200] > told.total() / 30
        assert told[who, 201]
    assert {status for who, status in told if who == "anonymous"} <= {401, 404}


@pytest.mark.once  # what no database takes is asked on both by test_api_bad_input
def test_made_up_requests_are_answered_as_the_page_says(page):
    works(fuzz(page, 2, derandomize=True))


@pytest.mark.torture
def test_thousands_of_made_up_requests_are_answered_as_the_page_says(page):
    told = fuzz(page, 25)
    works(told)
    for who in CALLERS:
        mine = {status: count for (each, status), count in sorted(told.items()) if each == who}
        print(f"{who}: {sum(mine.values())} requests {mine}")  # shown by -rP
        assert sum(mine.values()) > 1000
