"""What people read past: marks between words, digits in most of them, "u" for "you"."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety.contract.afresh import MANY, afresh
from safety.contract.content import find
from safety.contract.normalise import fold
from safety.contract.rulebook import SIGNALS, shipped

WORDS = 5  # an example with fewer has too few marks between them
# Times are written with a mark, and "45k?" may be anything.
OTHER = {"Your basket is held for 12:00", "Is it too much to ask?"}
EXAMPLES = sorted(
    {
        text
        for rule in shipped()
        if rule.family not in SIGNALS and rule.where not in ("subject", "heading")
        for text in rule.match
        if len(text.split()) >= WORDS and text not in OTHER
    }
)
FIGURES = str.maketrans("aeios", "43105")


def read(text: str) -> str | None:
    seen = afresh(fold(text))
    return seen.text if seen else None


def found(text: str) -> set[str]:
    hits = find(channel="instagram", text=text)
    return {hit.rule.id for hit in hits if not hit.rule.weak}


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("act-now-or-lose", "act now or lose"),
        ("Act/now/or/lose it", "act now or lose it"),
        ("act \U0001f600 now \U0001f600 or \U0001f600 lose", "act   now   or   lose"),
        ("act, now, or, lose", "act  now  or  lose"),
        ("act (now) or [lose] it", "act  now  or  lose  it"),
        ("so?-we-ask-you", "so? we ask you"),
        ("on 12-30-13-00 we meet", None),
        ("red, green and blue", None),
        ("red-green-blue", None),
        ("see https://a.example/act-now-or-lose today", None),
        ("y0u'r3 4n 1d10t t0d4y", "you're an idiot today"),
        ("L053 1t 4ll t0d4y", "lose it all today"),
        ("4ct n0w f4st", "act now fast"),  # three such words
        ("4ct n0w fast", None),
        ("4ct n0w f4st 24", "act now fast 24"),  # a sum stays one
        ("may-12-or-so", "may 12 or so"),
        ("the h2o and the b2b", None),
        ("Room A1, 10am, 15th", None),
        ("what u want, ur own", "what you want, your own"),
        ("U-bolts and u.s. firms", None),
        ("u2 and u@example.org", None),
        ("plain words", None),
        ("", None),
    ],
)
def test_a_text_is_read_past_its_marks(text: str, seen: str | None) -> None:
    assert read(text) == seen


def test_names_keep_theirs_beside_what_is_joined() -> None:
    assert read("act-now-or-lose to jo-ann-of-the-sea@example.org") == (
        "act now or lose to jo-ann-of-the-sea@example.org"
    )


@pytest.mark.parametrize("text", EXAMPLES)
def test_no_mark_between_the_words_hides_an_example_of_a_rule(text: str) -> None:
    plain = found(text)
    for mark in ("-", "/", " \U0001f600 ", ".", ", "):
        if mark in (".", ", ") and any(char in ".,!?:;" for char in text[:-1]):
            continue
        assert plain <= found(text.replace(" ", mark)), mark


@pytest.mark.parametrize("text", [each for each in EXAMPLES if not any(map(str.isdigit, each))])
def test_no_digits_in_its_words_hide_an_example_of_a_rule(text: str) -> None:
    other = text.translate(FIGURES)
    if sum(not word.isalpha() and not word.isdecimal() for word in other.split()) > MANY:
        assert found(text) - {"pressure.crowd_name"} <= found(other)


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("Well: I-know-where-you-live, so sign", "I-know-where-you-live"),
        ("So, I know where u live, ok", "I know where u live"),
        ("So \U0001f600 I know\u200b where u live", "I know\u200b where u live"),
    ],
)
def test_a_finding_quotes_what_was_written(text: str, quote: str) -> None:
    hits = find(channel="email", text=text)
    assert [(hit.quote, text[hit.start : hit.end]) for hit in hits] == [(quote, quote)]


def test_a_word_in_full_leads_back_to_what_stands_for_it() -> None:
    text = "tell me ur plan"
    seen = afresh(fold(text))
    assert seen is not None
    at = seen.text.index("your")
    first, last = seen.span(at, at + len("your"))
    assert text[first:last] == "ur"


@given(st.text(alphabet="a1b4 .-/,u\n😀@'", max_size=60))
def test_every_character_leads_back(text: str) -> None:
    seen = afresh(fold(text))
    if seen is not None:
        assert len(seen.text) == len(seen.origin) == len(seen.cased)
        assert list(seen.origin) == sorted(seen.origin)
        assert seen.original == text


def test_a_text_of_joins_alone_is_not_read_for_ever() -> None:
    joined = read("an-ox-or-us " * 1_001)
    assert joined is not None and joined.endswith("an ox or us an-ox-or-us ")
    short = read("u may " * 1_001)
    assert short is not None and short.endswith("you may u may ")
