"""Identity numbers, passwords and keys: beside a word in the languages people here write."""

from __future__ import annotations

import pytest
from stdnum import luhn
from stdnum.cn import ric
from stdnum.pt import nif

from safety.contract.pii import find_pii
from safety.contract.tests.test_accounts import calls

FISCAL = "12345678" + nif.calc_check_digit("12345678")
CHINESE = "11010519491231002" + ric.calc_check_digit("11010519491231002")
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
    ("\u62a4\u7167\u53f7\u7801:{}", "E12345678"),
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


KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
SECRETS = [
    f"aws_secret_access_key = {KEY}", f"AWS secret {KEY}", "DB_PASSWORD=hunter22",
    "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",
    "hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
    "discord.com/api/webhooks/123456789012345678/abcDEF_ghijk", "whsec_abcdefghij0123456789",
    "ASIAIOSFODNN7EXAMPLE", "Password - Sommer2024!", "password: hunter22", "password:\nhunter22",
    "password is hunter22", "Passwort lautet Sommer2024", "Passwort: Sommer2024", "PIN: 4471",
    "Kennwort ist Sommer2024", "contrase\u00f1a es Verano2024", "contrase\u00f1a: Verano2024",
    "clave de acceso: Verano2024", "mot de passe est Ete2024!", "mot de passe : Ete2024!",
    "senha \u00e9 Verao2024", "palavra-passe: Verao2024", "password \u00e8 Estate2024",
    "parola d'ordine: Estate2024", "\u5bc6\u7801\u662fXiatian2024", "\u5bc6\u7801:Xiatian2024",
    "api_key=abcd1234", "client_secret: abcd1234", "access token: abcd1234",
]  # fmt: skip


@pytest.mark.parametrize("secret", SECRETS)
def test_password_or_key_is_found(secret: str) -> None:
    assert found(f"Hello, the {secret} as agreed.".replace("the ASIA", "ASIA")) == [
        ("secret", secret)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "You can reset your password here.",
        "The password is required.",
        "Password - see page 12",
        "Passwort - 2024",
        "mot de passe oubli\u00e9 ?",
        "The token of thanks is 12 euros.",
        "SG. 2024",
        "secret: none",
        "the secret - and 12 others",
        "https://example.org/a:b",
    ],
)
def test_talk_about_passwords_is_no_secret(text: str) -> None:
    assert "secret" not in {kind for kind, _ in found(text)}


def test_card_is_no_identity_number() -> None:
    number = "411111111111111" + luhn.calc_check_digit("411111111111111")
    assert found(f"My ID card and the card {number}") == [("card", number)]


@pytest.mark.parametrize("piece", ["ssn 1", "dni 1 1 1 ", "passport 1a", "nino ab 12 ", "pin: 1 "])
def test_work_grows_no_faster_than_the_text(piece: str) -> None:
    short, long = ((piece * 25_000)[:length] for length in (6_250, 25_000))
    find_pii(long)
    assert calls(lambda: find_pii(long)) <= 4.2 * calls(lambda: find_pii(short)) + 1_000
