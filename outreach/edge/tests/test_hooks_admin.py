"""The webhooks' pages, what `doctor` and the start say of them, and the guide's receiver."""

from __future__ import annotations

import re
import time
from types import SimpleNamespace

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from django.utils import timezone

from approvals import services as deciding
from outreach import testing
from outreach.edge import diagnosis, tasks
from outreach.edge.hooks import events, outbox, services, standing
from outreach.edge.hooks.carrying import Answer
from outreach.edge.models import Webhook, WebhookEvent
from outreach.edge.tests import api
from outreach.edge.tests.hook_sink import Sink
from outreach.tests import source

# What the pages, `doctor` and the guide say; events go out on both databases in test_hooks.
pytestmark = [pytest.mark.django_db, pytest.mark.once]
NEW, LIST = "admin:edge_webhook_add", "admin:edge_webhook_changelist"
URL = "https://agents.example.org/outreach"


@pytest.fixture(autouse=True)
def signed(settings, monkeypatch):
    settings.WEBHOOK_SIGNING_KEY = ["k" * 40]
    monkeypatch.setattr(tasks, "wake_webhooks", lambda *_: None)


@pytest.fixture
def place(client):
    client.force_login(testing.dora().user)
    return testing.make_workspace()


def make(client, place, **more):
    form = {"whose": f"all:{place.pk}", "url": URL, "family": ["decision", "delivery"], **more}
    return client.post(reverse(NEW), form)


def page_of(hook) -> str:
    return reverse("admin:edge_webhook_change", args=[hook.pk])


@pytest.mark.both
def test_a_webhook_is_made_and_its_secret_shown_only_to_whoever_asks(client, place):
    assert make(client, place).status_code == 302
    hook = Webhook.objects.get()
    secret = services.secret(hook, by=testing.dora(), at=timezone.now())
    for page in (page_of(hook), reverse(LIST)):
        assert secret not in client.get(page).content.decode()
    answer = client.post(page_of(hook), {"act": "secret"})
    assert secret in answer.content.decode().replace("&#x2B;", "+")
    assert "no-store" in answer["Cache-Control"]
    assert all(secret not in str(row.get_decoded()) for row in Session.objects.all())
    client.post(page_of(hook), {"act": "rotate"})
    again = client.post(page_of(hook), {"act": "secret"}).content.decode()
    assert secret not in again


def test_a_test_event_is_sent_and_its_fate_shown(client, place):
    make(client, place)
    hook = Webhook.objects.get()
    client.post(page_of(hook), {"act": "test"})
    outbox.run(at=timezone.now(), carrier=lambda *_: Answer(503, "It answered 503."))
    page = client.get(page_of(hook)).content.decode()
    assert "webhook test" in page
    assert "It answered 503." in page
    assert "fails" in client.get(reverse(LIST)).content.decode()
    client.post(page_of(hook), {"act": "off"})
    assert WebhookEvent.objects.get().state == "given up"
    assert client.post(page_of(hook), {"act": "test"}).status_code == 409
    client.post(page_of(hook), {"act": "on"})
    hook.refresh_from_db()
    assert hook.enabled


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"url": "http://agents.example.org/"}, "https://"),
        ({"url": "https://169.254.169.254/latest"}, "inside of a network"),
        ({"family": []}, "Choose what"),
        ({"family": ["everything"]}, "Choose what"),
        ({"whose": ""}, "whose messages"),
        ({"whose": "all:999999"}, "whose messages"),
        ({"whose": "agent:x"}, "whose messages"),
    ],
)
def test_what_cannot_be_made_is_said_in_a_sentence(client, place, more, said):
    answer = make(client, place, **more)
    assert answer.status_code == 409
    assert said in answer.content.decode()
    assert not Webhook.objects.exists()


def test_without_a_key_the_page_says_what_to_set(client, place, settings):
    settings.WEBHOOK_SIGNING_KEY = []
    assert "WEBHOOK_SIGNING_KEY" in make(client, place).content.decode()
    assert not Webhook.objects.exists()


def test_what_another_program_answers_cannot_act_on_the_page(client, place):
    make(client, place)
    hook = Webhook.objects.get()
    WebhookEvent.objects.create(
        workspace=place, webhook=hook, kind=events.TEST, created_at=timezone.now(),
        fault="<script>alert(1)</script>",
    )  # fmt: skip
    assert "<script>alert(1)" not in client.get(page_of(hook)).content.decode()


def test_the_task_runs_once_at_a_time_and_beat_asks_for_it(monkeypatch):
    runs = []
    monkeypatch.setattr(outbox, "run", lambda **how: runs.append(how) or 3)
    assert tasks.tell_webhooks() == 3
    with tasks._telling:
        assert tasks.tell_webhooks() == 0
    assert len(runs) == 1


