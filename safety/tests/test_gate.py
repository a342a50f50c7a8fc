"""What each rule without text says at each moment, and that a rule that cannot run blocks."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety import gate
from safety.contract import POLICY_VERSION
from safety.contract.frequency import Contact
from safety.contract.localtime import LocalZones
from safety.gate import Facts, Moment
from safety.law.table import TABLE
from safety.verdict import CoolingOff, Finding, Level, Verdict

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
    "unknown status": {"person_status": "DESIST"},
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
    "unknown status": (True, True, True),
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


STOP, FILE = "EMERGENCY_STOP (system)", {"name": "a.pdf", "size": 1, "sha256": "a" * 64}
SAID = [
    # check, what differs from GOOD, moment, level, check's name, code, words
    (gate.check_action, {"action": "send_inmail"}, "sending", Level.BLOCK, "ACTION_CHECK",
     "by_hand", "This channel is used by hand only."),
    (gate.check_action, {"action": "by_hand"}, "sending", Level.BLOCK, "ACTION_CHECK",
     "by_hand", "This channel is used by hand only."),
    (gate.check_action, {"action": "by_hand"}, "edit", Level.ALLOW, "ACTION_CHECK",
     "by_hand", "A person sends this by hand and marks it as sent."),
    (gate.check_action, {"action": "send_fax"}, "edit", Level.BLOCK, "ACTION_CHECK",
     "unknown_action", "'send_fax' is no known action; what is unknown is refused."),
    (gate.check_emergency, {"emergency": STOP}, "sending", Level.BLOCK, "CONTROL_CHECK",
     "emergency_stop", f"Emergency stop: {STOP}"),
    (gate.check_emergency, {"emergency": STOP}, "submission", Level.BLOCK, "CONTROL_CHECK",
     "emergency_stop", f"Emergency stop: {STOP}"),
    (gate.check_emergency, {"emergency": STOP}, "approval", Level.ALLOW, "CONTROL_CHECK",
     "emergency_stop", f"Emergency stop: {STOP}. Nothing will leave until lifted."),
    (gate.check_emergency, {"emergency": STOP, "by_kind": "user"}, "submission", Level.ALLOW,
     "CONTROL_CHECK", "emergency_stop",
     f"Emergency stop: {STOP}. Nothing will leave until lifted."),
    (gate.check_messaging, {"messaging": "off"}, "sending", Level.BLOCK, "CONTROL_CHECK",
     "messaging_stopped", "Messaging is off: off"),
    (gate.check_messaging, {"messaging": "off"}, "submission", Level.ALLOW, "CONTROL_CHECK",
     "messaging_stopped", "Messaging is off: approved messages wait."),
    (gate.check_dry_run, {"dry_run": "x"}, "sending", Level.BLOCK, "DRY_RUN_CHECK",
     "dry_run", "DRY_RUN active"),
    (gate.check_dry_run, {"dry_run": "x"}, "approval", Level.ALLOW, "DRY_RUN_CHECK",
     "dry_run", "DRY_RUN active: the send will be simulated."),
    (gate.check_person, {"person_status": "paused"}, "edit", Level.BLOCK, "PERSON_CHECK",
     "person_status_unknown", "Person status 'paused' is unknown, which counts as stopped"),
    (gate.check_person, {"person_status": "desist"}, "edit", Level.BLOCK, "PERSON_CHECK",
     "person_desist", "They do not want to be written to"),
    (gate.check_person, {"person_status": "desist", "status_reason": "by mail"}, "edit",
     Level.BLOCK, "PERSON_CHECK", "person_desist", "They do not want to be written to: by mail"),
    (gate.check_person, {"person_status": "blocked", "status_reason": "spam"}, "edit",
     Level.BLOCK, "PERSON_CHECK", "person_blocked", "Person is blocked: spam"),
    (gate.check_person, {"automation_enabled": False, "automation_reason": "sick"}, "sending",
     Level.BLOCK, "PERSON_CHECK", "automation_off", "Automation disabled: sick"),
    (gate.check_person,
     {"automation_enabled": False, "automation_reason": "sick", "by_kind": "user"}, "sending",
     Level.BLOCK, "PERSON_CHECK", "automation_off", "Automation disabled: sick"),
    (gate.check_person, {"automation_enabled": False, "automation_reason": "sick"}, "submission",
     Level.BLOCK, "PERSON_CHECK", "automation_off", "Automation disabled: sick"),
    (gate.check_person,
     {"automation_enabled": False, "automation_reason": "sick", "by_kind": "user"}, "submission",
     Level.ALLOW, "PERSON_CHECK", "automation_off",
     "Automation disabled: sick. The message is held until then."),
    (gate.check_address, {"address": ""}, "edit", Level.BLOCK, "ADDRESS_CHECK", "no_address",
     "This person has no email address. Add one, then submit again."),
    (gate.check_address, {"address": "a" * 65 + "@example.com"}, "submission", Level.BLOCK,
     "ADDRESS_CHECK", "address_too_long",
     f"'{'a' * 40}…' has 65 bytes before the @, and mail servers take 64. Correct the address"),
    (gate.check_address, {"anothers": True}, "sending", Level.BLOCK, "ADDRESS_CHECK",
     "address_of_another",
     "Its address belongs to another person by now. Write a new message to this one"),
    (gate.check_hours, {"zone_fault": "Mars/Base"}, "edit", Level.BLOCK, "TIME_CHECK",
     "zone_unknown", "The stored time zone 'Mars/Base' is none that IANA knows. Correct it on the "
     "person or the workspace; until then nobody can tell their hours"),
    (gate.check_suppression, {"suppressed": "Unsubscribed"}, "edit", Level.BLOCK,
     "SUPPRESSION_CHECK", "suppressed", "Unsubscribed. Nothing goes there."),
    (gate.check_files, {"attachments": ({**FILE, "missing": True},)}, "sending", Level.BLOCK,
     "ATTACHMENT_CHECK", "attachment_missing",
     "The bytes of a.pdf are not stored. Attach the file again"),
]  # fmt: skip


@pytest.mark.parametrize(("check", "change", "moment", "level", "name", "code", "words"), SAID)
def test_what_each_check_says_word_for_word(check, change, moment, level, name, code, words):
    verdict = check(replace(GOOD, **change), Moment(moment), NOON)
    status = "fail" if level is Level.BLOCK else "info"
    assert verdict.level is level
    assert verdict.not_before is None
    assert verdict.findings[-1] == Finding(name, code, status, words)


def test_hours_are_told_on_a_clock_of_24_hours():
    found = gate.check_hours(GOOD, Moment.SENDING, NOON.replace(hour=22)).findings
    assert found[0].message == "22:00 - Quiet hours violation"


@pytest.mark.parametrize("check", [c for c in gate.CHECKS if c.__module__ == "safety.gate"])
def test_no_check_holds_what_nothing_speaks_against(check):
    for moment in Moment:
        verdict = check(GOOD, moment, NOON)
        assert (verdict.level, verdict.not_before, verdict.codes) == (Level.ALLOW, None, ())


def test_files_are_judged_at_every_moment():
    facts = replace(GOOD, attachments=(FILE,))
    for moment in Moment:
        found = gate.check_files(facts, moment, NOON)
        assert [f.code for f in found.findings] == ["attachment_unseen"]
    film = {"name": "a.mp4", "size": 9 * 2**20, "sha256": "a" * 64}  # more than Instagram takes
    refused = replace(GOOD, channel="instagram", attachments=(film,))
    assert gate.check_files(refused, Moment.EDIT, NOON).level is Level.BLOCK
    on_mail = gate.check_files(replace(refused, channel="email"), Moment.EDIT, NOON).codes
    too_much = set(gate.check_files(refused, Moment.EDIT, NOON).codes) - set(on_mail)
    assert too_much > {"attachments_not_carried"}


def test_the_words_of_a_follow_up_count_as_one():
    past = tuple(Contact("email", NOON - timedelta(days=n), "out") for n in (2, 4))
    facts = replace(GOOD, touch="initial", contacts=past, text="Just following up on my mail.")
    assert gate.check_frequency(facts, Moment.SENDING, NOON).codes == ("follow_ups",)


def test_a_follow_up_that_is_quoted_back_is_theirs():
    past = tuple(Contact("email", NOON - timedelta(days=n), "out") for n in (2, 4))
    theirs = "Just following up on my last mail."
    facts = replace(GOOD, touch="initial", contacts=past, text=f"Here they are.\n> {theirs}")
    own = replace(facts, received=(theirs,))
    assert gate.check_frequency(facts, Moment.SENDING, NOON).codes == ("follow_ups",)
    assert gate.check_frequency(own, Moment.SENDING, NOON).codes == ()


def test_a_check_that_breaks_is_named_even_when_it_has_no_name():
    class Check:
        def __call__(self, facts, moment, at):
            raise KeyError("x")

    verdict = gate.judge_message(GOOD, Moment.EDIT, NOON, checks=(Check(),))
    assert verdict.findings == (
        Finding("CHECK", "check_failed", "fail",
                "check could not run (KeyError); what cannot be checked is not sent."),
    )  # fmt: skip


def earliest_of(verdicts, monkeypatch):
    """`earliest` over a gate that gives these verdicts, by hours after noon."""

    def judge(facts, moment, at):
        return verdicts[int((at - NOON) / timedelta(hours=1))]

    monkeypatch.setattr(gate, "judge_message", judge)
    return gate.earliest(GOOD, Moment.SENDING, NOON)


def held(hours, level=Level.ALLOW, code="c"):
    finding = Finding("C", code, "warn", "m")
    rest = CoolingOff(code, NOON, NOON)
    return Verdict(level, NOON + timedelta(hours=hours), (finding,), (rest,))


def test_earliest_tells_why_it_waits_and_the_rests_of_now(monkeypatch):
    told, when = earliest_of([held(2, code="now"), None, held(2, code="later")], monkeypatch)
    assert when == told.not_before == NOON + timedelta(hours=2)
    assert told.codes == ("now",)
    assert [rest.cause for rest in told.cooling_off] == ["now"]


def test_earliest_tells_the_stricter_look_with_the_rests_of_now(monkeypatch):
    strict = held(1, Level.BLOCK, "later")
    told, when = earliest_of([held(1, code="now"), strict], monkeypatch)
    assert (told.level, told.codes) == (Level.BLOCK, ("later",))
    assert [rest.cause for rest in told.cooling_off] == ["now"]
    assert when == NOON + timedelta(hours=1)


def test_earliest_looks_at_a_later_time_at_the_same_moment(monkeypatch):
    seen = []

    def judge(facts, moment, at):
        seen.append((moment, at))
        return held(1) if len(seen) == 1 else Verdict()

    monkeypatch.setattr(gate, "judge_message", judge)
    later = NOON + timedelta(hours=1)
    assert gate.earliest(GOOD, Moment.SENDING, NOON)[1] == later
    assert seen == [(Moment.SENDING, NOON), (Moment.SENDING, later)]


def test_a_hold_that_is_over_is_no_hold(monkeypatch):
    told, when = earliest_of([held(0)], monkeypatch)
    assert (told.not_before, when) == (None, NOON)
    told, when = earliest_of([held(-1)], monkeypatch)
    assert (told.not_before, when) == (None, NOON)


def test_without_brakes_only_the_rules_about_the_message_are_left():
    braked = replace(GOOD, dry_run="x", emergency="y", messaging="z", suppressed="s")
    assert gate.without_brakes(braked) == replace(GOOD, suppressed="s")


def test_the_stored_decision_names_the_gate_and_every_finding():
    finding = Finding("C", "c", "warn", "m")
    later = NOON + timedelta(hours=1)
    verdict = Verdict(Level.REVIEW, later, (finding,))
    assert gate.as_decision(verdict, GOOD, at=NOON, leaves_at=later) == {
        "gate": gate.GATE_VERSION,
        "purpose": GOOD.purpose,
        "at": "2026-03-11T12:00:00+00:00",
        "level": "REVIEW",
        "not_before": "2026-03-11T13:00:00+00:00",
        "would_leave_at": "2026-03-11T13:00:00+00:00",
        "findings": [finding.as_dict()],
    }
    open_ = gate.as_decision(Verdict(), GOOD, at=NOON, leaves_at=None)
    assert (open_["not_before"], open_["would_leave_at"]) == (None, None)


def test_the_words_of_a_workspace_are_among_the_rules_a_text_was_judged_by():
    told = hashlib.sha256(b"falcon\nsynergie").hexdigest()[:12]
    words = ("synergie", "falcon")
    assert gate.policy(words) == gate.policy(words[::-1]) == f"{gate.GATE_VERSION}+own-{told}"
    assert gate.policy() == gate.GATE_VERSION
    judged = replace(GOOD, own_words=words)
    stored = gate.as_decision(Verdict(), judged, at=NOON, leaves_at=None)
    assert stored["gate"] == gate.policy(words)


def test_the_version_of_the_gate_names_what_decides():
    named = f"+{POLICY_VERSION}+law-{TABLE.version}"
    assert re.fullmatch(rf"gate-\d+{re.escape(named)}", gate.GATE_VERSION)


@pytest.mark.parametrize(
    ("codes", "named"),
    [
        *(([code], [code]) for code in (
            "quiet_hours", "business_hours", "daily_limit", "cooling_off", "cross_platform",
            "spacing", "law_hours", "law_cap", "complaints_paused",
        )),
        (["follow_ups", "spacing", "law_cap"], ["spacing", "law_cap"]),
        (["follow_ups"], []),
    ],
)  # fmt: skip
def test_what_holds_a_message_is_named_and_nothing_else(codes, named):
    findings = tuple(Finding("C", code, "warn", "m") for code in codes)
    assert gate.holding(Verdict(not_before=NOON, findings=findings)) == named
    assert gate.holding(Verdict(findings=findings)) == []


def test_a_check_that_breaks_is_named():
    def check_moon(facts, moment, at):
        raise KeyError("x")

    (told,) = gate.judge_message(GOOD, Moment.EDIT, NOON, checks=(check_moon,)).findings
    assert (told.check, told.code) == ("CHECK_MOON", "check_failed")
    assert told.message.startswith("check_moon could not run (KeyError)")


def test_files_whose_bytes_are_gone_are_named():
    items = [
        {"name": "a.pdf", "missing": True},
        {"name": "b.pdf"},
        {"name": "c.pdf", "missing": True},
    ]
    (told,) = gate.check_carried(items, "email").findings
    assert told.message == "The bytes of a.pdf, c.pdf are not stored. Attach the file again"
    assert gate.check_carried(items[1:2], "email") == Verdict()


@pytest.mark.parametrize("channel", ["whatsapp", "instagram", "linkedin"])
def test_only_mail_carries_files(channel):
    (told,) = gate.check_carried([{"name": "a.pdf"}], channel).findings
    assert told == Finding(
        "ATTACHMENT_CHECK", "attachments_not_carried", "fail",
        f"By {channel} no files can be sent from here. Send a link, or write an e-mail",
    )  # fmt: skip
    assert gate.check_carried([], channel) == Verdict()
