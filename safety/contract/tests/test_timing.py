"""Hours at their edges, in the zones where clocks misbehave."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safety.contract.localtime import (
    LocalZones,
    clock_24,
    clock_words,
    distinct,
    instant_of,
    local,
    resolve_zones,
    zone_of,
    zones_of_number,
)
from safety.contract.timing import (
    check_timing,
    is_business,
    is_promotional,
    is_quiet,
    next_allowed,
)
from safety.verdict import Finding, Level

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
    assert timedelta(days=15) <= until - moment < timedelta(days=16)


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
    with pytest.raises(ValueError, match=r"^a time without an offset cannot be judged$"):
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


@pytest.mark.parametrize(
    ("channel", "purpose", "clock", "status", "code", "words"),
    [
        ("email", "personal", "12:00", "pass", "time", "12:00 PM - Within acceptable hours"),
        ("email", "promotional", "09:05", "pass", "time", "9:05 AM - Within acceptable hours"),
        ("email", "personal", "23:30", "warn", "quiet_hours", "11:30 PM - Quiet hours violation"),
        ("linkedin", "personal", "23:30", "warn", "quiet_hours",
         "11:30 PM - Quiet hours violation"),
        ("whatsapp", "personal", "00:05", "fail", "quiet_hours",
         "12:05 AM - Quiet hours violation"),
        ("instagram", "personal", "06:59", "fail", "quiet_hours",
         "6:59 AM - Quiet hours violation"),
        ("whatsapp", "promotional", "19:00", "warn", "business_hours",
         "7:00 PM - Outside business hours"),
    ],
)  # fmt: skip
def test_what_the_time_check_says_word_for_word(
    channel: str, purpose: str, clock: str, status: str, code: str, words: str
) -> None:
    moment = at("Europe/London", f"2024-03-01T{clock}")
    zones = LocalZones(("Europe/London",), "recipient")
    verdict = check_timing(channel=channel, purpose=purpose, at=moment, zones=zones)
    rule = "" if status == "pass" else f"time.{code}"
    assert verdict.level is Level.ALLOW
    assert verdict.findings == (Finding("TIME_CHECK", code, status, words, rule=rule),)


@pytest.mark.parametrize(
    "purpose", ["informational", "personal", "follow_up", "work_update", "transactional"]
)
def test_these_purposes_are_no_promotion(purpose: str) -> None:
    assert not is_promotional(purpose)
    assert is_promotional(purpose.upper())


@pytest.mark.parametrize(
    ("clock", "business"),
    [
        ("2024-03-01T08:59:59", False),
        ("2024-03-01T09:00:00", True),
        ("2024-03-01T17:59:59", True),
        ("2024-03-01T18:00:00", False),
        ("2024-03-02T12:00:00", False),
        ("2024-03-03T12:00:00", False),
        ("2024-03-04T12:00:00", True),
    ],
)
def test_business_hours_at_their_edges(clock: str, business: bool) -> None:
    assert is_business(datetime.fromisoformat(clock)) is business


def test_the_clock_told_is_that_of_the_zone_where_it_is_too_late() -> None:
    moment = datetime(2024, 1, 15, 15, 0, tzinfo=UTC)
    zones = LocalZones(("Europe/London", "Asia/Tokyo"), "phone")
    night = check_timing(channel="email", purpose="personal", at=moment, zones=zones)
    assert night.findings[0].message.startswith("12:00 AM")
    day = LocalZones(("Asia/Tokyo", "Asia/Seoul"), "phone")
    noon = check_timing(
        channel="email", purpose="personal", at=datetime(2024, 1, 15, 3, tzinfo=UTC), zones=day
    )
    assert noon.findings[0].message.startswith("12:00 PM")


def test_a_time_that_is_fine_is_given_back_as_it_is_and_a_hold_in_utc() -> None:
    zones = LocalZones(("Asia/Tokyo",), "recipient")
    noon = at("Asia/Tokyo", "2024-03-01T12:00")
    allowed = next_allowed(channel="email", purpose="personal", at=noon, zones=zones)
    assert allowed is noon
    night = at("Asia/Tokyo", "2024-03-01T23:00")
    held_until = next_allowed(channel="email", purpose="personal", at=night, zones=zones)
    assert held_until.tzinfo is UTC


@pytest.mark.parametrize(
    ("hour", "minute", "words"),
    [(0, 5, "12:05 AM"), (1, 0, "1:00 AM"), (11, 59, "11:59 AM"), (12, 0, "12:00 PM"),
     (13, 30, "1:30 PM"), (23, 59, "11:59 PM")],
)  # fmt: skip
def test_the_clock_in_words(hour: int, minute: int, words: str) -> None:
    assert clock_words(datetime(2024, 1, 1, hour, minute)) == words
    assert clock_24(datetime(2024, 1, 1, hour, minute)) == f"{hour:02}:{minute:02}"


@pytest.mark.parametrize(
    "name", ["posixrules", "Factory", "posix/Europe/Paris", "right/UTC", "localtime", "Europe//"]
)
def test_names_that_depend_on_the_machine_are_no_zones(name: str) -> None:
    with pytest.raises(ValueError) as caught:
        zone_of(name)
    assert str(caught.value) == (
        f"unknown time zone {name!r}; use an IANA name such as Europe/Paris"
    )


def test_the_error_quotes_a_long_name_only_in_part() -> None:
    for name in ("a" * 61, "Mars/" + "b" * 60, "!" * 61):
        with pytest.raises(ValueError) as caught:
            zone_of(name)
        assert str(caught.value) == (
            f"unknown time zone {name[:60]!r}; use an IANA name such as Europe/Paris"
        )


@pytest.mark.parametrize("name", ["UTC", "Etc/GMT+5", "America/Argentina/Ushuaia", "EST5EDT"])
def test_names_of_every_form_are_zones(name: str) -> None:
    assert zone_of(name).key == name


@pytest.mark.parametrize(
    ("phone", "zones"),
    [
        ("+12125550100", ("America/New_York",)),
        ("  +12125550100", ("America/New_York",)),
        ("12125550100", ()),
        ("+", ()),
        ("+1234567890", ()),  # well formed, of no area
        ("+88213300000000", ()),
        ("+8816123456789", ()),  # satellites have no zone
        ("+80012345678", ()),  # nor have numbers free of charge in every country
        ("", ()),
    ],
)
def test_zones_of_a_number(phone: str, zones: tuple[str, ...]) -> None:
    assert zones_of_number(phone) == zones


def test_without_anything_the_workspace_is_in_utc() -> None:
    assert resolve_zones() == LocalZones(("UTC",), "workspace")
    assert resolve_zones(phone="+12125550100").source == "phone"
    with pytest.raises(ValueError, match="unknown time zone"):
        resolve_zones(default="Mars/Base")


def test_zones_that_show_one_clock_are_asked_once() -> None:
    span = timedelta(days=15)
    many = LocalZones(("Europe/Paris", "Europe/Berlin", "Europe/London", "Europe/Rome"), "phone")
    assert distinct(many, at("UTC", "2024-01-10T12:00"), span) == ("Europe/Paris", "Europe/London")
    # New York changes its clock on 10 March, Bogotá never does: the same hour until then.
    pair = LocalZones(("America/Bogota", "America/New_York"), "phone")
    for day, names in [("02-20", 1), ("02-26", 2), ("03-04", 2), ("03-11", 2)]:
        assert len(distinct(pair, at("UTC", f"2024-{day}T12:00"), span)) == names
    # In 2024 Paraguay changed its clock on 24 March and Chile on 7 April: in between they differ.
    south = LocalZones(("America/Asuncion", "America/Santiago"), "phone")
    for day, days in (("2024-03-23", 15), ("2024-03-12", 30)):
        assert len(distinct(south, at("UTC", f"{day}T18:00"), timedelta(days=days))) == 2
    assert len(distinct(south, at("UTC", "2024-03-01T18:00"), timedelta(days=15))) == 1
    # A change in the first half only shows in the middle and at the end.
    back = LocalZones(("America/Bogota", "America/New_York"), "phone")
    assert len(distinct(back, at("UTC", "2024-10-20T12:00"), span)) == 2


@pytest.mark.parametrize(
    ("day", "clock", "zone", "instant"),
    [
        (date(2024, 3, 10), time(2), "America/New_York", "2024-03-10T07:00:00"),
        (date(2024, 3, 10), time(2, 59, 59), "America/New_York", "2024-03-10T07:00:00"),
        (date(2024, 3, 10), time(2, 7), "America/New_York", "2024-03-10T07:00:00"),
        (date(2024, 3, 10), time(3), "America/New_York", "2024-03-10T07:00:00"),
        (date(2024, 3, 10), time(1, 59, 59), "America/New_York", "2024-03-10T06:59:59"),
        (date(2024, 10, 6), time(2, 15), "Australia/Lord_Howe", "2024-10-05T15:30:00"),
        (date(2024, 4, 7), time(1, 45), "Australia/Lord_Howe", "2024-04-06T14:45:00"),
        (date(2011, 12, 30), time(8), "Pacific/Apia", "2011-12-30T10:00:00"),
        (date(2024, 3, 1), time(9), "Asia/Kathmandu", "2024-03-01T03:15:00"),
    ],
)
def test_the_first_instant_of_a_clock_to_the_second(
    day: date, clock: time, zone: str, instant: str
) -> None:
    found = instant_of(day, clock, zone)
    assert found == datetime.fromisoformat(instant).replace(tzinfo=UTC)
    assert found.tzinfo is UTC


def test_zones_that_change_their_clocks_days_apart_must_both_be_fine() -> None:
    thursday_night = datetime(2026, 3, 26, 22, tzinfo=UTC)  # Israel changes on Friday, Greece later
    zones = LocalZones(("Asia/Jerusalem", "Europe/Athens"), "recipient")
    verdict = check_timing(
        channel="whatsapp", purpose="informational", at=thursday_night, zones=zones
    )
    assert verdict.not_before == datetime(2026, 3, 27, 5, tzinfo=UTC)  # 07:00 in Athens
