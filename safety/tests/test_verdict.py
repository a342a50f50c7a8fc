"""Joining can only tighten, in any order: the algebra by which no rule loosens another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from safety.verdict import Finding, Level, Verdict, join

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
