"""A decision in the form of the seed's test logs. Nothing is sent here, and the log says so."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from safety.contract.decision import Decision
from safety.contract.frequency import hours
from safety.contract.localtime import clock_words

MARKS = {"pass": " ✓", "warn": " ⚠️", "fail": " ❌", "info": ""}
NOON = 12


def render(
    decision: Decision, payload: Mapping[str, Any], at: datetime, *, is_done: bool = False
) -> str:
    """The whole log; `is_done` is for a caller that has carried the decision out."""
    moment = at.astimezone(UTC)
    shown = json.dumps(payload, ensure_ascii=False, indent=2, default=str)
    lines = [
        f"TIMESTAMP: {moment:%Y-%m-%d %H:%M:%S} UTC",
        f"ACTION_PAYLOAD: {shown}",
        "",
        *validation_log(decision, moment),
        "",
        *_outcome(decision, is_done=is_done),
    ]
    return "\n".join(lines)


def validation_log(decision: Decision, at: datetime) -> list[str]:
    """The stamped lines, one millisecond apart, ending in the decision."""
    said = [f"{check.name}: {check.message}{MARKS[check.status]}" for check in decision.checks]
    said.append(f"DECISION: {decision_words(decision)}")
    stamped = [
        f"[{_stamp(at + timedelta(milliseconds=number))}] {words}"
        for number, words in enumerate(said, 1)
    ]
    return ["VALIDATION_LOG:", *stamped]


def decision_words(decision: Decision) -> str:
    """`REWRITE (Delay)` where the time is all that changes."""
    return "REWRITE (Delay)" if decision.is_delay_only else decision.outcome


def result_words(decision: Decision, *, is_done: bool = False) -> str:
    """What was done, or what would be."""
    was = "" if is_done else "would be "
    if decision.outcome == "ALLOW":
        if is_done:
            return "Message sent successfully"
        looks = ", once a person has looked at it" if decision.needs_person else ""
        return f"Message would be sent{looks}"
    if decision.outcome == "BLOCK":
        also = (
            f"cooling-off period {was}initiated"
            if decision.cooling_off_until
            else f"user {was}notified of policy violation"
        )
        return f"Message {was}blocked, {also}"
    steps = [] if decision.is_delay_only else ["rewritten"]
    if decision.deliver_not_before:
        steps.append(f"scheduled for {_delivery(decision.deliver_not_before)} delivery")
    return f"Message {was}{' and '.join(steps)}"


def _outcome(decision: Decision, *, is_done: bool) -> Iterator[str]:
    if decision.rewritten is not None:
        yield "REWRITE_APPLIED:"
        yield from (f"- {note}" for note in decision.rewritten.notes)
        yield ""
    if decision.block_reason:
        yield f'BLOCK_REASON: "{decision.block_reason}"'
    if decision.cooling_off:
        rest = max(decision.cooling_off, key=lambda r: r.until)
        yield f"COOLING_OFF: {hours(rest.until - rest.at)} hours required before next contact"
    yield f"RESULT: {result_words(decision, is_done=is_done)}"


def _delivery(until: str) -> str:
    moment = datetime.fromisoformat(until)
    return "morning" if moment.hour < NOON else clock_words(moment)


def _stamp(moment: datetime) -> str:
    return f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}"
