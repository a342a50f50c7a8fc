"""An event that cannot be judged: bounded tries, ever later, then set aside where people see it."""

from __future__ import annotations

import logging
from datetime import timedelta
from itertools import pairwise

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from channels import aside, bounces, closing, events, inbound, settle
from channels.models import ProviderEvent
from channels.tests import payloads
from channels.tests.payloads import SECRET, call, message, status, whatsapp
from channels.tests.test_webhooks import sent
from outreach import testing
from outreach.core import suppression
from outreach.core.models import Activity, InboundMessage, Workspace
from outreach.core.people import add_address
from outreach.core.permissions import NotAllowed
from outreach.edge import diagnosis

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/admin/channels/providerevent/"


@pytest.fixture(autouse=True)
def ours(settings):
    settings.META_APP_SECRET = SECRET
    settings.WHATSAPP_PHONE_NUMBER_ID = payloads.NUMBER


@pytest.fixture
def broken(client, monkeypatch, caplog):
    """A message that nobody can store, as the webhook leaves it."""
    with monkeypatch.context() as patch, caplog.at_level(logging.CRITICAL):
        patch.setattr(events.receiving, "take_in", _fails)
        assert call(client, whatsapp(messages=[message("STOP")])).status_code == 200
        return ProviderEvent.objects.get()


def _fails(*args, **more):
    raise LookupError("no words for this one")


def fail_to_the_end(row, monkeypatch) -> list[timedelta]:
    """Sweeps every 15 seconds for a day while it fails; how far apart the tries were."""
    at, moments = row.tried_at, [row.tried_at]
    with monkeypatch.context() as patch:
        patch.setattr(events.receiving, "take_in", _fails)
        while ProviderEvent.objects.filter(judged_at__isnull=True).exists():
            at += timedelta(seconds=15)
            assert at < moments[0] + timedelta(days=1), "tried for ever"
            events.sweep(at=at)
            row.refresh_from_db()
            if row.tried_at != moments[-1]:
                moments.append(row.tried_at)
    return [later - earlier for earlier, later in pairwise(moments)]


