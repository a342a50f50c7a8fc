"""Personal data in drafts: what a check digit proves, and whose data it is."""

from __future__ import annotations

import time

import pytest

from safety.contract.pii import check_pii, find_pii
from safety.verdict import Level

FOUND = [
    ("Charge 4111 1111 1111 1111 please", "card", "4111 1111 1111 1111"),
    ("Card 378282246310005 expires soon", "card", "378282246310005"),
    ("Pay to DE89 3704 0044 0532 0130 00 today", "iban", "DE89 3704 0044 0532 0130 00"),
    ("His SSN is 536-90-4399.", "national_id", "536-90-4399"),
    ("Su DNI es 54362315K", "national_id", "54362315K"),
    ("CPF 390.533.447-05", "national_id", "390.533.447-05"),
    ("Passport number: X1234567", "national_id", "X1234567"),
    ("Write to carla@elsewhere.org instead", "email", "carla@elsewhere.org"),
    ("Call Bob at +44 20 7946 0958 tonight", "phone", "+44 20 7946 0958"),
    ("The server is 203.0.113.9", "ip", "203.0.113.9"),
    ("key sk_live_4eC39HqLyjWDarjtT1zdp7dc", "secret", "sk_live_4eC39HqLyjWDarjtT1zdp7dc"),
    ("use AKIAIOSFODNN7EXAMPLE", "secret", "AKIAIOSFODNN7EXAMPLE"),
    ("password: hunter22", "secret", "password: hunter22"),
    ("postgres://app:s3cret@db/x", "secret", "postgres://app:s3cret@"),
]


@pytest.mark.parametrize(("text", "kind", "quote"), FOUND)
def test_personal_data_is_found_with_its_place(text: str, kind: str, quote: str) -> None:
    leaks = find_pii(text)
    assert [(leak.kind, leak.text) for leak in leaks] == [(kind, quote)]
    assert text[leaks[0].start : leaks[0].end] == quote


@pytest.mark.parametrize(
    "text",
    [
        "Card 4111 1111 1111 1112",
        "IBAN DE89 3704 0044 0532 0130 05",
        "Order 12345678901 shipped on 2024-01-15",
        "Version 10.4.2 of 12.11.2026",
        "Part 000-00-0000",
        "You can reset your password here.",
        "Invoice 4471 over 1,240.50 euros",
        "0000 0000 0000 0000",
    ],
)
def test_number_without_a_valid_check_digit_is_none(text: str) -> None:
    assert find_pii(text) == ()


def test_address_of_a_party_is_no_leak() -> None:
    text = "I wrote to anna@example.org and rang +44 20 7946 0958."
    assert find_pii(text, allowed=["Anna@Example.org", "+442079460958"]) == ()


def test_a_secret_made_of_a_partys_number_is_one() -> None:
    leaks = find_pii("The PIN: 442079460958", allowed=["+442079460958"])
    assert [leak.kind for leak in leaks] == ["secret"]


def test_contact_data_in_a_signature_is_no_leak_but_a_card_is() -> None:
    text = "The plan is attached.\n\nKind regards,\nTom\n+44 20 7946 0958\ntom@firm.example"
    assert find_pii(text) == ()
    assert len(find_pii(text, signature=False)) == 2
    assert [leak.kind for leak in find_pii(f"{text}\n4111 1111 1111 1111")] == ["card"]


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("The plan is attached.", Level.ALLOW),
        ("Write to carla@elsewhere.org", Level.REVIEW),
        ("Card 4111 1111 1111 1111", Level.BLOCK),
    ],
)
def test_verdict_blocks_what_is_grave_and_shows_the_rest(text: str, level: Level) -> None:
    assert check_pii(text=text).level is level
    assert check_pii(subject=text, text="Hello").level is level


@pytest.mark.parametrize(
    "piece", ["1 ", "a@", "1-", "1.", "call 555-123-4567 ", "passport 1a", "ssn 1", "a://"]
)
def test_hostile_text_is_judged_in_bounded_time(piece: str) -> None:
    text = (piece * 50_000)[:100_000]
    start = time.process_time()
    find_pii(text)
    assert time.process_time() - start < 3


def test_nothing_hides_behind_length_or_behind_many_harmless_findings() -> None:
    card = " Card 4111 1111 1111 1111"
    long = f"{'The plan is attached and the team is well. ' * 5_000}{card}"
    crowd = f"{'me@example.org ' * 300}{card}"
    others = f"{'you@example.org ' * 300}{card}"
    assert [leak.text for leak in find_pii(long)] == ["4111 1111 1111 1111"]
    assert [leak.kind for leak in find_pii(crowd, allowed=["me@example.org"])] == ["card"]
    assert check_pii(text=others).level is Level.BLOCK


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("he came from 2001:db8::42 at noon", "2001:db8::42"),
        ("fe80::1ff:fe23:4567:890a was seen", "fe80::1ff:fe23:4567:890a"),
        ("2001:db8:85a3:0:0:8a2e:370:7334", "2001:db8:85a3:0:0:8a2e:370:7334"),
        ("the mix is 10::20", ""),
        ("a face::add and a std::vector", ""),
        ("firmware 3.1.4.1", ""),
        ("version: 10.0.0.7 is out", ""),
        ("10.0.0.7 is blocked", "10.0.0.7"),
        ("the new version runs on 10.0.0.7", "10.0.0.7"),
    ],
)
def test_an_address_of_a_machine_is_told_from_a_version(text: str, address: str) -> None:
    assert [leak.text for leak in find_pii(text)] == ([address] if address else [])


@pytest.mark.parametrize(
    "text",
    [
        "Her PESEL is 02070803628.",
        "personnummer: 811218-9876",
        "CPR-nummer 211062-5629",
        "hetu 131052-308T",
        "hetu 131052+308T",
        "hetu 131052A308T",
        "Aadhaar 2341 2341 2346",
        "f\u00f8dselsnummer 151086 95088",
    ],
)
def test_identity_numbers_of_more_countries(text: str) -> None:
    assert [leak.kind for leak in find_pii(text)] == ["national_id"]
