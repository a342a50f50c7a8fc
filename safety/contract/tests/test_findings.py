"""What a finding says and where: stretches, words, order, merging, the verdict made of them."""

from __future__ import annotations

import pytest

from safety.contract.content import (
    Hit,
    as_finding,
    check_content,
    check_line,
    find,
    is_follow_up,
    is_promotional_text,
    is_too_much,
)
from safety.contract.rulebook import CHECK_OF, Rule
from safety.verdict import Finding, Level

LONG = "The minutes of the meeting are attached. " * 600
WORDS = {
    "urgency_inflation": "Urgency inflation detected",
    "guilt_induction": "Guilt induction detected",
    "dependency_creation": "Dependency creation detected",
    "emotional_manipulation": "Emotional manipulation detected",
    "rising_intensity": "Rising emotional intensity detected",
    "pressure_tactics": "Pressure tactics detected",
    "clickbait": "Clickbait detected",
    "inappropriate_intimacy": "Inappropriate intimacy detected",
    "tone": "Inappropriate tone detected",
    "empty_text": "Empty or purposeless text detected",
    "harassment_or_threat": "Harassment or threat detected",
    "personal_information_request": "Request for personal information detected",
    "age_inappropriate": "Age-inappropriate content detected",
    "boundary_violation": "Personal relationship violation",
}


def hit(family: str, status: str = "warn", field: str = "text") -> Hit:
    rule = Rule("x.rule", family, status, "It says something.", "a test", ("words",))
    return Hit(rule, field, 3, 9, "quoted", status)


def spans(text: str, **more: object) -> list[tuple[str, int, int, str]]:
    found = find(channel="email", text=text, extra=("kumquat",), **more)
    return [(h.field, h.start, h.end, h.quote) for h in found if h.rule.id == "workspace.kumquat"]


# --- Where ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "start", "quote"),
    [
        ("A word kumquat again", 7, "kumquat"),
        ("kumquat again and again", 0, "kumquat"),
        ("We talk of (kumquat; nothing else)", 12, "kumquat"),
        ("A list\nkumquat\nand no more of it", 7, "kumquat"),
        ("Tell me:kumquat, tomorrow", 8, "kumquat"),
        ("This and/kumquat/that one", 9, "kumquat"),
        ("We know of the Kumquat", 15, "Kumquat"),
    ],
)
def test_a_finding_is_quoted_without_blanks_and_marks(text: str, start: int, quote: str) -> None:
    assert spans(text) == [("text", start, start + len(quote), quote)]


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("Hurry, 2 left!", "Hurry"),
        ("You need to act now and then", "act now"),
        ("Please send us your bank details, thank you", "send us your bank details"),
        ("You'll pay for this, my friend", "You'll pay for this"),
    ],
)
def test_a_finding_of_ours_ends_with_its_last_letter(text: str, quote: str) -> None:
    assert quote in {hit.quote for hit in find(channel="instagram", text=text)}


def test_what_is_told_of_a_mail_only_is_not_told_of_a_chat() -> None:
    text = "omg idk what u mean, gonna ask ur team"
    assert "tone.chat_speak" in {hit.rule.id for hit in find(channel="email", text=text)}
    assert "tone.chat_speak" not in {hit.rule.id for hit in find(channel="whatsapp", text=text)}


def test_a_message_without_a_text_is_empty() -> None:
    assert [hit.family for hit in find(channel="email", subject="The plan")] == ["empty_text"]


def test_a_rule_is_told_five_times_at_most_and_once_in_a_long_text() -> None:
    assert len(spans("A kumquat today. " * 5)) == 5
    assert len(spans("A kumquat today. " * 7)) == 5
    long = "A kumquat today. " * 7
    assert len(spans(long + LONG[: 20_000 - len(long)])) == 5
    assert len(spans(long + LONG[: 20_001 - len(long)])) == 1


def test_a_detector_too_is_told_so_often_at_most() -> None:
    loud = "WE WANT YOU HERE NOW!!! We said so. " * 7
    found = [h for h in find(channel="email", text=loud) if h.rule.id == "urgency.shouting"]
    assert len(found) == 5


