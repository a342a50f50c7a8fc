"""Telephone numbers in a text: beside a word for one, or in a form that only they have."""

from __future__ import annotations

import re
from collections.abc import Iterator

import phonenumbers
import re2

from safety.contract.accounts import Span, is_behind_order_word

MOST_TRIES = 80  # candidates for a phone number without a label that are looked at

_NUMBER = r"\+?\(?\d[\d ().\-/]{5,22}\d"
_EXTENSION = re.compile("[x#]")  # what stands behind is dialled later
_HINT = re2.compile(r"\d(?:[ ().\-/x]{0,3}\d){6}")
_FORM = re2.compile(r"[+(]\d|\d[ ().\-/x~]{1,4}\d")  # a bare run of digits is looked at no further
# In English, German, Spanish, French, Portuguese, Italian, Dutch and Chinese.
_WORDS = (
    r"(?:\b(?:phone|mobile|cell|tel|telephone|desk|office|fax|call|direct|home|number|ring|reach|text"
    r"|whatsapp|handy|mobil|telefon|telefono|telefone|portable|movil|celular|cellulare|telemovel"
    r"|fisso|gsm|(?:ruf|mobil|handy|telefon)nummer|durchwahl|nummer|numero|ruf(?:en|e|t)?|anrufen|erreichbar"
    r"|erreichen|llam[ae]\w{0,4}|appel(?:ez|er|le)?|joindre|joignable|ligue|ligar|chiam[ai]\w{0,4}"
    r"|bel|bellen|answering at|messages? to|registered)\b"
    "|\u7535\u8bdd|\u624b\u673a|\u8054\u7cfb\u65b9\u5f0f)"
)
# A "number" of something else.
_COUNTED = frozenset(("number", "nummer", "numero"))
_COUNTS = re.compile(
    r"\b(?:part|company|articles?|artikel|item|batch|lot|serial|model|vat|registration|register"
    r"|member(?:ship)?|meeting|account|flight|room|page|patent|licen[cs]e|zip|siret|siren|tva|serie"
    r"|compte|dossier|client|cliente|kunden?|socio|conto|conta|expediente|referencia|iva|handels\w*"
    r"|serien|konto|steuer)\b"
)
_COUNTED_BEFORE = 24
_HAS_WORD = re2.compile(_WORDS)  # finds whether, and fast; where, the other one finds
_WORD = re.compile(_WORDS)
_BEHIND_WORD = re.compile(
    rf"(?:[^\n\d+(]{{0,14}}|[ :]*\n{{1,2}}[ ]*)({_NUMBER}(?: ?(?:x|ext\.? ?)\d{{1,6}})?)(?![\w])"
)
_BEFORE_WORD = re.compile(rf"(?<![\w/.-])({_NUMBER}(?: ?x\d{{1,6}})?)[ -]{{1,3}}$")
_WORDS_BEHIND = frozenset(("mobile", "office", "fax", "cell", "desk", "home"))
# A second number right behind one, up to where its clause ends: there six digits are one, too.
_NEXT = re.compile(
    r" ?(?:[,;/|]|\b(?:or|and|oder|und|ou|et|o|y|e|of|en)\b) {0,2}"
    r"(\+?\(?\d[\d ().\-]{4,20}\d)"
    r"(?= ?(?:[,;|)\n]|\.(?!\d)|$|(?:or|and|oder|und|ou|et|o|y|e|of|en)\b))"
)
_FEWEST, _MOST = 6, 15  # digits of such a one
_REACH = 37  # characters: the longest number that stands before its word


def phones(text: str) -> Iterator[Span]:
    """Each telephone number of a text in small letters."""
    if not _HINT.search(text):
        return
    for span in _alone(text):
        yield span
        yield from _behind(text, span[1])


def _behind(text: str, end: int) -> Iterator[Span]:
    """The numbers that a list goes on with: "044 668 18 00, 668 18 01 or 123456"."""
    while (found := _NEXT.match(text, end)) and _is_number(found[1], _FEWEST):
        yield found.span(1)
        end = found.end(1)


def _alone(text: str) -> Iterator[Span]:
    for word in _WORD.finditer(text) if _HAS_WORD.search(text) else ():
        yield from _beside(text, *word.span())
    if not _FORM.search(text):
        return
    for match in phonenumbers.PhoneNumberMatcher(text, "US", max_tries=MOST_TRIES):
        # A bare run of digits is as often an order number; with a label it was found above.
        if _has_phone_form(match.raw_string) and not match.raw_string.isdigit():
            yield match.start, match.end


def _beside(text: str, start: int, end: int) -> Iterator[Span]:
    found = _BEHIND_WORD.match(text, end)
    if found and not _is_other(text, start, end, found.start(1)):
        # "044 668 18 00 / 079 123 45 67" are two, "0211 / 123456" is one.
        for value in (found[1], found[1].split("/")[0].rstrip()):
            if _has_phone_form(value):
                yield found.start(1), found.start(1) + len(value)
                break
    before = max(0, start - _REACH)
    found = _BEFORE_WORD.search(text, before, start) if text[start:end] in _WORDS_BEHIND else None
    if found and _has_phone_form(found[1]):
        yield found.span(1)


def _is_other(text: str, start: int, end: int, at: int) -> bool:
    """Whether the word means the number of something else than a telephone."""
    if text[start:end] not in _COUNTED:
        return False
    is_counted = _COUNTS.search(text, max(0, start - _COUNTED_BEFORE), at)
    return bool(is_counted) or is_behind_order_word(text, at)


def _has_phone_form(value: str) -> bool:
    return _is_number(_EXTENSION.split(value)[0], 7)


def _is_number(value: str, fewest: int) -> bool:
    digits = re.sub(r"\D", "", value)
    is_date = re.fullmatch(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}", value.strip())
    return fewest <= len(digits) <= _MOST and not is_date and len(set(digits)) > 1
