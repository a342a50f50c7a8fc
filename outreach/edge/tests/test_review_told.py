"""What `review` tells: its counts, and of an item that has ended who, what and why."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from approvals import expiry, services
from approvals.errors import Lost
from approvals.models import Approval
from channels import stop
from outreach import testing

# What is told of rows; the stop and the decisions are asked on both by their own tests.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


def shown(item):
    out = StringIO()
    call_command("review", "--show", str(item.pk), stdout=out)
    return " ".join(out.getvalue().replace("│", " ").split())


def shown_json(item):
    out = StringIO()
    call_command("review", "--show", str(item.pk), "--json", stdout=out)
    return json.loads(out.getvalue())


def rejected(reason):
    item = testing.make_pending(at=timezone.now())
    by = testing.alice()
    return services.reject(item.pk, by=by, at=timezone.now(), reason=reason, digest=item.digest)


def test_what_a_stop_took_back_was_withdrawn_by_the_stop_and_not_by_its_approver(live):
    item = testing.make_approved(at=timezone.now())
    by = testing.olaf()
    stop.emergency_stop(workspace=None, reason="Odd mails", by=by, clock=timezone.now)
    said = shown(item)
    assert f"Approved by {item.decided_by_label}, " in said
    assert ", then taken back by the emergency stop " in said
    assert " UTC: an emergency stop." in said and "Withdrawn" not in said
    assert shown_json(item)["closed_reason"] == "emergency_stop"


def test_a_subject_that_mail_programs_cut_is_told():
    item = testing.make_pending(at=timezone.now(), subject="Minutes of Monday " * 9)
    assert "The subject has 161 characters. Mail programs show about the first 78" in shown(item)


def test_the_html_part_which_most_people_read_is_shown_before_a_yes():
    html = '<p>Read <a href="//else.io/x">our minutes</a>.\u200b</p>'
    item = testing.make_pending(at=timezone.now(), text="Read our minutes.", html=html)
    assert '<p>Read <a href="//else.io/x">our minutes</a>.⟦U+200B⟧</p>' in shown(item)
    assert shown_json(item)["html"] == item.revision.html


def test_who_asked_for_changes_sent_it_back():
    item = testing.make_pending(at=timezone.now())
    by = testing.alice()
    services.return_(item.pk, by=by, at=timezone.now(), feedback="Shorter, please.")
    client = Client()
    client.force_login(testing.dora().user)
    page = client.get(f"/admin/approvals/approval/{item.pk}/change/").content.decode()
    draft = client.get(f"/admin/core/draft/{item.draft_id}/change/").content.decode()
    assert f"Sent back by {by.label}" in page and "Withdrawn" not in page
    assert "Sent back</span> by" in draft and "Withdrawn" not in draft
    assert shown(item).count(f"Sent back by {by.label}, ") == 1
    assert shown_json(item)["status"] == "withdrawn"
    with pytest.raises(Lost, match=f"#{item.pk} is sent back already by {by.label} at"):
        services.reject(item.pk, by=testing.dora(), at=timezone.now(), reason="No")


STOPPED = "Stopped. Nothing leaves until this is lifted: "


def test_an_item_is_shown_under_a_stop_as_on_its_page(live):
    now = timezone.now()
    pending, given = testing.make_pending(at=now), testing.make_approved(at=now)
    ended = rejected("Too long.")
    assert STOPPED not in shown(pending) + shown(given)
    stop.set_brake(
        "MESSAGING_ENABLED", workspace=None, reason="Odd replies", by=testing.olaf(), at=now
    )
    for item in (pending, given):
        said = shown(item)
        assert STOPPED + "MESSAGING_ENABLED off (system) since " in said
        assert "Odd replies. You may decide; nothing will be sent." in said
        assert "INFO Messaging is off: approved messages wait." in said
    assert "If approved now, it would wait until the stop is lifted" in shown(pending)
    assert f"Approved by {given.decided_by_label}, " in shown(given)
    assert "It would wait until the stop is lifted, and be sent no sooner." in shown(given)
    assert STOPPED not in shown(ended)


def test_an_item_is_shown_under_an_emergency_stop_with_what_took_it_back(live):
    item = testing.make_pending(at=timezone.now())
    stop.emergency_stop(workspace=None, reason="Odd", by=testing.olaf(), clock=timezone.now)
    said = shown(item)
    assert STOPPED + "EMERGENCY_STOP (system) since " in said and "INFO Emergency stop: " in said
    assert said.count("Nothing leaves") == 1


def test_what_the_rules_took_out_is_still_told_beside_what_they_find_now():
    item = testing.make_pending(text="The plan is here. Act now! It has ten pages.")
    said = shown(item)
    assert item.decision["rewrite"] and "WARN The rules took words out" in said


def test_a_rejection_says_who_and_why():
    item = rejected("Too long for a first message.")
    said = shown(item)
    assert f"Rejected by {item.decided_by_label}, " in said
    assert "Why: Too long for a first message." in said
    told = shown_json(item)
    assert told["decided_by"] == item.decided_by_label
    assert told["rejection_reason"] == "Too long for a first message."


def test_no_reason_steers_the_terminal():
    assert "Why: ⟦U+001B⟧[2J" in shown(rejected("\x1b[2J"))


def test_what_nobody_answered_says_so():
    item = testing.make_pending(at=timezone.now() - timedelta(days=30))
    expiry.expire_due(at=timezone.now())
    said = shown(item)
    assert "Expired, 20" in said and " UTC: nobody decided in time." in said


def test_the_queue_counts_in_the_words_of_the_page():
    items = [testing.make_pending(at=timezone.now()) for _ in range(4)]
    for item, priority in zip(items, (3, 2, 2, 0), strict=True):
        Approval.objects.filter(pk=item.pk).update(priority=priority)
    out = StringIO()
    call_command("review", "--pending", stdout=out)
    assert "APPROVAL QUEUE   4 Pending | 1 Critical | 2 High" in out.getvalue()
    client = Client()
    client.force_login(testing.alice().user)
    shown = client.get("/admin/approvals/approval/").context["counts"].parts
    assert shown == [("4", "pending"), ("1", "critical"), ("2", "high")]
    out = StringIO()
    call_command("review", "--pending", "--json", stdout=out)
    told = json.loads(out.getvalue())
    assert (told["pending"], told["critical"], told["high"]) == (4, 1, 2)
