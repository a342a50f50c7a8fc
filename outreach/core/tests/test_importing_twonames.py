"""Two columns of names that name two: the import asks which is the person, and guesses nothing."""

from __future__ import annotations

import pytest

from outreach.core.importing import BadFile, read_file
from outreach.core.importing.candidates import Reader
from outreach.core.importing.choices import Choices
from outreach.core.importing.source import BadHeader
from outreach.core.importing.twonames import TwoNames

CONTACTS = ["Ansprechpartner", "Contact person", "Contact name", "Kontaktperson", "Interlocuteur",
            "Persona de contacto", "Contatto", "Contactpersoon", "Osoba kontaktowa",
            "Контактное лицо", "Pessoa de contato", "Kapcsolattartó"]  # fmt: skip

SPELT = ["File as", "Formatted name", "Saved name", "Public name", "Push name"]


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


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("Vorname,Ansprechpartner\nEva,Peter Muster", "'Vorname' and another in 'Ansprechpartner'"),
        ("Nachname,Ansprechpartner\nFrei,Peter Muster", "'Nachname' and another in 'Ansprech"),
        ("Name,Kontakt,Ansprechpartner\n,Eva Frei,Peter Muster", "'Kontakt' and another in 'Ans"),
        ("Nombre,Apellido,Persona de contacto\nEva,Frei,Peter Muster", "'Apellido' and another"),
    ],
)  # fmt: skip
def test_it_asks_beside_one_part_of_a_name_and_of_two_contacts(table, columns):
    with pytest.raises(BadFile, match=columns):
        read_file(f"{table}\n".encode())


def looked_at(header, columns, *rows, mapping=None):
    names = TwoNames(header, columns, mapping)
    for line, cells in enumerate(rows, 2):
        names.look(line, cells)
    return names.found


def test_the_first_row_is_asked_of_and_a_short_one_is_passed_over():
    header, columns = ["Name", "Kontakt"], {"full_name": (0, 1)}
    rows = [["Muster GmbH"], ["Eva", "Eva Frei"], ["Muster GmbH", "Peter"], ["Haus AG", "Urs"]]
    assert looked_at(header, columns, *rows) == (4, "Name", "Kontakt")
    header = ["Ansprechpartner", "First", "Last", "Name"]
    columns = {"full_name": (0, 3), "first_name": (1,), "last_name": (2,)}
    assert looked_at(header, columns, ["Peter", "Eva", "Frei"]) == (2, "Last", "Ansprechpartner")
    assert looked_at(header, {"email": (0,)}, ["a@b.example"]) is None


def test_of_several_columns_of_a_part_the_first_is_its_name():
    header = ["First", "First 2", "Last", "Last 2", "Kontakt"]
    columns = {"first_name": (0, 1), "last_name": (2, 3), "full_name": (4,)}
    row = ["Eva", "Maria", "Frei", "Kurz", "Eva Frei Lang"]
    assert looked_at(header, columns, row) is None


@pytest.mark.parametrize("said", ["Kontakt", "2"])
def test_what_somebody_said_of_a_column_is_no_question(said):
    header, columns = ["Name", "Kontakt"], {"full_name": (0, 1)}
    row = ["Muster GmbH", "Peter"]
    assert looked_at(header, columns, row, mapping={said: "full_name"}) is None
    assert looked_at(header, columns, row, mapping={"3": "full_name"}) is not None


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
        text("Ansprechpartner", who="-"),
        text("Ansprechpartner", who='"Muster,GmbH"'),
        b"Vorname,Nachname,Ansprechpartner\nEva,Frei,Eva Frei\n",
        b"Vorname,Ansprechpartner\nEva,Eva Frei\n",
        *(f"Full name,{each},Email\nUrs Frei,uf,urs@haus.example\n".encode() for each in SPELT),
        b"Saved name,Public name,Phone\nUrs,ursli_99,+41446681800\n",
        b"Full name,Display name,Email\nUrs Frei,uf,urs@haus.example\n",
        b"First name,Last name,Full name,Email\nJim,Smith,James Smith,j@haus.example\n",
        b"Company,Contact,Email\nMuster GmbH,Peter Muster,peter@muster.example\n",
    ],
)
def test_one_name_asks_nothing(table):
    assert read_file(table).rows == 1
