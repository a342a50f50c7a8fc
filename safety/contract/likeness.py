"""How much a text reads like a request to stop: one number, learnt from examples. Pure.

The rules of `stop_request.py` know wordings; people find others every day. Each word, each two and
three words in a row and each short piece of a word has a weight (`rules/stop_weights.tsv`, learnt
by `tools/learn_stops.py` from `bench/stop_replies.tsv`), and the weights of a stretch of text are
added up. Above 0 a request is more likely than not, as far as those examples go. No network, no
model to download; the same text gives the same number.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

from safety.contract.rulebook import RULES_DIR

WEIGHTS = RULES_DIR / "stop_weights.tsv"
BEGINNING, END = 3_000, 1_000  # of a long text; people ask at its beginning or at its end
SHORT = 25  # words: so much is also read as a whole
_PIECES = (3, 4, 5)
# A word, a Chinese sign or a mark: it tells much whether something is asked or called out.
_WORD = re.compile(
    r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+(?:'[^\W_\u3400-\u9fff]+)*|[🛑🚫✋⛔]|[?!]"
)
_SENTENCE = re.compile(r"[^.!?;\n。！？；…]+[.!?;\n。！？；…]*")


def likeness(text: str) -> tuple[float, tuple[int, int]]:
    """The number of the stretch that reads most like a request, and where it stands in `text`.

    `text` is folded (`normalise.fold`). Without a word in it: far below 0.
    """
    weights = _weights()
    best = (-100.0, (0, 0))
    for start, end in stretches(text):
        found = features(text[start:end])
        if found:
            total = sum(weights.get(each, 0.0) for each in found)
            best = max(best, (weights[""] + total / len(found) ** 0.5, (start, end)))
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
def _weights() -> dict[str, float]:
    """By feature; "" is what every text begins with."""
    lines = WEIGHTS.read_text("utf-8").splitlines()
    rows = (line.split("\t") for line in lines if not line.startswith("# "))
    return {feature: float(weight) for weight, feature in rows}
