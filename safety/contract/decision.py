"""What the contract decided about one message, in a form to print, store and compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from safety.verdict import CoolingOff


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the log: a name, pass/warn/fail/info, and what it says."""

    name: str
    status: str
    message: str
    findings: tuple[Mapping[str, Any], ...] = ()

    @property
    def rule(self) -> str:
        return self.findings[0]["rule"] if self.findings else ""

    @property
    def span(self) -> list[int] | None:
        return self.findings[0]["span"] if self.findings else None

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "status": self.status,
            "message": self.message,
            "rule": self.rule,
            "span": self.span,
            "findings": [dict(finding) for finding in self.findings],
        }


@dataclass(frozen=True, slots=True)
class Rewritten:
    """The payload that may be sent instead, and what was done to it."""

    payload: Mapping[str, Any]
    notes: tuple[str, ...]
    is_new_text: bool
    caution: str = ""

    def as_dict(self) -> dict[str, Any]:
        return {
            **self.payload,
            "notes": list(self.notes),
            "is_new_text": self.is_new_text,
            "caution": self.caution,
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """ALLOW, REWRITE or BLOCK, and everything it rests on. Times are ISO 8601."""

    contract_version: str
    policy_version: str
    outcome: str
    needs_person: bool
    checks: tuple[Check, ...]
    local_time: str
    local_zone: str
    rewritten: Rewritten | None = None
    deliver_not_before: str | None = None
    block_reason: str = ""
    cooling_off_until: str | None = None
    cooling_off: tuple[CoolingOff, ...] = ()

    @property
    def is_delay_only(self) -> bool:
        """A REWRITE that changes the time and not the text."""
        return self.rewritten is not None and not self.rewritten.is_new_text

    def as_dict(self) -> dict[str, Any]:
        return {
            "contract_version": self.contract_version,
            "policy_version": self.policy_version,
            "outcome": self.outcome,
            "needs_person": self.needs_person,
            "checks": [check.as_dict() for check in self.checks],
            "rewritten": self.rewritten.as_dict() if self.rewritten else None,
            "deliver_not_before": self.deliver_not_before,
            "block_reason": self.block_reason or None,
            "cooling_off_until": self.cooling_off_until,
            "local_time": self.local_time,
            "local_zone": self.local_zone,
        }
