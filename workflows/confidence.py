"""How sure a draft may be of itself: named parts that add up to 0–100, and a sentence. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from outreach.core.addresses import ROLE_MAILBOXES
from workflows.words import joined

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
    """What confidence looks at. `findings` are what the content rules object to in the words."""

    is_greeted_by_name: bool
    wanted: Sequence[str]  # facts the template can say
    said: Sequence[str]  # facts it did say
    personal: Sequence[str]  # those of them that speak of the person
    address: str
    names: Sequence[str]  # the person's names
    have_answered: bool  # they wrote to us at some time
    unanswered: int  # messages of ours since their last one
    findings: Sequence[str] = ()
    own_word: int | None = None  # what the engine says of itself; None: words as in the template


def judge(basis: Basis) -> Confidence:
    """Who is greeted, what is known, what is personal, where it goes, what was, what the rules
    and the engine say: 100 points in all."""
    return Confidence(
        (
            _greeting(basis),
            _facts(basis),
            _personal(basis),
            _address(basis),
            _history(basis),
            _contract(basis),
            _engine(basis),
        )
    )


def _greeting(basis: Basis) -> Part:
    if basis.is_greeted_by_name:
        return Part("greeting", 15, 15, "greeted by name")
    return Part("greeting", 0, 15, "greeted without a name, which is not certain")


def _facts(basis: Basis) -> Part:
    wanted = len(basis.wanted)
    if not wanted:
        return Part("facts", 25, 25, "the text needs no facts")
    missing = [name for name in basis.wanted if name not in basis.said]
    known = wanted - len(missing)
    told = f"{known} of {wanted} facts for the text known"
    if missing:  # a role is the position as it is said: one name for both
        told += f", missing: {joined(list(dict.fromkeys(map(readable, missing))))}"
    return Part("facts", round(25 * known / wanted), 25, told)


READABLE = {
    "connected_month": "month of connection",
    "connected_lately": "new connection",
    "role": "position",
    "last_month": "month of the last messages",
    "heard_month": "month of their message",
    "about": "our work",
    "field": "field of work",
}


def readable(name: str) -> str:
    """What a fact of a template is called."""
    return READABLE.get(name, name.replace("_", " "))


SPOKEN = {
    "role": "position", "field": "field of work", "connected_month": "connection",
    "connected_lately": "connection", "last_month": "past messages",
}  # fmt: skip


def _personal(basis: Basis) -> Part:
    count = len(basis.personal)
    if not count:
        return Part("personalisation", 0, 15, "says nothing about the person")
    told = joined([SPOKEN.get(name, name) for name in basis.personal])
    return Part("personalisation", 15 if count > 1 else 8, 15, f"speaks of {told}")


def _address(basis: Basis) -> Part:
    if "/in/" in basis.address:
        return Part("address", 10, 10, "the profile is theirs")
    local = basis.address.partition("@")[0].casefold()
    if local in NOBODY_READS:
        return Part("address", 0, 10, "a mailbox that nobody reads")
    if local in ROLE_MAILBOXES:
        return Part("address", 3, 10, "a shared mailbox")
    if any(len(name) > 1 and _plain(name) in _plain(local) for name in basis.names):
        return Part("address", 10, 10, "the address carries their name")
    return Part("address", 7, 10, "the address does not show whose it is")


def _history(basis: Basis) -> Part:
    if basis.unanswered > 1:
        why = f"the last {basis.unanswered} messages were not answered"
        return Part("history", 1, 10, why)
    if basis.unanswered == 1:
        return Part("history", 5, 10, "the last message was not answered")
    if basis.have_answered:
        return Part("history", 10, 10, "they have written to us")
    return Part("history", 7, 10, "the first contact")


def _contract(basis: Basis) -> Part:
    found = sorted(set(basis.findings))
    if not found:
        return Part("contract", 15, 15, "the content rules object to nothing")
    points = max(0, 15 - 8 * len(found))
    return Part("contract", points, 15, f"the content rules find {', '.join(found)}")


def _engine(basis: Basis) -> Part:
    if basis.own_word is None:
        return Part("engine", 10, 10, "worded by the template alone")
    points = round(10 * max(0, min(100, basis.own_word)) / 100)
    return Part("engine", points, 10, f"the model says {basis.own_word} of 100 of itself")


def _plain(text: str) -> str:
    """Letters and digits alone, without accents: Ní Dhuibhir is found in ni.dhuibhir@."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in parts if char.isalnum())
