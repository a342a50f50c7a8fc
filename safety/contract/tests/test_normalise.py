"""How a text is read: look-alikes, invisible marks, mark-up, quotes, spaced letters and digits."""

from __future__ import annotations

import pytest

from safety.contract import glyphs
from safety.contract.glyphs import Folds
from safety.contract.normalise import fold, has_markup, turned

BREAKING = ("p", "br", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "table")


def read(text: str, **how: bool) -> str:
    return fold(text, **how).text


# --- Characters ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("alike", "plain"),
    [
        ("аьсԁеƒցһіјкʟм", "abcdefghijklm"),
        ("АВСᎠЕҒԌНІЈКᏞМ", "ABCDEFGHIJKLM"),
        ("ոорԛгѕтսѵԝхуʐ", "nopqrstuvwxyz"),
        ("ΝОРႭЯЅТЦѴԜХУΖ", "NOPQRSTUVWXYZ"),
        ("’“–❗¿。…：；，％", "'\"-!?....:;,%"),
        ("ＸｘⅩ", "XxX"),
        ("éÉñÅ", "eEnA"),
        ("ⒶⓑℒⅧ①ﬁﬃǄ", "AbLVIII1fiffiDZ"),
        ("🅐🇦ᴀᶏȺ", "AAaaA"),
        ("漢字☃ß½⺀\u0378🀄\U000e1000", "漢字☃ß½⺀\u0378🀄\U000e1000"),
        ("\u200d\u0301\u20dd\u3164\u2800\u00ad", ""),
        ("\x0b\x0c\x85\u00a0\u2003\u1680", "      "),
        ("\x07\x7f\x9d\u2065\ufff0\ufff8\U000e0000\U000e0fff\U0001d159", ""),
        ("йѓ", "nr"),
        ("\t\n\r", "\t\n\r"),
        ("\u2028\u2029", "\n\n"),
        ("🄀", "0."),
    ],
)
def test_a_character_is_read_as_what_it_looks_like(alike: str, plain: str) -> None:
    table = Folds()
    assert "".join(table[ord(char)] for char in alike) == plain
    assert alike.translate(table) == plain  # the second time from what was remembered


def test_hostile_text_fills_no_memory() -> None:
    table = Folds()
    "".join(map(chr, range(0x4E00, 0x4E00 + 20_001))).translate(table)
    assert len(table) == 20_000


@pytest.mark.parametrize(
    ("text", "start", "end", "quote"),
    [
        ("ﬁnd it", 0, 4, "ﬁnd"),
        ("an eﬃcient way", 3, 12, "eﬃcient"),
        ("a\u200bct now", 0, 7, "a\u200bct now"),
        ("go: A C T now", 4, 7, "A C T"),
        ("ﬁnd: A C T now", 6, 9, "A C T"),
        ("ﬁﬁ", 0, 2, "ﬁ"),
        ("aa\x07bb", 2, 4, "bb"),
        ("plain", 0, 5, "plain"),
        ("plain", 2, 2, ""),
    ],
)
def test_a_stretch_leads_back_to_the_original(text: str, start: int, end: int, quote: str) -> None:
    first, last = fold(text).span(start, end)
    assert text[first:last] == quote


def test_an_empty_stretch_lies_at_the_start() -> None:
    assert fold("plain").span(3, 3) == (0, 0)


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("cafe\u0301\u0323 au lait", "cafe\u0301\u0323"),
        ("cafe\u0301", "cafe\u0301"),
        ("cafe au lait", "cafe"),
    ],
)
def test_a_span_takes_the_marks_on_its_last_letter_along(text: str, whole: str) -> None:
    first, last = fold(text).span(0, 4)
    assert text[first:last] == whole


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("\u202ewon tca", "act now"),
        ("Hello \u202ewoN tca\u202c, Anna", "hello act now, anna"),
        ("\u202ewon\nor \u202eretal", "now\nor later"),
        ("\u202etca\u2066 now", "act now"),
        ("\u202e\u202etca", "act"),
        ("plain", None),
        ("\u202ea", None),
        ("act \u202e", None),
    ],
)
def test_what_is_turned_round_is_read_as_it_is_drawn(text: str, drawn: str | None) -> None:
    seen = turned(text)
    assert (seen and seen.text) == drawn
    assert seen is None or seen.cased.lower() == drawn


@pytest.mark.parametrize(
    ("start", "end", "quote"),
    [(0, 6, "Hello "), (6, 10, "dn\ufb01"), (7, 10, "dn\ufb01"), (9, 12, "i d")],
)
def test_a_stretch_of_what_is_turned_round_leads_back(start: int, end: int, quote: str) -> None:
    text = "Hello \u202eti dn\ufb01"  # "find it", with one sign for "fi"
    seen = turned(text)
    assert seen is not None and seen.text == "hello find it" and seen.original == text
    first, last = seen.span(start, end)
    assert text[first:last] == quote


def test_a_long_text_is_read_as_a_short_one_is() -> None:
    text = "<b>a\x07b</b>\n> c" + " " * 20_000
    assert read(text).rstrip() == "<b>ab</b>\n> c"
    assert read(text, markup=True).rstrip() == "ab\n> c"
    assert read(text, markup=True, quotes=False).rstrip() == "ab"


