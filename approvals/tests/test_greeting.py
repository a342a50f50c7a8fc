"""Whom a text greets: another name than the person's, and whatever is no name at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from approvals import bulk, greeting
from outreach import testing
from outreach.core.models import Account, Person
from outreach.testing import WORKDAY

NADIA = "Nadia Karim"
MAIL = (
    (Path(__file__).parents[2] / "safety/contract/tests/business_mail.txt")
    .read_text("utf-8")
    .splitlines()
)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("Hi Priya,", "Priya"),
        ("\n\n  Hello Priya\n\nNadia asked", "Priya"),
        ("Hi, Priya!", "Priya"),
        ("Hi again, Priya,", "Priya"),
        ("Hi 👋 Priya, thanks for the list", "Priya"),
        ("**Hi Priya**,", "Priya"),
        ("Hey there Priya - thanks for the list", "Priya"),
        ("Hi Priya. Here is the list.", "Priya"),
        ("Hi Priya thanks for the list", "Priya"),
        ("Hi Priya looking forward to the demo", "Priya"),
        ("Hi Priya Sharma could you send me the list", "Priya Sharma"),
        ("Hi Thomas are we still on for Monday?", "Thomas"),
        ("Hi Priya *looking* forward to the demo", "Priya"),
        ("Hello dear Priya looking forward to the demo", "Priya"),
        ("Hi Priya let's meet on Monday", "Priya"),
        ("Hallo Priya könntest du mir die Liste schicken?", "Priya"),
        ("Hi Priya, Nadia asked me to write.", "Priya"),
        ("HELLO PRIYA,", "PRIYA"),
        ("Dear Mr. Johnson:", "Johnson"),
        ("Dear Prof. Dr. van der Berg,", "Berg"),
        ("Dear J. Smith,", "J. Smith"),
        ("Good morning Priya Sharma,", "Priya Sharma"),
        ("Dear Sam and Alex,", "Sam and Alex"),
        ("Dear O'Neill,", "O'Neill"),
        ("Dear JP,", "JP"),
        ("Hallo Priya,", "Priya"),
        ("Liebe(r) Priya,", "Priya"),
        ("Liebe Familie Meier,", "Meier"),
        ("Sehr geehrte Frau Dr. Müller,", "Müller"),
        ("Sehr geehrter Herr Professor Meier!", "Meier"),
        ("Guten Tag Herr Meier,", "Meier"),
        ("Bonjour Madame Dupont,", "Dupont"),
        ("Chère Élodie,", "Élodie"),
        ("Hola, Íñigo:", "Íñigo"),
        ("Estimado Sr. López:", "López"),
        ("Gentile Dott.ssa Rossi,", "Rossi"),
        ("Buongiorno Marco,", "Marco"),
        ("Olá João,", "João"),
        ("Prezada Sra. Souza,", "Souza"),
        ("Beste Pieter,", "Pieter"),
        ("Geachte heer Jansen,", "Jansen"),
        ("Hi, Priya", "Priya"),
        ("Hi, Priya.", "Priya"),
        ("Hi, Priya: here is the list", "Priya"),
        ("Hi, Priya - thanks for the list", "Priya"),
        ("Hi, Priya -- thanks for the list", "Priya"),
        ("Hi, Priya – thanks for the list", "Priya"),
        ("Hi, Priya — thanks for the list", "Priya"),
        ("Hi Priya & Sam,", "Priya & Sam"),
        ("Dear Prof. Johnson, Nadia asked me to write.", "Johnson"),
        ("Hello my dear Priya,", "Priya"),
        ("Hello to our Priya,", "Priya"),
        ("Bonjour mon cher Luc,", "Luc"),
        ("Bonjour ma chère Anne,", "Anne"),
        ("Bonjour ma chere Anne,", "Anne"),
        ("Hola mi querida Ana,", "Ana"),
        ("Hallo mein lieber Jan,", "Jan"),
        ("Hallo meine liebe Eva,", "Eva"),
        ("Ciao caro Marco,", "Marco"),
        ("Ciao cara Anna,", "Anna"),
        ("Hallo, sehr geehrte Frau Meier,", "Meier"),
        ("Dear Ana Bea Cleo Dora Eva Fay Gina,", "Ana Bea Cleo Dora Eva Fay"),
    ],
)
def test_somebody_elses_name_is_told(line, name):
    assert greeting.other_name(line, NADIA) == name


@pytest.mark.parametrize(
    "line",
    [
        "", "Hi,", "Hello!", "Hi there,", "Hi There,", "Hi all,", "Dear All", "Dear team,",
        "Dear Sir or Madam,", "Hi both,", "Hello everyone,", "Dear Friends and Colleagues,",
        "Dear Hiring Manager,", "Dear Harbour Bakery team,", "Dear Valued Customer,",
        "Hi Sam and team,", "hi priya,", "Good morning,", "Good morning! Priya is away.",
        "Hallo zusammen,", "Sehr geehrte Damen und Herren,", "Liebe Kolleginnen und Kollegen,",
        "Liebe Grüße aus Berlin", "Hallo ihr Lieben,", "Bonjour à tous,", "Bonjour,",
        "Chers collègues,", "Hola a todos:", "Ciao a tutti,", "Prezados Senhores,",
        "Cari amici,", "Beste collega's,", "Geachte heer, mevrouw,",
        "Hello, Here is the list.", "Hello, Thank you for the list", "Hi Just a short note",
        "Hello I wanted to ask", "Hello again from the north", "Hi. The list is here.",
        "Hi Customs ask for the origin of the screws", "Hello DHL says they were delivered",
        "Hi Servers will be down on Sunday", "Hello Marta is back from leave on Monday",
        "Dear Dr. Patel has named you as a referee", "Hi Don't let the rain stop you",
        "Hi Don’t let the rain stop you", "Hi Ask me on Monday", "Hi Offers to buyers are attached",
        "Hello Customs of Rotterdam asked for it", "Hi Servers on the third floor are down",
        "Hi Servers are down on Sunday", "Hi Servers are", "Hello Marta iPhone with two cameras",
        "Hello. Customs asked for it.", "Hi Unit 3 has stopped", "Hello. Dr. Patel has named you.",
        "Hello eBay has answered", "Dear Team, Priya.", "Hi... Priya is away",
        "Dear Sir, Priya is away.",
        "Dear {{ greeting_name }},", "Dear Professor,", "Dear Mr President,", "Hi 1234,",
        "Priya asked me to write.", "Highland Farms sent it.", "The list for Priya, as agreed.",
        "Hi Nadia,", "Hi Nadia Karim,", "Dear Ms. Karim,", "Sehr geehrte Frau Dr. Karim,",
        "Dear N. Karim,", "Dear NK,", "Dear N.,", "Hi nadia,", "HI NADIA,", "Hi Nádia,",
        "Liebe Priya, liebe Nadia,", "Hi Sam, Alex and Nadia,", "Hi Nadia/Priya,",
        "Hi Priya & Nadia - thanks", "Hallo liebe Nadia,", "Dear Karim, Nadia:",
    ],
)  # fmt: skip
def test_their_own_name_or_none_is_no_matter(line):
    assert greeting.other_name(line, NADIA) == ""


@pytest.mark.parametrize(
    ("line", "full_name", "company"),
    [
        ("Dear Harbour Bakery,", NADIA, "Harbour Bakery Ltd."),
        ("Dear Priya,", "nadia@example.com", ""),
        ("Dear Priya,", "+44 7911 123456", ""),
        ("Dear Priya,", "Harbour Bakery", "Harbour Bakery"),
        ("Dear Priya,", "Harbour Bakery GmbH", ""),
        ("Dear Priya,", "", ""),
        ("Dear Priya,", "Dr.", ""),
        ("Hi Bob,", "Robert Smith", ""),
        ("Hi Chris,", "Christina Smith", ""),
        ("Hi Lou,", "Maria (Lou) Smith", ""),
        ("Dear John,", "J. Smith", ""),
        ("Dear Ms Kumar,", "Nadia K.", ""),
        ("Dear Mr Müller,", "Jan Mueller", ""),
        ("Dear Søren,", "Soren Øst", ""),
        ("Dear Jean,", "Jean-Luc Martin", ""),
        ("Dear Jean-Luc,", "Martin, Jean Luc", ""),
        ("Dear Señora de la Cruz,", "Ana de la Cruz", ""),
        ("Dear D’Arcy,", "Fitz D'Arcy", ""),
        ("Hi Ben,", "Ben Okri", ""),
        ("Dear Надя,", "Надя Карим", ""),
        ("Dear 王伟先生,", "王伟", ""),
        ("Dear Nadia,", "Надя Карим", ""),
        ("Dear Wei,", "王伟", ""),
        ("Dear 王伟先生,", "王伟 Wei", ""),
        ("Hi Bo,", "Bo Ek", ""),
    ],
)
def test_what_may_be_the_person_is_not_told(line, full_name, company):
    assert greeting.other_name(line, full_name, company) == ""


@pytest.mark.parametrize(
    ("line", "full_name", "name"),
    [
        ("Dear Ольга,", "Надя Карим", "Ольга"),
        ("Dear 李娜,", "王伟", "李娜"),
        ("Dear de la Paz,", "Ana de la Cruz", "Paz"),
        ("Hi Jan,", "Ben Okri", "Jan"),
        ("Dear Ms Kumar,", "Nadia Maria K.", "Kumar"),  # a name in full is asked before an initial
    ],
)
def test_other_names_are_compared_as_they_are(line, full_name, name):
    assert greeting.other_name(line, full_name) == name


@pytest.mark.parametrize(
    "greeting_line", ["", "Hello. ", "Hello, ", "Good morning! ", "Hi Nadia - "]
)
def test_no_ordinary_letter_greets_somebody_else(greeting_line):
    for line in MAIL:
        text = line.partition(" | ")[2]
        assert greeting.other_name(f"{greeting_line}{text}", NADIA) == "", line


def test_hardly_any_letter_greets_somebody_else_where_no_sign_parts_the_greeting_from_it():
    lines = [line.partition(" | ")[2] for line in MAIL]
    told = [line for line in lines if greeting.other_name(f"Hi {line}", NADIA)]
    assert len(told) <= 3, told  # such as "Hi Open the calendar": a person sees that


FIRM, MILL = Account(name="Harbour Bakery"), Account(name="Mill House")
ROSA = Person(full_name="Rosa Diaz", former_names=["Rosa Haddad"], account=FIRM)


@pytest.mark.parametrize(
    ("known", "text", "name"),
    [
        ({"full_name": NADIA}, "Hi Priya,", "Priya"),
        ({"full_name": NADIA}, "Hi Nadia,", ""),
        ({"full_name": NADIA}, "Dear Harbour Bakery,", "Harbour Bakery"),
        ({"full_name": NADIA, "account": FIRM}, "Dear Harbour Bakery,", ""),
        ({"full_name": NADIA, "account": FIRM}, "Hi Priya,", "Priya"),
        ({"full_name": "Karim", "first_name": "Nadia"}, "Hi Nadia,", ""),
        ({"full_name": "Nadia", "last_name": "Karim"}, "Dear Ms Karim,", ""),
        ({"full_name": NADIA, "greeting_name": "Bee"}, "Hi Bee,", ""),
        ({"full_name": NADIA, "former_names": ["Nadia Haddad"]}, "Dear Ms Haddad,", ""),
        ({"full_name": NADIA, "former_names": ["Nadia Haddad"]}, "Hi Priya,", "Priya"),
        ({"full_name": NADIA, "merged_into": ROSA}, "Hi Rosa,", ""),
        ({"full_name": NADIA, "merged_into": ROSA}, "Dear Ms Haddad,", ""),
        ({"full_name": NADIA, "merged_into": ROSA}, "Dear Harbour Bakery,", ""),
        ({"full_name": NADIA, "account": MILL, "merged_into": ROSA}, "Dear Harbour Bakery,", ""),
        ({"full_name": NADIA, "merged_into": ROSA}, "Hi Nadia,", ""),
        ({"full_name": NADIA, "merged_into": ROSA}, "Hi Priya,", "Priya"),
    ],
)
def test_every_name_that_we_have_of_them_is_theirs(known, text, name):
    person = Person(**known)
    assert greeting.of(person, text) == name
    said = f"Greets {name}, but goes to {person.full_name}." if name else ""
    assert greeting.warning(person, text) == said


@pytest.mark.django_db
def test_a_reviewer_reads_it_no_rule_approves_it_and_it_is_not_approved_among_others():
    nadia = testing.make_person(name=NADIA, former_names=["Nadia Haddad"])
    item = testing.make_pending(nadia, text="Hi Priya,\n\nThe minutes are attached.", confidence=95)
    assert item.get_priority_display() == "high"
    assert "greets somebody else by name" in item.priority_reasons
    item.priority = 0  # as of one that waited when nobody asked this
    assert bulk.why_not(item, at=WORKDAY) == "it greets Priya"
    client = Client()
    client.force_login(testing.alice().user)
    page = client.get(reverse("admin:approvals_approval_change", args=[item.pk])).content.decode()
    assert "Greets Priya, but goes to Nadia Karim." in page
    assert greeting.of(nadia, "Dear Ms Haddad,") == ""
