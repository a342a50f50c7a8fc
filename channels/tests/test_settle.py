"""A person's word: what became of the unknown, and what was sent by hand."""

from __future__ import annotations

import os
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import ImproperlyConfigured

from approvals import conflicts, expiry, rounds, services, submission
from approvals.errors import Refused
from approvals.models import Approval, Priority, QuotaUse
from channels import manual, merging, registry, sending, settle, stop
from channels.adapters.memory import MemoryAdapter
from channels.base import Outcome
from channels.liveness import SenderLock
from channels.models import ARROWS, Delivery
from outreach import testing
from outreach.core.models import Activity, Contact, CoolingOff, Draft, Membership, Person, Role
from outreach.core.people import add_address
from outreach.core.permissions import NotAllowed
from outreach.testing import WORKDAY
from safety import facts, gate, known, override
from safety.models import SafetyEvent

pytestmark = pytest.mark.django_db(transaction=True)
LATER = WORKDAY + timedelta(minutes=5)


@pytest.fixture
def unknown(live):
    """One delivery whose outcome nobody knows."""
    MemoryAdapter.reset()
    testing.make_approved()
    MemoryAdapter.answers.append(Outcome.UNKNOWN)
    with registry.override("email", MemoryAdapter("email")):
        sending.process(clock=lambda: LATER)
        yield Delivery.objects.get(status="unknown")
    MemoryAdapter.reset()


def test_it_arrived(unknown):
    settle.settle(unknown.pk, "arrived", by=testing.alice(), at=LATER)
    assert Delivery.objects.get().status == "sent"
    assert Draft.objects.get().status == "sent"
    assert Contact.objects.get().certain


def test_it_did_not_arrive(unknown):
    settle.settle(unknown.pk, "not_arrived", by=testing.alice(), at=LATER)
    assert Delivery.objects.get().status == "failed"
    assert Draft.objects.get().status == "draft"
    assert Contact.objects.get().voided_at == LATER
    assert sending.process(clock=lambda: LATER).sent == 0


def test_what_did_not_arrive_counts_for_the_quota_and_not_for_them(unknown):
    """A quota counts hand-overs; whom nothing reached may be written to again today."""
    human = {unknown.approval.human_id}
    assert QuotaUse.objects.get().used == 1 and contacts(human)
    settle.settle(unknown.pk, "not_arrived", by=testing.alice(), at=LATER)
    assert QuotaUse.objects.get().used == 1
    assert not contacts(human)
    settle.arrived_by_event(unknown.pk, event="delivered", at=LATER)  # they were mistaken
    assert QuotaUse.objects.get().used == 1 and contacts(human)


def contacts(humans):
    """What the daily limits of these people count."""
    people = Person.objects.filter(pk__in=humans)
    found = known.around_of(people, at=LATER + timedelta(minutes=1)).contacts
    return [row for human in humans for row in found.get(human, [])]


def test_send_again_needs_a_new_approval_that_warns(unknown):
    settle.settle(unknown.pk, "send_again", by=testing.alice(), at=LATER)
    assert sending.process(clock=lambda: LATER).sent == 0
    fresh = Approval.objects.get(status="pending")
    assert "may have arrived" in fresh.priority_reasons[-1]
    assert Contact.objects.get().voided_at is None


@pytest.mark.parametrize(
    ("status", "said"),
    [("desist", "This person asked us to stop: no more"), ("blocked", "This person was blocked")],
)
def test_nobody_is_asked_to_send_again_to_somebody_who_was_stopped_meanwhile(unknown, status, said):
    kept = merged_away(unknown.approval.draft.person)
    stop.stop_person(kept, status, reason="no more", by=testing.alice(), at=LATER)
    told = settle.settle(unknown.pk, "send_again", by=testing.alice(), at=LATER)
    fresh, draft = Approval.objects.latest("pk"), Draft.objects.get()
    assert (fresh.status, fresh.closed_reason) == ("rejected", "person_stopped")
    assert fresh.human == kept and fresh.pk != unknown.approval_id
    assert told == f"{fresh.rejection_reason}." and told.startswith(said)
    assert (draft.status, draft.status_reason) == ("rejected", fresh.rejection_reason)
    assert Delivery.objects.get().decided_anew
    assert Contact.objects.get().voided_at is None, "it may have arrived"
    assert Activity.objects.filter(verb="approvals.rejected", by_id="stopper").exists()


