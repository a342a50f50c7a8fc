"""The gate believes a quote only where the stored message says the same."""

from __future__ import annotations

import pytest

from outreach import testing
from outreach.testing import WORKDAY
from safety import facts, gate


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
