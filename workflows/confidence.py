"""How sure a draft may be of itself: named parts that add up to 0–100, and a sentence. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

ROLE_MAILBOXES = frozenset(
    {
        "info", "office", "contact", "hello", "hi", "mail", "post", "support", "service", "sales",
        "marketing", "admin", "team", "hr", "jobs", "careers", "press", "billing", "accounts",
        "accounting", "invoice", "kontakt", "kundenservice",
    }
)  # fmt: skip
NOBODY_READS = frozenset({"noreply", "no-reply", "donotreply", "do-not-reply", "mailer-daemon"})


@dataclass(frozen=True, slots=True)
class Part:
    """One reason for trust: its points, of how many, and why."""

    name: str
    points: int
    of: int
    why: str

    def as_dict(self) -> dict[str, Any]:
        return {"name": self.name, "points": self.points, "of": self.of, "why": self.why}


@dataclass(frozen=True, slots=True)
class Confidence:
    """The whole: `total` is the sum of its parts."""

    parts: tuple[Part, ...]

    @property
    def total(self) -> int:
        return sum(part.points for part in self.parts)

    @property
    def sentence(self) -> str:
        told = "; ".join(f"{part.why} ({part.points} of {part.of})" for part in self.parts)
        return f"Confidence {self.total} of 100: {told}."


@dataclass(frozen=True, slots=True)
class Basis:
    """What confidence looks at."""

    is_greeted_by_name: bool
    wanted: Sequence[str]  # facts the template can say
    said: Sequence[str]  # facts it did say
    personal: Sequence[str]  # those of them that speak of the person
    address: str
    names: Sequence[str]  # the person's names
    have_answered: bool  # they wrote to us at some time
    unanswered: int  # messages of ours since their last one


def judge(basis: Basis) -> Confidence:
    return Confidence(
        (_greeting(basis), _facts(basis), _personal(basis), _address(basis), _history(basis))
    )


def _greeting(basis: Basis) -> Part:
    if basis.is_greeted_by_name:
        return Part("greeting", 20, 20, "greeted by name")
    return Part("greeting", 0, 20, "greeted without a name, which is not certain")


def _facts(basis: Basis) -> Part:
    known = len(set(basis.said) & set(basis.wanted))
    wanted = len(basis.wanted)
    points = round(30 * known / wanted) if wanted else 30
    return Part("facts", points, 30, f"{known} of {wanted} facts known")


def _personal(basis: Basis) -> Part:
    count = len(basis.personal)
    if not count:
        return Part("personalisation", 0, 20, "says nothing about the person")
    told = " and ".join(name.replace("connected_month", "connection") for name in basis.personal)
    return Part("personalisation", 20 if count > 1 else 10, 20, f"speaks of {told}")


def _address(basis: Basis) -> Part:
    local = basis.address.partition("@")[0].casefold()
    if local in NOBODY_READS:
        return Part("address", 0, 15, "a mailbox that nobody reads")
    if local in ROLE_MAILBOXES:
        return Part("address", 4, 15, "a shared mailbox")
    if any(len(name) > 1 and _plain(name) in _plain(local) for name in basis.names):
        return Part("address", 15, 15, "the address carries their name")
    return Part("address", 11, 15, "the address does not show whose it is")


def _history(basis: Basis) -> Part:
    if basis.unanswered > 1:
        why = f"the last {basis.unanswered} messages were not answered"
        return Part("history", 2, 15, why)
    if basis.unanswered == 1:
        return Part("history", 7, 15, "the last message was not answered")
    if basis.have_answered:
        return Part("history", 15, 15, "they have written to us")
    return Part("history", 10, 15, "the first contact")


def _plain(text: str) -> str:
    """Letters and digits alone, without accents: Ní Dhuibhir is found in ni.dhuibhir@."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in parts if char.isalnum())
