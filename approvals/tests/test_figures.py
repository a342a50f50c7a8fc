"""The counters of the dashboard, from decisions as people take them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from approvals import expiry, figures, services
from outreach import testing
from outreach.core import drafts
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db
AT = WORKDAY + timedelta(minutes=10)


def read(place=None, at=AT):
    return figures.of_workspaces([(place or testing.make_workspace()).pk], at=at)


def decide(act, **fields):
    row = testing.make_pending(**fields)
    return act(row)


def yes(row, at=AT):
    return services.approve(row.pk, by=testing.alice(), at=at, digest=row.digest)


def no(row):
    return services.reject(row.pk, by=testing.alice(), at=AT, reason="too long")


def back(row):
    return services.return_(row.pk, by=testing.alice(), at=AT, feedback="shorter, please")


def mend(row):
    words = drafts.Text(subject="Minutes", text="Here are the minutes.")
    return services.edit_and_approve(row.pk, words, by=testing.alice(), at=AT, digest=row.digest)


def test_without_decisions_there_are_no_rates():
    found = read()
    assert (found.all.decided, found.all.approval_percent, found.all.edit_percent) == (
        0,
        None,
        None,
    )
    assert found.all.median_time is None


def test_rates_and_the_median_time():
    for act in (yes, mend, no, back):
        decide(act)
    decide(lambda row: yes(row, WORKDAY + timedelta(hours=5)))
    found = read(at=WORKDAY + timedelta(days=1)).all
    assert (found.approved, found.rejected, found.returned) == (3, 1, 1)
    assert found.approval_percent == 60
    assert found.edit_percent == 33
    assert found.median_time == timedelta(minutes=10)


def test_each_agent_has_figures_of_its_own():
    good, poor = testing.make_agent(), testing.make_agent()
    decide(yes, by=good)
    decide(no, by=poor)
    decide(yes)
    found = read().by_agent
    assert found[good.label].approval_percent == 100
    assert found[poor.label].approval_percent == 0
    assert len(found) == 2


def test_what_expired_undecided_is_counted_apart():
    testing.make_pending()
    later = WORKDAY + timedelta(hours=73)
    expiry.expire_due(at=later)
    found = read(at=later)
    assert found.expired_undecided == 1
    assert found.all.decided == 0


def test_an_approval_that_a_stop_took_back_stays_an_approval():
    from approvals import taking

    row = decide(yes)
    taking.reopen_before_stop(workspace=row.workspace, decided_before=AT, by=expiry.SYSTEM, at=AT)
    assert read().all.approved == 1


def test_only_thirty_days_and_only_ones_own_workspace():
    decide(yes)
    assert read(at=AT + timedelta(days=31)).all.decided == 0
    assert read(testing.make_workspace("elsewhere")).all.decided == 0


def test_the_number_of_statements_does_not_grow(django_assert_num_queries):
    for _ in range(3):
        decide(yes, by=testing.make_agent())
    place = testing.make_workspace()
    with django_assert_num_queries(4):
        read(place)
