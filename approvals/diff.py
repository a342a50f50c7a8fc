"""What changed between two revisions, word by word, for the eye of a reviewer. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

WORDS = re.compile(r"\s+|\w+|[^\w\s]")
WORD = re.compile(r"\w+")
LONGEST = 6_000  # characters; longer texts are compared by line, so that a page stays quick
MOST_LINES = 2_000


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text that is the `same`, was `gone`, or is `new`."""

    kind: str
    text: str


def compare(old: str, new: str) -> list[Piece]:
    """The pieces of both texts in reading order; joined without `gone` they are the new text.

    A text written anew is two pieces: the old one whole, then the new one.
    """
    by_word = len(old) + len(new) <= 2 * LONGEST
    before, after = (
        (WORDS.findall(text) if by_word else text.splitlines(keepends=True)) for text in (old, new)
    )
    if not by_word and max(len(before), len(after)) > MOST_LINES:
        return [Piece("gone", old), Piece("new", new)]
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=not by_word)
    pieces = _pieces(matcher, before, after)
    if by_word and _is_anew(pieces, before, after):
        return [Piece("gone", old), Piece("new", new)]
    return pieces


def _is_anew(pieces: Sequence[Piece], before: Sequence[str], after: Sequence[str]) -> bool:
    """Whether so few words stayed that old and new, mixed, could not be read."""
    kept = sum(len(WORD.findall(piece.text)) for piece in pieces if piece.kind == "same")
    shorter = min(sum(bool(WORD.match(each)) for each in text) for text in (before, after))
    return 3 * kept < shorter


def _pieces(
    matcher: difflib.SequenceMatcher[str], before: Sequence[str], after: Sequence[str]
) -> list[Piece]:
    pieces: list[Piece] = []
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            pieces.append(Piece("same", "".join(after[c:d])))
            continue
        if b > a:
            pieces.append(Piece("gone", "".join(before[a:b])))
        if d > c:
            pieces.append(Piece("new", "".join(after[c:d])))
    return pieces
