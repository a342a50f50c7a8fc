"""No lesser role and no agent's key sees or changes anything beyond its row, by any address."""

from __future__ import annotations

import re
from datetime import time, timedelta
from types import SimpleNamespace

import pytest
import time_machine
from django.apps import apps
from django.db import transaction
from django.template.backends.django import Template
from django.test import Client

from approvals import attaching
from approvals.models import Approval, ApprovalStatus, Recheck
from channels import merging, stop_link
from channels.models import Delivery, DeliveryStatus, PlatformTemplate, ProviderEvent
from outreach import testing
from outreach.core import consent, drafts, keys, suppression
from outreach.core.models import (
    Account,
    Activity,
    Agent,
    Duplicate,
    Import,
    Membership,
    VoiceProfile,
)
from outreach.core.people import add_address
from outreach.core.permissions import SCOPES
from outreach.core.principal import Principal
from outreach.edge import stop_page
from outreach.edge.models import Webhook
from outreach.edge.tests.every_route import EVERYBODY, ROUTES, known
from outreach.testing import WORKDAY
from safety.models import SafetyEvent, SystemControl
from workflows import schedules
from workflows.models import AgentRun, Artifact, Experiment, ResearchSnapshot, Run
from workflows.queries import DRAFTING_AGENT

# Who may is decided before a database is asked; its forms are asked on both by each page's tests.
pytestmark = [pytest.mark.django_db, pytest.mark.once]
SECRET = "Zacharias Unseen"
WRITTEN_BY_TORTURE = ("viewer", "creator", "reviewer")
PART = re.compile(r"<[^>]*>|\(\?P<\w+>[^)]*\)")
OURS = {"core", "safety", "approvals", "channels", "workflows", "edge"}
LIVE_FORMS = [
    (name, form, roles[0]) for name, row in ROUTES.items() for roles, form in row.do if roles
]


@pytest.fixture(scope="module")
def furnished(made_once):
    with time_machine.travel(WORKDAY + timedelta(minutes=5), tick=True):
        return made_once(_furnish)


@pytest.fixture
def place(furnished, settings):
    settings.WEBHOOK_SIGNING_KEY = ["k" * 40]
    """One row of everything in our workspace, and an admin of another one."""
    with time_machine.travel(WORKDAY + timedelta(minutes=5), tick=True):
        yield furnished


def _furnish() -> SimpleNamespace:
    ours = testing.make_workspace()
    other = testing.make_workspace("other")
    agent = testing.make_agent(ours, *SCOPES)
    Agent.objects.filter(pk=agent.agent.pk).update(name=DRAFTING_AGENT)
    person = testing.make_person(name=SECRET)
    pending = testing.make_pending(testing.make_person(name=f"{SECRET} the Second"), confidence=95)
    Approval.objects.filter(pk=pending.pk).update(priority=0, touch="reply")
    given, unknown = testing.make_approved(), testing.make_approved()
    Approval.objects.filter(pk=unknown.pk).update(taken_at=WORKDAY, dry_run=False)
    by_rule = testing.make_approved(testing.make_person(name=f"{SECRET} the Third"))
    Approval.objects.filter(pk=by_rule.pk).update(status=ApprovalStatus.AUTO_APPROVED)
    linked = testing.make_person(name=f"{SECRET} the Fourth")
    add_address(ours, linked, "linkedin", "https://www.linkedin.com/in/fourth")
    by_hand = testing.make_approved(linked, channel="linkedin", subject="")
    again = Recheck.objects.create(workspace=ours, approval=by_rule, drawn_at=WORKDAY)
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
        "webhook": Webhook.objects.create(
            workspace=ours, url=f"https://example.org/{SECRET}", families=["decision"],
            created_at=WORKDAY, **users["admin"].fields(),
        ).pk,
        "told": ProviderEvent.objects.create(
            provider="x", event_id="1", kind="bounced", at=WORKDAY, tries=6, tried_at=WORKDAY,
            judged_at=WORKDAY, set_aside_at=WORKDAY, payload={},
        ).pk,
        "by hand": "linkedin", "doubt": doubt.pk, "workflow": "daily_plan",
        **_more(ours, person, run, users["admin"]),
        "inbound": testing.make_inbound(person).pk,
        "stop link": stop_link.make(
            by=users["reviewer"], workspace=ours, days=90, at=WORKDAY
        ).token(),
        "stop": stop_page.watch("A stop", set_at=WORKDAY, workspace=ours).token(),
    }  # fmt: skip
    with transaction.atomic():
        given_file = attaching.put(
            drafts.Text(subject="x", text=SECRET), ours, "email",
            [attaching.Upload("x.txt", SECRET.encode())], by=users["creator"], at=WORKDAY,
        )  # fmt: skip
        ids["file"] = drafts.write(
            ours, person, "email", given_file, by=users["creator"], at=WORKDAY
        ).current_id
    words = {
        "NAME": SECRET,
        "BOTH": merging.digest(doubt.one, doubt.other),
        "DIGEST": pending.digest, "DRAFT_DIGEST": draft.current.digest,
        "APPROVAL:DIGEST": f"{pending.pk}:{pending.digest}", "WORKSPACE": str(ours.pk),
        "AGAIN": str(again.pk), "BY_HAND": str(by_hand.pk),
        "GIVEN": str(given.pk), "OWN_KEY": f"me:{ours.pk}", "ALL_OURS": f"all:{ours.pk}",
        "AGENTS_KEY": f"agent:{agent.agent.pk}",
    }  # fmt: skip
    return SimpleNamespace(ids=ids, words=words, users=users, secret=made.secret)


