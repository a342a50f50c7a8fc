"""What of the past a decision looks at, whose clock it goes by, and emergencies."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from safety.contract.decision import Decision
from safety.contract.payload import PayloadError
from safety.contract.validate import validate_action

NOON = "2024-01-17T12:00:00+00:00"
PLAN = "The plan is attached."
MUST = "Please answer, I must know!"
BEG = "I beg you, please answer! I must know!! I am desperate!"
CHAT = {"platform": "whatsapp", "recipient": "+442079460958"}
MAIL = {"platform": "email", "recipient": "anna@example.org"}
DECLARED = {"category": "legal_requirement", "justification": "A recall", "declared_by": "Alice"}


def judge(
    content: str = PLAN,
    *past: dict[str, Any],
    to: dict[str, Any] = MAIL,
    at: str = NOON,
    zone: str = "UTC",
    extra: tuple[str, ...] = (),
    **more: Any,
) -> Decision:
    payload = {**to, "content": content, **more}
    return validate_action(payload, at=at, history=past, default_zone=zone, extra_words=extra)


def entry(at: str, direction: str = "out", content: str = "", to: str = "email") -> dict[str, Any]:
    told = {"content": content} if content else {}
    return {"platform": to, "at": f"2024-01-{at}Z", "direction": direction, **told}


def rules(decision: Decision) -> set[str]:
    return {row["rule"] for check in decision.checks for row in check.findings}


# --- Whose clock ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("to", "more", "zone"),
    [
        ({"platform": "whatsapp", "recipient": "+12125550100"}, {}, "America/New_York"),
        ({"platform": "whatsapp", "recipient": "+1234567890"}, {}, "Asia/Tokyo"),
        ({"platform": "instagram", "recipient": "12125550100"}, {}, "Asia/Tokyo"),
        (MAIL, {}, "Asia/Tokyo"),
        (MAIL, {"timezone": "Europe/Paris"}, "Europe/Paris"),
        ({**CHAT}, {"timezone": "Europe/Paris"}, "Europe/Paris"),
    ],
)
def test_the_clock_is_theirs_then_their_numbers_then_ours(
    to: dict[str, Any], more: dict[str, Any], zone: str
) -> None:
    assert judge(to=to, zone="Asia/Tokyo", **more).local_zone == zone


# --- What they wrote and what we wrote -----------------------------------------------------------


@pytest.mark.parametrize(
    ("past", "claims"),
    [
        ([], True),
        ([entry("16T12:00:00", "in")], False),
        ([entry("17T12:00:00", "in")], False),
        ([entry("17T12:00:01", "in")], True),
        ([entry("16T12:00:00", "out")], True),
    ],
)
def test_a_default_claims_a_request_unless_they_wrote_before(
    past: list[dict[str, Any]], claims: bool
) -> None:
    decision = judge("Act now!", *past)
    assert decision.rewritten is not None
    assert decision.rewritten.caution == ("claims a request: check" if claims else "")


CALM, TENSE = entry("08T09:00:00", content=PLAN), entry("12T09:00:00", content=MUST)


@pytest.mark.parametrize(
    ("past", "rises"),
    [
        ([CALM, TENSE], True),
        ([TENSE, CALM], True),  # by their times, however they are listed
        ([CALM, entry("17T12:00:00", content=MUST)], True),
        ([TENSE, entry("15T09:00:00", content=PLAN)], False),
        ([CALM, TENSE, entry("15T09:00:00", "in", PLAN)], True),
        ([CALM, TENSE, entry("18T09:00:00", content=PLAN)], True),
        ([CALM, TENSE, entry("15T09:00:00")], True),
        ([entry("08T09:00:00", "in", PLAN), TENSE], False),
        ([TENSE], False),
        ([entry("05T09:00:00", content=BEG), CALM, TENSE], True),
    ],
)
def test_feelings_rise_over_the_last_texts_that_we_sent(
    past: list[dict[str, Any]], rises: bool
) -> None:
    assert ("tone.rising" in rules(judge(BEG, *past))) is rises


UNANSWERED = (entry("10T09:00:00"), entry("12T09:00:00"))
CHASING = "Just following up on my last mail."


@pytest.mark.parametrize(
    ("content", "kind", "past", "chases"),
    [
        (PLAN, "follow_up", UNANSWERED, True),
        (PLAN, "personal", UNANSWERED, False),
        (PLAN, "", UNANSWERED, False),
        (CHASING, "personal", UNANSWERED, True),
        (CHASING, "personal", UNANSWERED[1:], False),
        # The same words, quoted from the last mail of theirs, are theirs.
        (
            f"{PLAN}\n> {CHASING}",
            "personal",
            (entry("09T09:00:00", "in", CHASING), *UNANSWERED),
            False,
        ),
    ],
)
def test_a_third_message_that_chases_is_noticed(
    content: str, kind: str, past: tuple[dict[str, Any], ...], chases: bool
) -> None:
    decision = judge(content, *past, message_type=kind)
    assert ("frequency.follow_ups" in rules(decision)) is chases


THEIRS = "Get 20% off all chairs. Act now, it is your last chance!"


@pytest.mark.parametrize(
    ("past", "judged"),
    [
        ([entry("16T09:00:00", "in", THEIRS)], False),
        ([entry("16T09:00:00", "out", THEIRS)], True),
        ([entry("16T09:00:00", "in", "Something else of some length")], True),
        ([entry("16T09:00:00", "in")], True),
        ([], True),
    ],
)
def test_only_what_they_wrote_may_be_quoted_back(past: list[dict[str, Any]], judged: bool) -> None:
    saturday = "2024-01-20T12:00:00Z"
    decision = judge(f"{PLAN}\n> {THEIRS}", *past, at=saturday, message_type="personal")
    assert decision.outcome == ("REWRITE" if judged else "ALLOW")
    assert decision.deliver_not_before == ("2024-01-22T09:00:00+00:00" if judged else None)


def test_what_becomes_a_finding_in_the_rewrite_gives_way_to_a_default() -> None:
    own = ("kumquat", "red plum")
    decision = judge("A red kumquat plum is here.", extra=own)
    assert decision.rewritten is not None
    assert decision.rewritten.payload["content"].startswith("Here's the information")


# --- When it may go ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "note"),
    [
        ("personal", "Scheduled for 6:10 PM delivery"),
        ("promotional", "Delayed until 9:00 AM next day"),
    ],
)
def test_a_rest_that_ends_outside_the_hours_of_its_kind_goes_on(kind: str, note: str) -> None:
    before = entry("17T17:40:00", to="whatsapp")
    decision = judge(PLAN, before, to=CHAT, at="2024-01-17T17:45:00Z", message_type=kind)
    assert decision.rewritten is not None and decision.rewritten.notes[0] == note


def test_a_rest_that_ends_before_the_night_does_not_shorten_it() -> None:
    before = entry("17T21:45:00", to="whatsapp")
    decision = judge(PLAN, before, to=CHAT, at="2024-01-17T21:50:00Z", message_type="personal")
    assert decision.deliver_not_before == "2024-01-18T07:00:00+00:00"


def test_a_rest_that_ends_at_night_is_held_until_the_morning() -> None:
    rest = {
        "direction": "cooling_off",
        "at": "2024-01-17T03:00:00Z",
        "until": "2024-01-17T07:30:00Z",
    }
    decision = judge(PLAN, rest, at="2024-01-17T06:00:00Z", message_type="personal")
    assert (decision.outcome, decision.deliver_not_before) == ("BLOCK", "2024-01-17T08:00:00+00:00")


def test_the_last_message_of_the_day_carries_its_rest() -> None:
    decision = judge(PLAN, entry("17T08:00:00"), entry("17T09:00:00"), message_type="personal")
    (rest,) = decision.cooling_off
    assert (rest.cause, rest.at.isoformat()) == ("daily_limit", NOON)
    assert decision.cooling_off_until == rest.until.isoformat() == "2024-01-18T12:00:00+00:00"


def test_what_is_held_for_the_limit_of_a_day_is_held_on_the_next_morning_too() -> None:
    past = [entry(f"17T{hour}:00:00", to="whatsapp") for hour in range(14, 19)]
    evening, morning, then = (
        judge(PLAN, *past, to=CHAT, at=at, message_type="personal")
        for at in ("2024-01-17T20:00:00Z", "2024-01-18T09:00:00Z", "2024-01-18T18:00:00Z")
    )
    until = "2024-01-18T18:00:00+00:00"
    for held in (evening, morning):
        assert (held.deliver_not_before, held.cooling_off_until) == (until, until)
    assert (morning.outcome, then.outcome) == ("BLOCK", "ALLOW")
    assert morning.block_reason == "Cooling-off period in force until 6:00 PM on 18 January 2024"


def test_a_time_that_is_none_is_named_by_its_argument() -> None:
    with pytest.raises(PayloadError) as told:
        judge(at="soon")
    assert told.value.faults == ("at is 'soon', not a time such as 2024-01-15T14:30:00+00:00.",)


def test_the_longest_rest_of_several_is_told() -> None:
    rests = [
        {"direction": "cooling_off", "at": "2024-01-17T09:00:00Z", "until": until, "cause": "stop"}
        for until in ("2024-01-19T09:00:00Z", "2024-01-18T09:00:00Z")
    ]
    decision = judge(PLAN, *rests)
    assert (decision.outcome, decision.cooling_off_until) == ("BLOCK", "2024-01-19T09:00:00+00:00")
    assert len(decision.cooling_off) == 2


# --- Emergencies and own words -------------------------------------------------------------------


def test_an_emergency_names_who_declared_it_and_why() -> None:
    decision = judge("Stop taking batch 17.", subject="Batch 17", emergency=DECLARED)
    said = [check.message for check in decision.checks if check.name == "URGENCY_ASSESSMENT"]
    assert said == ["Emergency declared by Alice (legal requirement)"]
    assert decision.rewritten is not None
    assert decision.rewritten.notes == ("Marked as emergency communication",)
    assert decision.rewritten.caution == ""
    hurried = judge("Act now! Stop taking batch 17.", emergency=DECLARED)
    assert hurried.rewritten is not None
    assert hurried.rewritten.notes == (
        'Content: "Stop taking batch 17."',
        "Marked as emergency communication",
    )


@pytest.mark.parametrize("mark", ["EMERGENCY: ", "EMERGENCY:"])
def test_the_mark_of_an_emergency_is_no_urgent_word_and_is_set_once(mark: str) -> None:
    marked = judge(f"{mark}Take none of batch 17.", subject=f"{mark}Batch 17", emergency=DECLARED)
    assert (marked.outcome, rules(marked)) == ("ALLOW", set())
    assert rules(judge(PLAN, subject=f"{mark}Batch 17")) == {"urgency.tag"}
    gentler = judge(
        f"{mark}Act now! Take none of batch 17.",
        subject=f"{mark}URGENT: Batch 17 is bad",
        emergency=DECLARED,
    )
    assert gentler.rewritten is not None
    assert gentler.rewritten.payload["content"] == "EMERGENCY: Take none of batch 17."
    assert gentler.rewritten.payload["subject"] == "EMERGENCY: Batch 17 is bad"


def test_the_words_of_a_workspace_go_from_a_rewrite_and_from_its_default() -> None:
    decision = judge("Act now! The kumquat plan is here.", extra=("kumquat",))
    assert decision.rewritten is not None
    assert decision.rewritten.payload["content"] == "The plan is here."
    fallback = judge("Act now!", extra=("information",))
    assert fallback.rewritten is not None and fallback.rewritten.is_new_text


@pytest.mark.parametrize("zone", [UTC, ZoneInfo("Europe/Berlin")], ids=["utc", "zone"])
def test_times_of_one_zone_are_told_apart_in_the_hour_that_comes_twice(zone: tzinfo) -> None:
    first = datetime(2026, 10, 25, 0, 50, tzinfo=UTC).astimezone(zone)  # 02:50 in Berlin
    at = datetime(2026, 10, 25, 1, 10, tzinfo=UTC).astimezone(zone)  # 02:10 there, twenty later
    sent = {"platform": "whatsapp", "at": first, "direction": "out"}
    payload = {
        "platform": "whatsapp",
        "recipient": "+1234567890",
        "content": "Hello! The forecast you asked for: sunny tomorrow.",
        "message_type": "informational",
        "timezone": "America/New_York",
    }
    decision = validate_action(payload, at=at, history=[sent])
    assert decision.deliver_not_before == "2026-10-24T21:20:00-04:00"
