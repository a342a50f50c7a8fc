"""The time that was shown is part of what a yes by a program is about, where it says which."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from approvals import items
from approvals.models import Approval
from outreach import testing
from outreach.edge.tests import api

# What is refused and how each door tells it: no row is read or written in a new way.
pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture
def item() -> Approval:
    soon = timezone.now() + timedelta(days=2)
    item = testing.make_pending(at=timezone.now(), confidence=95)
    Approval.objects.update(scheduled_for=soon)
    item.refresh_from_db()
    return item


def state() -> str:
    return Approval.objects.get().status


def moved() -> None:
    Approval.objects.update(scheduled_for=timezone.now() + timedelta(days=3))


@pytest.mark.parametrize("edited", [False, True])
@pytest.mark.parametrize("change", [moved, lambda: Approval.objects.update(scheduled_for=None)])
def test_rest_refuses_another_time_than_was_read(item, edited, change):
    alice = api.colleague(testing.alice)
    read = alice.get(f"/api/approvals/{item.pk}").json()
    body = {"digest": item.digest, "seen_scheduled_for": read["scheduled_for"]}
    if edited:
        body["text"] = f"Dear Sam. {item.revision.text}"
    path = f"/api/approvals/{item.pk}/{'edit-and-approve' if edited else 'approve'}"
    change()
    assert api.code(alice.post(path, body)) == (409, "stale") and state() == "pending"
    body["seen_scheduled_for"] = alice.get(f"/api/approvals/{item.pk}").json()["scheduled_for"]
    assert alice.post(path, body).status_code == 200 and state() == "approved"


def test_rest_takes_a_time_that_has_none_before_it_only_where_it_is_said(item):
    alice, path = api.colleague(testing.alice), f"/api/approvals/{item.pk}/approve"
    body = {"digest": item.digest, "seen_scheduled_for": None}
    assert api.code(alice.post(path, body)) == (409, "stale")
    for odd in ("soon", "2026-03-11T10:00:00", 7):
        assert alice.post(path, {**body, "seen_scheduled_for": odd}).status_code == 400
    when = (timezone.now() + timedelta(days=5)).isoformat()
    assert alice.post(path, {**body, "scheduled_for": when}).status_code == 200


@pytest.mark.parametrize("now", ["same", "moved", "none", "new"])
def test_the_page_that_approves_several_shows_it_and_asks_again_after_a_change(time_machine, now):
    """It showed no time: what was to wait two days left at once where a colleague removed that."""
    time_machine.move_to(testing.WORKDAY, tick=False)  # at night each needs a look of its own
    place = testing.make_workspace(bulk_approves_normal=True)
    item = testing.make_pending(at=timezone.now(), confidence=85)
    at_first = None if now == "new" else testing.WORKDAY + timedelta(days=2)
    Approval.objects.update(scheduled_for=at_first)
    client = Client()
    client.force_login(testing.alice(place).user)
    chosen = {"action": "bulk_approve", "_selected_action": [item.pk]}
    shown = client.post("/admin/approvals/approval/", chosen).text
    assert ("not before Fri 13 Mar 10:00" in shown) == (now != "new")
    value = html.unescape(re.search(r'name="item" value="([^"]*)"', shown)[1])
    if now != "same":
        Approval.objects.update(scheduled_for=None) if now == "none" else moved()
    page = client.post("/admin/approvals/approval/bulk/", {"item": [value]})
    assert (state() == "pending") == (now != "same"), page.text
    assert ("Somebody changed the time" in page.text) == (now != "same")


@pytest.mark.parametrize("odd", ["9" * 5000, "-1", "1e3", "²", ""])
def test_a_page_that_posts_no_time_says_none(odd):
    """More digits than Python reads would have ended in an error page."""
    assert items.posted_time(odd) is None
    assert items.posted_time("0") == 0 and items.posted_time("1773223200") == 1773223200


def test_the_command_refuses_another_time_than_was_read(item):
    out, act = StringIO(), ["review", "--as", testing.alice().user.username]
    yes = [*act, "--approve", str(item.pk), "--seen-time"]
    read = item.scheduled_for.isoformat()
    moved()
    for seen in (read, "none"):
        with pytest.raises(CommandError, match="Somebody changed the time"):
            call_command(*yes, seen)
    for odd in ("soon", "2026-03-11T10:00:00", ""):
        with pytest.raises(CommandError, match="no time with an offset"):
            call_command(*yes, odd)
    assert state() == "pending"
    with pytest.raises(CommandError, match="--seen-time goes with --approve"):
        call_command(*act, "--reject", str(item.pk), "--reason", "no", "--seen-time", "none")
    call_command(*yes, Approval.objects.get().scheduled_for.isoformat(), stdout=out)
    assert state() == "approved"
