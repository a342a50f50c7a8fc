"""What a declared emergency lifts: quiet hours and contact limits, for one marked text. Pure.

It lifts holds only. Controls, stops, suppression, consent and content never ask it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from safety.contract import frequency
from safety.question import Facts, Moment
from safety.verdict import Finding, Level, Verdict, join

MARK = "EMERGENCY:"
# An app people carry to bed; the contract never lifts its nights.
NEVER_AT_NIGHT = frozenset({"instagram"})
# From least to most intrusive: a letter can wait, a ringing phone cannot.
INTRUSIVENESS = ("email", "linkedin", "instagram", "whatsapp", "phone")


def is_marked(subject: str, text: str) -> bool:
    """Whether these words say that they are an emergency; only such words lift anything."""
    return text.startswith(MARK) and (not subject or subject.startswith(MARK))


def marked(words: str) -> str:
    return words if words.startswith(MARK) else f"{MARK} {words}"


def check_override(facts: Facts, moment: Moment, at: datetime) -> Verdict:
    """A declared emergency is always seen by a person, who approves exactly this text."""
    if not facts.override:
        return Verdict()
    category = facts.override.replace("_", " ")
    lifts = "quiet hours and contact limits are lifted once"
    if not facts.is_urgent:
        lifts = "but these words sell, so nothing is lifted for them"
    message = f"Emergency declared ({category}): {lifts}"
    finding = Finding("OVERRIDE_CHECK", "emergency_declared", "warn", message)
    return Verdict(Level.REVIEW, None, (finding,))


def lift_hours(verdict: Verdict, facts: Facts) -> Verdict:
    """Time under a declared emergency: said, not held."""
    if not facts.is_urgent or facts.channel in NEVER_AT_NIGHT:
        return verdict
    return Verdict(findings=_lifted(verdict))


def lift_frequency(verdict: Verdict, facts: Facts, at: datetime) -> Verdict:
    """Limits under a declared emergency: counted and said, not held.

    The rest after a request to stop stays, and so does the rest that this message itself begins.
    """
    if not facts.is_urgent:
        return verdict
    rests = tuple(rest for rest in verdict.cooling_off if rest.cause == "daily_limit")
    kept = frequency.held_by_stops(facts.contacts, at)
    return join(Verdict(findings=_lifted(verdict), cooling_off=rests), kept)


def _lifted(verdict: Verdict) -> tuple[Finding, ...]:
    return tuple(
        replace(f, status="info", message=f"{f.message} (lifted by the declared emergency)")
        if f.status in ("warn", "fail")
        else f
        for f in verdict.findings
    )
