"""The gate believes a quote only where the stored message says the same."""

from __future__ import annotations

import time

import pytest

from outreach import testing
from outreach.testing import WORKDAY
from safety import facts, gate
from safety.contract.quoting import own_words


@pytest.mark.django_db
def test_only_what_they_really_wrote_may_be_quoted_back():
    theirs = "Act now, it is your last chance! The roof leaks."
    person = testing.make_person()
    testing.make_inbound(person, text=theirs, quoted="> The minutes of Monday")
    testing.make_inbound(person, text="Hello from a chat", channel="whatsapp")
    honest = testing.make_draft(person, text=f"We come at two.\n> {theirs}")
    dressed = testing.make_draft(
        person, text="We come at two.\n> Order now, it is your last chance!"
    )
    known = facts.gather([honest, dressed], at=WORKDAY)
    assert len(known[honest.pk].received) == 1
    judged = {
        draft.pk: {
            finding.family
            for finding in gate.check_words(
                known[draft.pk], gate.Moment.SUBMISSION, WORKDAY
            ).findings
        }
        for draft in (honest, dressed)
    }
    assert "urgency_inflation" not in judged[honest.pk]
    assert "urgency_inflation" in judged[dressed.pk]


def test_thousands_of_quotes_are_looked_up_in_much_they_wrote_soon():
    text = "".join(f"> our own words with {number}\nx\n" for number in range(4_000))
    received = [("their words " * 8_000) + str(number) for number in range(20)]
    began = time.process_time()
    assert own_words(text, received).count("our own words") == 4_000
    assert time.process_time() - began < 2


def test_a_hundred_quotes_of_a_message_are_looked_up():
    received = ["These are words of theirs."]
    seen = own_words("> These are words of theirs.\nx\n" * 101, received)
    assert seen.count("These are words of theirs.") == 1
