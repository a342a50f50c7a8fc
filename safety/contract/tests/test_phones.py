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


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("er ist erreichbar unter 0160 1234567", "0160 1234567"),
        ("ihre rufnummer: 089 1234567", "089 1234567"),
        ("llamele al 644 987 321", "644 987 321"),
        ("su numero es 644 987 321", "644 987 321"),
        ("appelez-la au 07 11 22 33 44", "07 11 22 33 44"),
        ("chiamatela al 320 7654321", "320 7654321"),
        ("cellulare 320 7654321", "320 7654321"),
        ("ligue para 913 222 111", "913 222 111"),
        ("bel hem op 06 12345678", "06 12345678"),
        ("\N{CJK UNIFIED IDEOGRAPH-624B}\N{CJK UNIFIED IDEOGRAPH-673A}13912345678", "13912345678"),
        ("numero de serie 644 987 321", ""),
        ("numero de expediente 644 987 321", ""),
        ("artikel nummer 0160 12345", ""),
        ("company number 09876543", ""),
        ("part number 415-555-26", ""),
        ("numero de commande 644 987 321", ""),
    ],
)
def test_a_number_beside_a_word_of_another_language(text: str, number: str) -> None:
    assert set(found(text)) == ({number} if number else set())


def test_the_longest_number_before_its_word_is_found_whole() -> None:
    number = "+(212)  736 5000 . 12 - 34 x123456"
    assert found(f"it is {number} - mobile")[0] == number


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("+41 44 668 18 00, 123456", ["+41 44 668 18 00", "123456"]),
        ("+41 44 668 18 00; 668 18 01.", ["+41 44 668 18 00", "668 18 01"]),
        ("call 044 668 18 00 or 079 123 45 67.", ["044 668 18 00", "079 123 45 67"]),
        ("tel 044 668 18 00 / 079 123 45 67", ["044 668 18 00", "079 123 45 67"]),
        ("tel. 07531 123456, 123457, 123458", ["07531 123456", "123457", "123458"]),
        ("tel 0211 / 123456", ["0211 / 123456"]),
        ("+41 44 668 18 00#123456", ["+41 44 668 18 00#123456"]),  # a meeting's code
        # What else may follow: a place, a sum, a date, a time, a count.
        ("+65 6123 4567, 179803 singapore", ["+65 6123 4567"]),
        ("+41 44 668 18 00, 1 250 000 francs", ["+41 44 668 18 00"]),
        ("+41 44 668 18 00, 25.12.2026", ["+41 44 668 18 00"]),
        ("+41 44 668 18 00, 10:00", ["+41 44 668 18 00"]),
        ("+41 44 668 18 00, 24/7", ["+41 44 668 18 00"]),
        ("+41 44 668 18 00, 12345", ["+41 44 668 18 00"]),
        ("order 123456, 123457", []),
    ],
)
def test_a_list_of_numbers_is_found_to_its_end(text: str, numbers: list[str]) -> None:
    assert list(dict.fromkeys(found(text))) == numbers
