"""Signs no pattern can say, and what a rewrite leaves: shouting, chat words, rises, sentences."""

from __future__ import annotations

import time

import pytest

from safety.contract import signs
from safety.contract.normalise import fold
from safety.contract.rewrite import rewrite, sentences

CHAT = "omg idk lol plz"


def stretches(detect: object, text: str) -> list[str]:
    folded = fold(text)
    return [folded.cased[a:b] for a, b in detect(folded)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("We WANT YOU HERE NOW! Yes", ["WANT YOU HERE NOW!"]),
        ("We WANT YOU HERE! Yes", []),
        ("WANT YOU HERE NOW.", []),
        ("Come!!!! Now", ["!!!!"]),
        ("A!! b!! c!! d", ["!!", "!!", "!!"]),
        ("A!! b!! c", []),
        ("A!! b!! c!! WE WANT YOU HERE!", ["WE WANT YOU HERE!"]),
        (
            "THIS THAT WITH FROM OVER IT IS SO BE. End",
            ["THIS THAT WITH FROM OVER IT IS SO BE. "],
        ),
        ("THIS THAT WITH FROM IT IS SO BE UP AT. End", []),
        ("So. THIS THAT WITH FROM OVER IT IS SO BE!", ["THIS THAT WITH FROM OVER IT IS SO BE!"]),
        (
            "WE GO UP NOW'S!THIS THAT WITH FROM OVER IT IS SO BE. End",
            ["WE GO UP NOW'S!", "THIS THAT WITH FROM OVER IT IS SO BE. "],
        ),
        (
            "WE GO UP NOW! Then THIS THAT WITH FROM OVER IT IS SO BE. End",
            ["WE GO UP NOW!", "THIS THAT WITH FROM OVER IT IS SO BE. "],
        ),
        (
            "WE GO UP NOW! So. THIS THAT WITH FROM OVER IT IS SO BE!",
            ["WE GO UP NOW!", "THIS THAT WITH FROM OVER IT IS SO BE!"],
        ),
    ],
)  # fmt: skip
def test_shouting(text: str, found: list[str]) -> None:
    assert stretches(signs.shouting, text) == found


@pytest.mark.parametrize(
    "text",
    ["I'" * 24 + "!", "AB " * 9_000 + "x!", ("ABCD " * 9 + "x ") * 9_000],
    ids=["tied", "no end", "many"],
)
def test_capitals_made_to_hurt_cost_little(text: str) -> None:
    folded = fold(text)
    start = time.process_time()
    signs.shouting(folded)
    assert time.process_time() - start < 1  # what explodes takes minutes


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (CHAT, ["omg", "idk", "lol", "plz"]),
        ("omg idk lol", []),
        ("omg idk lol lol lol", []),
        (f"{CHAT} lol", ["omg", "idk", "lol", "plz", "lol"]),
        (f"{'and ' * 1246} {CHAT}", ["omg", "idk", "lol", "plz"]),
        (f"{'and ' * 1246}  {CHAT}", []),
    ],
)
def test_four_different_chat_words_are_too_many(text: str, found: list[str]) -> None:
    assert stretches(signs.chat_speak, text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Ines from Porto just bought a lamp", "Ines from Porto just bought"),
        ("\"Ines Maria Costa\" near Oslo", None),
        ("Ines Maria Costa near Rio Grande do", None),
        ("Ines Maria Costa near New York City has just viewed it",
         "Ines Maria Costa near New York City has just viewed"),
        ("- Ines in Porto, Portugal, Europe have recently ordered it",
         "- Ines in Porto, Portugal, Europe have recently ordered"),
        ("A reader In Oslo Recently signed up", "A reader In Oslo Recently signed up"),
        ("Ines in Porto, Portugal booked it", "Ines in Porto, Portugal booked"),
        ("Ines in Porto, New South Wales joined it", "Ines in Porto, New South Wales joined"),
        ("Ines in Porto booked Lamp 7", "Ines in Porto booked L"),
        ("Ines in Porto Novo booked 7 of them", "Ines in Porto Novo booked 7"),
        ("Ines in Porto booked the Lamp", "Ines in Porto booked the L"),
        ("Ines in Porto booked it", None),
        ("Ines P. just claimed it", "Ines P. just claimed"),
        ("Ines P recently saved it", "Ines P recently saved"),
        ("Ines P. subscribed", "Ines P. subscribed"),
        ("A woman in Oslo 3 minutes ago", "A woman in Oslo 3 minutes ago"),
        ("Ines from Oslo, ago", "Ines from Oslo, ago"),
        ("Ines from Oslo! Long ago", None),
        ("Ines near Oslo 3 minutes ago", None),
        ("One line\nInes  from\tPorto just bought", "Ines  from\tPorto just bought"),
        ("Then Ines from Porto just bought", "Then Ines from Porto just bought"),
        ("ines from porto just bought", None),
        ("Ines from accounting just bought", None),
        ("Ines from Porto just boughtens", None),
    ],
)  # fmt: skip
def test_a_stranger_who_has_just_bought(text: str, found: str | None) -> None:
    assert stretches(signs.named_buyer, text) == ([found] if found else [])


def test_a_stranger_is_looked_for_at_the_beginning_only() -> None:
    buyer = "Ines from Porto just bought"
    assert stretches(signs.named_buyer, f"{'x' * 4972}\n{buyer}") == [buyer]
    assert stretches(signs.named_buyer, f"{'x' * 4973}\n{buyer}") == []