def test_the_same_words_in_subject_and_text_are_told_twice_and_in_the_mark_up_once() -> None:
    assert spans("A kumquat today", subject="My kumquat", html="<p>A kumquat today</p>") == [
        ("subject", 3, 10, "kumquat"),
        ("text", 2, 9, "kumquat"),
    ]
    assert spans("A kumquat today", subject="My KUMQUAT") == [
        ("subject", 3, 10, "KUMQUAT"),
        ("text", 2, 9, "kumquat"),
    ]
    assert len(spans("A <b>kumquat</b> and a kumquat.")) == 2


def test_findings_stand_in_the_order_of_families_fields_and_places() -> None:
    later, sooner = "We have here a kumquat", "A KUMQUAT we have"
    assert spans(sooner, subject=later)[0][0] == "subject"
    assert [f[0] for f in spans(later, html=sooner)] == ["text", "html"]
    text = "Some kumquat. You need to act now. Act now."
    found = find(channel="email", text=text, extra=("kumquat",))
    ranks = [list(CHECK_OF).index(h.family) for h in found]
    assert ranks == sorted(ranks)
    assert len(set(ranks)) > 1


def test_a_stretch_inside_another_of_the_same_rule_is_no_second_finding() -> None:
    found = find(channel="email", text="You're hurting me by not answering")
    assert [(h.rule.id, h.start, h.end) for h in found].count(("manipulation.hurting", 0, 20)) == 1
    assert len([h for h in found if h.rule.id == "manipulation.hurting"]) == 1


@pytest.mark.parametrize("channel", ["email", "whatsapp"])
def test_what_only_looks_quoted_is_judged_in_text_and_mark_up(channel: str) -> None:
    assert find(channel=channel, text="<b>Fine, thank you.</b>\n> Act now, last chance!")
    shown = "<p>Fine, thank you.</p><p>&gt; Act now, last chance!</p>"
    assert find(channel=channel, text="Fine, thank you.", html=shown)


# --- Weight --------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", ["whatsapp", "sms"])
def test_in_a_chat_one_warm_sentence_beside_something_else_is_tolerated(channel: str) -> None:
    found = find(channel=channel, text="I dream of you. Act now.")
    assert {h.family for h in found} == {"urgency_inflation"}


def test_pressure_fails_beside_a_failure_in_the_same_words_and_place() -> None:
    alone = "You'd be crazy not to join."
    (mild,) = find(channel="email", text=alone)
    grave, threat = find(channel="email", text=f"{alone} I will ruin your career.")
    assert (mild.status, grave.status, threat.status) == ("warn", "fail", "fail")
    assert (grave.rule, grave.field, grave.start, grave.end, grave.quote) == (
        mild.rule, "text", mild.start, mild.end, mild.quote,
    )  # fmt: skip
    both = find(channel="email", text=f"{alone} Act now.")
    assert {h.status for h in both} == {"warn"}


def test_a_rise_of_feelings_is_a_warning_about_the_whole_text() -> None:
    past = ["The plan is attached.", "Please answer, I must know!"]
    text = "I beg you, please answer! I must know!! I am desperate!"
    told = [h for h in find(channel="email", text=text, previous=past) if not h.quote]
    assert [(h.field, h.start, h.end, h.status, h.check) for h in told] == [
        ("text", 0, 0, "warn", "EMOTIONAL_CHECK")
    ]
    assert told[0].rule == Rule(
        id="tone.rising",
        family="rising_intensity",
        severity="warn",
        explanation="Each of the last three messages was worded more strongly than the one before.",
        source="Seed contract: increasing emotional intensity in messages",
        remedy="none",
    )
    verdict = check_content(channel="email", purpose="", subject="", text=text, previous=past)
    assert "rising_intensity" in {f.family for f in verdict.findings}


def test_warnings_of_more_than_three_families_are_too_much() -> None:
    hits = [hit(family) for family in list(CHECK_OF)[:4]]
    assert is_too_much(hits)
    assert not is_too_much(hits[:3])
    assert not is_too_much([*hits[:3], hit("tone", "fail")])


# --- The verdict ---------------------------------------------------------------------------------


def test_a_finding_of_the_gate_names_everything_and_the_field() -> None:
    assert as_finding(hit("tone", "warn", "subject")) == Finding(
        "CONTENT_CHECK", "tone", "warn", "It says something. (in the subject)",
        family="tone", rule="x.rule", span=(3, 9), text="quoted",
    )  # fmt: skip
    assert as_finding(hit("tone")).message == "It says something."


