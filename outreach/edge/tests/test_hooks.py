"""What webhooks are told, that it is signed, comes at least once, and is given up in the end."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import transaction

from approvals import services as deciding
from approvals.models import Notice
from channels import manual, registry, sending, stop
from channels.adapters.memory import MemoryAdapter
from channels.models import Delivery
from outreach import testing
from outreach.core import activity
from outreach.core.models import Activity, Agent
from outreach.core.permissions import NotAllowed
from outreach.edge import tasks
from outreach.edge.hooks import carrying, events, outbox, services, signing, waking
from outreach.edge.hooks.carrying import Answer
from outreach.edge.hooks.services import WebhookRefused
from outreach.edge.models import Webhook, WebhookEvent
from outreach.edge.tests.hook_sink import Sink
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db
KEY, OLD_KEY = "k" * 40, "o" * 40
URL = "https://agents.example.org/outreach"
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def signed(settings):
    settings.WEBHOOK_SIGNING_KEY = [KEY]
    settings.WEBHOOK_LOOPBACK = True


def hook_of(workspace=None, *, url: str = URL, agent=None, families=("decision", "delivery")):
    place = workspace or testing.make_workspace()
    return services.make(place, url, families, agent=agent, by=testing.dora(place), at=WORKDAY)


class Receiver:
    """In place of the network: keeps what it is given and answers as it is told."""

    def __init__(self, *answers: int, always: int = 204) -> None:
        self.answers, self.always, self.got = list(answers), always, []

    def __call__(self, url, headers, body):
        self.got.append((url, dict(headers), body))
        status = self.answers.pop(0) if self.answers else self.always
        return Answer(status, "" if 200 <= status < 300 else f"It answered {status}.")

    @property
    def bodies(self):
        return [json.loads(body) for _, _, body in self.got]

    @property
    def ids(self):
        return [headers["webhook-id"] for _, headers, _ in self.got]


def send():
    with registry.override("email", MemoryAdapter("email")):
        sending.process(clock=lambda: WORKDAY)
    MemoryAdapter.reset()


def reject(at=WORKDAY, *, by=None, reason="Too long, please"):
    item = testing.make_pending(by=by) if by else testing.make_pending()
    deciding.reject(item.pk, reason=reason, by=testing.alice(), at=at)
    return item


# --- What is told, and to whom -------------------------------------------------------------------


def test_a_decision_is_told_with_what_the_reviewer_said_and_without_the_text():
    hook, receiver = hook_of(), Receiver()
    item = reject()
    assert outbox.run(at=WORKDAY, carrier=receiver) == 1
    (told,) = receiver.bodies
    assert told == {
        "type": "decision.rejected",
        "timestamp": WORKDAY.isoformat(),
        "workspace": "default",
        "sequence": told["sequence"],
        "data": {
            "draft": str(item.draft.uuid), "approval": item.pk, "channel": "email",
            "digest": item.digest, "code": "rejected", "feedback": "Too long, please",
            "dry_run": False,
        },
    }  # fmt: skip
    assert item.revision.text not in json.dumps(told)
    assert item.revision.address not in json.dumps(told)
    row = WebhookEvent.objects.get()
    assert (row.state, row.body, row.http_status) == ("arrived", "", 204)
    hook.refresh_from_db()
    assert hook.arrived_at == WORKDAY


@pytest.mark.django_db(transaction=True)
def test_every_way_a_round_can_end_and_every_outcome_of_sending_is_told(live):
    hook_of()
    receiver = Receiver()
    returned = testing.make_pending()
    deciding.return_(returned.pk, feedback="Shorter", by=testing.alice(), at=WORKDAY)
    reject()
    testing.make_approved()
    send()
    outbox.run(at=WORKDAY, carrier=receiver)
    told = {body["type"]: body["data"] for body in receiver.bodies}
    assert set(told) == {
        "decision.returned", "decision.rejected", "decision.approved", "delivery.sent",
    }  # fmt: skip
    assert told["decision.returned"]["feedback"] == "Shorter"
    assert told["delivery.sent"]["delivery"] == Delivery.objects.get().pk
    assert told["delivery.sent"]["draft"] == told["decision.approved"]["draft"]


def test_of_a_message_sent_by_hand_nothing_is_said_to_be_returned(live):
    """Its stopped round waits anew when somebody says they wrote themselves: it is no draft."""
    hook_of()
    receiver, item = Receiver(), testing.make_approved()
    stop.emergency_stop(
        workspace=None, reason="wrong list", by=testing.olaf(), clock=lambda: WORKDAY
    )
    manual.mark_sent(item.pk, by=testing.alice(), at=WORKDAY)
    assert Activity.objects.filter(verb="approvals.withdrawn").count() == 1
    outbox.run(at=WORKDAY, carrier=receiver)
    told = [body["type"] for body in receiver.bodies]
    assert sorted(told) == ["decision.approved", "decision.reopened", "delivery.sent"]


def test_each_kind_of_event_is_a_verb_that_the_code_really_writes():
    from outreach.tests import source

    code = "".join(
        path.read_text() for path in source.modules() if "/hooks/" not in source.name(path)
    )
    composed = {"approvals.rejected", "approvals.withdrawn", "approvals.expired", "channels.sent",
                "channels.failed"}  # fmt: skip
    missing = [verb for verb in set(events.KINDS) - composed if f'"{verb}"' not in code]
    assert not missing
    assert 'f"approvals.{status}"' in code
    assert 'f"channels.{_status(item.receipt)}"' in code


def test_what_an_agent_did_not_write_is_not_told_to_its_webhook():
    one, other = testing.make_agent(), testing.make_agent()
    hook_of(agent=one.agent)
    receiver = Receiver()
    theirs = reject(by=one)
    reject(by=other)
    reject()
    outbox.run(at=WORKDAY, carrier=receiver)
    assert [body["data"]["draft"] for body in receiver.bodies] == [str(theirs.draft.uuid)]


@pytest.mark.parametrize("change", [{"is_active": False}, {"scopes": ["people:read"]}])
def test_an_agent_that_may_not_read_any_more_hears_nothing(change):
    agent = testing.make_agent()
    hook = hook_of(agent=agent.agent)
    reject(by=agent)
    events.put_down(at=WORKDAY)
    Agent.objects.filter(pk=agent.agent.pk).update(**change)
    receiver = Receiver()
    reject(by=testing.bob())
    assert outbox.run(at=WORKDAY, carrier=receiver) == 0
    assert not receiver.got
    hook.refresh_from_db()
    assert not hook.enabled
    assert "may not read" in hook.disabled_reason


def test_nothing_of_another_workspace_is_told():
    other = testing.make_workspace("other")
    hook_of(other)
    receiver = Receiver()
    reject()
    assert outbox.run(at=WORKDAY, carrier=receiver) == 0
    assert not WebhookEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_only_what_was_asked_for_and_only_from_then_on_is_told(live):
    reject()
    hook_of(families=("delivery",))
    testing.make_approved()
    send()
    receiver = Receiver()
    outbox.run(at=WORKDAY, carrier=receiver)
    assert [body["type"] for body in receiver.bodies] == ["delivery.sent"]


def test_an_act_that_was_undone_is_not_told_and_one_committed_late_is_told_once():
    """The seal's numbers have no gaps, whatever the order in which acts were committed."""
    hook_of()
    early, late = testing.make_pending(), testing.make_pending()
    mark = transaction.savepoint()
    deciding.reject(early.pk, reason="No", by=testing.alice(), at=WORKDAY)
    transaction.savepoint_rollback(mark)
    receiver = Receiver()
    outbox.run(at=WORKDAY, carrier=receiver)
    assert not receiver.got
    # A row with an older time, and as if with a lower number, comes after others were read.
    deciding.reject(late.pk, reason="No", by=testing.alice(), at=WORKDAY - HOUR)
    for _ in range(3):
        outbox.run(at=WORKDAY, carrier=receiver)
    assert [body["data"]["approval"] for body in receiver.bodies] == [late.pk]


