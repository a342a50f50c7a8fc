"""The tier table of the specification, row by row and joined."""

from __future__ import annotations

import pytest

from approvals import tiers
from approvals.tiers import CRITICAL, HIGH, LOW, NORMAL, Circumstances

CONFIDENCE = [
    (100, LOW, True), (90, LOW, True), (89, NORMAL, True), (80, NORMAL, True),
    (79, NORMAL, False), (70, NORMAL, False), (69, HIGH, False), (0, HIGH, False),
    (None, NORMAL, False),
]  # fmt: skip
ROWS = [
    ("first_message", NORMAL), ("first_on_channel", NORMAL), ("conflict", NORMAL),
    ("needs_person", NORMAL), ("off_voice", NORMAL), ("attached", NORMAL), ("rewritten", HIGH),
    ("sent_before", HIGH), ("contains_pii", HIGH), ("ever_desisted", CRITICAL),
    ("critical_alert", CRITICAL),
]  # fmt: skip


@pytest.mark.parametrize(("confidence", "priority", "eligible"), CONFIDENCE)
def test_confidence_alone(confidence, priority, eligible):
    place = tiers.tier(Circumstances(confidence=confidence))
    assert (place.priority, place.auto_eligible) == (priority, eligible)
    assert len(place.reasons) == 1


@pytest.mark.parametrize(("row", "priority"), ROWS)
@pytest.mark.parametrize(("confidence", "own", "_"), CONFIDENCE)
def test_each_row_joined_with_each_confidence(row, priority, confidence, own, _):
    place = tiers.tier(Circumstances(confidence=confidence, **{row: True}))
    assert place.priority == max(own, priority)
    assert not place.auto_eligible, "one no is enough"
    assert len(place.reasons) == 2


def test_the_table_here_is_the_table_there():
    assert {name: priority for name, priority, _ in tiers.ROWS} == dict(ROWS)


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
