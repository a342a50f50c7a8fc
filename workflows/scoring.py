"""Whom to approach first: named parts, each a share of its weight with a reason. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from outreach.core.plurals import plural
from workflows.roles import FIELD_NAMES, LEVEL_NAMES, Role

WEIGHTS = {"role": 30, "seniority": 20, "recency": 15, "account_fit": 20, "replies": 15}
LEVEL_SHARE = {"top": 1.0, "head": 0.9, "manager": 0.65, "senior": 0.45, "staff": 0.35,
               "junior": 0.1, "": 0.15}  # fmt: skip
SHORT = 3  # letters of a word that is looked for whole
# Thai to Burmese, Khmer, Kana, Han, Hangul: no space tells where a word begins.
UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u9fff\uac00-\ud7a3]")
FRESH_MONTHS, STALE_MONTHS = 3, 60


@dataclass(frozen=True, slots=True)
class Subject:
    """What is looked at of one person. `colleagues` are the others we know at their company."""

    position: str
    role: Role
    company: str
    connected_on: date | None
    colleagues: int = 0
    account_answered: bool = False
    they_wrote: int = 0
    unanswered: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """Words the asker looks for; none means that any role, or any company, will do."""

    roles: tuple[str, ...] = ()
    companies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    points: float
    of: int
    why: str

    def as_dict(self) -> dict[str, Any]:
        return {"name": self.name, "points": self.points, "of": self.of, "why": self.why}


@dataclass(frozen=True, slots=True)
class Score:
    """`total` is 0–100 whatever the weights add up to."""

    total: int
    parts: tuple[Part, ...]

    @property
    def sentence(self) -> str:
        """The reasons that count, the strongest first."""
        told = sorted(self.parts, key=lambda part: -part.points)
        return "; ".join(part.why for part in told if part.points > 0) or "nothing speaks for it"


def judge(subject: Subject, wanted: Wanted, weights: Mapping[str, int], *, today: date) -> Score:
    shares = {
        "role": _role(subject, wanted),
        "seniority": _seniority(subject),
        "recency": _recency(subject, today),
        "account_fit": _account(subject, wanted),
        "replies": _replies(subject),
    }
    whole = sum(weights.values())
    parts = tuple(
        Part(name, round(share * weights[name], 1), weights[name], why)
        for name, (share, why) in shares.items()
        if weights.get(name)
    )
    total = round(100 * sum(part.points for part in parts) / whole) if whole else 0
    return Score(min(100, total), parts)


def _role(subject: Subject, wanted: Wanted) -> tuple[float, str]:
    if not subject.position:
        return 0.0, "no position known"
    if word := _match(wanted.roles, subject.position):
        return 1.0, f"{subject.position} matches “{word}”"
    if word := _match(wanted.roles, FIELD_NAMES.get(subject.role.field, "")):
        return 1.0, f"{subject.position} works in {word}"
    if wanted.roles:
        return 0.1, f"{subject.position} matches none of the roles asked for"
    if subject.role.field:
        return 0.7, f"works in {FIELD_NAMES[subject.role.field]}"
    return 0.4, "a position whose field is not clear"


def _seniority(subject: Subject) -> tuple[float, str]:
    return LEVEL_SHARE[subject.role.level], LEVEL_NAMES[subject.role.level]


def _recency(subject: Subject, today: date) -> tuple[float, str]:
    day = subject.connected_on
    if day is None:
        return 0.0, "no date of connection known"
    months = max(0, (today.year - day.year) * 12 + today.month - day.month)
    if months <= FRESH_MONTHS:
        share = 1.0
    else:
        share = max(0.0, 1 - (months - FRESH_MONTHS) / (STALE_MONTHS - FRESH_MONTHS))
    told = f"{plural(months, 'month')} ago" if months < 24 else f"{months // 12} years ago"
    return share, "connected this month" if months == 0 else f"connected {told}"


def _account(subject: Subject, wanted: Wanted) -> tuple[float, str]:
    if not subject.company:
        return 0.0, "no company known"
    if word := _match(wanted.companies, subject.company):
        return 1.0, f"{subject.company} matches “{word}”"
    others = subject.colleagues
    base = 0.2 if wanted.companies else 0.4
    if subject.account_answered:
        return min(1.0, base + 0.4), f"somebody at {subject.company} has answered us before"
    if others:
        share = min(1.0, base + 0.1 * min(others, 3))
        return share, f"{plural(others, 'other')} known at {subject.company}"
    return base, f"the only one known at {subject.company}"


def _replies(subject: Subject) -> tuple[float, str]:
    if subject.they_wrote:
        return 1.0, "has written to us before"
    if subject.unanswered > 1:
        return 0.0, f"the last {subject.unanswered} messages were not answered"
    if subject.unanswered == 1:
        return 0.3, "the last message was not answered"
    return 0.5, "never written to"


def _match(words: Sequence[str], text: str) -> str:
    """The first of the words with which a word of the text begins; short ones must be the whole
    word, as there is a CTO in every direCTOr, and of a script without spaces anywhere."""
    return next((word for word in words if _pattern(word).search(text)), "")


@lru_cache(maxsize=1_000)
def _pattern(word: str) -> re.Pattern[str]:
    if UNSPACED.search(word):
        return re.compile(re.escape(word), re.IGNORECASE)
    end = r"(?!\w)" if len(word) <= SHORT else ""
    return re.compile(rf"(?<!\w){re.escape(word)}{end}", re.IGNORECASE)
