"""The numbers in one cell: parted by signs, words and slashes, a slash within one left alone."""

from __future__ import annotations

import re
from functools import lru_cache

from outreach.core import names

PLAIN = re.compile(r"[\d +().\u00a0-]+")
PARTED = re.compile(r":::|[;|\n\r]")
# What stands between two numbers, or within one: the pieces decide.
BETWEEN = (
    re.compile(
        r"\s(?:oder|or|ou|o|oppure|und|and|et|y|e|ed|bzw\.?|resp\.?|of|en|eller|och|og|tai|ja|lub|i|"
        r"nebo|alebo|vagy|sau|veya|ve|или|и|або|та|ή|και|&)\s",
        re.IGNORECASE,
    ),
    re.compile(r"\s/\s"),
    re.compile(r"/"),
    re.compile(r"\s*,\s*"),
)
LEAST = 6  # digits of a number
ABROAD = re.compile(r"(?:tel\.?:?)?\s*(?:\(?\+|00[1-9])", re.IGNORECASE)
SAY_COUNTRY = (
    " Say where such numbers are from with --country, or under “Country "
    "of phone numbers without +” on the import's page; or write it with + and the country code."
)
NO_COUNTRY = "{!r} has no country code." + SAY_COUNTRY


def parted(cell: str, region: str) -> list[str]:
    """Each number of a cell as it is written."""
    if PLAIN.fullmatch(cell):
        return [names.clean(cell)]
    found = [names.clean(part) for part in PARTED.split(cell)]
    for between in BETWEEN:
        found = [piece for part in found for piece in _pieces(part, between, region)]
    return [part for part in found if part]


def lacks_country(piece: str, region: str) -> bool:
    """Whether a piece that is no address may be one once its country is said."""
    return not region and not ABROAD.match(piece) and _digits(piece) >= LEAST


def _pieces(part: str, between: re.Pattern[str], region: str) -> list[str]:
    pieces = [piece.strip() for piece in between.split(part)]
    if len(pieces) == 1:
        return [part]
    if all(_is_number(piece, region, valid=True) for piece in pieces):
        return pieces
    is_one = _is_number(part, region, valid=False)
    return [part] if is_one or any(_digits(piece) < LEAST for piece in pieces) else pieces


def _digits(text: str) -> int:
    return sum(c.isdigit() for c in text)


@lru_cache(maxsize=1024)
def _is_number(text: str, region: str, *, valid: bool) -> bool:
    import phonenumbers

    text = f"+{text[2:]}" if text.startswith("00") else text
    try:
        number = phonenumbers.parse(text, region or None)
    except phonenumbers.NumberParseException:
        return False
    check = phonenumbers.is_valid_number if valid else phonenumbers.is_possible_number
    return bool(check(number))
