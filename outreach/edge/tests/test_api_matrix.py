"""Every route of the REST face x everybody x our workspace and a foreign one: as its row says."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from channels.models import Delivery, DeliveryStatus, PlatformTemplate
from outreach import testing
from outreach.core.models import Account, Agent, Person
from outreach.core.permissions import SCOPES
from outreach.core.principal import Principal
from outreach.edge.api.throttling import PerCaller
from outreach.edge.models import Webhook
from outreach.edge.tests import api
from outreach.edge.tests.every_api_route import ANY_AGENT, ROUTES, VIEWER, Row, known
from outreach.edge.tests.test_every_route import everything
from safety.models import SafetyEvent
from workflows.models import Run
from workflows.services import drafting_agent

# As with the pages: who may is decided before a database is asked to write anything.
pytestmark = [pytest.mark.django_db, pytest.mark.once]
SECRET = "Zacharias Unseen"
PART = re.compile(r"\(\?P<\w+>[^)]*\)")
BARELY_KNOWN = ("anonymous", "broken key")
UUIDS = re.compile(r"^\w+ (api-people|api-drafts)")  # named by uuid; everything else by number
USERS = {
    "viewer": testing.carol, "creator": testing.bob, "reviewer": testing.alice,
    "admin": testing.dora,
}  # fmt: skip


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    monkeypatch.setattr(PerCaller, "get_rate", lambda self: None)


def furnish() -> SimpleNamespace:
    """One row of everything in our workspace; of messages and runs one by Bob, one by the agent."""
    now, ours = timezone.now(), testing.make_workspace(sender_name="Ann Muster")
    agent = testing.make_agent(ours, *SCOPES)
    drafting_agent(ours, by=testing.dora(), at=now)
    person = testing.make_person(name=SECRET)
    account = Account.objects.create(workspace=ours, name=SECRET)
    blocked = testing.make_person(name=SECRET)
    stopped = {"status": "blocked", "status_reason": "x", "status_at": now}
    Person.objects.filter(pk=blocked.pk).update(**stopped)
    pending = testing.make_pending(testing.make_person(name=SECRET), at=now)
    approved = testing.make_approved(testing.make_person(name=SECRET), at=now)
    taken = testing.make_approved(testing.make_person(name=SECRET), at=now)
    delivery = Delivery.objects.create(
        workspace=ours, approval=taken, human=taken.human, channel="email", reason=SECRET,
        status=DeliveryStatus.UNKNOWN, since=now, ended_at=now,
    )  # fmt: skip
    event = SafetyEvent.objects.create(
        workspace=ours, event_type="send", action_blocked="send", reason=SECRET, code="x",
        created_at=now, by_kind="system", by_id="", by_label="x",
    )  # fmt: skip
    hook = Webhook.objects.create(
        workspace=ours, agent=agent.agent, url=f"https://example.org/{SECRET}", created_at=now,
        families=["decision"], **testing.dora().fields(),
    )  # fmt: skip
    template = PlatformTemplate.objects.create(
        workspace=ours, name="one", body=f"{SECRET} {{{{1}}}}."
    )
    common = {"workspace": ours, "agent": agent.agent, "name": "email_drafts", "options": {}}
    made = {}
    for kind, by in (("user", testing.bob()), ("agent", agent)):
        draft = testing.make_draft(testing.make_person(name=SECRET), by=by, at=now)
        queued = testing.make_pending(testing.make_person(name=SECRET), by=by, at=now)
        runs = [
            Run.objects.create(**common, **{**by.fields(), "by_label": SECRET}, status=each)
            for each in ("waiting", "failed")
        ]
        made[kind] = {
            "draft": draft.uuid, "submitted": queued.draft.uuid, "digest": draft.current.digest,
            "run": runs[0].pk, "failed run": runs[1].pk,
        }  # fmt: skip
    return SimpleNamespace(
        agent=agent, workspace=ours, person=person, pending=pending, made=made,
        ids={
            "person": person.uuid, "blocked": blocked.uuid, "account": account.pk,
            "pending": pending.pk, "approved": approved.pk, "delivery": delivery.pk,
            "inbound": testing.make_inbound(person, text=SECRET).pk, "event": event.pk,
            "webhook": hook.pk, "template": template.pk, "workspace": ours.pk,
        },
    )  # fmt: skip


class Asker:
    """One of everybody, with what they send and what they may ask about."""

    def __init__(self, who: str, client: Client, kind: str = "user") -> None:
        self.who, self.client, self.kind = who, client, kind

    def ask(self, route: str, row: Row, place: SimpleNamespace, query: str = "", about=None):
        words = {
            "PERSON": str(place.person.uuid), "PENDING": place.pending.digest,
            "DRAFT": place.made[self.kind]["digest"],
        }  # fmt: skip
        value = about or self.about(row, place)
        body = {name: _filled(each, words) for name, each in (row.body or {}).items()}
        answers = [
            self.client.generic(
                route.split()[0], "/" + PART.sub(value, pattern).rstrip("$") + query,
                b"" if row.body is None else json.dumps(body).encode(), "application/json",
                headers={name: _filled(each, words) for name, each in row.headers.items()},
            )
            for pattern in known()[route]
        ]  # fmt: skip
        assert len({answer.status_code for answer in answers}) == 1, "one row, one answer"
        return answers[0]

    def about(self, row: Row, place: SimpleNamespace) -> str:
        """Which object: of messages and runs one of their own kind."""
        return str({**place.ids, **place.made[self.kind]}.get(row.about, ""))


def _filled(value, words):
    return words.get(value, value) if isinstance(value, str) else value


def with_key(who: str, secret: str, kind: str = "user") -> Asker:
    client = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {secret}"})
    return Asker(who, client, kind)


def of_session(who: str, user) -> Asker:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return Asker(who, client)


def agents(acting: Principal, place, *names: str):
    """The one agent, with other scopes each time: they are read anew for every request."""
    secret = api.key_of(acting, place)
    for name in names:
        scopes = {"no scope": [], "every scope": list(SCOPES)}.get(name, [name])
        Agent.objects.filter(pk=acting.agent.pk).update(scopes=scopes)
        yield with_key(name, secret, "agent")


def of_ours(place: SimpleNamespace):
    yield Asker("anonymous", Client(raise_request_exception=False))
    yield with_key("broken key", "occ_" + "x" * 12 + "_" + "y" * 43)
    for name, made in USERS.items():
        yield with_key(name, api.key_of(made()))
    yield of_session("session of reviewer", testing.alice().user)
    yield of_session("operator", testing.olaf().user)
    yield of_session("nobody", testing.make_user("nobody"))
    yield from agents(place.agent, place.workspace, *ANY_AGENT)


def of_another():
    """The same roles, and an agent with every scope, of another workspace."""
    other = testing.make_workspace("other")
    for role in VIEWER:
        user = testing.make_user(f"foreign-{role}", role, other)
        yield with_key(role, api.key_of(Principal.of_user(user), other))
    yield of_session("session of admin", user)
    yield from agents(testing.make_agent(other), other, "every scope")


@contextmanager
def undone():
    """What happens here did not happen. No `atomic`: a durable one may stand inside."""
    before = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(before)


def settled(asker: Asker) -> dict:
    """Every row of ours, after this one's key was noted as used."""
    asker.client.get("/api/system/dry-run")
    return everything()


