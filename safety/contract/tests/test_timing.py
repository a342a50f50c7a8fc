"""Hours at their edges, in the zones where clocks misbehave."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safety.contract.localtime import LocalZones, instant_of, local, resolve_zones
from safety.contract.timing import check_timing, is_business, is_quiet, next_allowed

ZONES = [
    "America/New_York",
    "Europe/London",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
]


def at(zone: str, text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


def held(channel: str, purpose: str, moment: datetime, *zones: str) -> str | None:
    where = LocalZones(zones, "recipient")
    until = check_timing(channel=channel, purpose=purpose, at=moment, zones=where).not_before
    return until and local(until, zones[0]).strftime("%a %d %H:%M")


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    ("clock", "channel", "expected"),
    [
        ("2024-02-29T21:59:59", "email", None),
        ("2024-02-29T22:00:00", "email", "Fri 01 08:00"),
        ("2024-02-29T22:00:00", "linkedin", "Fri 01 08:00"),
        ("2024-02-29T22:00:00", "whatsapp", "Fri 01 07:00"),
        ("2024-02-29T06:59:59", "email", "Thu 29 08:00"),
        ("2024-02-29T06:59:59", "instagram", "Thu 29 07:00"),
        ("2024-02-29T07:00:00", "email", None),
        ("2024-02-28T23:30:00", "email", "Thu 29 08:00"),
    ],
)
def test_quiet_hours_at_their_edges(
    zone: str, clock: str, channel: str, expected: str | None
) -> None:
    assert held(channel, "work_update", at(zone, clock), zone) == expected


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        ("2024-03-01T17:59:59", None),
        ("2024-03-01T18:00:00", "Mon 04 09:00"),
        ("2024-03-01T08:59:59", "Fri 01 09:00"),
        ("2024-03-02T12:00:00", "Mon 04 09:00"),
        ("2024-03-01T22:00:00", "Sat 02 08:00"),
    ],
)
def test_promotion_waits_for_business_hours(zone: str, clock: str, expected: str | None) -> None:
    assert held("email", "promotional", at(zone, clock), zone) == expected
    assert held("email", "no such purpose", at(zone, clock), zone) == expected


def test_next_allowed_applies_all_rules_until_nothing_moves() -> None:
    moment = at("Europe/London", "2024-03-01T23:00")
    zones = LocalZones(("Europe/London",), "recipient")
    until = next_allowed(channel="email", purpose="promotional", at=moment, zones=zones)
    assert local(until, "Europe/London").strftime("%a %H:%M") == "Mon 09:00"
    again = next_allowed(channel="email", purpose="promotional", at=until, zones=zones)
    assert again == until


@pytest.mark.parametrize(
    ("zone", "evening", "hours"),
    [
        ("America/New_York", "2024-03-09T23:00", 8),  # spring forward: a shorter night
        ("America/New_York", "2024-11-02T23:00", 10),  # fall back: a longer one
        ("Europe/London", "2024-03-30T23:00", 8),
        ("Europe/London", "2024-10-26T23:00", 10),
        ("Australia/Sydney", "2024-10-05T23:00", 8),
        ("Australia/Sydney", "2024-04-06T23:00", 10),
        ("Australia/Lord_Howe", "2024-10-05T23:00", 8.5),  # half an hour only
        ("Australia/Lord_Howe", "2024-04-06T23:00", 9.5),
        ("Asia/Kathmandu", "2024-03-30T23:00", 9),
    ],
)
def test_night_has_its_true_length_over_clock_changes(
    zone: str, evening: str, hours: float
) -> None:
    start = at(zone, evening).astimezone(UTC)
    zones = LocalZones((zone,), "recipient")
    until = next_allowed(channel="email", purpose="personal", at=start, zones=zones)
    assert until - start == timedelta(hours=hours)


def test_skipped_time_is_the_end_of_the_gap_and_doubled_time_its_first() -> None:
    gap = instant_of(date(2024, 3, 10), time(2, 30), "America/New_York")
    assert gap == at("America/New_York", "2024-03-10T03:00")
    fold = instant_of(date(2024, 11, 3), time(1, 30), "America/New_York")
    assert fold == datetime(2024, 11, 3, 5, 30, tzinfo=UTC)
    skipped_day = instant_of(date(2011, 12, 30), time(8), "Pacific/Apia")
    assert local(skipped_day, "Pacific/Apia").strftime("%d %H:%M") == "31 00:00"


def test_every_possible_zone_must_be_fine() -> None:
    moment = datetime(2024, 1, 15, 20, 0, tzinfo=UTC)
    zones = LocalZones(("Europe/London", "Asia/Tokyo"), "phone")
    until = next_allowed(channel="email", purpose="personal", at=moment, zones=zones)
    assert local(until, "Asia/Tokyo").hour >= 7
    assert not any(is_quiet(local(until, zone)) for zone in zones.zones)


def test_zones_that_never_agree_stay_held() -> None:
    zones = resolve_zones(phone="+79161234567")
    moment = datetime(2024, 1, 15, 12, 0, tzinfo=UTC)
    until = next_allowed(channel="email", purpose="promotional", at=moment, zones=zones)
    assert until - moment >= timedelta(days=15)


@pytest.mark.parametrize(
    ("given_zone", "phone", "expected"),
    [
        ("Asia/Kathmandu", "+12125550100", ("Asia/Kathmandu", "recipient")),
        ("", "+12125550100", ("America/New_York", "phone")),
        ("", "+1234567890", ("Europe/Paris", "workspace")),
        ("", "212 555 0100", ("Europe/Paris", "workspace")),
        ("", "+", ("Europe/Paris", "workspace")),
    ],
)
def test_zone_is_the_recipients_then_the_numbers_then_the_workspaces(
    given_zone: str, phone: str, expected: tuple[str, str]
) -> None:
    found = resolve_zones(timezone=given_zone, phone=phone, default="Europe/Paris")
    assert (found.zones[0], found.source) == expected


def test_number_of_a_wide_country_gives_every_zone() -> None:
    assert len(resolve_zones(phone="+61412345678").zones) > 3


@pytest.mark.parametrize(
    "name", ["Mars/Base", "utc/../x", "America", "localtime", "posix/UTC", "a" * 300, "UTC "]
)
def test_unknown_zone_is_an_error(name: str) -> None:
    with pytest.raises(ValueError, match="unknown time zone"):
        resolve_zones(timezone=name)


def test_naive_time_cannot_be_judged() -> None:
    with pytest.raises(ValueError, match="without an offset"):
        local(datetime(2024, 1, 1), "UTC")


@given(
    st.datetimes(datetime(2015, 1, 1), datetime(2035, 1, 1)),
    st.sampled_from(ZONES),
    st.sampled_from(["email", "whatsapp", "instagram", "linkedin"]),
    st.sampled_from(["promotional", "personal"]),
)
@settings(max_examples=200, deadline=None)
def test_next_allowed_is_allowed_and_never_early(
    moment: datetime, zone: str, channel: str, purpose: str
) -> None:
    start = moment.replace(tzinfo=UTC)
    zones = LocalZones((zone,), "recipient")
    until = next_allowed(channel=channel, purpose=purpose, at=start, zones=zones)
    assert until >= start
    assert not is_quiet(local(until, zone))
    assert purpose != "promotional" or is_business(local(until, zone))
    verdict = check_timing(channel=channel, purpose=purpose, at=until, zones=zones)
    assert verdict.not_before is None
