"""One written form for each address, so that one address is one row and one human being."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from outreach.core.models import Channel


class BadAddress(ValueError):
    """This cannot be an address of that channel; the sentence says why."""


def normalise(channel: str, raw: str, *, region: str | None = None) -> str:
    """The normalised form of `raw`, or BadAddress. `region` helps phone numbers without +."""
    if channel == Channel.EMAIL:
        return _email(raw)
    if channel in (Channel.WHATSAPP, Channel.PHONE):
        return _phone(raw, region)
    if channel == Channel.LINKEDIN:
        return profile(raw)
    if channel == Channel.INSTAGRAM:
        return _handle(raw)
    raise BadAddress(f"{channel!r} is no channel of ours.")


def _email(raw: str) -> str:
    """Lower case throughout: two mailboxes that differ in case only do not exist in practice."""
    try:
        found = validate_email(
            raw.strip(), check_deliverability=False, allow_smtputf8=True, test_environment=True
        )
    except EmailNotValidError as error:
        raise BadAddress(f"{raw.strip()!r} is no e-mail address: {error}") from None
    return f"{found.local_part}@{found.ascii_domain or found.domain}".lower()


def _phone(raw: str, region: str | None) -> str:
    try:
        number = phonenumbers.parse(raw, region)
    except phonenumbers.NumberParseException:
        raise BadAddress(
            f"{raw.strip()!r} is no phone number. Write it with + and the country code."
        ) from None
    if not phonenumbers.is_possible_number(number):
        raise BadAddress(f"{raw.strip()!r} has too few or too many digits for a phone number.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def profile(raw: str) -> str:
    """A profile address without scheme, host prefix, query and final slash; percent-decoded."""
    text = raw.strip()
    parts = urlsplit(text if "//" in text else f"https://{text}")
    host = (parts.hostname or "").removeprefix("www.")
    if host.endswith("linkedin.com"):
        host = "linkedin.com"  # country hosts such as de.linkedin.com show the same profile
    path = unquote(parts.path).rstrip("/")
    if not host or "." not in host or not path:
        raise BadAddress(f"{text!r} is no profile address.")
    return f"{host}{path}".lower()


def _handle(raw: str) -> str:
    name = raw.strip().removeprefix("@")
    if not re.fullmatch(r"[A-Za-z0-9._]{1,30}", name):
        raise BadAddress(f"{raw.strip()!r} is no Instagram name.")
    return "@" + name.lower()
