"""Browser sessions at the REST face, and what ends a way in: made-up requests for every operation.

A colleague's session may what their row says and is answered as the OpenAPI page says. Without the
CSRF token it changes nothing. Whoever has lost what let them in (a session that ran out, was logged
out or belongs to an old password, a colleague switched off, a key revoked) is answered 401 with a
code, whatever they ask.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import resolve
from django.utils import timezone
from schemathesis.generation import GenerationMode

from outreach import testing
from outreach.core import keys
from outreach.core.models import ApiKey
from outreach.core.principal import Principal
from outreach.edge.tests import api, test_api_schema
from outreach.edge.tests.every_api_route import ROUTES
from outreach.edge.tests.test_api_matrix import furnish
from outreach.edge.tests.test_api_schema import Caller, about, ask, elsewhere, requests_of

# Who may, and what a session is, is decided before a database is asked to write anything.
pytestmark = [pytest.mark.django_db, pytest.mark.once]
unhurried, page = test_api_schema.unhurried, test_api_schema.page
TOKEN = "t" * 32  # the same in the cookie and in the header, as a page of ours would send it
SAFE = ("GET", "HEAD")


def session(user, *, token: bool = True) -> dict[str, str]:
    """The headers of a browser in which this user has logged in."""
    client = Client()
    client.force_login(user)
    cookie = f"sessionid={client.cookies['sessionid'].value}; csrftoken={TOKEN}"
    return {"Cookie": cookie, **({"X-CSRFToken": TOKEN} if token else {})}


def row_of(headers: dict[str, str]):
    return Session.objects.filter(pk=re.search(r"sessionid=(\w+)", headers["Cookie"])[1])


def ended() -> dict[str, dict[str, str]]:
    """Everybody whose way in is no more, each an admin's until a moment ago."""
    users = {name: testing.make_user(name, "admin") for name in ("one", "two", "three", "gone")}
    found = {
        "session that ran out": session(users["one"]),
        "session logged out": session(users["two"]),
        "session of an old password": session(users["three"]),
        "session of one switched off": session(users["gone"]),
        "key of one switched off": bearer(users["gone"]),
        "key revoked": bearer(users["one"]),
    }
    now = timezone.now()
    row_of(found["session that ran out"]).update(expire_date=now - timedelta(seconds=1))
    row_of(found["session logged out"]).delete()
    users["three"].set_password("another horse battery")
    users["three"].save()
    users["gone"].is_active = False
    users["gone"].save()
    mine = ApiKey.objects.get(user=users["one"])
    keys.revoke(mine, by=Principal.of_user(users["one"]), at=now)
    return found


def bearer(user) -> dict[str, str]:
    return {"Authorization": f"Bearer {api.key_of(Principal.of_user(user))}"}


def callers(place) -> list[Caller]:
    """Reviewer and admin by session, the reviewer without the token, and those who lost theirs."""
    alice, dora = testing.alice().user, testing.dora().user
    given = {
        "session of reviewer": session(alice), "session of admin": session(dora),
        "no token": session(dora, token=False), **ended(),
    }  # fmt: skip
    found = []
    for name, headers in given.items():
        caller = Caller.of("anonymous", place)
        caller.name = name
        caller.headers = {each: value for each, value in headers.items() if each != "Cookie"}
        pairs = headers.get("Cookie", "").split("; ")
        caller.cookies = dict(pair.split("=", 1) for pair in pairs if pair)
        caller.who = "session of admin" if name == "no token" else name
        found.append(caller)
    return found


def due(caller: Caller, method: str) -> set[int] | None:
    """The only answers there may be; None where the row and the page say it."""
    if caller.name.startswith("session of ") and caller.name[11:] in ("reviewer", "admin"):
        return None
    if caller.name == "no token":
        # Made-up headers and bodies may be refused before the token is looked for.
        return None if method in SAFE else {400, 401, 403}
    return {401}


def fuzz(page, examples: int, **how) -> Counter[tuple[str, int]]:
    """So many requests of each operation that is not open to the world; what each one got."""
    place, told, wrong = furnish(), Counter(), []
    elsewhere()
    everybody = callers(place)
    for found in page.get_all_operations():
        operation = found.ok()
        method = operation.method.upper()
        route = f"{method} {resolve(re.sub('{.*}', '1', operation.path)).url_name}"
        if ROUTES[route].anonymous:
            continue

        def each(case, real, route=route, method=method):
            for caller in everybody:
                if real:
                    about(case, route, caller)
                status, fault = ask(case, route, caller)
                told[caller.name, status] += 1
                only = due(caller, method)
                if not fault and only is not None and status not in only:
                    fault = f"{route} as {caller.name} was answered {status}"
                wrong.extend([fault] if fault else [])

        # Who is let in is told before a body is read: what is wrong in it matters to no door.
        requests_of(operation, GenerationMode.POSITIVE, examples, **how)(each)
    assert not wrong, f"{len(wrong)} of {told.total()}\n\n" + "\n\n".join(wrong[:30])
    return told


def works(told: Counter[tuple[str, int]]) -> None:
    """Else a run in which all were refused everything would prove nothing."""
    assert told["session of reviewer", 200] and told["session of admin", 201]
    assert told["no token", 200] and told["no token", 403]
    assert len({name for name, _ in told}) == 9


def test_a_session_is_answered_as_the_page_says_and_one_that_ended_is_refused(page):
    works(fuzz(page, 1, derandomize=True))


@pytest.mark.torture
def test_thousands_of_requests_by_sessions(page):
    told = fuzz(page, 15)
    works(told)
    print(f"{told.total()} requests", dict(sorted(told.items())))  # shown by -rP