def test_an_emergency_stop_holds_no_webhook(live):
    """They reach programs, never a person; whoever proposed must hear of the stop's effects."""
    from channels import stop

    hook_of()
    reject()
    stop.emergency_stop(workspace=None, reason="Trial", by=testing.olaf(), clock=lambda: WORKDAY)
    receiver = Receiver()
    assert outbox.run(at=WORKDAY, carrier=receiver) >= 1


# --- The signature -------------------------------------------------------------------------------


def is_valid(secret: str, headers, body: bytes) -> bool:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    due = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return f"v1,{due}" in headers["webhook-signature"].split()


def sent_by(hook, at=WORKDAY):
    receiver = Receiver()
    services.test(hook, by=testing.dora(), at=at)
    outbox.deliver(at=at, carrier=receiver)
    _, headers, body = receiver.got[-1]
    return headers, body


def test_the_signature_covers_id_time_and_body():
    hook = hook_of()
    secret = services.secret(hook, by=testing.dora(), at=WORKDAY)
    headers, body = sent_by(hook)
    assert headers["webhook-timestamp"] == str(int(WORKDAY.timestamp()))
    assert is_valid(secret, headers, body)
    assert not is_valid(secret, headers, body + b" ")
    for name, other in (("webhook-id", "msg_other"), ("webhook-timestamp", "1")):
        assert not is_valid(secret, {**headers, name: other}, body)
    foreign = services.secret(hook_of(), by=testing.dora(), at=WORKDAY)
    assert not is_valid(foreign, headers, body)


