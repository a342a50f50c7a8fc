"""Personal data at its edges: lengths, places and neighbours that count; the words of a finding."""

from __future__ import annotations

import pytest

from safety.contract.pii import check_pii, find_pii
from safety.verdict import Finding, Level


def found(text: str, **more: object) -> list[tuple[str, str]]:
    return [(leak.kind, leak.text) for leak in find_pii(text, **more)]


@pytest.mark.parametrize(
    ("text", "leaks"),
    [
        # what touches is two things, what overlaps is one
        ("ab://app:s3cret@bob@elsewhere.org", ["secret", "email"]),
        ("bob@elsewhere.org-----begin private key-----", ["email", "secret"]),
        ("postgres://app:s3cret@db.example.org and carla@elsewhere.org", ["secret", "email"]),
        # marks of emphasis may belong to a secret, and stand around an address
        ("postgres://app:s3_cr*et@db.example.org", ["secret"]),
        ("Ask _carla@elsewhere.org_", ["email"]),
        ("*carla*@elsewhere.org", ["email"]),
        ("Ask **carla**@**elsewhere**.org", ["email"]),
        ("Ask carla@~elsewhere~.org", ["email"]),
        ("**@elsewhere.org and carla@**", []),
        # addresses of machines
        ("Build 300.1.2.3 is out", []),
        ("The host 300.1.2.3 is up", []),
        ("They ship the version 10.1.2.3", []),
        ("The host fe80::1 is up", ["ip"]),
        ("The host 2001:1::2 is up", ["ip"]),
        ("The host 10.1.2.3 is up", ["ip"]),
        ("The host 2001:db8:0:0:0:0:0:1 is up", ["ip"]),
        # cards of one digit only satisfy the check digit
        ("No 6666666666666 here", []),
        ("No 4444 4444 4444 4444 4 here", []),
        ("Card 6304000000000000 here", ["card"]),
        # identity numbers need their word near by and a right check digit
        ("DNI 54362315A", []),
        (f"dni{'x ' * 28}x54362315K", []),
        (f"dni {'x' * 55} 54362315K", ["national_id"]),
        (f"dni {'x' * 56} 54362315K", []),
        ("54362315K, which is no dni", []),
        # phone numbers
        ("This is 12345678 - mobile", ["phone"]),
        ("Call 5551234", ["phone"]),
        ("Call 555-123", []),
        ("Call 123456789012345", ["phone"]),
        ("Call 1234567890123456", []),
        ("Call 12.11.2026", []),
        ("Call 1-20-7946-0958", ["phone"]),
        ("Call 000-0000-000", []),
        ("Call 020 7946 0958 x123456", ["phone"]),
        ("The line 212-736-5000 is open", ["phone"]),
        ("The order 2127365000 is open", []),
    ],
)
def test_what_counts_as_personal_data(text: str, leaks: list[str]) -> None:
    assert [kind for kind, _ in found(text)] == leaks


def test_a_sign_off_starts_a_signature_only_near_the_end() -> None:
    lines = "\n".join(f"Line {word.upper()}" for word in "abcdefg")
    assert found(f"Hi\nBest,\n{lines}\nbob@elsewhere.org") == []
    assert [kind for kind, _ in found(f"Hi\nBest,\n{lines}\nZ\nbob@elsewhere.org")] == ["email"]
    assert [kind for kind, _ in found("Best, bob@elsewhere.org")] == ["email"]


def test_what_stands_right_below_a_signature_is_no_part_of_it() -> None:
    end = "unsubscribe@elsewhere.org takes you off this list."
    assert [kind for kind, _ in found(f"Hi\nhere it is.\n\nBest,\nTom Reed\n{end}")] == ["email"]


@pytest.mark.parametrize("field", ["subject", "text"])
def test_the_parties_own_addresses_are_no_finding(field: str) -> None:
    words = {"text": "Hello", field: "Mail carla@elsewhere.org"}
    assert check_pii(**words, allowed=iter(["carla@elsewhere.org"])).level is Level.ALLOW
    assert check_pii(**words).level is Level.REVIEW