@pytest.mark.parametrize("answer", ["arrived", "not_arrived"])
def test_of_whom_was_stopped_meanwhile_the_other_answers_count_as_ever(unknown, answer):
    stopped_person(unknown.approval)
    assert settle.settle(unknown.pk, answer, by=testing.alice(), at=LATER) == ""
    assert Draft.objects.get().status == ("sent" if answer == "arrived" else "draft")


@pytest.mark.parametrize("way", ["changes", "expired"])
def test_what_may_have_arrived_says_so_when_its_author_submits_it_again(unknown, way):
    settle.settle(unknown.pk, "send_again", by=testing.alice(), at=LATER)
    fresh, at = Approval.objects.get(status="pending"), LATER + timedelta(days=3)
    if way == "changes":
        services.return_(fresh.pk, by=testing.alice(), at=LATER, feedback="Shorter.")
    else:
        assert expiry.expire_due(at=at) == 1
    again = submission.submit(fresh.draft_id, by=testing.bob(), at=at).approval
    assert again is not None and rounds.may_have_arrived(again)
    assert again.priority == Priority.HIGH and not again.routing["shadow"]["would_approve"]


def merged_away(person):
    """The record that this person counts for by now."""
    kept = testing.make_person()
    merging.merge(kept, person, by=testing.bob(), at=LATER)
    return kept


def test_a_round_decided_anew_after_a_merge_counts_for_the_human_being(unknown):
    kept = merged_away(unknown.approval.draft.person)
    settle.settle(unknown.pk, "send_again", by=testing.alice(), at=LATER)
    assert kept.pk in {human for human, *_ in conflicts.others_open([kept.pk])}


def test_a_round_taken_back_after_a_merge_counts_for_the_human_being():
    approval = testing.make_approved()
    manual.mark_sent(approval.pk, by=testing.alice(), at=LATER)
    kept = merged_away(approval.draft.person)
    manual.mark_not_sent(Delivery.objects.get().pk, by=testing.alice(), at=LATER)
    assert kept.pk in {human for human, *_ in conflicts.others_open([kept.pk])}


def test_what_may_have_arrived_is_not_approved_with_others(unknown):
    Approval.objects.update(priority=Priority.LOW)
    settle.settle(unknown.pk, "send_again", by=testing.alice(), at=LATER)
    fresh = Approval.objects.get(status="pending")
    with pytest.raises(Refused, match="needs a look of its own: it may have arrived already"):
        services.approve(fresh.pk, by=testing.alice(), at=LATER, digest=fresh.digest, in_bulk=True)


def test_only_one_answer_counts_and_only_from_somebody_entitled(unknown):
    with pytest.raises(NotAllowed):
        settle.settle(unknown.pk, "arrived", by=testing.bob(), at=LATER)
    settle.settle(unknown.pk, "arrived", by=testing.alice(), at=LATER)
    with pytest.raises(settle.NotUnknown, match="is sent, not unknown"):
        settle.settle(unknown.pk, "send_again", by=testing.alice(), at=LATER)


def test_an_approved_message_can_be_marked_as_sent_by_hand_also_in_dry_run():
    approval = testing.make_approved()
    assert manual.mark_sent(approval.pk, by=testing.alice(), at=LATER) == ""
    assert Delivery.objects.get().status == "manual"
    assert Draft.objects.get().status == "sent"
    assert Contact.objects.get().certain
    with pytest.raises(manual.HandOffRefused, match="sent by hand"):
        manual.mark_sent(approval.pk, by=testing.alice(), at=LATER)


def test_what_is_not_approved_cannot_be_marked():
    pending = testing.make_pending()
    with pytest.raises(manual.HandOffRefused, match="only an approved"):
        manual.mark_sent(pending.pk, by=testing.alice(), at=LATER)


def test_an_unknown_outcome_cannot_be_marked(unknown):
    with pytest.raises(manual.HandOffRefused, match="outcome unknown"):
        manual.mark_sent(unknown.approval_id, by=testing.alice(), at=LATER)


