"""A declared emergency lifts the same in the gate and in the contract: never a stop, nothing that
sells."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from safety import gate
from safety.contract.frequency import Contact
from safety.contract.localtime import LocalZones
from safety.contract.validate import validate_action
from safety.gate import Moment
from safety.tests.test_gate import GOOD
from safety.verdict import Level

NIGHT = datetime(2024, 1, 17, 23, 30, tzinfo=UTC)
NOON = datetime(2024, 1, 17, 12, tzinfo=UTC)
DECLARED = {"category": "medical", "justification": "Recall of a medicine", "declared_by": "Alice"}
PLAIN = "The laboratory found your results wrong and asks you to come in."
SELLS = "Our new offer: 20 % off all licences. Buy now in our shop."


def rest(cause: str, at: datetime) -> Contact:
    begun = at - timedelta(hours=1)
    return Contact("", begun, "cooling_off", begun + timedelta(hours=72), cause)


def past(at: datetime) -> dict[str, tuple[Contact, ...]]:
    full = tuple(Contact("email", at - timedelta(hours=n), "out") for n in (3, 2, 1))
    other = (Contact("whatsapp", at - timedelta(hours=2), "out"),)
    return {
        "nothing": (), "limit": full, "other channel": other,
        "stop": (rest("stop_request", at),), "limit rest": (rest("daily_limit", at),),
        "stop and limit": (*full, rest("stop_request", at)),
        "stop and other": (*other, rest("cross_platform", at), rest("stop_request", at)),
    }  # fmt: skip


def by_gate(purpose: str, text: str, at: datetime, contacts: tuple[Contact, ...]) -> Any:
    told = replace(
        GOOD, purpose=gate_purpose(purpose, text), subject="EMERGENCY: Results", touch="reply",
        text=f"EMERGENCY: {text}", override="medical", contacts=contacts,
        zones=LocalZones(("UTC",), "recipient"),
    )  # fmt: skip
    checks = (gate.check_hours, gate.check_frequency)
    verdict = gate.judge_message(told, Moment.SUBMISSION, at, checks=checks)
    return verdict.level is not Level.BLOCK and verdict.not_before is None


def gate_purpose(purpose: str, text: str) -> str:
    return "promotional" if text == SELLS else purpose


def by_contract(purpose: str, text: str, at: datetime, contacts: tuple[Contact, ...]) -> Any:
    payload = {
        "platform": "email", "recipient": "a@example.org", "subject": "Results", "content": text,
        "message_type": purpose, "emergency": DECLARED,
    }  # fmt: skip
    decision = validate_action(payload, at=at, history=contacts)
    return decision.outcome != "BLOCK" and decision.deliver_not_before is None


@pytest.mark.parametrize("case", past(NOON))
def test_gate_and_contract_lift_the_same(case: str) -> None:
    for purpose, text, at in product(
        ("informational", "transactional", "promotional"), (PLAIN, SELLS), (NOON, NIGHT)
    ):
        told = (purpose, text, at, past(at)[case])
        lifted = "stop" not in case and purpose != "promotional" and text == PLAIN
        free = lifted or (case == "nothing" and at == NOON)
        assert (by_gate(*told), by_contract(*told)) == (free, free), told


def test_a_word_to_stop_in_the_history_holds_an_emergency() -> None:
    stop = {"platform": "email", "at": "2024-01-17T11:00:00Z", "direction": "in", "content": "STOP"}
    payload = {
        "platform": "email", "recipient": "a@example.org", "subject": "Results", "content": PLAIN,
        "message_type": "informational", "emergency": DECLARED,
    }  # fmt: skip
    held = validate_action(payload, at=NOON, history=[stop])
    assert held.outcome == "BLOCK"
    assert held.deliver_not_before == "2024-01-20T11:00:00+00:00"
    assert held.block_reason == "Cooling-off period in force until 11:00 AM on 20 January 2024"


def test_promotion_is_neither_marked_nor_lifted_as_an_emergency() -> None:
    payload = {
        "platform": "email", "recipient": "a@example.org", "subject": "Results", "content": SELLS,
        "message_type": "informational", "emergency": DECLARED,
    }  # fmt: skip
    told = validate_action(payload, at=NIGHT, history=[])
    said = [check.message for check in told.checks if check.name == "URGENCY_ASSESSMENT"]
    assert said == ["Emergency declared by Alice (medical): these words sell, so nothing is lifted"]
    assert told.needs_person
    assert told.deliver_not_before
    assert told.rewritten
    assert "EMERGENCY" not in told.rewritten.payload["content"]
