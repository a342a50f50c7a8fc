"""Why a message is blocked, in the words of the log: frequency alone, otherwise joined by "and"."""

from __future__ import annotations

from collections.abc import Sequence

from safety.contract.content import Hit, families, is_too_much
from safety.contract.localtime import clock_words, local
from safety.contract.rulebook import CHECK_OF
from safety.verdict import Finding, Verdict


def frequency_reason(verdict: Verdict, zone: str) -> str:
    """Limit before cooling-off before escalation; the first gives its reason alone."""
    codes = {finding.code: finding for finding in verdict.findings}
    if "daily_limit" in codes:
        return f"Daily contact limit exceeded ({codes['count'].text} messages)"
    if "cooling_off" in codes:
        until = local(verdict.not_before, zone) if verdict.not_before else None
        ending = f" until {clock_words(until)} on {until:%d %B %Y}" if until else ""
        return f"Cooling-off period in force{ending}"
    if "cross_platform" in codes:
        return "Cross-platform escalation"
    return "Persistent contact after no response"


def content_reason(hits: Sequence[Hit], reach: Sequence[Finding], time: Verdict) -> str:
    """Everything that fails, or an empty text where nothing does."""
    failed = set(families(hits, status="fail"))
    parts = []
    if any(CHECK_OF[family] == "EMOTIONAL_CHECK" for family in failed):
        parts.append("emotional manipulation")
    parts.extend(_closeness(failed))
    if "harassment_or_threat" in failed:
        parts.append("harassment or threat")
    if "personal_information_request" in failed:
        parts.append("request for personal information")
    if "age_inappropriate" in failed:
        parts.append("age-inappropriate content")
    if is_too_much(hits):
        parts.append("multiple safety violations")
    parts.extend("unsolicited contact to a non-follower" for f in reach if f.status == "fail")
    if any(finding.status == "fail" for finding in time.findings):
        parts.append("quiet hours violation")
    reason = " and ".join(parts)
    return reason[:1].upper() + reason[1:]


def _closeness(failed: set[str]) -> list[str]:
    intimate = "inappropriate_intimacy" in failed
    private = "boundary_violation" in failed
    if intimate and private:
        return ["inappropriate personal boundary violation"]
    if intimate:
        return ["inappropriate intimacy"]
    return ["personal boundary violation"] if private else []
