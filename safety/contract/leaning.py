"""How much a text as a whole works on its reader: one number, learnt from examples. Pure.

The rules know wordings; in a scene or a letter each sentence can be ordinary and the whole still
lean on somebody. Every word and mark and each two in a row have a weight (`leaning_weights.tsv`,
learnt by `tools/learn_leaning.py` from `bench/leaning.tsv`); the number is their sum over the root
of how many there are. English. It never fails a message: a person looks (decision 0020).
No network, no model to download; the same text gives the same number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise, repeat

from safety.contract.rulebook import RULES_DIR

WEIGHTS = RULES_DIR / "leaning_weights.tsv"
LEANS = 3.0  # above it a person looks; docs/content-rules.md says how rightly
LEAST = 8  # words: less is no whole
READ = 3_000  # characters from the beginning
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)*|[?!.]")
_SENTENCE = re.compile(r"[^.!?\n]+[.!?\n]*")
BASE = "BASE"  # in capitals, so no word


def features(text: str) -> set[str]:
    """What has a weight: words and marks of a text in small letters, and two in a row."""
    return _of_words(_WORD.findall(text))


def _of_words(words: Sequence[str]) -> set[str]:
    return {*words, *map(" ".join, pairwise(words))}


def leaning(text: str) -> float:
    """The number; above `LEANS` it reads like working on its reader. `text` is in small letters."""
    words = _WORD.findall(text[:READ])
    if len(words) < LEAST:
        return -100.0
    found = _of_words(words)
    return float(_weights()[BASE] + _sum(found) / len(found) ** 0.5) / 100


def heaviest(text: str) -> tuple[int, int]:
    """The sentence that speaks most for it, to be shown to whoever looks."""
    places = [found.span() for found in _SENTENCE.finditer(text[:READ])]
    return max(places, key=lambda place: _sum(features(text[slice(*place)])), default=(0, 0))


def _sum(found: Iterable[str]) -> int:
    return sum(map(_weights().get, found, repeat(0)))


@lru_cache(maxsize=1)
def _weights() -> dict[str, int]:
    return parse(WEIGHTS.read_text("utf-8"))


def parse(text: str) -> dict[str, int]:
    """A file of weights, in hundredths: a feature and its number in each line."""
    lines = (line.split("\t") for line in text.splitlines() if not line.startswith("# "))
    return {feature: int(number) for feature, number in lines}