def test_other_peoples_contact_data_ask_a_person() -> None:
    verdict = check_pii(text="Mail carla@elsewhere.org")
    assert (verdict.level, verdict.not_before) == (Level.REVIEW, None)
    assert verdict.findings == (
        Finding(
            "PII_CHECK", "pii_email", "warn",
            "The text contains what looks like an e-mail address of somebody else.",
            family="pii_in_text", rule="pii.email", span=(5, 24), text="carla@elsewhere.org",
        ),
    )  # fmt: skip


def test_an_identity_number_is_refused() -> None:
    verdict = check_pii(subject="DNI 54362315K", text="Hello")
    assert verdict.level is Level.BLOCK
    assert verdict.findings == (
        Finding(
            "PII_CHECK", "pii_national_id", "fail",
            "The text contains what looks like a national identity number.",
            family="pii_in_text", rule="pii.national_id", span=(4, 13), text="54362315K",
        ),
    )  # fmt: skip


@pytest.mark.parametrize(("text", "said"), [
    ("Pay to CH93 0076 2011 6238 5295 7.", "looks like an IBAN."),
    ("The host is 81.2.69.142.", "looks like an IP address of somebody else."),
    ("The password is hunter22.", "looks like a secret."),
    ("Pay by 4111 1111 1111 1111.", "looks like a card number."),
    ("Call her: +41 44 668 18 00.", "looks like a phone number of somebody else."),
])  # fmt: skip
def test_each_kind_is_spoken_of_by_its_name(text: str, said: str) -> None:
    assert check_pii(text=text).findings[0].message.endswith(said)


def test_nothing_found_is_said() -> None:
    said = Finding("PII_CHECK", "pass", "pass", "No personal data of others found")
    assert check_pii(text="Hello").findings == (said,)
    assert check_pii(text="Hello").level is Level.ALLOW


@pytest.mark.parametrize(
    ("text", "kind", "level"),
    [
        ("Card 4111 1111 1111 1111", "card", Level.BLOCK),
        ("Account DE89 3704 0044 0532 0130 00", "iban", Level.BLOCK),
        ("The password is hunter22", "secret", Level.BLOCK),
        ("DNI 54362315K", "national_id", Level.BLOCK),
        ("The host 10.1.2.3 is up", "ip", Level.REVIEW),
        ("Call 5551234", "phone", Level.REVIEW),
        ("Call 1212121", "phone", Level.REVIEW),
        ("Mail carla@elsewhere.org", "email", Level.REVIEW),
    ],
)
def test_what_is_grave_is_refused_and_the_rest_is_looked_at(
    text: str, kind: str, level: Level
) -> None:
    verdict = check_pii(text=text)
    assert ([f.rule for f in verdict.findings], verdict.level) == ([f"pii.{kind}"], level)


@pytest.mark.parametrize(
    ("text", "allowed", "left"),
    [
        ("Mail Bob@Elsewhere.org or carla@elsewhere.org", "BOB@elsewhere.org",
         ["carla@elsewhere.org"]),
        ("Mail carla@elsewhere.org", "bob@elsewhere.org", ["carla@elsewhere.org"]),
        ("Call 0044 20 7946 0958", "+44 20 7946 0958", []),
        ("Call 0044 20 7946 0950", "+44 20 7946 0950", []),
        ("Call 0044 20 7946 0958", "+44 20 7946 0959", ["0044 20 7946 0958"]),
    ],
)  # fmt: skip
def test_whose_data_it_is_is_known_however_it_is_written(
    text: str, allowed: str, left: list[str]
) -> None:
    assert [words for _, words in found(text, allowed=[allowed])] == left


def test_after_two_hundred_of_a_kind_more_add_nothing() -> None:
    mails = " ".join(f"p{n}@elsewhere.org" for n in range(201))
    kinds = [kind for kind, _ in found(f"{mails} and card 4111 1111 1111 1111")]
    assert (kinds.count("email"), kinds.count("card")) == (200, 1)


def test_an_address_of_a_party_is_theirs_in_bold_as_well() -> None:
    text = "*carla*@elsewhere.org and **carla@elsewhere**.org"
    assert found(text, allowed=["carla@elsewhere.org"]) == []
    assert len(found(text, allowed=["bob@elsewhere.org"])) == 2
