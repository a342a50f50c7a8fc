"""What of a text a reader sees: a reason, or a message, that is drawn as nothing is none. Pure."""

from __future__ import annotations

import unicodedata

# Letters and symbols by their category, and drawn as nothing or as a blank.
BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
SEEN = frozenset("LNPS")  # letters, numbers, punctuation, symbols; marks only beside one of them
NONE_GIVEN = "no reason given"


def signs(text: str) -> str:
    """The signs that are seen, without blanks; empty where nothing is."""
    return "".join(
        sign for sign in text if unicodedata.category(sign)[0] in SEEN and sign not in BLANKS
    )


def reason_of(stop: str) -> str:
    """Why somebody stops something, as they say it: no stop is refused for want of words."""
    return stop if signs(stop) else NONE_GIVEN
