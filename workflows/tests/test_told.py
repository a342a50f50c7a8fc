"""What pages and scripts tell: days of our own clock, a company once and only where it is one."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from outreach.core.models import Account, Contact, Person
from outreach.core.models.contacts import Direction
from workflows import dossier, engine, pages, recipients, roles, scoring, scripts, windows
from workflows.drafting import facts as known
from workflows.models import Artifact, ResearchSnapshot
from workflows.tests import making
from workflows.tests.making import Clock

pytestmark = pytest.mark.django_db
LATE = datetime(2025, 3, 4, 23, 30, tzinfo=UTC)  # 5 March in Tokyo


@pytest.fixture
def place():
    where = making.place()
    where.time_zone = "Asia/Tokyo"
    where.save()
    making.people(where, 2)
    return where


def person_at(place, company: str, position: str) -> Person:
    person = Person.objects.filter(workspace=place).first()
    person.account = Account.objects.create(workspace=place, name=company, key=company.casefold())
    person.position = position
    person.save()
    return person


@pytest.mark.parametrize(
    ("position", "told"),
    [
        ("Head of Data at Foo GmbH, Foo GmbH", "Head of Data, Foo GmbH"),
        ("CTO bei Foo", "CTO, Foo GmbH"),
        ("Head of Foo", "Head of Foo"),
        ("", "Foo GmbH"),
        ("Retired", "Retired, Foo GmbH"),
    ],
)
def test_a_company_stands_once_beside_a_position(place, position, told):
    assert pages.work_of(person_at(place, "Foo GmbH", position)) == told


def test_nobody_works_nowhere():
    assert pages.work_of(None) == ""
    assert pages.work_of(Person(position="CFO")) == "CFO"


def test_days_are_those_of_the_workspace(place):
    person = person_at(place, "Foo GmbH", "CFO")
    Contact.objects.create(
        workspace=place, human=person, channel="email", direction=Direction.IN, at=LATE
    )
    found = dossier.of_accounts(place, [person.account_id], at=LATE)[person.account_id]
    assert found["people"][0]["last_at"] == "2025-03-05"
    assert found["summary"][-1].endswith(
        "1 of them, and 1 wrote to us; the last is from 2025-03-05."
    )
    recipient = recipients.load([person.pk])[person.pk]
    script = scripts.of(recipient, place, {}, goal="", at=LATE)
    assert any("the last on 2025-03-05" in line for line in script["about_them"])


def test_research_looks_at_companies_only_unless_one_is_named(place):
    person_at(place, "Self-employed", "CFO")
    engine.work(making.run(place, "account_research").pk, clock=Clock())
    names = set(ResearchSnapshot.objects.values_list("account__name", flat=True))
    assert names and "Self-employed" not in names
    engine.work(making.run(place, "account_research", account="Self-employed").pk, clock=Clock())
    assert ResearchSnapshot.objects.filter(account__name="Self-employed").count() == 1


def test_a_window_that_ends_tomorrow_says_so():
    at = datetime(2025, 3, 4, 2, tzinfo=UTC)
    found = windows.next_window(at, zone="America/New_York", our_zone="Asia/Tokyo")
    assert found.sentence("Asia/Tokyo").startswith("23:00–08:00 (next day) our time")
    assert "next day" not in windows.next_window(at, zone="Asia/Seoul").sentence("Asia/Seoul")


def test_one_month_is_one_month():
    subject = scoring.Subject("", roles.Role(), "", date(2025, 2, 1))
    found = scoring.judge(subject, scoring.Wanted(), {"recency": 1}, today=date(2025, 3, 1))
    assert found.parts[0].why == "connected 1 month ago"


def test_who_leads_the_company_is_not_said_to_run_it_as_well():
    assert roles.told(roles.classify("CEO")) == "in the leadership of the company"
    assert roles.told(roles.classify("Head of Sales")) == "leads a department, sales"


@pytest.mark.parametrize(
    ("company", "position", "roles_asked", "companies_asked"),
    [
        ("JONES BROTHERS CORPORATION", "SALES DIRECTOR", "sales", "jones brothers"),
        ("株式会社トヨタ", "代表取締役社長", "社長", "トヨタ"),
        ("บริษัท ไทยเบฟ", "ผู้จัดการฝ่ายขาย", "ฝ่ายขาย", "เบฟ"),
    ],
)
def test_a_shortlist_finds_what_is_on_file_though_no_letter_says_it(
    place, company, position, roles_asked, companies_asked
):
    person = person_at(place, company, position)
    engine.work(
        making.run(
            place, "prospect_shortlist", roles=roles_asked, companies=companies_asked
        ).pk,
        clock=Clock(),
    )  # fmt: skip
    entries = Artifact.objects.get().data["entries"]
    parts = next(each["parts"] for each in entries if each["person"] == person.pk)
    told = {part["name"]: part["why"] for part in parts}
    assert told["role"].endswith(f"matches “{roles_asked}”")
    assert told["account_fit"] == f"{company} matches “{companies_asked}”"


def test_a_title_in_capitals_is_ranked_and_shown_to_colleagues_but_said_to_nobody(place):
    person = person_at(place, "JONES BROTHERS CORPORATION", "SALES DIRECTOR")
    found = dossier.of_accounts(place, [person.account_id], at=LATE)[person.account_id]
    assert found["people"][0]["level"] == "leads a department"
    assert "1 of them leads the company or a department: sales director." in found["summary"]
    assert not any(gap.startswith(("Nobody known there", "No position")) for gap in found["gaps"])
    recipient = recipients.load([person.pk])[person.pk]
    facts = known.of_person(recipient.person, place, today=LATE.date())
    assert not {"position", "role", "company"} & set(facts)
    script = scripts.of(recipient, place, facts, goal="", at=LATE)
    assert script["about_them"][:3] == [
        "Position: sales director (Connections.csv)",
        "Company: JONES BROTHERS CORPORATION (Connections.csv)",
        "Role: leads a department, sales",
    ]
    assert "What they do is not known: ask." not in script["gaps"]


@pytest.mark.parametrize("position", ["OPEN TO WORK", "RETIRED DIRECTOR", "FORMER DIRECTOR"])
def test_who_left_or_looks_for_work_has_no_rank_in_capitals_either(place, position):
    assert known.title_on_file(person_at(place, "Foo GmbH", position)) == ""


@pytest.mark.parametrize(
    ("company", "said"),
    [
        ("L'Oréal S.A.", "We know 1 person at L'Oréal S.A."),
        ("Acme Inc.", "We know 1 person at Acme Inc."),
        ("Stop!", "We know 1 person at Stop!"),
        ("Foo GmbH", "We know 1 person at Foo GmbH."),
    ],
)
def test_a_sentence_about_a_company_ends_once(place, company, said):
    person = person_at(place, company, "")
    found = dossier.of_accounts(place, [person.account_id], at=LATE)[person.account_id]
    assert found["summary"][0] == said


@pytest.mark.parametrize("position", ["代表取締役社長", "Trưởng phòng Kinh doanh", ""])
def test_of_a_title_that_cannot_be_read_nothing_is_claimed(place, position):
    person = person_at(place, "Foo GmbH", position)
    found = dossier.of_accounts(place, [person.account_id], at=LATE)[person.account_id]
    assert found["gaps"][-1] == (
        "No title there tells us who leads a team or more: look at their profiles, or ask for an "
        "introduction."
    )
    assert found["people"][0]["level"] == (
        "no rank that we know in the title" if position else "no title known"
    )
