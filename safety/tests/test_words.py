"""The text's place in the gate: when words are judged again, and what the rules propose instead."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from safety.actions import BY_HAND, OUTBOUND, SAFE, SEND_ACTION, SafetyCheck, is_by_hand, judge
from safety.contract.frequency import Contact
from safety.emergency import (
    INTRUSIVENESS,
    MARK,
    check_override,
    is_marked,
    lift_frequency,
    lift_hours,
    marked,
)
from safety.gate import Moment
from safety.tests.test_gate import GOOD, NOON
from safety.verdict import CoolingOff, Finding, Level, Verdict
from safety.words import check_personal_data, check_words, propose

PUSHY = replace(GOOD, subject="Minutes", text="URGENT: act now! The minutes are attached, Anna.")
CARD = replace(GOOD, text="My card is 4111 1111 1111 1111.")


@pytest.mark.parametrize("check", [check_words, check_personal_data])
def test_words_approved_under_the_rules_in_force_are_not_judged_again(check):
    facts = replace(CARD, text=f"{PUSHY.text} {CARD.text}")
    settled = replace(facts, settled=True)
    for moment in Moment:
        assert check(facts, moment, NOON).codes
        assert bool(check(settled, moment, NOON).codes) is (moment is not Moment.SENDING)
    assert check(settled, Moment.SENDING, NOON) == Verdict()


def test_each_part_of_the_message_is_judged():
    for part in ("subject", "text", "html"):
        facts = replace(GOOD, **{part: "URGENT: act now, last chance!"})
        assert check_words(facts, Moment.EDIT, NOON).codes
    assert not check_words(GOOD, Moment.EDIT, NOON).codes
    for part in ("subject", "text"):
        facts = replace(GOOD, **{part: "Card 4111 1111 1111 1111"})
        assert check_personal_data(facts, Moment.EDIT, NOON).level is Level.BLOCK


def test_only_the_addresses_of_the_two_are_no_one_elses_data():
    other = replace(GOOD, text="Write to carol@example.org about it.")
    assert check_personal_data(other, Moment.EDIT, NOON).level is Level.REVIEW
    known = replace(other, parties=("carol@example.org",))
    assert check_personal_data(known, Moment.EDIT, NOON).level is Level.ALLOW


def test_the_mark_of_a_declared_emergency_is_no_urgent_word():
    plain = replace(GOOD, subject=f"{MARK} Minutes", text=f"{MARK} The minutes are attached.")
    assert check_words(plain, Moment.EDIT, NOON).codes
    declared = replace(plain, override="medical")
    assert not check_words(declared, Moment.EDIT, NOON).codes
    inside = replace(declared, subject="", text=f"{MARK} Anna, URGENT: act now!")
    found = check_words(inside, Moment.EDIT, NOON).findings
    spans = [(f.span, f.text) for f in found if f.span]
    assert spans
    assert all(inside.text[slice(*span)] == text for span, text in spans)


def test_gentler_words_are_proposed_where_something_has_to_go():
    found = propose(PUSHY)
    assert found is not None
    assert "URGENT" not in found.text
    assert propose(GOOD) is None


def test_nothing_is_proposed_for_an_emergency_or_for_what_is_refused():
    assert propose(replace(PUSHY, override="medical")) is None
    assert propose(replace(PUSHY, text="I will find you and hurt you. URGENT: act now!")) is None


def test_a_text_that_answers_them_claims_no_request():
    pushy = replace(GOOD, text="URGENT: act now!", subject="URGENT: act now!")
    assert propose(pushy).caution == "claims a request: check"
    wrote = Contact("email", NOON - timedelta(days=1), "in")
    assert propose(replace(pushy, contacts=(wrote,))).caution == ""
    ours = replace(wrote, direction="out")
    assert propose(replace(pushy, contacts=(ours,))).caution == "claims a request: check"


# --- The allowlist -------------------------------------------------------------------------------


def test_every_known_action_by_its_name():
    safe = (
        "generate_draft", "run_research", "build_shortlist", "create_plan", "prepare_call",
        "import_contacts", "log_activity", "export_data",
    )  # fmt: skip
    assert frozenset(safe) == SAFE
    assert {"send_email", "send_whatsapp", "send_instagram_dm"} == OUTBOUND
    by_hand = {"send_linkedin_message", "connect_request", "send_inmail", "post_comment"}
    assert by_hand == BY_HAND
    assert SEND_ACTION == {
        "email": "send_email",
        "whatsapp": "send_whatsapp",
        "instagram": "send_instagram_dm",
        "linkedin": "send_linkedin_message",
    }


@pytest.mark.parametrize(
    ("action", "dry_run", "expected"),
    [
        ("export_data", "", SafetyCheck(True, "OK")),
        ("export_data", "x", SafetyCheck(True, "OK")),
        ("send_email", "", SafetyCheck(True, "OK")),
        ("send_email", "x", SafetyCheck(False, "DRY_RUN active", "dry_run")),
        ("send_inmail", "", SafetyCheck(
            False, "send_inmail: by hand only. A person does this and marks it as sent.",
            "by_hand")),
        ("send_fax", "x", SafetyCheck(
            False, "'send_fax' is no known action; what is unknown is refused.",
            "unknown_action")),
    ],
)  # fmt: skip
def test_the_allowlist_word_for_word(action, dry_run, expected):
    assert judge(action, dry_run=dry_run) == expected
    assert judge("send_email") == SafetyCheck(True, "OK", "")


@pytest.mark.parametrize(
    ("channel", "by_hand"),
    [("email", False), ("whatsapp", False), ("instagram", False), ("linkedin", True),
     ("phone", True), ("fax", True)],
)  # fmt: skip
def test_what_no_program_may_send_a_person_hands_over(channel, by_hand):
    assert is_by_hand(channel) is by_hand


# --- What a declared emergency lifts, without a database -----------------------------------------

URGENT = replace(GOOD, override="safety_threat", text=f"{MARK} do not come.")
HELD = Finding("TIME_CHECK", "quiet_hours", "warn", "Quiet", rule="time.quiet_hours")
PASSED = Finding("TIME_CHECK", "time", "pass", "Fine")


def test_an_override_is_told_word_for_word():
    words = "Emergency declared (safety threat): quiet hours and contact limits are lifted once"
    assert check_override(URGENT, Moment.EDIT, NOON) == Verdict(
        Level.REVIEW, None, (Finding("OVERRIDE_CHECK", "emergency_declared", "warn", words),)
    )
    assert check_override(GOOD, Moment.EDIT, NOON) == Verdict()
    [sells] = check_override(replace(URGENT, purpose="promotional"), Moment.EDIT, NOON).findings
    assert sells.message == (
        "Emergency declared (safety threat): but these words sell, so nothing is lifted for them"
    )


@pytest.mark.parametrize(
    ("subject", "text", "expected"),
    [
        ("", "EMERGENCY: x", True),
        ("EMERGENCY: s", "EMERGENCY: x", True),
        ("s", "EMERGENCY: x", False),
        ("EMERGENCY: s", "x", False),
        ("", "x EMERGENCY:", False),
        ("s EMERGENCY:", "EMERGENCY: x", False),
    ],
)
def test_the_mark_stands_at_the_beginning(subject, text, expected):
    assert is_marked(subject, text) is expected


def test_words_are_marked_once():
    assert marked("Leave now.") == "EMERGENCY: Leave now."
    assert marked("EMERGENCY: Leave now.") == "EMERGENCY: Leave now."
    assert marked("No EMERGENCY:") == "EMERGENCY: No EMERGENCY:"


def test_time_is_said_and_not_held():
    night = Verdict(Level.ALLOW, NOON + timedelta(hours=8), (HELD, PASSED))
    words = "Quiet (lifted by the declared emergency)"
    lifted = Finding("TIME_CHECK", "quiet_hours", "info", words, rule="time.quiet_hours")
    assert lift_hours(night, URGENT) == Verdict(findings=(lifted, PASSED))
    failed = Verdict(findings=(replace(HELD, status="fail"),))
    assert lift_hours(failed, URGENT) == Verdict(findings=(lifted,))
    assert lift_hours(night, GOOD) is night
    assert lift_hours(night, replace(URGENT, channel="instagram")) is night


def test_limits_are_said_and_only_the_rest_of_the_limit_begins():
    rests = tuple(
        CoolingOff(cause, NOON, NOON + timedelta(hours=1))
        for cause in ("daily_limit", "cross_platform")
    )
    verdict = Verdict(Level.BLOCK, NOON + timedelta(hours=8), (HELD,), rests)
    lifted = lift_frequency(verdict, URGENT, NOON)
    assert (lifted.level, lifted.not_before) == (Level.ALLOW, None)
    assert lifted.cooling_off == rests[:1]
    assert [f.status for f in lifted.findings] == ["info"]
    assert lift_frequency(verdict, GOOD, NOON) is verdict


def test_the_rest_after_a_request_to_stop_is_kept_with_its_reason():
    def rest(cause):
        return Contact(
            "", NOON - timedelta(hours=1), "cooling_off", NOON + timedelta(hours=71), cause
        )

    stopped = replace(URGENT, contacts=(rest("stop_request"), rest("cross_platform")))
    kept = lift_frequency(Verdict(), stopped, NOON)
    assert kept.not_before == NOON + timedelta(hours=71)
    assert [f.rule for f in kept.findings if f.rule] == ["frequency.cooling_off.stop_request"]
    free = lift_frequency(Verdict(), replace(URGENT, contacts=(rest("cross_platform"),)), NOON)
    assert (free.not_before, free.blockers) == (None, ())


def test_the_least_intrusive_way_comes_first():
    assert INTRUSIVENESS == ("email", "linkedin", "instagram", "whatsapp", "phone")
