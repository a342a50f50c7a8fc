"""What a rewrite leaves: sentences cut at their edges, greetings and sign-offs, clean defaults."""

from __future__ import annotations

import pytest

from safety.contract.content import find
from safety.contract.rewrite import (
    DEFAULT_CHAT,
    DEFAULT_SUBJECT,
    DEFAULT_TEXT,
    Proposal,
    needs_rewrite,
    rewrite,
)

DEFAULT = DEFAULT_TEXT["email"]
OWN = ("kumquat", "red plum", "i need you to sign", "friends of ours")
LONG = "Act now, before the whole of this month is over and"  # its line was broken by a program

SOON = "We come at two on Monday, with all of our people"


def proposed(text: str, subject: str = "", channel: str = "email") -> Proposal:
    return rewrite(channel=channel, subject=subject, text=text, extra=OWN)


@pytest.mark.parametrize(
    ("text", "new"),
    [
        # What went leaves no gap and no break in the middle of a line.
        ("We come at two. Act now! See you.", "We come at two. See you."),
        ("We come at two. Act now! You idiot.", "We come at two."),
        (" " * 30 + "We come at two. Act now! See you.", "We come at two. See you."),
        (f"We come at two. {LONG}\nthe next. See you.", "We come at two. See you."),
        ("We come.\n\nAct now!\n\n\n\nSee you.", "We come.\n\nSee you."),
        ("We have a kumquat, too.", "We have a, too."),
        ('"The plan" is a kumquat idea.', '"The plan" is a idea.'),
        ("Kumquat - the plan is here.", "the plan is here."),
        ("We come.\n- Kumquat plans are here.", "We come.\n- plans are here."),
        # Findings that overlap are taken out once, and what one puts there is not put back.
        ("I need you to sign page 3.", "page 3."),
        ("I need you to read page 3.", "Please read page 3."),
        ("Hi Anna > Tom,\n\nAct now!", f"Hi Anna > Tom,\n\n{DEFAULT}"),
        # Marks of emphasis go with what they stood for; one that stood for nothing before, stays.
        ("We have a *kumquat* idea.", "We have a idea."),
        ("*Kumquat* ideas are here.", "ideas are here."),
        ("We met friends *of ours* again.", "We met again."),
        ("We met *friends of* ours again.", "We met again."),
        ("We met friends *of* ours* again.", "We met * again."),
        ("We met *friends *of* ours again.", "We met * again."),
        ("We have a *kumquat*, too.", "We have a, too."),
        ("We met friends *of ours*, too.", "We met, too."),
        ("We met (*friends of* ours) again.", "We met again."),
        ('We have the "kumquat", too.', "We have the, too."),
        ("We have the [kumquat], too.", "We have the, too."),
        ("We have the “kumquat”, too.", "We have the, too."),
        ("We have the «kumquat», too.", "We have the, too."),
        ("We have the „kumquat“, too.", "We have the, too."),
        ("We have a pre(kumquat) here.", "We have a pre here."),
        ("We come at two. Kumquat!\n\nSee you.", "We come at two. \n\nSee you."),
        ("We have the (kumquat], too.", "We have the (], too."),
        ("We write to Dear a kumquat.", "We write to Dear a."),
        ("We call main() a kumquat.", "We call main() a."),
        # What would be a finding again once a word is gone is not left there.
        ("A red kumquat plum is here.", DEFAULT),
        # Not every sentence with "hello" or "thanks" in it is a greeting or a sign-off.
        ("We said hello to the kumquat team.", "We said hello to the team."),
        ("Our plan is thanks to a kumquat idea.", "Our plan is thanks to a idea."),
    ],
)
def test_what_stays_of_a_text(text: str, new: str) -> None:
    assert proposed(text).text == new


