"""Which of several findings count: weak ones in company, doubles once, warm words in chats."""

from __future__ import annotations

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