@pytest.mark.parametrize(
    ("text", "heading"),
    [
        ("Big Plan Works Here", True),
        ("Big Plan Works", False),
        ("Big Plan works Here", True),
        ("Big plan works Here", False),
        ("The Big Plan Here", False),  # "the" is no word of its own, however it is written
        ("BIG PLAN WORKS HERE", False),
        ("Big Plan Works " + "Here" * 46 + "s", True),
        ("Big Plan Works " + "Here" * 46 + "so", False),
        *((f"{word} Big {word} Plan Here Now", True) for word in (
            "a", "an", "the", "of", "and", "or", "to", "in", "on", "at", "by", "for", "from",
            "with",
        )),
        ("so Big so Plan Here Now", False),
    ],
)  # fmt: skip
def test_a_heading_has_capitals_on_nearly_every_word(text: str, heading: bool) -> None:
    assert signs.is_heading(text) is heading


@pytest.mark.parametrize(
    ("text", "is_empty"),
    [
        ("Hi there!", True), ("Good day, team.", True), ("...", True), ("", True),
        ("Hi Anna", False), ("." * 60, True), ("." * 61, False),
    ],
)  # fmt: skip
def test_a_text_without_a_word_of_its_own_is_empty(text: str, is_empty: bool) -> None:
    assert signs.empty(fold(text)) == ([(0, len(text))] if is_empty else [])


def test_the_footer_is_no_word_of_its_own() -> None:
    footer = "\n\n-- \nMira Keller\nIf you would rather not hear from us, reply stop."
    assert signs.empty(fold("Hi there! " + footer)) == [(0, len("Hi there!"))]
    assert signs.empty(fold("The plan is ready." + footer)) == []


@pytest.mark.parametrize(
    ("text", "strength"),
    [
        ("The plan.", 0), ("Yes!", 1), ("Y!!!!!!!", 5), ("I MUST", 3), ("THIS", 1), ("NOW", 0),
        ("THIS THAT WITH FROM OVER INTO", 5), ("I must never beg", 6), ("I must go NOW TOO!", 3),
        ("THIS!", 2),
    ],
)  # fmt: skip
def test_how_strongly_a_text_is_worded(text: str, strength: int) -> None:
    assert signs.intensity(text) == strength


@pytest.mark.parametrize(
    ("texts", "rises"),
    [
        (["a", "b!", "c!!!"], True),
        (["a", "b!", "c!!"], False),
        (["a!", "b!!", "c!!!"], False),
        (["a!", "b!!", "c!!!!"], True),
        (["a", "b", "c!!!!"], False),
        (["a", "b!!!!", "c!!!!"], False),
        (["a", "b!!!!!", "c!!!"], False),
        (["b!", "c!!!!"], False),
        (["a!!!!!", "a", "b!", "c!!!"], True),
        (["a", "b!", "c!!!", "d"], False),
    ],
)
def test_a_rise_is_over_three_texts_and_by_three(texts: list[str], rises: bool) -> None:
    assert signs.is_rising(texts) is rises


# --- Rewriting -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two!  Three", ["One. ", "Two!  ", "Three"]),
        ("One\nTwo", ["One\n", "Two"]),
        (f"{'x' * 45}\nTwo", [f"{'x' * 45}\nTwo"]),
        (f"{'x' * 44}\nTwo", [f"{'x' * 44}\n", "Two"]),
        ("", []),
    ],
)
def test_a_text_is_cut_into_sentences(text: str, parts: list[str]) -> None:
    assert [text[a:b] for a, b in sentences(text)] == parts


def test_a_long_row_of_marks_is_cut_at_once() -> None:
    start = time.process_time()
    assert sentences("?" * 10_000 + "a") == [(0, 10_001)]
    assert time.process_time() - start < 1  # tried from each of them, it takes many


def rewritten(text: str, subject: str = "", channel: str = "email") -> tuple[str, str, str]:
    found = rewrite(channel=channel, subject=subject, text=text, extra=("kumquat", "red kumquat"))
    return found.subject, found.text, found.caution


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("We have a kumquat here.", "We have a here."),
        ("A red kumquat is here today.", "A is here today."),
        ("Kumquat and more kumquat and more.", "and more and more."),
        ("Hi Anna,\n\nA kumquat is here.\n\nBest,\nTom", "Hi Anna,\n\nA is here.\n\nBest,\nTom"),
        ("Hi Anna. A kumquat is here.", "Hi Anna. A is here."),
        ("One line.\nAct now!\nThe plan is here.", "One line.\n\nThe plan is here."),
        ("The plan is here.\n\nAct now!\n\nSee you.", "The plan is here.\n\nSee you."),
        ("Nothing to change.", "Nothing to change."),
    ],
)  # fmt: skip
def test_a_rewrite_takes_out_what_was_found_and_nothing_else(text: str, new: str) -> None:
    assert rewritten(text)[1] == new


@pytest.mark.parametrize(
    ("subject", "new"),
    [
        ("Our kumquat plan works", "Our plan works"),
        ("kumquat: the plan", "The plan"),
        ("The plan, kumquat!", "The plan"),
        ("The plan", "The plan"),
    ],
)
def test_a_subject_keeps_its_own_words(subject: str, new: str) -> None:
    assert rewritten("The plan is attached.", subject)[0] == new
