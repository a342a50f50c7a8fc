"""One written form for each address, so that one address is one row and one human being."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote, urlsplit

import idna
import phonenumbers
from email_validator import EmailNotValidError, validate_email

from outreach.core.models import Channel

# Local parts of mailboxes that several people read.
ROLE_MAILBOXES = frozenset(
    {
        "info", "office", "contact", "hello", "hi", "mail", "post", "support", "service", "sales",
        "marketing", "admin", "team", "hr", "jobs", "careers", "press", "billing", "accounts",
        "accounting", "invoice", "kontakt", "kundenservice", "buero", "büro", "praxis", "kanzlei",
        "zentrale", "empfang", "reception", "rezeption", "sekretariat", "secretariat", "verwaltung",
        "enquiries", "inquiries", "accueil", "contacto", "contatti", "familie", "family",
    }
)  # fmt: skip
LONGEST_ADDRESS = 320  # normalised, as its column takes it
LONGEST_LOCAL = 64  # bytes before the @ that a mail server has to take (RFC 5321)
NUMBERED = (Channel.WHATSAPP, Channel.PHONE)
# The mobile digit that some write and others leave out: Mexico, Argentina, Brazil.
MOBILES = {
    "+52": ("1", re.compile(r"(\+52)(1?)(\d{10})")),
    "+54": ("9", re.compile(r"(\+54)(9?)(\d{10})")),
    "+55": ("9", re.compile(r"(\+55\d\d)(9?)(\d{8})")),
}


class BadAddress(ValueError):
    """This cannot be an address of that channel; the sentence says why."""


def normalise(channel: str, raw: str, *, region: str | None = None) -> str:
    """The normalised form of `raw`, or BadAddress. `region` helps phone numbers without +."""
    if channel == Channel.EMAIL:
        return _email(raw)
    if channel in NUMBERED:
        return _phone(raw, region)
    if channel == Channel.LINKEDIN:
        return profile(raw)
    if channel == Channel.INSTAGRAM:
        return _handle(raw)
    raise BadAddress(f"{channel!r} is no channel of ours.")


# What email-validator takes as it stands; a test holds the two against each other. Files bring
# addresses by the hundred thousand, and the long way takes forty times as long.
PLAIN_EMAIL = re.compile(
    r"(?=[^@]{1,64}@[^@]{1,180}$)[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*"
    r"@(?:(?!..--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+"
    r"(?!(?:arpa|invalid|local|localhost|onion|test)$)[a-z]{2,63}"
)


def _email(raw: str) -> str:
    """Lower case throughout: two mailboxes that differ in case only do not exist in practice."""
    folded = raw.strip().lower()
    if folded.isascii() and PLAIN_EMAIL.fullmatch(folded):
        return folded
    try:
        found = validate_email(
            raw.strip(), check_deliverability=False, allow_smtputf8=True, test_environment=True
        )
    except EmailNotValidError as error:
        raise BadAddress(f"{raw.strip()!r} is no e-mail address: {error}") from None
    return f"{found.local_part}@{found.ascii_domain or found.domain}".lower()


def too_long(channel: str, normalised: str) -> str:
    """Why nobody can be written to at so long an address, as a sentence; empty where they can.

    Not part of `normalise`: what came from there, or stands on the suppression list, keeps
    its form.
    """
    before = len(normalised.rpartition("@")[0].encode())
    if channel == Channel.EMAIL and before > LONGEST_LOCAL:
        return (
            f"'{normalised[:40]}…' has {before} bytes before the @, and mail servers take "
            f"{LONGEST_LOCAL}. Correct the address."
        )
    if len(normalised) > LONGEST_ADDRESS:
        return f"'{normalised[:40]}…' is too long for an address."
    return ""


def is_role_mailbox(normalised: str) -> bool:
    """Whether several people read this mailbox, as far as its name tells: office@, info-ch@."""
    local = normalised.partition("@")[0]
    return local in ROLE_MAILBOXES or re.split(r"[\W\d_]", local)[0] in ROLE_MAILBOXES


def in_a_labels(address: str) -> str:
    """An e-mail address with its domain as ASCII letters, as headers want it; else as it is."""
    if address.isascii():
        return address
    local, at, domain = address.rpartition("@")
    try:
        return f"{local}{at}{idna.encode(domain, uts46=True).decode()}"
    except UnicodeError:
        return address


PLAIN_PROFILE = re.compile(r"https://www\.linkedin\.com/in/([A-Za-z0-9_-]+)/?", re.ASCII)
# /in/name, also with a language behind it; the older /pub/name/1/2/3.
PROFILE_PATH = re.compile(r"(/in/[^/\s]+|/pub/[^/\s]+(?:/[^/\s]+){0,3})(?:/[a-z]{2})?/*")


def _phone(raw: str, region: str | None) -> str:
    try:
        number = phonenumbers.parse(raw, region)
    except phonenumbers.NumberParseException:
        raise BadAddress(
            f"{raw.strip()!r} is no phone number. Write it with + and the country code."
        ) from None
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if phonenumbers.is_possible_number(number):
        return written
    newer = other_form(Channel.PHONE, written)  # Mexico gave its mobile digit up
    if newer and phonenumbers.is_possible_number(phonenumbers.parse(newer)):
        return newer
    raise BadAddress(f"{raw.strip()!r} has too few or too many digits for a phone number.")


def other_form(channel: str, normalised: str) -> str:
    """The other written form of one mobile number, with the mobile digit or without; mostly none.

    The other form of the other form is the number itself.
    """
    if channel not in NUMBERED or normalised[:3] not in MOBILES:
        return ""
    digit, pattern = MOBILES[normalised[:3]]
    found = pattern.fullmatch(normalised)
    return f"{found[1]}{'' if found[2] else digit}{found[3]}" if found else ""


def profile(raw: str) -> str:
    """A LinkedIn profile without scheme, country host, query, language and final slash; decoded.

    Only a person's own page is somebody's address: a company's or a foreign site is refused,
    because all its colleagues would be taken for one human being.
    """
    text = raw.strip()
    plain = PLAIN_PROFILE.fullmatch(text)
    if plain:
        return f"linkedin.com/in/{plain[1].lower()}"
    try:
        parts = urlsplit(text if "//" in text else f"https://{text}")
        host = (parts.hostname or "").lower()
    except ValueError:  # such as an unclosed bracket
        host = ""
    if host != "linkedin.com" and not host.endswith(".linkedin.com"):
        raise BadAddress(f"{text[:100]!r} is no LinkedIn profile, linkedin.com/in/….")
    path = unicodedata.normalize("NFC", unquote(parts.path)).lower()
    found = PROFILE_PATH.fullmatch(path)
    if found is None or "\ufffd" in path or any(not c.isprintable() for c in path):
        raise BadAddress(f"{text[:100]!r} is no LinkedIn profile, linkedin.com/in/….")
    return f"linkedin.com{found[1]}"


def _handle(raw: str) -> str:
    name = raw.strip().removeprefix("@")
    if not re.fullmatch(r"[A-Za-z0-9._]{1,30}", name):
        raise BadAddress(f"{raw.strip()!r} is no Instagram name.")
    return "@" + name.lower()


def readable(channel: str, normalised: str) -> str:
    """An address as a person reads it: a number in groups, everything else as it is."""
    if channel not in NUMBERED:
        return normalised
    try:
        parsed = phonenumbers.parse(normalised)
    except phonenumbers.NumberParseException:
        return normalised
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
