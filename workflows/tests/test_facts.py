"""What may be said of somebody: cells that would read oddly count as unknown."""

from __future__ import annotations

from datetime import date

import pytest

from outreach.core.models import Account, Person, Workspace
from workflows.drafting import facts

TODAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("Acme Ltd.", "Acme Ltd."), ("  Acme \t Ltd ", "Acme Ltd"), ("Booking.com", "Booking.com"),
        ("Harbour & Quay", "Harbour & Quay"), ("Zielona Sieć Sp. z o.o.",) * 2,
        ("שלום", "שלום"), ("شركة الأفق",) * 2, ("海岸软件",) * 2, ("D'Amico", "D'Amico"),
        ("IBM", "IBM"), ("CEO", "CEO"), ("\u200fAcme\u202e", "Acme"),
        ("a\r\nBcc: you", "a Bcc: you"),
        ("", ""), ("   ", ""), ("None", ""), ("NULL", ""), ("n/a", ""), ("-", ""), ("???", ""),
        ("{{ settings.SECRET_KEY }}", ""), ("{% load x %}", ""), ("<b>Acme</b>", ""),
        ("https://acme.example", ""), ("www.acme.example", ""), ("me@example.com", ""),
        ("Growth | Sales | Love", ""), ("VISIONARY LEADER", ""), ("🚀 Rocket", ""),
        ("Ready to grow?", ""), ("x" * 71, ""), ("12345", ""), ("a\ue000b", ""), ("=cmd", ""),
        ("#REF!", ""), ("#WERT!", ""), ("#NAME?", ""), ("#N/A", ""), ("(leer)", ""), ("FALSE", ""),
        ("keine Angabe", ""), ("Not specified", ""), ("Acme,", "Acme"), ("Acme -", "Acme"),
        ("Not Available", ""), ("Not Applicable", ""), ("(unknown)", ""), ("TBA", ""), ("N.N.", ""),
        ("Privat", ""), ("Company Name", ""), ("bit.ly/x", ""), ("see acme.example/offer", ""),
        ("Foo S.A./N.V.", "Foo S.A./N.V."), ("Private Bank", "Private Bank"), ("Blank Rome",) * 2,
    ],
)  # fmt: skip
def test_a_cell_is_said_as_it_is_or_not_at_all(raw, said):
    assert facts.sayable(raw) == said


@pytest.mark.parametrize(
    ("raw", "company", "said"),
    [
        ("Head of Data", "Acme", "Head of Data"),
        ("Head of Data at Acme", "Acme", "Head of Data"),
        ("Head of Data AT acme", "Acme", "Head of Data"),
        ("Head of Data at Other", "Acme", ""),
        ("Sales Director @ Acme", "Acme", "Sales Director"),
        ("Sales Director @ Other", "Acme", ""),
        ("Head of Data at Acme, Acme", "Acme", "Head of Data"),
        ("Head of Data at Acme", "Acme GmbH", "Head of Data"),
        ("Müller at Müller", "Müller", ""),
        ("MÜLLER", "Müller GmbH", ""),
        ("Miller", "Müller GmbH", "Miller"),
        ("Founder", "", "Founder"),
        ("Data Engineer at Acme GmbH", "Acme", "Data Engineer"),
        ("Geschäftsführerin bei Acme", "Acme", "Geschäftsführerin"),
        ("Responsable marketing chez Acme", "Acme", "Responsable marketing"),
        ("Responsable marketing chez Autre", "Acme", ""),
        ("Director General en Yahoo!", "Yahoo!", "Director General"),
        ("Head of Engineering, Acme", "Acme", "Head of Engineering"),
        ("Acme - Sales Director", "Acme", "Sales Director"),
        ("Consultant | Acme", "Acme", "Consultant"),
        ("CEO (Acme)", "Acme", "CEO"),
        ("Founder of Acme", "Acme", "Founder"),
        ("Head of Volvo", "Volvo", "Head of Volvo"),
        ("Acme", "Acme", ""),
        ("Head of X", "X", "Head of X"),
        ("Head of Data, İNCİ", "inci", "Head of Data"),
        ("Head of Data, ılık", "ILIK", "Head of Data"),
        ("Head of Data, ſtern", "STERN", "Head of Data"),
        ("Werkstudentin Marketing", "Acme", ""),
        ("Retired", "Acme", ""),
        ("Student of law", "Acme", ""),
        ("Open to work", "Acme", ""),
        ("Helping people grow", "Acme", ""),
        ("I build things", "Acme", ""),
        ("Former CEO", "Acme", ""),
        ("Ehemaliger Leiter Vertrieb", "Acme", ""),
        ("Rentnerin", "Acme", ""),
        ("Left the company", "Acme", ""),
        ("Étudiante", "Acme", ""),
        ("Retail Director", "Acme", "Retail Director"),
    ],
)
def test_a_position_is_a_role_held_now(raw, company, said):
    assert facts.position(raw, company) == said


