"""Identity numbers: beside a word for one in the languages people here write."""

from __future__ import annotations

import pytest
from stdnum import luhn
from stdnum.pt import nif

from safety.contract.identity import identity_numbers
from safety.contract.pii import find_pii
from safety.contract.tests.test_accounts import calls

FISCAL = "12345678" + nif.calc_check_digit("12345678")
CHINESE = "11010519491231002X"
NUMBERS = [
    ("NINO: {}", "JG103759A"), ("NI number {}", "AB123456C"), ("NI number: {}", "AB 12 34 56 C"),
    ("My national insurance number is {}", "QQ 12 34 56 C"), ("{} is her NI number", "AB123456C"),
    ("license number is {}", "2270-66-1551"), ("Use {}", "JG 10 37 59 A"),
    ("SSN {}", "536904399"), ("SSN: {}", "536.90.4399"),
    ("social security number is {}", "536904399"), ("The {}", "536-90-4399"),
    ("driver's licence {}", "MORGA657054SM9IJ"), ("It says {}", "MORGA 657054 SM9IJ"),
    ("driving licence no. {}", "MORGA657054SM9IJ"), ("Her license number is {}", "F1628235401"),
    ("My NHS number is {}", "943 476 5919"), ("Passport no.: {}", "C01X00T47"),
    ("Su DNI es {}", "54362315K"), ("El n\u00famero de pasaporte: {}", "PAA123456"),
    ("NIE {}", "X1234567L"), ("Meine Steuer-ID lautet {}", "86095742719"),
    ("Steueridentifikationsnummer: {}", "86 095 742 719"), ("Reisepassnummer: {}", "C01X00T47"),
    ("Personalausweis Nr. {}", "L01X00T471"), ("F\u00fchrerschein: {}", "B072RRE2I55"),
    ("AHV-Nummer {}", "756.9217.0769.85"),
    ("num\u00e9ro de s\u00e9curit\u00e9 sociale {}", "295109912611193"),
    ("permis de conduire n\u00b0 {}", "123456789012"), ("Passeport : {}", "12AB34567"),
    ("carte d'identit\u00e9 {}", "880692310285"), ("CPF {}", "390.533.447-05"),
    ("O meu NIF \u00e9 {}", FISCAL), ("Passaporte: {}", "CA123456"),
    ("Carta de condu\u00e7\u00e3o {}", "12345678901"), ("Codice fiscale: {}", "RSSMRA85T10A562S"),
    ("codice fiscale {}", "RSS MRA 85T10 A562S"), ("Carta d'identit\u00e0 n. {}", "CA12345AA"),
    ("Patente di guida: {}", "U1234567"), ("Burgerservicenummer {}", "111222333"),
    ("\u6211\u7684\u8eab\u4efd\u8bc1\u53f7\u662f{}", CHINESE),
    ("\u62a4\u7167\u53f7\u7801:{}", "E12345678"), ("\u793e\u4fdd{}", CHINESE),
    ("Her social security number: {}", "536 90 4399"), ("SSN {}", "536-90 4399"),
    ("SSN {}", "536 90-4399"), ("It says {}", "536-90 4399"), ("It says {}", "536 90-4399"),
    ("CURP: {}", "BOXW310820HNERXN09"), ("National ID {}", "00000000 0 ZZ4"),
    ("Rijksregisternummer {}", "85.07.30-033.28"), ("rijksregisternummer {}", "85073003328"),
    ("Sozialversicherungsnummer {}", "1237 010180"), ("Su DNI: {}", "54.362.315-K"),
    ("DNI 12345678A (wrong), or rather: my DNI is {}", "54362315K"),
]  # fmt: skip


def found(text: str) -> list[tuple[str, str]]:
    return [(leak.kind, leak.text) for leak in find_pii(text)]


@pytest.mark.parametrize(("words", "number"), NUMBERS)
@pytest.mark.parametrize("behind", ["", ".", " and the rest by Friday", ", 12 May", " 12/27"])
def test_identity_number_is_found_beside_its_word(words: str, number: str, behind: str) -> None:
    assert found(words.format(number) + behind) == [("national_id", number)]


@pytest.mark.parametrize(
    "text",
    [
        "536.90.4399 of the parts",
        "Part 536904399",
        "Part 536904-399 and 536-904399",
        "The passport is for part 536-90.4399",
        "The passport is for part 536.90-4399",
        "SSN 000904398",
        "item JG103759A",
        "Use BG 10 37 59 A",
        "the licence 2024-2025",
        "a licence for 12 users",
        "DNI 54362315A",
        "MORGA697054SM9IJ",  # no such month
        "nie 12345678901 mal",
        "The passport office opens at 9.30",
        "\u793e\u4fdd320906921902169584",  # no such county in that prefecture
        "My social security card came on 12.11.2026",
    ],
)
def test_other_numbers_are_no_identity(text: str) -> None:
    assert found(text) == []


FAR = "and she told the whole team about the plan for the coming year "


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("{} is my DNI", "54362315K"),
        ("DNI? She asked, " + FAR + "then sent her DNI {}", "54362315K"),
        ("Part {0}, " + FAR * 2 + "and the DNI {0}", "54362315K"),
    ],
)
def test_the_nearest_word_counts(text: str, number: str) -> None:
    assert found(text.format(number)) == [("national_id", number)]


@pytest.mark.parametrize("word", ["SSN", "DNI"])
def test_a_word_far_away_does_not_count(word: str) -> None:
    number = {"SSN": "536904399", "DNI": "54362315K"}[word]
    for text in (f"{word}, {FAR}{number}", f"{number}, {FAR}{word}"):
        assert found(text) == []


@pytest.mark.parametrize(("away", "is_near"), [(60, True), (61, False)])
def test_a_word_begins_sixty_characters_before_its_number_at_most(away: int, is_near: bool) -> None:
    text = "dni".ljust(away) + "54362315k"
    assert bool([*identity_numbers(text)]) is is_near


@pytest.mark.parametrize(("away", "is_near"), [(59, True), (60, True), (61, False)])
def test_a_word_behind_begins_sixty_characters_after_its_number_at_most(
    away: int, is_near: bool
) -> None:
    number = "54362315k is"
    words = " the" * ((away - len(number) - 1) // 4)
    text = number + words
    text += {0: "", 1: "", 2: " o", 3: " el"}[away - len(text) - 1]
    text += " " * (away - len(text)) + "dni"
    assert (text.index("dni"), bool([*identity_numbers(text)])) == (away, is_near)


def test_one_number_of_two_countries_is_one() -> None:
    number = "7286261282"
    assert [*identity_numbers(f"nhs {number}")] == [(4, 14)]


def test_card_is_no_identity_number() -> None:
    number = "411111111111111" + luhn.calc_check_digit("411111111111111")
    assert found(f"My ID card and the card {number}") == [("card", number)]


@pytest.mark.parametrize("piece", ["ssn 1", "dni 1 1 1 ", "passport 1a", "nino ab 12 "])
def test_work_grows_no_faster_than_the_text(piece: str) -> None:
    short, long = ((piece * 25_000)[:length] for length in (6_250, 25_000))
    find_pii(long)
    assert calls(lambda: find_pii(long)) <= 4.2 * calls(lambda: find_pii(short)) + 1_000
