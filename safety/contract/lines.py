"""The ordered checks of a decision, as lines: from verdicts and findings to what the log shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from safety.contract.content import CHECKS, Hit, check_line
from safety.contract.decision import Check
from safety.contract.localtime import LocalZones, clock_words, local
from safety.contract.payload import Payload
from safety.verdict import Finding, Verdict, join

RANK = ("pass", "info", "warn", "fail")
PURPOSE_WORDS = {
    "informational": "informational message",
    "promotional": "promotional message",
    "personal": "personal message",
    "follow_up": "follow-up",
    "work_update": "work update",
    "transactional": "transactional message",
}


def worst(statuses: Sequence[str]) -> str:
    """The strictest of several statuses."""
    return max(statuses, key=RANK.index, default="pass")


def merged(findings: Sequence[Finding]) -> tuple[Check, ...]:
    """One line per check, in the order they first appear."""
    by_check: dict[str, list[Finding]] = {}
    for finding in findings:
        by_check.setdefault(finding.check, []).append(finding)
    return tuple([_line(name, said) for name, said in by_check.items()])


def _line(name: str, findings: Sequence[Finding]) -> Check:
    said = tuple(_row(finding) for finding in findings if finding.rule)
    words = "; ".join(dict.fromkeys(finding.message for finding in findings))
    return Check(name, worst([finding.status for finding in findings]), words, said)


def _row(finding: Finding) -> Mapping[str, Any]:
    return {
        "family": finding.family or finding.code,
        "rule": finding.rule,
        "span": None,
        "text": "",
        "field": "",
        "explanation": finding.message,
    }


def row_of(hit: Hit) -> Mapping[str, Any]:
    """A content finding as the command prints it; `span` counts in the characters of `field`."""
    return {
        "family": hit.family,
        "rule": hit.rule.id,
        "span": [hit.start, hit.end],
        "text": hit.quote,
        "field": "content" if hit.field == "text" else hit.field,
        "explanation": hit.rule.explanation,
    }


def content_lines(payload: Payload, hits: Sequence[Hit], others: Sequence[Finding]) -> list[Check]:
    """EMOTIONAL_CHECK and CONTENT_CHECK always, BOUNDARY_CHECK when it has something to say."""
    lines = []
    for name in CHECKS:
        mine = [hit for hit in hits if hit.check == name]
        more = [finding for finding in others if finding.check == name]
        if name == "BOUNDARY_CHECK" and not mine and not more:
            continue
        status, words = check_line(
            name, hits, channel=payload.platform, purpose=payload.message_type
        )
        if more:
            known = [words] if mine else []
            words = "; ".join([*known, *(finding.message for finding in more)])
            status = worst([status, *(finding.status for finding in more)])
        rows = (*(row_of(hit) for hit in mine), *(_row(finding) for finding in more))
        lines.append(Check(name, status, words, rows))
    return lines


def lifted_time(payload: Payload, time: Verdict, zones: LocalZones, at: Any) -> Verdict:
    """Time under a declared emergency: said, not held. Instagram's nights are never lifted."""
    if payload.emergency is None or payload.platform == "instagram" or time.not_before is None:
        return time
    clock = clock_words(local(at, zones.zones[0]))
    words = f"{clock} - Lifted by a declared emergency ({payload.emergency.category})"
    return Verdict(findings=(Finding("TIME_CHECK", "emergency", "info", words),))


def lifted_frequency(payload: Payload, frequency: Verdict, stops: Verdict) -> Verdict:
    """Frequency under a declared emergency: the count is told, and only `stops` are held.

    `stops` is what requests to stop hold. The rest that this message itself begins stays.
    """
    if payload.emergency is None:
        return frequency
    count = frequency.findings[0]
    if stops.blockers:
        return join(Verdict(findings=(count,)), stops)
    if not frequency.findings[1:]:
        return frequency
    words = f"{count.message}, lifted by a declared emergency"
    finding = Finding("FREQUENCY_CHECK", "emergency", "info", words, text=count.text)
    rests = tuple(rest for rest in frequency.cooling_off if rest.cause == "daily_limit")
    return Verdict(findings=(finding,), cooling_off=rests)


def delay_note(now: datetime, then: datetime) -> str:
    """`Delayed until 8:00 AM next day`, or `Scheduled for 8:00 AM delivery` on the same day."""
    days = (then.date() - now.date()).days
    if days == 0:
        return f"Scheduled for {clock_words(then)} delivery"
    if days == 1:
        return f"Delayed until {clock_words(then)} next day"
    return f"Delayed until {clock_words(then)} on {then:%A, %d %B %Y}"
