"""Limits, rests, spacing and persistence, and that more contact never loosens them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safety.contract.frequency import LIMITS, Contact, check_frequency
from safety.contract.localtime import LocalZones
from safety.verdict import Level, Verdict

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
