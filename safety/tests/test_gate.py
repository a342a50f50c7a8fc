"""What each rule without text says at each moment, and that a rule that cannot run blocks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety import gate
from safety.contract.frequency import Contact
from safety.contract.localtime import LocalZones
from safety.gate import Facts, Moment
from safety.verdict import Level, Verdict

NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)  # a Wednesday
GOOD = Facts(
    channel="email",
    purpose="informational",
    touch="follow_up",
    action="send_email",
    address="a@example.com",
    subject="Minutes",
    text="Here are the minutes.",
    html="",
    by_kind="agent",
    person_status="active",
    status_reason="",
    automation_enabled=True,
    automation_reason="",
    zones=LocalZones(("UTC",), "workspace"),
)
STOPPED = {
    "emergency": {"emergency": "EMERGENCY_STOP (system)"},
    "messaging": {"messaging": "MESSAGING_ENABLED (system)"},
    "dry_run": {"dry_run": "DRY_RUN by the environment"},
    "desist": {"person_status": "desist"},
    "blocked": {"person_status": "blocked"},
    "automation": {"automation_enabled": False, "automation_reason": "sensitive"},
    "address": {"address": ""},
    "zone": {"zone_fault": "Mars/Base"},
    "linkedin": {"channel": "linkedin", "action": "send_linkedin_message"},
    "unknown": {"action": "send_fax"},
}
# what is blocked for an agent at submission, at approval, at sending
BLOCKS = {
    "emergency": (True, False, True),
    "messaging": (False, False, True),
    "dry_run": (False, False, True),
    "desist": (True, True, True),
    "blocked": (True, True, True),
    "automation": (True, False, True),
    "address": (True, True, True),
    "zone": (True, True, True),
    "linkedin": (False, False, True),
    "unknown": (True, True, True),
}


def blocked(facts, moment):
    return gate.judge_message(facts, moment, NOON).level is Level.BLOCK


def test_a_message_nothing_speaks_against_may_leave():
    for moment in Moment:
        assert gate.judge_message(GOOD, moment, NOON).may_leave(NOON)


@pytest.mark.parametrize("name", STOPPED)
def test_each_stop_at_each_moment(name):
    facts = replace(GOOD, **STOPPED[name])
    found = tuple(
        blocked(facts, moment) for moment in (Moment.SUBMISSION, Moment.APPROVAL, Moment.SENDING)
    )
    assert found == BLOCKS[name]


def test_a_person_may_submit_in_an_emergency_and_is_told_that_nothing_leaves():
    facts = replace(GOOD, by_kind="user", emergency="EMERGENCY_STOP (system): fire")
    verdict = gate.judge_message(facts, Moment.SUBMISSION, NOON)
    assert verdict.level is Level.ALLOW
    assert any("Nothing will leave" in finding.message for finding in verdict.findings)


@given(st.sets(st.sampled_from(sorted(STOPPED))), st.sampled_from(sorted(STOPPED)))
def test_one_more_stop_never_loosens(names, more):
    some, all_ = GOOD, replace(GOOD, **STOPPED[more])
    for name in sorted(names - {more}):
        if set(STOPPED[name]) & set(STOPPED[more]):
            continue
        some, all_ = replace(some, **STOPPED[name]), replace(all_, **STOPPED[name])
    for moment in Moment:
        before = gate.judge_message(some, moment, NOON)
        after = gate.judge_message(all_, moment, NOON)
        assert after.level >= before.level


@given(st.permutations(gate.CHECKS))
def test_the_order_of_checks_does_not_matter(checks):
    night = NOON.replace(hour=2)
    facts = replace(GOOD, person_status="blocked", dry_run="x")
    one = gate.judge_message(facts, Moment.SENDING, night)
    other = gate.judge_message(facts, Moment.SENDING, night, checks=tuple(checks))
    assert (one.level, one.not_before) == (other.level, other.not_before)


@pytest.mark.parametrize("position", range(len(gate.CHECKS)))
def test_a_check_that_raises_blocks_and_says_so(position):
    def check_that_breaks(facts, moment, at):
        raise ZeroDivisionError

    checks = [*gate.CHECKS]
    checks[position] = check_that_breaks
    verdict = gate.judge_message(GOOD, Moment.SENDING, NOON, checks=tuple(checks))
    assert verdict.level is Level.BLOCK
    assert "could not run (ZeroDivisionError)" in verdict.blockers[-1].message


def test_quiet_hours_hold_and_say_until_when():
    night = NOON.replace(hour=23, minute=45)
    verdict, leaves_at = gate.earliest(GOOD, Moment.APPROVAL, night)
    assert leaves_at == datetime(2026, 3, 12, 8, tzinfo=UTC)
    assert verdict.not_before == leaves_at
    assert any(finding.code == "quiet_hours" for finding in verdict.findings)


def test_promotional_at_night_waits_for_business_hours():
    facts = replace(GOOD, purpose="promotional")
    friday_night = datetime(2026, 3, 13, 23, 45, tzinfo=UTC)
    _, leaves_at = gate.earliest(facts, Moment.APPROVAL, friday_night)
    assert leaves_at == datetime(2026, 3, 16, 9, tzinfo=UTC)


def test_the_daily_limit_holds_and_the_last_one_begins_a_rest():
    def past(count):
        return tuple(
            Contact(platform="email", at=NOON - timedelta(hours=1, minutes=n), direction="out")
            for n in range(count)
        )

    third = gate.judge_message(replace(GOOD, contacts=past(2)), Moment.SENDING, NOON)
    fourth = gate.judge_message(replace(GOOD, contacts=past(3)), Moment.SENDING, NOON)
    assert third.may_leave(NOON)
    assert [rest.cause for rest in third.cooling_off] == ["daily_limit"]
    assert not fourth.may_leave(NOON)
    assert fourth.not_before is not None


def test_a_rest_holds_on_every_channel():
    rest = Contact(
        platform="", at=NOON, direction="cooling_off", until=NOON + timedelta(hours=72),
        cause="stop_request",
    )  # fmt: skip
    facts = replace(GOOD, channel="instagram", action="send_instagram_dm", contacts=(rest,))
    verdict = gate.judge_message(facts, Moment.SENDING, NOON)
    assert verdict.not_before == NOON + timedelta(hours=72)


def test_earliest_gives_up_after_a_bounded_number_of_steps():
    def check_that_always_holds(facts, moment, at):
        return Verdict(not_before=at + timedelta(days=1))

    calls = gate.CHECKS
    try:
        gate.judge_message.__kwdefaults__["checks"] = (check_that_always_holds,)
        verdict, leaves_at = gate.earliest(GOOD, Moment.SENDING, NOON)
    finally:
        gate.judge_message.__kwdefaults__["checks"] = calls
    assert leaves_at == NOON + timedelta(days=20)
    assert not verdict.may_leave(NOON)
