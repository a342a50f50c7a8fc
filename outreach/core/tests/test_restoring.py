"""Suppressions that are known from elsewhere hold again, each for the graver reason."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from outreach import testing
from outreach.core import activity, restoring, suppression
from outreach.core.models import Suppression
from outreach.core.principal import Principal
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db
SYSTEM = Principal.system("test")
LATER, LAST = WORKDAY + timedelta(days=1), WORKDAY + timedelta(days=2)


def known(row: Suppression, **changes: object) -> restoring.Known:
    of = ("workspace_id", "channel", "digest", "reason", "at", "complained_at")
    return restoring.Known(**{**{name: getattr(row, name) for name in of}, **changes})


def suppressed(name: str, reason: str = "unsubscribe") -> Suppression:
    place, address = testing.make_workspace(), f"{name}@example.com"
    suppression.suppress(place, "email", address, reason=reason, by=SYSTEM, at=WORKDAY)
    return suppression.find(place, "email", address)


def test_what_stands_is_left_and_what_comes_after_it_in_the_list_is_put_back():
    stands, lighter, lost = suppressed("ann"), suppressed("bea", "bounce"), suppressed("cid")
    whole = [known(stands), known(lighter, reason="stop_request", at=LATER), known(lost)]
    lost.delete()
    assert restoring.suppressions(whole, by=SYSTEM, at=LAST) == 2
    assert restoring.suppressions(whole, by=SYSTEM, at=LAST) == 0
    rows = Suppression.objects.order_by("pk").values_list("digest", "reason", "at")
    assert list(rows) == [(each.digest, each.reason, each.at) for each in whole]
    told = [list(activity.of(row))[-1].codes for row in Suppression.objects.order_by("pk")[1:]]
    assert [(each["channel"], each["reason"]) for each in told] == [
        ("email", "stop_request"), ("email", "unsubscribe"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("here", "there", "at_last"),
    [(None, None, None), (LATER, None, LATER), (None, LATER, LATER),
     (LATER, LAST, LAST), (LAST, LATER, LAST)],
)  # fmt: skip
def test_the_last_complaint_counts(
    here: datetime | None, there: datetime | None, at_last: datetime | None
):
    row = suppressed("ann", "bounce")
    Suppression.objects.update(complained_at=here)
    grave = known(row, reason="complaint", complained_at=there)
    assert restoring.suppressions([grave], by=SYSTEM, at=LAST) == 1
    row.refresh_from_db()
    assert (row.reason, row.complained_at) == ("complaint", at_last)
