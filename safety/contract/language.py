"""Whether the content rules can read a text: they are written for English. Pure.

Of a text in another language they find nothing, which says nothing: a person looks. Told by its
letters, by words that only other languages have, and by which language's small words are most.
"""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache

from safety.contract.foreign import foreign
from safety.contract.rulebook import RULES_DIR
from safety.contract.signature import signature

PIECE, OVERLAP = 4_000, 500  # a long text is judged in pieces
LONGEST = 40_000  # nobody would read more, and no rule shall say that it may go unread
# So many small words of another language tell in a short text, one in more words than that, and
# so many in one sentence of an English text: an address has one or two.
FEW, SOME, MANY = 2, 4, 3
# More letters of another script than a name has; more signs than one has where each is a syllable.
NAME, SIGNS = 24, 6
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_SENTENCE = re.compile(r"[^.!?\n]+")
_SIGN = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
)
_LATIN = re.compile(r"[A-Za-z\u00aa-\u024f]")


def is_read(*texts: str) -> bool:
    """Whether none of the texts is, as a whole or in one sentence, in another language."""
    return not any(map(_is_unread, texts))


def _is_unread(text: str) -> bool:
    own = _own(text)
    starts = range(0, max(len(own) - OVERLAP, 1), PIECE - OVERLAP)
    return len(text) > LONGEST or any(_is_strange(own[at : at + PIECE]) for at in starts)


def _own(text: str) -> str:
    """Without the signature, where names and addresses stand. What stands below it is read."""
    first, end = signature(text)
    return f"{text[:first]}\n{text[end:]}"


def _is_strange(text: str) -> bool:
    words = _WORD.findall(text.casefold())
    if not words:
        return False
    latin = sum(map(len, _LATIN.findall(text)))
    if latin * 2 < sum(map(len, words)) or foreign(text):
        return True
    ours, theirs = _counted(words)
    few = FEW if len(words) < SOME else 1
    if theirs >= few and theirs > ours:
        return True
    return any(_is_told(sentence) for sentence in _SENTENCE.findall(text))


def _is_told(sentence: str) -> bool:
    words = _WORD.findall(sentence.casefold())
    ours, theirs = _counted(words)
    return theirs > max(ours, MANY - 1) or _is_foreign_script(sentence, words)


def _is_foreign_script(sentence: str, words: list[str]) -> bool:
    """Whether more of it is in another script than a name: a sentence may end without a stop."""
    others = [word for word in words if not _LATIN.search(word)]
    letters = sum(map(len, others))
    return len(others) > MANY or letters > NAME or len(_SIGN.findall(sentence)) > SIGNS


def _counted(words: list[str]) -> tuple[int, int]:
    """How many are small words of English, and of the language that has most of them."""
    english, *others = _small_words()
    return sum(word in english for word in words), max(
        sum(word in each for word in words) for each in others
    )


@lru_cache(maxsize=1)
def _small_words() -> list[frozenset[str]]:
    """Of each language with stop rules, English first."""
    read = tomllib.loads((RULES_DIR / "foreign.toml").read_text("utf-8"))
    return [
        frozenset(f"{line} {more}".split())
        for line, more in zip(read["known"], read["small"], strict=True)
    ]
