"""What a person or a receipt says of a message, while somebody else acts on the very same one."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection

from approvals import rounds, services, submission
from approvals.errors import Lost
from approvals.models import Approval
from channels import manual, sending, settle, stop
from channels.adapters.memory import MemoryAdapter
from channels.base import Outcome, Receipt
from channels.models import Delivery
from outreach import testing
from outreach.core import drafts
from outreach.core.models import Activity, Contact, Draft
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db(transaction=True)
NOW = WORKDAY + timedelta(minutes=1)
LATER = WORKDAY + timedelta(minutes=3)


@pytest.fixture
def unknown(live, memory):
    """One delivery whose outcome nobody knows."""
    memory.answers.append(Outcome.UNKNOWN)
    testing.make_approved()
    sending.process(clock=lambda: NOW)
    return Delivery.objects.get(status="unknown")


class Meanwhile:
    """Another thread that acts once, when first told to.

    `act` comes back when it is through (or `until`), or waits for a lock of ours, or has had
    time enough.
    """

    def __init__(self, act) -> None:
        self._act, self.answer, self.fault = act, None, None
        self._done, self._thread = threading.Event(), threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            self.answer = self._act()
        except Exception as fault:
            self.fault = fault
        finally:
            self._done.set()
            connection.close()

    def act(self, until: threading.Event | None = None) -> None:
        if self._thread.ident is None:
            self._thread.start()
            for _ in range(50):
                if (until or self._done).wait(0.02) or testing.somebody_waits():
                    return

    def end(self):
        self._thread.join(30)
        assert self._done.is_set() and self.fault is None, self.fault
        return self.answer


def approve_again(draft_id: int) -> None:
    fresh = submission.submit(draft_id, by=testing.bob(), at=NOW).approval
    services.approve(fresh.pk, by=testing.alice(), at=NOW, digest=fresh.digest, undo_seconds=0)


@contextlib.contextmanager
def once_the_rounds_are_locked(
    other: Meanwhile, until: threading.Event | None = None
) -> Iterator[None]:
    """The other one acts just after the first statement that locks rounds of a message."""

    def act_after(execute, sql, *given):
        done = execute(sql, *given)
        if "message_approvals" in sql and "FOR UPDATE" in sql:
            other.act(until)
        return done

    if connection.vendor == "sqlite":
        other.act()  # it has one writer: whoever decides has decided before, or waits
    with connection.execute_wrapper(act_after):
        yield


def test_what_arrived_after_all_is_not_sent_again_though_it_is_approved_at_that_moment(
    unknown, memory
):
    draft, alice = unknown.approval.draft_id, testing.alice()
    testing.bob()
    settle.settle(unknown.pk, "not_arrived", by=alice, at=NOW)
    other = Meanwhile(lambda: approve_again(draft))
    with once_the_rounds_are_locked(other):
        assert settle.arrived_by_event(unknown.pk, event="delivered", at=NOW)
    other.end()
    assert sending.process(clock=lambda: LATER).sent == 0
    assert len(memory.outbox) == 1
    assert Draft.objects.get().status == "sent"
    assert not unknown.approval.draft.approvals.filter(rounds.OPEN).exists()


@pytest.fixture
def crossed(unknown, memory):
    """Its second round is being sent when the first is proven; that one is refused for now."""
    settle.settle(unknown.pk, "not_arrived", by=testing.alice(), at=NOW)
    approve_again(unknown.approval.draft_id)

    def proven_meanwhile(envelope):
        try:
            settle.arrived_by_event(unknown.pk, event="delivered", at=NOW)
        finally:
            connection.close()
        return Receipt(Outcome.TRY_LATER, "memory", "busy")

    memory.answers.append(proven_meanwhile)
    assert sending.process(clock=lambda: LATER).failed == 1
    return unknown.approval.draft.approvals.last()


def is_over(crossed) -> None:
    """Nothing is left that could send it again, or that somebody could say yes to."""
    assert sending.process(clock=lambda: LATER + timedelta(hours=1)).sent == 0
    assert len(MemoryAdapter.outbox) == 1
    assert Draft.objects.get().status == "sent"
    assert not crossed.draft.approvals.filter(rounds.OPEN).exists()
    assert crossed.draft.approvals.last().closed_reason == "sent_already"


def test_what_arrived_after_all_is_not_tried_again_where_a_sender_had_it_in_hand(crossed):
    is_over(crossed)


def test_what_arrived_after_all_comes_back_to_no_queue_by_a_stop(crossed):
    stop.emergency_stop(
        workspace=crossed.workspace, reason="x", by=testing.alice(), clock=lambda: LATER
    )
    assert crossed.draft.approvals.last().closed_reason == "sent_already"
    is_over(crossed)
    told = Activity.objects.filter(verb="approvals.withdrawn", object_id=str(crossed.pk))
    assert [row.codes["reason"] for row in told] == ["sent_already"]


def test_what_arrived_after_all_is_not_taken_back_by_its_reviewer(crossed):
    with pytest.raises(Lost, match="has arrived already"):
        services.undo(crossed.pk, by=testing.alice(), at=LATER)
    is_over(crossed)


def test_what_arrived_after_all_is_over_though_its_receipt_is_broken_as_well(crossed):
    Approval.objects.filter(pk=crossed.pk).update(receipt={})
    is_over(crossed)


def test_what_arrived_after_all_is_not_sent_again_because_nobody_was_sure(unknown, memory):
    """The second round is unknown, too, when the first is proven to have arrived."""
    settle.settle(unknown.pk, "not_arrived", by=testing.alice(), at=NOW)
    approve_again(unknown.approval.draft_id)
    memory.answers.append(Receipt(Outcome.UNKNOWN, "memory", "no answer"))
    sending.process(clock=lambda: LATER)
    second = Delivery.objects.get(status="unknown")
    assert settle.arrived_by_event(unknown.pk, event="delivered", at=LATER)
    settle.settle(second.pk, "send_again", by=testing.alice(), at=LATER)
    assert Draft.objects.get().status == "sent"
    assert not second.approval.draft.approvals.filter(rounds.OPEN).exists()


def test_a_receipt_that_comes_while_a_person_says_not_arrived_is_not_lost(unknown, monkeypatch):
    alice = testing.alice()
    event = Meanwhile(lambda: settle.arrived_by_event(unknown.pk, event="delivered", at=NOW))
    follow = settle._follow

    def slow(*args, **more):
        monkeypatch.setattr(settle, "_follow", follow)
        event.act()
        return follow(*args, **more)

    monkeypatch.setattr(settle, "_follow", slow)
    settle.settle(unknown.pk, "not_arrived", by=alice, at=NOW)
    assert event.end() is True
    assert (Delivery.objects.get().status, Draft.objects.get().status) == ("sent", "sent")


def test_sent_by_hand_and_an_approval_at_that_moment_never_wait_for_each_other(live, monkeypatch):
    """Its round was stopped, and the next one was returned; the message is submitted once more."""
    approval, alice = testing.make_approved(), testing.alice()
    testing.bob()
    stop.emergency_stop(workspace=None, reason="test", by=testing.olaf(), clock=lambda: NOW)
    stop.enable_all(workspace=None, reason="over", by=testing.olaf(), at=NOW)
    again = approval.draft.approvals.get(status="pending")
    services.return_(again.pk, by=alice, at=NOW, feedback="Say when.")
    other, move_one = Meanwhile(lambda: approve_again(approval.draft_id)), drafts.move_one

    def slow(draft, to, **more):
        if to == "approved":
            has_its_round.set()
            for _ in range(50):
                if testing.somebody_waits() or marked.wait(0.02):
                    break
        return move_one(draft, to, **more)

    has_its_round, marked = threading.Event(), threading.Event()
    monkeypatch.setattr(drafts, "move_one", slow if connection.vendor != "sqlite" else move_one)
    with once_the_rounds_are_locked(other, until=has_its_round):
        manual.mark_sent(approval.pk, by=alice, at=NOW)
    marked.set()
    other.end()
    assert Delivery.objects.get().status == "manual"
    assert (Draft.objects.get().status, Draft.objects.get().status_reason) == (
        "sent",
        "Sent by hand.",
    )
    assert not approval.draft.approvals.filter(rounds.OPEN).exists()
    assert sending.process(clock=lambda: LATER).sent == 0


def test_what_arrived_after_all_is_not_decided_anew_when_its_second_sending_is_taken_back(
    unknown, memory
):
    """Not arrived, they said; sent by hand; proven to have arrived; and not sent by hand at all."""
    alice, draft = testing.alice(), unknown.approval.draft
    settle.settle(unknown.pk, "not_arrived", by=alice, at=NOW)
    approve_again(draft.pk)
    second = draft.approvals.last()
    manual.mark_sent(second.pk, by=alice, at=LATER)
    by_hand = Delivery.objects.get(status="manual")
    assert settle.arrived_by_event(unknown.pk, event="delivered", at=LATER)
    told = manual.mark_not_sent(by_hand.pk, by=alice, at=LATER)
    assert told.endswith(f"not decided anew: its delivery {unknown.pk} is sent.")
    by_hand.refresh_from_db()
    assert by_hand.status == "released"
    assert Contact.objects.filter(voided_at=None).count() == 1  # the one that arrived
    is_over(second)