def test_a_contact_against_a_stop_is_recorded_with_a_warning(live):
    approval = testing.make_approved()
    stop.stop_person(approval.human, "blocked", reason="rude", by=testing.alice(), at=LATER)
    approval.refresh_from_db()
    assert manual.offer(approval, at=LATER).text == ""
    assert "blocked" in manual.mark_sent(approval.pk, by=testing.alice(), at=LATER)
    assert SafetyEvent.objects.filter(code="manual_against_stop").count() == 1
    assert Draft.objects.get().status == "sent"
    assert Contact.objects.count() == 1


def test_sent_by_hand_can_be_taken_back():
    approval = testing.make_approved()
    manual.mark_sent(approval.pk, by=testing.alice(), at=LATER)
    manual.mark_not_sent(Delivery.objects.get().pk, by=testing.alice(), at=LATER)
    assert Contact.objects.get().voided_at == LATER
    fresh = Approval.objects.get(status="pending")
    assert Draft.objects.get().status == "pending_approval"
    given = services.approve(fresh.pk, by=testing.alice(), at=LATER, digest=fresh.digest)
    assert given.status == "approved"


def stopped_person(approval: Approval) -> None:
    stop.stop_person(approval.human, "blocked", reason="rude", by=testing.alice(), at=LATER)


def stopped_all(approval: Approval) -> None:
    stop.emergency_stop(workspace=None, reason="wrong list", by=testing.olaf(), clock=lambda: LATER)


def test_taken_back_after_a_stop_it_waits_for_a_decision_again(live):
    approval = testing.make_approved()
    stopped_all(approval)
    manual.mark_sent(approval.pk, by=testing.alice(), at=LATER)
    manual.mark_not_sent(Delivery.objects.get().pk, by=testing.alice(), at=LATER)
    assert Draft.objects.get().status == "pending_approval"
    fresh = Approval.objects.get(status="pending")
    assert "not sent by hand" in fresh.priority_reasons[-1]
    assert fresh.digest == approval.digest


@pytest.mark.parametrize("stopped_first", [True, False])
def test_taken_back_it_ends_where_they_may_not_be_written_to_any_more(live, stopped_first):
    approval = testing.make_approved()
    if stopped_first:
        stopped_person(approval)
    manual.mark_sent(approval.pk, by=testing.alice(), at=LATER)
    stopped_person(approval)
    told = manual.mark_not_sent(Delivery.objects.get().pk, by=testing.alice(), at=LATER)
    assert told == "Taken back. The message has ended: This person was blocked: rude."
    assert not Approval.objects.filter(status="pending").exists()
    assert Draft.objects.get().status == "rejected"
    assert Contact.objects.get().voided_at == LATER


def expired(fresh: Approval) -> None:
    expiry.expire_due(at=fresh.expires_at)


def returned(fresh: Approval) -> None:
    services.return_(fresh.pk, by=testing.alice(), at=LATER, feedback="shorter")


@pytest.mark.parametrize("ended", [expired, returned])
def test_what_was_sent_by_hand_is_sent_though_its_message_is_a_draft_again(live, ended):
    """A stop reopened its round and nobody said yes again; who wrote before says so only now."""
    approval = testing.make_approved()
    stopped_all(approval)
    ended(Approval.objects.get(status="pending"))
    assert Draft.objects.get().status == "draft"
    manual.mark_sent(approval.pk, by=testing.alice(), at=LATER)
    draft = Draft.objects.get()
    assert (draft.status, draft.status_reason) == ("sent", "Sent by hand.")
    with pytest.raises(Refused, match="is sent; only a draft"):
        submission.submit(draft.pk, by=testing.alice(), at=LATER)


def out_of_time(given: Approval) -> None:
    assert expiry.expire_due(at=given.send_before) == 1


def approver_gone(given: Approval) -> None:
    Membership.objects.filter(user=given.decided_by).update(role=Role.VIEWER)
    assert manual.return_unfit(at=LATER) == 1


def rejected_after_all(given: Approval) -> None:
    services.reject(given.pk, by=testing.dora(), at=LATER, reason="Wrong week.")


@pytest.mark.parametrize("ended", [out_of_time, approver_gone, rejected_after_all])
def test_who_wrote_before_the_approval_ended_says_so_afterwards_too(ended):
    """Else its author is told that it could not be sent, and it reaches them twice."""
    person = testing.make_person()
    add_address(person.workspace, person, "linkedin", "linkedin.com/in/anna")
    given = testing.make_approved(person, channel="linkedin", subject="")
    ended(given)
    assert manual.mark_sent(given.pk, by=testing.dora(), at=LATER) == ""
    assert Draft.objects.get().status == "sent"
    assert Contact.objects.get().certain
    assert not Approval.objects.filter(status="pending").exists()


