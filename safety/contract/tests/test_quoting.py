"""Which quotes are believed, and what of a text is left to judge."""

from __future__ import annotations

import pytest

from safety.contract.quoting import own_words, seems_to_quote

THEIRS = "The roof leaks again so hurry"
GONE = "\ue002"


def hidden(length: int) -> str:
    return f"\n{GONE * (length - 2)}\n"


@pytest.mark.parametrize(
    ("text", "received", "left"),
    [
        # All of it, or four words of it in a row.
        (f"Yes.\n> {THEIRS}", [THEIRS], "Yes.\n" + hidden(31)),
        ("Yes.\n> The roof leaks again", [THEIRS], "Yes.\n" + hidden(22)),
        ("Yes.\n> the ROOF\n> leaks  again\nSee you", [THEIRS], f"Yes.\n{hidden(26)}See you"),
        ("Yes.\n> roof leaks again", [THEIRS], "Yes.\n  roof leaks again"),
        ("Yes.\n> oof leaks again so hurry", [THEIRS], "Yes.\n  oof leaks again so hurry"),
        ("Yes.\n> Hurry", ["Hurry"], "Yes.\n" + hidden(7)),
        ("Yes.\n> Hurry", ["", "Other", "Hurry"], "Yes.\n" + hidden(7)),
        ("Yes.\n> roof leaks again so hurry", ["Hurry", THEIRS], "Yes.\n" + hidden(27)),
        ("Yes.\nOn Monday, Bob wrote:\n?", ["?"], "Yes.\nOn Monday, Bob wrote:\n\n"),
        # Below a header all must be theirs.
        (f"Yes.\nOn Monday, Bob wrote:\n{THEIRS}", [THEIRS],
         f"Yes.\nOn Monday, Bob wrote:{hidden(30)}"),
        (f"Yes.\nOn Monday, Bob wrote:\n{THEIRS} now", [THEIRS],
         f"Yes.\nOn Monday, Bob wrote:\n{THEIRS} now"),
        # What is not theirs loses its marks only, so that no phrase is broken in two.
        ("Yes.\n> act\n>> now", [THEIRS], "Yes.\n  act\n   now"),
        ("Yes.\n> act now", [], "Yes.\n  act now"),
        ("Yes.\n> act now", [""], "Yes.\n  act now"),
        ("Yes.\n>\n", [""], "Yes.\n \n"),
        ("A -> B", [THEIRS], "A -> B"),
        ("Note: all is well -- yes", [THEIRS], "Note: all is well -- yes"),
    ],
)  # fmt: skip
def test_a_quote_is_believed_if_they_wrote_it(text: str, received: list[str], left: str) -> None:
    assert own_words(text, iter(received)) == left
    assert len(left) == len(text)


def test_a_text_too_long_to_compare_is_judged_whole() -> None:
    quote = f"> {THEIRS}"
    longest = f"{'x' * (200_000 - 1 - len(quote))}\n{quote}"
    assert own_words(longest, [THEIRS]).endswith(hidden(len(quote)))
    assert own_words(f"x{longest}", [THEIRS]) == f"x{longest}"


def test_only_the_first_hundred_quotes_are_looked_up() -> None:
    quote = f"> {THEIRS}\n"
    left = own_words(f"{quote}\n" * 102, [THEIRS])
    assert left == f"{hidden(len(quote))}\n" * 100 + f"  {THEIRS}\n\n" * 2


@pytest.mark.parametrize(
    ("text", "seems"),
    [
        ("a > b", True),
        ("On Monday, Bob wrote:\nno", True),
        ("--- Original Message ---\nno", True),
        ("Note: we met -- yes", False),
        ("plain", False),
    ],
)
def test_what_passes_for_a_quote(text: str, seems: bool) -> None:
    assert seems_to_quote(text) is seems
