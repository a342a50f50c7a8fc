"""A free note that refuses: whoever brought the list is asked, and the row never slips through."""

from __future__ import annotations

import pytest

from outreach import testing
from outreach.core import importing, suppression
from outreach.core.importing import read_file
from outreach.core.importing.refusals import Refusals
from outreach.core.importing.rows_csv import RowsCsv
from outreach.core.importing.table import Unanswered
from outreach.core.tests.test_importing_formats import sheets

AT = testing.WORKDAY
LIST = (
    "Name;E-Mail;Bemerkung\nAnna Meier;anna@haus.example;nett\nUrs Frei;urs@haus.example;verdreht\n"
    "Björn Ås;bjorn@haus.example;bitte nicht mehr anschreiben\nEva Lang;eva@haus.example;\n"
)


@pytest.fixture
def workspace(db):
    return testing.make_workspace()


def closed(workspace):
    names = ("anna", "urs", "bjorn", "eva")
    return [
        name
        for name in names
        if suppression.is_suppressed(workspace, "email", f"{name}@haus.example")
    ]


def test_a_note_that_refuses_closes_its_row_where_somebody_said_they_are_notes(workspace):
    table = read_file(LIST.encode(), name="k.csv", mapping={"Bemerkung": "notes"})
    seen = importing.preview(workspace, table)
    done = importing.apply(workspace, table, by=testing.bob(workspace), at=AT)
    for report in (seen, done):
        told = {row.name: row.suppressed for row in report.rows() if row.suppressed}
        assert told == {"Björn Ås": "Bemerkung: bitte nicht mehr anschreiben"}
        assert report.suppressions == {"Bemerkung": 1}
    assert closed(workspace) == ["bjorn"]


@pytest.mark.parametrize(
    "note",
    ["abgemeldet", "VIP, unsubscribed", "Bitte nicht anschreiben!", "Rief an. Keine Werbung mehr."],
)
def test_a_part_of_a_note_is_enough(workspace, note):
    text = LIST.replace("verdreht", note).replace("bitte nicht mehr anschreiben", "")
    table = read_file(text.encode(), name="k.csv", mapping={"Bemerkung": "notes"})
    importing.apply(workspace, table, by=testing.bob(workspace), at=AT)
    assert closed(workspace) == ["urs"]


def test_the_report_by_row_says_it(workspace, tmp_path):
    table = read_file(LIST.encode(), name="k.csv", mapping={"3": "notes"})
    with (tmp_path / "rows.csv").open("w+") as out:
        importing.preview(workspace, table, on_row=RowsCsv(out))
        out.seek(0)
        said = [line for line in out if "bitte nicht mehr anschreiben" in line.rpartition(",")[2]]
    assert len(said) == 1 and "Björn" in said[0]


def test_the_note_of_a_card_closes_its_addresses(workspace):
    lines = ["VERSION:3.0", "FN:Eva Lang", "EMAIL:eva@haus.example", "NOTE:abgemeldet"]
    card = "\n".join(["BEGIN:VCARD", *lines, "END:VCARD", ""])
    importing.apply(workspace, read_file(card.encode()), by=testing.bob(workspace), at=AT)
    assert closed(workspace) == ["eva"]


def test_whose_row_says_so_is_named_with_the_words():
    with pytest.raises(Unanswered) as caught:
        read_file(LIST.encode(), name="k.csv")
    said = ["line 4, Björn Ås: “bitte nicht mehr anschreiben” (Bemerkung)"]
    assert [str(each) for each in caught.value.heard] == said
    assert "says 'bitte nicht mehr anschreiben'" in str(caught.value)
    assert "Björn" not in str(caught.value)  # the sentence is kept and logged, a name is not


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (";eva@haus.example;;stop", "line 2, eva@haus.example: “stop” (Notiz)"),
        ("Eva;eva@haus.example;Lang;VIP, stop", "line 2, Eva Lang: “VIP, stop” (Notiz)"),
    ],
)
def test_somebody_is_told_by_name_or_address(row, told):
    with pytest.raises(Unanswered) as caught:
        read_file(f"Vorname;E-Mail;Nachname;Notiz\n{row}\nA;a@b.example;C;\n".encode())
    assert [str(each) for each in caught.value.heard] == [told]


def test_the_first_rows_are_told_with_their_sheet():
    rows = [[f"P {n}", f"p{n}@haus.example", "stop"] for n in range(12)]
    one = [["Name", "Email"], ["Urs Frei", "urs@haus.example"]]
    with pytest.raises(Unanswered) as caught:
        read_file(sheets(One=one, Two=[["Name", "Email", "Notes"], *rows]), name="k.xlsx")
    heard = caught.value.heard
    assert len(heard) == 10
    assert str(heard[9]) == "line 11 of Two, P 9: “stop” (Notes)"


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ("Bemerkung", "the column 'Bemerkung', which is read as notes"),
        ("Kundenstatus", "the column 'Kundenstatus', which nobody reads"),
    ],
)
def test_what_a_column_was_found_to_mean_is_said_as_the_page_says_it(column, told):
    with pytest.raises(Unanswered, match=told):
        read_file(LIST.replace("Bemerkung", column).encode())


def test_of_free_text_said_to_mean_opted_out_only_what_refuses_closes(workspace):
    text = LIST + "Ida Roth;ida@haus.example;ja\nJan Ott;jan@haus.example;nein\n"
    table = read_file(text.encode(), name="k.csv", mapping={"Bemerkung": "opted_out"})
    seen = importing.preview(workspace, table)
    importing.apply(workspace, table, by=testing.bob(workspace), at=AT)
    assert [row.name for row in seen.rows() if row.suppressed] == ["Björn Ås", "Ida Roth"]
    assert closed(workspace) == ["bjorn"]
    told = next(each for each in seen.notices if each.startswith("Bemerkung is free text"))
    assert "'nett' (1 row), 'verdreht' (1 row)" in told
    assert "'nein'" not in told


@pytest.mark.parametrize(
    ("cell", "is_closed"),
    [
        ("yes", True), ("x", True), ("3.5.2024", True), ("Abgelehnt", True), ("nett", False),
        ("Möchte nicht mehr angeschrieben werden, siehe Brief vom letzten Herbst 2023", True),
        ("Sie hat sich beschwert und will nicht mehr, dass wir ihr Mails senden", True),
        ("He said: please do not contact him any more, he has had enough of it", True),
        ("ne plus écrire", True), ("先月に配信停止を希望", True), ("nicht so nett", False),
        ("Kontakt über Anna", False), ("ruft gern an", False), ("stoppt oft", False), ("?", False),
    ],
)  # fmt: skip
def test_a_cell_of_free_text(cell, is_closed):
    refusals = Refusals({"opted_out": (0,)}, ["Bemerkung"])
    assert bool(refusals.read([cell])) == is_closed
    assert bool(Refusals({"opted_out": (0,)}, ["Abgemeldet"]).read([cell]))  # as ever


@pytest.mark.parametrize("field", ["position", "company", "do_not_call", "opted_in"])
def test_notes_said_to_be_another_fact_are_heard_too(workspace, field):
    table = read_file(LIST.encode(), name="k.csv", mapping={"Bemerkung": field})
    importing.apply(workspace, table, by=testing.bob(workspace), at=AT)
    assert "bjorn" in closed(workspace)


def test_notes_said_to_mean_nothing_are_not_read(workspace):
    table = read_file(LIST.encode(), name="k.csv", mapping={"Bemerkung": "-"})
    importing.apply(workspace, table, by=testing.bob(workspace), at=AT)
    assert closed(workspace) == []
