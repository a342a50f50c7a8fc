"""What may be said of a person, from what is stored of them, each fact with its source.

Cells of imported files are other people's words. One that would read oddly in a sentence is
taken as unknown: code, links, slogans, shouting, "N/A". Notes are never quoted to the person.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from functools import lru_cache

from outreach.core.models import Person, Workspace
from outreach.core.names import clean
from workflows.drafting.base import Fact
from workflows.roles import FIELD_NAMES, classify

KNOWN = frozenset(
    {
        "greeting_name", "company", "position", "field", "connected_month", "last_month",
        "reply_subject", "sender_name", "about",
    }
)  # fmt: skip
# What says something about the person, as opposed to about us.
PERSONAL = ("position", "company", "connected_month")
LONGEST = 70
LONGEST_ABOUT = 300
ODD = re.compile(r"[{}<>|\\^~`@*_=\[\]•·►✓\"“”]|https?:|www\.|--|\.\.\.|…|!!|\?|;", re.IGNORECASE)
NOTHING = frozenset(
    {
        "none", "null", "nil", "n/a", "na", "nan", "-", "--", ".", "?", "x", "xx", "xxx", "tbd",
        "undefined", "unknown", "keine", "nobody", "test", "unbekannt", "inconnu",
    }
)  # fmt: skip
NO_COMPANY = re.compile(
    r"(?i)\b(?:self[- ]?employed|selbstst[aä]ndig|freelance[rd]?|independent|stealth|confidential|"
    r"retired|unemployed|various|looking for|open to|career break|sabbatical)\b"
)
NO_POSITION = re.compile(
    r"(?i)\b(?:retired|unemployed|student|open to|looking for|seeking|sabbatical|career break|"
    r"parental leave|maternity leave|in transition|former|ex-|at large)\b"
    r"|^(?:i|we|helping|making|building|your|passionate)\b"
)


def of_person(
    person: Person, workspace: Workspace, *, about: str = "", last: date | None = None
) -> dict[str, Fact]:
    """Everything sayable. `about` is a sentence of ours about our work, given with the run;
    `last` the day of the last message between us."""
    origin = person.source or "entered by hand"
    found = {
        "greeting_name": (sayable(person.greeting_name), origin),
        "company": (company(person), origin),
        "position": (position(person.position, company(person)), origin),
        "connected_month": (month(person.connected_on), origin),
        "field": (field(person.position), origin),
        "sender_name": (sayable(workspace.sender_name), "workspace"),
        "about": (about_us(about), "given with the run"),
        "last_month": (month(last), "contacts"),
    }
    return {name: Fact(value, source) for name, (value, source) in found.items() if value}


@lru_cache(maxsize=20_000)
def sayable(raw: str, longest: int = LONGEST) -> str:
    """The value as it may stand in a sentence; empty when it may not."""
    value = clean(raw)
    if not value or len(value) > longest or value.casefold() in NOTHING:
        return ""
    if ODD.search(value) or not any(char.isalpha() for char in value):
        return ""
    if any(unicodedata.category(char) in ("So", "Sk", "Cs", "Co", "Cn", "Cc") for char in value):
        return ""
    return "" if _shouts(value) else value


def _shouts(value: str) -> bool:
    """Words in capitals read as shouting; abbreviations such as CEO or IBM do not."""
    return value.isupper() and any(len(word) > 5 for word in value.split())


def company(person: Person) -> str:
    name = sayable(person.account.name) if person.account else ""
    return "" if NO_COMPANY.search(name) else name


def position(raw: str, company_name: str) -> str:
    """The role alone: "Head of Data at Acme" is Head of Data where the company is Acme."""
    value = sayable(raw)
    tail = f" at {company_name}".casefold()
    if company_name and value.casefold().endswith(tail):
        value = value[: -len(tail)].rstrip(" ,")
    if NO_POSITION.search(value) or " at " in f" {value} ".casefold():
        return ""
    return value


def field(raw: str) -> str:
    """The field of work a title names, as it may stand after "your work in"."""
    role = classify(raw)
    return FIELD_NAMES[role.field] if role.field and role.field != "leadership" else ""


def month(day: date | None) -> str:
    """November 2023, whatever the locale of this machine."""
    return f"{MONTHS[day.month - 1]} {day.year}" if day else ""


def about_us(raw: str) -> str:
    """Our own sentence, ended as a sentence."""
    value = clean(raw)[:LONGEST_ABOUT]
    if not value or "{" in value or "}" in value:
        return ""
    return value if value.endswith((".", "!", "?")) else value + "."


MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
