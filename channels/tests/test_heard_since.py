"""An answer or a follow-up that was approved before they wrote again does not leave unread."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from approvals import bulk, bulk_page, services
from approvals.errors import Stale
from approvals.models import Approval
from channels import manual, receiving, sending
from channels.adapters.memory import MemoryAdapter
from channels.incoming import Incoming
from channels.models import Delivery
from outreach import testing
from outreach.core import drafts, people
from outreach.core.models import Contact, Draft, InboundMessage, Person
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


@pytest.mark.parametrize("merged", [False, True])
def test_a_first_message_too_waits_for_what_nobody_has_judged_yet(live, memory, merged):
    """Whoever stored it may have died before judging it: it may be a request to stop."""
    approval = testing.make_approved(testing.make_person(None, "Anna Test"))
    other = testing.make_approved(testing.make_person(None, "Nobody Else"))
    writer = approval.human
    if merged:
        writer = testing.make_person(None, "Anna T.")
        Person.objects.filter(pk=writer.pk).update(merged_into=approval.human)
    make_inbound(writer, status="new", received_at=LATER, text="Please stop writing to me.")
    assert sending.process(clock=clock).sent == 1
    assert [each.text for each in memory.outbox] == [other.revision.text]
    approval.refresh_from_db()
    assert (approval.status, approval.closed_reason) == ("withdrawn", "heard_since")


def test_another_message_sends_the_answer_back_to_the_queue(answer, memory):
    [message] = writes("I forgot to say that our office is in Hamburg now.", person=answer.human)
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


@pytest.mark.parametrize("kept", ["numbers", "an old row, which has times alone"])
def test_a_clock_that_runs_behind_hides_no_message_that_came_after_the_yes(answer, memory, kept):
    """Judged on a machine whose clock is an hour behind that of the page."""
    early = WORKDAY - timedelta(hours=1)
    if kept != "numbers":
        Approval.objects.filter(pk=answer.pk).update(heard=None)
        early = LATER
    mail = Incoming("email", address_of(answer.human), "<b@x>", early, text="Please see below.")
    receiving.take_in(mail, at=early)
    assert sending.process(clock=clock).sent == 0
    assert Approval.objects.get(pk=answer.pk).closed_reason == "heard_since"


def test_a_yes_keeps_the_number_of_the_newest_of_all_their_records(live):
    person = testing.make_person(None, "Anna Test")
    item = testing.make_pending(person, purpose="follow_up")
    given = services.approve(item.pk, by=testing.alice(), at=WORKDAY, digest=item.digest)
    assert given.heard == 0
    other = testing.make_person(item.workspace, "Anna Test", merged_into=person)
    newest = make_inbound(other, channel="whatsapp", received_at=WORKDAY - timedelta(hours=1))
    make_inbound(testing.make_person(item.workspace), received_at=WORKDAY)
    again = services.undo(item.pk, by=testing.alice(), at=WORKDAY)
    assert again.heard is None
    words = drafts.Text(subject="Minutes", text="Here are the minutes.", html="")
    given = services.edit_and_approve(
        again.pk, words, by=testing.alice(), at=WORKDAY, digest=again.digest
    )
    assert given.heard == Approval.objects.get(pk=again.pk).heard == newest.pk


def test_what_a_colleague_assigns_to_them_after_the_yes_counts_though_its_number_is_lower(
    live, memory
):
    person = testing.make_person(None, "Anna Test")
    stray = make_inbound(None, received_at=WORKDAY - timedelta(hours=2))
    make_inbound(person, received_at=WORKDAY - timedelta(hours=1))
    testing.make_approved(person, purpose="follow_up")
    InboundMessage.objects.filter(pk=stray.pk).update(person=person, judged_at=LATER)
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


@pytest.mark.parametrize("purpose", ["follow_up", "promotional"])
def test_a_follow_up_waits_too_and_an_announcement_does_not(live, memory, purpose):
    """Advertising as well: what a reviewer has judged as that may have been called a follow-up."""
    ann, ben = testing.make_person(None, "Ann Test"), testing.make_person(None, "Ben Test")
    testing.make_approved(ann, purpose=purpose)
    testing.make_approved(ben)
    for person in (ann, ben):
        make_inbound(person, received_at=LATER)
    assert sending.process(clock=clock).sent == 1
    assert Approval.objects.get(status="pending").human == ann


@pytest.mark.parametrize("direction", ["in", "out"])
def test_an_answer_and_a_follow_up_wait_whatever_their_author_calls_them(live, memory, direction):
    """What an agent writes through the API has no origin, and the purpose is its own word."""
    person = testing.make_person()
    earlier = WORKDAY - timedelta(days=3)
    Contact.objects.create(
        workspace=person.workspace, human=person, channel="email", direction=direction, at=earlier,
        key="passed", draft=testing.make_draft(person, at=earlier) if direction == "out" else None,
    )  # fmt: skip
    approval = testing.make_approved(person, purpose="work_update")
    assert approval.touch == {"in": "reply", "out": "follow_up"}[direction]
    writes("No thanks, we decided for another one.", person=person)
    assert sending.process(clock=clock).sent == 0
    assert Approval.objects.get(status="pending").human == person


def test_what_a_duplicate_record_wrote_counts(answer, memory):
    other = testing.make_person(answer.workspace, "Anna Test")
    Person.objects.filter(pk=other.pk).update(merged_into=answer.human)
    make_inbound(other, received_at=LATER)
    assert sending.process(clock=clock).sent == 0
    assert MemoryAdapter.outbox == []


def heard_by_page(client, item) -> str:
    """The newest message on the review page, which each of its two ways to say yes posts."""
    page = client.get(reverse("admin:approvals_approval_change", args=[item.pk])).content.decode()
    posted = re.findall(r'name="heard" value="(\d*)"', page)
    assert len(posted) == 2 and len(set(posted)) == 1
    return posted[0]


@pytest.fixture
def waiting(live, client, monkeypatch):
    """An answer that waits for its reviewer, who has just opened the page."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: LATER)
    person = testing.make_person(None, "Anna Test")
    theirs = make_inbound(person, received_at=WORKDAY - timedelta(hours=1), text="Can we meet?")
    item = testing.make_pending(person, origin=f"inbound:{theirs.pk}")
    InboundMessage.objects.filter(pk=theirs.pk).update(reply=item.draft_id)
    client.force_login(testing.alice().user)
    return item, heard_by_page(client, item)


