"""Confidence and context to priority and eligibility (SPEC §5, seed C §3.2). Pure.

The highest priority wins and one "no" is enough, so a further row can only tighten.
"""

from __future__ import annotations

from dataclasses import dataclass

LOW, NORMAL, HIGH, CRITICAL = 0, 1, 2, 3
SENT_BEFORE = "Its last outcome was unknown: it may have arrived. Send again only if sure."


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the table looks at. `confidence` is a whole number 0–100, or None.

    `review_first` and `review_desist` are the workspace's `require_approval_for_…`: off, the
    row raises no priority any more. Its "never automatic" stays.
    """

    confidence: int | None = None
    first_message: bool = False
    first_on_channel: bool = False
    ever_desisted: bool = False
    conflict: bool = False
    rewritten: bool = False
    contains_pii: bool = False
    critical_alert: bool = False
    needs_person: bool = False
    off_voice: bool = False
    sent_before: bool = False
    attached: bool = False
    hidden: bool = False
    unread: bool = False
    greets_other: bool = False
    contradicts: bool = False
    review_first: bool = True
    review_desist: bool = True


@dataclass(frozen=True, slots=True)
class Tier:
    """How soon a person should look, whether the rules alone might approve, and why."""

    priority: int
    auto_eligible: bool
    reasons: tuple[str, ...]


def by_confidence(confidence: int | None) -> tuple[int, bool, str]:
    """The row that confidence alone selects."""
    if confidence is None:
        return NORMAL, False, "no confidence given"
    if confidence >= 90:
        return LOW, True, f"confidence {confidence}: 90 or more"
    if confidence >= 80:
        return NORMAL, True, f"confidence {confidence}: 80 to 89"
    if confidence >= 70:
        return NORMAL, False, f"confidence {confidence}: 70 to 79"
    return HIGH, False, f"confidence {confidence}: below 70"


ROWS: tuple[tuple[str, int, str], ...] = (
    ("first_message", NORMAL, "first message to this person"),
    # Nobody has looked yet whether they are at this address; an agent may have added it.
    ("first_on_channel", NORMAL, "first message to this person by this channel"),
    ("conflict", NORMAL, "another message to this person is open"),
    ("contradicts", NORMAL, "says of this person what their record says otherwise by now"),
    ("needs_person", NORMAL, "a rule asks for a person"),
    ("off_voice", NORMAL, "does not sound like the voice profile"),
    ("attached", NORMAL, "a file goes with it, and no rule reads what stands in it"),
    # A person says that they have seen them; nobody says so for a rule.
    ("hidden", NORMAL, "has characters that a reader does not see"),
    ("unread", NORMAL, "in a language that the content rules do not read"),
    # Most often the letter of somebody else; a nickname that nobody wrote down at best.
    ("greets_other", HIGH, "greets somebody else by name"),
    ("rewritten", HIGH, "the rules rewrote the text"),
    ("sent_before", HIGH, SENT_BEFORE),
    ("contains_pii", HIGH, "contains personal data"),
    ("ever_desisted", CRITICAL, "this person once asked us to stop"),
    ("critical_alert", CRITICAL, "a critical alert stands for this person"),
)


# Rows whose priority an admin may switch off, and the switch.
SWITCHED = {
    "first_message": "review_first",
    "first_on_channel": "review_first",
    "ever_desisted": "review_desist",
}


def tier(circumstances: Circumstances) -> Tier:
    """Every row that applies, joined: the highest priority, eligible only if all agree."""
    priority, eligible, reason = by_confidence(circumstances.confidence)
    reasons = [reason]
    for name, row_priority, text in ROWS:
        if not getattr(circumstances, name):
            continue
        eligible = False
        if getattr(circumstances, SWITCHED.get(name, name)):
            priority = max(priority, row_priority)
        reasons.append(text)
    return Tier(priority, eligible, tuple(reasons))
