"""A rehearsal: each message one fate, from what was kept; quotas played; any number in as many
statements."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals import expiry, services, submission
from approvals.models import Approval, QuotaUse
from channels import manual, registry, rehearsal, simulate
from channels.adapters.memory import MemoryAdapter
from channels.models import Delivery
from channels.rehearsal import Fate, Span
from channels.rehearsal.reading import Row, judge
from channels.tests import plenty
from outreach import testing
from outreach.core import drafts
from outreach.core.models import Contact
from outreach.testing import WORKDAY
from safety import gate

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SPAN = Span(WORKDAY - DAY, WORKDAY + DAY)
BASE = Row(
    approval=1, message=2, human=3, person="Anna", channel="email", status="approved",
    closed_reason="", closed_at=None, decided_at=WORKDAY, not_before=None, due_at=WORKDAY,
    edited=False, by_rule="Alice", by_kind="agent", by_id="7", policy="old", created_at=WORKDAY,
    findings=None, shadow=None, left_at=None, left_as=None, judged_at=None, would_leave_at=None,
    blocked=None, by_rules=None, judged_by=None, superseded=False, scheduled_for=None,
    asked_for=None,
)  # fmt: skip
PENDING = {"status": "pending", "decided_at": None, "due_at": None}
BLOCKED = "You're the only person who really gets me. I really need someone like you."
EARLY, LATE = (WORKDAY - 3 * DAY), (WORKDAY + 3 * DAY)


REVIEWER = {"scheduled_for": LATE}


def dry(leaves=WORKDAY, judged=WORKDAY, **more):
    return {"judged_at": judged, "would_leave_at": leaves.isoformat(), "judged_by": "new", **more}


FATES = [
    ({**PENDING}, Fate.WAITING, ("undecided",)),
    ({}, Fate.WAITING, ("not_judged",)),
    ({"channel": "linkedin"}, Fate.WAITING, ("by_hand",)),
    ({"decided_at": LATE}, Fate.WAITING, ("undecided",)),
    (dry(), Fate.SENT, ()),
    (dry(by_rules=["quiet_hours"]), Fate.SENT, ("quiet_hours",)),
    (dry(LATE, by_rules=["quiet_hours"]), Fate.HELD, ("quiet_hours",)),
    (dry(LATE), Fate.HELD, ("not_recorded",)),
    (dry(blocked=["No"], by_rules=["person_desist"]), Fate.BLOCKED, ("person_desist",)),
    (dry(blocked=["No"]), Fate.BLOCKED, ("not_recorded",)),
    (dry(EARLY, EARLY), None, ()),
    (dry(EARLY, EARLY, blocked=["No"]), None, ()),
    (dry(judged=LATE), Fate.WAITING, ("not_judged",)),
    # Closed after its time had come: it would have left. Before: it would not.
    (dry(closed_at=WORKDAY + HOUR, status="expired", closed_reason="unsent"), Fate.SENT, ()),
    (
        dry(WORKDAY + 2 * HOUR, closed_at=WORKDAY + HOUR, status="rejected",
            closed_reason="rejected"),
        Fate.ENDED, ("rejected",),
    ),
    (dry(EARLY, EARLY, closed_at=WORKDAY, status="expired", closed_reason="unsent"), None, ()),
    ({**PENDING, "status": "rejected", "closed_reason": "person_stopped", "closed_at": WORKDAY},
     Fate.BLOCKED, ("person_stopped",)),
    ({**PENDING, "status": "expired", "closed_reason": "unanswered", "closed_at": WORKDAY},
     Fate.ENDED, ("unanswered",)),
    ({**PENDING, "status": "expired", "closed_reason": "unanswered", "closed_at": EARLY}, None, ()),
    ({"due_at": LATE, **REVIEWER}, Fate.HELD, ("scheduled_by_reviewer",)),
    ({"due_at": LATE, **REVIEWER, "asked_for": LATE}, Fate.HELD, ("scheduled_by_author",)),
    ({"due_at": LATE, **REVIEWER, "asked_for": EARLY}, Fate.HELD, ("scheduled_by_reviewer",)),
    # Approved for a time that no rule moves: the earliest moment is that time.
    ({"due_at": LATE, "not_before": LATE, **REVIEWER, "findings": [{"code": "tone"}]},
     Fate.HELD, ("scheduled_by_reviewer",)),
    ({"due_at": WORKDAY, "not_before": LATE, "scheduled_for": WORKDAY}, Fate.HELD,
     ("not_recorded",)),
    ({"due_at": LATE}, Fate.HELD, ("not_recorded",)),  # put off, and nobody chose that
    ({"due_at": LATE, "not_before": LATE, "findings": [
        {"code": "quiet_hours", "status": "fail"}, {"code": "tone", "status": "warn"}]},
     Fate.HELD, ("quiet_hours",)),
    ({"due_at": WORKDAY, "not_before": LATE}, Fate.HELD, ("not_recorded",)),
    ({"left_at": WORKDAY}, Fate.LEFT, ()),
    ({"left_at": WORKDAY, "left_as": "manual"}, Fate.LEFT, ("sent_by_hand",)),
    ({"left_at": EARLY}, None, ()),
]  # fmt: skip


@pytest.mark.parametrize(("change", "fate", "rules"), FATES, ids=range(len(FATES)))
def test_each_round_has_one_fate(change, fate, rules):
    found = judge(replace(BASE, **change), SPAN)
    assert (found and found.fate, found.rules if found else ()) == (fate, rules)


def test_what_judged_it_is_named_with_its_time():
    simulated = judge(replace(BASE, **dry(judged=WORKDAY + HOUR)), SPAN)
    assert (simulated.judged_by, simulated.judged_at) == ("new", WORKDAY + HOUR)
    asked = judge(replace(BASE, **PENDING), SPAN)
    assert (asked.judged_by, asked.judged_at, asked.people) == ("old", WORKDAY, "undecided")


# --- With rows -----------------------------------------------------------------------------------

rows = pytest.mark.django_db


@pytest.fixture
def memory():
    with registry.override("email", MemoryAdapter("email")):
        yield


def look(since=SPAN.since, until=SPAN.until):
    place = testing.make_workspace()
    return {item.message: item for item in rehearsal.items(place, Span(since, until))}


def fate(approval, **span):
    found = look(**span).get(approval.draft_id)
    return found and found.fate


@rows
def test_dry_run_tells_what_would_have_left_and_safe_mode_what_rules_would_have_done(memory):
    agent = testing.make_agent(None, "drafts:write", "messages:schedule")
    person = testing.make_person()
    Contact.objects.create(
        workspace=person.workspace, human=person, channel="email", direction="in",
        at=WORKDAY - 20 * DAY, key="old",
    )  # fmt: skip
    sure = testing.make_approved(person, by=agent, confidence=95)
    unsure = testing.make_pending(by=agent, confidence=72)
    own = testing.make_pending()
    simulate.simulate_due(at=WORKDAY + HOUR)
    found = look()
    assert [found[row.draft_id].fate for row in (sure, unsure, own)] == [
        Fate.SENT, Fate.WAITING, Fate.WAITING,
    ]  # fmt: skip
    assert found[sure.draft_id].judged_by == gate.GATE_VERSION
    assert found[sure.draft_id].shadow == {"would_approve": True, "why": []}
    assert found[unsure.draft_id].shadow == {
        "would_approve": False,
        "why": ["confidence is below 90", "first message to this person"],
    }
    assert found[own.draft_id].shadow["why"] == ["a colleague's message is always reviewed"]
    totals = rehearsal.total(found.values())
    assert (totals.would, totals.unseen, totals.unshadowed) == ({"approved": 1}, 2, 0)
    assert not totals.outdated


@rows
def test_a_hold_is_told_by_its_rule(memory):
    night = WORKDAY.replace(hour=3)
    held = testing.make_approved(at=night)
    simulate.simulate_due(at=night + timedelta(minutes=5))
    early = look(until=night + HOUR)[held.draft_id]
    assert (early.fate, early.rules) == (Fate.HELD, ("quiet_hours",))
    later = look()[held.draft_id]
    assert (later.fate, later.rules) == (Fate.SENT, ("quiet_hours",))
    assert later.leaves_at == WORKDAY.replace(hour=8)
    assert rehearsal.total([later]).delayed == 1


@rows
def test_a_time_is_told_with_who_chose_it(memory):
    later = WORKDAY + 2 * DAY
    own = testing.make_approved(scheduled_for=later)
    given = testing.make_pending()
    services.approve(
        given.pk, by=testing.alice(), at=WORKDAY, digest=given.digest, scheduled_for=later
    )
    found = look()
    assert [found[row.draft_id].rules for row in (own, given)] == [
        ("scheduled_by_author",), ("scheduled_by_reviewer",),
    ]  # fmt: skip


@rows
def test_what_the_gate_kept_from_the_queue_is_blocked_until_it_is_put_forward_again(memory):
    bad = testing.make_draft(text=BLOCKED)
    result = submission.submit(bad.pk, by=testing.bob(), at=WORKDAY)
    assert result.approval is None
    [item] = look().values()
    assert (item.fate, item.approval, item.judged_by) == (Fate.BLOCKED, 0, gate.GATE_VERSION)
    assert item.rules
    assert not look(since=WORKDAY + HOUR)
    drafts.revise(bad, drafts.Text(subject="Minutes", text="Here are the minutes."),
                  by=testing.bob(), at=WORKDAY + HOUR)  # fmt: skip
    submission.submit(bad.pk, by=testing.bob(), at=WORKDAY + HOUR)
    [item] = look().values()
    assert item.fate is Fate.WAITING
    assert [i.fate for i in look(until=WORKDAY + HOUR).values()] == [Fate.BLOCKED]


@rows
def test_a_message_counts_once_and_what_would_have_left_stays_so(memory):
    undone = testing.make_approved()
    services.undo(undone.pk, by=testing.alice(), at=WORKDAY)
    assert fate(undone) is Fate.WAITING  # taken back before anything would have left
    gone = testing.make_approved()
    simulate.simulate_due(at=WORKDAY + HOUR)
    expiry.expire_due(at=gone.send_before + HOUR)
    again = submission.submit(gone.draft_id, by=testing.bob(), at=gone.send_before + HOUR)
    assert again.approval is not None
    assert fate(gone, until=gone.send_before + 2 * HOUR) is Fate.SENT


@rows
def test_what_really_left_is_told_apart(memory):
    approval = testing.make_approved()
    manual.mark_sent(approval.pk, by=testing.alice(), at=WORKDAY + HOUR)
    assert fate(approval) is Fate.LEFT
    assert fate(approval, since=WORKDAY + 2 * HOUR) is None


@rows
def test_what_would_have_left_and_really_left_later_is_counted_as_that(memory):
    gone = testing.make_approved()
    simulate.simulate_due(at=WORKDAY + HOUR)
    expiry.expire_due(at=gone.send_before + HOUR)
    later = gone.send_before + 2 * HOUR
    again = submission.submit(gone.draft_id, by=testing.bob(), at=later).approval
    services.approve(again.pk, by=testing.alice(), at=later, digest=again.digest, undo_seconds=0)
    manual.mark_sent(again.pk, by=testing.alice(), at=later + HOUR)
    found = look(until=later + 2 * HOUR)
    assert [(item.approval, item.fate) for item in found.values()] == [(again.pk, Fate.LEFT)]
    before = look(until=later + HOUR)
    assert [(item.approval, item.fate) for item in before.values()] == [(gone.pk, Fate.SENT)]


@rows
def test_quotas_are_played_over_the_days(memory):
    place = testing.make_workspace(daily_quota=2)
    QuotaUse.objects.create(workspace=place, day=WORKDAY.date(), used=1)
    many = plenty.make_approvals(plenty.make_people(5, place))
    simulate.simulate_due(at=WORKDAY + HOUR)
    totals = rehearsal.total(look().values())  # the rest of today, and the morning of tomorrow
    assert (totals.fates[Fate.SENT], totals.fates[Fate.HELD]) == (3, 2)
    assert totals.rules[Fate.HELD] == {"daily_quota": 2} and totals.delayed == 2
    longer = rehearsal.total(look(until=WORKDAY + 3 * DAY).values())
    assert longer.fates[Fate.SENT] == len(many)
    assert totals.close == 0


@rows
def test_the_quota_of_an_agent_counts_beside_that_of_the_workspace(memory):
    testing.make_workspace(daily_quota=None)
    agent = testing.make_agent(None, "drafts:write", "messages:schedule", daily_quota=1)
    for _ in range(3):
        testing.make_approved(by=agent)
    testing.make_approved()
    simulate.simulate_due(at=WORKDAY + HOUR)
    totals = rehearsal.total(look(until=WORKDAY + HOUR * 2).values())
    assert (totals.fates[Fate.SENT], totals.rules[Fate.HELD]) == (2, {"daily_quota": 2})


@rows
def test_two_to_one_person_within_a_day_are_counted_as_doubtful(memory):
    person = testing.make_person()
    for number in range(2):
        testing.make_approved(person, subject=f"Note {number}")
    simulate.simulate_due(at=WORKDAY + HOUR)
    totals = rehearsal.total(look().values())
    assert (totals.fates[Fate.SENT], totals.close) == (2, 1)


@rows
def test_another_workspace_is_not_told(memory):
    there = testing.make_workspace("there")
    testing.make_approved(testing.make_person(there))
    simulate.simulate_due(at=WORKDAY + HOUR)
    assert not look()


@rows
def test_verdicts_kept_before_the_codes_are_told_as_such(memory):
    approval = testing.make_approved()
    simulate.simulate_due(at=WORKDAY + HOUR)
    row = Delivery.objects.get()
    row.evidence = {key: row.evidence[key] for key in ("would_leave_at", "would_be_blocked")}
    row.save()
    Approval.objects.filter(pk=approval.pk).update(routing={}, decision={})
    totals = rehearsal.total(look().values())
    assert (totals.outdated, totals.unshadowed) == (1, 1)


@rows
def test_the_statements_do_not_grow_with_the_messages(memory):
    asked = []
    for more in (3, 40):
        plenty.make_plenty(more)
        for _ in range(more):
            bad = testing.make_draft(text=BLOCKED)
            submission.submit(bad.pk, by=testing.bob(), at=WORKDAY)
        simulate.simulate_due(at=WORKDAY + HOUR)
        with CaptureQueriesContext(connection) as seen:
            found = look()
        asked.append(len([q for q in seen if not q["sql"].startswith("DECLARE")]))
    assert len(found) == 86 and asked[0] == asked[1]
