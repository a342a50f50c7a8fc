"""A column of addresses whose word nobody knows is told of: it may be theirs, or another's."""

from __future__ import annotations

import pytest

from outreach.core.importing import read_file
from outreach.core.tests.test_importing_formats import sheets

HEAD = "Kontaktperson,Mailkontakt,Arbeitgeber"


def notices(text, **options):
    content = text if isinstance(text, bytes) else text.encode()
    return read_file(content, name="people.csv", **options).notices


def test_a_column_of_mailboxes_that_is_not_read_is_named():
    (said,) = notices(f"{HEAD}\nUrs Frei,urs.frei@haus.example,Haus\nEva Frei,,Haus\n")
    assert said == (
        "The column 'Mailkontakt' holds e-mail addresses and is not read. If they are theirs, say "
        "that the column means e-mail, or rename it to Email and import the file again."
    )


def test_a_column_of_numbers_that_is_not_read_is_named():
    (said,) = notices("Name,Email,Nummer\nUrs Frei,u@haus.example,+41 44 555 01 02\n")
    assert "'Nummer' holds phone numbers and is not read" in said
    assert "means phone, or rename it to Phone" in said


def test_a_sheet_is_looked_at_too():
    (said,) = notices(sheets(People=[HEAD.split(","), ["Urs Frei", "u@haus.example", "Haus"]]))
    assert "'Mailkontakt' holds e-mail" in said


@pytest.mark.parametrize(
    ("text", "mapping"),
    [
        # Somebody's own address was found: whoever keeps the contact is not theirs.
        ("Name,Email,Owner\nUrs Frei,u@haus.example,keeper@us.example\n", None),
        # A mailbox in passing.
        (f"{HEAD}\nUrs Frei,ask u@haus.example,Haus\n", None),
        (f"{HEAD}\nUrs Frei,u@haus.example,Haus\nA B,none,X\nC D,none,X\n", None),
        # Customers' numbers and dates are no phone numbers.
        ("Name,Email,Code\nUrs Frei,u@haus.example,20231115001\n", None),
        # Somebody has said what the column means.
        (f"{HEAD}\nUrs Frei,u@haus.example,Haus\n", {"Mailkontakt": "-"}),
        (f"{HEAD}\nUrs Frei,u@haus.example,Haus\n", {"2": "-"}),
        (f"{HEAD}\nUrs Frei,u@haus.example,Haus\n", {"mailkontakt": "email"}),
    ],
)
def test_nothing_is_said_of_what_is_none_or_was_settled(text, mapping):
    assert notices(text, mapping=mapping) == ()
