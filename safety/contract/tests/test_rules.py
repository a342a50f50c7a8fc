"""Every rule finds what it says it finds and leaves alone what it says it leaves alone."""

from __future__ import annotations

import pytest
import re2

from safety.contract.content import find
from safety.contract.negated import is_negated
from safety.contract.normalise import fold
from safety.contract.rewrite import rewrite
from safety.contract.rulebook import (
    CHECK_OF,
    SIGNALS,
    Rule,
    RuleError,
    book,
    own_word,
    rule_of,
    shipped,
)
from safety.contract.signs import DETECTORS, is_heading


def found_by(rule: Rule, text: str) -> bool:
    folded = fold(text)
    if rule.where == "heading" and not is_heading(folded.cased):
        return False
    if rule.detector:
        return bool(DETECTORS[rule.detector](folded))
    return any(
        not (rule.negatable and is_negated(folded.text, *found.span()))
        for pattern in rule.patterns
        for found in re2.compile(f"(?m){pattern}").finditer(folded.text)
    )


MUST = [(rule, text) for rule in shipped() for text in rule.match]
MUST_NOT = [(rule, text) for rule in shipped() for text in rule.no_match]


@pytest.mark.parametrize(
    ("rule", "text"), MUST, ids=lambda v: v.id if isinstance(v, Rule) else v[:30]
)
def test_rule_finds_its_example(rule: Rule, text: str) -> None:
    assert found_by(rule, text)


@pytest.mark.parametrize(
    ("rule", "text"),
    [pair for pair in MUST if "'" in pair[1] and pair[0].family not in SIGNALS],
    ids=lambda v: v.id if isinstance(v, Rule) else v[:30],
)
@pytest.mark.parametrize("mark", ["", "`", "\N{RIGHT SINGLE QUOTATION MARK}", "\N{ACUTE ACCENT}"])
def test_rule_finds_its_example_whatever_stands_for_the_apostrophe(
    rule: Rule, text: str, mark: str
) -> None:
    assert found_by(rule, text.replace("'", mark))


@pytest.mark.parametrize(
    ("rule", "text"), MUST_NOT, ids=lambda v: v.id if isinstance(v, Rule) else v[:30]
)
def test_rule_leaves_its_counter_example_alone(rule: Rule, text: str) -> None:
    assert not found_by(rule, text)


@pytest.mark.parametrize("rule", shipped(), ids=lambda rule: rule.id)
def test_rule_has_examples_both_ways_and_a_source(rule: Rule) -> None:
    assert rule.match and rule.no_match
    assert rule.source and rule.explanation.endswith(".")


def test_every_family_has_a_rule() -> None:
    families = {rule.family for rule in shipped()} | {"rising_intensity"}
    assert families == set(CHECK_OF) | SIGNALS


@pytest.mark.parametrize(
    "row",
    [
        {"id": "x", "family": "nonsense", "severity": "warn", "explanation": "a", "source": "b"},
        {"id": "x", "family": "tone", "severity": "warn", "explanation": "a", "source": "b"},
        {
            "id": "x",
            "family": "tone",
            "severity": "loud",
            "explanation": "a",
            "source": "b",
            "patterns": ["a"],
        },
        {"id": "x", "family": "tone", "severity": "warn", "colour": "red"},
    ],
)
def test_rule_file_with_a_wrong_row_is_refused(row: dict[str, object]) -> None:
    with pytest.raises(RuleError):
        rule_of(row)


def test_workspace_word_is_found_in_addition() -> None:
    text = "This is a Synergy  Booster for you."
    assert not find(channel="email", text=text)
    hits = find(channel="email", text=text, extra=("synergy booster",))
    assert [(hit.family, hit.quote) for hit in hits] == [("tone", "Synergy  Booster")]


@pytest.mark.parametrize(
    ("word", "text", "quotes"),
    [
        (
            "synergy",
            "It is (synergy). Synergy? synergy synergy!",
            ["synergy", "Synergy"] + ["synergy"] * 2,
        ),
        ("synergy", "synergyx xsynergy synergy_1", []),
        ("c++", "We write (C++), c++x and c++.", ["C++", "c++"]),
        ("(draft)", "The plan (draft) of May", ["(draft)"]),
        ("заказ", "Ваш заказ, Anna", ["заказ"]),
        ("50 %", "It is 50  % off", ["50  %"]),
        ("会議", "Web会議のご案内です。", ["会議"]),
        ("ฟรี", "แพ็กเกจA4ฟรีสำหรับคุณ", ["ฟรี"]),
        ("مجانا", "عرض5مجانا لك", ["مجانا"]),
        ("%", "It is 50% off, or 5 % off", ["%", "%"]),
        ("\U0001f600", "Thanks\U0001f600, all good", ["\U0001f600"]),
        ("4you", "The 4you-shop, the 4you shop, 4youth", ["4you", "4you"]),
    ],
)
def test_workspace_word_is_quoted_by_itself(word: str, text: str, quotes: list[str]) -> None:
    assert [hit.quote for hit in find(channel="email", text=text, extra=(word,))] == quotes


def test_the_same_words_in_subject_and_text_are_found_in_both_but_once_with_their_mark_up() -> None:
    hits = find(
        channel="email",
        subject="Synergy",
        text="Synergy!",
        html="<p>Synergy!</p>",
        extra=("synergy",),
    )
    assert [(hit.field, hit.quote) for hit in hits] == [("subject", "Synergy"), ("text", "Synergy")]


def test_workspace_word_cannot_be_empty() -> None:
    with pytest.raises(RuleError):
        own_word("   ")


def test_workspace_words_take_nothing_away() -> None:
    text = "Act now, last chance!"
    ours = {(hit.rule.id, hit.quote) for hit in find(channel="email", text=text)}
    with_more = find(channel="email", text=text, extra=("chance",))
    assert ours <= {(hit.rule.id, hit.quote) for hit in with_more}


def test_sieve_that_cannot_look_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = book()
    sieve = rules._sieves["any"][0]
    monkeypatch.setattr(sieve, "_set", type("Full", (), {"Match": lambda self, text: None})())
    with pytest.raises(RuntimeError):
        rules.candidates("hello", "text")


def test_a_finding_takes_the_accents_on_its_last_letter_along() -> None:
    text = "Here is the plan. It brings cafe\u0301 to all, the team says."
    found = rewrite(channel="email", subject="", text=text, extra=("caf\u00e9",))
    assert found.text == "Here is the plan. It brings to all, the team says."
