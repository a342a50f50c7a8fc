"""The whole algebra of the gate: a verdict is a level, a time and findings; joining tightens.

`join` is max, max, concatenation. So "the strictest wins" and "the order of rules does not
matter" hold by construction, and adding a rule can never loosen an outcome. Free of Django.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any


class Level(IntEnum):
    """How far a message may go. Higher is stricter."""

    ALLOW = 0  # may leave (once `not_before` has passed)
    REVIEW = 1  # only with a person's approval, never automatically
    BLOCK = 2  # must not leave


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check said. `status` is pass, info, warn or fail; `span` is in the original text."""

    check: str
    code: str
    status: str
    message: str
    family: str = ""
    rule: str = ""
    span: tuple[int, int] | None = None
    text: str = ""

    def as_dict(self) -> dict[str, Any]:
        return {
            "check": self.check,
            "code": self.code,
            "status": self.status,
            "message": self.message,
            "family": self.family,
            "rule": self.rule,
            "span": list(self.span) if self.span else None,
            "text": self.text,
        }


@dataclass(frozen=True, slots=True)
class CoolingOff:
    """A rest the human being must get: `cause`, from `at` until `until` (aware)."""

    cause: str
    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one check, or all of them joined, decided. `not_before` is aware; None means at once."""

    level: Level = Level.ALLOW
    not_before: datetime | None = None
    findings: tuple[Finding, ...] = ()
    cooling_off: tuple[CoolingOff, ...] = field(default=())

    def may_leave(self, at: datetime) -> bool:
        return self.level < Level.BLOCK and (self.not_before is None or self.not_before <= at)

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(f.code for f in self.findings if f.status in ("warn", "fail"))

    @property
    def blockers(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.status == "fail")


def sentences(findings: Iterable[Finding]) -> str:
    """What these findings say, each as a sentence of its own."""
    return " ".join(finding.message.rstrip(".") + "." for finding in findings)


def join(*verdicts: Verdict) -> Verdict:
    """The strictest of all: highest level, latest time, every finding."""
    level, not_before = Level.ALLOW, None
    findings: tuple[Finding, ...] = ()
    cooling_off: tuple[CoolingOff, ...] = ()
    for one in verdicts:
        if one.level > level:
            level = one.level
        if one.not_before is not None and (not_before is None or one.not_before > not_before):
            not_before = one.not_before
        findings += one.findings
        cooling_off += one.cooling_off
    return Verdict(level, not_before, findings, cooling_off)