def test_one_failure_blocks_whatever_warns_beside_it() -> None:
    text = "Act now. I will ruin your career."
    verdict = check_content(channel="email", purpose="", subject="", text=text)
    assert (verdict.level, verdict.not_before) == (Level.BLOCK, None)
    assert {f.status for f in verdict.findings} == {"warn", "fail"}


@pytest.mark.parametrize("field", ["subject", "text", "html"])
def test_the_verdict_names_findings_of_every_field(field: str) -> None:
    parts = {"subject": "The plan", "text": "The plan is here.", field: "You need to act now."}
    verdict = check_content(channel="email", purpose="", **parts)
    assert verdict.level is Level.REVIEW
    (told,) = [f.message for f in verdict.findings if f.rule == "urgency.act_now"]
    assert told.partition(" (in the ")[2] == ("" if field == "text" else f"{field})")


def test_too_many_kinds_of_warnings_are_a_failure_of_their_own() -> None:
    many = "Act now. Don't miss your chance. You won't believe it. I'm disappointed in you. WTF."
    verdict = check_content(channel="email", purpose="", subject="", text=many)
    kinds = "clickbait, guilt induction, pressure tactics, tone, urgency inflation"
    message = f"Multiple safety violations: {kinds}"
    assert Finding("CONTENT_CHECK", "multiple_violations", "fail", message) in verdict.findings
    assert {f.status for f in verdict.findings} == {"warn", "fail"}


def test_a_workspaces_own_words_reach_the_verdict() -> None:
    verdict = check_content(
        channel="email", purpose="", subject="", text="One kumquat a day.", extra=("kumquat",)
    )
    assert [f.rule for f in verdict.findings if f.status == "warn"] == ["workspace.kumquat"]


@pytest.mark.parametrize(
    ("channel", "purpose", "words"),
    [
        ("email", "work_update", "Professional, appropriate content"),
        ("linkedin", "", "Professional, appropriate content"),
        ("whatsapp", "work_update", "Work update, respectful tone"),
        ("instagram", "", "Message, respectful tone"),
    ],
)
def test_what_found_nothing_says_so(channel: str, purpose: str, words: str) -> None:
    calm = "No manipulation patterns detected"
    text = "The plan is attached."
    verdict = check_content(channel=channel, purpose=purpose, subject="", text=text)
    assert verdict.findings == (
        Finding("EMOTIONAL_CHECK", "pass", "pass", calm),
        Finding("CONTENT_CHECK", "pass", "pass", words),
    )
    for check, told in (("EMOTIONAL_CHECK", calm), ("CONTENT_CHECK", words)):
        assert check_line(check, [], channel=channel, purpose=purpose) == ("pass", told)


@pytest.mark.parametrize("family", CHECK_OF)
def test_every_family_has_its_words(family: str) -> None:
    line = check_line(CHECK_OF[family], [hit(family)], channel="email", purpose="")
    assert line == ("warn", WORDS[family])


def test_the_worst_family_is_named() -> None:
    hits = [hit("clickbait"), hit("harassment_or_threat", "fail"), hit("tone", "fail")]
    line = check_line("CONTENT_CHECK", hits, channel="email", purpose="")
    assert line == ("fail", "Inappropriate tone detected")


def test_a_check_names_only_what_it_found_itself() -> None:
    hits = [hit("boundary_violation", "fail"), hit("guilt_induction")]
    assert check_line("EMOTIONAL_CHECK", hits, channel="email", purpose="") == (
        "warn", WORDS["guilt_induction"]
    )  # fmt: skip


# --- What a text is for --------------------------------------------------------------------------


def test_the_subject_too_says_what_a_text_is_for() -> None:
    assert is_promotional_text(subject="Get 20% off today", text="See inside.")
    assert is_follow_up("See below.", subject="Just following up on my last mail")
    assert not is_promotional_text(subject="", text="")
    assert not is_follow_up("")


def test_a_long_text_and_one_that_only_looks_quoted_are_asked_as_well() -> None:
    assert is_follow_up(LONG + "I am just following up on my last mail.")
    assert is_follow_up("Thank you.\n\n> Just following up on my last mail")
