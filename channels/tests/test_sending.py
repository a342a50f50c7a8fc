"""The one door: approved text leaves once, everything else is told and kept."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from approvals import expiry, services
from approvals.models import Approval
from approvals.review import closed_because
from channels import breaker, gone, headers, look, sending, simulate
from channels.adapters import mime
from channels.base import Outcome, Receipt
from channels.models import Delivery
from outreach import testing
from outreach.core import activity, people, suppression
from outreach.core.models import Contact, Draft, Person, Suppression, Workspace
from outreach.testing import WORKDAY
from safety import facts, gate
from safety.models import SafetyEvent, SystemControl
from safety.verdict import Finding, Level, Verdict

pytestmark = pytest.mark.django_db(transaction=True)


def clock():
    return WORKDAY + timedelta(minutes=1)


def test_approved_message_leaves_once_and_is_told(live, memory):
    approval = testing.make_approved()
    first = sending.process(clock=clock)
    second = sending.process(clock=clock)
    assert (first.sent, second.sent) == (1, 0)
    [envelope] = memory.outbox
    assert envelope.text == approval.revision.text
    assert Delivery.objects.get().status == "sent"
    assert Draft.objects.get().status == "sent"
    assert Contact.objects.get().certain
    verbs = list(activity.Activity.objects.order_by("id").values_list("verb", flat=True))
    assert verbs[-2:] == ["channels.sending", "channels.sent"]
    assert activity.verify().bad is None


def test_where_no_sender_can_take_its_lock_the_report_says_so(live, memory, tmp_path):
    live.DATA_DIR = tmp_path
    (tmp_path / "senders").write_text("a file where the folder should be")
    approval = testing.make_approved()
    report = sending.process(clock=clock)
    assert report.sent == 0
    [note] = report.notes
    assert "cannot take its lock" in note
    assert f"{tmp_path}" in note
    (tmp_path / "senders").unlink()
    assert sending.process(clock=clock).sent == 1
    assert memory.outbox[0].text == approval.revision.text


def test_dry_run_sends_nothing_and_shows_what_would_have_left(memory):
    approval = testing.make_approved()
    report = sending.process(clock=clock)
    assert (report.sent, report.simulated) == (0, 1)
    assert memory.outbox == []
    shown = Delivery.objects.get(status="simulated")
    assert approval.revision.text in shown.evidence["would_have_left"]
    assert sending.process(clock=clock).simulated == 0
    assert SafetyEvent.objects.filter(code="dry_run").count() == 1
    assert Contact.objects.count() == 0


def test_approved_in_dry_run_goes_back_to_the_queue_when_messages_leave(settings, memory, request):
    testing.make_approved()
    simulate.simulate_due(at=clock())
    request.getfixturevalue("live")
    report = sending.process(clock=clock)
    assert (report.sent, report.reopened) == (0, 1)
    assert memory.outbox == []
    again = Approval.objects.get(status="pending")
    assert Draft.objects.get().status == "pending_approval"
    services.approve(again.pk, by=testing.alice(), at=clock(), digest=again.digest, undo_seconds=0)
    assert sending.process(clock=clock).sent == 1


@pytest.mark.parametrize(("broken", "left"), [(1, 5), (6, 0)])
def test_a_message_whose_check_fails_holds_up_no_other(live, memory, monkeypatch, broken, left):
    """Where no message of a wave can be checked, the fault is ours: no further wave is begun."""
    live.SEND_CONNECTIONS = 2
    made = [testing.make_approved(testing.make_person()) for _ in range(6)]
    bad = {row.revision.address for row in made[:broken]}

    def check_moon(facts, moment, at):
        if facts.address in bad:
            raise KeyError("moon")
        return Verdict()

    judge = gate.judge_message
    checks = (*gate.CHECKS, check_moon)
    monkeypatch.setattr(
        gate, "judge_message", lambda *each, **rest: judge(*each, **{"checks": checks, **rest})
    )
    report = sending.process(clock=clock)
    assert (report.sent, report.released) == (left, min(broken, 2))
    assert Draft.objects.filter(status="draft").count() == report.released


def test_quiet_hours_hold_until_the_recipients_morning(live, memory):
    night = WORKDAY.replace(hour=2)
    testing.make_approved(at=night)
    report = sending.process(clock=lambda: night)
    assert (report.sent, report.released) == (0, 1)
    assert Approval.objects.get().due_at == WORKDAY.replace(hour=8)
    assert "daily limit" not in Delivery.objects.get().reason  # what passed holds nothing
    assert sending.process(clock=lambda: WORKDAY).sent == 1


def test_a_hold_at_the_door_does_not_use_up_the_permission(live, memory):
    """Held on Thursday for two days, then over the weekend: it leaves on Monday (SPEC §6)."""
    noon = WORKDAY + timedelta(days=(3 - WORKDAY.weekday()) % 7)
    approval = testing.make_approved(at=noon, purpose="promotional", text="Our new line is here.")
    elsewhere = testing.make_draft(approval.draft.person, channel="linkedin")
    Contact.objects.create(
        workspace=approval.workspace, human=approval.human, channel="linkedin", direction="out",
        at=noon, draft=elsewhere, key="by hand",
    )  # fmt: skip
    for due_at in (noon + timedelta(minutes=1), noon + timedelta(days=2, minutes=1)):
        assert sending.process(clock=lambda at=due_at: at).released == 1
    row = Approval.objects.get()
    monday = (noon + timedelta(days=4)).replace(hour=9, minute=0)
    assert (row.due_at, row.send_before) == (monday, monday + timedelta(hours=72))
    assert expiry.expire_due(at=monday) == 0
    assert sending.process(clock=lambda: monday).sent == 1


def test_a_rule_that_always_holds_does_not_prolong_the_permission_for_ever(live, memory):
    """They ask us to stop again and again, or a rest follows another: a person is asked anew."""
    given = testing.make_approved()
    ends = given.decided_at + 10 * timedelta(hours=72)
    for rest in range(20):
        at = WORKDAY + rest * timedelta(days=2)
        people.rest(given.human, "stored", at=at, until=at + timedelta(days=2))
        sending.process(clock=lambda at=at: at)
    row = Approval.objects.get()
    assert (row.send_before, row.status) == (ends, "approved")
    assert expiry.expire_due(at=ends) == 1


def test_a_stop_of_messages_does_not_prolong_the_permission(live, memory, monkeypatch):
    """It names no time: whoever approved did not say yes to whenever it ends."""
    ends = testing.make_approved().send_before
    original = sending._claim

    def claim(*args):
        rows = original(*args)
        SystemControl.objects.filter(control_key="MESSAGING_ENABLED", workspace=None).update(
            enabled=False, reason="odd"
        )
        return rows

    monkeypatch.setattr(sending, "_claim", claim)
    assert sending.process(clock=clock).released == 1
    row = Approval.objects.get()
    assert (row.due_at, row.send_before) == (clock() + look.HELD_FOR, ends)


def test_unknown_outcome_is_parked_and_never_sent_again(live, memory):
    testing.make_approved()
    memory.answers.append(Receipt(Outcome.UNKNOWN, "dot", "connection lost"))
    assert sending.process(clock=clock).unknown == 1
    assert sending.process(clock=clock).sent == 0
    assert Draft.objects.get().status == "approved"
    assert Contact.objects.get().certain is False


def test_certain_temporary_failure_is_tried_again_later(live, memory):
    testing.make_approved()
    memory.answers.append(Receipt(Outcome.TRY_LATER, "rcpt", "451 later"))
    assert sending.process(clock=clock).failed == 1
    assert sending.process(clock=clock).sent == 0
    later = Approval.objects.get().due_at
    assert later > clock()
    assert sending.process(clock=lambda: later).sent == 1
    assert list(Delivery.objects.order_by("id").values_list("status", "attempt")) == [
        ("failed", 1),
        ("sent", 2),
    ]


def test_refused_message_goes_back_to_its_author_with_the_reason(live, memory):
    testing.make_approved()
    memory.answers.append(Receipt(Outcome.REFUSED, "rcpt", "550 no such user"))
    sending.process(clock=clock)
    draft = Draft.objects.get()
    assert draft.status == "draft"
    assert draft.status_reason.endswith("refused at their address: 550 no such user")
    assert closed_because(Approval.objects.get()) == "it could not be delivered"


@pytest.mark.parametrize(
    ("stage", "reply", "gone"),
    [
        ("rcpt", "550 5.1.1 no such user", True),
        ("rcpt", "550 5.1.1 <x@y>: Recipient address rejected", True),
        ("rcpt", "553 5.1.2 no such domain", True),
        ("rcpt", "501 5.1.3 bad address", True),
        ("rcpt", "551 5.1.6 has moved", True),
        ("rcpt", "556 5.1.10 takes no mail", True),
        ("rcpt", "550 no such user 5.1.1", False),
        ("rcpt", "550 5.1.0 Sender address rejected", False),
        ("rcpt", "550 5.1.8 sender's domain", False),
        ("rcpt", "550 5.1.11 odd", False),
        ("rcpt", "550 5.7.1 policy, see 5.1.1", False),
        ("rcpt", "552 5.2.2 full", False),
        ("mail", "550 5.1.1 who are you", False),
        ("dot", "554 5.1.1 no", False),
    ],
)
def test_an_address_refused_as_not_there_is_suppressed_as_after_a_bounce(
    live, memory, stage, reply, gone
):
    approval = testing.make_approved()
    memory.answers.append(Receipt(Outcome.REFUSED, stage, reply))
    sending.process(clock=clock)
    found = Suppression.objects.filter(digest__in=[
        suppression.digest_of(approval.workspace_id, "email", approval.revision.address)
    ])  # fmt: skip
    assert [row.reason for row in found] == (["bounce"] if gone else [])
    draft = Draft.objects.get()
    assert (draft.status, f"{reply}. Nothing more goes" in draft.status_reason) == ("draft", gone)


GONE = Receipt(Outcome.REFUSED, "rcpt", "550 5.1.1 no such user")


def test_a_server_that_calls_everybody_gone_is_out_of_order_and_closes_nobody(live, memory):
    live.SEND_CONNECTIONS = 5
    for number in range(9):
        testing.make_approved(address=f"ann@example{number % 3}.org")
    memory.answers.extend([GONE] * 9)
    report = sending.process(clock=clock)
    assert not Suppression.objects.exists()
    assert set(Draft.objects.values_list("status", flat=True)) == {"approved"}
    failed = Delivery.objects.filter(status="failed")
    assert failed.count() == 5, "one wave, and no other"
    assert "Nobody was suppressed. It said: 550 5.1.1" in failed[0].reason
    assert "paused until a person lifts it" in " ".join(report.notes)
    memory.answers.clear()
    breaker.resume("email", by=testing.olaf(), at=clock())
    later = clock() + timedelta(minutes=5)
    assert sending.process(clock=lambda: later).sent == 9


def test_a_server_that_calls_everybody_gone_one_by_one_is_out_of_order_as_well(live, memory):
    """In waves of fewer than four each was believed, and the whole queue suppressed."""
    live.SEND_CONNECTIONS = 1
    for number in range(9):
        testing.make_approved(address=f"ann{number}@example{number % 3}.org")
    memory.answers.extend([GONE] * 12)
    report = sending.process(clock=clock)
    assert Suppression.objects.filter(reason="bounce").count() == 3
    assert Draft.objects.filter(status="approved").count() == 6
    assert "3 of those before it were suppressed for that" in " ".join(report.notes)
    for minutes in (5, 10):
        breaker.resume("email", by=testing.olaf(), at=clock())
        later = clock() + timedelta(minutes=minutes)
        report = sending.process(clock=lambda at=later: at)
        assert "refused everybody as not there" in " ".join(report.notes), "it is no better"
    assert Suppression.objects.filter(reason="bounce").count() == 3
    memory.answers.clear()
    breaker.resume("email", by=testing.olaf(), at=clock())
    later = clock() + timedelta(minutes=30)
    assert sending.process(clock=lambda: later).sent == 6


@pytest.mark.parametrize(
    ("stage", "reply"),
    [
        ("rcpt", "550 5.7.1 relaying denied"),
        ("rcpt", "554 relay access denied"),
        ("mail", "553 5.7.1 not your address"),
        ("dot", "554 5.6.0 we take no such text"),
    ],
)
@pytest.mark.parametrize("connections", [1, 5])
def test_a_server_that_refuses_every_message_returns_no_queue_to_its_authors(
    live, memory, connections, stage, reply
):
    live.SEND_CONNECTIONS = connections
    for number in range(9):
        testing.make_approved(address=f"ann{number}@example{number % 3}.org")
    memory.answers.extend([Receipt(Outcome.REFUSED, stage, reply)] * 9)
    report = sending.process(clock=clock)
    returned = 0 if connections > 1 else 3
    assert Draft.objects.filter(status="draft").count() == returned
    assert Draft.objects.filter(status="approved").count() == 9 - returned
    assert "refused every message for good, to several domains" in " ".join(report.notes)
    assert not Suppression.objects.exists()
    memory.answers.clear()
    breaker.resume("email", by=testing.olaf(), at=clock())
    later = clock() + timedelta(minutes=5)
    assert sending.process(clock=lambda: later).sent == 9 - returned


@pytest.mark.parametrize(
    ("between", "suppressed"),
    [
        (GONE, 3),
        (Outcome.SENT, 4),
        (Receipt(Outcome.UNKNOWN, "dot", "hung up"), 4),
        (Receipt(Outcome.REFUSED, "rcpt", "550 5.7.1 policy"), 2),
        (Receipt(Outcome.TRY_LATER, "rcpt", "450 4.2.0 greylisted"), 4),
    ],
)
def test_a_server_that_took_another_recipient_lately_is_believed(live, memory, between, suppressed):
    live.SEND_CONNECTIONS = 1
    for number in range(5):
        testing.make_approved(address=f"ann{number}@example{number}.org")
    memory.answers.extend([GONE, GONE, between, GONE, GONE])
    sending.process(clock=clock)
    assert Suppression.objects.filter(reason="bounce").count() == suppressed


def test_a_refusal_is_recorded_though_nobody_can_tell_what_came_before(live, memory, monkeypatch):
    def fails(*_, **__):
        raise OperationalError("the server closed the connection")

    testing.make_approved()
    memory.answers.append(GONE)
    monkeypatch.setattr(gone, "_lately", fails)
    sending.process(clock=clock)
    assert Delivery.objects.get().status == "failed" and Suppression.objects.count() == 1


@pytest.mark.parametrize(
    ("domains", "answers"),
    [
        (3, [GONE] * 3),
        (2, [GONE] * 5),
        (5, [*[GONE] * 4, Receipt(Outcome.SENT, "dot", "250 taken")]),
        (5, [*[GONE] * 4, Receipt(Outcome.TRY_LATER, "rcpt", "450 4.2.0 greylisted")]),
    ],
)
def test_a_few_that_are_gone_are_gone(live, memory, domains, answers):
    for number in range(len(answers)):
        testing.make_approved(address=f"ann@example{number % domains}.org")
    memory.answers.extend(answers)
    sending.process(clock=clock)
    assert Suppression.objects.filter(reason="bounce").count() == min(domains, answers.count(GONE))


def test_a_refusal_is_recorded_though_the_address_cannot_be_suppressed(live, memory, monkeypatch):
    testing.make_approved()
    memory.answers.append(Receipt(Outcome.REFUSED, "rcpt", "550 5.1.1 no such user"))
    monkeypatch.setattr(
        suppression, "suppress", lambda *_, **__: Suppression.objects.create(digest=None)
    )
    sending.process(clock=clock)
    assert Delivery.objects.get().status == "failed"
    draft = Draft.objects.get()
    assert (draft.status, "Nothing more goes to" in draft.status_reason) == ("draft", False)


def test_blocked_person_gets_nothing_even_if_blocked_after_the_claim(live, memory, monkeypatch):
    approval = testing.make_approved()
    original = sending._claim

    def claim(*args):
        rows = original(*args)
        if rows:
            Person.objects.filter(pk=approval.human_id).update(
                status="blocked", status_reason="test", status_at=WORKDAY
            )
        return rows

    monkeypatch.setattr(sending, "_claim", claim)
    assert sending.process(clock=clock).released == 1
    assert memory.outbox == []
    approval.refresh_from_db()
    assert approval.status == "rejected"


@pytest.mark.parametrize("words", ["Project Falcon", "minutes of monday"])
def test_words_a_workspace_forbids_after_the_approval_are_asked_at_the_door(live, memory, words):
    approval = testing.make_approved()
    Workspace.objects.update(own_words=words)
    found = "minutes" in words
    report = sending.process(clock=clock)
    assert report.sent == (0 if found else 1), approval.revision.text
    if found:
        approval.refresh_from_db()
        assert (approval.status, approval.closed_reason) == ("withdrawn", "policy_changed")
        fresh = Approval.objects.get(status="pending")
        assert fresh.priority_reasons[-1].startswith("The rules changed")
        assert memory.outbox == []


def test_an_approval_under_the_same_own_words_leaves_unread_anew(live, memory, monkeypatch):
    Workspace.objects.filter(pk=testing.make_workspace().pk).update(own_words="falcon\n synergie")
    approval = testing.make_approved()
    assert approval.receipt["policy"] == gate.policy(("synergie", "falcon")) != gate.GATE_VERSION
    monkeypatch.setattr(gate, "CHECKS", (*gate.CHECKS, only_settled))
    assert sending.process(clock=clock).sent == 1


def only_settled(facts, moment, at):
    return Verdict() if facts.settled else Verdict(Level.BLOCK)


@pytest.mark.parametrize("own", [True, False])
def test_four_eyes_asked_for_after_the_approval_are_asked_at_the_door(live, memory, own):
    testing.make_approved(by=testing.alice() if own else testing.bob())
    Workspace.objects.update(four_eyes=True)
    assert sending.process(clock=clock).sent == (0 if own else 1)
    if own:
        assert Approval.objects.filter(closed_reason="approver_lost_right").count() == 1
        assert Approval.objects.filter(status="pending").count() == 1


def test_approver_who_lost_the_right_voids_the_approval(live, memory):
    approval = testing.make_approved()
    approval.decided_by.memberships.update(role="viewer")
    assert sending.process(clock=clock).released == 1
    assert memory.outbox == []
    assert Approval.objects.get(status="pending").priority_reasons[-1].startswith("The approver")


def test_one_message_per_human_in_a_wave(live, memory):
    person = testing.make_person()
    testing.make_approved(person)
    testing.make_approved(person, subject="Second", text="A second note about the minutes.")
    assert sending.process(clock=clock).sent == 2
    assert len(memory.outbox) == 2


def test_words_are_judged_again_only_when_the_rules_changed(live, memory, monkeypatch):
    approval = testing.make_approved()
    worse = {"findings": [], "gate": "older rules"}
    Approval.objects.filter(pk=approval.pk).update(decision=worse)
    revision = approval.revision
    monkeypatch.setattr(
        "safety.gate.CHECKS",
        (*gate.CHECKS[:-1], lambda facts, moment, at: _found(facts.settled)),
    )
    monkeypatch.setitem(gate.judge_message.__kwdefaults__, "checks", gate.CHECKS)
    assert sending.process(clock=clock).released == 1
    assert memory.outbox == []
    fresh = Approval.objects.get(status="pending")
    assert fresh.digest == revision.digest
    assert "The rules changed" in fresh.priority_reasons[-1]


def _found(settled):
    if settled:
        return Verdict()
    finding = Finding("CONTENT_CHECK", "tone", "warn", "New rule", family="tone", rule="tone.new")
    return Verdict(Level.REVIEW, None, (finding,))


def test_an_unreadable_time_zone_stops_its_message_and_no_other(live, memory):
    broken, good = testing.make_approved(), testing.make_approved()
    Person.objects.filter(pk=broken.human_id).update(time_zone="Mars/Base")
    report = sending.process(clock=clock)
    assert (report.sent, report.released) == (1, 1)
    assert memory.outbox[0].recipient == good.revision.address
    assert "Mars/Base" in Draft.objects.get(pk=broken.draft_id).status_reason


# --- A message that cannot be put together -------------------------------------------------------


def fails_for(monkeypatch, number: int, fault: Exception) -> None:
    """Putting together the envelope of one approval fails."""
    before = headers.message_id

    def message_id(approval, workspace):
        if approval.pk == number:
            raise fault
        return before(approval, workspace)

    monkeypatch.setattr(headers, "message_id", message_id)


def test_one_that_cannot_be_put_together_goes_back_and_holds_up_nobody(live, memory, monkeypatch):
    bad, good = testing.make_approved(), testing.make_approved()
    fails_for(monkeypatch, bad.pk, UnicodeError("half a character"))
    report = sending.process(clock=clock)
    assert (report.sent, report.unknown, report.released) == (1, 0, 1)
    good.draft.refresh_from_db()
    bad.draft.refresh_from_db()
    assert (good.draft.status, bad.draft.status) == ("sent", "draft")
    assert "could not be put together for sending: half a char" in bad.draft.status_reason
    assert bad.deliveries.get().status == "released"


@pytest.mark.parametrize("step", ["facts", "digest", "verdict"])
def test_one_at_which_the_last_look_fails_goes_back_and_holds_up_nobody(
    live, memory, monkeypatch, step
):
    testing.make_approved()
    bad = testing.make_approved()
    testing.make_approved()
    look_fails_for(monkeypatch, step, bad.draft_id, KeyError("half a row"))
    report = sending.process(clock=clock)
    assert (report.sent, report.unknown, report.released) == (2, 0, 1)
    bad.draft.refresh_from_db()
    assert bad.draft.status == "draft"
    assert "The last look before sending could not run (KeyError)" in bad.draft.status_reason
    assert [row.status for row in bad.deliveries.all()] == ["released"]
    assert sending.process(clock=clock).released == 0


@pytest.mark.parametrize("fault", [OSError("no key"), ImproperlyConfigured("no key")])
def test_what_is_no_messages_own_fault_sends_none_back(live, memory, monkeypatch, fault):
    first, second = testing.make_approved(), testing.make_approved()
    with monkeypatch.context() as patch:
        look_fails_for(patch, "facts", second.draft_id, fault)
        with pytest.raises(type(fault)):
            sending.process(clock=clock)
    for approval in (first, second):
        approval.draft.refresh_from_db()
        assert approval.draft.status == "approved"
    assert sending.process(clock=clock).sent == 2


def test_what_fails_for_each_of_several_is_no_messages_own_fault(live, memory, monkeypatch):
    """A rule file that cannot be read would else take back every approval, wave after wave."""
    first, second = testing.make_approved(), testing.make_approved()

    def fails(*_, **__):
        raise KeyError("half a rule")

    with monkeypatch.context() as patch:
        patch.setattr(facts, "_facts", fails)
        with pytest.raises(KeyError, match="half a rule"):
            sending.process(clock=clock)
    for approval in (first, second):
        approval.draft.refresh_from_db()
        assert approval.draft.status == "approved"
    assert sending.process(clock=clock).sent == 2


def look_fails_for(monkeypatch, step: str, draft: int, fault: Exception) -> None:
    """One part of the last look fails, as often as it comes to that message."""
    module, name = {
        "facts": (facts, "_facts"), "digest": (look.drafts, "digest_of"), "verdict": (look, "_one"),
    }[step]  # fmt: skip
    before = getattr(module, name)

    def fails(first, *args, **more):
        given = first.approval.draft_id if step == "verdict" else first.pk
        if given == draft:
            raise fault
        return before(first, *args, **more)

    monkeypatch.setattr(module, name, fails)


def test_a_database_that_fails_between_the_look_and_the_hand_over_parks_nothing(
    live, memory, monkeypatch
):
    approval = testing.make_approved()
    with monkeypatch.context() as patch:
        fails_for(patch, approval.pk, OperationalError("gone"))
        report = sending.process(clock=clock)
    assert (report.sent, report.unknown, report.database_failures) == (0, 0, 1)
    assert Delivery.objects.get().status == "released"
    assert sending.process(clock=clock).sent == 1


def test_what_cannot_be_put_together_is_simulated_as_blocked(monkeypatch):
    approval = testing.make_approved()
    fails_for(monkeypatch, approval.pk, UnicodeError("half a character"))
    assert simulate.simulate_due(at=clock()) == 1
    evidence = Delivery.objects.get().evidence
    assert "half a character" in evidence["would_be_blocked"][-1]
    assert evidence["would_have_left"] == approval.revision.text


@pytest.mark.parametrize("where", ["gather", "earliest"])
def test_one_that_cannot_be_simulated_holds_up_no_other(live, memory, monkeypatch, where):
    """Nor what really leaves in another workspace: the same job does both, this one first."""
    first, second = testing.make_approved(), testing.make_approved(testing.make_person())
    SystemControl.objects.filter(workspace=first.workspace, control_key="DRY_RUN").update(
        enabled=True
    )
    module, known = (facts, facts.gather) if where == "gather" else (gate, gate.earliest)
    turns = iter([first.draft_id])

    def fails(asked, *rest, **more):
        if (where == "gather" and first.draft in asked) or (where == "earliest" and next(turns, 0)):
            raise TypeError("nobody thought of that")
        return known(asked, *rest, **more)

    monkeypatch.setattr(module, where, fails)
    assert sending.process(clock=clock).simulated == 2
    one, other = Delivery.objects.order_by("approval")
    assert one.evidence["by_rules"] == ["check_failed"] and not memory.outbox
    assert "(TypeError); what cannot be checked is not sent" in one.evidence["would_be_blocked"][0]
    assert other.approval_id == second.pk and other.evidence["would_be_blocked"] == []


def test_a_workspace_may_write_from_a_domain_with_other_letters(live, memory):
    testing.make_workspace(sender_name="Büro", sender_address="info@bücher.example")
    testing.make_approved()
    assert sending.process(clock=clock).sent == 1
    [envelope] = memory.outbox
    mail = mime.compose(envelope)
    assert mail.sender == "info@xn--bcher-kva.example"
    assert envelope.message_id.endswith("@xn--bcher-kva.example>")
    assert "mailto:info@xn--bcher-kva.example" in dict(envelope.headers)["List-Unsubscribe"]


@pytest.mark.parametrize("connections", [1, 4])
def test_one_workspace_with_a_sender_nobody_takes_holds_up_no_other(live, memory, connections):
    live.SEND_CONNECTIONS = connections
    for number in range(9):
        testing.make_approved(address=f"ann{number}@example{number % 3}.org")
    there = testing.make_workspace("there")
    for _ in range(4):
        person = testing.make_person(workspace=there)
        testing.make_approved(person, at=WORKDAY + timedelta(seconds=30))
    memory.answers.extend([Receipt(Outcome.REFUSED, "mail", "553 5.7.1 not your address")] * 9)
    later = clock() + timedelta(minutes=5)
    assert sending.process(clock=lambda: later).sent == 4
    assert not breaker.load("email").paused


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")
def test_what_comes_back_is_locked_before_a_quota_is_counted(live, memory):
    """As a claim does: the other way round two senders ended in a ring, and a stop waited a second
    for PostgreSQL to break it."""
    testing.make_approved()
    memory.answers.append(Receipt(Outcome.TRY_LATER, "rcpt", "450 4.2.0 greylisted"))
    with CaptureQueriesContext(connection) as asked:
        sending.process(clock=clock)
    told = [each["sql"] for each in asked.captured_queries]
    locked = [at for at, sql in enumerate(told) if "FOR NO KEY UPDATE" in sql]
    refunded = [at for at, sql in enumerate(told) if sql.startswith('UPDATE "quota_uses"')]
    assert locked and refunded and locked[0] < refunded[0]