def test_the_round_that_sent_by_hand_closes_is_told_in_the_log(live):
    approval = testing.make_approved()
    stopped_all(approval)
    fresh = Approval.objects.get(status="pending")
    manual.mark_sent(approval.pk, by=testing.alice(), at=LATER)
    fresh.refresh_from_db()
    assert (fresh.status, fresh.closed_reason) == ("withdrawn", "sent_by_hand")
    row = Activity.objects.get(verb="approvals.withdrawn")
    assert (row.object_id, row.codes["reason"]) == (str(fresh.pk), "sent_by_hand")
    assert (row.by_kind, row.by_id) == ("user", str(testing.alice().user.pk))


def test_a_draft_of_which_a_delivery_may_have_left_is_not_submitted_once_more(live):
    """As databases have it where a version before this one wrote the delivery."""
    approval = testing.make_approved()
    manual.mark_sent(approval.pk, by=testing.alice(), at=LATER)
    Draft.objects.update(status="draft")
    with pytest.raises(Refused, match="left already, or may have: write a new message"):
        submission.submit(approval.draft_id, by=testing.alice(), at=LATER)
    assert not Approval.objects.filter(status="pending").exists()


def test_what_was_never_approved_cannot_be_marked_after_a_stop_either(live):
    pending = testing.make_pending()
    stopped_person(pending)
    with pytest.raises(manual.HandOffRefused, match="is rejected: only an approved"):
        manual.mark_sent(pending.pk, by=testing.alice(), at=LATER)
    assert Draft.objects.get().status == "rejected"


def test_what_may_be_sent_no_more_is_hidden_at_that_very_second(live):
    """The job that ends it runs each minute; nobody may copy the text meanwhile."""
    approval = testing.make_approved()
    Approval.objects.filter(pk=approval.pk).update(send_before=LATER)
    approval.refresh_from_db()
    assert manual.offer(approval, at=LATER - timedelta(microseconds=1)).text
    offer = manual.offer(approval, at=LATER)
    assert (offer.text, offer.subject) == ("", "")
    assert f"permission to send it ended {LATER:%a %d %b %H:%M} workspace time" in offer.warning
    manual.mark_sent(approval.pk, by=testing.alice(), at=LATER)  # who did write may say so


@pytest.mark.parametrize("outcome", [Outcome.SENT, Outcome.UNKNOWN])
def test_what_left_or_may_have_left_is_not_offered_to_copy(live, outcome):
    MemoryAdapter.reset()
    approval = testing.make_approved()
    assert manual.offer(approval, at=LATER).text
    MemoryAdapter.answers.append(outcome)
    with registry.override("email", MemoryAdapter("email")):
        sending.process(clock=lambda: LATER)
    MemoryAdapter.reset()
    approval.refresh_from_db()
    offer = manual.offer(approval, at=LATER)
    assert offer.text == ""
    assert "Do not send it once more" in offer.warning


def test_a_hand_sent_message_is_not_sent_by_the_program(live):
    MemoryAdapter.reset()
    approval = testing.make_approved()
    manual.mark_sent(approval.pk, by=testing.alice(), at=LATER)
    with registry.override("email", MemoryAdapter("email")):
        assert sending.process(clock=lambda: LATER).sent == 0
    assert MemoryAdapter.outbox == []


def test_the_message_by_hand_that_reaches_a_limit_begins_the_rest(live):
    """A reply ends no rest, and it holds on every channel (SPEC §4)."""
    person = testing.make_person()
    add_address(person.workspace, person, "linkedin", "https://www.linkedin.com/in/ana-bell")
    told = {"channel": "linkedin", "subject": ""}
    first, second = (testing.make_approved(person, text=text, **told) for text in ("One.", "Two."))
    manual.mark_sent(first.pk, by=testing.alice(), at=LATER)
    assert not CoolingOff.objects.exists()
    evening = WORKDAY.replace(hour=20, minute=30)
    manual.mark_sent(second.pk, by=testing.alice(), at=evening)
    rest = CoolingOff.objects.get()
    assert (rest.human, rest.cause) == (person, "daily_limit")
    assert (rest.at, rest.until) == (evening, evening + timedelta(hours=24))
    Contact.objects.create(
        workspace=person.workspace, human=person, channel="linkedin", direction="in",
        at=evening + timedelta(hours=1), key="reply",
    )  # fmt: skip
    morning = (WORKDAY + timedelta(days=1)).replace(hour=9, minute=0)
    for channel in ("linkedin", "email"):
        draft = testing.make_draft(person, channel=channel)
        known = facts.gather([draft], at=morning)[draft.pk]
        assert gate.judge_message(known, gate.Moment.APPROVAL, morning).not_before == rest.until


