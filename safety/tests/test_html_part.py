"""The HTML part is read by most people, so every rule that judges words judges its words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from outreach import testing
from outreach.testing import WORKDAY
from safety import facts, gate, override
from safety.contract.content import effective_purpose, find
from safety.contract.frequency import Contact
from safety.gate import Moment, judge_message
from safety.tests.test_gate import GOOD, NOON
from safety.verdict import Level
from safety.words import check_parts, check_personal_data, check_words

CARD = "The card: 4111 1111 1111 1111, password: Winter2024!"
SELLS = "Our new offer: 20 % off all licences. Buy now in our shop."
THEIRS = "Act now, it is your last chance! Buy now with 50 % off."


def test_a_card_and_a_password_in_the_html_alone_are_refused():
    verdict = check_personal_data(replace(GOOD, html=f"<p>{CARD}</p>"), Moment.EDIT, NOON)
    assert verdict.level is Level.BLOCK
    assert {"pii_card", "pii_secret"} <= set(verdict.codes)
    assert all(finding.message.endswith("(in the HTML part).") for finding in verdict.findings)


@pytest.mark.parametrize("text", [CARD, "Write to carol@example.org about it.", GOOD.text])
def test_what_text_and_html_both_say_is_told_once(text):
    plain = check_personal_data(replace(GOOD, text=text), Moment.EDIT, NOON)
    for html in (f"<p>{text}</p>", f"<h1>Hello</h1><p><b>{text}</b></p>"):
        both = check_personal_data(replace(GOOD, text=text, html=html), Moment.EDIT, NOON)
        assert both == plain


def test_a_number_that_is_a_signature_in_the_text_is_no_leak_in_the_html():
    text = "The minutes are attached.\n\nRegards\nTom Baker\n+44 20 7946 0958"
    told = replace(GOOD, text=text, html="<p>The minutes are here. Call Tom: +44 20 7946 0958</p>")
    assert not check_personal_data(told, Moment.EDIT, NOON).codes
    other = replace(told, html="<p>The minutes are here. Call Ann: +44 20 7946 0123</p>")
    assert check_personal_data(other, Moment.EDIT, NOON).level is Level.REVIEW


def test_words_that_sell_in_the_html_alone_make_a_message_promotional():
    for html, purpose in (("", "informational"), (f"<p>{SELLS}</p>", "promotional")):
        told = effective_purpose("informational", subject="Minutes", text="As agreed.", html=html)
        assert told == purpose


def test_a_true_quote_in_the_html_is_theirs_and_another_is_ours():
    html = f"<p>Thank you.</p><p>On Mon, Bob wrote:</p><blockquote>{THEIRS}</blockquote>"
    for received, ours in (([THEIRS], False), ([], True)):
        told = {"subject": "Re: roof", "text": "Thank you.", "html": html, "received": received}
        hits = find(channel="email", **told)
        assert ("html" in {hit.field for hit in hits}) is ours
        assert (effective_purpose("personal", **told) == "promotional") is ours


def test_an_html_that_chases_is_a_follow_up():
    past = tuple(Contact("email", NOON - timedelta(days=days), "out") for days in (9, 4))
    chases = replace(GOOD, contacts=past, touch="reply", text="The minutes are attached.")
    assert "follow_ups" not in gate.check_frequency(chases, Moment.EDIT, NOON).codes
    html = "<p>Just following up on my last e-mail.</p>"
    told = gate.check_frequency(replace(chases, html=html), Moment.EDIT, NOON)
    assert "follow_ups" in told.codes


def test_intensity_that_rises_in_the_html_is_told_once():
    before = ("The plan is here.", "I really hope that you see how important this is!")
    loud = "PLEASE!!! I am BEGGING you, I really need this so much, it is extremely important!!!"
    for text, html in ((loud, ""), (GOOD.text, f"<p>{loud}</p>"), (loud, f"<p>{loud}</p>")):
        hits = find(channel="email", text=text, html=html, previous=before)
        assert [hit.rule.id for hit in hits].count("tone.rising") == 1


def test_the_mark_of_a_declared_emergency_is_no_urgent_word_in_the_html():
    words = "The minutes are attached."
    told = replace(GOOD, subject="", text=f"EMERGENCY: {words}", override="medical")
    marked = replace(told, html=f"<p><strong>EMERGENCY:</strong></p><p>{words}</p>")
    assert not check_words(marked, Moment.EDIT, NOON).codes


def test_a_person_looks_where_the_two_parts_differ():
    same = replace(GOOD, html=f"<html><body><p>{GOOD.text}</p></body></html>")
    assert check_parts(GOOD, Moment.SUBMISSION, NOON).level is Level.ALLOW
    assert check_parts(same, Moment.SUBMISSION, NOON).level is Level.ALLOW
    other = replace(GOOD, html="<p>We have decided to end the contract, and to tell the press.</p>")
    verdict = check_parts(other, Moment.SUBMISSION, NOON)
    assert (verdict.level, verdict.codes) == (Level.REVIEW, ("html_differs",))
    assert check_parts(replace(other, settled=True), Moment.SENDING, NOON).level is Level.ALLOW
    assert "html_differs" in judge_message(other, Moment.SUBMISSION, NOON).codes


@pytest.mark.parametrize(
    "more",
    ["<img src=https://a.example/1.png>", "<IMG\nsrc=data:,>", "<table background='a.png'>",
     "<p style='background: url(a.png)'>", "<style>@import 'a.css'</style>", "<input>", "<form>",
     "<bdo dir=rtl>.</bdo>", "<i style='unicode-bidi: bidi-override'>.</i>", "<svg></svg>"],
)  # fmt: skip
def test_a_person_looks_where_the_html_shows_more_than_words(more):
    told = replace(GOOD, html=f"<p>{GOOD.text}</p>{more}")
    verdict = check_parts(told, Moment.SUBMISSION, NOON)
    assert (verdict.level, verdict.codes[-1]) == (Level.REVIEW, "html_draws")


def test_words_that_only_some_programs_show_are_refused_like_others():
    for html in (f"<p title='<!--'>{CARD}", f"<!--[if mso]>{CARD}<![endif]-->",
                 f'<img alt="{CARD}">', f"<svg><style><p>{CARD}"):  # fmt: skip
        told = replace(GOOD, html=f"<p>{GOOD.text}</p>{html}")
        assert judge_message(told, Moment.SUBMISSION, NOON).level is Level.BLOCK


@pytest.mark.django_db
def test_the_law_asks_the_same_consent_whichever_part_sells():
    found = []
    for html, text in (("", SELLS), (f"<p>{SELLS}</p>", "Here are the minutes, as agreed.")):
        person = testing.make_person(country="DE")
        draft = testing.make_draft(person, text=text, html=html, purpose="informational")
        known = facts.gather([draft], at=WORKDAY)[draft.pk]
        verdict = judge_message(known, Moment.SUBMISSION, datetime(2026, 3, 14, 9, tzinfo=UTC))
        found.append((verdict.level, verdict.not_before, known.purpose))
    assert found[0] == found[1]


@pytest.mark.django_db
def test_the_postal_address_must_stand_in_the_html_as_well():
    known = replace(GOOD, country="US", postal_address="1 Main St", purpose="promotional")
    text = f"{GOOD.text}\n1 Main St"
    codes = judge_message(replace(known, text=text), Moment.EDIT, NOON).codes
    assert "postal_address" not in codes
    cut = judge_message(replace(known, text=text, html=GOOD.text), Moment.EDIT, NOON)
    assert "postal_address" in cut.codes
    kept = replace(known, text=text, html=f"<p>{GOOD.text}<br>1 Main&nbsp;St</p>")
    assert "postal_address" not in judge_message(kept, Moment.EDIT, NOON).codes


@pytest.mark.django_db
def test_promotion_in_the_html_is_never_an_emergency():
    draft = testing.make_draft(text="The minutes are attached.", html=f"<p>{SELLS}</p>")
    with pytest.raises(override.OverrideRefused, match="Promotion"):
        override.declare(
            draft,
            "medical",
            "The clinic has asked us to tell them.",
            by=testing.alice(),
            at=WORKDAY,
        )


@pytest.mark.django_db
def test_what_they_wrote_is_read_for_a_quote_in_the_html():
    person = testing.make_person()
    testing.make_inbound(person, channel="email", text=THEIRS)
    html = f"<p>Thank you.</p><blockquote>{THEIRS}</blockquote>"
    draft = testing.make_draft(person, text="Thank you.", html=html, purpose="personal")
    known = facts.gather([draft], at=WORKDAY)[draft.pk]
    assert [text.strip() for text in known.received] == [THEIRS]
    assert known.purpose == "personal"


@pytest.mark.parametrize(
    ("name", "code", "level"),
    [
        ("4111 1111 1111 1111.pdf", "pii_card", Level.BLOCK),
        ("4111_1111_1111_1111.pdf", "pii_card", Level.BLOCK),
        ("Send me your password.pdf", "personal_information_request", Level.BLOCK),
        ("For carol@example.org.pdf", "pii_email", Level.REVIEW),
        ("Minutes of May.pdf", "", Level.ALLOW),
        ("scan_20260311_0001.pdf", "", Level.ALLOW),
        ("invoice-2026-0042.pdf", "", Level.ALLOW),
    ],
)
def test_the_name_of_a_file_is_judged_like_other_words(name, code, level):
    told = replace(GOOD, attachments=({"name": name, "size": 9, "sha256": "0" * 64},))
    verdict = check_personal_data(told, Moment.EDIT, NOON)
    assert verdict.level is level
    assert code in verdict.codes if code else not verdict.codes
    assert not code or {each.status for each in verdict.findings} <= {"warn", "fail"}
    assert all(
        "(in the name of a file)" in e.message for e in verdict.findings if e.status != "pass"
    )
    assert not check_personal_data(replace(told, settled=True), Moment.SENDING, NOON).codes
