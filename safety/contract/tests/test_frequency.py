"""Limits, rests, spacing and persistence, and that more contact never loosens them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safety.contract.frequency import (
    Contact,
    active_rests,
    check_frequency,
    held_by_stops,
    hours,
)
from safety.contract.limits import LIMITS
from safety.contract.localtime import LocalZones
from safety.verdict import CoolingOff, Finding, Level, Verdict

NOW = datetime(2024, 1, 15, 18, 0, tzinfo=UTC)
UTC_ONLY = LocalZones(("UTC",), "workspace")


def ago(
    platform: str = "email", direction: str = "out", content: str = "", **length: float
) -> Contact:
    return Contact(platform, NOW - timedelta(**length), direction, content=content)


def judge(
    *contacts: Contact,
    channel: str = "email",
    touch: str = "",
    text: str = "",
    zones: LocalZones = UTC_ONLY,
) -> Verdict:
    return check_frequency(
        channel=channel, touch=touch, at=NOW, zones=zones, contacts=contacts, text=text
    )


def codes(verdict: Verdict) -> set[str]:
    return set(verdict.codes) - {"count"}


@pytest.mark.parametrize(("channel", "limit"), LIMITS.items())
def test_message_that_reaches_the_limit_goes_and_starts_the_rest(channel: str, limit: int) -> None:
    past = [ago(channel, hours=i + 1) for i in range(limit - 1)]
    verdict = judge(*past, channel=channel)
    assert verdict.findings[0].text == f"{limit}/{limit}"
    assert verdict.not_before is None
    assert [(r.cause, r.until - NOW) for r in verdict.cooling_off] == [
        ("daily_limit", timedelta(hours=24))
    ]


@pytest.mark.parametrize(("channel", "limit"), LIMITS.items())
def test_message_over_the_limit_is_held_until_the_rest_is_over(channel: str, limit: int) -> None:
    past = [ago(channel, hours=i + 1) for i in range(limit)]
    verdict = judge(*past, channel=channel)
    assert "daily_limit" in codes(verdict)
    assert verdict.not_before == NOW - timedelta(hours=1) + timedelta(hours=24)
    assert verdict.level is Level.ALLOW


def test_unknown_channel_gets_the_strictest_limit() -> None:
    assert judge(channel="pigeon").findings[0].text == "1/2"


def test_day_is_the_recipients() -> None:
    past = [ago("whatsapp", hours=h) for h in (13, 14, 15, 16, 17)]
    tokyo = LocalZones(("Asia/Tokyo",), "recipient")
    assert judge(*past, channel="whatsapp").findings[0].text == "6/5"
    assert judge(*past, channel="whatsapp", zones=tokyo).findings[0].text == "1/5"
    both = LocalZones(("Asia/Tokyo", "UTC"), "phone")
    assert judge(*past, channel="whatsapp", zones=both).findings[0].text == "6/5"


def test_other_platform_within_a_day_is_held_two_days_and_rests() -> None:
    verdict = judge(ago("linkedin", hours=23))
    assert codes(verdict) == {"cross_platform"}
    assert verdict.not_before == NOW + timedelta(hours=48)
    assert [r.cause for r in verdict.cooling_off] == ["cross_platform"]


@pytest.mark.parametrize(
    "past",
    [[ago("linkedin", hours=24)], [ago("linkedin", hours=23), ago("linkedin", "in", hours=2)]],
)
def test_other_platform_long_ago_or_answered_is_fine(past: list[Contact]) -> None:
    assert not codes(judge(*past))


def test_running_rest_holds_every_channel_and_is_not_prolonged() -> None:
    rest = Contact(
        "", NOW - timedelta(hours=1), "cooling_off", NOW + timedelta(hours=47), "cross_platform"
    )
    verdict = judge(rest, ago("linkedin", hours=2), ago("email", "in", minutes=30))
    assert codes(verdict) == {"cooling_off"}
    assert verdict.not_before == rest.until
    attempt = judge(rest, ago("linkedin", hours=2))
    assert attempt.cooling_off == ()


def test_rest_that_is_over_holds_nothing() -> None:
    rest = Contact("email", NOW - timedelta(hours=48), "cooling_off", NOW, "cross_platform")
    assert not codes(judge(rest))


REACHED = ("whatsapp", 10.0, 10.25, 10.5, 10.75, 11.0)  # five of the day that ended in Tokyo
TOKYO = LocalZones(("Asia/Tokyo",), "recipient")


def sent(channel: str, *hours_ago: float) -> list[Contact]:
    return [ago(channel, hours=each) for each in hours_ago]


@pytest.mark.parametrize("channel", LIMITS)
def test_the_limit_of_yesterday_rests_a_day_on_every_channel(channel: str) -> None:
    past = [*sent(*REACHED), ago("whatsapp", "in", hours=9)]
    verdict = judge(*past, channel=channel, zones=TOKYO)
    assert codes(verdict) == {"cooling_off"}
    assert verdict.not_before == NOW + timedelta(hours=14)
    assert verdict.cooling_off == ()  # it has begun already
    assert judge(*past[1:], channel=channel, zones=TOKYO).not_before is None


def test_the_limit_of_another_channel_today_rests_as_well() -> None:
    past = [*sent("linkedin", 3, 2), ago("linkedin", "in", hours=1)]
    verdict = judge(*past)
    assert codes(verdict) == {"cooling_off"}
    assert verdict.not_before == NOW + timedelta(hours=22)


def test_a_limit_rests_for_a_day_from_the_message_that_reached_it() -> None:
    answer = ago("linkedin", "in", hours=20)
    assert not codes(judge(*sent("linkedin", 25, 24), answer))
    held = sent("linkedin", 25, 23.99)
    assert codes(judge(*held, answer)) == {"cooling_off"}
    dhaka = LocalZones(("Asia/Dhaka",), "recipient")  # midnight there lies between the two
    assert not codes(judge(*held, answer, zones=dhaka))
    both = LocalZones(("Asia/Dhaka", "UTC"), "phone")
    assert codes(judge(*held, answer, zones=both)) == {"cooling_off"}
    assert not codes(judge(*sent("linkedin", -1, 21), answer))  # what is still to come


def test_a_rest_that_is_stored_is_told_once() -> None:
    past = [*sent(*REACHED), ago("whatsapp", "in", hours=9)]
    began, until = NOW - timedelta(hours=10), NOW + timedelta(hours=14)
    stored = Contact("", began, "cooling_off", until, "daily_limit")
    verdict = judge(*past, stored, channel="whatsapp", zones=TOKYO)
    assert [each.code for each in verdict.findings] == ["count", "cooling_off"]
    rest = CoolingOff("daily_limit", began, until)
    for rows in (past, [*past, stored]):
        assert active_rests(channel="email", at=NOW, zones=TOKYO, contacts=rows) == (rest,)
    # The limit was reached once more while an earlier rest was running: that one ends too soon.
    early = Contact("", NOW - timedelta(hours=23), "cooling_off", NOW + timedelta(hours=1), "x")
    assert judge(*past, early, zones=TOKYO).not_before == until


def test_request_to_stop_rests_three_days() -> None:
    verdict = judge(ago(direction="in", content="Please stop emailing me", hours=1))
    assert codes(verdict) == {"cooling_off"}
    assert verdict.not_before == NOW + timedelta(hours=71)
    assert not codes(judge(ago(direction="in", content="Please stop emailing me", hours=72)))
    assert not codes(judge(ago(direction="in", content="Please don't stop", hours=1)))


def test_four_days_without_a_reply_is_persistent() -> None:
    past = [ago(days=d) for d in (2, 5, 9, 12)]
    assert judge(*past).level is Level.BLOCK
    assert judge(*past[:3]).level is not Level.BLOCK
    assert judge(*past, ago(direction="in", days=1)).level is Level.ALLOW
    assert judge(*past[:3], ago(days=31)).level is not Level.BLOCK


def test_follow_up_by_word_or_touch_warns_after_two_unanswered() -> None:
    past = [ago(days=1), ago(days=3)]
    assert "follow_ups" in codes(judge(*past, touch="follow_up"))
    assert "follow_ups" in codes(judge(*past, text="Just following up on my last mail"))
    assert "follow_ups" not in codes(judge(*past, text="Here is the plan"))
    assert "follow_ups" not in codes(judge(past[0], touch="follow_up"))


def test_gaps_that_shrink_three_times_warn() -> None:
    shrinking = [ago(hours=60), ago(hours=30), ago(hours=10)]
    assert "rising_frequency" in codes(judge(*shrinking))
    assert "rising_frequency" not in codes(judge(*shrinking[1:]))
    even = [ago(hours=30), ago(hours=20), ago(hours=10)]
    assert "rising_frequency" not in codes(judge(*even))


def test_whatsapp_keeps_half_an_hour_between_unanswered_messages() -> None:
    verdict = judge(ago("whatsapp", minutes=29), channel="whatsapp")
    assert codes(verdict) == {"spacing"}
    assert verdict.not_before == NOW + timedelta(minutes=1)
    assert not codes(judge(ago("whatsapp", minutes=30), channel="whatsapp"))
    answered = [ago("whatsapp", minutes=29), ago("whatsapp", "in", minutes=5)]
    assert not codes(judge(*answered, channel="whatsapp"))


contacts = st.builds(
    Contact,
    platform=st.sampled_from(list(LIMITS)),
    at=st.integers(0, 40 * 24 * 60).map(lambda m: NOW - timedelta(minutes=m)),
    direction=st.sampled_from(["out", "out", "out", "in"]),
)


@given(st.lists(contacts, max_size=12), contacts, st.sampled_from(list(LIMITS)))
@settings(max_examples=300, deadline=None)
def test_one_more_message_of_ours_never_loosens(
    past: list[Contact], more: Contact, channel: str
) -> None:
    sent = Contact(more.platform, more.at, "out")
    before, after = judge(*past, channel=channel), judge(*past, sent, channel=channel)
    # The shape of the gaps may change with one more message; every other rule can only tighten.
    lost = codes(before) - codes(after) - {"rising_frequency"}
    assert not lost
    assert (after.not_before or NOW) >= (before.not_before or NOW)
    assert after.level >= before.level or "rising_frequency" in codes(before)


@given(st.permutations([ago(days=d) for d in (1, 3, 5)] + [ago("whatsapp", "in", days=4)]))
@settings(deadline=None)
def test_order_of_the_history_does_not_matter(past: list[Contact]) -> None:
    assert judge(*past) == judge(*sorted(past, key=lambda c: c.at))


def said(verdict: Verdict, code: str) -> Finding:
    return next(finding for finding in verdict.findings if finding.code == code)


STOP = ago(direction="in", content="Please stop emailing me", hours=1)
STORED = Contact("", NOW - timedelta(hours=1), "cooling_off", NOW + timedelta(hours=47))
FINDINGS = [
    # past, channel, finding
    ([], "email", Finding("FREQUENCY_CHECK", "count", "pass",
     "Recipient contact count: 1/3 daily limit", text="1/3")),
    ([ago(hours=n) for n in (1, 2, 3)], "email", Finding("FREQUENCY_CHECK", "count", "fail",
     "Recipient contact count: 4/3 daily limit", text="4/3")),
    ([ago(hours=n) for n in (1, 2, 3)], "email", Finding("ABUSE_PATTERN", "daily_limit", "fail",
     "Daily limit exceeded", rule="frequency.daily_limit")),
    ([STORED], "email", Finding("ABUSE_PATTERN", "cooling_off", "fail",
     "Cooling-off period in force (48 hours)", rule="frequency.cooling_off.stored")),
    ([STOP], "email", Finding("ABUSE_PATTERN", "cooling_off", "fail",
     "Cooling-off period in force (72 hours)", rule="frequency.cooling_off.stop")),
    ([ago("linkedin", hours=2)], "email", Finding("ESCALATION_CHECK", "cross_platform", "fail",
     "Cross-platform escalation detected", rule="frequency.cross_platform")),
    ([ago(days=d) for d in (2, 5, 9, 12)], "email", Finding("ABUSE_PATTERN", "persistent_contact",
     "fail", "Persistent contact after no response", rule="frequency.persistent_contact")),
    ([ago(hours=60), ago(hours=30), ago(hours=10)], "email", Finding("ESCALATION_CHECK",
     "rising_frequency", "warn", "Increasing contact frequency detected",
     rule="frequency.rising")),
    ([ago("whatsapp", minutes=29)], "whatsapp", Finding("ESCALATION_CHECK", "spacing", "warn",
     "Less than 30 minutes since the last message", rule="frequency.spacing")),
]  # fmt: skip


@pytest.mark.parametrize(("past", "channel", "finding"), FINDINGS)
def test_what_each_limit_says_word_for_word(
    past: list[Contact], channel: str, finding: Finding
) -> None:
    assert said(judge(*past, channel=channel), finding.code) == finding


def test_a_follow_up_is_a_warning_and_over_the_limit_a_failure() -> None:
    def follow_up(status: str) -> Finding:
        return Finding(
            "ESCALATION_CHECK",
            "follow_ups",
            status,
            "Multiple follow-ups detected",
            rule="frequency.follow_ups",
        )

    warned = judge(ago(days=1), ago(days=3), touch="follow_up")
    assert (warned.level, said(warned, "follow_ups")) == (Level.REVIEW, follow_up("warn"))
    failed = judge(*(ago(hours=n) for n in (1, 2, 3)), touch="follow_up")
    assert said(failed, "follow_ups") == follow_up("fail")


def test_rising_contact_is_looked_at_by_a_person() -> None:
    assert judge(ago(hours=60), ago(hours=30), ago(hours=10)).level is Level.REVIEW


@pytest.mark.parametrize(
    ("gaps", "rises"),
    [
        ((60, 30, 10), True),  # 30, 20, 10
        ((60, 30, 15), False),  # 30, 15, 15: the last is no shorter
        ((45, 30, 10), False),  # 15, 20, 10
        ((100, 60, 30, 10), True),  # only the last three gaps count
        ((65, 60, 30, 10), True),  # 5, 30, 20, 10: the first is not looked at
    ],
)
def test_only_three_shrinking_gaps_in_a_row_rise(gaps: tuple[int, ...], rises: bool) -> None:
    assert ("rising_frequency" in codes(judge(*(ago(hours=h) for h in gaps)))) is rises


def test_the_future_is_no_past() -> None:
    later = Contact("email", NOW + timedelta(hours=1), "in")
    past = [ago(days=d) for d in (2, 5, 9, 12)]
    assert judge(*past, later).level is Level.BLOCK  # an answer that has not come yet
    sent = [Contact("email", NOW + timedelta(minutes=n), "out") for n in (1, 2)]
    assert "follow_ups" not in codes(judge(*sent, touch="follow_up"))


def test_what_happens_at_this_very_moment_counts() -> None:
    assert "spacing" in codes(judge(ago("whatsapp", hours=0), channel="whatsapp"))
    answered = [ago("whatsapp", hours=0), ago("whatsapp", "in", hours=0)]
    assert "spacing" not in codes(judge(*answered, channel="whatsapp"))
    assert judge(*(ago(days=d) for d in (2, 5, 9, 12)), ago(direction="in")).level is Level.ALLOW


def test_only_what_we_sent_on_this_channel_counts_for_its_day() -> None:
    past = [ago(hours=1), ago("linkedin", hours=2), ago(direction="in", hours=3), ago(hours=18)]
    assert judge(*past).findings[0].text == "3/3"  # 18 hours ago is midnight, still today
    assert judge(ago(hours=19)).findings[0].text == "1/3"


def test_the_fullest_day_of_all_zones_decides() -> None:
    past = [ago(hours=h) for h in (10, 11, 12)]  # in Tokyo all of it was yesterday
    both = LocalZones(("UTC", "Asia/Tokyo"), "phone")
    assert "daily_limit" in codes(judge(*past, zones=both))
    assert "daily_limit" not in codes(judge(*past, zones=LocalZones(("Asia/Tokyo",), "phone")))
    split = [ago(days=d) for d in (2, 5, 9)] + [ago(days=9, hours=-4)]  # 18:00 and 22:00 UTC
    assert judge(*split, zones=LocalZones(("UTC",), "phone")).level is not Level.BLOCK
    dubai = LocalZones(("UTC", "Asia/Dubai"), "phone")  # 22:00 and 02:00 of the next day
    assert judge(*split, zones=dubai).level is Level.BLOCK


def test_over_the_limit_waits_for_the_rest_and_for_the_next_day() -> None:
    early = NOW.replace(hour=1)
    past = [Contact("email", early - timedelta(minutes=n), "out") for n in (10, 20, 30)]
    verdict = check_frequency(channel="email", touch="", at=early, zones=UTC_ONLY, contacts=past)
    assert verdict.not_before == early - timedelta(minutes=10) + timedelta(hours=24)
    # A rest that ends before the day does: the clock goes back, and the day has 25 hours.
    new_york = LocalZones(("America/New_York",), "recipient")
    first = datetime(2024, 11, 3, 4, 0, 30, tzinfo=UTC)  # half a minute after midnight there
    past = [Contact("email", first - timedelta(seconds=n), "out") for n in range(3)]
    noon = first + timedelta(hours=12)
    verdict = check_frequency(channel="email", touch="", at=noon, zones=new_york, contacts=past)
    assert verdict.not_before == datetime(2024, 11, 4, 5, tzinfo=UTC)


def test_more_than_four_days_of_thirty_is_persistent_to_the_day() -> None:
    past = [ago(days=d) for d in (2, 5, 9)]
    assert judge(*past, ago(days=30)).level is Level.BLOCK
    assert judge(*past, ago(days=30, seconds=1)).level is not Level.BLOCK
    assert judge(*past, ago(days=9, hours=1)).level is not Level.BLOCK  # the same day twice


def test_another_platform_at_the_edge_of_a_day() -> None:
    assert "cross_platform" in codes(judge(ago("linkedin", hours=23, minutes=59, seconds=59)))
    assert "cross_platform" not in codes(judge(ago("linkedin", hours=24)))


def test_a_rest_for_another_platform_is_held_from_the_latest_attempt() -> None:
    rest = Contact(
        "", NOW - timedelta(hours=1), "cooling_off", NOW + timedelta(minutes=1), "cross_platform"
    )
    verdict = judge(rest, ago("linkedin", hours=9), ago("whatsapp", hours=2))
    assert verdict.not_before == NOW + timedelta(hours=22)
    other = Contact("", NOW, "cooling_off", NOW + timedelta(minutes=1), "daily_limit")
    assert [r.until for r in judge(other, ago("linkedin", hours=2)).cooling_off] == [
        NOW + timedelta(hours=48)
    ]


def test_rests_hold_from_their_beginning_until_before_their_end() -> None:
    def rest(begins: float, ends: float) -> Contact:
        return Contact(
            "", NOW + timedelta(seconds=begins), "cooling_off", NOW + timedelta(seconds=ends), "x"
        )

    assert "cooling_off" in codes(judge(rest(0, 60)))
    assert "cooling_off" in codes(judge(rest(-60, 1)))
    assert "cooling_off" not in codes(judge(rest(1, 60)))
    assert "cooling_off" not in codes(judge(rest(-60, 0)))


def test_a_rest_without_an_end_holds_nothing() -> None:
    assert not codes(judge(Contact("", NOW - timedelta(hours=1), "cooling_off", None, "x")))


def test_only_what_they_wrote_asks_us_to_stop() -> None:
    assert not codes(judge(ago(content="Please stop emailing me", hours=1)))
    assert not codes(judge(ago(direction="in", hours=1)))


def test_every_rest_that_runs_is_named() -> None:
    def rests(*past: Contact) -> tuple[CoolingOff, ...]:
        return active_rests(channel="email", at=NOW, zones=UTC_ONLY, contacts=past)

    assert rests() == ()
    assert rests(ago(hours=1), ago(hours=2)) == ()
    last = NOW - timedelta(hours=1)
    limit = CoolingOff("daily_limit", last, last + timedelta(hours=24))
    sent = [ago(hours=n) for n in (2, 1, 3)]
    assert rests(*sent) == (limit,)
    stored = CoolingOff("stored", STORED.at, NOW + timedelta(hours=47))
    assert rests(*sent, STORED) == (stored, limit)
    assert rests(STOP) == (CoolingOff("stop", STOP.at, STOP.at + timedelta(hours=72)),)


@pytest.mark.parametrize(
    ("cause", "held"),
    [("stop", True), ("stop_request", True), ("daily_limit", False), ("cross_platform", False)],
)
def test_only_a_request_to_stop_holds_whatever_is_declared(cause: str, held: bool) -> None:
    until = NOW + timedelta(hours=70)
    rest = Contact("", NOW - timedelta(hours=2), "cooling_off", until, cause)
    verdict = held_by_stops([*[ago(hours=n) for n in (1, 2, 3)], rest], NOW)
    assert verdict.not_before == (until if held else None)
    assert codes(verdict) == ({"cooling_off"} if held else set())
    assert held_by_stops([STOP, rest], NOW).not_before is not None


@pytest.mark.parametrize(
    ("length", "whole"),
    [(0, 0), (1, 1), (3600, 1), (3601, 2), (7200, 2), (259_200, 72)],
)
def test_hours_are_rounded_up(length: int, whole: int) -> None:
    assert hours(timedelta(seconds=length)) == whole


@pytest.mark.parametrize(
    ("channel", "limit"), [("whatsapp", 5), ("email", 3), ("instagram", 2), ("linkedin", 2)]
)
def test_the_limits_are_those_of_the_seed(channel: str, limit: int) -> None:
    assert judge(channel=channel).findings[0].text == f"1/{limit}"


def test_silence_begins_with_their_last_reply_not_their_first() -> None:
    past = [
        ago(days=5),
        ago(direction="in", days=4),
        ago(days=3),
        ago(days=2, hours=22),
        ago(direction="in", days=2),
    ]
    assert codes(judge(*past, touch="follow_up")) == set()
    assert codes(judge(*past[:-1], touch="follow_up")) == {"follow_ups"}


def test_each_rest_that_a_message_begins_runs_from_now() -> None:
    reached = judge(ago(hours=5), ago(hours=6))
    assert reached.cooling_off == (CoolingOff("daily_limit", NOW, NOW + timedelta(hours=24)),)
    elsewhere = judge(ago("linkedin", hours=2))
    rest = CoolingOff("cross_platform", NOW, NOW + timedelta(hours=48))
    assert elsewhere.cooling_off == (rest,)


def test_a_rest_that_runs_for_another_platform_is_told_and_none_begun() -> None:
    running = Contact("", NOW, "cooling_off", NOW + timedelta(hours=48), "cross_platform")
    verdict = judge(running, ago("linkedin", hours=2))
    assert codes(verdict) == {"cross_platform", "cooling_off"}
    assert verdict.cooling_off == ()
    assert verdict.not_before is not None and verdict.not_before.tzinfo is UTC


def test_a_hold_is_told_in_utc_wherever_its_rest_was_written() -> None:
    until = (NOW + timedelta(hours=3)).astimezone(timezone(timedelta(hours=9)))
    verdict = judge(Contact("", NOW, "cooling_off", until, "x"))
    assert verdict.not_before == NOW + timedelta(hours=3)
    assert verdict.not_before.tzinfo is UTC


def test_a_zone_where_the_limit_is_not_reached_holds_nothing() -> None:
    zones = LocalZones(("Asia/Tokyo", "UTC"), "phone")
    verdict = judge(*(ago(hours=h) for h in (15, 16, 17)), zones=zones)
    assert verdict.not_before == NOW + timedelta(hours=9)  # a day after the third


def test_on_the_longest_day_the_rest_does_not_end_before_the_day_anywhere() -> None:
    night = datetime(2024, 11, 3, 5, 10, tzinfo=UTC)  # the clocks go back in this night
    past = [Contact("email", night + timedelta(minutes=m), "out") for m in (0, 10, 20)]

    def until(*zones: str) -> datetime | None:
        at = datetime(2024, 11, 4, 3, tzinfo=UTC)
        where = LocalZones(zones, "phone")
        return check_frequency(
            channel="email", touch="", at=at, zones=where, contacts=past
        ).not_before

    assert until("America/New_York") == night + timedelta(hours=24, minutes=20)
    assert until("America/Chicago") == datetime(2024, 11, 4, 6, tzinfo=UTC)
    assert until("America/New_York", "America/Chicago") == datetime(2024, 11, 4, 6, tzinfo=UTC)


def test_of_several_days_the_rest_of_the_last_message_counts() -> None:
    """UTC's day is over before Tokyo's: what was sent then counts there alone."""
    zones = LocalZones(("UTC", "Asia/Tokyo"), "phone")
    past = [ago(hours=h) for h in (1, 1.5, 2)]
    late = Contact("email", NOW + timedelta(hours=7), "out")
    begun = CoolingOff("daily_limit", late.at, late.at + timedelta(hours=24))
    assert active_rests(channel="email", at=NOW, zones=zones, contacts=[*past, late]) == (begun,)


def test_only_messages_of_the_channel_itself_are_too_near() -> None:
    past = [ago("whatsapp", minutes=40), ago("email", minutes=5)]
    assert "spacing" not in codes(judge(*past, channel="whatsapp"))
    near = [ago("whatsapp", minutes=29), ago("email", minutes=40)]
    assert "spacing" in codes(judge(*near, channel="whatsapp"))


def test_of_a_long_silence_the_last_three_gaps_tell_whether_they_shrink() -> None:
    past = [ago(hours=h) for h in (91, 90, 50, 20)]
    assert "rising_frequency" in codes(judge(*past))
    assert "rising_frequency" not in codes(judge(*past[:-1], ago(hours=26)))