@pytest.mark.parametrize(
    ("text", "new"),
    [
        # A cry that led up to what went does not stand there as if it were a greeting.
        ("URGENT,\n\nact now! The plan is here.", "The plan is here."),
        ("Urgent,\nyou need to respond right away. The plan is here.", "The plan is here."),
        ("URGENT\n\nAct now! The plan is here.", "The plan is here."),
        ("*URGENT*, Anna,\n\nAct now! The plan is here.", "Anna,\n\nThe plan is here."),
        ("URGENT, Anna,\n\nAct now! The plan is here.", "Anna,\n\nThe plan is here."),
        ("Hello Anna, URGENT,\n\nact now! The plan is here.", "Hello Anna,\n\nThe plan is here."),
        ("IMPORTANT: the plan is here. Act now!", "The plan is here."),
        ("Urgent - the plan is here. Act now!", "The plan is here."),
        ("The plan is here.\n\nURGENT,\nact now!", "The plan is here."),
        # What is left is no message where it only cried, or called somebody by name.
        ("URGENT,\n\nAct now!", DEFAULT),
        ("URGENT, Anna,\n\nAct now!", f"Anna,\n\n{DEFAULT}"),
        ("Hello Anna, URGENT,\n\nAct now!", f"Hello Anna,\n\n{DEFAULT}"),
        ("Anna,\n\nAct now!", f"Anna,\n\n{DEFAULT}"),
        ("Anna Maria De Vries:\n\nAct now!", f"Anna Maria De Vries:\n\n{DEFAULT}"),
        (f"{SOON}, URGENT,\nand a kumquat is here.", f"{SOON},\nand a is here."),
        # Who is named at the end of a line is not called by it.
        ("We went with Anna,\nact now!", "We went with Anna,"),
        # An urgent thing is no cry, and nothing is taken out of a text that stays as it is.
        ("Urgent-care centre: new hours. Act now!", "Urgent-care centre: new hours."),
        ("Urgent care is open. Act now!", "Urgent care is open."),
        ("Important, too, is the plan. Act now!", "Important, too, is the plan."),
        ("It is late, urgent, and long. Act now!", "It is late, urgent, and long."),
        ("Urgent? Not at all. Act now!", "Urgent? Not at all."),
        ("URGENT, Anna,\n\nthe plan is here.", "URGENT, Anna,\n\nthe plan is here."),
    ],
)
def test_a_cry_does_not_stay_where_what_it_led_up_to_went(text: str, new: str) -> None:
    assert proposed(text).text == new


@pytest.mark.parametrize(
    ("text", "new"),
    [
        # A plea for what went does not stay alone.
        ("Act now! PLEASE!!!", DEFAULT),
        ("URGENT!!! PLEASE!!! Act now! The plan is here.", "The plan is here."),
        ("The plan is here.\n\n*Please*, please!\nAct now!", "The plan is here."),
        ("We come. PLEASE kumquat!!! See you.", "We come. See you."),
        ("Please\nread page 3. Act now!", "Please\nread page 3."),
        ("Please come. Act now!", "Please come."),
        ("PLEASE!!! The plan is here.", "PLEASE!!! The plan is here."),
        # Nor do the marks of a sentence of which no word is left.
        ("The plan is here. Kumquat!!! See you.", "The plan is here. See you."),
        ("We come. Kumquat, kumquat!", "We come."),
        ("Plans:\n- kumquat\n- page 3", "Plans:\n\n- page 3"),
        # Nor a greeting or a parting word with a gap, or with nobody.
        ("Hi kumquat,\n\nThe plan is here.", "Hi,\n\nThe plan is here."),
        ("Hi Anna kumquat,\n\nThe plan is here.", "Hi Anna,\n\nThe plan is here."),
        ("Hello kumquat! The plan is here.", "Hello! The plan is here."),
        ("Dear kumquat:\n\nThe plan is here.", "The plan is here."),
        ("The plan is here.\n\nBest kumquat,\nTom", "The plan is here.\n\nBest,\nTom"),
    ],
)
def test_what_says_nothing_any_more_does_not_stay(text: str, new: str) -> None:
    assert proposed(text).text == new


@pytest.mark.parametrize(
    ("closing", "kept"),
    [
        ("Best,\nTom", True),
        ("Best,\nTom\nSent from my phone", True),
        ("Best,\nTom\nAcme\nParis", True),
        ("Best,\nTom\nHead of Sales\nAcme\nParis\nFrance\nEurope\nEarth\nSun", True),
        ("Best,\nTom\nHead of Sales\nAcme\nParis\nFrance\nEurope\nEarth\nSun\nStars", False),
        ("Best,\nTom\n+44 20 7946 0958\nTel. (020) 7946-0958\ntom@example.org", True),
        ("Best,\nTom\nhttps://example.org/tom\nwww.example.org\n12 High Street", True),
        ("Best,\nTom\nBahnhofstrasse 12a\n8001 Zürich", True),
        ("Best,\nTom\n8001 plans", False),
        ("Best,\nTom\nThe plan for May is on https://example.org/plan", False),
        ("Thanks,\n2 plans are here.\nTom", False),
        ("Thanks,\nTom\n2 plans are here.", False),
    ],
)
def test_a_sign_off_is_few_names_behind_a_word_of_parting(closing: str, kept: bool) -> None:
    text = f"Hi Anna,\n\nAct now!\n\n{closing}"
    middle = f"{DEFAULT}\n\n" if kept else ""
    assert proposed(text).text == f"Hi Anna,\n\n{middle}{closing}"


@pytest.mark.parametrize(
    "text",
    [
        "Hi kumquat,\n\nAct now!\n\nBest,\nTom",
        "Hi Anna,\n\nAct now!\n\nBest, your kumquat\nTom",
        "Act now!",
    ],
)
def test_a_default_stands_alone_where_greeting_or_sign_off_has_a_finding(text: str) -> None:
    assert proposed(text).text == DEFAULT
    assert proposed(text, channel="whatsapp").text == DEFAULT_CHAT


