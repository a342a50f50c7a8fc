"""Who changed jobs since a text was written is not told of the old one by rule."""

from __future__ import annotations

import pytest

from approvals import contradiction
from outreach.core.models import Account, Person, Revision


def person(company: str = "", position: str = "", into: Person | None = None) -> Person:
    account = Account(pk=len(company) + 1, name=company) if company else None
    return Person(full_name="Ann Lee", account=account, position=position, merged_into=into)


def words(text: str, **facts: str) -> Revision:
    kept = {name: {"value": value, "source": "Connections.csv"} for name, value in facts.items()}
    return Revision(subject="Minutes", text=text, context={"facts": kept})


ACME = words("I saw your work at Acme Corp.", company="Acme Corp")
HEAD = words("As Head of Data you decide.", position="Head of Data")
VP = words("I thought of your work as VP for Sales at Acme.", role="VP for Sales")
CODER = words("I thought of your work as a Data Engineer.", role="a Data Engineer")


@pytest.mark.parametrize(
    ("said", "whose", "found"),
    [
        (ACME, person("ACME CORP. LTD"), []),
        (ACME, person("Beta GmbH"), ["company"]),
        (ACME, person(), ["company"]),
        (HEAD, person("Acme", "Head of Data at Acme"), []),
        (HEAD, person("Acme", "Chief Data Officer"), ["position"]),
        (VP, person("Acme", "VP, Sales (EMEA)"), []),
        (VP, person("Acme", "Head of Talent"), ["role"]),
        (VP, person("Acme", "CTO", into=person("Acme", "Vp - Sales")), []),
        (CODER, person("Acme", "Data Engineer II / Lead"), []),
        (CODER, person("Acme", "Chief Data Officer"), ["role"]),
        (
            words("At the University of Leeds.", company="the University of Leeds"),
            person("University of Leeds"),
            [],
        ),
        (words("Here at ACME Corp", company="the ACME, Corp."), person("acme corp"), []),
        (words("At A-C-M-E.", company="A-C-M-E"), person("acme"), []),
        (words("As an Engineer.", role="an Engineer"), person("Acme", "Engineer"), []),
        (words("Für Straße & Söhne.", company="Straße & Söhne"), person("STRASSE & SÖHNE"), []),
        # What a reviewer wrote anew says it no more.
        (words("I saw your work at Beta.", company="Acme Corp"), person("Beta GmbH"), []),
        # Of merged records either may be the one it was written for.
        (ACME, person("Beta GmbH", into=person("Acme Corp")), []),
        (ACME, person("Acme Corp", into=person("Beta GmbH")), []),
        (ACME, person("Beta GmbH", into=person("Gamma AG")), ["company"]),
        (Revision(text="I saw your work at Acme Corp.", context={}), person("Beta GmbH"), []),
        (words("Here are the minutes.", greeting_name="Ann"), person("Beta GmbH"), []),
    ],
)
def test_what_stands_in_the_text_and_no_more_in_the_record_is_told(said, whose, found):
    assert contradiction.of(said, whose) == found
