"""Cards and accounts: found whatever stands beside them, and not in every other long number."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable

import phonenumbers
import pytest
from stdnum import iban, luhn

from safety.contract.accounts import accounts, cards, is_behind_order_word
from safety.contract.pii import check_pii, find_pii
from safety.verdict import Level

VISA = "4111 1111 1111 1111"
CARDS = [
    VISA, "4111111111111111", "4111-1111-1111-1111", "4111.1111.1111.1111", "4111/1111/1111/1111",
    "4111  1111  1111  1111", "4111 - 1111 - 1111 - 1111", "4111\n1111 1111 1111",
    "4111 1111\r\n1111 1111", "41111111 11111111", "411111 1111111111",
    "5555 5555 5555 4444", "2223003122003222", "3782 822463 10005", "378282246310005",
    "6011111111111117", "3530 1113 3330 0000", "6222 6000 0000 0014", "6212345678900000003",
]  # fmt: skip
IBANS = [
    "DE89 3704 0044 0532 0130 00", "DE89370400440532013000", "DE89-3704-0044-0532-0130-00",
    "DE89 3704\n0044 0532 0130 00", "ES91 2100 0418 4502 0005 1332", "ES9121000418450200051332",
    "AT61 1904 3002 3457 3201", "PL61 1090 1014 0000 0712 1981 2874", "BE68 5390 0754 7034",
    "NO93 8601 1117 947", "FR14 2004 1010 0505 0001 3M02 606", "GB29 NWBK 6016 1331 9268 19",
    "MT84 MALT 0110 0001 2345 MTLC AST0 01S", "BR18 0036 0305 0000 1000 9795 493C 1",
]  # fmt: skip
AROUND = [
    "{}", "Please use {} for it.", "{} 12/27 123", "{} 12/27", "{}, exp 12/27", "{} by Friday",
    "{} and confirm", "{} is it", "Invoice 3 {}", "No. 12: {}.", "Room 1204 {}", "({})",
    "\u5361\u53f7{}\u3002",
]  # fmt: skip


def found(text: str, **more: object) -> list[tuple[str, str]]:
    return [(leak.kind, leak.text) for leak in find_pii(text, **more)]


@pytest.mark.parametrize("number", CARDS)
def test_card_is_found_whatever_stands_beside_it(number: str) -> None:
    missed = [text for text in AROUND if ("card", number) not in found(text.format(number))]
    assert missed == []


@pytest.mark.parametrize("number", IBANS)
def test_account_is_found_whatever_stands_beside_it(number: str) -> None:
    missed = [text for text in AROUND if ("iban", number) not in found(text.format(number))]
    assert missed == []


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("41 11 11 11 11 11 11 11", ["card"]),
        ("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", ["card"]),
        ("my card: 411-111 111.11111 11", ["card"]),
        ("it is 411-111 111.11111 11", []),
        ("it is 411-111 111-11111 11", []),
        ("4.111.111.111.111.111", []),
        ("it is 4111 111111 111 111", ["card"]),
        ("it is 4111 111 11111 1111 12", []),
        ("it is 62123 456789 00000003", ["card"]),
        ("the card 4111 111 1111 1111", []),
        (
            "As I said before, the plan for the coming year is attached; please pay all of it "
            "with 41 11 11 11 11 11 11 11",
            ["card"],
        ),
    ],
)
def test_groups_of_another_size_are_a_card_only_as_a_whole(text: str, kinds: list[str]) -> None:
    assert [kind for kind, _ in found(text)] == kinds


def test_letters_where_its_bank_has_digits_are_no_account() -> None:
    """Its check digits are right; no bank of that country could have given it out."""
    made_up = "de67" + "a" * 18
    digits = "".join(str(int(char, 36)) for char in made_up[4:] + made_up[:4])
    assert int(digits) % 97 == 1
    assert list(accounts(f"send it to {made_up} please")) == []
    assert len(list(accounts("send it to de89370400440532013000 please"))) == 1


@pytest.mark.parametrize("country", ["CH", "NL", "PT", "IT", "IE", "LU", "SE", "DK", "CZ", "TR"])
def test_account_has_the_length_of_its_country(country: str) -> None:
    lengths = {"CH": 21, "NL": 18, "PT": 25, "IT": 27, "IE": 22, "LU": 20, "SE": 24, "DK": 18,
               "CZ": 24, "TR": 26}  # fmt: skip
    letters = {"NL": "ABNA", "IT": "X", "IE": "AIBK"}.get(country, "")
    account = letters + "1" * (lengths[country] - 4 - len(letters))
    number = f"{country}{iban.calc_check_digits(f'{country}00{account}')}{account}"
    assert found(f"to {number} 12 today") == [("iban", number)]
    assert found(f"to {number}12 today") == []
    assert "iban" not in {kind for kind, _ in found(f"to {number[:-1]} today")}


@pytest.mark.parametrize(
    ("number", "is_sure"),
    [
        ("4012888888881", False),  # 13 digits
        ("30569309025904", False),  # 14
        ("6759649826438453", False),
        ("501800000009", False),
        ("213100000000001", False),
        ("4111111111111111", True),
    ],
)
def test_what_is_rare_or_as_long_as_a_telephone_number_needs_its_word(
    number: str, is_sure: bool
) -> None:
    number = number[:-1] + luhn.calc_check_digit(number[:-1])
    assert (("card", number) in found(f"It is {number} here")) is is_sure
    for words in ("My card is {}", "{} is my card", "Kreditkarte: {}", "la tarjeta {}", "{}, Visa",
                  "carte bancaire {}", "o cart\u00e3o {}", "la carta di credito {}",
                  "\u6211\u7684\u4fe1\u7528\u5361\u662f{}", "Call me: my card is {}"):  # fmt: skip
        assert ("card", number) in found(words.format(number)), words
    if len(number) < 16:
        assert "card" not in {kind for kind, _ in found(f"My card is new, call {number}")}


LONG = {*range(12, 20)}
ISSUERS = [
    ("4000", {13, 16, 19}), ("5100", {16}), ("5500", {16}), ("2221", {16}), ("2230", {16}),
    ("2300", {16}), ("2700", {16}), ("2720", {16}), ("2200", {16}), ("9792", {16}),
    ("3400", {15}), ("3700", {15}), ("2131", {15}), ("1800", {15}), ("3528", {16, 17, 18, 19}),
    ("3500", {16, 17, 18, 19}), ("3000", LONG - {12, 13}), ("3095", LONG - {12, 13}),
    ("3600", LONG - {12, 13}), ("3800", LONG - {12, 13}), ("3900", LONG - {12, 13}),
    ("5018", LONG), ("5600", LONG), ("5700", LONG), ("5800", LONG), ("6011", LONG),
    ("6200", LONG), ("8100", LONG), ("8200", LONG), ("2220", set()), ("2721", set()),
    ("3100", set()), ("5900", set()), ("7000", set()), ("8300", set()), ("9111", set()),
]  # fmt: skip


def card(start: str, length: int) -> str:
    number = start.ljust(length - 1, "0")
    return number + luhn.calc_check_digit(number)


@pytest.mark.parametrize(("start", "lengths"), ISSUERS)
def test_a_card_is_as_long_as_its_issuer_has_it(start: str, lengths: set[int]) -> None:
    numbers = {length: card(start, length) for length in range(11, 22)}
    for form in ("My card is {}", "My card is 7 {}"):
        taken = {length for length, number in numbers.items()
                 if ("card", number) in found(form.format(number))}  # fmt: skip
        assert taken == lengths
    halves = {length: f"{number[:5]} {number[5:]}" for length, number in numbers.items()}
    assert {length for length, number in halves.items() if [*cards(f"card {number}")]} == lengths


SHAPES = [
    (4, 4, 4, 4, 1), (4, 4, 4, 4, 2), (4, 4, 4, 4, 3), (4, 4, 4, 1), (4, 4, 4, 2), (4, 4, 4, 3),
    (4, 4, 4, 4), (4, 4, 4), (4, 6, 4), (4, 6, 5), (8, 8), (6, 10), (6, 13),
]  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_a_card_in_a_usual_shape_is_found_among_other_numbers(shape: tuple[int, ...]) -> None:
    digits = iter(card("5018", sum(shape)))
    number = " ".join("".join(next(digits) for _ in range(size)) for size in shape)
    assert ("card", number) in found(f"My card no. 7: 7 {number}")
    assert ("card", number) in found(f"My card: {number} 77777 7")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("{} 5555 5555 5555 4444", VISA),
        ("5555 5555 5555 4444 {}", VISA),
        ("It is {} as\nwe\nsaid", VISA),
        ("Hi Anna,\n\nit is {}", VISA),
        ("No. 9 {}", VISA),
        ("4111 1111 1111 1111 1234 12 {}", VISA),
        ("Please use my card{}", "4111111111111111"),
        ("Please call about {}", "4111111111111111"),
        ("It is 00 {}", VISA),
    ],
)
def test_what_stands_around_hides_no_card(text: str, number: str) -> None:
    assert ("card", number) in found(text.format(number))


@pytest.mark.parametrize(
    "text",
    [
        "+378282246310005",
        "it is +378282246310005",
        "it is +3782 822463 10005",
        "it is +3782 8224 631 0005",
        "it is 00 3782 822463 10005",
    ],
)
def test_what_is_dialled_is_no_card(text: str) -> None:
    assert [*cards(text)] == []
    assert [*cards(text.replace("+", "").replace("00 3", "3"))] != []


@pytest.mark.parametrize(("blanks", "is_near"), [(43, True), (44, False)])
def test_how_far_a_word_for_an_order_reaches(blanks: int, is_near: bool) -> None:
    text = f"the order{' ' * blanks}4111111111111111"
    assert is_behind_order_word(text, text.index("4")) is is_near


@pytest.mark.parametrize(("blanks", "is_near"), [(24, True), (25, False)])
def test_how_far_a_word_behind_a_card_reaches(blanks: int, is_near: bool) -> None:
    assert bool([*cards(f"{card('5018', 12)}{' ' * blanks}visa")]) is is_near


@pytest.mark.parametrize(
    "text",
    [
        "Order 4111111111111111 shipped",
        "Your order 4111111111111111 shipped",
        "Please call 378282246310005",
        "My card is 6666666666666",
        "4111\n1111\n1111 1111",
        "tracking number: 4111111111111111",
        "Sendungsnummer 4111111111111111",
        "INV-4111111111111111",
        "see https://shop.example/item/4111111111111111",
        "a share of 0.4111111111111111",
        "the sum of 4111111111111111.00",
        "x4111111111111111",
        "4111111111111111x",
        "54111111111111111",
        "9400 4111 1111 1111 1111 12",  # a parcel
        "4111\n1111\n1111\n1111",  # a column
        "IMEI 378282246310005",
        "4444 4444 4444 4444",
        "4111 1111 1111 1112",
    ],
)
def test_other_long_numbers_are_no_cards(text: str) -> None:
    assert "card" not in {kind for kind, _ in found(text)}


@pytest.mark.parametrize(
    "text", ["The card for the order: {}", "Order 3 {}", "Invoice {}", "card{}", "visa-{}", "+{}"]
)
def test_a_card_beside_other_words_is_one(text: str) -> None:
    number = "4111111111111111" if "card" in text or "-" in text or "+" in text else VISA
    assert found(text.format(number)) == [("card", number)]


PREFIXES = [("+447", 9), ("+4915", 9), ("+393", 9), ("+55119", 8), ("+919", 9), ("+6281", 9)]


@pytest.mark.parametrize(("prefix", "more"), PREFIXES)
def test_telephone_number_is_no_card(prefix: str, more: int) -> None:
    """However it is written, a number in a signature, or of a party, is no leak."""
    chance = random.Random(1)
    for _ in range(40):
        number = phonenumbers.parse(prefix + "".join(chance.choices("0123456789", k=more)))
        if not phonenumbers.is_valid_number(number):
            continue
        plain, spaced = (phonenumbers.format_number(number, form) for form in (0, 1))
        dialled = spaced.replace("+", "00")
        for written in (plain, plain[1:], spaced, dialled, spaced.replace(" ", "-")):
            signed = f"Hi Anna,\nhere is the draft.\n\nBest regards\nTom Reed\n{written}"
            assert check_pii(text=signed).level is Level.ALLOW, written
            assert "card" not in {kind for kind, _ in found(f"Call Bob on {written}.")}, written
            said = check_pii(text=f"Mine is {written}, as you know.", allowed=[plain])
            assert said.level is Level.ALLOW, written


def test_a_card_behind_a_telephone_number_is_one() -> None:
    assert found(f"+44 7911 123456 {VISA}")[-1] == ("card", VISA)


OTHERS = [
    "1Z@@@@@@##########", "############", "#### #### ####", "###############",
    "94##################", "94## #### #### #### #### ##", "RR#########DE", "##########",
    "0034################", "H###################", "###-#######-#######", "##-#####-#####",
    "##################", "################", "2026-######", "#############", "35#############",
    "17###########", "17##############", "202601##########", "+44 7### ######", "+447#########",
    "+49 15## #######", "+55 11 9####-####", "+1 (###) ###-####", "###-###-####", "4479########",
    "0## #### #### 0## #### ####", "5## ### ####\n5## ### ####\n6## ### ####", "#.###.###,##",
    "#### #### #### ####", "####\n####\n####\n####", "########-####-####-####-############",
    "https://shop.example/item/################", "89##################", "500############",
]  # fmt: skip


def test_one_in_a_thousand_other_numbers_at_most_is_taken_for_a_card() -> None:
    """Orders, parcels, telephones, devices, times and sums: of 10,000, 7 (358 before).

    Behind a word for an order 2 of 10,000 are. Measured with the forms above; here fewer are tried.
    """
    chance = random.Random(7)
    taken = 0
    for form in OTHERS * 30:
        number = "".join(
            chance.choice("0123456789") if char == "#" else chance.choice("AB12") if char == "@"
            else char for char in form
        )  # fmt: skip
        leaks = found(f"Hello Anna,\nit is {number} as we said.\nRegards\nTom")
        taken += any(kind in ("card", "iban") for kind, _ in leaks)
    assert taken <= 3


def calls(run: Callable[[], object]) -> int:
    """How many functions are called meanwhile: work that no busy machine makes more."""
    count = 0

    def note(frame: object, event: str, arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        run()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    "piece",
    ["1 ", "4", "4 ", "4111 ", "4111-1111 ", "4111 1111 1111 1112 ", "4 44 444 4444 ", "3\n",
     "de89 ", "es91 2100 0418 4502 0005 1333 ", "order 4111111111111112 ", "+44 7911 123456 "],
)  # fmt: skip
def test_work_grows_no_faster_than_the_text(piece: str) -> None:
    short, long = ((piece * 25_000)[:length] for length in (6_250, 25_000))
    find_pii(long)  # what is remembered from now on is not counted
    assert calls(lambda: find_pii(long)) <= 4.2 * calls(lambda: find_pii(short)) + 1_000
