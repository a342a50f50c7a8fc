"""The seed's five test logs are acceptance tests: reproduced to the character."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from safety.contract.log import render
from safety.contract.tests.seed_logs import LOGS, SeedLog
from safety.contract.validate import validate_action

by_name = pytest.mark.parametrize("seed", LOGS, ids=lambda seed: seed.name)


def head(seed: SeedLog) -> str:
    at = datetime.fromisoformat(seed.at)
    shown = json.dumps(seed.payload, ensure_ascii=False, indent=2)
    return f"TIMESTAMP: {at:%Y-%m-%d %H:%M:%S} UTC\nACTION_PAYLOAD: {shown}\n\n"


@by_name
def test_log_is_the_seeds_when_carried_out(seed: SeedLog) -> None:
    decision = validate_action(seed.payload, at=seed.at, history=seed.history)
    shown = render(decision, seed.payload, datetime.fromisoformat(seed.at), is_done=True)
    assert shown == head(seed) + seed.log + seed.done


@by_name
def test_log_says_would_be_when_nothing_was_done(seed: SeedLog) -> None:
    decision = validate_action(seed.payload, at=seed.at, history=seed.history)
    shown = render(decision, seed.payload, datetime.fromisoformat(seed.at))
    assert shown == head(seed) + seed.log + seed.would


def test_rewrite_of_log_two_is_in_the_payload() -> None:
    seed = LOGS[1]
    decision = validate_action(seed.payload, at=seed.at, history=seed.history)
    assert decision.rewritten is not None
    assert decision.rewritten.payload["subject"] == "Information you requested"
    assert decision.rewritten.payload["content"] == (
        "Here's the information you asked about. Review when convenient."
    )
    assert decision.deliver_not_before == "2024-01-16T08:00:00+00:00"
    assert decision.needs_person


def test_time_only_rewrite_of_log_five_leaves_the_payload_alone() -> None:
    seed = LOGS[4]
    decision = validate_action(seed.payload, at=seed.at, history=seed.history)
    assert decision.rewritten is not None
    assert dict(decision.rewritten.payload) == seed.payload
    assert not decision.rewritten.is_new_text
    assert not decision.needs_person
    assert decision.deliver_not_before == "2024-01-15T08:00:00+00:00"


def test_cooling_off_of_log_four_runs_from_the_message_that_reached_the_limit() -> None:
    seed = LOGS[3]
    decision = validate_action(seed.payload, at=seed.at, history=seed.history)
    assert decision.cooling_off_until == "2024-01-16T16:00:00+00:00"
    assert decision.deliver_not_before == "2024-01-16T16:00:00+00:00"
