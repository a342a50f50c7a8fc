"""What has been learnt about requests to stop: what it reads, what it adds to the rules."""

from __future__ import annotations

import functools
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety.contract import likeness as module
from safety.contract import stop_request
from safety.contract.likeness import (
    BEGINNING,
    END,
    Learnt,
    features,
    likeness,
    pack,
    parse,
    stretches,
    unpack,
)
from safety.contract.stop_request import (
    HARDLY,
    PERHAPS,
    SURE,
    by_rules,
    detect_stop,
    examples,
    is_faint,
    without_orders,
)
from tools import learn_stops

BENCH = Path(__file__).resolve().parents[3] / "bench"
PAGE = Path(__file__).resolve().parents[3] / "docs/content-rules.md"


def rows_of(name: str) -> list[list[str]]:
    """[language, stop or none, text] of a file nothing was learnt from."""
    text = (BENCH / name).read_text("utf-8")
    rows = [line.replace(learn_stops.BREAK, "\n").split("\t") for line in text.split("\n")[:-1]]
    return [row[-3:] for row in rows]


ROWS, ORDINARY = rows_of("stop_held.tsv"), rows_of("stop_ordinary.tsv")
ANSWERS = rows_of("stop_answers.tsv")
LANGUAGES = ["en", "es", "fr", "de", "pt", "it", "zh"]


@pytest.fixture
def weights(monkeypatch):
    """`weights(base, {...})`: one opinion instead of the learnt ones, nothing remembered of either.

    It speaks for a request from -100 on, and `base` takes just that away again."""

    def use(base: float, words: dict[str, float] = {}) -> None:  # noqa: B006 - is only read
        given = Learnt(
            {word: round(weight * 100) for word, weight in words.items()},
            (10_000,), (1,), round((base - 100) * 100),
        )  # fmt: skip
        monkeypatch.setattr(module, "_learnt", lambda: given)

    yield use
    stop_request._detect.cache_clear()


def test_features_are_words_neighbours_and_pieces_of_words():
    assert features("no more") == {
        "no", "more", "no more",
        "#<mo", "#mor", "#ore", "#re>", "#<mor", "#more", "#ore>", "#<more", "#more>",
    }  # fmt: skip
    assert "a b c" in features("a b c") and features("·· 12,5% …") == {"12", "5", "12 5"}
    assert features("别发了") == {"别", "发", "了", "别 发", "发 了", "别 发 了"}
    assert "🛑" in features("🛑🛑 don't") and "don't" in features("don't")
    assert features("ans") == {"ans"}  # a short word is its own piece
    assert features("really?!") >= {"?", "!", "? !", "really ? !", "#real"}
    assert features("") == set()


def test_each_sentence_is_read_alone_and_after_the_one_before():
    text = "Hi. Who? 好。 no"
    assert [text[a:b] for a, b in stretches(text)] == [
        "Hi.", " Who?", " 好。", " no", "Hi. Who?", " Who? 好。", " 好。 no", text
    ]  # fmt: skip
    assert stretches("no more") == [(0, 7)] and stretches("") == []


@pytest.mark.parametrize(("words", "whole"), [(24, True), (25, True), (26, False)])
def test_a_short_text_is_read_as_a_whole_as_well(words, whole):
    text = "one. " + "word " * (words - 2) + ". end"
    assert ((0, len(text)) in stretches(text)) is whole


def test_of_a_long_text_its_beginning_and_its_end_are_read():
    text = "stop me. " + "Nothing here. " * 2_000 + "lose my number."
    read = stretches(text)
    assert all(a < BEGINNING or b > len(text) - END for a, b in read)
    assert len(read) < 1_000 and text[slice(*read[0])] == "stop me."
    assert "lose my number" in text[slice(*read[-1])]


def test_the_edges_of_what_is_read_are_exact():
    def middle(before: int, after: int) -> str:
        """Three sentences: a's, b's from `before` on, and one with `after` signs to its end."""
        return "a" * (before - 1) + "." + "b" * 5_000 + ".c" + "d" * after

    assert BEGINNING == 3_000 and END == 1_000
    text = middle(2_999, 2_000)
    assert [text[a] for a, _ in stretches(text)][:3] == ["a", "b", "c"]
    text = middle(3_000, 2_000)  # the second begins where the beginning is over
    assert [text[a] for a, _ in stretches(text)][:2] == ["a", "c"]
    text = "a" * 3_999 + "." + "b" * 999 + "." + "c" * 1_000
    assert [text[a] for a, _ in stretches(text)][:2] == ["a", "c"]  # ends where the end begins
    text = "a" * 3_999 + "." + "b" * 1_000 + "." + "c" * 999
    assert [text[a] for a, _ in stretches(text)][:3] == ["a", "b", "c"]


