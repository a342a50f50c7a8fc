"""Cards and accounts in a text: looked for at each place, cut to the length their issuer gives.

What stands before or behind a number hides it no more, and a check digit alone makes no card: an
order number satisfies one in ten times.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import pairwise

import re2
from stdnum import iban

Span = tuple[int, int]

LONGEST_PHONE = 15  # digits behind a "+"
LONGEST_CARD = 19

_BETWEEN = r"[ \t\r\n.\-/]"  # up to three of these stand between the groups of one number
_NEXT = rf"(?:{_BETWEEN}{{0,3}}\d)"
_RUN = re.compile(rf"\d{_NEXT}{{11,}}")  # no card has fewer than twelve digits
_MAY_HAVE_CARD = re2.compile(rf"\d{_NEXT}{{11}}")
_GROUP = re.compile(r"\d+")
# Lengths by first digits. What is rarer, or as long as a telephone number, needs its word.
_SURE = (
    (r"4|5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720|220[0-4]|35(?:2[89]|[3-8])", {16}),
    (r"6011|62|64[4-9]|65|9792", {16}), (r"3[47]", {15}), (r"62|4", {19}),
)  # fmt: skip
_BESIDE_ITS_WORD = (
    (r"4", {13}), (r"5[06-8]|6|8[12]", {*range(12, 20)}), (r"2131|1800", {15}),
    (r"3(?:0[0-5]|095|[689])", {*range(14, 20)}), (r"35", {*range(16, 20)}),
)  # fmt: skip
_SHAPES = frozenset({
    *((4, 4, 4, 4, tail) for tail in (1, 2, 3)), *((4, 4, 4, tail) for tail in (1, 2, 3, 4)),
    (4, 4, 4), (4, 6, 4), (4, 6, 5), (8, 8), (6, 10), (6, 13), *((size,) for size in range(12, 20)),
})  # fmt: skip
_PARCEL = (4, 4, 4, 4, 4, 2)  # how a parcel number of the American post is printed
_FIRST_SIZES = frozenset(shape[0] for shape in _SHAPES)
_MOST_GROUPS = max(map(len, _SHAPES))
_LETTER = re.compile(r"[a-z_]")
_GLUED = re.compile(r"(?:card|cc|visa|amex|karte|nummer|carte|carta|tarjeta|cartao)_?$")
_FRACTION = re.compile(r"\d\.$")
_CENTS = re.compile(r"[.,]\d\d(?!\d)")
_CARD_WORD = (
    r"(?:\b(?:cards?|cc|visa|master ?card|amex|american express|maestro|diners|discover|union ?pay"
    r"|jcb|credit|debit|tarjetas?|carte|(?:kredit|bank|ec-?|debit|giro|visa)?karten?(?:nummer)?"
    r"|girocard|cartao|cartoes|carta|carte di credito)(?:\b|(?=\d))|\u5361)"
)
_CARD_OR_PHONE = re.compile(
    rf"({_CARD_WORD})|\b(?:\w*phone|mobile|mobil|cell|tel|fax|call|ring|text|whatsapp|handy"
    r"|\w*telefon\w*|movil|celular|telemovel|portable|cellulare|rufnummer|rufen|llama\w*|appele\w*"
    r"|lig\w+|chiama\w*)\b|\u7535\u8bdd|\u624b\u673a"
)
_CARD = re.compile(_CARD_WORD)
# A number directly behind one of these counts something else.
_ORDER = re.compile(
    r"(?:(?<![a-z])(?:orders?|invoice|tracking|parcel|package|shipment|consignment|waybill|awb"
    r"|ref|reference|booking|reservation|ticket|case|transaction|imei|iccid|serial|sku|ean|upc|gtin|isbn|id|po"
    r"|customer|contract|policy|pedido|factura|seguimiento|envio|reserva|commande|facture|suivi"
    r"|colis|(?:bestell|rechnungs?|sendungs?|auftrags?|vorgangs?|kunden|vertrags?|paket)-?"
    r"(?:nummer|nr|id|ung)?|bestellung|rechnung|sendung|auftrag|ordine|fattura|spedizione"
    r"|tracciamento|encomenda|fatura|rastreio|rastreamento)|\u8ba2\u5355|\u5355\u53f7|\u53d1\u7968)"
    r"[ \u53f7\u7801]*(?:\b(?:number|no|nr|num|id|code|numero|nummer|lautet|is|es|est|ist|e)\b"
    r"[ .:#]*)*[ .:#=\n-]*$"
    r"|\b[a-z]{1,8}[-#_]$"
)
_ADDRESS = re.compile(r"(?:://|www\.)\S*$")
_LABEL_BEFORE, _LABEL_AFTER = 48, 28  # characters a word may stand away from its number
_PLAIN = bytes.maketrans(b"0123456789", bytes(range(10)))
_DOUBLED = bytes.maketrans(b"0123456789", bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)))

_MAY_HAVE_ACCOUNT = re2.compile(rf"\b[a-z]{{2}} ?\d\d(?:{_BETWEEN}{{0,3}}[a-z0-9]){{11}}")
_ACCOUNT_START = re.compile(r"(?<![a-z0-9])([a-z]{2}) ?\d\d")
_ACCOUNT_LENGTHS = {
    country: int(length)
    for country, length in re.findall(
        r"(..)(\d\d)",
        "ad24ae23al28at20az28ba20be16bg22bh22bi27br29by28ch21cr22cy28cz24de22dj27dk18do28ee20eg29"
        "es24fi18fk18fo18fr27gb22ge22gi23gl18gr27gt28hn28hr21hu28ie22il23iq23is26it27jo30kw30kz20"
        "lb28lc32li21lt20lu20lv21ly25mc27md24me22mk19mn20mr27mt31mu30ni28nl18no15om23pk24pl28ps29"
        "pt25qa29ro24rs22ru33sa24sc31sd18se24si19sk24sm27so23st25sv28tl23tn24tr26ua29va22vg24xk20"
        "ye30",
    )
}


def accounts(text: str) -> Iterator[Span]:
    """Each IBAN of a text in small letters: as long as its country has it, check digits right."""
    if not _MAY_HAVE_ACCOUNT.search(text):
        return
    for found in _ACCOUNT_START.finditer(text):
        length = _ACCOUNT_LENGTHS.get(found[1])
        whole = _cut(length).match(text, found.start()) if length else None
        if whole:
            number = re.sub(r"[^a-z0-9]", "", whole[0])
            digits = "".join(str(int(char, 36)) for char in number[4:] + number[:4])
            if int(digits) % 97 == 1 and iban.is_valid(number, check_country=False):
                yield whole.span()


@lru_cache(maxsize=64)
def _cut(length: int) -> re.Pattern[str]:
    return re.compile(rf"[a-z]{{2}} ?\d\d(?:{_BETWEEN}{{0,3}}[a-z0-9]){{{length - 4}}}(?![a-z0-9])")


def cards(text: str) -> Iterator[Span]:
    """Each card number of a text in small letters, whatever stands before or behind it."""
    if not _MAY_HAVE_CARD.search(text):
        return
    for run in _RUN.finditer(text):
        yield from _in_run(text, *run.span())


def is_behind_order_word(text: str, start: int) -> bool:
    """Whether the words directly before a number say it counts an order, a parcel or a device."""
    return bool(_ORDER.search(text, max(0, start - _LABEL_BEFORE), start))


def _in_run(text: str, start: int, end: int) -> Iterator[Span]:
    """The longest card at each place; a run in no usual shape counts only as a whole."""
    words = _GROUP.findall(text, start, end)
    sizes = tuple(map(len, words))
    if sizes == _PARCEL and words[0].startswith("9"):
        return
    dialled, past, luhn = _end_of_dialled(text, start, end), start, _Luhn(words)
    groups: list[Span] = []
    for at, word in enumerate(words):
        lengths = sizes[at] in _FIRST_SIZES and _lengths(word[:4])
        if not lengths:
            continue
        for count, length in _counts(sizes[at : at + _MOST_GROUPS]):
            if length in lengths and luhn.agrees(at, at + count):
                groups = groups or _groups(text, start, end)
                first, last = groups[at][0], groups[at + count - 1][1]
                if first >= past and last > dialled and _is_card(text, first, last):
                    yield first, last
                    past = last  # so that no shorter one counts at this place
    is_one = past == start and end > dialled and sum(sizes) <= LONGEST_CARD
    if is_one and luhn.agrees(0, len(words)):
        places = pairwise(_groups(text, start, end))
        between = {text[a:b] for (_, a), (b, _) in places}
        is_amount = len(between) > 1 or set(sizes[1:]) == {3}  # 4.111.111.111
        if _is_card(text, start, end, is_sure=not is_amount):
            yield start, end


@lru_cache(maxsize=10_000)
def _lengths(start: str) -> frozenset[int]:
    """How many digits a card that starts so may have; none if no issuer has such cards."""
    rows = [*_SURE, *_BESIDE_ITS_WORD]
    return frozenset().union(*(lengths for digits, lengths in rows if re.match(digits, start)))


@lru_cache(maxsize=10_000)
def _counts(sizes: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """How many of these groups make a card, the most first, and the digits they then have."""
    shaped = [count for count in range(len(sizes), 0, -1) if sizes[:count] in _SHAPES]
    return tuple((count, sum(sizes[:count])) for count in shaped)


def _groups(text: str, start: int, end: int) -> list[Span]:
    return [found.span() for found in _GROUP.finditer(text, start, end)]


def _end_of_dialled(text: str, start: int, end: int) -> int:
    """Where the telephone number ends that a "+" or 00 begins; nothing up to there is a card."""
    reached, digits = 0, 0
    has_zeros = text.startswith("00", start)
    if has_zeros or text[start - 1 : start] == "+":
        for first, last in _groups(text, start, end):
            digits += last - first
            if digits <= LONGEST_PHONE + 2 * has_zeros:
                reached = last
    return reached


class _Luhn:
    """Whether the check digit of any groups in a row agrees: asked of thousands in one run, so
    each group is added up once, as it counts before an even and an odd number of digits."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words

    def agrees(self, first: int, last: int) -> bool:
        """Of the groups from `first` on and before `last`."""
        odd, sums = self._behind[last]
        return (self._behind[first][1][odd] - sums[odd]) % 10 == 0

    @cached_property
    def _behind(self) -> list[tuple[int, tuple[int, int]]]:
        """For each place: whether an odd number of digits stands behind it, and their sum if the
        last digit of all counts once, and twice."""
        odd, once, twice = 0, 0, 0
        found = [(odd, (once, twice))]
        for word in reversed(self._words):
            weights = _weights(word)
            once, twice = once + weights[odd], twice + weights[1 - odd]
            odd ^= len(word) & 1
            found.append((odd, (once, twice)))
        return found[::-1]


