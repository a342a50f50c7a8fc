"""No lesser role and no agent's key sees or changes anything beyond its row, by any address."""

from __future__ import annotations

import re
from datetime import timedelta
from types import SimpleNamespace

import pytest
import time_machine
from django.apps import apps
from django.test import Client

from approvals.models import Approval
from channels import merging
from channels.models import Delivery, DeliveryStatus, PlatformTemplate
from outreach import testing
from outreach.core import keys
from outreach.core.models import Activity, Duplicate, Membership
from outreach.core.permissions import SCOPES
from outreach.core.principal import Principal
from outreach.edge import stop_page
from outreach.edge.tests.every_route import EVERYBODY, ROUTES, known
from outreach.testing import WORKDAY
from safety.models import SafetyEvent, SystemControl
from workflows.models import Run

pytestmark = pytest.mark.django_db
SECRET = "Zacharias Unseen"
PART = re.compile(r"<[^>]*>|\(\?P<\w+>[^)]*\)")
OURS = {"core", "safety", "approvals", "channels", "workflows"}
LIVE_FORMS = [
    (name, number, roles[0])
    for name, row in ROUTES.items()
    for number, (roles, _) in enumerate(row.do)
    if roles
]


@pytest.fixture
def place():
    """One row of everything in our workspace, and an admin of another one."""
    with time_machine.travel(WORKDAY + timedelta(minutes=5), tick=True):
        yield _furnish()


def _furnish() -> SimpleNamespace:
    ours = testing.make_workspace()
    other = testing.make_workspace("other")
    agent = testing.make_agent(ours, *SCOPES)
    person = testing.make_person(name=SECRET)
    pending = testing.make_pending(testing.make_person(name=f"{SECRET} the Second"), confidence=95)
    Approval.objects.filter(pk=pending.pk).update(priority=0, touch="reply")
    given, unknown = testing.make_approved(), testing.make_approved()
    Approval.objects.filter(pk=unknown.pk).update(taken_at=WORKDAY, dry_run=False)
    delivery = Delivery.objects.create(
        workspace=ours, approval=unknown, human=unknown.human, channel="email",
        status=DeliveryStatus.UNKNOWN, since=WORKDAY, ended_at=WORKDAY, reason="connection lost",
    )  # fmt: skip
    run = Run.objects.create(
        workspace=ours, agent=agent.agent, name="email_drafts", status="waiting",
        created_at=WORKDAY, options={}, by_kind="user", by_id="0", by_label=SECRET,
    )  # fmt: skip
    event = SafetyEvent.objects.create(
        workspace=ours, event_type="send", action_blocked="send", reason=SECRET, code="x",
        created_at=WORKDAY, by_kind="system", by_id="", by_label="x",
    )  # fmt: skip
    users = {
        "viewer": testing.carol(), "creator": testing.bob(), "reviewer": testing.alice(),
        "admin": testing.dora(), "operator": testing.olaf(),
        "nobody": Principal.of_user(testing.make_user("nobody")),
        "outsider": Principal.of_user(testing.make_user("oscar", "admin", other)),
    }  # fmt: skip
    SystemControl.objects.filter(workspace=ours, control_key="AUTO_APPROVE_ENABLED").update(
        enabled=False
    )
    draft = testing.make_draft(person)
    doubt = Duplicate.objects.create(
        workspace=ours, one=person, other=testing.make_person(name=f"{SECRET} Again"),
        reason="name_company", created_at=WORKDAY,
    )  # fmt: skip
    made = keys.make(agent.agent, ours, label="All", by=users["admin"], at=WORKDAY)
    ids = {
        "approval": pending.pk, "given": given.pk, "delivery": delivery.pk, "run": run.pk,
        "event": event.pk, "person": person.pk, "draft": draft.pk, "agent": agent.agent.pk,
        "activity": Activity.objects.filter(workspace=ours).latest("id").pk,
        "membership": Membership.objects.get(user=users["viewer"].user).pk,
        "user": users["viewer"].user.pk, "workspace": ours.pk, "key": made.key.pk,
        "template": PlatformTemplate.objects.create(workspace=ours, name="one", body="Hi there").pk,
        "by hand": "linkedin", "doubt": doubt.pk,
        "inbound": testing.make_inbound(person).pk,
        "stop": stop_page.watch("A stop", set_at=WORKDAY, workspace=ours).token(),
    }  # fmt: skip
    words = {
        "BOTH": merging.digest(doubt.one, doubt.other),
        "DIGEST": pending.digest, "DRAFT_DIGEST": draft.current.digest,
        "APPROVAL:DIGEST": f"{pending.pk}:{pending.digest}", "WORKSPACE": str(ours.pk),
        "GIVEN": str(given.pk), "OWN_KEY": f"me:{ours.pk}", "AGENTS_KEY": f"agent:{agent.agent.pk}",
    }  # fmt: skip
    return SimpleNamespace(ids=ids, words=words, users=users, secret=made.secret)


