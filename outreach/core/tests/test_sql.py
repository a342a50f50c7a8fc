"""Values are written as Django would write them, though Django is asked once for many rows."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from outreach.core import sql

pytestmark = pytest.mark.django_db


def test_both_hours_of_an_autumn_night_are_written_each_as_its_own():
    """In one zone they are equal, and have one hash."""
    first = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    second = first.replace(fold=1)
    assert first == second and hash(first) == hash(second)
    written = [sql.to_moment(sql.from_moment(at)) for at in (first, second)]
    assert [at.astimezone(UTC).hour for at in written] == [0, 1]
    assert sql.from_moment(None) is None
