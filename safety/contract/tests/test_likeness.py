"""What has been learnt about requests to stop: what it reads, what it adds to the rules."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety.contract import likeness as module
from safety.contract import stop_request
from safety.contract.likeness import BEGINNING, END, features, likeness, stretches
from safety.contract.stop_request import HARDLY, PERHAPS, SURE, by_rules, detect_stop, examples
from tools import learn_stops

BENCH = Path(__file__).resolve().parents[3] / "bench"
ROWS = [line.split("\t") for line in (BENCH / "stop_held.tsv").read_text("utf-8").splitlines()]
LANGUAGES = ["en", "es", "fr", "de", "pt", "it", "zh"]


@pytest.fixture
def weights(monkeypatch):
    """`weights({...})`: these instead of the learnt ones, and nothing remembered of either."""
    yield lambda given: monkeypatch.setattr(module, "_weights", lambda: given)
    stop_request._detect.cache_clear()


def test_features_are_words_neighbours_and_pieces_of_words():
    assert features("no more") == {
        "no", "more", "no more",
        "#<mo", "#mor", "#ore", "#re>", "#<mor", "#more", "#ore>", "#<more", "#more>",
    }  # fmt: skip
    assert "a b c" in features("a b c") and features("·· 12,5% …") == {"12", "5", "12 5"}
    assert features("别发了") == {"别", "发", "了", "别 发", "发 了", "别 发 了"}
    assert "🛑" in features("🛑🛑 don't") and "don't" in features("don't")
    assert features("") == set()


def test_each_sentence_is_read_alone_and_after_the_one_before():
    text = "Hi. Who? 好。 no"
    assert [text[a:b] for a, b in stretches(text)] == [
        "Hi.", " Who?", " 好。", " no", "Hi. Who?", " Who? 好。", " 好。 no", text
    ]  # fmt: skip
    assert stretches("no more") == [(0, 7)] and stretches("") == []
    long = "word " * 30 + ". no"
    assert (0, len(long)) not in stretches(long.replace(". no", ". yes. no"))


def test_of_a_long_text_its_beginning_and_its_end_are_read():
    text = "stop me. " + "Nothing here. " * 2_000 + "lose my number."
    read = stretches(text)
    assert all(a < BEGINNING or b > len(text) - END for a, b in read)
    assert len(read) < 1_000 and text[slice(*read[0])] == "stop me."
    assert "lose my number" in text[slice(*read[-1])]


def test_the_stretch_with_the_highest_number_is_named(weights):
    weights({"": -1.0, "lose": 3.0, "number": 1.0})
    text = "ok ok. lose number. ok"
    number, (a, b) = likeness(text)
    assert text[a:b] == " lose number."
    assert number == pytest.approx(-1 + 4 / len(features("lose number")) ** 0.5)
    assert likeness("...") == likeness("") == (-100.0, (0, 0))


@pytest.mark.parametrize(
    ("number", "unheard", "doubtful", "heard"),
    [
        (SURE + 0.01, "stop", "stop", "stop"),
        (SURE, "unclear", "unclear", "stop"),
        (PERHAPS + 0.01, "unclear", "unclear", "stop"),
        (PERHAPS, "none", "unclear", "stop"),
        (HARDLY + 0.01, "none", "unclear", "stop"),
        (HARDLY, "none", "unclear", "unclear"),
        (-100.0, "none", "unclear", "unclear"),
    ],
)
def test_rules_and_learnt_together(weights, number, unheard, doubtful, heard):
    weights({"": number})
    stop_request._detect.cache_clear()
    for text, rule, wanted in (
        ("purple elephants dance", "none", unheard),
        ("not interested", "unclear", doubtful),
        ("please stop writing to me today", "stop", heard),
        ("unsubscribe", "stop", "stop"),  # a keyword is a stop whatever else is thought
    ):
        assert by_rules(text).kind == rule
        found = detect_stop(text)
        assert found.kind == wanted
        assert (found.span is None) == (wanted == "none")
        if found.span:
            assert text[slice(*found.span)] == found.text != ""


@given(st.text(max_size=300))
def test_any_text_has_a_number_and_a_place_within_it(text):
    number, (a, b) = likeness(text)
    assert -1_000 < number < 1_000 and 0 <= a <= b <= len(text)
    assert likeness(text) == (number, (a, b))


def test_the_weights_are_those_of_the_examples_we_have():
    """Else: `python -m tools.learn_stops`."""
    first = module.WEIGHTS.read_text("utf-8").splitlines()[0]
    assert first == f"# learnt from {learn_stops.digest()}"
    assert "" in module._weights() and len(module._weights()) > 5_000


def test_what_is_measured_on_was_not_learnt_from():
    learnt = {text for text, _ in learn_stops.ours()}
    assert not learnt & {text for _, _, text in ROWS}


@pytest.mark.parametrize("language", LANGUAGES)
def test_fresh_requests_are_heard_or_held_and_harmless_replies_left_alone(language):
    mine = [(kind, detect_stop(text).kind) for lang, kind, text in ROWS if lang == language]
    asked = [heard for kind, heard in mine if kind == "stop"]
    near = [heard for kind, heard in mine if kind == "none"]
    assert len(asked) >= 30 and len(near) >= 24
    assert asked.count("none") / len(asked) <= 0.25
    assert near.count("stop") / len(near) <= 0.2


def test_examples_of_the_rules_keep_their_meaning():
    for text in examples()["stop"]:
        assert detect_stop(text).kind != "none", text
    for text in examples()["none"]:
        assert detect_stop(text).kind != "stop", text
