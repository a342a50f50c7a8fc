"""Whether a text is in a script or language for which there are no stop rules. Pure.

Such a text may ask us to stop, and nobody could tell: the queue holds and a person looks. Told by
its letters, and by small words that the languages with rules do not have (`rules/foreign.toml`).
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import lru_cache

from safety.contract.rulebook import RULES_DIR

LONGEST = 4_000
# Letters, and the marks that Indian scripts write their vowels with.
_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|[\u0300-\u036f\u0900-\u0d7f'’])*")
_NO_WORDS = re.compile(
    r"(?<!\S)[^\s@]+@\S+|(?:https?://|www\.)\S+|[@#]\S+|(?<!\S)[^\s/.]+\.[^\s/]+/\S*"
)
_OURS = frozenset("abcdefghijklmnopqrstuvwxyzßàáâãäåæçèéêëìíîïñòóôõöøœùúûüýÿªºﬁﬂ")
_SHORT = 3  # words, of which one of another language is enough


def foreign(text: str) -> str:
    """The words that show it, or "" for a text that the rules can read."""
    plain = unicodedata.normalize("NFKC", _NO_WORDS.sub(" ", text[:LONGEST]))
    words = _WORD.findall(plain)
    others = [word for word in words if _script(word) == "other"]
    if sum(map(len, others)) * 2 > sum(map(len, words)):
        return " ".join(others[:6])
    latin = [word for word in words if _script(word) == "latin"]
    listed = _listed()
    folded = [word.casefold().replace("’", "'") for word in latin]
    asked = next((each for each in listed["stops"] if f" {each} " in f" {' '.join(folded)} "), "")
    if asked:
        return asked
    theirs = [word for word in latin if _is_theirs(word, listed["words"])]
    known = sum(word in listed["known"] for word in folded)
    enough = len(theirs) > 1 or len(latin) <= _SHORT
    return " ".join(theirs[:6]) if enough and len(theirs) > known else ""


def _is_theirs(word: str, words: frozenset[str]) -> bool:
    plain = word.casefold()
    if plain in words:
        return True
    may_be_name = word[0].isupper() and not word.isupper()
    return not may_be_name and any(sign.isalpha() and sign not in _OURS for sign in plain)


def _script(word: str) -> str:
    """ "latin"; "han", for which there are rules; or "other"."""
    first = unicodedata.name(word[0], "")
    if first.startswith("LATIN") or word[0] in "ªº":
        return "latin"
    signs = [unicodedata.name(sign, "") for sign in word]
    return "han" if all(name.startswith("CJK UNIFIED") for name in signs) else "other"


@lru_cache(maxsize=1)
def _listed() -> dict[str, frozenset[str]]:
    read = tomllib.loads((RULES_DIR / "foreign.toml").read_text("utf-8"))
    return {name: frozenset(word for line in read[name] for word in split(line)) for name in read}


def split(line: str) -> list[str]:
    """The entries of a line of the list; commas part what has several words."""
    return [each.strip() for each in line.split(",")] if "," in line else line.split()
