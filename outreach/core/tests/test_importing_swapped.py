"""Names the other way round at one company are suggested as one person, and never joined."""

from __future__ import annotations

import pytest

from outreach import testing
from outreach.core import importing
from outreach.core.importing import namesakes, read_file
from outreach.core.models import Duplicate, Person

pytestmark = pytest.mark.django_db
HEAD = "Nachname;Vorname;Firma;E-Mail\n"
ONE = "Müller;Jürgen;Haus AG;jm@haus.example\n"
OTHER = "Jürgen;Müller;Haus AG;mj@haus.example\n"


@pytest.fixture
def bring():
    """Import these rows as Bob; the preview before suggests the same."""
    workspace = testing.make_workspace()

    def go(rows):
        table = read_file((HEAD + rows).encode(), name="k.csv")
        seen = importing.preview(workspace, table)
        done = importing.apply(workspace, table, by=testing.bob(workspace), at=testing.WORKDAY)
        said = [row.suggestion for row in done.rows()]
        assert said == [row.suggestion for row in seen.rows()]
        return said

    return go


def suggested():
    return [{each.one.full_name, each.other.full_name} for each in Duplicate.objects.all()]


def test_in_one_file(bring):
    said = bring(ONE + OTHER)
    assert said == [
        "",
        "Perhaps the same as line 2: the company is equal, the names the other way round.",
    ]
    assert suggested() == [{"Jürgen Müller", "Müller Jürgen"}]
    assert Person.objects.count() == 2


def test_of_somebody_who_is_here(bring):
    bring(ONE)
    assert bring(OTHER) == [
        "Perhaps the same as Jürgen Müller at Haus AG, already here: the names are the other way "
        "round."
    ]
    assert suggested() == [{"Jürgen Müller", "Müller Jürgen"}]
    assert Person.objects.count() == 2
    assert bring(OTHER) == [""]  # known by their address


@pytest.mark.parametrize(
    "rows",
    [
        ONE + OTHER.replace("Haus AG", "Boot AG"),
        ONE + OTHER.replace("Haus AG", ""),
        ONE + OTHER.replace("Jürgen", ""),
        "Peter;Peter;Haus AG;a@haus.example\n" + ONE,
    ],
)
def test_others_are_not_suggested(bring, rows):
    assert bring(rows) == ["", ""]
    assert not suggested()


@pytest.mark.parametrize(
    ("there", "comes"),
    [
        ("Marchand, PhD;Élodie", "Marchand;Élodie"),
        ("Marchand;Élodie", "Marchand, M.Sc., CFA;Élodie"),
        ("Marchand MBA;Élodie", "Marchand, Jr.;Élodie"),
        ("Marchand;Dr. Élodie", "Marchand – PMP;Élodie"),
    ],
)
def test_titles_and_degrees_do_not_matter(bring, there, comes):
    there, comes = f"{there};Haus AG;em@haus.example\n", f"{comes};Haus AG;\n"
    assert bring(there) == [""]
    name = Person.objects.get().full_name
    assert bring(comes) == [namesakes.HERE.format(name=name, company="Haus AG")]
    assert suggested() == [set(Person.objects.values_list("full_name", flat=True))]
    assert Person.objects.count() == 2, "suggested, never joined"


def test_a_degree_in_one_file(bring):
    said = bring("Marchand, PhD;Élodie;Haus AG;em@haus.example\nMarchand;Élodie;Haus AG;\n")
    assert said == [
        "",
        "Perhaps the same as line 2: the company is equal, and but for titles the name.",
    ]
    assert suggested() == [{"Élodie Marchand, PhD", "Élodie Marchand"}]


def test_a_family_name_that_reads_like_a_degree_is_one(bring):
    bring("Ma;Jack;Haus AG;jm@haus.example\n")
    assert bring("Do;Jack;Haus AG;\nMarchand;Jack;Haus AG;\n") == ["", ""]
    assert not suggested()


def test_the_record_without_an_address_is_not_taken_for_it(bring):
    bring("Müller;Jürgen;Haus AG;\n")
    bring("Jürgen;Müller;Haus AG;\n")
    assert Person.objects.count() == 2
    assert suggested() == [{"Jürgen Müller", "Müller Jürgen"}]
