"""Whom a letter greets and who signs it ask for nothing, and hide nothing that is asked for."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety.contract.courtesies import courtesies
from safety.contract.normalise import fold
from safety.contract.stop_request import LONGEST, by_rules, detect_stop

ORDERS = frozenset(("stop", "unsubscribe", "baja"))
BODY = "the list of Monday is complete now."


def left(text: str) -> str:
    """What is judged of a text."""
    cased = fold(text, quotes=False).cased
    for start, end in courtesies(cased, ORDERS):
        cased = f"{cased[:start]}{' ' * (end - start)}{cased[end:]}"
    return " ".join(cased.split())


@pytest.mark.parametrize(
    "greeting",
    [
        "Dear Mira,", "Hi Jonas!", "Hello,", "Hey Tom", "Good morning Dr. Miller,",
        "Dear Sir or Madam,",
        "Dear all:", "Liebe Mira,", "Hallo zusammen,", "Sehr geehrte Frau Müller,",
        "Guten Tag Herr Frei,",
        "Bonjour Mme Dupont,", "Chère Chloé,", "Estimada Beatriz:", "Buenos días, José", "Hola:",
        "Gentile Dott. Rossi,", "Buongiorno Anna,", "Prezado Sr. Silva,", "Olá Ana,", "Beste Anna,",
        "  \n Dear Mary-Jane O'Neill,",
    ],
)  # fmt: skip
def test_a_greeting_on_its_own_line_is_not_judged(greeting):
    assert left(f"{greeting}\n\n{BODY}") == BODY
    assert left(f"{greeting}\n{BODY}") == BODY


@pytest.mark.parametrize(
    "parting",
    [
        "Best regards,\nAnna",
        "Kind regards\nAnna Miller\nHead of Purchasing\nAcme Ltd", "Thanks,\nTom",
        "Cheers,\nBen", "Viele Grüße\nAnna", "LG Anna", "Mit freundlichen Grüßen\nA. Schmidt",
        "Cordialement,\nClaire", "Un saludo,\nJosé", "Cordiali saluti,\nGiulia Bianchi",
        "Um abraço,\nAna", "Anna", "Anna Maria Schmidt,",
    ],
)  # fmt: skip
def test_a_signature_is_not_judged(parting):
    assert left(f"{BODY}\n\n{parting}") == BODY
    assert left(f"Hi Mira,\n\n{BODY}\n\n{parting}\n") == BODY


@pytest.mark.parametrize(
    "text",
    [
        "Dear Mira, please leave me alone", "Dear all, Unsubscribe\n\nThe list",
        "Hi stop\n\nThe list",
        "Hello again from the north\n\nThe list", "The list\n\nDear Mira,\n\nis complete",
        "Dear Mira,", "Anna", "The list\nAnna", "The list is\n\nAnna\n\ncomplete",
        "The list\n\nBest, Stop", "The list\n\nUnsubscribe", "The list\n\nAnna Baja",
        "The list\n\nAnna will not write again",
    ],
)  # fmt: skip
def test_what_says_anything_else_is_judged(text):
    assert left(text) == " ".join(fold(text, quotes=False).cased.split())


@pytest.mark.parametrize("text", ["STOP", "Unsubscribe me", "please take me off your list", BODY])
@pytest.mark.parametrize("around", ["{}", "Dear Mira,\n\n{}", "{}\n\nBest regards,\nAnna Miller"])
def test_a_letter_is_heard_as_what_it_says(text, around):
    whole = detect_stop(around.format(text))
    assert whole.kind == detect_stop(text).kind
    assert whole.text == "" or whole.text.strip() in text


@given(st.text(max_size=60), st.sampled_from(("Dear Mira,", "Hi\n", "")), st.text(max_size=30))
def test_the_rules_hear_what_they_heard(text, greeting, name):
    """What is left out is left out of what was learnt alone."""
    letter = f"{greeting}\n\n{text}\n\nBest regards,\n{name}"
    folded = fold(letter, quotes=False)
    for start, end in courtesies(folded.cased, ORDERS):
        assert 0 <= start < end <= len(folded.cased)
    if by_rules(letter).kind == "stop":
        assert detect_stop(letter).kind in ("stop", "unclear")


@pytest.mark.parametrize(
    "unit", ["\n \n", "Dear A ", "Anna\n\n", "Dear Anna, ", "Best,\n", "\nA  "]
)
def test_a_hostile_text_takes_no_longer_than_a_long_one(unit):
    cased = (unit * LONGEST)[:LONGEST]
    begun = time.perf_counter()
    list(courtesies(cased, ORDERS))
    assert time.perf_counter() - begun < 2, "quadratic would be minutes"
