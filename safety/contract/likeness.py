"""How much a text reads like a request to stop: one number, learnt from examples. Pure.

The rules of `stop_request.py` know wordings; people find others every day. Six opinions, two of
each of three models, judge a stretch of text. In each of them every word, each two and three words
in a row and each short piece of a word has a weight (`rules/stop_weights.tsv`, learnt by
`tools/learn_stops.py` from `bench/stop_replies.tsv`); an opinion is their sum, or 0 where that is
less, and it speaks for a
request or against one. So a word may mean one thing beside these words and another beside those,
which one sum cannot say. Above 0 a request is more likely than not, as far as those examples go.
No network, no model to download; the same text gives the same number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from safety.contract.rulebook import RULES_DIR

WEIGHTS = RULES_DIR / "stop_weights.tsv"
BEGINNING, END = 3_000, 1_000  # of a long text; people ask at its beginning or at its end
SHORT = 25  # words: so much is also read as a whole
_PIECES = (3, 4, 5)
_LANE, _HALF = 32, 1 << 31  # bits of each number in a packed one, and half of what they hold
# A word, a Chinese sign or a mark: it tells much whether something is asked or called out.
_WORD = re.compile(
    r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+(?:'[^\W_\u3400-\u9fff]+)*|[🛑🚫✋⛔]|[?!]"
)
_SENTENCE = re.compile(r"[^.!?;\n。！？；…]+[.!?;\n。！？；…]*")


@dataclass(frozen=True, slots=True)
class Learnt:
    """What the examples taught. Weights are hundredths; one weight for each opinion, packed."""

    words: dict[str, int]
    begin: tuple[int, ...]  # what each opinion begins with
    counts: tuple[int, ...]  # 1 for a request or -1 against
    base: int

    def number(self, found: set[str]) -> float:
        """What all opinions together say about these features."""
        said = self.words.get
        parts = unpack(sum(said(each, 0) for each in found), len(self.begin))
        root = len(found) ** 0.5
        opinions = (
            sign * max(0.0, start + part / root)
            for sign, start, part in zip(self.counts, self.begin, parts, strict=True)
        )
        return float(self.base + sum(opinions)) / 100


def pack(weights: Iterable[int]) -> int:
    """Several numbers in one, so that adding two such numbers adds each to its like."""
    return sum(weight << (_LANE * at) for at, weight in enumerate(weights))


def unpack(packed: int, size: int) -> list[int]:
    """The numbers again; each must be smaller than 2**31, which 20,000 characters cannot reach."""
    found = []
    for _ in range(size):
        low = ((packed + _HALF) & (2 * _HALF - 1)) - _HALF
        found.append(low)
        packed = (packed - low) >> _LANE
    return found


def likeness(text: str) -> tuple[float, tuple[int, int]]:
    """The number of the stretch that reads most like a request, and where it stands in `text`.

    `text` is folded (`normalise.fold`). Without a word in it: far below 0.
    """
    learnt = _learnt()
    best = (-100.0, (0, 0))
    for start, end in stretches(text):
        found = features(text[start:end])
        if found:
            best = max(best, (learnt.number(found), (start, end)))
    return best


def stretches(text: str) -> list[tuple[int, int]]:
    """Each sentence, each with the one before it, and a short text as a whole."""
    places = [found.span() for found in _SENTENCE.finditer(text)]
    places = [(a, b) for a, b in places if a < BEGINNING or b > len(text) - END]
    pairs = [(first[0], second[1]) for first, second in pairwise(places)]
    whole = [(0, len(text))] if len(places) > 2 and len(_WORD.findall(text)) <= SHORT else []
    return [*places, *pairs, *whole]


def features(text: str) -> set[str]:
    """What has a weight: words and marks, two and three in a row, and with a "#" pieces of them."""
    words = _WORD.findall(text)
    found = set(words)
    found.update(map(" ".join, pairwise(words)))
    found.update(map(" ".join, zip(words, words[1:], words[2:], strict=False)))
    for word in set(words):
        if len(word) > _PIECES[0]:
            marked = f"<{word}>"
            for size in _PIECES:
                found.update(f"#{marked[at : at + size]}" for at in range(len(marked) - size + 1))
    return found


@lru_cache(maxsize=1)
def _learnt() -> Learnt:
    return parse(WEIGHTS.read_text("utf-8"))


def parse(text: str) -> Learnt:
    """A file of weights: a feature and its numbers in each line. Those in capitals are no words."""
    lines = (line.split("\t") for line in text.splitlines() if not line.startswith("# "))
    rows = {feature: list(map(int, numbers.split(" "))) for feature, numbers in lines}
    begin, counts, (base,) = rows.pop("BEGIN"), rows.pop("COUNTS"), rows.pop("BASE")
    words = {feature: pack(numbers) for feature, numbers in rows.items()}
    return Learnt(words, tuple(begin), tuple(counts), base)
