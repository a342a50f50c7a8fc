"""Joining can only tighten, in any order: the algebra by which no rule loosens another."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety.verdict import CoolingOff, Finding, Level, Verdict, join, sentences

NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)
times = st.none() | st.integers(0, 10_000).map(lambda minutes: NOON + timedelta(minutes=minutes))
verdicts = st.builds(
    Verdict,
    level=st.sampled_from(Level),
    not_before=times,
    findings=st.lists(
        st.builds(Finding, st.just("C"), st.text(max_size=3), st.just("warn"), st.just("m")),
        max_size=2,
    ).map(tuple),
)


def strictness(verdict):
    return verdict.level, verdict.not_before or datetime.min.replace(tzinfo=UTC)


@given(st.lists(verdicts, max_size=5), verdicts)
def test_one_more_rule_never_loosens(some, more):
    before, after = join(*some), join(*some, more)
    assert after.level >= before.level
    assert strictness(after)[1] >= strictness(before)[1]
    assert set(before.findings) <= set(after.findings)


@given(st.lists(verdicts, max_size=5), st.randoms())
def test_order_does_not_matter(some, random):
    shuffled = list(some)
    random.shuffle(shuffled)
    one, other = join(*some), join(*shuffled)
    assert strictness(one) == strictness(other)
    assert sorted(map(repr, one.findings)) == sorted(map(repr, other.findings))


@given(verdicts, verdicts, verdicts)
def test_joining_is_associative_and_idempotent(a, b, c):
    assert join(join(a, b), c) == join(a, join(b, c))
    assert strictness(join(a, a)) == strictness(a)


def test_nothing_joined_allows_at_once():
    assert join().may_leave(NOON)


def test_a_hold_lets_go_exactly_at_its_time():
    held = Verdict(not_before=NOON)
    assert not held.may_leave(NOON - timedelta(microseconds=1))
    assert held.may_leave(NOON)


def test_levels_are_stored_as_numbers_that_rise_with_strictness():
    assert [(level.name, level.value) for level in Level] == [
        ("ALLOW", 0),
        ("REVIEW", 1),
        ("BLOCK", 2),
    ]


@pytest.mark.parametrize(
    ("level", "leaves"), [(Level.ALLOW, True), (Level.REVIEW, True), (Level.BLOCK, False)]
)
def test_only_a_block_never_leaves(level, leaves):
    assert Verdict(level).may_leave(NOON) is leaves


def test_a_finding_is_stored_with_all_it_says():
    bare = Finding("C", "code", "pass", "words")
    assert bare.as_dict() == {
        "check": "C", "code": "code", "status": "pass", "message": "words",
        "family": "", "rule": "", "span": None, "text": "",
    }  # fmt: skip
    full = Finding("C", "code", "warn", "words", "law", "law.row", (3, 7), "shop")
    assert full.as_dict() == {
        "check": "C", "code": "code", "status": "warn", "message": "words",
        "family": "law", "rule": "law.row", "span": [3, 7], "text": "shop",
    }  # fmt: skip


def test_codes_are_what_warned_or_failed_and_blockers_what_failed():
    every = [Finding("C", s, s, "m") for s in ("pass", "info", "warn", "fail")]
    verdict = Verdict(findings=tuple(every))
    assert verdict.codes == ("warn", "fail")
    assert verdict.blockers == (every[3],)


def test_joining_keeps_every_rest():
    rests = [
        CoolingOff(cause, NOON, NOON + timedelta(hours=1)) for cause in ("daily_limit", "stop")
    ]
    joined = join(*(Verdict(cooling_off=(rest,)) for rest in rests))
    assert joined.cooling_off == tuple(rests)


@pytest.mark.parametrize(
    ("frozen", "name"), [(Verdict(), "level"), (Finding("C", "c", "pass", "m"), "status")]
)
def test_nobody_changes_a_verdict_after_it_was_given(frozen, name):
    with pytest.raises(FrozenInstanceError):
        setattr(frozen, name, "other")


def test_findings_are_told_in_sentences():
    told = [Finding("C", "c", "fail", words) for words in ("It is late", ".. page IX", "Wait...")]
    assert sentences(told) == "It is late. .. page IX. Wait."
    assert sentences([]) == ""


def test_levels_are_numbers_that_rise():
    assert [level.value for level in Level] == [0, 1, 2]
