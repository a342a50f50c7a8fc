"""Which of several findings count: weak ones in company, doubles once, warm words in chats."""

from __future__ import annotations

from dataclasses import replace

import pytest

from safety.contract.hits import Hit, weighed
from safety.contract.rulebook import Rule


def hit(
    start: int, end: int, quote: str = "", *, weak: bool = True, field: str = "text",
    family: str = "guilt_induction", name: str = "",
) -> Hit:  # fmt: skip
    rule = Rule(name or f"x.{start}", family, "warn", "So.", "a test", ("words",), weak=weak)
    return Hit(rule, field, start, end, quote or f"{start} to {end}", "warn")


SURE_TONE = {"weak": False, "family": "tone"}


@pytest.mark.parametrize(
    ("hits", "counts"),
    [
        ([hit(0, 10)], False),
        ([hit(0, 10), hit(20, 30)], True),
        ([hit(0, 10), hit(10, 20)], True),
        ([hit(0, 10), hit(9, 20)], False),
        ([hit(0, 10), hit(20, 30, "0 TO 10")], False),  # the same words again
        ([hit(0, 20), hit(5, 8), hit(10, 15)], False),  # all within the first
        ([hit(0, 20), hit(5, 8), hit(20, 25)], True),
        ([hit(0, 5), hit(0, 5, "other", field="subject")], True),
        ([hit(0, 5), hit(1, 5), hit(0, 5, "other", field="subject")], True),
        ([hit(0, 10), hit(20, 30, weak=False)], True),
        ([hit(0, 10), hit(20, 30, **SURE_TONE)], False),
        ([hit(0, 10, **SURE_TONE), hit(20, 30, **SURE_TONE)], True),
    ],
)
def test_a_weak_sign_counts_beside_another_or_a_sure_one(hits: list[Hit], counts: bool) -> None:
    left = weighed(hits, "email")
    assert set(left) == {one for one in hits if counts or not one.rule.weak}


def test_one_rule_on_one_stretch_is_one_finding() -> None:
    sure = {"weak": False, "name": "x.one"}
    whole, part, later = hit(0, 10, **sure), hit(2, 10, **sure), hit(5, 11, **sure)
    assert weighed([part, later, whole], "email") == (whole, later)
    subject = hit(2, 10, field="subject", **sure)
    assert weighed([whole, subject], "email") == (subject, whole)


@pytest.mark.parametrize(
    ("words", "signs", "counts"), [(50, 2, True), (51, 2, False), (51, 3, True), (0, 2, True)]
)
def test_in_more_than_fifty_words_three_weak_signs_are_needed(
    words: int, signs: int, counts: bool
) -> None:
    hits = [hit(start * 10, start * 10 + 5) for start in range(signs)]
    assert bool(weighed(hits, "email", words=words)) is counts


WARM = {"weak": False, "family": "inappropriate_intimacy"}


@pytest.mark.parametrize(
    ("channel", "warm", "counts"),
    [("sms", 1, 0), ("whatsapp", 1, 0), ("sms", 2, 2), ("whatsapp", 2, 2), ("email", 1, 1)],
)
def test_among_people_who_chat_one_warm_sentence_is_none(
    channel: str, warm: int, counts: int
) -> None:
    hits = [hit(at * 10, at * 10 + 5, **WARM) for at in range(warm)]
    other = hit(90, 95, **SURE_TONE)
    left = weighed([*hits, other], channel)
    assert other in left and len(left) == counts + 1


def test_pressure_beside_a_failure_fails_and_is_the_same_otherwise() -> None:
    pressure = hit(3, 9, "hurry", weak=False, field="subject", family="pressure_tactics")
    (alone,) = weighed([pressure], "email")
    failing = hit(20, 30, **SURE_TONE)
    failing = replace(failing, status="fail")
    both = weighed([pressure, failing], "email")
    assert alone == pressure and set(both) == {replace(pressure, status="fail"), failing}


def test_of_one_rule_at_one_place_the_longest_counts() -> None:
    sure = {"weak": False, "name": "x.one"}
    short, long = hit(0, 5, "0 to 5", **sure), hit(0, 10, "0 to 10", **sure)
    assert weighed([short, long], "email") == weighed([long, short], "email") == (long,)
