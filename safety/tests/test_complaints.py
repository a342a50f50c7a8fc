"""The complaint guard: a sign is looked at, a rate pauses promotion, and the pause has an end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety import gate
from safety.complaints import check_complaints
from safety.gate import Moment
from safety.tests.test_gate import GOOD, NOON
from safety.verdict import Level

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