def test_a_new_secret_signs_at_once_and_the_old_one_for_another_day():
    hook, by = hook_of(), testing.dora()
    old = services.secret(hook, by=by, at=WORKDAY)
    services.rotate(hook, by=by, at=WORKDAY)
    new = services.secret(hook, by=by, at=WORKDAY)
    assert new != old
    headers, body = sent_by(hook, WORKDAY + 23 * HOUR)
    assert is_valid(new, headers, body)
    assert is_valid(old, headers, body)
    headers, body = sent_by(hook, WORKDAY + 25 * HOUR)
    assert is_valid(new, headers, body)
    assert not is_valid(old, headers, body)


def test_while_the_key_changes_both_sign(settings):
    hook = hook_of()
    before = services.secret(hook, by=testing.dora(), at=WORKDAY)
    settings.WEBHOOK_SIGNING_KEY = ["n" * 40, KEY]
    after = services.secret(hook, by=testing.dora(), at=WORKDAY)
    headers, body = sent_by(hook)
    assert is_valid(before, headers, body)
    assert is_valid(after, headers, body)


def test_no_secret_stands_in_the_database():
    hook = hook_of()
    secret = services.secret(hook, by=testing.dora(), at=WORKDAY)
    sent_by(hook)
    kept = json.dumps(
        [*Webhook.objects.values(), *WebhookEvent.objects.values(), *Activity.objects.values()],
        default=str,
    )
    assert secret.removeprefix("whsec_") not in kept
    assert KEY not in kept


def test_without_a_key_everything_waits_and_nothing_can_be_made(settings, caplog):
    hook_of()
    reject()
    settings.WEBHOOK_SIGNING_KEY = []
    receiver = Receiver()
    assert outbox.run(at=WORKDAY, carrier=receiver) == 0
    assert not receiver.got
    assert "WEBHOOK_SIGNING_KEY" in caplog.text
    with pytest.raises(WebhookRefused, match="WEBHOOK_SIGNING_KEY"):
        hook_of()
    settings.WEBHOOK_SIGNING_KEY = [KEY]
    assert outbox.run(at=WORKDAY, carrier=receiver) == 1


# --- Again, and no more --------------------------------------------------------------------------


def test_a_failure_is_tried_again_with_the_same_id_and_the_same_words():
    hook_of()
    reject()
    receiver = Receiver(500, 503)
    at = WORKDAY
    for _ in range(3):
        outbox.run(at=at, carrier=receiver)
        outbox.run(at=at, carrier=receiver)  # not due yet
        at += 5 * MINUTE
    assert len(receiver.got) == 3
    assert len(set(receiver.ids)) == 1
    assert len({body for _, _, body in receiver.got}) == 1
    stamps = [headers["webhook-timestamp"] for _, headers, _ in receiver.got]
    assert len(set(stamps)) == 3, "each attempt is signed at its own time"
    row, hook = WebhookEvent.objects.get(), Webhook.objects.get()
    assert (row.state, row.attempts) == ("arrived", 3)
    assert hook.failing_since is None


