"""The parts of a decision one by one: reach, lines, reasons, log and payload, to the word."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from safety.contract import lines, reach
from safety.contract.content import Hit, find
from safety.contract.decision import Check, Decision, Rewritten
from safety.contract.frequency import Contact
from safety.contract.localtime import LocalZones
from safety.contract.log import render, result_words, validation_log
from safety.contract.payload import (
    MAX_HISTORY,
    MAX_LINE,
    MAX_TEXT,
    Emergency,
    Payload,
    PayloadError,
    parse_history,
    parse_instant,
    parse_payload,
)
from safety.contract.reasons import content_reason, frequency_reason
from safety.verdict import CoolingOff, Finding, Verdict

NOW = datetime(2024, 1, 17, 12, 0, tzinfo=UTC)
UTC_ONLY = LocalZones(("UTC",), "workspace")
MAIL = {"platform": "email", "recipient": "anna@example.org", "content": "Hi"}
TO = {"email": "anna@example.org", "whatsapp": "+442079460958", "instagram": "@a", "linkedin": "a"}
ENTRY = {"platform": "email", "at": "2024-01-16T10:00:00Z", "direction": "out"}


def payload(platform: str = "email", content: str = "Hi", **more: Any) -> Payload:
    return Payload(platform, TO[platform], content, **more)


# --- Reach ---------------------------------------------------------------------------------------


def reached(asked: Payload, *contacts: Contact) -> list[tuple[str, ...]]:
    found = reach.reach_findings(asked, contacts, NOW)
    return [(f.check, f.code, f.status, f.message, f.rule) for f in found]


STRANGER = ("BOUNDARY_CHECK", "non_follower", "fail", "No unsolicited contact to non-followers",
            "instagram.non_follower")  # fmt: skip
FOLLOWER = ("BOUNDARY_CHECK", "hand_off", "warn",
            "Follower has not written: hand over to a person", "instagram.hand_off")  # fmt: skip
PICTURE = ("CONTENT_CHECK", "picture", "warn", "Picture or video attached: a person must look",
           "media.picture")  # fmt: skip
NOTE = ("CONTENT_CHECK", "note", "warn", "Longer than the 300 characters of a connection note",
        "linkedin.note")  # fmt: skip


def test_an_instagram_stranger_is_refused_and_a_follower_handed_over() -> None:
    assert reached(payload("instagram", follows_us=False)) == [STRANGER]
    assert reached(payload("instagram", follows_us=True)) == [FOLLOWER]
    assert reached(payload("instagram")) == []
    assert reached(payload("whatsapp", follows_us=False)) == []


@pytest.mark.parametrize(
    ("contact", "answered"),
    [
        (Contact("instagram", NOW, "in"), True),
        (Contact("instagram", NOW + timedelta(seconds=1), "in"), False),
        (Contact("instagram", NOW, "out"), False),
        (Contact("email", NOW, "in"), False),
    ],
)
def test_only_who_wrote_there_before_is_no_stranger(contact: Contact, answered: bool) -> None:
    assert (reached(payload("instagram", follows_us=False), contact) == []) is answered


def test_a_thread_that_a_told_history_does_not_know_is_named() -> None:
    asked = payload(subject="Re: Your roof")
    words = "Subject claims a thread that history does not know"
    named = Finding("CONTENT_CHECK", "false_thread", "warn", words, family="subject_integrity",
                    rule="subject.false_thread")  # fmt: skip
    rest = Contact("email", NOW, "cooling_off")
    assert reach.reach_findings(asked, [rest], NOW, is_told=True) == (named,)
    assert reach.reach_findings(asked, [Contact("email", NOW, "out")], NOW, is_told=True) == ()
    assert reach.reach_findings(asked, [rest], NOW) == ()


ENDINGS = ("jpg", "jpeg", "png", "gif", "webp", "heic", "bmp", "tif", "tiff", "svg", "avif", "mp4",
           "mov", "avi", "mkv", "webm", "m4v", "3gp", "mpg", "mpeg")  # fmt: skip


@pytest.mark.parametrize(
    "item",
    [
        *(f"a.{ending}" for ending in ENDINGS),
        "A.PNG",
        "https://x.example/a.png?size=1",
        "https://x.example/a.png?next=/b?size=1",
        "who is this?.png",
        {"type": "image/png"},
        {"content_type": "VIDEO/mp4", "name": "a"},
        {"mime": "image/x"},
        {"name": "a.jpg", "type": "text/plain"},
        {"filename": "a.jpg"},
    ],
)
def test_pictures_by_type_or_by_name(item: Any) -> None:
    assert reached(payload(attachments=(item,))) == [PICTURE]


@pytest.mark.parametrize(
    "item", ["a.pdf", "png", "a.png.pdf", "a.pdf?b=png", {"type": "text/image"}, {}, 7]
)
def test_other_files_are_no_pictures(item: Any) -> None:
    assert reached(payload(attachments=(item,))) == []


def test_a_long_note_to_somebody_new_on_linkedin() -> None:
    assert reached(payload("linkedin", "x" * 301)) == [NOTE]
    assert reached(payload("linkedin", "x" * 300)) == []
    assert reached(payload("email", "x" * 301)) == []
    for direction in ("in", "out"):
        assert reached(payload("linkedin", "x" * 301), Contact("linkedin", NOW, direction)) == []
    rest = Contact("linkedin", NOW, "cooling_off")
    assert reached(payload("linkedin", "x" * 301), rest, Contact("email", NOW, "in")) == [NOTE]


# --- Lines ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statuses", "worst"),
    [
        ((), "pass"),
        (("pass", "info"), "info"),
        (("info", "warn", "pass"), "warn"),
        (("fail", "warn"), "fail"),
        (("pass", "warn", "fail"), "fail"),
    ],
)
def test_the_strictest_status_is_shown(statuses: tuple[str, ...], worst: str) -> None:
    assert lines.worst(statuses) == worst


def test_findings_of_one_check_are_one_line() -> None:
    found = [
        Finding("B", "one", "pass", "first", rule="r.1"),
        Finding("A", "two", "warn", "second", family="law", rule="r.2"),
        Finding("B", "three", "fail", "first"),
        Finding("B", "four", "info", "last"),
    ]
    row = {"rule": "r.1", "span": None, "text": "", "field": "", "explanation": "first"}
    other = {**row, "family": "law", "rule": "r.2", "explanation": "second"}
    assert lines.merged(found) == (
        Check("B", "fail", "first; last", ({**row, "family": "one"},)),
        Check("A", "warn", "second", (other,)),
    )


def test_content_lines_name_findings_of_words_and_of_reach() -> None:
    asked = payload("instagram", "Are you single?")
    hits = find(channel="instagram", text=asked.content)
    others = [Finding("BOUNDARY_CHECK", "non_follower", "warn", "A stranger", rule="x")]
    shown = {line.name: line for line in lines.content_lines(asked, hits, others)}
    assert list(shown) == ["EMOTIONAL_CHECK", "CONTENT_CHECK", "BOUNDARY_CHECK"]
    line = shown["BOUNDARY_CHECK"]
    assert line.status == "fail"
    assert line.message.endswith("; A stranger")
    assert [row["rule"] for row in line.findings] == [hits[0].rule.id, "x"]
    assert shown["EMOTIONAL_CHECK"].findings == ()
    quiet = lines.content_lines(payload(), (), ())
    assert [(line.name, line.status) for line in quiet] == [
        ("EMOTIONAL_CHECK", "pass"),
        ("CONTENT_CHECK", "pass"),
    ]
    alone = lines.content_lines(payload(), (), others)
    assert (alone[-1].status, alone[-1].message) == ("warn", "A stranger")
    assert [line.status for line in alone] == ["pass", "pass", "warn"]


def test_a_row_of_content_quotes_its_field() -> None:
    (hit,) = find(channel="email", subject="Act now", text="Minutes of the meeting.")[:1]
    row = lines.row_of(hit)
    assert row == {
        "family": hit.family, "rule": hit.rule.id, "span": [hit.start, hit.end],
        "text": hit.quote, "field": "subject", "explanation": hit.rule.explanation,
    }  # fmt: skip
    (hit,) = find(channel="email", text="Act now")[:1]
    assert lines.row_of(hit)["field"] == "content"


DECLARED = Emergency("medical", "A recall", "Alice")
HELD = Verdict(not_before=NOW, findings=(Finding("TIME_CHECK", "quiet_hours", "warn", "Quiet"),))


def test_time_under_an_emergency_is_said() -> None:
    urgent = payload(emergency=DECLARED)
    lifted = lines.lifted_time(urgent, HELD, UTC_ONLY, NOW)
    words = "12:00 PM - Lifted by a declared emergency (medical)"
    assert lifted == Verdict(findings=(Finding("TIME_CHECK", "emergency", "info", words),))
    assert lines.lifted_time(payload(), HELD, UTC_ONLY, NOW) is HELD
    chat = payload("instagram", emergency=DECLARED)
    assert lines.lifted_time(chat, HELD, UTC_ONLY, NOW) is HELD
    free = Verdict(findings=HELD.findings)
    assert lines.lifted_time(urgent, free, UTC_ONLY, NOW) is free


def test_limits_under_an_emergency_are_counted() -> None:
    count = Finding("FREQUENCY_CHECK", "count", "fail", "Count: 4/3", text="4/3")
    more = Finding("ABUSE_PATTERN", "daily_limit", "fail", "Daily limit exceeded")
    over = Verdict(not_before=NOW, findings=(count, more))
    lifted = lines.lifted_frequency(payload(emergency=DECLARED), over, Verdict())
    words = "Count: 4/3, lifted by a declared emergency"
    told = Finding("FREQUENCY_CHECK", "emergency", "info", words, text="4/3")
    assert lifted == Verdict(findings=(told,))
    assert lines.lifted_frequency(payload(), over, Verdict()) is over
    free = Verdict(findings=(count,))
    assert lines.lifted_frequency(payload(emergency=DECLARED), free, Verdict()) is free


def test_under_an_emergency_only_stops_are_held_and_only_the_limit_begins_a_rest() -> None:
    urgent = payload(emergency=DECLARED)
    count = Finding("FREQUENCY_CHECK", "count", "fail", "Count: 3/3", text="3/3")
    other = Finding("ESCALATION_CHECK", "cross_platform", "fail", "Another platform")
    until = NOW + timedelta(hours=24)
    limit, escalation = (CoolingOff(cause, NOW, until) for cause in ("daily_limit", "escalation"))
    held = Verdict(not_before=NOW, findings=(count, other), cooling_off=(escalation, limit))
    assert lines.lifted_frequency(urgent, held, Verdict()).cooling_off == (limit,)
    asked = Finding("ABUSE_PATTERN", "cooling_off", "fail", "They asked us to stop")
    stops = Verdict(not_before=until, findings=(asked,))
    assert lines.lifted_frequency(urgent, held, stops) == Verdict(
        not_before=until, findings=(count, asked)
    )


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (3, "Scheduled for 3:00 PM delivery"),
        (12, "Delayed until 12:00 AM next day"),
        (35, "Delayed until 11:00 PM next day"),
        (36, "Delayed until 12:00 AM on Friday, 19 January 2024"),
    ],
)
def test_a_delay_is_told_in_words(hours: int, words: str) -> None:
    assert lines.delay_note(NOW, NOW + timedelta(hours=hours)) == words


# --- Reasons -------------------------------------------------------------------------------------


def frequent(*codes: str, until: datetime | None = None) -> Verdict:
    count = Finding("FREQUENCY_CHECK", "count", "fail", "m", text="4/3")
    found = tuple(Finding("C", code, "fail", "m") for code in codes)
    return Verdict(not_before=until, findings=(count, *found))


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [
        (frequent("cooling_off", "daily_limit"), "Daily contact limit exceeded (4/3 messages)"),
        (frequent("cross_platform", "cooling_off"), "Cooling-off period in force"),
        (frequent("cooling_off", until=NOW),
         "Cooling-off period in force until 5:45 PM on 17 January 2024"),
        (frequent("persistent_contact", "cross_platform"), "Cross-platform escalation"),
        (frequent("persistent_contact"), "Persistent contact after no response"),
    ],
)  # fmt: skip
def test_the_first_reason_of_frequency_is_told_alone(verdict: Verdict, reason: str) -> None:
    assert frequency_reason(verdict, "Asia/Kathmandu") == reason


def hits_of(text: str) -> tuple[Hit, ...]:
    return find(channel="email", text=text)


FAIL = Finding("C", "c", "fail", "m")
WARN = Finding("C", "c", "warn", "m")


@pytest.mark.parametrize(
    ("text", "reach_", "time", "reason"),
    [
        ("The plan is attached.", (WARN,), Verdict(findings=(WARN,)), ""),
        ("The plan is attached.", (FAIL,), Verdict(),
         "Unsolicited contact to a non-follower"),
        ("The plan is attached.", (FAIL,), Verdict(findings=(FAIL,)),
         "Unsolicited contact to a non-follower and quiet hours violation"),
        ("I want to kiss you. Are you single?", (), Verdict(),
         "Inappropriate personal boundary violation"),
        ("I want to kiss you.", (), Verdict(), "Inappropriate intimacy"),
        ("Are you single?", (), Verdict(), "Personal boundary violation"),
        ("I will ruin your career. Send me some nudes", (), Verdict(),
         "Harassment or threat and age-inappropriate content"),
    ],
)  # fmt: skip
def test_reasons_are_joined(text: str, reach_: Any, time: Verdict, reason: str) -> None:
    assert content_reason(hits_of(text), reach_, time) == reason


# --- Decision and log ----------------------------------------------------------------------------


def decision(outcome: str = "ALLOW", **more: Any) -> Decision:
    return Decision("c-1", "p-1", outcome, False, (Check("A_CHECK", "pass", "fine"),),
                    "2024-01-17T12:00:00+00:00", "UTC", **more)  # fmt: skip


SAME = Rewritten({"content": "x"}, ("n",), is_new_text=False)
NEW = Rewritten({"content": "x"}, ("n", "m"), is_new_text=True, caution="look")


def test_a_decision_is_stored_with_all_it_rests_on() -> None:
    row = {"rule": "r.1", "span": [1, 2]}
    assert Check("A", "pass", "m", (row,)).as_dict() == {
        "name": "A", "status": "pass", "message": "m", "rule": "r.1", "span": [1, 2],
        "findings": [row],
    }  # fmt: skip
    bare = Check("A_CHECK", "pass", "fine").as_dict()
    assert bare == {
        "name": "A_CHECK", "status": "pass", "message": "fine", "rule": "", "span": None,
        "findings": [],
    }  # fmt: skip
    plain = {
        "contract_version": "c-1", "policy_version": "p-1", "outcome": "ALLOW",
        "needs_person": False, "checks": [bare], "rewritten": None, "deliver_not_before": None,
        "block_reason": None, "cooling_off_until": None,
        "local_time": "2024-01-17T12:00:00+00:00", "local_zone": "UTC",
    }  # fmt: skip
    assert decision().as_dict() == plain
    full = decision("REWRITE", rewritten=NEW, deliver_not_before="t", block_reason="b",
                    cooling_off_until="u")  # fmt: skip
    assert full.as_dict() == {
        **plain, "outcome": "REWRITE", "deliver_not_before": "t", "block_reason": "b",
        "cooling_off_until": "u", "rewritten": {
            "content": "x", "notes": ["n", "m"], "is_new_text": True, "caution": "look",
        },
    }  # fmt: skip
    assert SAME.as_dict()["caution"] == ""
    flags = [d.is_delay_only for d in (decision(), decision(rewritten=SAME), full)]
    assert flags == [False, True, False]


@pytest.mark.parametrize(
    ("of", "planned", "done"),
    [
        (decision(), "Message would be sent", "Message sent successfully"),
        (decision("BLOCK"), "Message would be blocked, user would be notified of policy violation",
         "Message blocked, user notified of policy violation"),
        (decision("BLOCK", cooling_off_until="x"),
         "Message would be blocked, cooling-off period would be initiated",
         "Message blocked, cooling-off period initiated"),
        (decision("REWRITE", rewritten=NEW), "Message would be rewritten", "Message rewritten"),
        (decision("REWRITE", rewritten=SAME, deliver_not_before="2024-01-18T11:59:00+00:00"),
         "Message would be scheduled for morning delivery",
         "Message scheduled for morning delivery"),
        (decision("REWRITE", rewritten=NEW, deliver_not_before="2024-01-18T12:00:00+00:00"),
         "Message would be rewritten and scheduled for 12:00 PM delivery",
         "Message rewritten and scheduled for 12:00 PM delivery"),
    ],
)  # fmt: skip
def test_the_result_in_words(of: Decision, planned: str, done: str) -> None:
    assert result_words(of) == planned
    assert result_words(of, is_done=True) == done


def test_the_whole_log_line_by_line() -> None:
    rests = tuple(CoolingOff(c, NOW, NOW + timedelta(hours=h)) for c, h in (("a", 48), ("b", 24)))
    shown = decision("BLOCK", block_reason="Because", cooling_off_until="x", cooling_off=rests,
                     rewritten=NEW)  # fmt: skip
    at = datetime(2024, 1, 17, 13, 0, 0, 999_000, tzinfo=UTC)
    assert render(shown, {"content": "é"}, at, is_done=True).splitlines() == [
        "TIMESTAMP: 2024-01-17 13:00:00 UTC",
        "ACTION_PAYLOAD: {",
        '  "content": "é"',
        "}",
        "",
        "VALIDATION_LOG:",
        "[13:00:01.000] A_CHECK: fine ✓",
        "[13:00:01.001] DECISION: BLOCK",
        "",
        "REWRITE_APPLIED:",
        "- n",
        "- m",
        "",
        'BLOCK_REASON: "Because"',
        "COOLING_OFF: 48 hours required before next contact",
        "RESULT: Message blocked, cooling-off period initiated",
    ]
    planned = render(decision(), {"at": NOW}, NOW)
    assert planned.endswith("RESULT: Message would be sent")
    assert '"at": "2024-01-17 12:00:00+00:00"' in planned


def test_the_log_is_in_utc_wherever_the_server_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    time.tzset()
    try:
        assert render(decision(), {}, NOW).startswith("TIMESTAMP: 2024-01-17 12:00:00 UTC")
    finally:
        monkeypatch.undo()
        time.tzset()


def test_each_status_has_its_mark() -> None:
    checks = tuple(Check("A", status, "m") for status in ("pass", "warn", "fail", "info"))
    shown = Decision("c", "p", "REWRITE", False, checks, "", "UTC", rewritten=SAME)
    assert [words.partition("] ")[2] for words in validation_log(shown, NOW)[1:]] == [
        "A: m ✓", "A: m ⚠️", "A: m ❌", "A: m", "DECISION: REWRITE (Delay)",
    ]  # fmt: skip


# --- Payload -------------------------------------------------------------------------------------


def faults(raw: Any, read: Any = parse_payload) -> tuple[str, ...]:
    with pytest.raises(PayloadError) as caught:
        read(raw)
    assert str(caught.value) == " ".join(caught.value.faults)
    return caught.value.faults


KNOWN = ("platform, recipient, content, subject, message_type, timezone, attachments, follows_us, "
         "emergency")  # fmt: skip
FAULTS = [
    (None, "The payload is null, not an object."),
    ([], "The payload is a list, not an object."),
    (7, "The payload is a number, not an object."),
    (b"", "The payload is unreadable, not an object."),
    ({**MAIL, "x": 1}, f"The payload has an unknown key 'x'; known are {KNOWN}."),
    ({**MAIL, "content": None}, "The payload has no content."),
    ({**MAIL, "platform": "fax"},
     "platform is 'fax'; it must be one of whatsapp, email, instagram, linkedin."),
    ({**MAIL, "platform": {}},
     "platform is an object; it must be one of whatsapp, email, instagram, linkedin."),
    ({**MAIL, "content": 7}, "content is a number, not a text."),
    ({**MAIL, "content": True}, "content is true or false, not a text."),
    ({**MAIL, "content": "a\0"}, "content contains a NUL character."),
    ({**MAIL, "content": "\ud800"},
     "content contains half a surrogate pair, which is no character."),
    ({**MAIL, "content": "\udfff"},
     "content contains half a surrogate pair, which is no character."),
    ({**MAIL, "content": "x" * (MAX_TEXT + 1)}, "content is longer than 1000000 characters."),
    ({**MAIL, "subject": "a\rb"}, "subject contains a line break."),
    ({**MAIL, "subject": "a\nb"}, "subject contains a line break."),
    ({**MAIL, "subject": "x" * (MAX_LINE + 1)}, "subject is longer than 998 characters."),
    ({**MAIL, "recipient": " "}, "recipient is empty."),
    ({**MAIL, "recipient": "a@b, c@d"},
     "recipient 'a@b, c@d' has not the form of one address such as anna@example.org."),
    ({**MAIL, "platform": "whatsapp", "recipient": "anna"},
     "recipient 'anna' has not the form of a phone number such as +44 20 7946 0958."),
    ({**MAIL, "platform": "instagram", "recipient": "an na"},
     "recipient 'an na' has not the form of a name such as @anna."),
    ({**MAIL, "timezone": 7}, "timezone is a number, not a text."),
    ({**MAIL, "timezone": "Mars"},
     "timezone: unknown time zone 'Mars'; use an IANA name such as Europe/Paris."),
    ({**MAIL, "follows_us": "yes"}, "follows_us is a text, not true or false."),
    ({**MAIL, "message_type": "x" * 999}, "message_type is longer than 998 characters."),
    ({**MAIL, "x" * 58: 1},
     f"The payload has an unknown key '{'x' * 58}'; known are {KNOWN}."),
    ({**MAIL, "x" * 59: 1},
     f"The payload has an unknown key '{'x' * 56}...; known are {KNOWN}."),
    ({**MAIL, "x" * 60: 1},
     f"The payload has an unknown key '{'x' * 56}...; known are {KNOWN}."),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "fault"), FAULTS)
def test_each_fault_of_a_payload_is_one_sentence(raw: Any, fault: str) -> None:
    assert faults(raw) == (fault,)


def test_an_attachment_may_hold_anything_and_is_named_by_its_number() -> None:
    odd = {"a": UTC, ("b", 1): "c"}
    assert parse_payload({**MAIL, "attachments": [odd]}).attachments == (odd,)
    assert faults({**MAIL, "attachments": ["a.pdf", "\ud800"]}) == (
        "attachments: entry 2 contains half a surrogate pair, which is no character.",
    )


def test_a_payload_at_its_limits_is_read_as_it_is() -> None:
    raw = {**MAIL, "recipient": " anna@example.org ", "content": "x" * MAX_TEXT}
    raw["subject"] = "y" * MAX_LINE
    raw["emergency"] = {"category": "medical", "justification": "j", "declared_by": "d"}
    raw.update(message_type="personal", timezone="UTC", follows_us=False, attachments=["a.pdf"])
    assert parse_payload(raw) == Payload(
        "email", "anna@example.org", raw["content"], raw["subject"], "personal", "UTC",
        ("a.pdf",), False, Emergency("medical", "j", "d"), raw,
    )  # fmt: skip
    assert parse_payload(MAIL) == Payload("email", "anna@example.org", "Hi", raw=MAIL)


ENTRY_FAULTS = [
    ([7], "History entry 1 is a number, not an object."),
    ([{**ENTRY, "direction": "up"}],
     "History entry 1: direction is 'up'; use out, in, cooling_off."),
    ([ENTRY, {**ENTRY, "platform": None}], "History entry 2 has no platform."),
    ([{"at": ENTRY["at"], "direction": "cooling_off"}], "History entry 1 has no until."),
    ([{**ENTRY, "x": 1}], "History entry 1 has an unknown key 'x'; known are platform, at, "
     "direction, content, until, cause."),
    ([{"at": ENTRY["at"], "direction": "cooling_off", "until": ENTRY["at"], "x": 1}],
     "History entry 1 has an unknown key 'x'; known are at, direction, until, platform, content, "
     "cause."),
    ([{**ENTRY, "at": "noon"}],
     "History entry 1: at is 'noon', not a time such as 2024-01-15T14:30:00+00:00."),
    ([{**ENTRY, "until": 7}], "History entry 1: until is a number, not a time."),
    ([{**ENTRY, "cause": "a\nb"}], "History entry 1: cause contains a line break."),
    ([{**ENTRY, "content": 7}], "History entry 1: content is a number, not a text."),
    ("x", "The history is a text, not a list."),
    (b"x", "The history is unreadable, not a list."),
    ({}, "The history is an object, not a list."),
    ([ENTRY] * (MAX_HISTORY + 1), "The history has more than 100000 entries."),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "fault"), ENTRY_FAULTS)
def test_each_fault_of_a_history_is_one_sentence(raw: Any, fault: str) -> None:
    assert faults(raw, parse_history) == (fault,)


def test_a_history_may_be_as_long_as_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("safety.contract.payload.MAX_HISTORY", 2)
    assert len(parse_history([ENTRY] * 2)) == 2
    assert faults([ENTRY] * 3, parse_history) == ("The history has more than 2 entries.",)


def test_a_time_that_is_one_is_taken_as_it_is() -> None:
    assert parse_instant(NOW, "at") is NOW


def test_a_history_is_read_entry_by_entry() -> None:
    at = datetime(2024, 1, 16, 10, tzinfo=UTC)
    given = Contact("email", at, "in")
    rest = {"at": ENTRY["at"], "direction": "cooling_off", "until": "2024-01-17T10:00:00Z"}
    full = {**ENTRY, "content": "Hi", "cause": "c"}
    assert parse_history([given, rest, full]) == (
        given,
        Contact("", at, "cooling_off", at + timedelta(days=1)),
        Contact("email", at, "out", None, "c", "Hi"),
    )


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (7, "at is a number, not a time."),
        ("2024-01-15T14:30:00",
         "at '2024-01-15T14:30:00' has no offset; write 2024-01-15T14:30:00+00:00 or Z."),
        (datetime(2024, 1, 15),
         "at '2024-01-15T00:00:00' has no offset; write 2024-01-15T14:30:00+00:00 or Z."),
        ("1970-12-31T23:59:59Z",
         "at '1970-12-31T23:59:59Z' is outside the years 1971 to 9000."),
        ("9001-01-01T00:00:00Z",
         "at '9001-01-01T00:00:00Z' is outside the years 1971 to 9000."),
    ],
)  # fmt: skip
def test_each_fault_of_a_time_is_one_sentence(value: Any, fault: str) -> None:
    assert faults(value, lambda raw: parse_instant(raw, "at")) == (fault,)


@pytest.mark.parametrize("value", ["1971-01-01T00:00:00Z", "9000-12-31T23:59:59Z"])
def test_years_at_their_edges_are_read(value: str) -> None:
    assert parse_instant(value, "at") == datetime.fromisoformat(value)
