"""What a reader sees of a reason, a name or a message."""

from __future__ import annotations

import pytest

from outreach.core import visible


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("", ""),
        (" \t\r\n", ""),
        ("They asked.", "Theyasked."),
        ("№ 7 – 5 €", "№7–5€"),
        ("他们要求停止", "他们要求停止"),
        ("👍", "👍"),
        ("e\u0301", "e"),  # the accent stands on a letter that is seen
        ("\u0301", ""),
        ("\u200b\u200d\u202e\ufeff\u00ad\x00\x1b", ""),  # joiners, directions, controls
        ("\u115f\u1160\u2800\u3164\uffa0", ""),  # fillers and the empty Braille cell
        ("\u2800\u2801", "\u2801"),
        ("\ue000", ""),  # of a private font: nobody knows what is drawn
    ],
)
def test_what_is_drawn_counts_and_nothing_else(text, seen):
    assert visible.signs(text) == seen
    assert visible.reason_of(text) == (text if seen else "no reason given")
