"""Sequences on their way: one touch at a time, on its day, and none after a reply or a no."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from approvals import rounds, submission
from approvals import services as deciding
from approvals.models import Approval
from channels import events, manual, receiving, settle
from channels.incoming import Incoming
from channels.mail.reading import read
from channels.mail.tests.test_reports import dsn
from channels.meta_events import Event
from channels.models import Delivery
from outreach import testing
from outreach.core import people as standing
from outreach.core import suppression
from outreach.core.models import Activity, Contact, Draft
from outreach.testing import WORKDAY
from workflows import engine, sequences, todo
from workflows.models import Artifact
from workflows.tests import making
from workflows.tests.making import ABOUT, Clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def row():
    place = making.place()
    making.reachable(place, making.people(place, 1))
    asked = {"about": ABOUT, "submit": True, "gap": 5}
    engine.work(making.run(place, "follow_up_sequence", **asked).pk, clock=Clock())
    return Artifact.objects.get()


def drafts(row):
    found = Draft.objects.in_bulk([touch["draft"] for touch in row.data["touches"]])
    return [found[touch["draft"]] for touch in row.data["touches"]]


def statuses(row):
    return [draft.status for draft in drafts(row)]


def sent(row, no, at):
    draft = drafts(row)[no]
    Draft.objects.filter(pk=draft.pk).update(status="sent")
    Approval.objects.filter(draft=draft).update(status="expired", closed_at=at)
    Contact.objects.create(
        workspace=row.workspace, human=row.person, channel=draft.channel, direction="out", at=at,
        draft=draft, key=f"test:{draft.pk}",
    )  # fmt: skip


def heard(row, at):
    Contact.objects.create(
        workspace=row.workspace, human=row.person, channel="email", direction="in", at=at,
        key=f"in:{at}",
    )  # fmt: skip


def reason(row):
    return Artifact.objects.get(pk=row.pk).closed_reason


def test_only_the_first_is_asked_for_at_once(row):
    assert statuses(row) == ["pending_approval", "draft", "draft"]
    assert [draft.channel for draft in drafts(row)] == ["email", "linkedin", "email"]
    later = WORKDAY + timedelta(days=60)
    assert sequences.advance(at=later) == {"ended": 0, "submitted": 0}, "the first was not sent"


def test_the_second_comes_its_days_after_the_first_left(row):
    late = datetime.fromisoformat(row.data["touches"][1]["at"]) + timedelta(days=2)
    sent(row, 0, late)
    gap = timedelta(days=row.data["touches"][1]["gap_days"])
    assert sequences.advance(at=late + gap - timedelta(minutes=1))["submitted"] == 0
    assert sequences.advance(at=late + gap)["submitted"] == 1
    assert statuses(row) == ["sent", "pending_approval", "draft"]
    assert sequences.advance(at=late + gap * 9)["submitted"] == 0


def test_a_run_that_goes_on_passes_over_nobody_whose_first_message_got_a_time_since(monkeypatch):
    place = making.place()
    making.people(place, 4)
    making.small_batches(monkeypatch, 1, "follow_up_sequence")
    run = making.run(place, "follow_up_sequence", about=ABOUT, submit=True)

    def killed(progress):
        if (progress.name, progress.done) == ("submit_first", 2):
            raise RuntimeError

    assert engine.work(run.pk, clock=Clock(), watch=killed).status == "failed"
    asked = Approval.objects.earliest("pk")
    deciding.return_(asked.pk, by=testing.alice(place), at=WORKDAY, feedback="on Friday")
    when = WORKDAY + timedelta(days=2)
    submission.submit(asked.draft_id, by=testing.alice(place), at=WORKDAY, scheduled_for=when)
    engine.reopen(run, by=testing.dora(place), at=WORKDAY)
    assert engine.work(run.pk, clock=Clock()).result["submit_first"]["queued"] == 4
    assert Approval.objects.filter(status="pending").count() == 4


@pytest.mark.parametrize("gap", [2, 5])
def test_days_are_counted_from_an_afternoon_as_from_a_morning(gap):
    """A run at four plans the second for a morning: that is not a day less."""
    place = making.place()
    making.reachable(place, making.people(place, 1))
    run = making.run(place, "follow_up_sequence", about=ABOUT, submit=True, gap=gap)
    engine.work(run.pk, clock=Clock(WORKDAY + timedelta(hours=6)))
    assert Artifact.objects.get().data["touches"][1]["gap_days"] == gap


def test_what_a_late_first_message_moves_is_moved_onto_no_weekend(row):
    friday = WORKDAY + timedelta(days=7 * 4 + 2)
    saturday = friday + timedelta(days=1)
    sent(row, 0, saturday - timedelta(days=row.data["touches"][1]["gap_days"]))
    days = [friday + timedelta(days=turn) for turn in range(4)]
    assert [sequences.advance(at=day)["submitted"] for day in days] == [0, 0, 0, 1]


def test_a_reviewer_says_yes_to_a_later_touch_without_choosing_a_time(row):
    """It was asked for because its day had come; a queue is worked hours after that."""
    due = datetime.fromisoformat(row.data["touches"][1]["at"]) + timedelta(days=1)
    sent(row, 0, due - timedelta(days=row.data["touches"][1]["gap_days"]))
    assert sequences.advance(at=due)["submitted"] == 1
    asked = Approval.objects.get(draft=drafts(row)[1])
    given = deciding.approve(
        asked.pk, by=testing.alice(), at=due + timedelta(hours=5), digest=asked.digest
    )
    assert (given.status, given.scheduled_for) == ("approved", None)
    assert drafts(row)[1].scheduled_for is not None  # the plan is still told


def test_a_reply_ends_what_is_left(row):
    sent(row, 0, WORKDAY + timedelta(hours=1))
    heard(row, WORKDAY + timedelta(hours=2))
    assert sequences.advance(at=WORKDAY + timedelta(hours=3)) == {"ended": 1, "submitted": 0}
    assert statuses(row) == ["sent", "rejected", "rejected"]
    assert reason(row) == "They answered."
    assert "They answered." in drafts(row)[2].status_reason
    assert sequences.advance(at=WORKDAY + timedelta(days=90)) == {"ended": 0, "submitted": 0}


@pytest.mark.parametrize("by_another", [False, True], ids=["clock", "assistant"])
def test_an_answer_ends_it_whatever_its_clock_says_and_whoever_wrote_it(row, by_another):
    """A program that dates its mail hours early, or an assistant: the next was asked for."""
    sent(row, 0, WORKDAY + timedelta(hours=1))
    person = testing.make_person(row.workspace) if by_another else row.person
    testing.make_inbound(
        person, in_reply_to=drafts(row)[0], received_at=WORKDAY - timedelta(hours=8)
    )
    assert sequences.advance(at=WORKDAY + timedelta(days=9)) == {"ended": 1, "submitted": 0}
    assert reason(row) == "They answered."


def test_a_reply_takes_back_even_an_approval(row):
    pending = Approval.objects.get()
    deciding.approve(
        pending.pk, by=testing.alice(row.workspace), at=WORKDAY + timedelta(minutes=1),
        digest=pending.digest, undo_seconds=0,
    )  # fmt: skip
    heard(row, WORKDAY + timedelta(minutes=2))
    sequences.advance(at=WORKDAY + timedelta(minutes=3))
    assert set(statuses(row)) == {"rejected"}
    assert Approval.objects.get().status == "rejected"


def test_what_was_written_before_the_sequence_does_not_end_it(row):
    heard(row, WORKDAY - timedelta(days=1))
    assert sequences.advance(at=WORKDAY + timedelta(hours=1))["ended"] == 0


def test_a_reviewers_no_ends_the_rest(row):
    pending = Approval.objects.get()
    deciding.reject(
        pending.pk, by=testing.alice(row.workspace), at=WORKDAY + timedelta(minutes=1), reason="no"
    )
    sequences.advance(at=WORKDAY + timedelta(minutes=2))
    assert set(statuses(row)) == {"rejected"}
    assert reason(row) == "An earlier message of the sequence was rejected."


def test_a_stop_ends_it(row):
    standing.set_status(row.person, "desist", reason="x", by=testing.alice(), at=WORKDAY)
    sequences.advance(at=WORKDAY + timedelta(minutes=2))
    assert reason(row) == "They asked us to stop."
    assert "draft" not in statuses(row)


def test_a_touch_that_came_back_with_a_reason_is_left_to_its_author(row):
    sent(row, 0, WORKDAY)
    Draft.objects.filter(pk=drafts(row)[1].pk).update(status_reason="Too long.")
    assert sequences.advance(at=WORKDAY + timedelta(days=60))["submitted"] == 0


def test_when_all_are_sent_it_is_done(row):
    for no in range(3):
        sent(row, no, WORKDAY + timedelta(days=no))
    assert sequences.advance(at=WORKDAY + timedelta(days=60)) == {"ended": 1, "submitted": 0}
    assert reason(row) == "Every message of it was sent."


def test_without_submit_a_person_submits_each(row):
    row.run.options["submit"] = False
    row.run.save()
    sent(row, 0, WORKDAY)
    assert sequences.advance(at=WORKDAY + timedelta(days=60))["submitted"] == 0


def test_in_an_emergency_stop_nothing_is_asked_for(row, settings):
    settings.ENVIRONMENT_BRAKES = {**settings.ENVIRONMENT_BRAKES, "EMERGENCY_STOP": True}
    sent(row, 0, WORKDAY)
    assert sequences.advance(at=WORKDAY + timedelta(days=60))["submitted"] == 0


def test_a_colleague_can_end_it(row):
    sequences.stop(row, by=testing.bob(row.workspace), at=WORKDAY)
    assert set(statuses(row)) == {"rejected"}
    assert reason(row) == "Ended by Bob."


def test_one_that_fails_holds_up_no_other(row, monkeypatch, caplog):
    """The other was answered, and its next message stayed approved."""
    other = Artifact.objects.create(
        workspace=row.workspace, run=row.run, kind=row.kind, created_at=row.created_at,
        person=testing.make_person(row.workspace), data={"touches": []},
    )  # fmt: skip
    heard(other, WORKDAY + timedelta(hours=2))
    due = sequences.due

    def fail(artifact, known, *, at):
        if artifact.pk == row.pk:
            raise LookupError("ill")
        return due(artifact, known, at=at)

    monkeypatch.setattr(sequences, "due", fail)
    assert sequences.advance(at=WORKDAY + timedelta(hours=3))["ended"] == 1
    assert reason(other) == "They answered."
    assert f"Sequence {row.pk} cannot be looked at" in caplog.text


def test_one_look_costs_the_same_however_many_are_open(row, django_assert_max_num_queries):
    with django_assert_max_num_queries(9):
        sequences.advance(at=WORKDAY + timedelta(minutes=1))


@pytest.mark.parametrize("by_hand", [True, False])
def test_what_somebody_holds_as_it_ends_is_ended_by_the_next_look(row, monkeypatch, by_hand):
    """Its reviewer is just saying yes: the round is locked, and nobody waits for it."""
    lock = rounds.lock
    monkeypatch.setattr(rounds, "lock", lambda rows, skip=False: [])
    if by_hand:
        sequences.stop(row, by=testing.bob(row.workspace), at=WORKDAY)
    else:
        heard(row, WORKDAY + timedelta(hours=1))
        assert sequences.advance(at=WORKDAY + timedelta(hours=2))["ended"] == 0
    pending = Approval.objects.get()
    alice = testing.alice(row.workspace)
    deciding.approve(pending.pk, by=alice, at=WORKDAY, digest=pending.digest)
    monkeypatch.setattr(rounds, "lock", lock)
    assert sequences.advance(at=WORKDAY + timedelta(hours=3))["ended"] == 1
    assert statuses(row) == ["rejected"] * 3
    assert reason(row).startswith("Ended by" if by_hand else "They answered.")


# --- What never reached them ---------------------------------------------------------------------

ON_ITS_OWN = pytest.mark.django_db(transaction=True)  # mail is taken in outside any transaction
BOUNCED = WORKDAY + timedelta(hours=1)


def left(row, status="sent"):
    """The first message, handed over by the sender."""
    pending = Approval.objects.get()
    alice = testing.alice(row.workspace)
    approval = deciding.approve(
        pending.pk, by=alice, at=WORKDAY, digest=pending.digest, undo_seconds=0
    )
    Approval.objects.filter(pk=approval.pk).update(taken_at=WORKDAY)
    delivery = Delivery.objects.create(
        workspace=row.workspace, approval=approval, human=row.person, channel="email",
        status=status, since=WORKDAY,
    )  # fmt: skip
    settle.contact_of(delivery, WORKDAY, certain=status == "sent").save()
    if status == "sent":
        Draft.objects.filter(pk=approval.draft_id).update(status="sent")
    return delivery


def reported(raw, number=1):
    """A report on it that came by mail."""
    found = Incoming.of_letter(read(raw.replace(b"dsn1@", f"dsn{number}@".encode())))
    receiving.take_in(found, at=BOUNCED)


def told(row, kind, token, **payload):
    """What a provider tells about it."""
    given = {"channel": "email", "token": str(token), **payload}
    events.take([Event("anymail:x", f"{kind}:{payload}", kind, BOUNCED, given)], at=BOUNCED)


def number_of(delivery):
    return f"<{delivery.approval.draft.uuid}.{delivery.approval_id}@example.org>"


@ON_ITS_OWN
def test_a_spam_complaint_ends_what_would_come_by_another_way_too(row):
    told(row, "complained", left(row).token)
    assert drafts(row)[1].channel == "linkedin"
    assert sequences.advance(at=BOUNCED + timedelta(days=30)) == {"ended": 1, "submitted": 0}
    assert statuses(row) == ["sent", "rejected", "rejected"]
    assert reason(row).startswith("An address of it is on the suppression list: they complained")


def test_a_lifted_suppression_ends_no_sequence(row):
    address, alice = drafts(row)[0].current.address, testing.alice(row.workspace)
    given = {"reason": "unsubscribe", "by": alice, "at": WORKDAY}
    stands = suppression.suppress(row.workspace, "email", address, **given)
    suppression.lift(stands, reason="They asked for it.", by=alice, at=WORKDAY)
    assert sequences.advance(at=WORKDAY + timedelta(hours=1))["ended"] == 0


@ON_ITS_OWN
@pytest.mark.parametrize("status", ["sent", "unknown"])
def test_a_bounce_for_good_ends_it(row, status):
    reported(dsn("5.1.1", original=number_of(left(row, status))))
    later = BOUNCED + timedelta(days=30)
    assert sequences.advance(at=later) == {"ended": 1, "submitted": 0}
    assert statuses(row) == ["sent", "rejected", "rejected"]
    assert reason(row) == "Their address does not exist: a message of it came back."


@ON_ITS_OWN
def test_what_came_back_for_now_is_not_spoken_of_as_sent(row):
    original = number_of(left(row))
    for number in range(2):
        reported(dsn("4.2.2", original=original), number)
    assert Activity.objects.filter(verb="channels.bounced").count() == 1, "told once"
    sequences.advance(at=BOUNCED + timedelta(days=30))
    assert statuses(row) == ["sent", "rejected", "rejected"]
    assert reason(row) == "A message of it did not reach them, and the next ones speak of it."


@ON_ITS_OWN
@pytest.mark.parametrize(
    ("kind", "more", "says"),
    [
        ("bounced", {"permanent": True}, "Their address does not exist"),
        ("bounced", {"permanent": False}, "A message of it did not reach them"),
        ("failed", {}, "A message of it did not reach them"),
    ],
)
def test_what_a_provider_could_not_deliver_ends_it_too(row, kind, more, says):
    told(row, kind, left(row).token, **more)
    assert sequences.advance(at=BOUNCED + timedelta(days=30))["submitted"] == 0
    assert reason(row).startswith(says)


@ON_ITS_OWN
def test_a_bounce_that_names_no_message_is_of_the_newest_to_that_address(row):
    address = left(row).approval.revision.address
    reported(dsn("5.1.1", original="<x@y>").replace(b"Ann@Example.com", address.encode()))
    sequences.advance(at=BOUNCED + timedelta(days=30))
    assert reason(row).startswith("Their address does not exist")


@ON_ITS_OWN
def test_an_attempt_that_was_decided_anew_may_bounce(row):
    """What was sent in its place may have reached them."""
    first = left(row, "unknown")
    alice = testing.alice(row.workspace)
    settle.settle(first.pk, "send_again", by=alice, at=WORKDAY)
    reported(dsn("4.2.2", original=number_of(first)))
    sequences.advance(at=BOUNCED + timedelta(days=30))
    assert reason(row) == ""


@pytest.mark.parametrize("answer", [None, "not_arrived", "send_again"])
def test_while_nobody_knows_or_it_did_not_arrive_the_next_waits(row, answer):
    first = left(row, "unknown")
    if answer:
        settle.settle(first.pk, answer, by=testing.alice(row.workspace), at=WORKDAY)
    assert sequences.advance(at=WORKDAY + timedelta(days=90)) == {"ended": 0, "submitted": 0}
    assert statuses(row)[1:] == ["draft", "draft"]
    tasks = todo.everything(row.workspace, at=WORKDAY, day_ends=WORKDAY + timedelta(hours=8))
    settling = [task.title for task in tasks if task.kind == "settle"]
    assert settling == ([] if answer else ["Settle 1 unknown outcome"])


@pytest.mark.parametrize("approved", [False, True])
def test_what_was_asked_for_is_taken_back_where_the_one_before_was_not_sent_after_all(
    row, approved
):
    first = left(row)
    Delivery.objects.filter(pk=first.pk).update(status="manual")
    late = datetime.fromisoformat(row.data["touches"][1]["at"]) + timedelta(days=1)
    assert sequences.advance(at=late)["submitted"] == 1
    alice = testing.alice(row.workspace)
    second = Approval.objects.get(status="pending")
    if approved:
        deciding.approve(second.pk, by=alice, at=late, digest=second.digest, undo_seconds=0)
    manual.mark_not_sent(first.pk, by=alice, at=late)
    assert sequences.advance(at=late) == {"ended": 0, "submitted": 0}
    assert statuses(row) == ["pending_approval", "draft", "draft"]
    sent(row, 0, late)
    gap = timedelta(days=row.data["touches"][1]["gap_days"])
    monday = late + gap + timedelta(days=1)
    assert sequences.advance(at=monday)["submitted"] == 1, "and asked for again"


def test_what_a_person_asked_for_before_its_turn_stays(row):
    alice = testing.alice(row.workspace)
    submission.submit(drafts(row)[1].pk, by=alice, at=WORKDAY)
    sequences.advance(at=WORKDAY + timedelta(hours=1))
    assert statuses(row)[1] == "pending_approval"
