"""What became critical by what somebody wrote: the log has it, and the chat hears of it once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from approvals import notify
from approvals.models import Notice, Priority
from channels.receiving import take_in
from channels.tests.test_receiving import letter
from outreach import testing
from outreach.core.models import Activity
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db(transaction=True)
THREAT = "You will hear from my lawyer."


@pytest.fixture(autouse=True)
def room(settings):
    settings.NOTIFY_URLS = ["room://somewhere"]
    notify.tell_authors(at=WORKDAY)  # the log is read from here on


def later(minutes: float):
    return WORKDAY + timedelta(minutes=minutes)


def told(minutes: float) -> list[str]:
    before = set(Notice.objects.values_list("pk", flat=True))
    notify.collect(at=later(minutes))
    fresh = Notice.objects.exclude(pk__in=before).filter(user=None)
    return list(fresh.order_by("pk").values_list("subject", flat=True))


def test_the_chat_hears_of_what_became_critical_after_it_was_passed_over():
    calm = testing.make_pending()
    testing.make_pending(confidence=50)
    assert told(1) == ["Default: 1 high to review"]
    take_in(letter(calm.draft.person, THREAT), at=later(2))
    calm.refresh_from_db()
    assert calm.priority == Priority.CRITICAL
    assert Activity.objects.get(verb="approvals.raised").object_id == str(calm.pk)
    assert [told(turn) for turn in (3, 4, 60)] == [["Default: 1 became critical"], [], []]


@pytest.mark.parametrize("heard", [2, 0.95])  # at once, or by the log only with the next look
def test_what_became_critical_before_the_chat_heard_of_it_is_told_once(heard):
    calm = testing.make_pending()
    take_in(letter(calm.draft.person, THREAT), at=later(heard))
    assert told(heard + 0.03) == ["Default: 1 critical to review"]
    assert told(heard + 1) == told(60) == []
