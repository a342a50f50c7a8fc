"""What a webhook stored and had no time to judge may be a request to stop: it holds its writer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from approvals.models import Approval
from channels import events, manual, sending, unread
from channels.meta_events import Event
from channels.models import Delivery, ProviderEvent
from channels.tests import payloads
from channels.tests.payloads import call, message, whatsapp
from outreach import testing
from outreach.core.models import InboundMessage, Person
from outreach.core.people import add_address
from outreach.testing import WORKDAY
from safety.models import SafetyEvent

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = "+442079460123"


def clock():
    return WORKDAY + timedelta(minutes=10)


@pytest.fixture(autouse=True)
def ours(settings, live):
    settings.META_APP_SECRET = payloads.SECRET
    settings.WHATSAPP_PHONE_NUMBER_ID = payloads.NUMBER


@pytest.fixture
def busy(monkeypatch):
    """The events before it took all the time that a webhook may spend on judging."""
    monkeypatch.setattr(events, "AT_ONCE", -1.0)


@pytest.fixture
def approval():
    person = testing.make_person(None, "Anna Test")
    add_address(person.workspace, person, "whatsapp", PHONE)
    return testing.make_approved(person)


def outcome(approval) -> tuple[str, str]:
    approval.refresh_from_db()
    return approval.status, approval.human.status


@pytest.mark.parametrize("merged", [False, True])
def test_a_stop_that_was_stored_and_not_judged_holds_their_messages(
    approval, busy, memory, monkeypatch, merged
):
    other = testing.make_approved(testing.make_person(None, "Nobody Else"))
    if merged:
        twin = testing.make_person(None, "Anna T.")
        approval.human.addresses.filter(channel="whatsapp").update(person=twin)
        Person.objects.filter(pk=twin.pk).update(merged_into=approval.human)
    assert call(Client(), whatsapp(messages=[message("STOP")])).status_code == 200
    assert sending.process(clock=clock).sent == 1
    assert [each.text for each in memory.outbox] == [other.revision.text]
    assert outcome(approval) == ("approved", "active"), "it waits for the sweep"
    assert SafetyEvent.objects.get(draft=approval.draft).code == unread.CODE
    monkeypatch.undo()
    events.sweep(at=timezone.now())
    assert outcome(approval) == ("rejected", "desist")


def test_what_was_no_stop_lets_the_message_leave_once_it_is_judged(approval, busy, memory):
    call(Client(), whatsapp(messages=[message("Tuesday suits me.")]))
    assert sending.process(clock=clock).sent == 0
    events.judge(ProviderEvent.objects.all(), at=clock(), seconds=60)
    later = clock() + timedelta(minutes=6)
    assert sending.process(clock=lambda: later).sent == 1


def linked(name):
    person = testing.make_person(None, name.title())
    add_address(person.workspace, person, "linkedin", f"linkedin.com/in/{name}")
    return person


@pytest.mark.parametrize("judging", ["never begun", "ended in the middle", "done"])
@pytest.mark.parametrize("merged", [False, True])
def test_no_text_is_offered_to_be_sent_by_hand_meanwhile(busy, judging, merged):
    """Who copies it sends it: a first message was offered beside their unread STOP."""
    person = linked("anna-test")
    add_address(person.workspace, person, "whatsapp", PHONE)
    given = testing.make_approved(person, channel="linkedin")
    assert manual.offer(given, at=WORKDAY).text
    if merged:
        twin = testing.make_person(None, "Anna T.")
        person.addresses.filter(channel="whatsapp").update(person=twin)
        Person.objects.filter(pk=twin.pk).update(merged_into=person)
    other = testing.make_approved(linked("nobody-else"), channel="linkedin")
    call(Client(), whatsapp(messages=[message("Tuesday suits me.")]))
    if judging != "never begun":
        events.judge(ProviderEvent.objects.all(), at=WORKDAY, seconds=60)
        status = "new" if judging == "ended in the middle" else InboundMessage.objects.get().status
        InboundMessage.objects.update(status=status)
    offer = manual.offer(given, at=WORKDAY)
    assert bool(offer.text) == (judging == "done")
    assert ("something that came in has yet to be read" in offer.warning) == (judging != "done")
    assert manual.offer(other, at=WORKDAY).text


TOLD = {
    "an unsubscription": ("unsubscribed", {"recipient": "Person+news@example.com"}),
    "a complaint": ("complained", {"recipient": "person@example.com"}),
    "their words, in another form of their address": (
        "message", {"channel": "email", "sender": "Person+x@example.com"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", TOLD)
def test_whoever_an_event_may_be_of_waits_whatever_it_is(what, memory):
    kind, payload = TOLD[what]
    person = testing.make_person(None, "Anna Test")
    person.addresses.update(normalised="person@example.com", raw="person@example.com")
    testing.make_approved(person)
    testing.make_approved(testing.make_person(None, "Nobody Else"))
    events.keep([Event("sendgrid", "1", kind, WORKDAY, payload)], at=WORKDAY)
    assert sending.process(clock=clock).sent == 1
    assert "person@example.com" not in [each.recipient for each in memory.outbox]


def test_a_number_for_calls_may_be_the_one_that_wrote(busy, memory):
    person = testing.make_person(None, "Anna Test")
    add_address(person.workspace, person, "phone", PHONE)
    testing.make_approved(person)
    call(Client(), whatsapp(messages=[message("STOP")]))
    assert sending.process(clock=clock).sent == 0


def test_a_complaint_about_our_message_holds_whom_that_went_to(approval, memory):
    """Whatever address it names: a mailbox may stand for several, or be forwarded to."""
    assert sending.process(clock=clock).sent == 1
    told = {"recipient": "else@example.net", "token": str(Delivery.objects.get().token)}
    assert unread.against(approval) == ""
    events.keep([Event("sendgrid", "1", "complained", WORKDAY, told)], at=WORKDAY)
    assert unread.against(approval) == unread.TOLD


def test_another_mailbox_that_answers_our_message_holds_whom_that_went_to(approval, memory):
    payload = {
        "channel": "email", "sender": "boss@example.org", "message_id": "<1@x>", "at": None,
        "subject": f"unsubscribe {approval.draft.uuid}", "answers": [], "to": [],
        "attachments": [], "report": None,
    }  # fmt: skip
    events.keep([Event("one-click", "1", "message", WORKDAY, payload)], at=WORKDAY)
    assert sending.process(clock=clock).sent == 0


def test_behind_more_than_can_be_looked_at_every_message_waits(approval, memory, monkeypatch):
    monkeypatch.setattr(unread, "MOST", 1)
    told = [
        Event("sendgrid", name, "unsubscribed", WORKDAY, {"recipient": f"{name}@example.org"})
        for name in "ab"
    ]
    events.keep(told[:1], at=WORKDAY)
    assert unread.among([]) == set()
    events.keep(told, at=WORKDAY)
    assert sending.process(clock=clock).sent == 0
    assert Approval.objects.get(pk=approval.pk).status == "approved"


def test_what_tells_only_of_our_own_message_holds_nobody(approval, memory):
    payload = {"recipient": PHONE, "provider_id": "wamid.1"}
    events.keep([Event("whatsapp", "delivered:1", "delivered", WORKDAY, payload)], at=WORKDAY)
    assert sending.process(clock=clock).sent == 1