@pytest.mark.parametrize("action", ["approve", "edit_approve"])
def test_what_came_while_the_page_was_open_is_read_before_the_yes(waiting, client, action):
    item, heard = waiting
    writes("I moved to Hamburg.", person=item.human)
    form = {"action": action, "digest": item.digest, "seen_private": "1", "text": "Tuesday then."}
    page = reverse("admin:approvals_approval_change", args=[item.pk])
    answer = client.post(page, {**form, "heard": heard})
    shown = answer.content.decode()
    assert answer.status_code == 409
    assert "They wrote again meanwhile: read it and decide again" in shown
    assert shown.index("I moved to Hamburg.") < shown.index("Can we meet?")
    item.refresh_from_db()
    assert (item.status, item.revision.no) == ("pending", 1)
    client.post(page, {**form, "heard": heard_by_page(client, item), "action": "approve"})
    item.refresh_from_db()
    assert item.status == "approved"


def test_who_names_what_they_read_is_told_that_there_is_more(waiting):
    item, heard = waiting
    make_inbound(item.human, channel="linkedin", received_at=LATER)
    given = {"by": testing.alice(), "at": LATER, "digest": item.digest, "heard": int(heard)}
    with pytest.raises(Stale, match="They wrote again"):
        services.approve(item.pk, **given)
    words = drafts.Text(subject="", text="Tuesday then.", html="")
    with pytest.raises(Stale, match="They wrote again"):
        services.edit_and_approve(item.pk, words, **given)


@pytest.mark.parametrize("asked_again", [False, True])
def test_what_they_wrote_meanwhile_is_not_approved_unread_with_others(answer, memory, asked_again):
    """Neither before the first yes, nor where their message took that yes back."""
    if not asked_again:
        Approval.objects.filter(pk=answer.pk).update(due_at=LATER + timedelta(days=1))
        answer = services.undo(answer.pk, by=testing.alice(), at=WORKDAY)
    writes("I forgot to say that our office is in Hamburg now.", person=answer.human)
    sending.process(clock=clock)
    waiting = Approval.objects.get(status="pending")
    Approval.objects.filter(pk=waiting.pk).update(priority=0)
    rows = Approval.objects.all()
    posted = [f"{waiting.pk}:{waiting.digest}"]
    [told] = bulk_page.decide(rows, posted, by=testing.alice(), at=clock())
    assert (told.approved, told.sentence) == (
        False, "Left waiting: they wrote since it was first asked for.",
    )  # fmt: skip
    sending.process(clock=lambda: clock() + timedelta(hours=1))
    assert memory.outbox == []


def test_what_comes_while_several_are_approved_is_not_approved_unread(live, monkeypatch):
    person = testing.make_person(None, "Anna Test")
    theirs = make_inbound(person, received_at=WORKDAY - timedelta(hours=1))
    item = testing.make_pending(person, origin=f"inbound:{theirs.pk}")
    Approval.objects.filter(pk=item.pk).update(priority=0)
    real = bulk.wrote_since

    def and_then_they_write(row):
        found = real(row)
        make_inbound(person, received_at=LATER)
        return found

    monkeypatch.setattr(bulk, "wrote_since", and_then_they_write)
    [told] = bulk_page.decide(
        Approval.objects.all(), [f"{item.pk}:{item.digest}"], by=testing.alice(), at=LATER
    )
    assert (told.approved, "They wrote again meanwhile" in told.sentence) == (False, True)


def test_what_they_wrote_by_another_way_only_is_read_before_the_yes_as_well(live):
    """Whom we follow up by mail, and who wrote back where they never had been written to."""
    person = testing.make_person(None, "Anna Test")
    item = testing.make_pending(person, purpose="follow_up")
    make_inbound(person, channel="whatsapp", text="We have chosen somebody else.")
    with pytest.raises(Stale, match="They wrote again meanwhile"):
        services.approve(item.pk, by=testing.alice(), at=LATER, digest=item.digest, heard=0)
    client = Client()
    client.force_login(testing.alice().user)
    page = client.get(reverse("admin:approvals_approval_change", args=[item.pk]))
    assert "We have chosen somebody else." in page.content.decode()


def test_a_text_to_send_by_hand_is_not_offered_any_more_and_goes_back(live):
    """No sender looks at LinkedIn: an approved follow-up was offered whatever they wrote since."""
    person = testing.make_person(None, "Anna Test")
    people.add_address(person.workspace, person, "linkedin", "linkedin.com/in/anna-test")
    theirs = make_inbound(person, received_at=WORKDAY - timedelta(hours=1))
    given = testing.make_approved(person, channel="linkedin", origin=f"inbound:{theirs.pk}")
    assert manual.offer(given, at=LATER).text
    assert manual.return_unfit(at=LATER) == 0
    writes("We have chosen another one.", person=person)
    assert "they wrote after it was approved" in manual.offer(given, at=clock()).warning
    assert manual.return_unfit(at=clock()) == 1
    given.refresh_from_db()
    assert (given.status, given.closed_reason) == ("withdrawn", "heard_since")
    assert Approval.objects.get(status="pending").draft == given.draft
