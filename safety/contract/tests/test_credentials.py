"""Passwords and keys: in a form of their own, or behind a word in the languages people write."""

from __future__ import annotations

import pytest

from safety.contract.credentials import credentials
from safety.contract.pii import find_pii
from safety.contract.tests.test_accounts import calls


def found(text: str) -> list[tuple[str, str]]:
    return [(leak.kind, leak.text) for leak in find_pii(text)]


KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
SECRETS = [
    f"aws_secret_access_key = {KEY}", f"AWS secret {KEY}", "DB_PASSWORD=hunter22",
    "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",
    "hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
    "discord.com/api/webhooks/123456789012345678/abcDEF_ghijk", "whsec_abcdefghij0123456789",
    "ASIAIOSFODNN7EXAMPLE", "Password - Sommer2024!", "Passwort - 2024Sommer!",
    "password: hunter22", "password:\nhunter22",
    "password is hunter22", "Passwort lautet Sommer2024", "Passwort: Sommer2024", "PIN: 4471",
    "Kennwort ist Sommer2024", "contrase\u00f1a es Verano2024", "contrase\u00f1a: Verano2024",
    "clave de acceso: Verano2024", "mot de passe est Ete2024!", "mot de passe : Ete2024!",
    "senha \u00e9 Verao2024", "palavra-passe: Verao2024", "password \u00e8 Estate2024",
    "parola d'ordine: Estate2024", "\u5bc6\u7801\u662fXiatian2024", "\u5bc6\u7801:Xiatian2024",
    "sk_live_4eC39HqLyjWDarjtT1zdp7dc", "postgres://app:s3cret@", "\u5bc6\u94a5:Xiatian2024",
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
        "Password - 12.11.2026 is the last day for it",
        "Password - tomorrow I tell you more",
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


def test_talk_about_one_hides_no_other() -> None:
    for talk in ("Secret: none", "Password - tomorrow"):
        text = f"{talk}. PIN: 4471".lower()
        assert [text[start:end] for start, end in credentials(text)] == ["pin: 4471"]


def test_work_grows_no_faster_than_the_text() -> None:
    short, long = (("pin: 1 " * 25_000)[:length] for length in (6_250, 25_000))
    find_pii(long)
    assert calls(lambda: find_pii(long)) <= 4.2 * calls(lambda: find_pii(short)) + 1_000