def test_what_fails_is_tried_ever_later_and_then_set_aside_with_its_words(broken, monkeypatch):
    gaps = fail_to_the_end(broken, monkeypatch)
    assert [gap.total_seconds() // 60 for gap in gaps] == [1, 2, 4, 8, 16]
    assert (broken.tries, broken.set_aside_at) == (aside.TRIES, broken.judged_at)
    assert broken.payload["text"] == "STOP"
    assert broken.result == "it cannot be judged (LookupError)"
    assert events.sweep(at=broken.judged_at + timedelta(days=1)) == 0
    told = Activity.objects.get(verb="channels.event_set_aside")
    assert (told.object_id, told.codes["tries"]) == (str(broken.pk), aside.TRIES)


def test_who_wrote_what_cannot_be_taken_in_is_held(broken, monkeypatch):
    here, there = testing.make_person(), testing.make_person(testing.make_workspace("other"))
    add_address(here.workspace, here, "whatsapp", "+442079460123")
    add_address(there.workspace, there, "phone", "+442079460123")
    waiting = testing.make_pending(here)
    fail_to_the_end(broken, monkeypatch)
    for person in (here, there):
        person.refresh_from_db()
        assert not person.automation_enabled
        assert person.automation_disabled_reason == events.UNHEARD
    waiting.refresh_from_db()
    assert waiting.get_priority_display() == "critical"


def test_they_are_held_from_the_second_try_on(broken, monkeypatch):
    """Not half an hour later: until then what is approved would leave to them."""
    person = testing.make_person()
    add_address(person.workspace, person, "whatsapp", "+442079460123")
    monkeypatch.setattr(events.receiving, "take_in", _fails)
    events.sweep(at=broken.tried_at + timedelta(seconds=60))
    person.refresh_from_db()
    broken.refresh_from_db()
    assert (broken.tries, broken.set_aside_at) == (2, None)
    assert person.automation_disabled_reason == events.UNHEARD


def test_it_is_set_aside_even_where_nobody_can_be_held(broken, monkeypatch):
    person = testing.make_person()
    add_address(person.workspace, person, "whatsapp", "+442079460123")
    monkeypatch.setattr(inbound, "hold", _fails)
    fail_to_the_end(broken, monkeypatch)
    assert broken.set_aside_at is not None


def test_what_heals_meanwhile_is_judged_by_the_sweep(broken):
    person = testing.make_person()
    add_address(person.workspace, person, "whatsapp", "+442079460123")
    events.sweep(at=broken.tried_at + timedelta(seconds=30))
    assert not InboundMessage.objects.exists(), "before its time"
    events.sweep(at=broken.tried_at + timedelta(seconds=60))
    person.refresh_from_db()
    broken.refresh_from_db()
    assert (person.status, broken.payload, broken.set_aside_at) == ("desist", {}, None)
    assert person.automation_enabled


@pytest.mark.once  # what is said, and to whom
def test_the_servers_log_says_where_to_look(broken, monkeypatch, caplog):
    fail_to_the_end(broken, monkeypatch)
    last = caplog.records[-1]
    assert last.levelname == "ERROR" and "under Events set aside in the admin" in last.getMessage()
    assert sum("no words for this one" in (each.exc_text or "") for each in caplog.records) == 5


def test_a_replay_wakes_nothing_that_is_set_aside(broken, monkeypatch, client):
    fail_to_the_end(broken, monkeypatch)
    assert call(client, whatsapp(messages=[message("STOP")])).content == b"0 new of 1\n"
    assert not InboundMessage.objects.exists()


@pytest.mark.once  # what is said, and to whom
def test_doctor_tells_of_it_until_a_person_had_it_tried_again(broken, monkeypatch, client):
    found = diagnosis.examine(at=timezone.now())
    assert "1 event of a provider could not be judged yet" in found.parts["events"][0]
    assert [each.level for each in found.faults if each.id == "doctor.events"] == ["WARNING"]
    fail_to_the_end(broken, monkeypatch)
    found = diagnosis.examine(at=timezone.now())
    [fault] = [each for each in found.faults if each.id == "doctor.events"]
    assert fault.level == "ERROR" and "may be a request to stop" in fault.message
    with pytest.raises(CommandError):
        call_command("doctor")
    person = testing.make_person()
    add_address(person.workspace, person, "whatsapp", "+442079460123")
    client.force_login(testing.olaf().user)
    assert f"Event {broken.pk}" in client.get(LIST).content.decode()
    page = f"{LIST}{broken.pk}/change/"
    assert "STOP" in client.get(page).content.decode()
    answer = client.post(page, {"act": "again"}, follow=True).content.decode()
    assert f"Event {broken.pk} is judged: inbound message" in answer
    person.refresh_from_db()
    assert person.status == "desist"
    assert Activity.objects.filter(verb="channels.event_tried_again").count() == 1
    assert diagnosis.examine(at=timezone.now()).parts["events"] == [
        "Every event of a provider was judged."
    ]
    assert client.post(page, {"act": "again"}).status_code == 404


def test_one_that_fails_again_says_so_and_starts_anew(broken, monkeypatch, client):
    fail_to_the_end(broken, monkeypatch)
    client.force_login(testing.olaf().user)
    monkeypatch.setattr(events.receiving, "take_in", _fails)
    answer = client.post(f"{LIST}{broken.pk}/change/", follow=True).content.decode()
    assert "it cannot be judged (LookupError); it is tried 5 more times" in answer


@pytest.mark.once  # what is said, and to whom
def test_only_an_operator_sees_it_or_has_it_tried_again(broken, monkeypatch, client):
    fail_to_the_end(broken, monkeypatch)
    client.force_login(testing.dora().user)
    assert client.get(LIST).status_code == 403
    assert client.post(f"{LIST}{broken.pk}/change/").status_code == 404
    with pytest.raises(NotAllowed):
        aside.give_back(broken.pk, by=testing.dora(), at=timezone.now())
    with pytest.raises(aside.NotSetAside):
        aside.give_back(broken.pk + 1, by=testing.olaf(), at=timezone.now())


def test_a_receipt_that_fails_holds_up_neither_its_neighbours_nor_messages(client, monkeypatch):
    ill, well = sent(state="unknown", number="wamid.ill"), sent(
        testing.make_person(name="Other"), state="unknown", number="wamid.well"
    )  # fmt: skip
    arrived = settle.arrived_by_event

    def picky(pk, **more):
        if pk == ill.pk:
            raise LookupError("ill")
        return arrived(pk, **more)

    monkeypatch.setattr(settle, "arrived_by_event", picky)
    told = [status("wamid.ill", "read"), status("wamid.well", "read")]
    assert call(client, whatsapp(statuses=told)).status_code == 200
    well.refresh_from_db()
    row = ProviderEvent.objects.get(event_id="read:wamid.ill")
    assert (well.status, row.tries, row.judged_at) == ("sent", 1, None)


def test_two_judges_that_fail_at_once_count_as_one(broken):
    at = broken.retry_at
    for _ in range(2):  # each holds the row as it was
        aside.failed(ProviderEvent(pk=broken.pk, tries=1, kind="message"), ValueError(), at=at)
    broken.refresh_from_db()
    assert broken.tries == 2


@pytest.mark.parametrize("kind", ["bounced", "complained", "unsubscribed"])
def test_the_other_kinds_end_as_well(kind, monkeypatch):
    testing.make_person()
    address = testing.make_person().addresses.get().normalised
    at = timezone.now()
    row = ProviderEvent.objects.create(
        provider="postmark", event_id="1", kind=kind, at=at,
        payload={"channel": "email", "recipient": address, "permanent": True},
    )  # fmt: skip
    for module, name in ((bounces, "bounced"), (bounces, "complained"), (inbound, "unsubscribed")):
        monkeypatch.setattr(module, name, _fails)
    for hour in range(8):
        events.sweep(at=at + timedelta(hours=hour))
    row.refresh_from_db()
    assert (row.tries, bool(row.set_aside_at)) == (aside.TRIES, True)


def test_a_real_way_to_fail_before_anything_is_stored(client):
    """A stranger's message, while the workspace that strangers' messages go to has no name."""
    Workspace.objects.update(slug="renamed")
    assert call(client, whatsapp(messages=[message("hello")])).status_code == 200
    row = ProviderEvent.objects.get()
    assert (row.tries, row.judged_at) == (1, None)
    Workspace.objects.update(slug="default")
    events.sweep(at=row.retry_at)
    assert InboundMessage.objects.get().text == "hello"


# --- Closed by hand ------------------------------------------------------------------------------

WHY = "A forwarded newsletter, read twice"


def set_aside(kind="message", **payload) -> ProviderEvent:
    at = timezone.now()
    return ProviderEvent.objects.create(
        provider="postmark", event_id="1", kind=kind, at=at, tries=aside.TRIES, tried_at=at,
        judged_at=at, set_aside_at=at, payload=payload,
        result="it cannot be judged (LookupError)",
    )  # fmt: skip


def closed(row, by=None, reason=WHY) -> ProviderEvent:
    return closing.close(row.pk, reason=reason, by=by or testing.olaf(), at=timezone.now())


def test_what_can_never_be_judged_is_closed_by_an_operator_who_says_why(client):
    row = set_aside(text="Our news of spring", sender="news@example.org", channel="email")
    page, told = f"{LIST}{row.pk}/change/", dict(row.payload)
    client.force_login(testing.olaf().user)
    assert "Nothing in it asks us to stop; close it" in client.get(page).content.decode()
    answer = client.post(page, {"act": "close", "reason": " "})
    assert answer.status_code == 409 and "Say why" in answer.content.decode()
    row.refresh_from_db()
    assert row.set_aside_at is not None
    answer = client.post(page, {"act": "close", "reason": WHY}, follow=True)
    assert f"Event {row.pk} is closed" in answer.content.decode()
    row.refresh_from_db()
    assert (row.set_aside_at, row.result) == (None, f"closed by hand: {WHY}")
    assert row.judged_at is not None and row.payload == told
    entry = Activity.objects.get(verb="channels.event_closed")
    assert (entry.object_id, entry.by_id) == (str(row.pk), testing.olaf().id)
    assert WHY not in str(entry.codes)
    assert events.sweep(at=timezone.now() + timedelta(days=1)) == 0
    assert diagnosis.examine(at=timezone.now()).parts["events"] == [
        "Every event of a provider was judged."
    ]
    assert client.post(page, {"act": "close", "reason": WHY}).status_code == 404


@pytest.mark.once  # what is said, and to whom
def test_nobody_but_an_operator_closes_one_and_only_what_is_set_aside(client):
    row = set_aside(text="hello")
    client.force_login(testing.dora().user)
    form = {"act": "close", "reason": WHY}
    assert client.post(f"{LIST}{row.pk}/change/", form).status_code == 404
    with pytest.raises(NotAllowed):
        closed(row, by=testing.dora())
    with pytest.raises(NotAllowed):
        closed(row, by=aside.JUDGE)
    with pytest.raises(closing.CloseRefused, match="at most 170"):
        closed(row, reason="x" * 171)
    ProviderEvent.objects.filter(pk=row.pk).update(set_aside_at=None)
    with pytest.raises(aside.NotSetAside):
        closed(row)
    assert not Activity.objects.filter(verb="channels.event_closed").exists()


def test_closing_loses_to_one_who_has_it_tried_again(monkeypatch):
    row = set_aside(text="hello")
    look = closing._refuse_request

    def slow(held):
        look(held)
        aside.give_back(row.pk, by=testing.olaf(), at=timezone.now())

    monkeypatch.setattr(closing, "_refuse_request", slow)
    with pytest.raises(aside.NotSetAside):
        closed(row)
    row.refresh_from_db()
    assert row.judged_at is None


@pytest.mark.parametrize("kind", ["complained", "unsubscribed"])
def test_what_is_itself_a_request_to_stop_is_closed_once_it_is_done(kind):
    here = testing.make_person()
    there = testing.make_person(testing.make_workspace("other"))
    address = here.addresses.get().normalised
    there.addresses.update(normalised=address)
    row = set_aside(kind, channel="email", recipient=address.upper())
    for person in (here, there):
        with pytest.raises(closing.CloseRefused, match="is itself a request to stop") as refusal:
            closed(row)
        assert person.workspace.name in str(refusal.value)
        suppression.suppress(
            person.workspace, "email", address, reason="manual",
            by=testing.dora(person.workspace), at=timezone.now(),
        )  # fmt: skip
    assert closed(row).set_aside_at is None


def test_a_receipt_that_says_stop_marketing_is_a_request_as_well():
    delivery = sent(state="sent", number="wamid.1")
    payload = {"channel": "whatsapp", "provider_id": "wamid.1", "codes": [131050]}
    row = set_aside("failed", **payload)
    with pytest.raises(closing.CloseRefused, match="is itself a request to stop"):
        closed(row)
    suppression.suppress(
        delivery.workspace, "whatsapp", bounces.address_of(delivery), reason="manual",
        by=testing.dora(), at=timezone.now(),
    )  # fmt: skip
    assert closed(row).set_aside_at is None
