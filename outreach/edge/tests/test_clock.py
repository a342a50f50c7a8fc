"""Every page tells times on 24 hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import formats

from approvals import services
from approvals.models import Approval
from outreach import testing
from outreach.core.clock import by_clock
from outreach.core.models import Activity
from outreach.testing import WORKDAY

# How pages and findings print a time.
pytestmark = [pytest.mark.django_db, pytest.mark.once]


def test_djangos_own_parts_print_times_as_we_do():
    moment = datetime(2026, 3, 11, 15, 0, tzinfo=UTC)
    said = [formats.date_format(moment, name) for name in ("DATETIME_FORMAT", "TIME_FORMAT")]
    assert said == ["2026-03-11 15:00 UTC", "15:00"]
    assert formats.date_format(moment.date(), "DATE_FORMAT") == "2026-03-11"


def test_a_row_of_the_log_and_the_review_page_tell_one_clock():
    client = Client()
    client.force_login(testing.dora().user)
    with time_machine.travel(WORKDAY + timedelta(hours=5), tick=False):
        item = testing.make_pending(testing.make_person(time_zone="Pacific/Auckland"))
        log = Activity.objects.latest("pk")
        pages = [f"core/activity/{log.pk}", f"approvals/approval/{item.pk}"]
        texts = [client.get(f"/admin/{page}/change/").content.decode() for page in pages]
    for text in texts:
        assert not any(half in text for half in (" p.m.", " a.m.", " PM", " AM"))
    assert "04:00 - Quiet hours violation" in texts[1]


def test_a_hold_is_told_so_in_what_is_kept_too():
    with time_machine.travel(WORKDAY + timedelta(hours=5), tick=False):
        item = testing.make_pending(testing.make_person(time_zone="Pacific/Auckland"))
    said = str(Approval.objects.get(pk=item.pk).decision["findings"])
    assert " PM" not in said and " AM" not in said


def test_whoever_looks_reads_times_by_their_workspace_s_clock():
    """By UTC where their workspaces have several clocks; a program always."""
    testing.make_workspace(time_zone="Asia/Kolkata")
    client = Client()
    client.force_login(testing.dora().user)
    with time_machine.travel(WORKDAY, tick=False):
        item = testing.make_pending(testing.make_person())
        log = Activity.objects.latest("pk")
        services.reject(item.pk, reason="no", by=testing.alice(), at=WORKDAY)
        pages = [
            f"/admin/core/activity/{log.pk}/change/",
            f"/admin/approvals/approval/{item.pk}/change/",
        ]
        there = [client.get(page).content.decode() for page in pages]
        testing.dora(testing.make_workspace("other"))
        both = [client.get(page).content.decode() for page in pages]
    ours = f"{WORKDAY + timedelta(hours=5, minutes=30):%Y-%m-%d %H:%M}"
    assert all(ours in text and "IST" in text for text in there)
    assert all(f"{WORKDAY:%Y-%m-%d %H:%M}" in text and "UTC" in text for text in both)
    assert by_clock(WORKDAY) == f"{WORKDAY:%Y-%m-%d %H:%M} UTC"