def test_the_message_of_unknown_outcome_that_reaches_a_limit_begins_the_rest(live):
    """Its sender died: it may have left, so it counts."""
    person = testing.make_person()
    *before, last = (testing.make_approved(person, text=f"Letter {no}.") for no in range(3))
    for approval in before:
        manual.mark_sent(approval.pk, by=testing.alice(), at=LATER)
    sender = uuid4()
    Delivery.objects.create(
        workspace=last.workspace, approval=last, human=person, channel="email", status="sending",
        sender=sender, place="elsewhere", boot_id="1", since=LATER,
    )  # fmt: skip
    assert not CoolingOff.objects.exists()
    [row] = settle.declare_gone(sender, by=testing.olaf(), at=LATER, reason="burnt")
    assert row.pk == Delivery.objects.get(status="unknown").pk
    assert CoolingOff.objects.get().until == LATER + timedelta(hours=24)


def test_an_emergency_of_unknown_outcome_is_spent_though_its_sender_died(live):
    """It may have left at night once. What a person sends again goes in the morning."""
    night = WORKDAY.replace(hour=23)
    draft = testing.make_draft()
    override.declare(
        draft, "medical", "Their medicine was recalled an hour ago.", by=testing.alice(), at=night
    )
    asked = submission.submit(draft.pk, by=testing.bob(), at=night).approval
    given = services.approve(asked.pk, by=testing.alice(), at=night, digest=asked.digest)
    assert given.not_before is None
    Approval.objects.update(taken_at=night)
    sender = uuid4()
    Delivery.objects.create(
        workspace=given.workspace, approval=given, human=given.human, channel="email",
        status="sending", sender=sender, place="elsewhere", boot_id="1", since=night,
    )  # fmt: skip
    [row] = settle.declare_gone(sender, by=testing.olaf(), at=night, reason="burnt")
    settle.settle(row.pk, "send_again", by=testing.alice(), at=night)
    fresh = Approval.objects.get(status="pending")
    again = services.approve(fresh.pk, by=testing.alice(), at=night, digest=fresh.digest)
    assert again.not_before == night + timedelta(hours=9)
    assert Activity.objects.filter(verb="safety.emergency_used").count() == 1


def test_a_sender_that_holds_its_lock_here_is_not_declared_gone(live):
    """It could still send after its messages were called unknown."""
    approval = testing.make_approved()
    lock = SenderLock.acquire()
    Delivery.objects.create(
        workspace=approval.workspace, approval=approval, human=approval.human, channel="email",
        status="sending", sender=lock.uuid, place=lock.place, boot_id=lock.boot_id, since=LATER,
    )  # fmt: skip
    gone = {"by": testing.olaf(), "at": LATER, "reason": "burnt"}
    with pytest.raises(settle.StillHere, match=f"process {os.getpid()} on this machine"):
        settle.declare_gone(lock.uuid, **gone)
    assert Delivery.objects.get().status == "sending"
    lock.release(all_ended=True)
    assert len(settle.declare_gone(lock.uuid, **gone)) == 1


def test_every_arrow_ends_in_a_known_state():
    assert set(ARROWS) == set(Delivery.Status.values)
    assert all(targets <= set(ARROWS) for targets in ARROWS.values())


# -- Events that quote our id ---------------------------------------------------------------------


def test_an_event_that_quotes_our_id_settles_the_unknown_as_arrived(unknown):
    [envelope] = MemoryAdapter.outbox
    by_id = {"token": str(unknown.token), "message_id": envelope.message_id}
    for name, value in by_id.items():
        assert settle.quoted("email", **{name: value}).pk == unknown.pk, name
    Delivery.objects.update(provider_id="")
    assert settle.arrived_by_event(unknown.pk, event="delivered", at=LATER, provider_id="wamid.1")
    row = Delivery.objects.get()
    assert (row.status, row.provider_id, row.settled_by_label) == ("sent", "wamid.1", "SYSTEM")
    assert Draft.objects.get().status == "sent"
    assert Contact.objects.get().certain
    assert settle.quoted("email", provider_id="wamid.1").pk == unknown.pk
    assert not settle.arrived_by_event(unknown.pk, event="delivered", at=LATER), "once is enough"


