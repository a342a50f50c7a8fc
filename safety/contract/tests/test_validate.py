"""Decisions as a whole: outcomes, reasons, rewrites, emergencies, platforms, faults."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safety.contract import POLICY_VERSION
from safety.contract.decision import Decision
from safety.contract.log import render, result_words
from safety.contract.payload import PayloadError, parse_instant
from safety.contract.validate import validate_action

NOON = "2024-01-17T12:00:00+00:00"
NIGHT = "2024-01-17T23:30:00+00:00"
TO = {
    "email": "anna@example.org",
    "whatsapp": "+1234567890",
    "instagram": "@anna",
    "linkedin": "anna-b",
}
EMERGENCY = {"category": "medical", "justification": "Recall of a medicine", "declared_by": "Alice"}


def judge(
    content: str, platform: str = "email", *, at: str = NOON, history: Any = (), **more: Any
) -> Decision:
    payload = {"platform": platform, "recipient": TO[platform], "content": content, **more}
    return validate_action(payload, at=at, history=history)


def line(decision: Decision, name: str) -> tuple[str, str]:
    return next((c.status, c.message) for c in decision.checks if c.name == name)


def test_plain_message_is_allowed_without_a_person() -> None:
    decision = judge("The plan is attached.", message_type="work_update")
    assert (decision.outcome, decision.needs_person, decision.rewritten) == ("ALLOW", False, None)
    assert decision.policy_version == POLICY_VERSION


@pytest.mark.parametrize("platform", ["whatsapp", "instagram"])
def test_chat_at_night_is_blocked_and_says_when(platform: str) -> None:
    decision = judge("The plan is ready.", platform, at=NIGHT, message_type="personal")
    assert (decision.outcome, decision.block_reason) == ("BLOCK", "Quiet hours violation")
    assert decision.deliver_not_before == "2024-01-18T07:00:00+00:00"


def test_mail_at_night_goes_in_the_morning_of_the_recipient() -> None:
    decision = judge(
        "The plan is ready.", at=NOON, timezone="Asia/Kathmandu", message_type="personal"
    )
    assert decision.outcome == "ALLOW"
    late = judge(
        "The plan is ready.",
        at="2024-01-17T17:00:00Z",
        timezone="Asia/Kathmandu",
        message_type="personal",
    )
    assert late.deliver_not_before == "2024-01-18T08:00:00+05:45"
    assert late.local_time == "2024-01-17T22:45:00+05:45"


def test_promotion_on_friday_evening_waits_for_monday() -> None:
    decision = judge(
        "Our new catalogue is here.", at="2024-01-19T18:00:00Z", message_type="promotional"
    )
    assert decision.is_delay_only
    assert decision.deliver_not_before == "2024-01-22T09:00:00+00:00"
    assert (
        decision.rewritten
        and decision.rewritten.notes[0] == "Delayed until 9:00 AM on Monday, 22 January 2024"
    )


def test_selling_words_are_promotion_whatever_the_label() -> None:
    decision = judge(
        "Get 20% off all chairs.", at="2024-01-20T12:00:00Z", message_type="work_update"
    )
    assert decision.deliver_not_before == "2024-01-22T09:00:00+00:00"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("I will ruin your career.", "Harassment or threat"),
        ("Please send me your password.", "Request for personal information"),
        ("Send me some nudes", "Age-inappropriate content"),
        ("Are you single?", "Personal boundary violation"),
        ("I want to kiss you", "Inappropriate intimacy"),
        ("If you really loved me you would answer", "Emotional manipulation"),
        (
            "I can't live without you. Send me your password.",
            "Emotional manipulation and request for personal information",
        ),
        (
            "Act now. Don't miss your chance. You won't believe it. I'm disappointed in you.",
            "Multiple safety violations",
        ),
    ],
)
def test_block_says_why(content: str, reason: str) -> None:
    decision = judge(content)
    assert (decision.outcome, decision.block_reason) == ("BLOCK", reason)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            "Hi Anna,\n\nThe plan is attached. Act now!\n\nBest,\nTom",
            "Hi Anna,\n\nThe plan is attached.\n\nBest,\nTom",
        ),
        (
            "Hi Anna,\n\nAct now!\n\nBest,\nTom",
            "Hi Anna,\n\nHere's the information you asked about. Review when convenient."
            "\n\nBest,\nTom",
        ),
        ("I need you to sign page 3.", "Please sign page 3."),
        (
            "Act now, last chance!",
            "Here's the information you asked about. Review when convenient.",
        ),
    ],
)
def test_rewrite_keeps_what_was_fine(content: str, expected: str) -> None:
    decision = judge(content)
    assert decision.outcome == "REWRITE" and decision.needs_person
    assert decision.rewritten and decision.rewritten.payload["content"] == expected


def test_chat_default_asks_for_a_reply_and_the_claim_is_marked() -> None:
    decision = judge("Act now!", "whatsapp")
    assert decision.rewritten and decision.rewritten.payload["content"].endswith(
        "Reply when convenient."
    )
    assert decision.rewritten.caution == "claims a request: check"
    answered = judge(
        "Act now!",
        "whatsapp",
        history=[{"platform": "whatsapp", "at": "2024-01-16T10:00:00Z", "direction": "in"}],
    )
    assert answered.rewritten and answered.rewritten.caution == ""


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("URGENT: minutes of the meeting", "Minutes of the meeting"),
        ("URGENT!", "Information you requested"),
        ("You won't believe this", "Information you requested"),
    ],
)
def test_subject_loses_its_finding(subject: str, expected: str) -> None:
    decision = judge("The plan is attached.", subject=subject)
    assert decision.rewritten and decision.rewritten.payload["subject"] == expected


def test_rewritten_text_is_clean_when_judged_again() -> None:
    first = judge(
        "Hurry! The plan is attached. You must decide today.", subject="LAST CHANCE: plan"
    )
    assert first.rewritten
    assert validate_action(first.rewritten.payload, at=NOON).outcome == "ALLOW"


def test_warning_without_a_rewrite_needs_a_person() -> None:
    decision = judge("What is your date of birth?")
    assert (decision.outcome, decision.needs_person) == ("ALLOW", True)


@pytest.mark.parametrize("content", ["", "Hi there!", "..."])
def test_empty_text_needs_a_person(content: str) -> None:
    assert judge(content).needs_person


def test_emergency_lifts_the_night_and_marks_the_text() -> None:
    decision = judge("Stop taking batch 17.", at=NIGHT, subject="Batch 17", emergency=EMERGENCY)
    assert decision.outcome == "REWRITE" and decision.needs_person
    assert decision.deliver_not_before is None
    assert (
        decision.rewritten
        and decision.rewritten.payload["content"] == "EMERGENCY: Stop taking batch 17."
    )
    assert decision.rewritten.payload["subject"] == "EMERGENCY: Batch 17"
    again = validate_action(decision.rewritten.payload, at=NIGHT)
    assert (again.outcome, again.needs_person) == ("ALLOW", True)


def test_emergency_lifts_frequency_but_never_instagrams_night_nor_content() -> None:
    past = [
        {"platform": "email", "at": f"2024-01-17T0{h}:00:00Z", "direction": "out"}
        for h in (7, 8, 9)
    ]
    assert judge("Stop taking batch 17.", history=past).outcome == "BLOCK"
    assert judge("Stop taking batch 17.", history=past, emergency=EMERGENCY).outcome == "REWRITE"
    assert judge("Stop it.", "instagram", at=NIGHT, emergency=EMERGENCY).outcome == "BLOCK"
    assert judge("I will ruin your career.", emergency=EMERGENCY).outcome == "BLOCK"


@pytest.mark.parametrize(
    ("follows", "wrote", "outcome", "person"),
    [
        (False, False, "BLOCK", False),
        (False, True, "ALLOW", False),
        (True, False, "ALLOW", True),
        (None, False, "ALLOW", False),
    ],
)
def test_instagram_reaches_followers_and_those_who_wrote(
    follows: bool | None, wrote: bool, outcome: str, person: bool
) -> None:
    history = (
        [{"platform": "instagram", "at": "2024-01-17T09:00:00Z", "direction": "in"}]
        if wrote
        else []
    )
    more = {} if follows is None else {"follows_us": follows}
    decision = judge(
        "The plan is ready.", "instagram", history=history, message_type="personal", **more
    )
    assert (decision.outcome, decision.needs_person) == (outcome, person)


@pytest.mark.parametrize("item", ["a.JPG", {"name": "clip.mp4"}, {"type": "image/png"}])
def test_picture_needs_a_person(item: Any) -> None:
    assert judge("The plan is attached.", attachments=[item]).needs_person
    assert not judge(
        "The plan is attached.", attachments=["plan.pdf"], message_type="personal"
    ).needs_person


def test_long_connection_note_needs_a_person() -> None:
    assert judge("The plan is attached. " * 15, "linkedin").needs_person
    assert not judge(
        "The plan is attached. " * 10, "linkedin", message_type="personal"
    ).needs_person


def test_limit_message_goes_and_carries_its_rest() -> None:
    past = [
        {"platform": "email", "at": f"2024-01-17T0{h}:00:00Z", "direction": "out"} for h in (7, 8)
    ]
    decision = judge("The plan is attached.", history=past)
    assert (decision.outcome, decision.cooling_off_until) == ("ALLOW", "2024-01-18T12:00:00+00:00")


def test_frequency_reason_stands_alone_limit_first() -> None:
    past = [
        {"platform": "email", "at": f"2024-01-17T0{h}:00:00Z", "direction": "out"}
        for h in (7, 8, 9)
    ]
    past.append({"platform": "linkedin", "at": "2024-01-17T10:00:00Z", "direction": "out"})
    rest = {
        "direction": "cooling_off",
        "at": "2024-01-17T09:00:00Z",
        "until": "2024-01-18T09:00:00Z",
        "cause": "daily_limit",
    }
    assert (
        judge("I will ruin your career.", history=[*past, rest]).block_reason
        == "Daily contact limit exceeded (4/3 messages)"
    )
    assert judge("Hello again Anna", history=[past[3], rest]).block_reason.startswith(
        "Cooling-off period in force until"
    )
    assert judge("Hello again Anna", history=past[3:]).block_reason == "Cross-platform escalation"
    days = [
        {"platform": "email", "at": f"2024-01-{d}T09:00:00Z", "direction": "out"}
        for d in (10, 11, 12, 15)
    ]
    assert (
        judge("Hello again Anna", history=days).block_reason
        == "Persistent contact after no response"
    )


def test_failed_frequency_ends_the_list_after_its_bracket() -> None:
    past = [
        {"platform": "email", "at": f"2024-01-17T0{h}:00:00Z", "direction": "out"}
        for h in (7, 8, 9)
    ]
    names = [check.name for check in judge("Act now!", history=past).checks]
    assert names == ["TIME_CHECK", "FREQUENCY_CHECK", "ABUSE_PATTERN"]


def test_spacing_delays_without_a_person() -> None:
    past = [{"platform": "whatsapp", "at": "2024-01-17T11:45:00Z", "direction": "out"}]
    decision = judge("The plan is ready.", "whatsapp", history=past, message_type="personal")
    assert decision.is_delay_only and not decision.needs_person
    assert decision.rewritten and decision.rewritten.notes[0] == "Scheduled for 12:15 PM delivery"
    assert result_words(decision) == "Message would be scheduled for 12:15 PM delivery"


FAULTS = [
    ([], "not an object"),
    ({"platform": "email"}, "no recipient"),
    ({"platform": "fax", "recipient": "a@b.c", "content": "x"}, "must be one of"),
    ({"platform": "email", "recipient": "nobody", "content": "x"}, "has not the form"),
    ({"platform": "email", "recipient": "a@b.c, d@e.f", "content": "x"}, "has not the form"),
    ({"platform": "email", "recipient": " ", "content": "x"}, "is empty"),
    ({"platform": "email", "recipient": "a@b.c", "content": 3}, "a number, not a text"),
    ({"platform": "email", "recipient": "a@b.c", "content": "a\0b"}, "NUL"),
    ({"platform": "email", "recipient": "a@b.c", "content": "a\ud800b"}, "surrogate"),
    ({"platform": "email", "recipient": "a@b.c", "content": "x" * 1_000_001}, "longer than"),
    ({"platform": "email", "recipient": "a@b.c", "content": "x", "subject": "a\nb"}, "line break"),
    (
        {"platform": "email", "recipient": "a@b.c", "content": "x", "timezone": "Mars/Base"},
        "unknown time zone",
    ),
    ({"platform": "email", "recipient": "a@b.c", "content": "x", "approved": True}, "unknown key"),
    (
        {"platform": "email", "recipient": "a@b.c", "content": "x", "follows_us": "yes"},
        "not true or false",
    ),
    (
        {"platform": "email", "recipient": "a@b.c", "content": "x", "attachments": "a.pdf"},
        "not a list",
    ),
    (
        {"platform": "email", "recipient": "a@b.c", "content": "x", "emergency": {}},
        "has no category",
    ),
    (
        {
            "platform": "email",
            "recipient": "a@b.c",
            "content": "x",
            "emergency": {**EMERGENCY, "category": "sale"},
        },
        "use medical",
    ),
]


@pytest.mark.parametrize(("payload", "words"), FAULTS)
def test_payload_that_cannot_be_judged_says_why(payload: Any, words: str) -> None:
    with pytest.raises(PayloadError) as error:
        validate_action(payload, at=NOON)
    assert any(words in fault for fault in error.value.faults)


@pytest.mark.parametrize(
    ("history", "words"),
    [
        ({}, "not a list"),
        (["x"], "entry 1 is a text"),
        ([{"platform": "email", "at": "2024-01-01T00:00:00", "direction": "out"}], "has no offset"),
        ([{"platform": "email", "at": "yesterday", "direction": "out"}], "not a time"),
        ([{"platform": "email", "at": NOON, "direction": "up"}], "use out, in"),
        ([{"at": NOON, "direction": "cooling_off"}], "has no until"),
        ([{"at": NOON, "direction": "out"}], "has no platform"),
        ([{"platform": "email", "at": NOON, "direction": "out", "to": "x"}], "unknown key"),
    ],
)
def test_history_that_cannot_be_judged_says_why(history: Any, words: str) -> None:
    with pytest.raises(PayloadError) as error:
        judge("Hello Anna", history=history)
    assert any(words in fault for fault in error.value.faults)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(PayloadError) as error:
        validate_action({"platform": "fax"}, at="soon", history=[{}])
    assert len(error.value.faults) >= 5


def test_instant_must_carry_an_offset() -> None:
    with pytest.raises(PayloadError):
        parse_instant("2024-01-15T14:30:00", "at")
    assert parse_instant("2024-01-15T14:30:00Z", "at").utcoffset() is not None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "platform",
                "recipient",
                "content",
                "subject",
                "emergency",
                "attachments",
                "timezone",
                "x",
            ]
        ),
        json_values,
    ),
    json_values,
)
@settings(max_examples=200, deadline=None)
def test_anything_gives_a_decision_or_faults(payload: dict[str, Any], history: Any) -> None:
    try:
        validate_action(payload, at=NOON, history=history)
    except PayloadError as error:
        assert error.faults and all(fault.endswith(".") for fault in error.faults)


@given(
    st.text(
        alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=200
    ),
    st.sampled_from(list(TO)),
)
@settings(max_examples=150, deadline=None)
def test_decision_is_the_same_every_time_and_prints(content: str, platform: str) -> None:
    first, second = judge(content, platform), judge(content, platform)
    assert first == second
    assert render(first, {"content": content}, parse_instant(NOON, "at"))
    assert first.as_dict()["outcome"] in ("ALLOW", "REWRITE", "BLOCK")


EARLIER = {"platform": "email", "at": "2024-01-16T09:00:00+00:00", "direction": "in"}


@pytest.mark.parametrize(
    ("subject", "history", "found"),
    [
        ("Re: Your roof", [], True),
        ("FW: Your roof", [], True),
        ("  rE[2]: Your roof", [], True),
        ("Ｒｅ： Your roof", [], True),
        ("Re: Your roof", [{**EARLIER, "platform": "whatsapp"}], True),
        ("Re: Your roof", [{**EARLIER, "at": "2024-01-18T09:00:00+00:00"}], True),
        ("Re: Your roof", [EARLIER], False),
        ("Re: Your roof", [{**EARLIER, "direction": "out"}], False),
        ("Re: Your roof", None, False),  # nobody said what passed before
        ("Reply about your roof", [], False),
        ("Roof re: gutter", [], False),
    ],
)
def test_subject_may_claim_a_thread_only_where_there_is_one(
    subject: str, history: Any, found: bool
) -> None:
    decision = judge("The plan is attached.", subject=subject, history=history)
    rules = {row["rule"] for check in decision.checks for row in check.findings}
    assert ("subject.false_thread" in rules, decision.needs_person) == (found, found)


def test_quote_of_the_history_is_left_alone_in_a_rewrite() -> None:
    theirs = "Act now, it is your last chance! The roof leaks."
    text = f"We come at two. Hurry, only 2 left!\n\nOn Mon, Bob wrote:\n> {theirs}"
    decision = judge(text, subject="Your roof", history=[{**EARLIER, "content": theirs}])
    assert decision.outcome == "REWRITE" and decision.rewritten is not None
    assert decision.rewritten.payload["content"] == (
        f"We come at two. \n\nOn Mon, Bob wrote:\n> {theirs}"
    )


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("informational", "informational message"),
        ("promotional", "promotional message"),
        ("personal", "personal message"),
        ("follow_up", "follow-up"),
        ("work_update", "work update"),
        ("transactional", "transactional message"),
        ("", "message"),
    ],
)
def test_delay_alone_says_what_is_not_urgent(kind: str, words: str) -> None:
    raw = {"platform": "email", "recipient": "a@example.org", "content": "The plan is attached."}
    decision = validate_action({**raw, "message_type": kind}, at="2024-01-17T23:00:00+00:00")
    said = [check.message for check in decision.checks if check.name == "URGENCY_ASSESSMENT"]
    assert (decision.outcome, said) == ("REWRITE", [f"Non-urgent {words}"])


@pytest.mark.parametrize(
    ("content", "note"),
    [("The plan.", "Content unchanged (appropriate)"), ("This is bullshit.", "Content unchanged")],
)
def test_only_a_text_without_a_remark_is_called_appropriate(content: str, note: str) -> None:
    rewritten = judge(content, at=NIGHT, message_type="work_update").rewritten
    assert rewritten is not None and note in rewritten.notes