# --- Mark-up -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("Hello <b>you</b>", True),
        ("one<br>two", True),
        ("Tom &amp; Ann", True),
        ("a&nbsp;b", True),
        ("<!-- x -->", True),
        ("1 < 2 and 3 > 2", False),
        ("R&D and AT&T", False),
        ("plain", False),
    ],
)
def test_mark_up_is_known_by_its_tags_and_entities(text: str, there: bool) -> None:
    assert has_markup(text) is there


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a<b>b</b>c", "abc"),
        ("a<!-- no -->b", "ab"),
        ("a<style>p {}</style>b", "ab"),
        ("a<SCRIPT>x\ny</SCRIPT>b", "ab"),
        ("Tom &amp; Ann &#65;", "tom & ann a"),
        ("<i>x</i>", "x"),
        ("2 < 3", "2 < 3"),
        *((f"a<{tag}>b", "a\nb") for tag in BREAKING),
        *((f"a</{tag.upper()}>b", "a\nb") for tag in BREAKING),
    ],
)
def test_mark_up_is_read_as_it_is_shown(text: str, shown: str) -> None:
    assert read(text, markup=True) == shown
    assert read(text) == text.lower()


def test_mark_up_too_leads_back_to_the_original() -> None:
    text = "<p>Dear&nbsp;<b>Ａnna</b></p>"
    folded = fold(text, markup=True)
    assert folded.text == "\ndear anna\n"
    first, last = folded.span(6, 10)
    assert text[first:last] == "Ａnna"
    first, last = folded.span(1, 6)
    assert text[first:last] == "Dear&nbsp;"[: last - first]


# --- Quoted mail ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Yes.\n> no\n > nor this", "yes.\n    \n           "),
        ("Yes.\nOn Monday, Bob wrote:\nno", "yes.\n" + " " * 24),
        ("Yes.\n--- Original Message ---\nno", "yes.\n" + " " * 27),
        ("Yes.\nfrom: Bob\nto: Ann", "yes.\n" + " " * 17),
        ("> all of it", "> all of it"),
        ("Note: we met.", "note: we met."),
        ("A -- b", "a -- b"),
    ],
)
def test_what_is_quoted_from_earlier_mail_is_blank(text: str, kept: str) -> None:
    assert read(text, quotes=False) == kept
    assert read(text) == text.lower()
    assert read(f"{text}{' ' * 20_000}", quotes=False).rstrip() == kept.rstrip()


# --- Spaced letters and digits -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "closed"),
    [
        ("U R G E N T", "urgent"),
        ("u r g e n t  n o w", "urgent now"),
        ("a c t   n o w !", "act now!"),
        ("h e l p ' s", "help's"),
        ("We say a.c.t.n.o.w today", "we say actnow today"),
        ("c.l.i.c.k. me", "click. me"),
        ("a-b-c and A C", "a-b-c and a c"),
        ("x y z then p q r", "xyz then pqr"),
    ],
)
def test_letters_set_apart_are_one_word(text: str, closed: str) -> None:
    folded = fold(text)
    assert folded.text == closed
    kept = [folded.original[place].lower() for place in folded.origin]
    assert kept == list(closed)


@pytest.mark.parametrize(
    ("token", "word"),
    [
        ("n0w", "now"), ("4ct", "act"), ("urg3nt", "urgent"), ("ple4se", "please"),
        ("5tart", "start"), ("$ale", "sale"), ("7oday", "today"), ("wa|k", "walk"),
        ("w@nt", "want"), ("0nly", "only"), ("h!re", "hire"), ("n0t!!", "n0t!!"),
        ("urg3nt!!", "urgent!!"), ("l1mited", "limited"), ("f1nal", "final"),
        ("1imited", "limited"), ("1mp0rtant", "important"), ("fina1", "final"), ("b1ll", "bill"),
        ("bil1", "bill"), ("qu1ck", "quick"), ("on1y", "only"), ("a1l", "all"), ("a1y", "aly"),
        ("te1l", "tell"), ("p1an", "plan"), ("on1ine", "online"), ("famil1y", "familly"),
        ("hel1o", "helio"), ("b1a", "bla"), ("c1b", "cib"), ("ca1m", "caim"), ("fr33", "fr33"),
        ("b00k", "book"), ("a4b5", "aabs"), ("2day", "2day"), ("3pm", "3pm"), ("10k", "10k"),
        ("iphone15", "iphone15"), ("covid19", "covid19"), ("hi@home.org", "hi@home.org"),
        ("a1", "a1"), ("4u", "4u"), ("1h30m", "1h30m"),
        ("24tow", "24tow"), ("1yrics", "lyrics"),
    ],
)  # fmt: skip
def test_digits_are_read_as_letters_inside_words_only(token: str, word: str) -> None:
    assert read(f"so {token} here") == f"so {word} here"


@pytest.mark.parametrize(
    ("alike", "plain"),
    [("\u0410", "A"), ("\u0430", "a"), ("\u0421", "C"), ("\u0455", "s"), ("\u2019", "'"),
     ("\u2026", "..."), ("\uff01", "!"), ("\u00d7", "x")],
)  # fmt: skip
def test_a_look_alike_is_read_as_its_letter_in_its_own_case(alike: str, plain: str) -> None:
    assert glyphs._exceptions()[alike] == plain
    assert Folds()[ord(alike)] == plain


@pytest.mark.parametrize("text", ["f()s t o p now, _all_ of you", "now s t o p * item"])
def test_letters_set_apart_are_closed_up_right_beside_a_name(text: str) -> None:
    assert "stop" in fold(text).text


@pytest.mark.parametrize("times", [1, 6_000])
def test_marks_of_emphasis_stay_for_who_asks_for_them(times: int) -> None:
    assert fold("a_b " * times).text == "a b " * times
    assert fold("a_b " * times, emphasis=True).text == "a_b " * times


def test_a_span_ends_with_the_letter_before_another_one() -> None:
    text = "e\u0301e\u0301"
    first, last = fold(text).span(0, 1)
    assert text[first:last] == "e\u0301"