@pytest.mark.parametrize(
    ("channel", "ending"),
    [("email", "Review"), ("whatsapp", "Reply"), ("instagram", "Reply"), ("linkedin", "Reply")],
)
def test_a_default_is_worded_for_its_channel(channel: str, ending: str) -> None:
    words = f"Here's the information you asked about. {ending} when convenient."
    assert proposed("Act now!", channel=channel).text == words


@pytest.mark.parametrize(
    ("subject", "new"),
    [
        ("kumquat: X plan works", "X plan works"),
        ("A red kumquat plum is here", DEFAULT_SUBJECT),
        ("The kumquat", DEFAULT_SUBJECT),
        ("Our kumquat plan", "Our plan"),
        ("URGENT, act now: the plan for Monday", "The plan for Monday"),
        ("URGENT, Anna, act now", DEFAULT_SUBJECT),
        ("Anna, URGENT, kumquat plan for Monday", "Anna, plan for Monday"),
        ("The plan for Monday, URGENT, kumquat", "The plan for Monday"),
        ("Kumquat: URGENT, the plan for Monday", "The plan for Monday"),
        ("URGENT, the plan for Monday", "URGENT, the plan for Monday"),
    ],
)
def test_what_stays_of_a_subject(subject: str, new: str) -> None:
    assert proposed("The plan is here.", subject).subject == new


def test_findings_of_one_field_take_nothing_out_of_the_other() -> None:
    both = proposed("A kumquat is here.", "The plan, kumquat!")
    assert (both.subject, both.text) == ("The plan", "A is here.")
    text = proposed("A kumquat is here.", "The plan works")
    assert (text.subject, text.text) == ("The plan works", "A is here.")
    subject = proposed("The plan is here.", "Our kumquat plan")
    assert (subject.subject, subject.text) == ("Our plan", "The plan is here.")


@pytest.mark.parametrize(
    ("text", "subject", "claims"),
    [
        ("A kumquat is here.", "", False),
        ("The plan is here.", "Our kumquat plan", False),
        ("The plan is here.", "Kumquat!", True),
        ("Act now!", "", True),
        ("The plan is here.", DEFAULT_SUBJECT, False),
    ],
)
def test_only_a_default_claims_that_something_was_asked_for(
    text: str, subject: str, claims: bool
) -> None:
    assert proposed(text, subject).caution == ("claims a request: check" if claims else "")
    answered = rewrite(channel="email", subject=subject, text=text, extra=OWN, answers_request=True)
    assert answered.caution == ""


def test_a_finding_in_the_mark_up_alone_changes_no_word() -> None:
    hits = find(channel="email", text="The plan is here.", html="<p>Act now!</p>")
    assert hits and not needs_rewrite(hits)
    assert needs_rewrite(find(channel="email", text="Act now!"))
    kept = rewrite(channel="email", subject="", text="The plan is here.", hits=hits)
    assert not kept.differs("", "The plan is here.")
    assert kept.differs("x", "The plan is here.") and kept.differs("", "x")
    assert kept.notes == kept.why == ()


def test_the_footer_stays_and_is_no_message_by_itself() -> None:
    foot = "\n\n-- \nMira Keller\nIf you would rather not hear from us, reply \u201cstop\u201d."
    assert proposed("Act now!" + foot).text == DEFAULT + foot
    assert proposed("We have a kumquat, too." + foot).text == "We have a, too." + foot


def test_the_reasons_are_told_once_each_and_only_of_what_went() -> None:
    subject, text = "The plan, kumquat!", "A kumquat is here. Act now!"
    hits = find(channel="email", subject=subject, text=text, html="Only 3 seats left!", extra=OWN)
    words, hurry = (hit.rule.explanation for hit in hits if hit.field == "text")
    assert any(hit.rule.explanation not in (words, hurry) for hit in hits)
    found = rewrite(channel="email", subject=subject, text=text, hits=hits, extra=OWN)
    assert sorted(found.why) == sorted((words, hurry))


def test_the_notes_quote_what_is_new() -> None:
    both = proposed("A kumquat is here.", "The plan, kumquat!")
    assert both.notes == ('Subject: "The plan"', 'Content: "A is here."')


def test_their_own_words_quoted_back_are_no_reason_for_a_default() -> None:
    theirs = "Act now, it is your last chance! The roof leaks."
    text = f"We bring a kumquat idea.\n\nOn Mon, Bob wrote:\n> {theirs}"
    found = rewrite(channel="email", subject="", text=text, extra=OWN, received=[theirs])
    assert found.text == f"We bring a idea.\n\nOn Mon, Bob wrote:\n> {theirs}"
    hurried = f"Act now!\n\nOn Mon, Bob wrote:\n> {theirs}"
    found = rewrite(channel="email", subject="", text=hurried, extra=OWN, received=[theirs])
    assert theirs in found.text and not found.text.startswith("Act")