@pytest.mark.both
def test_by_rest_an_agent_reads_its_own_webhooks_and_an_admin_all(client, place):
    one, other = testing.make_agent(place), testing.make_agent(place)
    for whose in (f"agent:{one.agent.pk}", f"agent:{other.agent.pk}", f"all:{place.pk}"):
        make(client, place, whose=whose)
    caller = api.Caller(api.key_of(one, place))
    (own,) = caller.get("/api/webhooks").json()["results"]
    assert (own["agent"], own["url"], own["enabled"]) == (one.agent.name, URL, True)
    foreign = Webhook.objects.exclude(agent=one.agent)
    assert [caller.get(f"/api/webhooks/{row.pk}").status_code for row in foreign] == [404, 404]
    rows = api.colleague(testing.dora, place).get("/api/webhooks").json()["results"]
    assert len(rows) == 3
    assert "whsec" not in str(rows)


# --- The start and doctor ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "ids"),
    [
        ([], []),
        (["k" * 32], []),
        (["k" * 31], ["outreach.E012"]),
        (["k" * 40, "short"], ["outreach.E012"]),
        (["SECRET"], ["outreach.E013"]),
    ],
)
def test_a_key_that_anybody_could_know_stops_the_start(settings, keys, ids):
    settings.WEBHOOK_SIGNING_KEY = [settings.SECRET_KEY if key == "SECRET" else key for key in keys]
    assert [each.id for each in standing.signing_key()] == ids


def test_doctor_says_what_fails_and_that_the_key_is_gone(client, place, settings):
    assert "0 webhooks" in diagnosis.examine(at=timezone.now()).parts["webhooks"][0]
    make(client, place)
    services.test(Webhook.objects.get(), by=testing.dora(), at=timezone.now())
    outbox.run(at=timezone.now(), carrier=lambda *_: Answer(0, "The connection was refused."))
    found = diagnosis.examine(at=timezone.now())
    assert [each.level for each in found.faults if each.id == "doctor.webhooks"] == ["WARNING"]
    settings.WEBHOOK_SIGNING_KEY = []
    found = diagnosis.examine(at=timezone.now())
    levels = [each.level for each in found.faults if each.id == "doctor.webhooks"]
    assert levels == ["ERROR", "WARNING"]


# --- The guide -----------------------------------------------------------------------------------


def receiver_of(guide: str, secret: str, clock) -> SimpleNamespace:
    """The guide's receiver, as printed."""
    (printed,) = [
        code for code in re.findall(r"```python\n(.*?)```", guide, re.S) if "webhook-id" in code
    ]
    told: dict = {}
    exec(printed, told)
    told["time"] = SimpleNamespace(time=clock)
    return SimpleNamespace(**{**told, "SECRET": secret})


def test_the_guides_receiver_takes_each_event_once_and_nothing_forged(
    client, place, settings, monkeypatch
):
    settings.WEBHOOK_LOOPBACK = True
    guide = (source.ROOT / "docs/agents.md").read_text()
    with Sink() as sink:
        make(client, place, url=sink.url)
        hook, now = Webhook.objects.get(), timezone.now()
        item = testing.make_pending(at=now)
        deciding.reject(item.pk, reason="No", by=testing.alice(), at=now)
        assert outbox.run(at=now) == 1
    (heard,) = sink.heard
    secret = services.secret(hook, by=testing.dora(), at=now)
    monkeypatch.setenv("WEBHOOK_SECRET", secret)
    receiver = receiver_of(guide, secret, time.time)
    event = receiver.verified(heard.headers, heard.raw)
    assert event["data"]["draft"] == str(item.draft.uuid)
    assert receiver.verified(heard.headers, heard.raw) is None, "a replay is told once"
    forged = [
        (heard.headers, heard.raw.replace(b"rejected", b"approved")),
        ({**heard.headers, "webhook-id": "msg_other"}, heard.raw),
        ({**heard.headers, "webhook-signature": "v1,AAAA v2,x"}, heard.raw),
        ({**heard.headers, "webhook-timestamp": str(int(now.timestamp()) + 1)}, heard.raw),
    ]
    for headers, raw in forged:
        with pytest.raises(ValueError, match="signature"):
            receiver.verified(headers, raw)
    later = receiver_of(guide, secret, lambda: time.time() + 400)
    with pytest.raises(ValueError, match="old"):
        later.verified(heard.headers, heard.raw)


def test_the_guide_names_every_event():
    guide = (source.ROOT / "docs/agents.md").read_text()
    named = set(re.findall(r"`((?:decision|delivery|webhook)\.[a-z]+)`", guide))
    assert named == {*events.KINDS.values(), events.TEST}
