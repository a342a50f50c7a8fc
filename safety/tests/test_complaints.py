"""The complaint guard: a sign is looked at, a rate pauses promotion, and the pause has an end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety import gate
from safety.complaints import check_complaints, judge_rate
from safety.gate import Moment
from safety.law.table import Guard
from safety.tests.test_gate import GOOD, NOON
from safety.verdict import Finding, Level

AD = replace(GOOD, purpose="promotional")


def complained(count, *, days=1.0):
    return tuple(NOON - timedelta(days=days, minutes=n) for n in range(count))


def judge(count, left, *, facts=AD, moment=Moment.SENDING, days=1.0):
    asked = replace(facts, complaints=complained(count, days=days), left_count=left)
    return check_complaints(asked, moment, NOON)


CASES = [
    # complaints, messages that left, "" | "look" | "pause"
    (0, 0, ""),
    (0, 100_000, ""),
    (1, 10, "look"),  # one of ten is a sign, no rate
    (2, 10, "look"),
    (3, 10, "pause"),
    (1, 1_000, "look"),
    (1, 1_001, ""),
    (2, 2_000, "look"),
    (2, 2_001, ""),
    (3, 1_000, "pause"),
    (3, 1_001, "look"),
    (9, 3_000, "pause"),
    (9, 3_001, "look"),
    (300, 100_000, "pause"),
    (299, 100_000, "look"),
    (99, 100_000, ""),
    (5, 0, "pause"),  # more complaints than messages: our count of messages is short
]


@pytest.mark.parametrize(("count", "left", "what"), CASES)
def test_when_it_warns_and_when_it_pauses(count, left, what):
    verdict = judge(count, left)
    assert verdict.level is (Level.REVIEW if what else Level.ALLOW)
    assert (verdict.not_before is not None) is (what == "pause")


@pytest.mark.parametrize("moment", list(Moment))
def test_only_promotion_waits_and_only_at_sending(moment):
    paused = judge(30, 100, moment=moment)
    assert (paused.not_before is not None) is (moment is Moment.SENDING)
    assert "paused" in paused.findings[0].message
    plain = judge(30, 100, facts=GOOD, moment=moment)
    assert (plain.level, plain.not_before) == (Level.REVIEW, None)


def test_complaints_older_than_thirty_days_are_forgotten():
    assert judge(3, 10, days=30).level is Level.ALLOW
    assert judge(3, 10, days=29.9).not_before is not None


def test_the_pause_ends_when_enough_complaints_have_aged():
    facts = replace(AD, complaints=complained(4), left_count=10)
    until = check_complaints(facts, Moment.SENDING, NOON).not_before
    assert until == sorted(facts.complaints)[1] + timedelta(days=30)
    assert check_complaints(facts, Moment.SENDING, until - timedelta(seconds=1)).not_before == until
    after = check_complaints(facts, Moment.SENDING, until)
    assert (after.level, after.not_before) == (Level.REVIEW, None)


def test_the_gate_finds_the_end_of_the_pause():
    facts = replace(AD, complaints=complained(4), left_count=10)
    verdict, leaves_at = gate.earliest(facts, Moment.SENDING, NOON)
    assert leaves_at > NOON + timedelta(days=28)
    assert "complaints_paused" in verdict.codes


@given(st.integers(0, 40), st.integers(0, 20_000))
def test_one_more_complaint_never_loosens(count, left):
    fewer, more = judge(count, left), judge(count + 1, left)
    assert more.level >= fewer.level
    assert (more.not_before is not None) >= (fewer.not_before is not None)


@pytest.mark.parametrize(
    ("count", "moment", "code", "status", "words"),
    [
        (1, "sending", "complaints", "warn",
         "1 of 10 messages of the last 30 days drew a complaint; look twice"),
        (3, "approval", "complaints_paused", "warn",
         "3 of 10 messages of the last 30 days drew a complaint: promotion is paused and this will "
         "wait"),
        (3, "sending", "complaints_paused", "fail",
         "3 of 10 messages of the last 30 days drew a complaint: promotion is paused until "
         "2026-04-09 UTC"),
    ],
)  # fmt: skip
def test_what_the_guard_says_word_for_word(count, moment, code, status, words):
    verdict = judge(count, 10, moment=Moment(moment))
    assert verdict.findings == (Finding("COMPLAINT_CHECK", code, status, words),)


def test_complaints_of_the_future_do_not_count_and_those_of_now_do():
    assert judge(3, 10, days=-1).level is Level.ALLOW
    now = replace(AD, complaints=(NOON,), left_count=10)
    assert check_complaints(now, Moment.SENDING, NOON).level is Level.REVIEW


def test_the_message_count_is_at_least_that_of_the_complaints():
    assert "5 of 5 messages" in judge(5, 0).findings[0].message


def test_complaints_in_any_order_end_at_the_same_time():
    ends = {
        judge_rate(order, 10, at=NOON).not_before for order in (complained(5), complained(5)[::-1])
    }
    assert len(ends) == 1


def test_another_guard_has_its_own_days_and_rates():
    guard = Guard(days=2, warn=0.5, pause=0.8, least=1, source="x")
    seen = [judge_rate(complained(count), 10, at=NOON, guard=guard) for count in (4, 5, 7, 8)]
    assert [v.level for v in seen] == [Level.ALLOW, *[Level.REVIEW] * 3]
    assert [v.not_before is not None for v in seen] == [False, False, False, True]
    assert judge_rate(complained(9, days=2), 10, at=NOON, guard=guard).level is Level.ALLOW


def test_rates_are_rounded_before_they_are_compared():
    guard = Guard(days=30, warn=0.1, pause=0.3, least=1, source="x")  # 0.1 * 30 is 3.0000000000004
    assert judge_rate(complained(3), 30, at=NOON, guard=guard).level is Level.REVIEW
    assert judge_rate(complained(2), 30, at=NOON, guard=guard).level is Level.ALLOW
    assert judge_rate(complained(9), 30, at=NOON, guard=guard).not_before is not None
