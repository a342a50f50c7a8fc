"""Several sheets of a workbook are one import, and each row is told with its sheet."""

from __future__ import annotations

import io

import pytest

from outreach import testing
from outreach.core import importing
from outreach.core.importing import forgetting, judging
from outreach.core.importing.rows_csv import RowsCsv
from outreach.core.models import Address, Person
from outreach.core.tests.test_importing_formats import sheets

pytestmark = pytest.mark.django_db
CUSTOMERS = [
    ["First name", "Last name", "E-mail", "Phone"],
    ["Anna", "Meier", "office@acme.example", "+41446681800"],
    ["Bob", "Hill", "b@example.com"],
    ["Broken", "Cell", "nope"],
]
LEADS = [
    ["Sheet of leads"],
    ["E-mail", "Name", "Company", "Phone"],
    ["B@example.com", "Bob Hill", "Acme"],
    ["office@acme.example", "Carl Long", "Acme", "+41446681800"],
    ["dora@example.com", "Dora Day", "Acme"],
    ["nope", "Other Cell", ""],
]


@pytest.fixture
def report():
    workspace = testing.make_workspace()
    table = importing.read_file(sheets(Kunden=CUSTOMERS, Leads=LEADS), name="people.xlsx")
    seen = importing.preview(workspace, table)
    by, at = testing.bob(workspace), testing.WORKDAY
    report = importing.apply(workspace, table, by=by, at=at)
    assert seen.as_dict() | {"applied": True} == report.as_dict()
    again = importing.apply(workspace, table, by=by, at=at)
    assert (again.new, again.changed, again.unchanged) == (0, 0, report.new)
    return report


def test_people_of_every_sheet_come_in(report):
    assert set(Person.objects.values_list("full_name", flat=True)) == {
        "Anna Meier", "Bob Hill", "Carl Long", "Dora Day",
    }  # fmt: skip
    assert (report.counts["rows"], report.new) == (7, 4)
    assert report.encoding == "sheets Kunden, Leads"
    assert report.columns == {
        "First name": "first name", "Last name": "last name", "E-mail": "e-mail",
        "Phone": "phone", "Name": "name", "Company": "company",
    }  # fmt: skip
    assert Address.objects.filter(channel="phone").count() == 1


def test_every_row_is_told_with_its_sheet(report):
    said = report.as_dict()
    assert [(each["line"], each["sheet"]) for each in said["rows"]] == [
        (2, "Kunden"), (3, "Kunden"), (4, "Kunden"), (3, "Leads"), (4, "Leads"), (5, "Leads"),
        (6, "Leads"),
    ]  # fmt: skip
    assert [(each["line"], each["sheet"]) for each in said["errors"]] == [
        (4, "Kunden"), (3, "Leads"), (6, "Leads"),
    ]  # fmt: skip
    assert said["errors"][1]["error"] == (
        "The e-mail B@example.com is in line 3 of Kunden and in line 3 of Leads; line 3 of Kunden "
        "counts."
    )
    [carl] = [row for row in report.rows() if row.name == "Carl Long"]
    assert [(each.field, each.before) for each in carl.conflicts] == [
        ("e-mail", "with Anna Meier (line 2 of Kunden), who shares it"),
        ("phone", "belongs to line 2 of Kunden"),
    ]
    out = io.StringIO()
    RowsCsv(out)(carl)
    assert out.getvalue().splitlines()[1].startswith("4 of Leads,new,Carl Long")


def test_only_the_row_of_that_sheet_is_forgotten(report):
    def cut(found):
        mine = [each for each in found["rows"] if each["name"] == "Bob Hill"][:1]
        return {**found, "rows": [each for each in found["rows"] if each not in mine]}, mine

    left, _ = forgetting.without(report.as_dict(), cut)
    assert [each["sheet"] for each in left["rows"] if each["line"] == 3] == ["Leads"]
    assert (3, "Leads") in [(each["line"], each["sheet"]) for each in left["errors"]]


def test_batches_end_with_their_sheet(monkeypatch):
    told = []
    workspace = testing.make_workspace()
    table = importing.read_file(sheets(Kunden=CUSTOMERS, Leads=LEADS))
    monkeypatch.setattr(judging, "BATCH", 2)
    importing.preview(workspace, table, progress=lambda done, of: told.append((done, of)))
    assert told == [(2, 7), (3, 7), (5, 7), (7, 7)]
