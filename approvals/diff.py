"""What changed between two revisions, word by word, for the eye of a reviewer. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

WORDS = re.compile(r"\s+|\w+|[^\w\s]")
WORD = re.compile(r"\w+")
FEW = 5  # words that can be read beside each other in one line
LONGEST = 6_000  # characters; longer texts are compared by line, so that a page stays quick
MOST_LINES = 2_000


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text that is the `same`, was `gone`, or is `new`."""

    kind: str
    text: str
    anew: bool = False  # stands in lines of its own


def compare(old: str, new: str) -> list[Piece]:
    """The pieces of both texts in reading order; joined without `gone` they are the new text.

    What was written anew is two pieces: the old words whole, then the new ones.
    """
    by_word = len(old) + len(new) <= 2 * LONGEST
    before, after = (
        (WORDS.findall(text) if by_word else text.splitlines(keepends=True)) for text in (old, new)
    )
    if not by_word and max(len(before), len(after)) > MOST_LINES:
        return [Piece("gone", old), Piece("new", new)]
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=not by_word)
    pieces = _pieces(matcher, before, after)
    return _untangled(pieces) if by_word else pieces


def _untangled(pieces: list[Piece]) -> list[Piece]:
    """Old and new apart where, between what stays at both ends, so few words stayed that mixed
    they could not be read. A greeting and a footer stay whatever is written anew."""
    first = int(bool(pieces) and _stays(pieces[0]))
    last = len(pieces) - int(len(pieces) > first and _stays(pieces[-1]))
    between = pieces[first:last]
    old, new = (
        "".join(piece.text for piece in between if piece.kind != kind) for kind in ("new", "gone")
    )
    kept = sum(_words(piece.text) for piece in between if piece.kind == "same")
    if 3 * kept >= min(_words(old), _words(new)):
        return pieces
    anew = max(_words(old), _words(new)) > FEW
    apart = [Piece("gone", old, anew), Piece("new", new, anew)]
    return [*pieces[:first], *apart, *pieces[last:]]


def _stays(piece: Piece) -> bool:
    """Whether words stay, and not a full stop alone."""
    return piece.kind == "same" and _words(piece.text) > 0


def _words(text: str) -> int:
    return len(WORD.findall(text))


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
