"""What may be said of a person, from what is stored of them, each fact with its source.

Cells of imported files are other people's words. One that would read oddly in a sentence is
taken as unknown: code, links, slogans, shouting, "N/A". Notes are never quoted to the person.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from outreach.core.importing import tidy
from outreach.core.models import Person, Workspace
from outreach.core.names import clean
from workflows.drafting import spoken
from workflows.drafting.base import Fact
from workflows.roles import FIELD_NAMES, classify

KNOWN = frozenset(
    {
        "greeting_name", "company", "position", "role", "field", "connected_month",
        "connected_lately", "last_month", "heard_month", "reply_subject", "sender_name", "about",
    }
)  # fmt: skip
# Most people have none of these, so that nothing is missed where they are not known.
RARE = frozenset({"connected_lately", "last_month", "heard_month", "field"})
# What says something about the person, as opposed to about us.
PERSONAL = (
    "role", "position", "field", "company", "connected_month", "connected_lately", "last_month",
)  # fmt: skip
LATELY = timedelta(days=60)
LONGEST = 70
LONGEST_ABOUT = 300
ODD = re.compile(
    r"[{}<>|\\^~`@*_=\[\]•·►✓\"“”]|https?:|www\.|\w\.[a-z]{2,}/\S|--|\.\.\.|…|!!|\?|;",
    re.IGNORECASE,
)
NOTHING = frozenset(
    {
        "none", "nil", "na", "?", "x", "xx", "xxx", "tbd", "unknown", "keine", "nobody", "test",
        "unbekannt", "inconnu", "false", "true", "falsch", "wahr", "faux", "deleted", "leer",
        "tba", "tbc", "nn", "n.n.", "blank", "empty", "missing", "vacant", "private", "privat",
        "self", "not available", "not applicable", "no name", "no company", "no title",
        "company", "company name", "position", "title", "job title",
        *(cell.casefold() for cell in tidy.NOTHING),
    }
)  # fmt: skip
NO_COMPANY = re.compile(
    r"(?i)\b(?:self[- ]?employed|selb(?:st)?st[aä]ndige?r?|freelance[rd]?|"
    r"freiberuf(?:ler(?:in)?|lich)|independent|stealth|confidential|retired|unemployed|various|"
    r"looking for|open ?to|career break|sabbatical|between jobs|in transition|arbeits?suchend|"
    r"arbeitslos|sans emploi)\b"
)
# Whoever says this of themselves does not work where they are listed, or wants to leave it.
GONE = re.compile(
    r"(?i)\b(?:retired|unemployed|\w*student(?:in)?|open ?to|looking for|seeking|sabbatical|"
    r"career break|parental leave|maternity leave|between jobs|in transition|former(?:ly)?|ex-|"
    r"no longer|left the company|deceased|arbeitslos|arbeits?suchend|ehemalig|rentner|pensioniert|"
    r"(?:in|im) (?:rente|ruhestand)|elternzeit|verstorben|sans emploi|retrait[ée]e?\b|"
    r"étudiant|jubilad[oa])"
)
NO_POSITION = re.compile(r"(?i)\bat large\b|^(?:i|we|helping|making|building|your|passionate)\b")
# What stands between a title and the company, in several languages, and legal forms after it.
TAIL = r"\s+(?:at|bei|chez|en|em|presso|@|[-–—|·•:])\s*|\s*[,@|(]\s*"
HEAD = r"(?:\s+[-–—|·•:]|[:,|])\s*"
FORMS = r",?\s+(?:gmbh|ag|se|inc|ltd|llc|corp|plc|s\.?a\.?|b\.?v|n\.?v)\.?"
ELSEWHERE = re.compile(r"(?i)\b(?:at|bei|chez|presso)\s|@")  # of another company than theirs


@dataclass(frozen=True, slots=True)
class Past:
    """The days of the last message between us, and of their last while we never wrote."""

    both: date | None = None
    theirs: date | None = None


def of_person(
    person: Person, workspace: Workspace, *, today: date, about: str = "", past: Past | None = None
) -> dict[str, Fact]:
    """Everything sayable. `about` is a sentence of ours about our work, given with the run."""
    origin = person.source or "entered by hand"
    past = past or Past()
    works = "" if GONE.search(person.position) else company(person)
    role = title(person)
    is_new = person.connected_on is not None and person.connected_on >= today - LATELY
    found = {
        "greeting_name": (sayable(person.greeting_name), origin),
        "company": (spoken.company(works), origin),
        "position": (role, origin),
        "role": (spoken.role(role), origin),
        "connected_month": (month(person.connected_on), origin),
        "connected_lately": ("recently" if is_new else "", origin),
        "field": (field(role), origin),
        "sender_name": (sayable(workspace.sender_name), "workspace"),
        "about": (about_us(about), "given with the run"),
        "last_month": (month(past.both), "contacts"),
        "heard_month": (month(past.theirs), "contacts"),
    }
    return {name: Fact(value, source) for name, (value, source) in found.items() if value}


@lru_cache(maxsize=20_000)
def sayable(raw: str, longest: int = LONGEST) -> str:
    """The value as it may stand in a sentence; empty when it may not."""
    value = clean(raw).strip(" ,-–—")
    if not value or len(value) > longest:
        return ""
    folded = value.casefold()
    if folded in NOTHING or folded.strip("()") in NOTHING:
        return ""
    if tidy.FAILED.fullmatch(value):
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
    raw = clean(person.account.name) if person.account else ""
    name = sayable(raw) or sayable(spoken.company(raw))  # ACME CORPORATION is ACME
    return "" if NO_COMPANY.search(name) else name


def title(person: Person) -> str:
    """What they are, without where: `position` of a person."""
    return position(person.position, person.account.name if person.account else "")


def on_file(person: Person) -> dict[str, Fact]:
    """Position and company for colleagues to read."""
    origin = person.source or "entered by hand"
    works = "" if GONE.search(person.position) else company_on_file(person)
    found = {"position": title_on_file(person), "company": works}
    return {name: Fact(value, origin) for name, value in found.items() if value}


def title_on_file(person: Person) -> str:
    """The same as colleagues read it and as people are ranked, whether a letter may say it or not:
    in capitals, of many words, with signs in between."""
    words = _alone(person.position, person.account.name if person.account else "")
    return _held(sayable(words) or _noted(words))


def company_on_file(person: Person) -> str:
    """The company as colleagues read it and as people are ranked."""
    raw = clean(person.account.name) if person.account else ""
    return company(person) or (raw if _noted(raw) and not NO_COMPANY.search(raw) else "")


def _noted(value: str) -> str:
    """The value, without shouting, where it is one at all."""
    is_none = value.casefold().strip("()") in NOTHING or tidy.FAILED.fullmatch(value)
    if is_none or not any(char.isalpha() for char in value):
        return ""
    return value.lower() if _shouts(value) else value


def position(raw: str, company_name: str) -> str:
    """The role alone: "Head of Data at Acme, Acme" is Head of Data where the company is Acme.

    Where it names only the company ("Müller at Müller"), nobody said what they are.
    """
    words = _alone(raw, company_name)
    places = {_folded(clean(company_name)), _folded(spoken.company(clean(company_name)))}
    return "" if _folded(words) in places else _held(sayable(words))


def _alone(raw: str, company_name: str) -> str:
    words = clean(raw)
    for name in dict.fromkeys((clean(company_name), spoken.company(clean(company_name)))):
        words = _without(words, name)
    return words


def _held(value: str) -> str:
    """The title of somebody who has it now, and here; else empty."""
    is_held = not GONE.search(value) and not NO_POSITION.search(value)
    return value if is_held and not ELSEWHERE.search(value) else ""


def _without(words: str, name: str) -> str:
    """Without the company where the title begins or ends with it, however often."""
    if sum(map(str.isalnum, name)) < 2 or _folded(name) not in _folded(words):
        return words  # mostly: reading the two patterns takes longer than all the rest here
    named = re.escape(name)
    before = re.compile(rf"(?i)^{named}{HEAD}")
    after = re.compile(rf"(?i)(?:{TAIL}|(?P<who>founder|owner) of ){named}(?:{FORMS})?\W*$")
    while (shorter := after.sub(r"\g<who>", before.sub("", words))) != words and shorter.strip():
        words = shorter.strip(" ,")
    return words


def _folded(text: str) -> str:
    """The same for all that `re` calls the same but for its case, so that nothing is missed."""
    return text.casefold().replace("\u0307", "").replace("ı", "i")


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
