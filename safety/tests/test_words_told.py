"""The text's place in the gate, word for word: HTML parts, names of files, what is proposed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from safety.gate import Moment
from safety.tests.test_gate import GOOD, NOON
from safety.verdict import Finding, Level
from safety.words import check_parts, check_personal_data, check_words, propose

CARD = "4111 1111 1111 1111"
THEIRS = "Act now, it is your last chance! Buy now with 50 % off."
QUOTE = f"\n\nOn Mon, 9 Mar 2026 at 10:00, Bob wrote:\n> {THEIRS}\n"
BEFORE = ("The plan is here.", "I really hope that you see how important this is!")
LOUD = "PLEASE!!! I am BEGGING you, I really need this so much, it is extremely important!!!"


def told(kind, text, where):
    what, status = {
        "card": ("a card number", "fail"),
        "email": ("an e-mail address of somebody else", "warn"),
    }[kind]
    return Finding(
        "PII_CHECK", f"pii_{kind}", status, f"The text contains what looks like {what} ({where}).",
        "pii_in_text", f"pii.{kind}", None, text,
    )  # fmt: skip


# --- Names of files -------------------------------------------------------------------------------


def named(*names, **changes):
    facts = replace(GOOD, attachments=tuple({"name": name} for name in names), **changes)
    return check_personal_data(facts, Moment.EDIT, NOON)


@pytest.mark.parametrize(
    "names",
    [
        (f"{CARD} carol@example.org.pdf",),
        (f"{CARD} carol@example.org. pdf",),
        (f"{CARD}_carol@example.org.tar.gz",),
        ("Minutes.pdf", f"{CARD} carol@example.org.pdf"),  # none stands before another
        (f"{CARD} carol@example.org.pdf", "Minutes.pdf"),
    ],
)
def test_what_the_name_of_any_file_tells_is_said_as_gravely_as_the_gravest_of_it(names):
    verdict = named(*names)
    assert verdict.level is Level.BLOCK
    card, other = verdict.findings
    assert card == told("card", CARD, "in the name of a file")
    assert (other.code, other.status, other.span) == ("pii_email", "warn", None)


@pytest.mark.parametrize(
    ("name", "changes", "level"),
    [
        (CARD, {}, Level.BLOCK),  # without any ending
        (f".{CARD}", {}, Level.BLOCK),
        (f"Statement.{CARD.replace(' ', '')}", {}, Level.BLOCK),  # an ending that is none
        ("For carol@example.org", {}, Level.REVIEW),
        ("carol@example.org.PDF", {"parties": ("carol@example.org",)}, Level.ALLOW),
        ("Send_me_your_password.pdf", {}, Level.BLOCK),
        ("carol@example.org notes.pdf", {}, Level.REVIEW),
        ("carol@example.org notes.pdf", {"parties": ("carol@example.org",)}, Level.ALLOW),
        ("game_changer.pdf", {}, Level.ALLOW),
        ("game_changer.pdf", {"own_words": ("game changer",)}, Level.REVIEW),
        ("URGENT act now.pdf", {}, Level.ALLOW),  # only what is refused, and the workspace's words
    ],
)
def test_how_far_a_message_may_go_with_a_file_of_this_name(name, changes, level):
    assert named(name, **changes).level is level


# --- The HTML part --------------------------------------------------------------------------------


def test_what_only_the_html_part_tells_is_said_as_gravely_as_the_gravest_of_it():
    both = replace(GOOD, html=f"<p>Card {CARD}, carol@example.org</p>")
    verdict = check_personal_data(both, Moment.EDIT, NOON)
    assert verdict.level is Level.BLOCK
    assert [replace(each, span=None) for each in verdict.findings] == [
        told("card", CARD, "in the HTML part"),
        told("email", "carol@example.org", "in the HTML part"),
    ]
    known = replace(GOOD, html="<p>To carol@example.org</p>", parties=("carol@example.org",))
    assert check_personal_data(known, Moment.EDIT, NOON).level is Level.ALLOW


DIFFERS = Finding(
    "PARTS_CHECK", "html_differs", "warn",
    "The HTML part does not say the same as the text. Most people will read the HTML part",
)  # fmt: skip
DRAWS = Finding(
    "PARTS_CHECK", "html_draws", "warn",
    "The HTML part shows pictures or fields, loads something, or turns words round, which no rule "
    "can judge: a person must look",
)  # fmt: skip
OTHER = "<p>We have decided to end the contract, and to tell the press.</p>"


@pytest.mark.parametrize(
    ("html", "findings"),
    [
        (f"<p>{GOOD.text}</p>", ()),
        (OTHER, (DIFFERS,)),
        (f"<p>{GOOD.text}</p><img src=a.png>", (DRAWS,)),
        (f"{OTHER}<img src=a.png>", (DIFFERS, DRAWS)),
    ],
)
def test_what_a_person_looks_for_in_an_html_part(html, findings):
    facts = replace(GOOD, html=html)
    for moment in Moment:
        for settled in (False, True):
            verdict = check_parts(replace(facts, settled=settled), moment, NOON)
            expected = () if settled and moment is Moment.SENDING else findings
            assert verdict.findings == expected
            assert verdict.level is (Level.REVIEW if expected else Level.ALLOW)


# --- What the words are judged by -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "code", "without"),
    [
        ({"text": LOUD, "previous": BEFORE}, "tone.rising", "previous"),
        ({"text": "It brings synergy.", "own_words": ("synergy",)}, "workspace.synergy",
         "own_words"),
    ],
)  # fmt: skip
def test_earlier_texts_and_the_words_of_the_workspace_are_asked(changes, code, without):
    def rules(facts):
        return {finding.rule for finding in check_words(facts, Moment.EDIT, NOON).findings}

    facts = replace(GOOD, **changes)
    assert code in rules(facts)
    assert code not in rules(replace(facts, **{without: ()}))


def test_a_true_quote_is_neither_found_nor_taken_out():
    quoting = replace(GOOD, text=f"Thank you, Anna. Act now! See below.{QUOTE}", received=(THEIRS,))
    found = check_words(quoting, Moment.EDIT, NOON).findings
    assert [each.text for each in found if each.span] == ["Act now"]
    assert propose(quoting).text == f"Thank you, Anna. See below.{QUOTE}"
    assert propose(replace(quoting, text=f"Thank you, Anna.{QUOTE}")) is None
    assert THEIRS not in propose(replace(quoting, received=())).text


@pytest.mark.parametrize(
    ("changes", "subject", "text"),
    [
        ({"subject": "URGENT: minutes"}, "Information you requested", GOOD.text),
        ({"subject": "URGENT: minutes", "text": f"Act now! {GOOD.text}"},
         "Information you requested", GOOD.text),
        ({"text": f"Act now! {GOOD.text}"}, GOOD.subject, GOOD.text),
        ({"text": "Here is the plan. It brings synergy to all.", "own_words": ("synergy",)},
         GOOD.subject, "Here is the plan. It brings to all."),
        # What is left is read for the words of the workspace as well.
        ({"text": "It is a game synergy changer.", "own_words": ("synergy", "game changer")},
         GOOD.subject, "Here's the information you asked about. Review when convenient."),
    ],
)  # fmt: skip
def test_what_is_proposed_instead(changes, subject, text):
    found = propose(replace(GOOD, **changes))
    assert (found.subject, found.text) == (subject, text)


def test_nothing_is_proposed_where_it_would_be_the_same_again():
    same = {"subject": "Information you requested", "own_words": ("information you",)}
    assert check_words(replace(GOOD, **same), Moment.EDIT, NOON).codes
    assert propose(replace(GOOD, **same)) is None


def test_what_is_gentle_by_itself_may_be_too_much_after_what_went_before():
    assert propose(replace(GOOD, text=LOUD)) is None
    assert propose(replace(GOOD, text=LOUD, previous=BEFORE)) is not None
