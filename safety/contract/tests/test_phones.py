"""Telephone numbers: beside a word for one, or in a form that only they have."""

from __future__ import annotations

import pytest

from safety.contract.phones import phones

BARE = "2127365000"  # ten digits that may as well count something else


def found(text: str) -> list[str]:
    return [text[start:end] for start, end in phones(text)]


@pytest.mark.parametrize("word", ["mobile", "office", "fax", "cell", "desk", "home"])
def test_a_word_behind_its_number_counts(word: str) -> None:
    assert found(f"{BARE} {word}") == [BARE]
    assert found(f"it is {BARE} - {word}") == [BARE]


@pytest.mark.parametrize(
    ("text", "is_phone"),
    [
        ("my number is 2127365000", True),
        ("the number 2127365000", True),
        ("the order number is 2127365000", False),
        ("invoice number: 2127365000", False),
        ("booking number 2127365000", False),
        ("about the order call 2127365000", True),
        ("order mobile: 2127365000", True),
        ("order phone: 2127365000", True),
        ("order tel 2127365000", True),
        ("2127365000 text", False),
        ("2127365000", False),
        ("2127365000 (3)", False),
    ],
)
def test_the_number_of_an_order_is_no_telephone_number(text: str, is_phone: bool) -> None:
    assert found(text) == [BARE] * is_phone


def test_the_longest_number_before_its_word_is_found_whole() -> None:
    number = "+(212)  736 5000 . 12 - 34 x123456"
    assert found(f"it is {number} - mobile")[0] == number