@lru_cache(maxsize=10_000)
def _weights(word: str) -> tuple[int, int]:
    """The sum of a group whose last digit counts once, and twice."""
    digits = word.encode()
    once, twice = digits.translate(_PLAIN), digits.translate(_DOUBLED)
    return (
        sum(once[::-2]) + sum(twice[-2::-2]),
        sum(twice[::-2]) + sum(once[-2::-2]),
    )


def _is_card(text: str, start: int, end: int, *, is_sure: bool = True) -> bool:
    digits = re.sub(r"\D", "", text[start:end])
    if len(set(digits)) == 1 or len(digits) not in _lengths(digits):
        return False
    is_sure = is_sure and any(
        len(digits) in lengths and re.match(first, digits) for first, lengths in _SURE
    )
    return _stands_as_card(text, start, end, is_sure)


def _stands_as_card(text: str, start: int, stop: int, is_sure: bool) -> bool:
    """Whether the words around let it be one; beside a word for cards it is one at any rate."""
    before = text[max(0, start - _LABEL_BEFORE) : start]
    if _LETTER.match(text, stop) or (_LETTER.match(before[-1:]) and not _GLUED.search(before)):
        return False
    words = _CARD_OR_PHONE.findall(before)
    if (words and words[-1]) or (not words and _CARD.search(text, stop, stop + _LABEL_AFTER)):
        return True
    if not text[start:stop].isdigit():
        return is_sure and text.count("\n", start, stop) <= 1  # more is a column of numbers
    is_phone = bool(words) and stop - start <= LONGEST_PHONE
    is_part = bool(_FRACTION.search(before) or _CENTS.match(text, stop))
    is_other = is_phone or is_part or is_behind_order_word(text, start)
    return is_sure and not is_other and not _ADDRESS.search(before)