NO_COMPANIES = ["Self-employed", "Freelance", "Stealth Startup", "Retired", "Between jobs",
                "Selbständig", "Selbstständige", "Freiberuflerin"]  # fmt: skip


@pytest.mark.parametrize("name", NO_COMPANIES)
def test_no_company_is_no_company(name):
    assert facts.company(Person(account=Account(name=name))) == ""


def test_every_fact_names_its_source_and_notes_are_never_told():
    person = Person(
        greeting_name="Anna",
        account=Account(name="Acme"),
        position="CEO",
        connected_on=date(2025, 5, 3),
        notes="difficult, owes us money",
        source="Connections.csv, 2026-01-01",
    )
    found = facts.of_person(person, Workspace(sender_name="Mira"), about="We help", today=TODAY)
    assert {name: fact.value for name, fact in found.items()} == {
        "greeting_name": "Anna", "company": "Acme", "position": "CEO", "role": "CEO",
        "connected_month": "May 2025", "sender_name": "Mira", "about": "We help.",
    }  # fmt: skip
    assert found["company"].source == "Connections.csv, 2026-01-01"
    assert found["sender_name"].source == "workspace"
    rest = {"reply_subject", *facts.RARE}
    assert set(found) == facts.KNOWN - rest, "the title names no field, nothing has passed"


def test_what_is_unknown_is_no_fact():
    assert facts.of_person(Person(full_name="X"), Workspace(), today=TODAY) == {}


@pytest.mark.parametrize(
    ("raw", "said"), [("We help", "We help."), ("Why?", "Why?"), ("{{x}}", "")]
)
def test_our_own_sentence_ends_as_one(raw, said):
    assert facts.about_us(raw) == said


@pytest.mark.parametrize("position", ["Retired", "#OpenToWork", "Student", "Former CEO"])
def test_nobody_is_said_to_work_where_they_do_not_any_more(position):
    person = Person(account=Account(name="Acme"), position=position)
    assert facts.of_person(person, Workspace(), today=TODAY) == {}


@pytest.mark.parametrize(
    ("day", "is_new"), [(date(2026, 3, 1), True), (date(2026, 1, 1), True), (date(2025, 12, 31), 0)]
)
def test_a_new_connection_is_known_as_one(day, is_new):
    found = facts.of_person(Person(connected_on=day), Workspace(), today=TODAY)
    assert ("connected_lately" in found) == bool(is_new)


@pytest.mark.parametrize("position", ["Growth | Sales | Love", "I help people grow sales"])
def test_a_slogan_names_no_field(position):
    person = Person(account=Account(name="Acme"), position=position)
    assert set(facts.of_person(person, Workspace(), today=TODAY)) == {"company"}


def test_what_passed_is_told_as_it_was():
    """That both wrote only where both did; that they wrote where we never did."""
    both = facts.of_person(
        Person(), Workspace(), today=TODAY, past=facts.Past(both=date(2025, 5, 1))
    )
    theirs = facts.of_person(
        Person(), Workspace(), today=TODAY, past=facts.Past(theirs=date(2025, 6, 1))
    )
    assert {name: fact.value for name, fact in both.items()} == {"last_month": "May 2025"}
    assert {name: fact.value for name, fact in theirs.items()} == {"heard_month": "June 2025"}
