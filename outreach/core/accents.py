"""Names found however their accents are written: Élodie by "elodie", Bălănescu by "BALANESCU"."""

from __future__ import annotations

import re
import unicodedata
from string import ascii_lowercase

LONGEST = 40  # letters of a word that are looked for
MOST = 8  # words
APOSTROPHES = "'’‘ʼ′`´"  # each is found by any
# Latin letters that are no accented ones, beside those that they are typed as.
_BESIDE = {"d": "đð", "h": "ħ", "i": "ı", "l": "ł", "n": "ŋ", "o": "ø", "t": "ŧ"}


def _base(letter: str) -> str:
    return unicodedata.normalize("NFKD", letter)[0].casefold()


def _cases(letters: set[str]) -> str:
    """These letters, small and capital; none that becomes two."""
    both = letters | {each.lower() for each in letters} | {each.upper() for each in letters}
    return "".join(sorted(each for each in both if len(each) == 1))


def _alike() -> dict[str, str]:
    found = {letter: {letter, *_BESIDE.get(letter, "")} for letter in ascii_lowercase}
    for letter in map(chr, (*range(0xC0, 0x250), *range(0x1E00, 0x1F00))):
        if _base(letter) in found:
            found[_base(letter)].add(letter)
    return {base: _cases(letters) for base, letters in found.items()}


_ALIKE = _alike()


def words(typed: str) -> list[str]:
    """What is looked for, word by word: blanks and commas part them, as in "Brandt, Hannelore"."""
    return [word for word in re.split(r"[\s,;\0]+", typed) if word][:MOST]


def pattern(word: str) -> str:
    """A regular expression for `word` within a name, in any letter case and with any accents.

    For the databases' own `__regex`: a letter or a set of letters for each, nothing that repeats.
    """
    letters = unicodedata.normalize("NFC", word)[:LONGEST]
    return "".join(_one(letter) for letter in letters)


def whole(name: str) -> str:
    """A regular expression for exactly this name, in any letter case: SQLite's own comparison
    knows the capitals of A to Z alone."""
    letters = (f"[{_cases({each})}]" if each.isalpha() else re.escape(each) for each in name)
    return f"^{''.join(letters)}$"


def _one(letter: str) -> str:
    if letter in APOSTROPHES:
        return f"[{APOSTROPHES}]"
    like = _ALIKE.get(_base(letter)) or (_cases({letter}) if letter.isalpha() else "")
    return f"[{like}]" if like else re.escape(letter)