def test_the_stretch_with_the_highest_number_is_named(weights):
    weights(-1.0, {"lose": 3.0, "number": 1.0})
    text = "ok ok. lose number. ok"
    number, (a, b) = likeness(text)
    assert text[a:b] == " lose number."
    assert number == pytest.approx(-1 + 4 / len(features("lose number")) ** 0.5)
    assert likeness("...") == likeness("") == (-100.0, (0, 0))


def test_each_opinion_speaks_for_or_against_and_none_below_nothing():
    words = {"stop": pack([300, 200]), "bus": pack([-400, 100]), "on": pack([0, -500])}
    learnt = Learnt(words, (100, -50), (1, -1), -25)
    assert learnt.number({"stop"}) == pytest.approx((-25 + 400 - 150) / 100)
    assert learnt.number({"bus"}) == pytest.approx((-25 + 0 - 50) / 100)  # -300 is no opinion
    assert learnt.number({"on", "x"}) == pytest.approx((-25 + 100 - 0) / 100)
    both = (-25 + (100 - 100 / 2**0.5) - (-50 + 300 / 2**0.5)) / 100
    assert learnt.number({"stop", "bus"}) == pytest.approx(both)
    assert learnt.number(set("unknown")) == pytest.approx(0.75)
    with pytest.raises(ValueError):  # a file that does not tell what each opinion counts for
        Learnt(words, (100, -50), (1,), -25).number({"stop"})


@given(st.lists(st.lists(st.integers(-9_999, 9_999), min_size=3, max_size=3), max_size=50))
def test_packed_numbers_add_up_each_to_its_like(rows):
    assert unpack(sum(map(pack, rows)), 3) == [sum(row[at] for row in rows) for at in range(3)]


def test_the_edges_of_a_packed_number():
    for edge in ([2**31 - 1, -(2**31), 0], [-1, 1, -1], [0, 0, 2**31 - 1]):
        assert unpack(pack(edge), 3) == edge


def test_a_file_of_weights_is_read_as_it_is_written():
    learnt = ({"a": [50, -7], "a b": [0, 1], "=": [-40, 0]}, [5, -6], [1, -1], -20)
    text = learn_stops.told(learnt, "numpy 1")
    assert text.splitlines()[1:] == [
        "# with numpy 1",
        "BEGIN\t5 -6",
        "COUNTS\t1 -1",
        "BASE\t-20",
        "=\t-40 0",
        "a\t50 -7",
    ]
    read = parse(text)
    assert (read.begin, read.counts, read.base) == ((5, -6), (1, -1), -20)
    assert {word: unpack(packed, 2) for word, packed in read.words.items()} == {
        "a": [50, -7], "=": [-40, 0]
    }  # fmt: skip


@pytest.mark.parametrize(
    ("number", "unheard", "doubtful", "heard"),
    [
        (SURE + 0.01, "stop", "stop", "stop"),
        (SURE, "unclear", "unclear", "unclear"),
        (PERHAPS + 0.01, "unclear", "unclear", "unclear"),
        (PERHAPS, "none", "unclear", "unclear"),
        (-100.0, "none", "unclear", "unclear"),
    ],
)
def test_rules_and_learnt_together(weights, number, unheard, doubtful, heard):
    weights(number)
    stop_request._detect.cache_clear()
    for text, rule, wanted in (
        ("purple elephants dance", "none", unheard),
        ("Dear Tom, we are not interested", "unclear", doubtful),
        ("please stop writing to me today", "stop", heard),
        ("unsubscribe", "stop", "stop"),  # a keyword is a stop whatever else is thought
    ):
        assert by_rules(text).kind == rule
        found = detect_stop(text)
        assert found.kind == wanted
        assert (found.span is None) == (wanted == "none")
        if rule == wanted == "unclear":
            assert found == by_rules(text)  # the words of the rule say more than the sentence
        if found.span:
            assert text[slice(*found.span)] == found.text != ""


@pytest.mark.parametrize(
    ("text", "number", "faint"),
    [
        ("purple elephants dance", HARDLY, True),
        ("purple elephants dance", HARDLY + 0.01, False),
        ("purple elephants dance", -100.0, True),
        ("not interested", -100.0, False),  # a rule is in doubt
        ("please stop writing to me today", -100.0, False),
        ("yes\n> please stop writing\n> to me today", HARDLY, True),  # quoted: nobody's
        ("dance " * 4_000 + "please stop writing to me", HARDLY, True),  # too far down
    ],
)
def test_a_doubt_is_faint_where_no_rule_hears_and_a_request_is_the_less_likely(
    weights, text, number, faint
):
    weights(number)
    assert is_faint(text) is faint