def test_pauses_grow_up_to_two_hours_and_differ_by_chance():
    pauses = [outbox.pause(n) for n in range(1, 40)]
    assert timedelta(seconds=24) <= pauses[0] <= timedelta(seconds=36)
    assert max(pauses) <= 2.4 * HOUR
    assert min(pauses[9:]) >= 1.6 * HOUR
    assert len({outbox.pause(1) for _ in range(50)}) > 10


@pytest.mark.once  # days go by: the same statements again and again
def test_after_a_day_an_event_is_given_up_and_keeps_why_but_not_what():
    hook_of()
    reject()
    receiver, at = Receiver(always=500), WORKDAY
    while at < WORKDAY + 30 * HOUR:
        outbox.run(at=at, carrier=receiver)
        at += 30 * MINUTE
    row = WebhookEvent.objects.get()
    assert (row.state, row.body, row.fault) == ("given up", "", "It answered 500.")
    assert 12 < row.attempts < 40
    assert row.tried_at <= WORKDAY + 24 * HOUR


@pytest.mark.once  # days go by: the same statements again and again
def test_three_days_of_nothing_but_failures_switch_it_off_with_a_notice():
    hook = hook_of()
    receiver, at = Receiver(always=500), WORKDAY
    while at <= WORKDAY + 73 * HOUR:
        services.test(hook, by=testing.dora(), at=at) if hook.enabled else None
        outbox.run(at=at, carrier=receiver)
        hook.refresh_from_db()
        at += 4 * HOUR
    assert not hook.enabled
    assert "for 3 days" in hook.disabled_reason
    assert not WebhookEvent.objects.filter(due_at__isnull=False).exists()
    notice = Notice.objects.get(user=testing.dora().user)
    assert "switched off" in notice.subject
    assert Activity.objects.filter(verb="workspaces.webhook_off", by_kind="system").exists()


@pytest.mark.once  # days go by: the same statements again and again
def test_one_success_in_between_begins_the_days_anew():
    hook, at = hook_of(), WORKDAY
    receiver = Receiver()
    for hours in range(0, 140, 5):
        receiver.always = 204 if hours == 70 else 500
        services.test(hook, by=testing.dora(), at=at)
        outbox.run(at=at, carrier=receiver)
        at += 5 * HOUR
    hook.refresh_from_db()
    assert hook.enabled


@pytest.mark.once  # days go by: the same statements again and again
def test_days_in_which_nothing_was_tried_count_for_no_days_of_failures():
    hook, receiver = hook_of(), Receiver(always=500)

    def fail(days: float, hours: int) -> None:
        """One event, tried every two hours."""
        at = WORKDAY + days * 24 * HOUR
        services.test(hook, by=testing.dora(), at=at)
        for hour in range(0, hours, 2):
            outbox.run(at=at + hour * HOUR, carrier=receiver)
        hook.refresh_from_db()

    fail(0, 26)
    assert WebhookEvent.objects.get().state == "given up"
    fail(10, 1)
    assert hook.enabled, "two failures ten days apart"
    for days in (20.0, 21.1, 22.2):  # a day and more between two events, and all of them fail
        assert hook.enabled
        fail(days, 26)
    assert not hook.enabled


def test_who_says_gone_is_left_in_peace_at_once():
    hook = hook_of()
    reject()
    outbox.run(at=WORKDAY, carrier=Receiver(410))
    hook.refresh_from_db()
    assert not hook.enabled


def test_one_receiver_that_fails_holds_up_no_other():
    bad, good = hook_of(), hook_of(url=URL + "/good")
    for _ in range(12):
        reject()

    def carrier(url, headers, body):
        return Answer(204 if url.endswith("good") else 500, "")

    outbox.run(at=WORKDAY, carrier=carrier)
    assert good.told.filter(arrived_at__isnull=False).count() == 12
    assert bad.told.filter(attempts__gt=0).count() == outbox.EACH, "the rest waits unasked"