def test_every_route_has_a_row_and_every_row_a_route():
    missing = sorted(set(known()) - set(ROUTES))
    rows = "\n".join(
        f'    "{name}": Row(USERS, AGENTS, "OBJECT", body={{...}}),' for name in missing
    )
    assert not missing, (
        "These routes have no row. Say in outreach/edge/tests/every_api_route.py who may ask, "
        f"which object the address is about, and a body that works:\n{rows}"
    )
    assert not sorted(set(ROUTES) - set(known())), "These rows have no route any more."


def test_everybody_is_answered_as_the_row_says_and_a_refusal_changes_nothing(caplog):
    """One line of the log tells each refusal."""
    place, wrong = furnish(), []
    for asker in of_ours(place):
        before = settled(asker)
        for route, row in ROUTES.items():
            cell = (asker.who, route)
            if row.anonymous and asker.who not in BARELY_KNOWN:
                continue  # open to the world; making the page of the schema takes its time
            if row.lets(asker.who):
                with undone():
                    answer = asker.ask(route, row, place)
                if answer.status_code != row.ok:
                    wrong.append((*cell, row.ok, answer.status_code, answer.content[:300]))
                continue
            caplog.clear()
            answer = asker.ask(route, row, place)
            due = 401 if asker.who in BARELY_KNOWN else 403
            if answer.status_code != due or SECRET in answer.content.decode():
                wrong.append((*cell, due, answer.status_code, answer.content[:300]))
            told = [each.getMessage() for each in caplog.records if "outreach" in each.name]
            if len(told) != 1 or " was refused " not in told[0]:
                wrong.append((*cell, "one line in the log", told))
        if settled(asker) != before:
            wrong.append((asker.who, "a refusal changed something"))
    assert not wrong, "\n".join(map(str, wrong))


def test_nobody_of_another_workspace_sees_or_changes_anything_of_ours():
    """A row of ours is answered like one that does not exist, byte for byte."""
    place, wrong = furnish(), []
    for asker in of_another():
        before = settled(asker)
        for route, row in ROUTES.items():
            if row.anonymous:
                continue
            query = "" if row.about else "?workspace=default"
            answer = asker.ask(route, row, place, query)
            due = {404}
            due |= set() if row.lets(asker.who) else {403}
            if answer.status_code not in due or SECRET in answer.content.decode():
                wrong.append((asker.who, route, due, answer.status_code, answer.content[:300]))
            if answer.status_code == 404 and row.about:
                unknown = str(uuid4()) if UUIDS.match(route) else "987654321"
                other = asker.ask(route, row, place, about=unknown)
                ours = asker.about(row, place).encode()
                if answer.content.replace(ours, unknown.encode()) != other.content:
                    wrong.append((asker.who, route, answer.content, other.content))
        if settled(asker) != before:
            wrong.append((asker.who, "something changed"))
    assert not wrong, "\n".join(map(str, wrong))


def test_a_session_writes_only_with_its_csrf_token():
    place, client = furnish(), Client(enforce_csrf_checks=True)
    client.force_login(testing.alice().user)
    asker = Asker("session without token", client)
    assert asker.client.get("/api/approvals").status_code == 200
    before = everything()
    for route, row in ROUTES.items():
        if not route.startswith("GET"):
            assert asker.ask(route, row, place).status_code == 403, route
    assert everything() == before
