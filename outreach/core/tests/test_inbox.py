"""The inbox: who reads what, and the few ways out of a status."""

from __future__ import annotations

from datetime import timedelta

import pytest

from outreach import testing
from outreach.core import inbox
from outreach.core.models import Activity, InboundMessage
from outreach.core.permissions import NotAllowed
from outreach.testing import WORKDAY, make_inbound

pytestmark = pytest.mark.django_db
LATER = WORKDAY + timedelta(minutes=5)


def test_messages_that_want_an_answer_are_asked_for_by_workspace():
    mine = make_inbound()
    other = make_inbound(testing.make_person(testing.make_workspace("other")))
    make_inbound(status="needs_person")
    assert list(inbox.waiting_for_answer(mine.workspace)) == [mine]
    assert list(inbox.waiting_for_answer()) == [mine, other]


def test_one_draft_answers_a_message():
    message = make_inbound()
    first, second = testing.make_draft(message.person), testing.make_draft(message.person)
    inbox.answered(message, first, by=testing.bob(), at=LATER)
    assert (message.status, message.reply) == ("answered", first)
    with pytest.raises(inbox.InboxRefused, match="already"):
        inbox.answered(message, second, by=testing.bob(), at=LATER)
    assert not inbox.waiting_for_answer().exists()
    assert Activity.objects.get(verb="channels.inbound_answered").codes["draft"] == first.pk


def test_a_draft_of_another_workspace_answers_nothing():
    elsewhere = testing.make_person(testing.make_workspace("other"))
    with pytest.raises(inbox.InboxRefused, match="another workspace"):
        inbox.answered(make_inbound(), testing.make_draft(elsewhere), by=testing.bob(), at=LATER)


def test_a_message_is_handled_once_and_by_somebody_entitled():
    message = make_inbound(status="needs_person")
    with pytest.raises(NotAllowed):
        inbox.handle(message.pk, by=testing.carol(), at=LATER)
    done = inbox.handle(message.pk, by=testing.bob(), at=LATER)
    assert (done.status, done.handled_by_label) == ("handled", "Bob")
    with pytest.raises(inbox.InboxRefused, match="already"):
        inbox.handle(message.pk, by=testing.bob(), at=LATER)


def test_a_reviewer_reads_what_came_since_the_message_a_draft_answers_or_since_their_last():
    person = testing.make_person()
    first, last = make_inbound(person), make_inbound(person, received_at=LATER)
    since = make_inbound(person, channel="whatsapp", received_at=LATER + timedelta(minutes=1))
    make_inbound(person, kind="bounce", received_at=LATER + timedelta(minutes=1))
    draft = testing.make_draft(person)
    assert list(inbox.beside(draft)) == [since, last]
    inbox.answered(first, draft, by=testing.bob(), at=LATER)
    assert list(inbox.beside(draft)) == [since, last, first]


def test_only_the_last_message_of_a_human_being_alerts():
    calm, angry, other = (testing.make_person() for _ in range(3))
    copy = testing.make_person()
    copy.merged_into = angry
    copy.save()
    make_inbound(calm, alert="legal")
    make_inbound(calm, received_at=LATER)
    make_inbound(angry)
    make_inbound(copy, alert="legal", received_at=LATER)
    make_inbound(angry, kind="auto_reply", received_at=LATER + timedelta(minutes=1))
    humans = [calm.pk, angry.pk, other.pk]
    assert inbox.alerts_of(humans) == {angry.pk: "legal"}


def test_one_message_is_one_row():
    message = make_inbound()
    row = {**InboundMessage.objects.filter(pk=message.pk).values()[0], "id": None}
    InboundMessage.objects.bulk_create([InboundMessage(**row)], ignore_conflicts=True)
    assert InboundMessage.objects.count() == 1
