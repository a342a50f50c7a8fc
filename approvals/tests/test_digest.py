"""The daily digest and the weekly report: to reviewers, once a local day, counts only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail

from approvals import digest, expiry, outbox
from approvals.models import Approval, Notice, QuotaUse
from outreach import testing
from outreach.core.models import User, Workspace
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db
MORNING = WORKDAY + timedelta(hours=22)  # eight o'clock the next day


def body(kind="digest"):
    return Notice.objects.filter(key__startswith=kind).first().body


def test_reviewers_get_it_once_a_day_and_nobody_else():
    for person in (testing.alice, testing.bob, testing.carol, testing.dora):
        person()
    testing.make_pending()
    assert digest.send_due(at=MORNING) == 2
    assert digest.send_due(at=MORNING + timedelta(hours=5)) == 0
    outbox.deliver(at=MORNING)
    assert sorted(letter.to[0] for letter in mail.outbox) == [
        "alice@example.org", "dora@example.org",
    ]  # fmt: skip


def test_it_says_what_waits_by_priority_channel_and_purpose(settings):
    settings.BASE_URL = "https://outreach.example.org"
    testing.alice()
    testing.make_pending()
    testing.make_pending(confidence=40)
    digest.send_due(at=MORNING)
    told = body()
    assert told.startswith("2 messages wait for review")
    assert "By priority: normal 1, high 1." in told or "By priority: high 1, normal 1." in told
    assert "By channel: E-mail 2." in told
    assert "By purpose: Informational 2." in told
    assert "The oldest has waited 22 h." in told
    assert "https://outreach.example.org/admin/approvals/approval/" in told


def test_a_wait_of_less_than_an_hour_is_told_in_minutes():
    testing.make_pending(at=MORNING - timedelta(minutes=20))
    told = "\n".join(digest.daily(testing.make_workspace(), at=MORNING))
    assert "The oldest has waited 20 min." in told


def test_a_queue_longer_than_what_is_counted_says_so_and_how_long_its_oldest_waits(monkeypatch):
    monkeypatch.setattr(digest, "MOST", 2)
    testing.alice()
    testing.make_pending(confidence=85, at=MORNING - timedelta(hours=50))
    for _ in range(2):
        testing.make_pending(confidence=40)
    digest.send_due(at=MORNING)
    told = body()
    assert told.startswith("More than 2 messages wait for review")
    assert "The first 2 of the queue by priority: high 2." in told
    assert "The oldest has waited 2 d 2 h." in told


def test_it_holds_no_personal_data():
    testing.alice()
    row = testing.make_pending(testing.make_person(name="Ana Prominent"))
    digest.send_due(at=MORNING)
    for secret in ("Ana", row.revision.address, "minutes", "Minutes"):
        assert secret not in body()


def test_what_expired_undecided_is_counted():
    testing.alice()
    testing.make_pending()
    after = WORKDAY + timedelta(hours=73)
    expiry.expire_due(at=after)
    digest.send_due(at=after)
    assert "1 expired since yesterday because nobody decided." in body()


def test_nothing_to_tell_is_not_told():
    testing.alice()
    assert digest.send_due(at=MORNING) == 0


def test_it_waits_for_the_morning_of_the_workspace():
    testing.alice()
    testing.make_pending()
    Workspace.objects.update(time_zone="America/Los_Angeles")
    assert digest.send_due(at=datetime(2026, 3, 12, 14, 59, tzinfo=UTC)) == 0
    assert digest.send_due(at=datetime(2026, 3, 12, 15, 0, tzinfo=UTC)) == 1


def test_with_safe_mode_off_it_says_what_left():
    testing.alice()
    place = testing.make_workspace(safe_mode=False, daily_quota=20)
    QuotaUse.objects.create(workspace=place, day=WORKDAY.date(), used=7, lim=20)
    digest.send_due(at=MORNING)
    assert "Safe Mode is off: 0 were approved by rule since yesterday." in body()
    assert "7 messages left yesterday." in body()
    assert "Sent or perhaps sent: 0 of 20 today" in body()


@pytest.mark.parametrize("reason", ["undone", "rejected", "changes_requested"])
def test_what_somebody_took_back_is_no_approval_by_rule(reason):
    place = testing.make_workspace(safe_mode=False)
    by_rule = {"status": "auto_approved", "decided_by_label": "SYSTEM for Dora"}
    for _ in range(2):
        Approval.objects.filter(pk=testing.make_approved().pk).update(**by_rule)
    stopped, taken_back = testing.make_approved(), testing.make_approved()
    by_rule["status"] = "withdrawn"
    Approval.objects.filter(pk=stopped.pk).update(**by_rule, closed_reason="emergency_stop")
    Approval.objects.filter(pk=taken_back.pk).update(**by_rule, closed_reason=reason)
    at = WORKDAY + timedelta(hours=1)
    assert "3 were approved by rule since yesterday" in "\n".join(digest.daily(place, at=at))
    assert "; 3 approved by rule;" in "\n".join(digest.weekly(place, at=at))


def test_whoever_has_no_address_is_passed_over():
    testing.alice()
    User.objects.update(email="")
    testing.make_pending()
    assert digest.send_due(at=MORNING) == 0


def test_the_weekly_report_goes_out_on_its_day_only():
    testing.alice()
    Workspace.objects.update(daily_quota=None, weekly_review_day=3)  # Thursday, as MORNING is
    assert digest.send_due(at=MORNING - timedelta(days=1)) == 0
    assert digest.send_due(at=MORNING) == 1
    told = body("weekly")
    assert "0 messages left in the last seven days; 0 answers came." in told
    assert "approved none" in told
    assert "no daily quota is set" in told
    assert "Voice scores: no text has one yet." in told


def test_the_weekly_report_tells_the_scores_there_are(monkeypatch):
    testing.alice()
    scores = {"Plain": [90, 81], "": [70]}
    monkeypatch.setattr(digest.figures, "last_voice_scores", lambda place, most: scores)
    told = "\n".join(digest.weekly(Workspace.objects.get(), at=MORNING))
    assert "Voice scores: no name 70 of 100 over 1 texts; Plain 86 of 100 over 2 texts." in told


def test_each_workspace_has_its_own():
    testing.alice()
    elsewhere = testing.make_workspace("elsewhere")
    testing.make_pending(testing.make_person(elsewhere), by=testing.bob(elsewhere))
    assert digest.send_due(at=MORNING) == 0
    testing.alice(elsewhere)
    assert digest.send_due(at=MORNING) == 1
