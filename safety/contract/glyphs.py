"""What each character looks like to a reader: one fold to plain letters, invisible ones to nothing.

Built from the Unicode tables Python carries, plus the look-alikes those tables do not relate.
"""

from __future__ import annotations

import re
import unicodedata

# target letter -> letters of other scripts that are read as it; capitals and small ones together
_LOOKALIKES = {
    "a": "АаΑαɑᎪаⲀⲁӐӑ∀ɐⱥ",
    "b": "ВвΒβЬьƄƅᏴᏼБɓ♭",
    "c": "СсϹϲСⅭᏟⲤⲥҪҫ¢ↄ",
    "d": "ԀԁᎠᏧⅮժɖđ∂",
    "e": "ЕеΕεЁё℮ЄєҽҾҿᎬⲈⲉ∃ǝɘ€",
    "f": "ҒғϜϝƒꞘՖ",
    "g": "ԌԍɡᏀց",
    "h": "НнΗһҺᎻⲎհℎɦʜ",
    "i": "ІіΙιЇїӀӏⅠⅼıɩᎥⲒⲓ¡",
    "j": "ЈјϳᎫյ",
    "k": "КкΚκҚқᏦⲔⲕ",
    "l": "ʟӏᏞⳐⱠ£ł",
    "m": "МмΜᎷⲘϺ₥",
    "n": "ΝηПпИиᏁⲚոռŋɳ",
    "o": "ОоΟοσӨөՕօ௦๐໐ⲞⲟØø○◯",
    "p": "РрΡρᏢⲢⲣþ",
    "q": "ԚԛզգႭ",
    "r": "ГгЯяᎡᏒɾⲄʀг",
    "s": "ЅѕՏΣςᏚꜱ§",
    "t": "ТтΤτᎢⲦⲧ†‡",
    "u": "υՍսЦцᏌ∪μ",
    "v": "ѴѵνᏙ∨√",
    "w": "ԜԝωШшЩщᎳɯ₩",
    "x": "ХхΧχҲҳⲬⲭ×✕",
    "y": "УуΥγҮүᎩⲨ¥ʏұ",
    "z": "ΖᏃⲌⲍʐ",
}
_PUNCTUATION = {
    "'": "‘’‚‛ʼʹʻˈ´′＇",
    '"': "“”„‟«»″＂",
    "-": "‐‑‒–—―−﹘﹣－⁃",
    "!": "！❗❕ǃ",
    "?": "？❓❔¿",
    ".": "。․．",
    "...": "…",
    ":": "：∶ː",
    ";": "；",
    ",": "，、",
    "%": "％",
}
_LETTER_NAME = re.compile(
    r"(?:LATIN (?:SMALL |CAPITAL )?LETTER (?:SMALL CAPITAL |SCRIPT |OPEN |DOTLESS |SMALL )?"
    r"|(?:NEGATIVE |CROSSED )?(?:SQUARED|CIRCLED) LATIN CAPITAL LETTER "
    r"|REGIONAL INDICATOR SYMBOL LETTER )([A-Z])(?: WITH .*)?"
)
# Drawn as nothing although Unicode files them among letters and symbols.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_KEPT = 20_000  # characters remembered; hostile text must not grow the memory for ever


def _exceptions() -> dict[str, str]:
    table = {}
    for plain, alike in _LOOKALIKES.items():
        for char in alike:
            table[char] = plain.upper() if char.isupper() else plain
    for plain, alike in _PUNCTUATION.items():
        table.update(dict.fromkeys(alike, plain))
    return table


_TABLE = _exceptions()


def _plain(char: str) -> str:
    """Fold one character; most give one, invisible ones none, ligatures several."""
    if char.isascii():
        return char if char.isprintable() or char in "\n\r\t" else " "
    if char in _TABLE:
        return _TABLE[char]
    kind = unicodedata.category(char)
    if kind in ("Cf", "Mn", "Me") or char in _INVISIBLE:
        return ""
    if kind in ("Zs", "Cc"):
        return " "
    if kind in ("Zl", "Zp"):
        return "\n"
    return _decomposed(char)


def _decomposed(char: str) -> str:
    if not unicodedata.decomposition(char) and 0x2E80 <= ord(char) < 0x1F100:
        return char  # Chinese, Japanese, Korean and the like: nothing to undo, and many of them
    parts = unicodedata.normalize("NFKD", char)
    base = "".join(_TABLE.get(c, c) for c in parts if unicodedata.category(c) != "Mn")
    if base and base.isascii():
        return base
    named = _LETTER_NAME.fullmatch(unicodedata.name(char, ""))
    if named:
        return named[1].lower() if "SMALL" in unicodedata.name(char) else named[1]
    return char


class Folds(dict[int, str]):
    """A table for `str.translate` that works itself out as it is asked."""

    def __missing__(self, code: int) -> str:
        value = _plain(chr(code))
        if len(self) < _KEPT:
            self[code] = value
        return value


FOLDS = Folds()
