"""Personal data and secrets in a draft: found by form, kept only where a check digit agrees.

Whose data it is matters: the parties' own addresses and a number in a signature are no leak.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address

import re2

from safety.contract.accounts import Span, accounts, cards
from safety.contract.credentials import credentials
from safety.contract.emphasis import without_emphasis
from safety.contract.identity import identity_numbers
from safety.contract.normalise import Folded, fold
from safety.contract.phones import phones
from safety.contract.signature import signature as signature_of
from safety.verdict import Finding, Level, Verdict

GRAVE = frozenset({"card", "iban", "national_id", "secret"})
SPOKEN = {
    "card": "a card number",
    "iban": "an IBAN",
    "national_id": "a national identity number",
    "secret": "a secret",
    "phone": "a phone number",
    "email": "an e-mail address",
    "ip": "an IP address",
}
MOST = 200  # findings of one kind after which more of it adds nothing

_MARKS = "[*~`]{0,3}"  # of bold or struck words, which may end within an address
_EMAIL = re.compile(
    rf"(?<![\w.+-])[\w.+-]{{1,64}}{_MARKS}@{_MARKS}(?:[\w-]{{1,63}}{_MARKS}\.{_MARKS}){{1,8}}[a-z]{{2,24}}\b"
)
_UNMARKED = str.maketrans("", "", "*~`")
_IP = re.compile(
    r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)"
    r"|(?<![\w:])(?:[0-9a-f]{1,4}:){4,7}[0-9a-f]{1,4}(?![\w:])"
    r"|(?<![\w:])(?:[0-9a-f]{1,4}:){1,7}(?::[0-9a-f]{1,4}){1,7}(?![\w:])"
)
_MAY_BE_IP = re2.compile(r"(?:\d{1,3}\.){3}\d|(?:[0-9a-f]{1,4}:){4}[0-9a-f]|[0-9a-f]::[0-9a-f]")
# What has four numbers, too.
_VERSION = re.compile(
    r"\b(?:v|ver|versions?|releases?|build|firmware|driver|update|chrome|firefox|edge|kernel"
    r"|section|clause|chapter|paragraph)[ .:#]*$"
)
_VERSION_BEFORE = 14


@dataclass(frozen=True, slots=True)
class Leak:
    """One piece of personal data: its kind and its place in the original text."""

    kind: str  # card, iban, national_id, secret, phone, email, ip
    start: int
    end: int
    text: str


def find_pii(text: str, *, allowed: Iterable[str] = (), signature: bool = True) -> tuple[Leak, ...]:
    """Every piece of personal data; not `allowed` addresses, nor contact data in a signature."""
    folded = fold(text, emphasis=True)
    own = frozenset(_key(value) for value in allowed if value)
    plain = folded.cased.lower()  # with its digits: here they are what is looked for
    signed = signature_of(folded.cased) if signature else (len(plain), len(plain))
    found: list[Leak] = []
    taken = bytearray(len(plain))  # a flag per character, so that many findings cost no more
    for kind, spans in _all(plain, without_emphasis(plain)):
        left = MOST
        for start, end in spans:
            if any(taken[start:end]):
                continue
            taken[start:end] = b"\1" * (end - start)
            is_signed = kind in ("phone", "email") and signed[0] <= start < signed[1]
            if is_signed or (kind != "secret" and _key(plain[start:end]) in own):
                continue
            found.append(_leak(folded, kind, start, end))
            left -= 1
            if not left:
                break
    return tuple(sorted(found, key=lambda leak: leak.start))


def check_pii(*, subject: str = "", text: str, allowed: Iterable[str] = ()) -> Verdict:
    """Cards, accounts, identity numbers and secrets fail; other people's contact data warn."""
    findings = []
    parties = tuple(allowed)
    for leak in (*find_pii(subject, allowed=parties), *find_pii(text, allowed=parties)):
        status = "fail" if leak.kind in GRAVE else "warn"
        findings.append(_finding(leak, status))
    statuses = {finding.status for finding in findings}
    level = Level.BLOCK if "fail" in statuses else Level.REVIEW if statuses else Level.ALLOW
    if not findings:
        words = "No personal data of others found"
        findings.append(Finding("PII_CHECK", "pass", "pass", words))
    return Verdict(level, None, tuple(findings))


def _finding(leak: Leak, status: str) -> Finding:
    whose = " of somebody else" if status == "warn" else ""
    return Finding(
        "PII_CHECK",
        f"pii_{leak.kind}",
        status,
        f"The text contains what looks like {SPOKEN[leak.kind]}{whose}.",
        family="pii_in_text",
        rule=f"pii.{leak.kind}",
        span=(leak.start, leak.end),
        text=leak.text,
    )


def _leak(folded: Folded, kind: str, start: int, end: int) -> Leak:
    first, last = folded.span(start, end)
    return Leak(kind, first, last, folded.original[first:last])


def _all(marked: str, text: str) -> Iterator[tuple[str, Iterator[Span]]]:
    """Candidates by kind, the surest first: what a card is, is no phone number.

    `marked` still has its marks of emphasis, which a key or an address may be made of.
    """
    views = (marked,) if marked == text else (marked, text)
    yield "secret", (span for view in views for span in credentials(view))
    if "@" in text:
        yield "email", (m.span() for view in views for m in _EMAIL.finditer(view))
    if not re.search(r"\d.*\d", text, re.S):
        return
    yield "iban", accounts(text)
    yield "card", cards(text)
    yield "national_id", identity_numbers(text)
    if _MAY_BE_IP.search(text):
        yield "ip", _addresses(text)
    yield "phone", phones(text)


def _addresses(text: str) -> Iterator[Span]:
    for found in _IP.finditer(text):
        start, end = found.span()
        is_version = _VERSION.search(text, max(0, start - _VERSION_BEFORE), start)
        if _is_ip(found[0]) and not is_version:
            yield start, end


def _is_ip(value: str) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return False
    plain = value.replace(":", "")
    return not (plain.isalpha() or (plain.isdecimal() and value.count(":") < 3))


def _key(value: str) -> str:
    value = value.strip().lower().translate(_UNMARKED)
    return value if "@" in value else re.sub(r"\D", "", value).lstrip("0")
