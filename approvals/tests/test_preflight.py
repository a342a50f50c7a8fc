"""The checklist before Safe Mode is switched off: computed, honest about what cannot be."""

from __future__ import annotations

from copy import copy
from datetime import timedelta

import pytest

from approvals import preflight, services
from approvals.models import Approval
from outreach import testing
from outreach.core import voice
from outreach.core.models import User, Workspace
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db
AT = WORKDAY + timedelta(minutes=1)


def items(**more):
    found = preflight.checklist(testing.make_workspace(), at=AT, **more)
    return {item.key: item for item in found}


def decided(approved, rejected=0, returned=0):
    """Many decisions in few statements."""
    draft = testing.make_pending().draft
    one = Approval.objects.get()
    rows = [
        *[("approved", "") for _ in range(approved)],
        *[("rejected", "rejected") for _ in range(rejected)],
        *[("withdrawn", "changes_requested") for _ in range(returned)],
    ]
    made = []
    for number, (status, reason) in enumerate(rows):
        one = copy(one)
        one.pk, one.draft = None, draft
        one.status, one.closed_reason = status, reason
        one.decided_by, one.decided_at = testing.alice().user, AT + timedelta(seconds=number)
        one.due_at = one.send_before = one.decided_at
        one.taken_at = AT if status == "approved" else None
        one.rejection_reason = "no" if status == "rejected" else ""
        made.append(one)
    Approval.objects.bulk_create(made)


def test_as_shipped_only_the_quotas_are_met_and_each_line_says_why():
    found = items()
    assert list(found) == [
        "voice_version", "voice_score", "approval_rate", "quotas", "monitoring",
        "weekly_review", "rollback_plan", "team_told",
    ]  # fmt: skip
    assert [key for key, item in found.items() if item.is_met] == ["quotas"]
    assert "No voice profile exists" in found["voice_version"].sentence
    assert all(item.sentence.endswith(".") for item in found.values())


@pytest.mark.first  # other numbers, the same statement
@pytest.mark.parametrize(
    ("approved", "rejected", "returned", "met"),
    [(91, 9, 0, True), (90, 10, 0, False), (91, 4, 5, True), (90, 5, 5, False), (99, 0, 0, False)],
)
def test_more_than_ninety_percent_of_the_last_hundred(approved, rejected, returned, met):
    decided(approved, rejected, returned)
    assert items()["approval_rate"].is_met is met


def test_fewer_than_a_hundred_decisions_prove_nothing():
    decided(99)
    assert items()["approval_rate"].sentence.startswith("Only 99 decisions so far")


def test_only_the_last_hundred_count():
    decided(100)
    decided_before = WORKDAY - timedelta(days=1)
    old = Approval.objects.filter(status="approved").first()
    old.pk, old.status, old.closed_reason = None, "rejected", "rejected"
    old.rejection_reason, old.taken_at, old.decided_at = "no", None, decided_before
    old.save(force_insert=True)
    assert items()["approval_rate"].is_met


def test_quotas_are_for_the_workspace_and_every_agent():
    testing.make_agent(daily_quota=None)
    Workspace.objects.update(daily_quota=None)
    assert "no daily quota" in items()["quotas"].sentence
    Workspace.objects.update(daily_quota=20)
    assert "No daily quota for agent" in items()["quotas"].sentence
    testing.make_workspace().agents.update(daily_quota=5)
    assert items()["quotas"].is_met


def test_monitoring_needs_a_room_and_a_reader(settings):
    assert "NOTIFY_URLS" in items()["monitoring"].sentence
    settings.NOTIFY_URLS = ["json://localhost"]
    assert "no reviewer" in items()["monitoring"].sentence.lower()
    testing.alice()
    assert items()["monitoring"].is_met
    User.objects.update(email="")
    assert not items()["monitoring"].is_met


def test_the_weekly_review_needs_a_day_and_a_reader():
    Workspace.objects.update(weekly_review_day=0)
    assert not items()["weekly_review"].is_met
    testing.alice()
    assert items()["weekly_review"].sentence == "The weekly report goes out on Monday."


def test_what_only_people_know_is_ticked():
    found = items(ticks=["team_told"])
    assert found["team_told"].is_met and found["team_told"].by_hand
    assert not found["rollback_plan"].is_met


def test_the_checklist_costs_the_same_however_many_agents(django_assert_max_num_queries):
    for _ in range(5):
        testing.make_agent(daily_quota=None)
    place = testing.make_workspace(daily_quota=20)
    with django_assert_max_num_queries(7):
        preflight.checklist(place, at=AT)


def test_a_decision_taken_back_at_once_is_none(live):
    row = testing.make_approved()
    services.undo(row.pk, by=testing.alice(), at=WORKDAY)
    assert items()["approval_rate"].sentence.startswith("No decisions so far")


# --- The voice -----------------------------------------------------------------------------------


def voiced(version=5, name="House voice"):
    """A voice that was changed so often."""
    by = testing.dora()
    for number in range(version):
        fields = {"sentence_words": 20 + number, "sign_off": "Best regards"}
        voice.save(testing.make_workspace(), name, fields, by=by, at=AT)


def written(count, text, by=None):
    person = testing.make_person()
    for _ in range(count):
        testing.make_draft(person, text=text, by=by)


GOOD = "Here are the minutes of Monday.\n\nBest regards\nBob"
POOR = "Great news!!! Come in now!!!\n\nBob"


@pytest.mark.parametrize(("version", "met"), [(4, False), (5, True)])
def test_the_voice_is_grown_up_from_version_five_on(version, met):
    voiced(version)
    item = items()["voice_version"]
    assert item.is_met is met
    assert f"version {version} of House voice" in item.sentence


def test_the_lowest_version_among_the_voices_in_use_counts():
    voiced(6)
    agent = testing.make_agent(voice="Sales voice")
    assert not items()["voice_version"].is_met, "its voice does not exist"
    voiced(2, "Sales voice")
    assert "version 2 of Sales voice" in items()["voice_version"].sentence
    agent.agent.is_active = False
    agent.agent.save()
    assert items()["voice_version"].is_met


def test_fifty_texts_above_eighty_are_needed():
    voiced(1)
    written(49, GOOD)
    assert "Only 49 texts" in items()["voice_score"].sentence
    written(1, GOOD)
    assert items()["voice_score"].is_met
    written(50, POOR)
    item = items()["voice_score"]
    assert not item.is_met
    assert "70.0 on average" in item.sentence


def test_the_lowest_average_among_the_voices_counts():
    voiced(1)
    voiced(1, "Sales voice")
    agent = testing.make_agent(voice="Sales voice")
    written(50, GOOD)
    written(50, POOR, by=agent)
    assert "in Sales voice score" in items()["voice_score"].sentence
    assert not items()["voice_score"].is_met