def test_what_a_long_run_claims_late_no_other_worker_takes(monkeypatch):
    """The pause of the fifth begins when it is claimed, 29 seconds into the run."""
    hook, clock = hook_of(), [100.0]
    for _ in range(outbox.EACH + 1):
        services.test(hook, by=testing.dora(), at=WORKDAY)
    monkeypatch.setattr(outbox, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    receiver, other = Receiver(*[204] * outbox.EACH, 500), Receiver()

    def slow(*words):
        clock[0] = 129.0
        return receiver(*words)

    assert outbox.deliver(at=WORKDAY, carrier=slow) == outbox.EACH
    assert len(receiver.got) == outbox.EACH + 1
    clock[0] = 0.0
    assert outbox.deliver(at=WORKDAY + 40 * SECOND, carrier=other) == 0
    assert other.got == []


def test_a_carrier_that_breaks_is_a_failure_like_any_other():
    hook_of()
    reject()

    def broken(*_):
        raise RuntimeError("a secret in here")

    outbox.run(at=WORKDAY, carrier=broken)
    row = WebhookEvent.objects.get()
    assert (row.state, row.fault) == ("waits", "It broke on our side (RuntimeError).")


def test_switched_off_it_hears_nothing_and_switched_on_only_what_comes_then():
    hook, by = hook_of(), testing.dora()
    services.switch_off(hook, "Trial", by=by, at=WORKDAY)
    reject()
    receiver = Receiver()
    outbox.run(at=WORKDAY, carrier=receiver)
    services.switch_on(hook, by=by, at=WORKDAY)
    outbox.run(at=WORKDAY, carrier=receiver)
    assert not receiver.got
    reject()
    outbox.run(at=WORKDAY, carrier=receiver)
    assert len(receiver.got) == 1


def test_settled_rows_are_kept_for_a_month():
    hook_of()
    reject()
    outbox.run(at=WORKDAY, carrier=Receiver())
    outbox.run(at=WORKDAY + timedelta(days=29), carrier=Receiver())
    assert WebhookEvent.objects.exists()
    outbox.run(at=WORKDAY + timedelta(days=31), carrier=Receiver())
    assert not WebhookEvent.objects.exists()


# --- Who may -------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", [testing.alice, testing.bob, testing.carol])
def test_only_an_admin_looks_after_webhooks(who):
    hook, by = hook_of(), who()
    acts = (
        lambda: services.make(hook.workspace, URL, ["decision"], by=by, at=WORKDAY),
        lambda: services.secret(hook, by=by, at=WORKDAY),
        lambda: services.rotate(hook, by=by, at=WORKDAY),
        lambda: services.test(hook, by=by, at=WORKDAY),
        lambda: services.switch_off(hook, "x", by=by, at=WORKDAY),
        lambda: services.switch_on(hook, by=by, at=WORKDAY),
    )
    for act in acts:
        with pytest.raises(NotAllowed):
            act()


def test_an_agent_may_not_make_one_with_any_scope():
    agent = testing.make_agent(None, "drafts:write", "reviews:read", "audit:read")
    with pytest.raises(NotAllowed):
        services.make(agent.agent.workspace, URL, ["decision"], by=agent, at=WORKDAY)


def test_what_makes_no_sense_is_refused_in_a_sentence():
    place, by = testing.make_workspace(), testing.dora()
    foreign = testing.make_agent(testing.make_workspace("other")).agent
    for url, families, agent in (
        ("https://10.0.0.1/", ["decision"], None),
        (URL, [], None),
        (URL, ["everything"], None),
        (URL, ["decision"], foreign),
    ):
        with pytest.raises(WebhookRefused):
            services.make(place, url, families, agent=agent, by=by, at=WORKDAY)
    assert not Webhook.objects.exists()


def test_each_act_on_a_webhook_is_logged_without_its_address():
    hook, by = hook_of(), testing.dora()
    services.secret(hook, by=by, at=WORKDAY)
    services.rotate(hook, by=by, at=WORKDAY)
    services.test(hook, by=by, at=WORKDAY)
    services.switch_off(hook, "x", by=by, at=WORKDAY)
    services.switch_on(hook, by=by, at=WORKDAY)
    rows = Activity.objects.filter(object_type="webhook")
    assert [row.verb.removeprefix("workspaces.webhook_") for row in rows.order_by("pk")] == [
        "made", "secret_shown", "rotated", "tested", "off", "on"
    ]  # fmt: skip
    assert "example.org" not in json.dumps(list(rows.values("codes")))
    assert activity.verify().bad is None


# --- Over the wire -------------------------------------------------------------------------------


def test_over_the_wire_a_receiver_that_fails_first_hears_it_again(monkeypatch):
    with Sink(500, "hang", "dribble", 302, always=200) as sink:
        hook_of(url=sink.url)
        reject()
        at = WORKDAY

        def carrier(url, headers, body):
            return carrying.carry(url, headers, body, seconds=0.5)

        for _ in range(5):
            outbox.run(at=at, carrier=carrier)
            at += HOUR
    assert len(sink.heard) == 5
    assert len({heard.headers["webhook-id"] for heard in sink.heard}) == 1
    assert WebhookEvent.objects.get().state == "arrived"
    assert sink.heard[-1].body["type"] == "decision.rejected"
    assert "hello" not in json.dumps(list(WebhookEvent.objects.values()), default=str)


def test_the_secret_is_made_of_key_uuid_and_number(settings):
    """So that a receiver's secret outlives a change of this code."""
    from uuid import UUID

    settings.WEBHOOK_SIGNING_KEY = ["k" * 40]
    uuid = UUID("12345678-1234-5678-1234-567812345678")
    due = hmac.new(
        b"k" * 40, b"outreach/webhook/v1\0" + uuid.bytes + b"\0\0\0\x01", hashlib.sha256
    ).digest()
    assert signing.secret_of(uuid, 1) == "whsec_" + base64.b64encode(due).decode()


# --- As soon as it is committed ------------------------------------------------------------------


@pytest.fixture
def woken(monkeypatch):
    """The pauses after which the job was asked for, on a clock that stands still."""
    asked, clock = [], SimpleNamespace(now=100.0)
    monkeypatch.setattr(waking, "_last", float("-inf"))
    monkeypatch.setattr(waking, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(
        tasks.tell_webhooks, "apply_async", lambda **how: asked.append(how["countdown"])
    )
    return SimpleNamespace(asked=asked, clock=clock)


@pytest.mark.django_db(transaction=True)
def test_a_decision_wakes_the_job_once_it_is_committed(woken):
    reject()
    assert woken.asked == [], "nobody listens"
    hook_of()
    with transaction.atomic():
        reject()
        assert woken.asked == [], "not before the commit"
    assert woken.asked == [0]
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        reject()
        raise ZeroDivisionError
    woken.clock.now += 5
    testing.make_pending()
    assert woken.asked == [0], "what is undone, or told by no event, wakes nobody"


@pytest.mark.django_db(transaction=True)
def test_many_decisions_in_one_second_wake_it_twice(woken):
    hook_of()
    for _ in range(5):
        reject()
    assert woken.asked == [0, 1], "and the second comes after the last of them"
    woken.clock.now += 1.5
    reject()
    assert woken.asked == [0, 1, pytest.approx(0.5)]


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_undoes_no_decision(woken, monkeypatch):
    def away(**_):
        raise OSError("no broker")

    monkeypatch.setattr(tasks.tell_webhooks, "apply_async", away)
    hook_of()
    item = reject()
    item.refresh_from_db()
    assert item.status == "rejected"
    assert outbox.run(at=WORKDAY, carrier=Receiver()) == 1, "the timetable finds it"


@pytest.mark.django_db(transaction=True)
def test_neither_a_broker_that_hangs_nor_the_sender_is_waited_for(woken, monkeypatch, live):
    monkeypatch.setattr(waking, "PATIENCE", 0.01)
    monkeypatch.setattr(tasks.tell_webhooks, "apply_async", lambda **_: threading.Event().wait(5))
    hook_of()
    begun = time.monotonic()
    testing.make_approved()
    assert time.monotonic() - begun < 3
    monkeypatch.setattr(
        tasks.tell_webhooks, "apply_async", lambda **how: woken.asked.append(how["countdown"])
    )
    woken.clock.now += 5
    send()
    assert Delivery.objects.get().status == "sent" and woken.asked == []
