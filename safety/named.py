"""What each check and each kind of wording is called where a person reads a finding.

The codes beside them stay as they are: programs and the log search by them. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CHECKS = {
    "ABUSE_PATTERN": "Too often",
    "ACTION_CHECK": "What may be done at all",
    "ADDRESS_CHECK": "Their address",
    "ATTACHMENT_CHECK": "The files",
    "BOUNDARY_CHECK": "Personal boundaries",
    "COMPLAINT_CHECK": "Complaints",
    "CONTENT_CHECK": "The words",
    "CONTROL_CHECK": "The stop buttons",
    "DOOR_CHECK": "The last look before it leaves",
    "DRY_RUN_CHECK": "Dry run",
    "EMOTIONAL_CHECK": "Pressure on feelings",
    "ESCALATION_CHECK": "Rests between messages",
    "FREQUENCY_CHECK": "How often they are written to",
    "LAW_CHECK": "The law of their country",
    "OVERRIDE_CHECK": "A declared emergency",
    "PARTS_CHECK": "Text beside HTML",
    "PERSON_CHECK": "The person",
    "PII_CHECK": "Personal data",
    "REWRITE_CHECK": "Taken out by the rules",
    "SUPPRESSION_CHECK": "The suppression list",
    "TIME_CHECK": "Their hours",
}
FAMILIES = {
    "age_inappropriate": "Not for every age",
    "boundary_violation": "Too personal a relation",
    "clickbait": "Clickbait",
    "dependency_creation": "Making them depend on us",
    "emotional_manipulation": "Playing on feelings",
    "empty_text": "A text that says nothing",
    "guilt_induction": "Making them feel guilty",
    "harassment_or_threat": "Harassment or a threat",
    "inappropriate_intimacy": "Too close",
    "personal_information_request": "Asking for personal data",
    "pressure_tactics": "Pressing them",
    "rising_intensity": "Growing stronger from message to message",
    "subject_integrity": "A subject that misleads",
    "tone": "Tone",
    "urgency_inflation": "Invented urgency",
}


def named(finding: Mapping[str, Any]) -> str:
    """The rule of this finding in words; of one from before that nobody names, its code."""
    check = str(finding.get("check") or "")
    family = FAMILIES.get(str(finding.get("family") or ""))
    return family or CHECKS.get(check) or check.removesuffix("_CHECK").replace("_", " ").lower()


def counted(finding: Mapping[str, Any]) -> str:
    """What a count such as "1/3" of the day's messages says of the message it was made for."""
    if finding.get("check") != "FREQUENCY_CHECK":
        return ""
    count, _, limit = str(finding.get("text") or "").partition("/")
    if not (count.isdecimal() and limit.isdecimal()):
        return ""
    left = int(limit) - int(count)
    if left < 0:
        return "This one is counted: it is one too many that day."
    return f"This one is counted: {left or 'no'} more may go to them that day."