def client_of(role: str, place: SimpleNamespace) -> Client:
    """A browser of this role. An agent has a key with every scope there is, and no session."""
    if role == "agent":
        return Client(headers={"Authorization": f"Bearer {place.secret}"})
    client = Client()
    if role != "anonymous":
        client.force_login(place.users[role].user)
    return client


def addresses(name: str, place: SimpleNamespace) -> list[str]:
    value = str(place.ids.get(ROUTES[name].about, place.ids["workspace"]))
    filled = [PART.sub(value, pattern) for pattern in known()[name]]
    return ["/" + path.replace("^", "").replace("$", "") for path in filled]


def form_of(form: dict[str, str], place: SimpleNamespace) -> dict[str, str]:
    return {key: place.words.get(value, value) for key, value in form.items()}


def everything() -> dict[str, list]:
    """Every row of ours, whole; who logged in last is no change of anything."""
    found = {}
    for model in apps.get_models():
        if model._meta.app_label in OURS:
            rows = list(model._base_manager.order_by("pk").values())
            found[model._meta.label] = [{**row, "last_login": None} for row in rows]
    return found


def test_every_address_has_a_row_and_every_row_an_address():
    missing = sorted(set(known()) - set(ROUTES))
    assert not missing, f"Say in every_route.py who may see and change: {missing}"
    assert not sorted(set(ROUTES) - set(known()))


@pytest.mark.parametrize("role", EVERYBODY)
def test_a_role_sees_what_its_row_says_and_nothing_more(role, place):
    client = client_of(role, place)
    for name, row in ROUTES.items():
        for address in addresses(name, place):
            answer = client.get(address)
            assert (answer.status_code == 200) is (role in row.see), (address, answer.status_code)
            if role in ("outsider", "operator", "nobody", "anonymous", "agent"):
                assert SECRET not in answer.content.decode(), address


@pytest.mark.parametrize("role", EVERYBODY)
def test_a_role_changes_nothing_that_is_not_its_own(role, place):
    client, before = client_of(role, place), everything()
    for name, row in ROUTES.items():
        if name in ("admin:login", "admin:logout"):  # who has left could change nothing anyway
            continue
        forms = [form for roles, form in row.do if role not in roles] or [{"post": "yes"}]
        if row.do and all(role in roles for roles, _ in row.do):
            continue
        for address in addresses(name, place):
            for form in forms:
                client.post(address, form_of(form, place))
    after = everything()
    changed = {label for label, rows in after.items() if rows != before[label]}
    changed -= {"safety.SafetyEvent"}  # where a refusal is told
    assert not changed


@pytest.mark.parametrize(("name", "number", "role"), LIVE_FORMS)
def test_the_same_form_works_for_whom_it_is_meant(name, number, role, place):
    """Else the test above would prove nothing."""
    before = everything()
    form = form_of(ROUTES[name].do[number][1], place)
    if form.get("act") == "on":
        testing.make_workspace(safe_mode=False)
    client_of(role, place).post(addresses(name, place)[0], form)
    after = everything()
    before.pop("safety.SafetyEvent"), after.pop("safety.SafetyEvent")  # a refusal changes nothing
    assert after != before
