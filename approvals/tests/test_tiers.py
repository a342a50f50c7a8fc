"""The tier table of the specification, row by row and joined."""

from __future__ import annotations

import pytest

from approvals import tiers
from approvals.models import Priority
from approvals.tiers import CRITICAL, HIGH, LOW, NORMAL, Circumstances, Tier

CONFIDENCE = [
    (100, LOW, True, "confidence 100: 90 or more"), (90, LOW, True, "confidence 90: 90 or more"),
    (89, NORMAL, True, "confidence 89: 80 to 89"), (80, NORMAL, True, "confidence 80: 80 to 89"),
    (79, NORMAL, False, "confidence 79: 70 to 79"), (70, NORMAL, False, "confidence 70: 70 to 79"),
    (69, HIGH, False, "confidence 69: below 70"), (0, HIGH, False, "confidence 0: below 70"),
    (None, NORMAL, False, "no confidence given"),
]  # fmt: skip
ROWS = [
    ("first_message", NORMAL, "first message to this person"),
    ("first_on_channel", NORMAL, "first message to this person by this channel"),
    ("conflict", NORMAL, "another message to this person is open"),
    ("contradicts", NORMAL, "says of this person what their record says otherwise by now"),
    ("needs_person", NORMAL, "a rule asks for a person"),
    ("off_voice", NORMAL, "does not sound like the voice profile"),
    ("attached", NORMAL, "a file goes with it, and no rule reads what stands in it"),
    ("hidden", NORMAL, "has characters that a reader does not see"),
    ("unread", NORMAL, "in a language that the content rules do not read"),
    ("greets_other", HIGH, "greets somebody else by name"),
    ("rewritten", HIGH, "the rules rewrote the text"),
    ("sent_before", HIGH,
     "Its last outcome was unknown: it may have arrived. Send again only if sure."),
    ("contains_pii", HIGH, "contains personal data"),
    ("ever_desisted", CRITICAL, "this person once asked us to stop"),
    ("critical_alert", CRITICAL, "a critical alert stands for this person"),
]  # fmt: skip


@pytest.mark.parametrize(("confidence", "priority", "eligible", "why"), CONFIDENCE)
def test_confidence_alone(confidence, priority, eligible, why):
    assert tiers.tier(Circumstances(confidence=confidence)) == Tier(priority, eligible, (why,))


@pytest.mark.parametrize(("row", "priority", "why"), ROWS)
@pytest.mark.parametrize(("confidence", "own", "_", "first"), CONFIDENCE)
def test_each_row_joined_with_each_confidence(row, priority, why, confidence, own, _, first):
    place = tiers.tier(Circumstances(confidence=confidence, **{row: True}))
    assert place == Tier(max(own, priority), False, (first, why)), "one no is enough"


def test_the_table_here_is_the_table_there_and_ranks_as_what_is_stored():
    assert list(tiers.ROWS) == ROWS
    assert Priority.values == [LOW, NORMAL, HIGH, CRITICAL]


def test_the_highest_priority_wins_and_every_reason_is_told():
    place = tiers.tier(Circumstances(95, first_message=True, rewritten=True, ever_desisted=True))
    assert place.priority == CRITICAL
    assert len(place.reasons) == 4


@pytest.mark.parametrize(
    ("row", "switch"),
    [
        ("first_message", "review_first"),
        ("first_on_channel", "review_first"),
        ("ever_desisted", "review_desist"),
    ],
)
def test_a_requirement_switched_off_lowers_the_priority_and_nothing_else(row, switch):
    place = tiers.tier(Circumstances(confidence=95, **{row: True, switch: False}))
    assert place.priority == LOW
    assert not place.auto_eligible
    assert len(place.reasons) == 2, "the reviewer still reads it"
