"""An answer or a follow-up that was approved before they wrote again does not leave unread."""

from __future__ import annotations

from datetime import timedelta

import pytest

from approvals import services
from approvals.models import Approval
from channels import receiving, sending
from channels.adapters.memory import MemoryAdapter
from channels.incoming import Incoming
from channels.models import Delivery
from outreach import testing
from outreach.core.models import Draft, Person
from outreach.testing import WORKDAY, make_inbound

pytestmark = pytest.mark.django_db(transaction=True)
LATER = WORKDAY + timedelta(minutes=5)


def clock():
    return WORKDAY + timedelta(minutes=10)


@pytest.fixture
def answer(live):
    """A given approval of an answer to Anna, who wrote first."""
    person = testing.make_person(None, "Anna Test")
    theirs = make_inbound(person, received_at=WORKDAY - timedelta(hours=1))
    return testing.make_approved(person, origin=f"inbound:{theirs.pk}")


def writes(text, *, person):
    """They write once more, by the way that mail comes in."""
    incoming = Incoming("email", address_of(person), "<again@example.com>", LATER, text=text)
    return receiving.take_in(incoming, at=LATER)


def address_of(person):
    return person.addresses.get(channel="email").normalised


def test_an_answer_leaves_where_nothing_came_since(answer, memory):
    assert sending.process(clock=clock).sent == 1
    assert memory.outbox[0].text == answer.revision.text


def test_another_message_sends_the_answer_back_to_the_queue(answer, memory):
    [message] = writes("One more thing: we moved to Hamburg.", person=answer.human)
    assert message.status == "wants_reply"
    report = sending.process(clock=clock)
    assert (report.sent, memory.outbox) == (0, [])
    assert Delivery.objects.get().status == "released"
    answer.refresh_from_db()
    assert (answer.status, answer.closed_reason) == ("withdrawn", "heard_since")
    again = Approval.objects.get(status="pending")
    assert "They wrote after the approval; please read it and decide again." in (
        again.priority_reasons
    )
    services.approve(again.pk, by=testing.alice(), at=clock(), digest=again.digest, undo_seconds=0)
    assert sending.process(clock=clock).sent == 1, "whoever approved it now had read it"


def test_a_message_that_is_not_yet_judged_counts_as_unread(answer, memory):
    make_inbound(answer.human, status="new", received_at=WORKDAY - timedelta(hours=2))
    assert sending.process(clock=clock).sent == 0


def test_a_message_that_came_in_late_counts_from_when_it_came(answer, memory):
    """Written before the approval, brought by a mailbox after it."""
    early = WORKDAY - timedelta(hours=3)
    receiving.take_in(
        Incoming("email", address_of(answer.human), "<late@x>", early, text="Please see below."),
        at=LATER,
    )
    assert sending.process(clock=clock).sent == 0


def test_stop_between_approval_and_sending_ends_the_answer(answer, memory):
    writes("Please stop writing to me.", person=answer.human)
    assert sending.process(clock=clock).sent == 0
    answer.refresh_from_db()
    assert answer.status == "rejected"
    assert not Approval.objects.filter(status="pending").exists()
    assert Draft.objects.get().status == "rejected"


def test_a_machine_that_answers_holds_nothing(answer, memory):
    make_inbound(answer.human, kind="auto_reply", status="handled", received_at=LATER)
    assert sending.process(clock=clock).sent == 1


def test_a_follow_up_waits_too_and_an_announcement_does_not(live, memory):
    ann, ben = testing.make_person(None, "Ann Test"), testing.make_person(None, "Ben Test")
    testing.make_approved(ann, purpose="follow_up")
    testing.make_approved(ben)
    for person in (ann, ben):
        make_inbound(person, received_at=LATER)
    assert sending.process(clock=clock).sent == 1
    assert Approval.objects.get(status="pending").human == ann


def test_what_a_duplicate_record_wrote_counts(answer, memory):
    other = testing.make_person(answer.workspace, "Anna Test")
    Person.objects.filter(pk=other.pk).update(merged_into=answer.human)
    make_inbound(other, received_at=LATER)
    assert sending.process(clock=clock).sent == 0
    assert MemoryAdapter.outbox == []