def test_the_bars_are_those_that_were_measured():
    """bench/stop_held.tsv says how well they do; a change needs its page written anew."""
    assert (SURE, PERHAPS, HARDLY) == (2.7, -1.2, 0.5)


def test_what_the_rules_know_to_mean_something_else_is_not_read():
    assert without_orders("PLEASE, don’t stop! Thanks").strip("·") == "please, ··········! thanks"
    assert without_orders("Stop writing to me")[:4] == "stop"
    framed = "dear mira,\nif you received this in error, delete it.\n\nbest,\nann"
    assert without_orders(framed) == framed  # an example is no letter
    assert len(without_orders("x" * 20_005)) == 20_000
    assert without_orders("yes\n> stop writing\n> to me").split() == ["yes"]  # nor what was quoted


@given(st.text(max_size=300))
def test_any_text_has_a_number_and_a_place_within_it(text):
    number, (a, b) = likeness(text)
    assert -1_000 < number < 1_000 and 0 <= a <= b <= len(text)
    assert likeness(text) == (number, (a, b))


def test_the_weights_are_those_of_the_examples_we_have():
    """Else: `python -m tools.learn_stops`."""
    first = module.WEIGHTS.read_text("utf-8").splitlines()[0]
    assert first == f"# learnt from {learn_stops.digest()}"
    learnt = module._learnt()
    assert len(learnt.words) > 5_000 and set(learnt.counts) <= {1, -1}
    assert len(learnt.begin) == len(learnt.counts) == learn_stops.OPINIONS * len(learn_stops.SEEDS)


def test_whoever_learns_anew_has_what_it_was_learnt_with():
    """Nobody can promise that another version gives the same weights."""
    wanted = (learn_stops.ROOT / "requirements-learn.txt").read_text("utf-8").splitlines()
    needed = {line.split("  #")[0].strip() for line in wanted if line[:1].isalpha()}
    made_with = module.WEIGHTS.read_text("utf-8").splitlines()[1]
    assert made_with.startswith("# with ")
    for each in made_with.removeprefix("# with ").split(", "):
        assert each.replace(" ", "==") in needed
    assert all("==" in each for each in needed)


def test_what_is_measured_on_was_not_learnt_from():
    learnt = {text for text, _ in learn_stops.ours()}
    assert not learnt & {text for _, _, text in ROWS + ORDINARY + ANSWERS}


heard = functools.cache(detect_stop)  # for the two tests that measure on the same rows


@pytest.mark.parametrize("language", LANGUAGES)
def test_fresh_requests_are_heard_or_held_and_harmless_replies_left_alone(language):
    mine = [(kind, heard(text).kind) for lang, kind, text in ROWS if lang == language]
    asked = [heard for kind, heard in mine if kind == "stop"]
    near = [heard for kind, heard in mine if kind == "none"]
    assert len(asked) >= 125 and len(near) >= 105
    assert asked.count("none") / len(asked) <= 0.06
    assert near.count("stop") / len(near) <= 0.04


@pytest.mark.parametrize("language", [*LANGUAGES[:-1], "nl"])
def test_answers_that_ask_for_more_are_left_alone(language):
    """ "Send me the list" is what we hope to read, and was held as if it were "send me no more"."""
    mine = [(kind, heard(text).kind) for lang, kind, text in ANSWERS if lang == language]
    asked = [heard for kind, heard in mine if kind == "stop"]
    harmless = [heard for kind, heard in mine if kind == "none"]
    assert len(asked) >= 25 and len(harmless) >= 40
    assert asked.count("none") <= 1 and harmless.count("stop") <= 1
    assert harmless.count("unclear") / len(harmless) <= 0.12


def test_the_page_tells_how_well_it_does():
    """Whoever changes a weight or a threshold measures anew: `python -m bench.content_safety`."""
    for wanted, rows, name in (
        ("stop", ROWS, "requests"), ("none", ROWS, "harmless texts, most near a request"),
        ("none", ORDINARY, "ordinary replies"),
        ("stop", ANSWERS, "plain requests"), ("none", ANSWERS, "answers, many asking for more"),
    ):  # fmt: skip
        texts = [text for _, kind, text in rows if kind == wanted]
        for judge, how in ((by_rules, "rules alone"), (heard, "with what was learnt")):
            found = Counter(judge(text).kind for text in texts)
            counts = " | ".join(str(found[kind]) for kind in ("stop", "unclear", "none"))
            line = f"| {len(texts)} {name}, {how} | {counts} |"
            assert line in PAGE.read_text("utf-8"), line


def test_examples_of_the_rules_keep_their_meaning():
    for text in examples()["stop"]:
        assert detect_stop(text).kind != "none", text
    for text in examples()["none"]:
        assert detect_stop(text).kind != "stop", text
