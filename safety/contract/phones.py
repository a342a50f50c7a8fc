"""Telephone numbers in a text: beside a word for one, or in a form that only they have."""

from __future__ import annotations

import re
from collections.abc import Iterator

import phonenumbers
import re2

from safety.contract.accounts import Span, is_behind_order_word

MOST_TRIES = 80  # candidates for a phone number without a label that are looked at

_NUMBER = r"\+?\(?\d[\d ().\-/]{5,22}\d"
_HINT = re2.compile(r"\d(?:[ ().\-/x]{0,3}\d){6}")
_FORM = re2.compile(r"[+(]\d|\d[ ().\-/x~]{1,4}\d")  # a bare run of digits is looked at no further
_WORDS = (
    r"\b(?:phone|mobile|cell|tel|telephone|desk|office|fax|call|direct|home|number|ring|reach|text"
    r"|whatsapp|handy|telefon|telefono|portable|movil|celular"
    r"|answering at|messages? to|registered)\b"
)
_HAS_WORD = re2.compile(_WORDS)  # finds whether, and fast; where, the other one finds
_WORD = re.compile(_WORDS)
_BEHIND_WORD = re.compile(
    rf"(?:[^\n\d+(]{{0,14}}|[ :]*\n{{1,2}}[ ]*)({_NUMBER}(?: ?(?:x|ext\.? ?)\d{{1,6}})?)(?![\w])"
)
_BEFORE_WORD = re.compile(rf"(?<![\w/.-])({_NUMBER}(?: ?x\d{{1,6}})?)[ -]{{1,3}}$")
_WORDS_BEHIND = frozenset(("mobile", "office", "fax", "cell", "desk", "home"))
_REACH = 37  # characters: the longest number that stands before its word


def phones(text: str) -> Iterator[Span]:
    """Each telephone number of a text in small letters."""
    if not _HINT.search(text):
        return
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
    is_order = found and text[start:end] == "number" and is_behind_order_word(text, found.start(1))
    if found and not is_order and _has_phone_form(found[1]):
        yield found.span(1)
    before = max(0, start - _REACH)
    found = _BEFORE_WORD.search(text, before, start) if text[start:end] in _WORDS_BEHIND else None
    if found and _has_phone_form(found[1]):
        yield found.span(1)


def _has_phone_form(value: str) -> bool:
    digits = re.sub(r"\D", "", value.split("x")[0])
    is_date = re.fullmatch(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}", value.strip())
    return 7 <= len(digits) <= 15 and not is_date and len(set(digits)) > 1