@pytest.mark.parametrize("name", ["-" * 36, "a" * 36, "0" * 8 + "-" * 28])
def test_what_only_looks_like_our_id_finds_nothing(unknown, name):
    assert settle.quoted("email", message_id=f"<{name}.{unknown.approval_id}@x.example>") is None


@pytest.mark.parametrize("event", ["sent", "bounced", "a hard bounce by mail"])
@pytest.mark.parametrize("answer", ["not_arrived", "send_again"])
def test_that_it_left_never_overrules_a_person(unknown, answer, event):
    settle.settle(unknown.pk, answer, by=testing.alice(), at=LATER)
    assert not settle.arrived_by_event(unknown.pk, event=event, at=LATER)
    assert Delivery.objects.get().status == "failed"


@pytest.mark.parametrize("again", ["author", "submitted", "approved", "send_again"])
def test_what_a_receipt_proves_to_have_arrived_counts_and_is_not_sent_once_more(unknown, again):
    """The receipt comes after a person said that it did not arrive, or may be sent again."""
    alice, answer = testing.alice(), "send_again" if again == "send_again" else "not_arrived"
    settle.settle(unknown.pk, answer, by=alice, at=LATER)
    draft = unknown.approval.draft_id
    if again in ("submitted", "approved"):
        submission.submit(draft, by=alice, at=LATER)
    if again == "approved":
        fresh = Approval.objects.get(status="pending")
        services.approve(fresh.pk, by=alice, at=LATER, digest=fresh.digest, undo_seconds=0)
    assert settle.arrived_by_event(unknown.pk, event="delivered", at=LATER)
    assert not settle.arrived_by_event(unknown.pk, event="delivered", at=LATER), "once is enough"
    assert Delivery.objects.get().status == "sent"
    contact = Contact.objects.get()
    assert (contact.certain, contact.voided_at) == (True, None)
    assert Draft.objects.values_list("status", flat=True).get() == "sent"
    assert "arrived after all" in Draft.objects.get().status_reason
    assert not Approval.objects.filter(status__in=["pending", "approved"], taken_at=None).exists()
    assert Activity.objects.filter(codes__answer="arrived_after_all").count() == 1
    if again != "author":
        assert Approval.objects.filter(closed_reason="arrived_after_all").count() == 1
    assert sending.process(clock=lambda: LATER).sent == 0


def test_what_failed_for_certain_is_no_persons_word_and_stays(unknown):
    Delivery.objects.update(status="failed", settled_by_label="")
    assert not settle.arrived_by_event(unknown.pk, event="delivered", at=LATER)


def test_what_is_not_ours_is_found_nowhere(unknown):
    assert settle.quoted("email") is None
    assert settle.quoted("whatsapp", token=str(unknown.token)) is None
    assert settle.quoted("email", token="no uuid") is None
    assert settle.quoted("email", provider_id="elsewhere") is None
    for message_id in ("", "<x@y>", f"<{unknown.token}.{unknown.approval_id}@example.org>"):
        assert settle.quoted("email", message_id=message_id) is None


def test_parking_the_dead_needs_nothing_but_the_database(live, monkeypatch, caplog):
    """A stop waits for it, also where whoever stops may not read the keys of the installation."""
    approval = testing.make_approved()
    row = Delivery.objects.create(
        workspace=approval.workspace, approval=approval, human=approval.human, channel="email",
        status="sending", sender=uuid4(), place="here", boot_id="gone", since=LATER, token=uuid4(),
    )  # fmt: skip

    def unreadable(*_, **__):
        raise ImproperlyConfigured("SUPPRESSION_KEY is not set and the file cannot be used")

    monkeypatch.setattr(facts, "gather", unreadable)
    assert settle.park([row], reason="its sender died", by=settle.SWEEPER, at=LATER) == [row]
    assert Delivery.objects.get().status == "unknown"
    assert Contact.objects.count() == 1
    assert "could not be stored" in caplog.text
