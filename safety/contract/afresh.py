"""A text as a reader takes it in who passes over what was put between its words, or into them.

People read `act-now-or-lose`, `act 😀 now 😀 or 😀 lose`, `y0u'r3 4n 1d10t` and "u" for "you"
without a thought. Only a text with enough of it is read a second time, beside the first: so more
may be found and never less, and an ordinary one costs nothing but the question. Linear, and pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

import re2

from safety.contract.emphasis import names
from safety.contract.normalise import Folded, in_letters

# A mark in each of three gaps behind one another, as no ordinary sentence has it.
_RUN = r"[a-z0-9][a-z0-9']*(?:[ \t]*[^a-z0-9\s'][^a-z0-9\n']*[a-z0-9][a-z0-9']*){3,}"
_JOINED = re2.compile(_RUN)
# What goes; the stop behind a word stays where another mark joins it to the next.
_MARK = re.compile(r"[^\w\s'.!?,;:]|_|(?<!\w)[.!?,;:]|[.!?,;:](?! ?[^\w\s'])")
_LETTERS = re.compile(r"[a-z]+")
MOST = 1_000  # such places that are read; a text with more is no letter
# Words with digits in them ("c4n"): names of things have them once or twice, no sentence oftener.
_MIXED = re2.compile(r"[a-z0-9@$]*(?:[a-z][013457@$]|[013457@$][a-z])[a-z0-9@$]*")
MANY = 3
_TOKEN = re.compile(r"(?<![\w@$.])(?=[a-z0-9@$!'|]*[a-z013457])[a-z0-9@$!'|]{1,24}(?![\w@$])")
_FIGURES = re.compile(r"[013457]{1,5}")
_SHORT = re.compile(r"(?<![\w.@-])(?:u|ur)\b(?!['@.-]\w)")
_SPELT = {"u": "you", "ur": "your"}
_IS_JOINED, _IS_SHORT = 0, 1  # what is asked first


def afresh(folded: Folded) -> Folded | None:
    """The text read once more, with the way back to its original; None where that is the same."""
    text, origin = folded.text, folded.origin
    lower = folded.cased.lower()
    if lower != text and sum(1 for _ in islice(_MIXED.finditer(lower), MANY)) == MANY:
        text = _TOKEN.sub(_spelled, lower)
    asked = _may_be().Match(text.encode())
    if not asked:
        return None if text is folded.text else Folded(folded.original, text, text, origin)
    parted = _parted(text) if _IS_JOINED in asked else text
    if _IS_SHORT in asked or parted != text:
        parted, origin = _in_full(parted, origin)
    text = parted
    if text == folded.text:
        return None
    cased = text
    if len(text) == len(folded.cased):
        cased = "".join([b if b == " " else a for a, b in zip(folded.cased, text, strict=True)])
    return Folded(folded.original, cased, text, origin)


@lru_cache(maxsize=1)
def _may_be() -> Any:
    """Asked of every text, so both questions at once."""
    asked = re2.Set.SearchSet()
    for pattern in (_RUN, r"\bur?\b"):  # _IS_JOINED, _IS_SHORT
        asked.Add(pattern)
    asked.Compile()
    return asked


def _spelled(found: re.Match[str]) -> str:
    return _word_of(found[0])


@lru_cache(maxsize=4096)
def _word_of(token: str) -> str:
    is_word = any(char.isalpha() for char in token) or _FIGURES.fullmatch(token)
    return in_letters(token) if is_word else token


def _parted(text: str) -> str:
    """The text with a blank for each mark that joins words, but in addresses and names."""
    runs = [found.span() for found in islice(_JOINED.finditer(text), MOST)]
    runs = [(start, end) for start, end in runs if _has_words(text[start:end])]
    if not runs:
        return text
    signs = list(text)
    for start, end in runs:
        signs[start:end] = _MARK.sub(" ", text[start:end])
    if "".join(signs) == text:  # as in "well, yes. No, thanks"; to ask for names would cost
        return text
    for start, end in names(text):
        signs[start:end] = text[start:end]
    return "".join(signs)


def _has_words(run: str) -> bool:
    """Or it is a date, a time, a sum."""
    return sum(1 for _ in islice(_LETTERS.finditer(run), MANY)) == MANY


def _in_full(text: str, origin: Sequence[int]) -> tuple[str, Sequence[int]]:
    """`u` and `ur` as the words they stand for."""
    out: list[str] = []
    places: list[int] = []
    last = 0
    for found in islice(_SHORT.finditer(text), MOST):
        start, end = found.span()
        word = _SPELT[found[0]]
        out += text[last:start], word
        places += origin[last:start]
        places += [origin[start]] * (len(word) - 1)
        places.append(origin[end - 1])
        last = end
    out.append(text[last:])
    places += origin[last:]
    return "".join(out), places
