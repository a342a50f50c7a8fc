"""Legal hours and caps, minute by minute, in the recipient's zone and in every zone it may be."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from safety.contract.frequency import Contact
from safety.contract.localtime import LocalZones
from safety.gate import Moment
from safety.law.hours import HORIZON, check_hours
from safety.law.law import check_law
from safety.tests.test_law import AD

CALL = replace(AD, channel="phone", action="by_hand", address="+12145550123", purpose="follow_up")
WED, FRI, SAT, SUN = 11, 13, 14, 15  # of November 2026


def at(day, clock, zone="America/Chicago"):
    hour, minute, *second = (int(part) for part in clock.split(":"))
    local = datetime(2026, 11, day, hour, minute, *second, tzinfo=ZoneInfo(zone))
    return local.astimezone(UTC)


def hold(state, when, **changes):
    facts = replace(CALL, state=state, **changes)
    return check_law(facts, Moment.SENDING, when).not_before


CASES = [
    # state, when, until
    ("", (WED, "07:59:59"), (WED, "08:00")),
    ("", (WED, "08:00"), None),
    ("", (WED, "20:59:59"), None),
    ("", (WED, "21:00"), (12, "08:00")),
    ("", (SUN, "12:00"), None),
    ("FL", (WED, "19:59"), None),
    ("FL", (WED, "20:00"), (12, "08:00")),
    ("CT", (WED, "08:30"), (WED, "09:00")),
    ("TX", (SUN, "11:59"), (SUN, "12:00")),
    ("TX", (SUN, "12:00"), None),
    ("TX", (SAT, "08:59"), (SAT, "09:00")),
    ("RI", (FRI, "18:00"), (SAT, "10:00")),
    ("RI", (SAT, "17:00"), (SUN, "10:00")),
    ("RI", (SAT, "09:30"), (SAT, "10:00")),
    ("AL", (SUN, "12:00"), (16, "08:00")),
    ("AL", (SAT, "21:00"), (16, "08:00")),
    ("LA", (SUN, "00:00"), (16, "08:00")),
    ("NY", (WED, "20:30"), None),
]


@pytest.mark.parametrize(("state", "when", "until"), CASES)
def test_hours_of_the_states(state, when, until):
    assert hold(state, at(*when)) == (at(*until) if until else None)


def test_every_possible_zone_must_be_open():
    zones = LocalZones(("America/New_York", "America/Los_Angeles"), "phone")
    early = at(WED, "09:00", "America/New_York")
    assert hold("", early, zones=zones) == at(WED, "08:00", "America/Los_Angeles")
    late = at(WED, "21:30", "America/New_York")
    assert hold("", late, zones=zones) == at(12, "08:00", "America/Los_Angeles")


def test_both_changes_of_the_clock_in_new_york():
    zone = ZoneInfo("America/New_York")
    for year, month, day in ((2026, 11, 1), (2027, 3, 14)):
        night = datetime(year, month, day, 0, 30, tzinfo=zone).astimezone(UTC)
        until = hold("", night, zones=LocalZones((zone.key,), "recipient"))
        assert until.astimezone(zone).strftime("%d %H:%M") == f"{day:02} 08:00"


def test_only_solicitation_is_held_and_only_in_the_united_states():
    night = at(WED, "23:00")
    assert hold("", night, purpose="transactional") is None
    assert hold("", night, country="BR") is None
    assert hold("", night, channel="email", address="a@example.com") is None
    assert hold("", night) is not None
    assert hold("", night, override="medical") is None


def test_zones_that_are_never_open_together_stay_held():
    asks = {"weekdays": ["08:00", "09:00"], "saturday": [], "sunday": []}
    zones = LocalZones(("Asia/Tokyo", "America/New_York"), "phone")
    start = at(WED, "12:00")
    until = check_hours(asks, zones, start)
    assert until >= start + HORIZON
    closed = {"weekdays": [], "saturday": [], "sunday": []}
    assert check_hours(closed, LocalZones(("UTC",), "phone"), start) == start + HORIZON


def test_a_fourth_contact_in_a_day_waits_where_the_state_counts():
    now = at(WED, "15:00")
    past = tuple(
        Contact(platform="phone", at=now - timedelta(hours=h), direction="out") for h in (20, 10, 5)
    )
    assert hold("FL", now, contacts=past) == past[0].at + timedelta(hours=24)
    assert hold("FL", now, contacts=past[1:]) is None
    assert hold("TX", now, contacts=past) is None
    assert hold("FL", now, contacts=past, override="medical") is None
