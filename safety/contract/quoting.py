"""What of an outgoing mail is the person's own earlier text, quoted back to them.

A quote is believed only if it is what they really wrote: whatever else stands behind ">" or below
"On ... wrote:" is ours, and judged like the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from safety.contract.normalise import QUOTE_STARTS

FEWEST_WORDS = 4  # a shorter quote counts only if it is all they wrote
LONGEST = 200_000
MOST = 100  # quotes that are looked up in all they wrote; what stands behind is ours

_MARKED_LINES = re.compile(r"(?:^[ \t]*>[^\n]*(?:\n|\Z))+", re.M)
_MARKS = re.compile(r"^[ \t]*(?:>[ \t]*)+", re.M)
_BETWEEN = re.compile(r"[\s>|]+")
# Stands for quoted text: no letter, no blank, so that nothing is found across it.
_GONE = "\ue002"


def own_words(text: str, received: Iterable[str]) -> str:
    """The text with every true quote of `received` put out of sight; its length is unchanged.

    Of what only passes for a quote the marks go, so that they break no phrase in two.
    """
    if len(text) > LONGEST or not seems_to_quote(text):
        return text
    known = [f" {_plain(item)} " for item in received]
    for start, end in _claimed(text)[:MOST] if known else ():
        if _is_true(_plain(text[start:end]), known):
            text = f"{text[:start]}{_hidden(end - start)}{text[end:]}"
    return _MARKS.sub(lambda found: " " * len(found[0]), text)


def seems_to_quote(text: str) -> bool:
    """Whether anything in a text passes for a quote."""
    if ">" in text:
        return True
    return (":" in text or "--" in text) and bool(QUOTE_STARTS.search(text))


def _claimed(text: str) -> list[tuple[int, int]]:
    """Stretches that pass for quotes: marked lines, and all that follows a reply header."""
    marked = [found.span() for found in _MARKED_LINES.finditer(text)]
    header = QUOTE_STARTS.search(text)
    return [(header.end(), len(text)), *marked] if header else marked


def _is_true(quote: str, known: Sequence[str]) -> bool:
    words = f" {quote} "
    if not quote or words in known:
        return bool(quote)
    return len(quote.split()) >= FEWEST_WORDS and any(words in item for item in known)


def _plain(text: str) -> str:
    return _BETWEEN.sub(" ", text).strip().casefold()


def _hidden(length: int) -> str:
    """As long as the quote was; the shortest is a mark or a line end, and a letter."""
    return f"\n{_GONE * (length - 2)}\n"
