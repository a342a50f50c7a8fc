"""National identity numbers in a text: beside a word for one, or in a form nothing else has."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence

import re2
from stdnum.at import vnr
from stdnum.be import nn
from stdnum.br import cpf
from stdnum.ch import ssn as ahv
from stdnum.cn import ric
from stdnum.de import idnr
from stdnum.dk import cpr
from stdnum.es import dni, nie
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.in_ import aadhaar
from stdnum.it import codicefiscale as fiscale
from stdnum.mx import curp
from stdnum.nl import bsn
from stdnum.no import fodselsnummer
from stdnum.pl import pesel
from stdnum.pt import cc, nif
from stdnum.se import personnummer
from stdnum.us import ssn

from safety.contract.accounts import Span

# In English, German, Spanish, French, Portuguese, Italian, Dutch and Chinese.
_DOCUMENT = (
    r"(?:\b(?:passport|(?:driv\w+(?:'?s)? )?licen[cs]e|id card|identity card|pasaporte|passeport"
    r"|passaport[eo]|reisepass|personalausweis|ausweis|fuhrerschein|documento de identidad|cedula"
    r"|(?:carnet|permiso) de conducir|licencia de conducir|carte (?:nationale )?d'identite"
    r"|permis de conduire|bilhete de identidade|cartao de cidadao|carta de conducao|cnh"
    r"|carta d'identita|patente di guida)"
    "|\u62a4\u7167|\u8eab\u4efd\u8bc1|\u9a7e\u7167|\u9a7e\u9a76\u8bc1)"
)
_NUMBER_WORD = r"(?:[ -]?(?:number|no\.?|nr\.?|num\.?|nummer|numero|n\.?|n\u00b0|#)|\u53f7\u7801?)?"
_IS = r"(?:,? (?:is|ist|lautet|es|est|e)|[:=]|\u662f|\u4e3a)?"
_SOCIAL = r"\b(?:ssn|social security|seguridad social|seguro social)\b"
_INSURANCE = r"\b(?:national insurance|nino|ni (?:number|no|nr))\b"
_WORDS = (
    rf"{_DOCUMENT}|{_SOCIAL}|{_INSURANCE}|\b(?:national (?:id|identity)|nhs|dni|nie|nif|cpf|bsn|nir"
    r"|burgerservicenummer|codice fiscale|tessera sanitaria|steuer-?id\w*|idnr"
    r"|sozialversicherung\w*|ahv\w*|securite sociale|numero de securite|curp|rijksregister\w*"
    r"|tax (?:id|number)|identity number|contribuinte|pesel|aadhaa?r|personnummer|personnr"
    r"|cpr(?:-?(?:nr|nummer))?|hetu|henkilotunnus|fodselsnummer)\b"
    "|\u793e\u4fdd"
)
_MAY_BE = re2.compile(
    rf"{_WORDS}|\b(?:\d{{3}}[- ]\d{{2}}[- ]\d{{4}}|[a-z]{{2}} \d\d ?\d\d ?\d\d ?[a-d]"
    r"|[a-z][a-z9]{4} ?\d{6} ?[a-z9]{2} ?[a-z0-9] ?[a-z]{2})\b"
)
_ANY_WORD = re.compile(_WORDS)
_OF_THEM = (
    r"\W{0,3}(?:(?:is|es|est|e|ist|=|\u662f)(?![a-z]))?(?: (?:my|his|her|our|their|your|the|mi|tu"
    r"|su|el|mein|meine|seine|ihre|die|der|mon|ma|son|sa|le|la|meu|minha|seu|sua|o|a|il|mio|suo))*"
    r"\W{0,2}"
)
_WORD_BEHIND = re.compile(rf"{_OF_THEM}(?:{_WORDS})")
_IN_DOCUMENT = re.compile(
    rf"{_DOCUMENT}(?:nummer)?{_NUMBER_WORD}{_IS} ?:? ?(?!\d{{4}}-\d{{2,4}}(?![\d-]))"
    r"([a-z]{0,3}\d[\da-z-]{5,17})(?![a-z0-9])"
)
_SSN = re.compile(r"(?<![\w-])(\d{3})([-. /]?)(\d{2})([-. /]?)(\d{4})(?![\w-])")
_NINO = re.compile(r"(?<![\w-])([a-z]{2})( ?)\d\d ?\d\d ?\d\d ?[a-d](?![\w-])")
_NINO_START = re.compile(r"(?!bg|gb|nk|kn|tn|nt|zz)[abceghj-prstw-z][abceghj-nprstw-z]")
_LICENCE = re.compile(  # of a British driver: five letters of the name, the birthday, three marks
    r"(?<![\w-])[a-z][a-z9]{4} ?\d(?:[05][1-9]|[16][0-2])(?:0[1-9]|[12]\d|3[01])\d"
    r" ?[a-z9]{2} ?[a-z0-9] ?[a-z]{2}(?![\w-])"
)
_SOCIAL_WORD, _INSURANCE_WORD = re.compile(_SOCIAL), re.compile(_INSURANCE)


def _is_chinese(number: str) -> bool:
    try:
        return ric.is_valid(number)
    except KeyError:  # what the library does where a prefecture has no such county
        return False


def _is_finnish(number: str) -> bool:
    """Its mark between the birthday and the rest is a "-" of which it was stripped, "+" or "a"."""
    return hetu.is_valid(number if len(number) > 10 else f"{number[:6]}-{number[6:]}")


_GAP = "[ .-]?"
_CHECKS: tuple[tuple[str, Callable[[str], bool]], ...] = (  # as they are written, the longest first
    (r"\d{6} ?\d{8} ?\d{3}[\dx]", _is_chinese),
    (r"[a-z]{4}\d{6}[hm][a-z]{5}[a-z0-9]\d", curp.is_valid),
    (r"[a-z]{3} ?[a-z]{3} ?[\dl-v]{2}[a-t][\dl-v]{2} ?[a-z][\dl-v]{3}[a-z]", fiscale.is_valid),
    (r"[12] ?\d\d ?\d\d ?\d[\dab] ?\d{3} ?\d{3} ?\d\d", nir.is_valid),
    (rf"756{_GAP}\d{{4}}{_GAP}\d{{4}}{_GAP}\d\d", ahv.is_valid),
    (r"\d{8} ?\d ?[a-z0-9]{2}\d", cc.is_valid),
    (rf"\d{{3}}{_GAP}\d{{3}}{_GAP}\d{{3}}{_GAP}\d\d", cpf.is_valid),
    (r"\d\d ?\d{3} ?\d{3} ?\d{3}", idnr.is_valid),
    (rf"\d\d{_GAP}\d\d{_GAP}\d\d{_GAP}\d{{3}}{_GAP}\d\d", nn.is_valid),
    (rf"\d{{3}}{_GAP}\d{{3}}{_GAP}\d{{4}}", nhs.is_valid),
    (r"\d{4} ?\d{4} ?\d{4}", aadhaar.is_valid),
    (r"\d{11}", pesel.is_valid),
    (r"\d{6} ?\d{5}", fodselsnummer.is_valid),
    (r"(?:\d\d)?\d{6}[-+]?\d{4}", personnummer.is_valid),
    (r"\d{6}[-+a]\d{3}[a-z0-9]", _is_finnish),
    (r"\d{6}-?\d{4}", cpr.is_valid),
    (r"\d{4} ?\d{6}", vnr.is_valid),
    (rf"\d\d\.?\d{{3}}\.?\d{{3}}{_GAP}[a-z]", dni.is_valid),
    (rf"[xyz]{_GAP}\d{{7}}{_GAP}[a-z]", nie.is_valid),
    (r"\d{3}[ .]?\d{3}[ .]?\d{3}", nif.is_valid),
    (r"\d{4}\.?\d\d\.?\d{3}", bsn.is_valid),
)
_FORM = re.compile(rf"(?<![a-z0-9])(?=(?:{'|'.join(form for form, _ in _CHECKS)})(?![a-z0-9]))")
_FORMS = tuple((re.compile(rf"(?:{form})(?![a-z0-9])"), check) for form, check in _CHECKS)
_REACH = 60  # characters a word may begin before its number


def identity_numbers(text: str) -> Iterator[Span]:
    """Each identity number of a text in small letters."""
    if not _MAY_BE.search(text):
        return
    yield from (found.span(1) for found in _IN_DOCUMENT.finditer(text))
    yield from _american(text)
    yield from _british(text)
    words = [found.start() for found in _ANY_WORD.finditer(text)]
    if words:
        yield from _checked(text, words)


def _american(text: str) -> Iterator[Span]:
    for found in _SSN.finditer(text):
        first, gap, second, next_gap, last = found.groups()
        is_plain = gap in ("-", " ") and next_gap in ("-", " ")
        is_ours = is_plain or _is_beside(text, found.span(), _SOCIAL_WORD)
        if is_ours and ssn.is_valid(first + second + last):
            yield found.span()


def _british(text: str) -> Iterator[Span]:
    yield from (found.span() for found in _LICENCE.finditer(text))
    for found in _NINO.finditer(text):
        is_plain = found[2] and _NINO_START.match(found[1])
        if is_plain or _is_beside(text, found.span(), _INSURANCE_WORD):
            yield found.span()


def _is_beside(text: str, span: Span, word: re.Pattern[str]) -> bool:
    start, end = span
    behind = _WORD_BEHIND.match(text, end)
    is_behind = behind and word.search(text, end, behind.end())
    return bool(is_behind or word.search(text, max(0, start - _REACH), start))


def _checked(text: str, words: Sequence[int]) -> Iterator[Span]:
    """What satisfies a check digit, the longest at each place near one of the words."""
    for place in _FORM.finditer(text):
        start = place.start()
        after = bisect_left(words, start)
        is_before = after > 0 and words[after - 1] >= start - _REACH
        may_be_behind = after < len(words) and words[after] <= start + _REACH
        if not (is_before or may_be_behind):
            continue
        for form, check in _FORMS:
            found = form.match(text, start)
            is_beside = found and (is_before or _WORD_BEHIND.match(text, found.end()))
            if is_beside and found and check(re.sub(r"[ .-]", "", found[0])):
                yield found.span()
                break
