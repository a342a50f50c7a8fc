"""Whether the content rules can read a text: they are written for English. Pure.

Of a text in another language they find nothing, which says nothing: a person looks. Told by its
letters, by words that only other languages have, by which language's small words are most, and
by most of a sentence's words being none that English text of ours has (`rules/english.txt`).
"""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from itertools import groupby

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
# A name has a small word ("де ла") and no more, where a script has small letters.
SMALL, LETTERS = 2, 5
# So many words of a sentence that are not English, and for each that is English so many; or so many
# in a row.
STRANGE, EACH, ROW = 3, 2, 5
ENGLISH = RULES_DIR / "english.txt"
# A letter, and the marks that many scripts write vowels and tones with.
_WORD = re.compile(
    r"[^\W\d_](?:[^\W\d_]|[\u0300-\u036f\u0591-\u05c7\u064b-\u0670\u0900-\u0dff\u0e31-\u0e4e"
    r"\u0eb1-\u0ece\u102b-\u109d\u17b4-\u17d3]|['’](?=[^\W\d_]))*"
)
_SENTENCE = re.compile(r"[^.!?\n]+")
_SIGN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_ENDINGS = (
    "'s", "s", "es", "ed", "d", "ing", "ly", "er", "ers", "est", "ies", "ied", "n't", "'ll", "'re",
    "'ve", "'d", "ment", "ness", "able", "ally", "ation", "ations",
)  # fmt: skip
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
    words = _WORD.findall(sentence)
    ours, theirs = _counted([word.casefold() for word in words])
    return (
        theirs > max(ours, MANY - 1) or _is_foreign_script(sentence, words) or _is_strange_to(words)
    )


def _is_strange_to(words: list[str]) -> bool:
    """Whether most of the words, or some in a row, names left out, are none that English has."""
    plain = [word for word in words if word[0].islower() and _LATIN.match(word)]
    known = [_is_english(word.replace("’", "'")) for word in plain]
    strange = known.count(False)
    in_a_row = max((len([*each]) for is_known, each in groupby(known) if not is_known), default=0)
    return in_a_row >= ROW or strange >= max(STRANGE, EACH * (len(known) - strange))


@lru_cache(maxsize=10_000)
def _is_english(word: str) -> bool:
    known = _english()
    if word in known:
        return True
    stems = [word[: -len(each)] for each in _ENDINGS if word.endswith(each)]
    return any(
        stem in known or f"{stem}e" in known or f"{stem}y" in known or _single(stem) in known
        for stem in stems
    )


def _single(stem: str) -> str:
    """ "plann" is "plan"."""
    return stem[:-1] if len(stem) > 3 and stem[-1] == stem[-2] else stem


def _is_foreign_script(sentence: str, words: list[str]) -> bool:
    """Whether more of it is in another script than a name, or what no name says: a sentence may
    end without a stop."""
    others = [word for word in words if not _LATIN.search(word)]
    if not others:
        return False
    small = [word for word in others if word[0].islower()]
    if len(small) >= SMALL and sum(map(len, small)) >= LETTERS:
        return True
    said, heard, firms = _scripts()
    if (len(others) > 1 and not said.isdisjoint(others)) or heard.search(sentence):
        return True
    signs = len(_SIGN.findall(firms.sub("", sentence)))
    return len(others) > MANY or sum(map(len, others)) > NAME or signs > SIGNS


def _counted(words: list[str]) -> tuple[int, int]:
    """How many are small words of English, and of the language that has most of them."""
    english, *others = small_words()
    return sum(word in english for word in words), max(
        sum(word in each for word in words) for each in others
    )


@lru_cache(maxsize=1)
def _english() -> frozenset[str]:
    return frozenset(ENGLISH.read_text("utf-8").split())


@lru_cache(maxsize=1)
def _scripts() -> tuple[frozenset[str], re.Pattern[str], re.Pattern[str]]:
    """Of other scripts: small words, what is said and no name, and what firms are called."""
    read = tomllib.loads((RULES_DIR / "scripts.toml").read_text("utf-8"))
    said, firms = (re.compile("|".join(read[name])) for name in ("said", "firms"))
    return frozenset(" ".join(read["small"]).split()), said, firms


@lru_cache(maxsize=1)
def small_words() -> list[frozenset[str]]:
    """Of each language with stop rules, English first."""
    read = tomllib.loads((RULES_DIR / "foreign.toml").read_text("utf-8"))
    return [
        frozenset(f"{line} {more}".split())
        for line, more in zip(read["known"], read["small"], strict=True)
    ]
