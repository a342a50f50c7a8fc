"""What a reviewer is shown of a text: every character, and each finding where it stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals import marks


@given(st.text(max_size=200))
def test_segments_lose_nothing_a_reader_can_see(text):
    shown = "".join(part.text for part in marks.segments(text))
    assert shown == "".join(
        char
        for place, char in enumerate(text)
        if not marks.is_hidden(char) or marks._is_ordinary(text, place)
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("plain, with\nlines\tand “quotes”", []),
        ("a\u200bb", ["U+200B ZERO WIDTH SPACE"]),
        ("a\u202eb", ["U+202E RIGHT-TO-LEFT OVERRIDE"]),
        ("a\u00a0b", ["U+00A0 NO-BREAK SPACE"]),
        ("line\r\nline\r\n", []),
        ("line\rline\n", ["U+000D CARRIAGE RETURN"]),
        ("line\r\r\n", ["U+000D CARRIAGE RETURN"]),
        ("👩‍🚀 and ❤️", []),
        ("\u200dx", ["U+200D ZERO WIDTH JOINER"]),
        ("\u3164", ["U+3164 HANGUL FILLER"]),
        ("\u0085", ["U+0085 control character"]),
        ("a\u200b\u200b", ["U+200B ZERO WIDTH SPACE"]),
        ("e\u0301\u200db", []),
        ("e\u200db", ["U+200D ZERO WIDTH JOINER"]),
        ("☎\ufe0e 1\ufe0f\u20e3 葛\U000e0100 ℹ\ufe0f Ⓜ\ufe0f", []),
        ("😀\ufe0f\ufe0e", ["U+FE0E VARIATION SELECTOR-15"]),
        (
            "😀\ufe0f\U000e0100\U000e01ef",
            ["U+E0100 VARIATION SELECTOR-17", "U+E01EF VARIATION SELECTOR-256"],
        ),
        ("a\ufe00", ["U+FE00 VARIATION SELECTOR-1"]),
        ("é\ufe00", ["U+FE00 VARIATION SELECTOR-1"]),
        ("1\ufe0f", ["U+FE0F VARIATION SELECTOR-16"]),
        ("\ufe0f", ["U+FE0F VARIATION SELECTOR-16"]),
        ("\u200b\ufe01", ["U+200B ZERO WIDTH SPACE", "U+FE01 VARIATION SELECTOR-2"]),
        ("\u3000\ufe01", ["U+FE01 VARIATION SELECTOR-2"]),
        ("É\ufe00", ["U+FE00 VARIATION SELECTOR-1"]),
        ("ǅ\ufe00", ["U+FE00 VARIATION SELECTOR-1"]),
        ("👩🏽\u200d🚀 X-ray", []),
        ("\r\nline", []),
        ("\rline\r\n", ["U+000D CARRIAGE RETURN"]),
        ("\u2028\u2029", ["U+2028 LINE SEPARATOR", "U+2029 PARAGRAPH SEPARATOR"]),
        ("\ue000\u0378", ["U+E000 control character", "U+0378 control character"]),
        ("\u180b", ["U+180B MONGOLIAN FREE VARIATION SELECTOR ONE"]),
    ],
)
def test_hidden_characters_are_named(text, found):
    assert marks.hidden(text) == found


def test_a_line_break_of_a_browser_is_no_mark_even_where_a_finding_parts_it():
    parts = marks.segments("Buy now\r\nor\rnever", [{"span": [4, 8], "text": "now\r"}])
    assert [part.mark for part in parts if part.mark] == ["U+000D CARRIAGE RETURN"]


def test_a_finding_is_shown_where_its_words_stand_and_nowhere_else():
    fits = {"span": [4, 7], "text": "now", "message": "pressure", "status": "fail"}
    parts = marks.segments("Buy now!", [fits])
    assert [(part.text, part.finding, part.status) for part in parts] == [
        ("Buy ", "", ""),
        ("now", "pressure", "fail"),
        ("!", "", ""),
    ]
    for wrong in ({**fits, "text": "not"}, {**fits, "span": [4, 99]}, {**fits, "span": None}):
        assert [part.finding for part in marks.segments("Buy now!", [wrong])] == [""]


def test_a_finding_of_personal_data_is_cut_out_as_private():
    found = {"code": "pii_phone", "status": "warn", "span": [5, 8], "text": "123", "message": "x"}
    parts = marks.segments("Ring 123 now", [found])
    assert [(part.text, part.private) for part in parts] == [
        ("Ring ", False), ("123", True), (" now", False),
    ]  # fmt: skip
    assert marks.any_private(parts) and not marks.any_private(marks.segments("Ring 123 now"))
    assert [part.private for part in marks.segments("1\u200b3", [])] == [False] * 3


def test_of_findings_over_one_another_the_gravest_counts_and_each_is_told():
    phone = {"code": "pii_phone", "status": "warn", "span": [0, 8], "text": "Ring 123",
             "message": "a number"}  # fmt: skip
    rude = {"code": "tone", "status": "fail", "span": [0, 4], "text": "Ring", "message": "rude"}
    parts = marks.segments("Ring 123", [phone, rude])
    assert [(part.text, part.finding, part.status, part.private) for part in parts] == [
        ("Ring", "a number; rude", "fail", True),
        (" 123", "a number", "warn", True),
    ]
    assert [part.text for part in marks.segments("Ring 123", edge=4)] == ["Ring", " 123"]
    assert marks.any_private([], parts) and not marks.any_private([], [])
    (told,) = marks.segments("Ring", [{"span": [0, 4], "text": "Ring"}])
    assert (told.finding, told.status, told.private) == ("", "warn", False)


def test_of_a_long_subject_it_is_said_what_is_seen_of_it():
    assert marks.long_subject("s" * 78) == ""
    assert marks.long_subject("s" * 79) == (
        "The subject has 79 characters. Mail programs show about the first 78, a telephone half of "
        "that."
    )


def test_each_hidden_character_is_a_piece_of_its_own():
    name = "U+200B ZERO WIDTH SPACE"
    parts = marks.segments("a\u200b\u200bbc")
    assert parts == [
        marks.Segment("a"), marks.Segment("", name), marks.Segment("", name), marks.Segment("bc"),
    ]  # fmt: skip
