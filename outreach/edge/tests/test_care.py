"""Reviewer care: how long a letter was open, seen by oneself and one's admins only."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from approvals import presence, services
from approvals.care import is_faster_than_reading
from approvals.models import Opened
from channels.models import Delivery, ProviderEvent
from outreach import testing
from outreach.core.drafts import Text
from outreach.core.models import Activity
from outreach.edge import care, trends
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db
LETTER = "word " * 100


def approve(by, seconds=None, edit=False):
    """Approved so many seconds after its page was opened; None: never opened."""
    item = testing.make_pending(text=LETTER + "\n\n-- \nMira, who has a long footer")
    if seconds is not None:
        presence.opened(item, by=by, at=WORKDAY)
    at, given = WORKDAY + timedelta(seconds=seconds or 0), {"digest": item.digest}
    if edit:
        words = Text(subject="Minutes", text=LETTER + "more")
        return services.edit_and_approve(item.pk, words, by=by, at=at, **given)
    return services.approve(item.pk, by=by, at=at, **given)


def look(by=None, at=WORKDAY + timedelta(hours=1)):
    place = testing.make_workspace()
    return care.of_reviewers([place.pk], only=by and by.user, at=at)


@pytest.mark.parametrize(
    ("words", "seconds", "fast"),
    [(100, 14, True), (100, 15, False), (0, 0, False), (1, 0, True), (400, 60, False)],
)
def test_faster_than_reading_is_a_stated_speed(words, seconds, fast):
    assert is_faster_than_reading(words, seconds) is fast


def test_the_log_has_numbers_and_only_where_the_page_was_open():
    approve(testing.alice(), 14)
    approve(testing.alice())
    told = list(Activity.objects.filter(verb="approvals.approved").order_by("pk"))
    assert (told[0].codes["words"], told[0].codes["seconds"]) == (100, 14)
    assert "seconds" not in told[1].codes


def test_a_page_that_was_left_alone_counts_no_time():
    item = testing.make_pending()
    presence.opened(item, by=testing.alice(), at=WORKDAY - presence.IDLE)
    services.approve(item.pk, by=testing.alice(), at=WORKDAY, digest=item.digest)
    assert "seconds" not in Activity.objects.get(verb="approvals.approved").codes
    assert Opened.objects.exists()


def test_each_reads_of_their_own_and_admins_of_all_by_name():
    for seconds in (5, 20, 60):
        approve(testing.alice(), seconds)
    approve(testing.dora(), edit=True)
    alice, dora = look()
    assert (alice.name, alice.approved, alice.fast, alice.edited) == ("Alice", 3, 1, 0)
    assert "Half were open for 20 seconds or longer; 1 of 3" in alice.sentence
    alice.seconds = [0, 0, 9]
    assert "Half were open for less than a second; 1 of 3" in alice.sentence
    alice.seconds = [1]
    assert "Half were open for 1 second or longer; 1 of 1" in alice.sentence
    assert (dora.approved, dora.edited, dora.sentence) == (
        1, 1, "1 approved in 30 days, 1 after an edit.",
    )  # fmt: skip
    assert [one.name for one in look(testing.alice())] == ["Alice"]
    assert not look(at=WORKDAY + timedelta(days=31))


def test_complaints_that_came_later_are_counted_by_who_approved():
    given = approve(testing.alice(), 30)
    row = Delivery.objects.create(
        workspace=given.workspace, approval=given, human=given.human, channel="email",
        status="sent", since=WORKDAY,
    )  # fmt: skip
    for number in range(2):
        ProviderEvent.objects.create(
            provider="x", event_id=str(number), kind="complained", at=WORKDAY, delivery=row
        )
    [alice] = look()
    assert alice.complaints == 1 and "Complaints that came later: 1." in alice.sentence


def test_the_first_page_shows_it_to_those_it_concerns():
    for who in (testing.alice(), testing.dora()):
        item = testing.make_pending(at=timezone.now())
        services.approve(item.pk, by=who, at=timezone.now(), digest=item.digest)
    for who, names in (
        (testing.alice(), ["Alice:"]), (testing.dora(), ["Alice:", "Dora:"]), (testing.bob(), []),
    ):  # fmt: skip
        client = Client()
        client.force_login(who.user)
        text = client.get("/admin/").content.decode()
        assert [name for name in ("Alice:", "Dora:") if f"<strong>{name}" in text] == names


def test_approved_counts_as_among_the_decisions_above_it():
    given = [approve(testing.alice(), 30) for _ in range(5)]
    services.undo(given[0].pk, by=testing.alice(), at=WORKDAY)
    services.reject(given[1].pk, by=testing.dora(), at=WORKDAY, reason="No")
    services.return_(given[2].pk, by=testing.dora(), at=WORKDAY, feedback="Shorter")
    place = testing.make_workspace()
    rates = trends.trends({place.pk}, at=WORKDAY + timedelta(hours=1))["rates"]
    [alice] = look()
    assert (alice.approved, len(alice.seconds)) == (rates["approved"], 2) == (2, 2)


def test_the_first_page_says_how_it_counts_decisions():
    item = testing.make_pending(at=timezone.now())
    services.approve(item.pk, by=testing.alice(), at=timezone.now(), digest=item.digest)
    client = Client()
    client.force_login(testing.alice().user)
    text = client.get("/admin/").content.decode()
    assert "<dd>100 % (1 of 1 decision)</dd>" in text
    assert "a yes that was undone, or became a no before it left, is not counted as one" in text
    assert "Approvals are counted as under Decisions above, over 30 days instead of 14." in text
