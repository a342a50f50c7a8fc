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
    "i": "ІіΙιЇїӀⅠⅼıɩᎥⲒⲓ¡",
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
# The same of alphabets that hardly anybody writes to us in: Lisu, Cherokee, Deseret, Canadian
# syllabics, Yi, Tai Le, Old Italic and their like. From Unicode's confusables (15.0), and from the
# "fancy text" that is pasted out of web pages.
_RARE = {
    "a": "𐐂𐐪ᗅ⍶⍺ꓮ𐊠𖽀ᗩꍏꋬꁲᥲɅʌΛ",
    "b": "ѢѣҌҍᏏᑲᑳᖯᗷꓐꞴ𐊂𐊡𐌁ꌃꃳꋰ",
    "c": "ꓚ𐊢𐌂𐐕𐐽𐔜𑣩𑣲ᑕᑢꉓꉔꀯᥴ",
    "d": "Ðᑯᗞᗪꓒꓓᖙꀸ꒯ꂠძδð",
    "e": "ⴹꓰꬲ𐊆𑢦𑢮ᕮᘿꍟꏂꈼᥱəƏ",
    "f": "ᖴẝꓝ𐊇𐊥𐔥𑢢𑣂𝈓ꎇꊰꄞ",
    "g": "ƍᏳꓖᘜꁅꍌ",
    "h": "ћҢӇӉᏂᏲᕼꓧꚕ𐋏ꃅꁝꍩ",
    "i": "Ꮖᵻᵼ⍳⍸ꙇ𑣃ꀤ꒐ꂑꓲᛁǀƖ𐊊𐌉𐌠",
    "j": "Ϳᒍꓙᒎꀭ꒻",
    "k": "Ҟᛕꓗ𐔘ꀘꀗ",
    "l": "ᒪⵏꓡ𐐛𐔦𑢣𑢲𖼖𖼨𝈪꒒ᥣ",
    "m": "Ӎᗰᛖꓟ𐊰𐌑𑜀𑣣ꂵ",
    "n": "ꓠ𐔓ᑎꈤꋊᥒ",
    "o": "ΘθϑϴѲѳᎾᏫ⍬ⴱⵁⵔꓳꬽꬾ𐊒𐊫𐐄𐐬𐓂𐓪𐔖𑓐𑢵𑣈𑣗𑣠𝈚ᗝꂦꄲ᥆",
    "p": "ᑭ⍴ꓑ𐊕ꉣ",
    "q": "ⵕᑫꆰꁷ",
    "r": "Ʀᖇᴦⲅꓣ𐒴𖼵𝈖ꋪꌅ",
    "s": "ƽᏕꓢ𐊖𐐠𐑈𑣁𖼺ᔕꌗꇙꌚ᥉",
    "t": "Ҭ⍡ꓔ𐊗𐊱𐌕𑢼𖼊꓄ꋖ",
    "u": "ᑌᵾ⋃ꓴꞟ𐓎𐓶𑢸𑣘𖽂ꀎ꒤ꐇᥙ",
    "v": "ᐯ⋁ⴸꓦꛟ𐆗𐔝𑜆𑢠𑣀𖼈𝈍ꃴ꒦ꀰ᥎",
    "w": "ѡѽᏔꓪꝡ𑓅𑜊𑜎𑜏𑣦𑣯ᗯᘺꅏꅐᥕ",
    "x": "ᕁᕽ᙭᙮ᚷⵝꓫꞳ𐆖𐊐𐊴𐌗𐌢𐔧𑣬ꊼꉧꇒ᥊",
    "y": "ɣҰᎽꓬ𐊲𑢤𑣜𖽃ꌩꌦꐞᥡ",
    "z": "ꓜ𐋵𑢩𑣄𑣥ᘔꁴ",
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
_DRAWN = (
    "AFRICAN|ANGLICANA|BARRED|BOTTOM HALF|BROKEN|CAPITAL|CLOSED|DOTLESS|DOUBLE|GLOTTAL|INSULAR"
    "|INVERTED|LENIS|LONG|MIDDLE SCOTS|MIDDLE-WELSH|OLD POLISH|OPEN|REVERSED|SCRIPT|SIDEWAYS"
    "|SIGMOID|SMALL|STIRRUP|STRETCHED|TOP HALF|TURNED|VISIGOTHIC"
)
_LETTER_NAME = re.compile(
    rf"(?:(?:LATIN (?:SMALL |CAPITAL )?|MODIFIER )LETTER (?:(?:{_DRAWN}) )*"
    r"|(?:NEGATIVE |CROSSED )?(?:SQUARED|CIRCLED) LATIN CAPITAL LETTER "
    r"|REGIONAL INDICATOR SYMBOL LETTER )([A-Z])(?: BAR| ROTUNDA)?(?: WITH(?:OUT)? .*)?"
)
_SMALL_CHEROKEE = range(0xAB70, 0xABC0)
# Drawn as nothing although Unicode files them among letters and symbols; and what it has given to
# nobody, but would have drawn as nothing (Default_Ignorable_Code_Point).
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\U0001d159"
    "\u2065\ufff0-\ufff8\U000e0000-\U000e0fff]"
)
# Controls that part words; the others are drawn as nothing.
_BLANK = dict.fromkeys("\x0b\x0c\x85", " ")
_KEPT = 20_000  # characters remembered; hostile text must not grow the memory for ever


def _exceptions() -> dict[str, str]:
    table = {}
    for plain, alike in (*_RARE.items(), *_LOOKALIKES.items()):
        for char in alike:
            table[char] = plain.upper() if char.isupper() else plain
    for small in map(chr, _SMALL_CHEROKEE):  # its capitals, drawn smaller
        if small.upper() in table:
            table[small] = table[small.upper()].lower()
    for plain, alike in _PUNCTUATION.items():
        table.update(dict.fromkeys(alike, plain))
    return table


_TABLE = _exceptions()


def _plain(char: str) -> str:
    """Fold one character; most give one, invisible ones none, ligatures several."""
    if char.isascii():
        return char if char.isprintable() or char in "\n\r\t" else _BLANK.get(char, "")
    if char in _TABLE:
        return _TABLE[char]
    kind = unicodedata.category(char)
    if kind in ("Cf", "Mn", "Me") or _INVISIBLE.match(char):
        return ""
    if kind in ("Zs", "Cc"):
        return " " if kind == "Zs" else _BLANK.get(char, "")
    if kind in ("Zl", "Zp"):
        return "\n"
    if kind in ("Lo", "Co", "Cn") and not unicodedata.decomposition(char):
        return char  # Chinese and its like, and what nobody named: no Latin letter, and many
    return _decomposed(char)


def _decomposed(char: str) -> str:
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