def _more(ours, person, run, by) -> dict[str, int]:
    """What imports, permissions, voices and workflows leave behind."""
    said = {"workspace": ours, "created_at": WORKDAY}
    firm = Account.objects.create(workspace=ours, name=SECRET, key="x")
    found = {"people": [], "start_with": [], "conversation": [], "gaps": []}
    clock = {"weekdays": [1], "time_of_day": time(9), "by": by, "at": WORKDAY}
    stopped = {"reason": "manual", "by": by, "at": WORKDAY}
    variants = ["introduction", "introduction_short"]
    made = {
        "import": Import.objects.create(status="ready", file=SECRET, **said, **by.fields()),
        "consent": consent.grant(
            person, "phone", "customer", source=SECRET, by=by, at=WORKDAY
        ),
        "suppression": suppression.suppress(ours, "email", "gone@example.org", **stopped),
        "voice": VoiceProfile.objects.create(
            workspace=ours, name=SECRET, version=1, **by.fields()
        ),
        "artifact": Artifact.objects.create(
            run=run, kind="sequence", title=SECRET, person=person, data={"touches": []}, **said
        ),
        "snapshot": ResearchSnapshot.objects.create(account=firm, data=found, **said),
        "agent run": AgentRun.objects.create(engine="templates", outcome="written", **said),
        "schedule": schedules.save(ours, "daily_plan", {}, **clock),
        "experiment": Experiment.objects.create(
            workspace=ours, name=SECRET, channel="linkedin", variants=variants, control="x",
            planned=20, started_at=WORKDAY, **by.fields(),
        ),
    }  # fmt: skip
    return {name: row.pk for name, row in made.items()}


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


@pytest.fixture
def unwritten(monkeypatch):
    """Pages are decided about, and asked for all they need, but their HTML is not written."""
    monkeypatch.setattr(Template, "render", lambda self, context=None, request=None: "")


@pytest.fixture
def written_for_some(role, request):
    """Where a secret is looked for, and for the admin, who sees all there is; `make torture` has
    every page written for every role."""
    if role in WRITTEN_BY_TORTURE:
        request.getfixturevalue("unwritten")


@pytest.mark.torture
@pytest.mark.parametrize("role", WRITTEN_BY_TORTURE)
def test_every_page_is_written_for_every_role(role, place):
    walk(role, place)


@pytest.mark.parametrize("role", EVERYBODY)
def test_a_role_sees_what_its_row_says_and_nothing_more(role, place, written_for_some):
    walk(role, place)


def walk(role: str, place: SimpleNamespace) -> None:
    client = client_of(role, place)
    for name, row in ROUTES.items():
        for address in addresses(name, place):
            answer = client.get(address)
            assert (answer.status_code == 200) is (role in row.see), (address, answer.status_code)
            if role in ("outsider", "operator", "nobody", "anonymous", "agent"):
                assert SECRET not in answer.content.decode(), address


@pytest.mark.parametrize("role", EVERYBODY)
def test_a_role_changes_nothing_that_is_not_its_own(role, place, unwritten):
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


@pytest.mark.parametrize("role", sorted({role for _, _, role in LIVE_FORMS}))
def test_the_same_form_works_for_whom_it_is_meant(role, place):
    """Else the test above would prove nothing. Each form finds what the others have not touched."""
    client, before = client_of(role, place), everything()
    before.pop("safety.SafetyEvent")  # a refusal changes nothing
    without = []
    for name, form in [(name, form) for name, form, least in LIVE_FORMS if least == role]:
        # No atomic block: some acts insist that theirs is the outermost.
        mark = transaction.savepoint()
        if form.get("act") == "on":
            testing.make_workspace(safe_mode=False)
        started = everything() if form.get("act") == "on" else before
        answer = client.post(addresses(name, place)[0], form_of(form, place))
        after = everything()
        if all(after[label] == started[label] for label in before):
            without.append((name, form, answer.status_code))
        transaction.savepoint_rollback(mark)
    assert not without
