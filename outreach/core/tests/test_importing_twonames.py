"""Two columns of names that name two: the import asks which is the person, and guesses nothing."""

from __future__ import annotations

import pytest

from outreach.core.importing import BadFile, read_file
from outreach.core.importing.candidates import Reader
from outreach.core.importing.choices import Choices
from outreach.core.importing.source import BadHeader

CONTACTS = ["Ansprechpartner", "Contact person", "Contact name", "Kontaktperson", "Interlocuteur",
            "Persona de contacto", "Contatto", "Contactpersoon", "Osoba kontaktowa",
            "Контактное лицо", "Pessoa de contato", "Kapcsolattartó"]  # fmt: skip


def text(contact, name="Name", who="Peter Muster"):
    return f"{name},Email,{contact}\nMuster GmbH,peter@muster.example,{who}\n".encode()


def person(content, **options):
    table = read_file(content, **options)
    (found,) = [Reader(table, Choices()).read(record) for record in table.records()]
    return found


@pytest.mark.parametrize("contact", CONTACTS)
def test_the_import_asks_who_is_the_person(contact):
    with pytest.raises(BadHeader) as caught:
        read_file(text(contact), name="k.csv")
    assert str(caught.value).startswith(
        f"Line 2 of k.csv has one name in the column 'Name' and another in {contact!r}, and both "
        "are read as the name of the person. Say with --map or on the import's page"
    )


@pytest.mark.parametrize("name", ["Kunde", "Customer", "Nom", "Nombre"])
def test_it_asks_whatever_the_other_is_called(name):
    with pytest.raises(BadFile, match=r"'Kontaktperson', and both|'Kontaktperson' and"):
        read_file(text("Kontaktperson", name))


def test_it_asks_beside_a_name_in_two_columns():
    table = b"Vorname,Nachname,Email,Ansprechpartner\nEva,Frei,eva@haus.example,Peter Muster\n"
    with pytest.raises(BadFile, match="another in 'Ansprechpartner'"):
        read_file(table)


def test_the_answer_makes_the_person_the_contact():
    row = person(text("Ansprechpartner"), mapping={"Name": "company"})
    assert (row.name.full, row.company) == ("Peter Muster", "Muster GmbH")
    row = person(text("Ansprechpartner"), mapping={"Ansprechpartner": "-"})
    assert row.name.full == "Muster GmbH"


@pytest.mark.parametrize(
    "table",
    [
        text("Ansprechpartner", who=""),
        text("Ansprechpartner", who="GmbH, Muster"),
        b"Saved name,Public name,Phone\nUrs,ursli_99,+41446681800\n",
        b"Full name,Display name,Email\nUrs Frei,uf,urs@haus.example\n",
        b"First name,Last name,Full name,Email\nJim,Smith,James Smith,j@haus.example\n",
        b"Company,Contact,Email\nMuster GmbH,Peter Muster,peter@muster.example\n",
    ],
)
def test_one_name_asks_nothing(table):
    assert read_file(table).rows == 1
