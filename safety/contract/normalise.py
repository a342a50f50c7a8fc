"""Text as a reader takes it in, for rules to look at, with the way back to the original kept.

Look-alike letters, invisible characters, spaced-out words, marks of emphasis and digits for letters
are undone; mark-up and quoted replies are left out. Every step is linear in the length of the text.
"""

from __future__ import annotations

import html as html_entities
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import category

import re2

from safety.contract.emphasis import MARKS, names, without_emphasis
from safety.contract.glyphs import FOLDS

_ODD_ASCII = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
TURNS = "\u202e"  # right to left from here on, whatever the letters
_TURNED = re.compile(f"{TURNS}([^\u202a-\u202e\u2066-\u2069\n]+)")
_MARKUP = re.compile(
    r"<!--.*?(?:-->|$)|<(script|style|head|title)\b[^>]*>.*?(?:</\1\s*>|$)|</?[a-z!][^<>]*>"
    r"|&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});",
    re.I | re.S,
)
_LOOKS_LIKE_MARKUP = re.compile(
    r"<(?:/?(?:p|br|div|span|a|b|i|u|em|strong|html|body|table|td|tr|h[1-6]|ul|li|img|font|style"
    r"|script|center)\b|!--)|&(?:#\d{2,7}|#x[0-9a-f]{2,6}|nbsp|amp|shy|zwnj|zwj|[lr]squo);",
    re.I,
)
_BREAKING = frozenset(("p", "br", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "table"))
_QUOTED_LINE = re.compile(r"^[ \t]*>.*$", re.M)
QUOTE_STARTS = re.compile(
    r"^[ \t]*(?:-{2,} ?(?:original message|forwarded message|forwarded by|mensaje original"
    r"|message d'origine|urspr\u00fcngliche nachricht|mensagem original|messaggio originale)\b.*"
    r"|(?:on|el|le|am|em|il)\b[^\n]{4,160}(?:wrote|escribi\u00f3|a \u00e9crit|schrieb|escreveu"
    r"|ha scritto) ?:[ \t]*$"
    r"|from:[ \t][^\n]{1,200}\n(?:[ \t]*\n)?[ \t]*(?:sent|date|to):.*)",
    re.M | re.I,
)
# Letters set apart by blanks, by one of the marks of emphasis, or by any mark.
_SPACED = re.compile(
    r"(?<![^\W_])(?<!')[^\W\d_](?:(?:[ ]{1,4}['a-zA-Z0-9@$.,!?:;%-](?![^\W_]|')){2,}"
    r"|(?:[.\-_*|~/+`][a-zA-Z0-9@$](?![^\W_]|')){3,}"
    r"|(?:[_*~`][a-zA-Z0-9@$](?![^\W_]|')){2,})"
)
# Asked first, because most texts have no such run: a letter alone, then more characters alone.
_MAY_BE_SPACED = re2.compile(
    r"(?:^|[^\pL\pN'])\pL(?:(?: {1,4}['a-zA-Z0-9@$.,!?:;%-]){2}"
    r"|(?:[.\-_*|~/+`][a-zA-Z0-9@$]){3}"
    r"|(?:[_*~`][a-zA-Z0-9@$]){2})"
)
_MAY_BE_LEET = re2.compile(r"[a-z][013457@$!|]+[a-z]|[013457@$][a-z]{2}|[a-z]{2}[013457$]")
_LEET_TOKEN = re.compile(r"(?<![\w@.$/-])[a-z0-9@$!|]{3,24}(?![\w@$/-]|\.\w)")
_LEET_HINT = re.compile(
    r"[a-z][013457@$!|]+[a-z]|(?<![\w.])[013457@$][a-z]{2}|[a-z]{2}[013457$](?!\w)"
)
_LEET = str.maketrans(
    {"0": "o", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i", "|": "l"}
)
_UNITS = re.compile(
    r"\d+(?:st|nd|rd|th|am|pm|hrs?|h|k|x|m|d|s|g|b|mins?|days?|hours?|weeks?|gb|mb|kb|tb|kg|km|cm|mm"
    r"|ml|usd|eur|gbp|pct|bn|mn|yrs?|pcs?|ppm|hz|mhz|ghz|in|ft|lbs?|oz|off|p|c|w|v|a|l|e|f)+[!|]*"
    r"|(?:\d+(?:days?|d|hours?|hrs?|h|mins?|m|secs?|s)){2,}\w*"
    r"|[a-z]+(?:[02-9]|\d{2,})[!|]*|[a-z]{0,2}1|[a-z]+!+"
)
_VOWELS = frozenset("aeiou")
_REMEMBERED = 20_000  # shorter texts are folded once for all the checks that look at them

# A step gives the new text and, for each of its characters, the place it had before.
_Step = Callable[[str], tuple[str, Sequence[int]]]


@dataclass(frozen=True, slots=True)
class Folded:
    """Plain text and where each of its characters came from."""

    original: str
    cased: str
    text: str  # the same in small letters; same length
    origin: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the original that `text[start:end]` was made from, and the accents and
        vowel signs on its last letter, which are none without it."""
        if start >= end:
            return (0, 0)
        first, last = sorted((self.origin[start], self.origin[end - 1]))  # it may be turned round
        last += 1
        while last < len(self.original) and category(self.original[last])[0] == "M":
            last += 1
        return first, last


def turned(original: str) -> Folded | None:
    """The text as it is drawn where it is turned round (U+202E); None where nothing of it is."""
    places = list(range(len(original)))
    for found in _TURNED.finditer(original):
        start, end = found.span(1)
        places[start:end] = range(end - 1, start - 1, -1)
    text = "".join([original[place] for place in places])
    if text == original:
        return None
    seen = fold(text)
    return Folded(original, seen.cased, seen.text, [places[place] for place in seen.origin])


def has_markup(text: str) -> bool:
    """Whether a text contains tags or entities a mail program would not show."""
    return ("<" in text or "&" in text) and bool(_LOOKS_LIKE_MARKUP.search(text))


def fold(
    original: str, *, markup: bool = False, quotes: bool = True, emphasis: bool = False
) -> Folded:
    """Fold a text; `markup` takes tags out, and without `quotes` quoted replies are blanked.

    With `emphasis` its marks stay, for who looks for what may be made of them: keys, addresses.
    """
    if len(original) > _REMEMBERED:
        return _fold(original, markup, quotes, emphasis)
    return _fold_again(original, markup, quotes, emphasis)


def _fold(original: str, markup: bool, quotes: bool, emphasis: bool) -> Folded:
    text: str = original
    origin: Sequence[int] = range(len(original))
    if markup:
        text, origin = _compose(_without_markup, text, origin)
    text, origin = _compose(_plain_letters, text, origin)
    if not quotes:
        text = without_quotes(text)
    text, origin = _compose(_closed_up, text, origin)
    if not emphasis:
        text = without_emphasis(text)
    # No folded character gets longer in small letters (the only one that would is \u0130).
    return Folded(original, text, _letters_for_digits(text.lower()), origin)


_fold_again = lru_cache(maxsize=128)(_fold)


def without_quotes(text: str) -> str:
    """Blank what is quoted from earlier mail, length unchanged; a text that is all quote stays."""
    kept = text
    if ">" in kept:
        kept = _QUOTED_LINE.sub(lambda m: " " * len(m[0]), kept)
    found = QUOTE_STARTS.search(kept) if ":" in kept or "--" in kept else None
    if found:
        kept = kept[: found.start()] + " " * (len(kept) - found.start())
    return kept if kept.strip() else text


def _compose(step: _Step, text: str, origin: Sequence[int]) -> tuple[str, Sequence[int]]:
    new, places = step(text)
    if isinstance(places, range):
        return new, origin
    if isinstance(origin, range):
        return new, places
    return new, [origin[place] for place in places]


def _without_markup(text: str) -> tuple[str, Sequence[int]]:
    """Tags and comments go, block tags become line ends, entities become their character."""
    out: list[str] = []
    places: list[int] = []
    last = 0
    for found in _MARKUP.finditer(text):
        out.append(text[last : found.start()])
        places.extend(range(last, found.start()))
        shown = _shown(found[0])
        out.append(shown)
        places.extend([found.start()] * len(shown))
        last = found.end()
    out.append(text[last:])
    places.extend(range(last, len(text)))
    return "".join(out), places


def _shown(piece: str) -> str:
    if piece.startswith("&"):
        return html_entities.unescape(piece)
    name = re.match(r"</?([a-z0-9]+)", piece, re.I)
    return "\n" if name and name[1].lower() in _BREAKING else ""


def _plain_letters(text: str) -> tuple[str, Sequence[int]]:
    if text.isascii() and not _ODD_ASCII.search(text):
        return text, range(len(text))
    plain = text.translate(FOLDS)
    if all(len(FOLDS[ord(char)]) == 1 for char in set(text)):
        return plain, range(len(plain))
    return plain, [at for at, char in enumerate(text) for _ in FOLDS[ord(char)]]


def _closed_up(text: str) -> tuple[str, Sequence[int]]:
    """`U R G E N T` becomes `URGENT`; in such a run a wider gap is the space between words."""
    runs = list(_SPACED.finditer(text)) if _MAY_BE_SPACED.search(text) else []
    if runs and any(mark in text for mark in MARKS):
        taken = names(text)
        runs = _outside(runs, taken) if taken else runs
    if not runs:
        return text, range(len(text))
    out: list[str] = []
    places: list[int] = []
    last = 0
    for run in runs:
        start, end = run.span()
        kept = _kept_of(text, start, end)
        even = isinstance(kept, range)
        out += text[last:start], text[start:end:2] if even else "".join([text[i] for i in kept])
        places += range(last, start)
        places += kept
        last = end
    out.append(text[last:])
    places += range(last, len(text))
    return "".join(out), places


def _outside(runs: list[re.Match[str]], taken: list[tuple[int, int]]) -> list[re.Match[str]]:
    """The runs that touch none of the stretches; both in their order."""
    ahead = iter([*taken, (sys.maxsize, sys.maxsize)])
    start, end = next(ahead)
    kept = []
    for run in runs:
        while end <= run.start():
            start, end = next(ahead)
        if run.end() <= start:
            kept.append(run)
    return kept


def _kept_of(text: str, start: int, end: int) -> Sequence[int]:
    if text[start + 1] != " ":
        return range(start, end, 2)  # a mark stands between the letters
    kept = []
    for place in range(start, end):
        char = text[place]
        is_word_gap = char == " " and text[place - 1] == " " and text[place - 2] != " "
        if char.isalnum() or char in "'@$.,!?:;%-" or is_word_gap:
            kept.append(place)
    return kept


def _letters_for_digits(lower: str) -> str:
    """`urg3nt` becomes `urgent`; numbers, units and addresses stay. Length unchanged."""
    if not _MAY_BE_LEET.search(lower) or not _LEET_HINT.search(lower):
        return lower
    return _LEET_TOKEN.sub(_unleet, lower)


def _unleet(found: re.Match[str]) -> str:
    return _spelled(found[0])


@lru_cache(maxsize=4096)
def _spelled(token: str) -> str:
    letters = sum(c.isalpha() for c in token)
    if letters == len(token) or letters * 2 < len(token) or _UNITS.fullmatch(token):
        return token
    return in_letters(token)


def in_letters(token: str) -> str:
    """The digits and marks of a word as the letters they stand for; its length is unchanged."""
    tail = len(token) - len(token.rstrip("!|"))
    body = token[: len(token) - tail] if tail else token
    ones = "".join(_one(body, i) if c == "1" else c for i, c in enumerate(body))
    return ones.translate(_LEET) + token[len(body) :]


def _one(token: str, i: int) -> str:
    """Read `1` as l beside y or between vowels, at the start before a vowel, else as i."""
    before = token[i - 1] if i else ""
    after = token[i + 1] if i + 1 < len(token) else ""
    if not i:
        after = after.translate(_LEET)
    if after == "y" or before == "l":
        return "l" if after == "y" or not after else "i"
    if before in _VOWELS:
        return "l" if not after or after in _VOWELS or after == "l" else "i"
    return "l" if after in _VOWELS else "i"
