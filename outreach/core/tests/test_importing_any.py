"""Whatever the bytes: they import or give one clear error; rows add up; twice writes nothing."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import HealthCheck, example, given, reject, settings
from hypothesis import strategies as st

from outreach import testing
from outreach.core import importing
from outreach.core.importing import BadFile, judging, read_file
from outreach.core.importing.table import Unanswered
from outreach.core.models import Account, Activity, Address, Person

pytestmark = pytest.mark.django_db
SLOW = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
HEADERS = [
    "First Name,Last Name,URL,Email Address,Company,Position,Connected On",
    "Name,Email,Phone,Company,Time zone,Country,Notes",
    "Vorname;Nachname;E-Mail;Firma;Telefon;Land;Notizen",
]
WORDS = st.sampled_from(
    ["", "", "Anna", "Meier", "a@example.com", "A@EXAMPLE.com", "b@example.org", "ACME", "acme.",
     "Anna Meier", "Bob Hill", "Robert Hill", "office@example.com",
     "https://www.linkedin.com/in/anna", "linkedin.com/in/bob/", "+41446681800", "15 Nov 2023",
     "Europe/Zurich", "CH", "=1+1", "🚀", "x" * 450, "a\nb", 'say "hi"', "\u202eabc"]
)  # fmt: skip
CELLS = st.one_of(WORDS, WORDS, WORDS, st.text(max_size=12).filter(lambda text: "\0" not in text))
BYTES = st.one_of(
    st.binary(max_size=300),
    st.builds(
        lambda head, tail: head.encode() + b"\n" + tail,
        st.sampled_from(HEADERS),
        st.binary(max_size=200),
    ),
    st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
)


@st.composite
def files(draw):
    """A file with a known header and up to twelve rows of anything."""
    header = draw(st.sampled_from(HEADERS))
    mark = ";" if ";" in header else ","
    width = len(header.split(mark))
    out = io.StringIO()
    writer = csv.writer(out, delimiter=mark)
    writer.writerows(draw(st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1,
                                   max_size=12)))  # fmt: skip
    codec = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
    return f"{header}\r\n{out.getvalue()}".encode(codec, "replace")


def read(content: bytes, name: str = ""):
    """The table of a file of which nobody has to say first what a column means."""
    try:
        return read_file(content, name=name) if name else read_file(content)
    except Unanswered:
        reject()


def stored():
    return [
        list(model.objects.order_by("pk").values())
        for model in (Person, Address, Account, Activity)
    ]


@SLOW
@given(BYTES)
@example(f"{HEADERS[1]}\nAnna,a@example.com,,,,,OPTEDOUT".encode())
def test_any_bytes_import_or_give_one_clear_error(content):
    try:
        table = read_file(content, name="people.csv")
    except BadFile as error:
        assert "people.csv" in str(error) and "\n" not in str(error)
        return
    report = importing.preview(testing.make_workspace(), table)
    assert report.counts["rows"] == table.rows


@SLOW
@given(files(), st.sampled_from([1, 2, 5, 2_000]))
def test_rows_add_up_and_a_second_import_writes_nothing(content, batch):
    workspace = testing.make_workspace()
    by = testing.bob(workspace)
    for model in (Address, Person, Account):
        model.objects.all().delete()
    table = read(content, name="people.csv")
    seen = importing.preview(workspace, table)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judging, "BATCH", batch)
        report = importing.apply(workspace, table, by=by, at=testing.WORKDAY)
    assert seen.as_dict() | {"applied": not report.is_refused} == report.as_dict()
    assert report.counts["rows"] == sum(
        report.counts[each] for each in ("new", "changed", "unchanged", "skipped")
    )
    assert Person.objects.count() == report.counts["new"]
    before = stored()
    again = importing.apply(workspace, read(content), by=by, at=testing.WORKDAY)
    assert (again.counts["new"], again.counts["changed"]) == (0, 0)
    assert again.counts["unchanged"] == report.counts["new"]
    assert stored() == before


@SLOW
@given(files(), files(), st.sampled_from([1, 3, 2_000]))
def test_a_second_file_is_previewed_as_it_is_applied_and_then_adds_nothing(first, other, batch):
    workspace = testing.make_workspace()
    by = testing.bob(workspace)
    for model in (Address, Person, Account):
        model.objects.all().delete()
    importing.apply(workspace, read(first), by=by, at=testing.WORKDAY)
    people = Person.objects.count()
    seen = importing.preview(workspace, read(other))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judging, "BATCH", batch)
        report = importing.apply(workspace, read(other), by=by, at=testing.WORKDAY)
    assert seen.as_dict() | {"applied": not report.is_refused} == report.as_dict()
    assert Person.objects.count() == people + report.new
    before = stored()
    again = importing.apply(workspace, read(other), by=by, at=testing.WORKDAY)
    assert (again.new, again.changed) == (0, 0)
    assert stored() == before
