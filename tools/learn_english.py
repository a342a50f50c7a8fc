"""Count anew which words are English: `python -m tools.learn_english`.

Writes the commonest words of our own English examples to `rules/english.txt`, by which
`safety/contract/language.py` tells a sentence in another language. What only the small words of
other languages have is left out. Needs nothing that the product does not.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from safety.contract.language import ENGLISH, small_words
from tools.learn_leaning import SCENES
from tools.learn_stops import MAIL, OURS
from tools.steps import ROOT, say

COMMON = 4_500  # of more words fewer English sentences are held, and fewer others are told
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


def texts() -> Iterator[str]:
    """English text of ours."""
    for row in (line.split("\t") for line in OURS[0].read_text("utf-8").splitlines()):
        if row[-3] == "en":
            yield row[-1]
    for path in (SCENES, MAIL):
        yield from (line.split("\t")[-1] for line in path.read_text("utf-8").splitlines())


def learn() -> str:
    """The file: a word a line, in their order."""
    seen: Counter[str] = Counter()
    for text in texts():
        seen.update(set(_WORD.findall(text.casefold().replace("’", "'"))))
    english, *others = small_words()
    theirs = frozenset[str]().union(*others) - english
    ranked = sorted((-count, word) for word, count in seen.items() if word not in theirs)
    return "\n".join(sorted(word for _, word in ranked[:COMMON])) + "\n"


def main() -> None:
    ENGLISH.write_text(learn(), "utf-8")
    say(f"{ENGLISH.relative_to(ROOT)}: {COMMON} words")


if __name__ == "__main__":
    main()
