"""Several people at one mailbox stay several; one person written in two ways stays one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from outreach import testing
from outreach.core import importing, same_name
from outreach.core.importing.undoing import undo
from outreach.core.models import Account, Activity, Address, Import, Person

pytestmark = pytest.mark.django_db
HEAD = "Name,Email,Phone,LinkedIn,Company\n"
ANNA = "Anna Meier,office@acme.example,+41 44 668 18 00,,Acme\n"
BOB = "Bob Hill,office@acme.example,+41 44 668 18 01,https://www.linkedin.com/in/bob,Acme\n"
KEPT = {
    "Anna Meier": ["+41446681800", "office@acme.example"],
    "Bob Hill": ["+41446681801", "linkedin.com/in/bob"],
}


@pytest.fixture
def workspace():
    return testing.make_workspace()


@pytest.fixture
def bring(workspace):
    """Import a text as Bob; the preview before it says the same."""

    def go(text):
        table = importing.read_file(text.encode())
        seen = importing.preview(workspace, table)
        by = testing.bob(workspace)
        report = importing.apply(workspace, table, by=by, at=testing.WORKDAY)
        assert seen.as_dict() | {"applied": not report.is_refused} == report.as_dict()
        return report

    return go


def stored():
    return [list(model.objects.order_by("pk").values()) for model in (Person, Address, Activity)]


def ways():
    return {
        person.full_name: sorted(person.addresses.values_list("normalised", flat=True))
        for person in Person.objects.all()
    }


def hints(report):
    """What the report says of addresses that stay with somebody else."""
    return [
        f"{each.field} {each.after} stays {each.before}"
        for row in report.rows()
        for each in row.conflicts
    ]


@pytest.mark.parametrize("files", [[ANNA + BOB], [ANNA, BOB]], ids=["one file", "two files"])
def test_a_second_person_at_a_mailbox_keeps_their_own_ways_and_gives_none_away(bring, files):
    reports = [bring(HEAD + text) for text in files]
    assert ways() == KEPT
    where = "Anna Meier (line 2)" if len(files) == 1 else "Anna Meier"
    told = f"e-mail office@acme.example stays with {where}, who shares it"
    assert hints(reports[-1]) == [told]
    before = stored()
    for text in files:
        again = bring(HEAD + text)
        assert (again.new, again.changed, again.skipped) == (0, 0, 0)
    assert hints(again) == [told.replace(" (line 2)", "")]
    assert stored() == before


def test_somebody_without_a_way_of_their_own_comes_in_by_name_and_is_known_again(bring):
    text = "Name,Email\nAnna Meier,info@acme.example\nBob Hill,info@acme.example\n"
    bring(text)
    assert ways() == {"Anna Meier": ["info@acme.example"], "Bob Hill": []}
    assert bring(text).unchanged == 2


def test_whoever_shares_a_mailbox_is_in_a_file_once(bring):
    report = bring(HEAD + ANNA + BOB.replace("https://www.linkedin.com/in/bob", "") * 2)
    assert (report.new, report.reasons) == (2, {"twice_in_file": 1})


def test_a_mailbox_stays_with_whom_it_was_before_the_file(bring):
    bring("Name,Email\nBob Hill,office@acme.example\n")
    report = bring(HEAD + ANNA + BOB)
    assert ways()["Bob Hill"] == ["+41446681801", "linkedin.com/in/bob", "office@acme.example"]
    assert ways()["Anna Meier"] == ["+41446681800"]
    assert hints(report) == ["e-mail office@acme.example stays with Bob Hill, who shares it"]


def test_their_own_profile_tells_who_of_those_at_a_mailbox_it_is(bring):
    bring(HEAD + ANNA + BOB)
    more = HEAD.replace("Company", "Position") + BOB.replace("Acme", "CFO")
    report = bring(more)
    assert (report.changed, report.skipped) == (1, 0)
    assert Person.objects.get(full_name="Bob Hill").position == "CFO"
    assert Person.objects.get(full_name="Anna Meier").position == ""


def test_undoing_brings_back_what_was(bring, workspace):
    bring(HEAD + ANNA)
    before = (list(Person.objects.values()), list(Address.objects.values()))
    by = testing.bob(workspace)
    table = importing.read_file((HEAD + BOB).encode())
    later = testing.WORKDAY + timedelta(hours=1)
    importing.apply(workspace, table, by=by, at=later)
    undo(Import.objects.latest("pk"), by=by, at=later)
    assert (list(Person.objects.values()), list(Address.objects.values())) == before
    assert Account.objects.count() == 1


@pytest.mark.parametrize(
    "second",
    ["Robert Hill", "R. Hill", "Hill", "Hill, Bob", "Bob Fitzgerald Hill", "HILL Bob",
     "Dr. Bob Hill", "Bob Keller", "Bób Hïll", "Bob Hil", "Боб Хилл", "office@acme.example"],
)  # fmt: skip
def test_one_person_written_otherwise_is_one(bring, second):
    bring(HEAD + BOB)
    quoted = f'"{second}",office@acme.example,,,\n'
    assert bring(HEAD + quoted).unchanged == 1
    assert bring(HEAD + BOB + quoted).reasons == {"twice_in_file": 1}
    assert Person.objects.count() == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Anna Meier", "Bob Hill"),
        ("Anna de Vries", "Bob de Jong"),
        ("Anna Meier, MBA", "Bob Hill, MBA"),
        ("John Doe", "Anna Meier-Keller"),
        ("Ольга Мирошниченко", "Иван Петров"),
        ("田中 太郎", "佐藤 花子"),
    ],
)
def test_names_with_nothing_in_common_are_two_peoples(one, other):
    assert same_name.are_two(one, other)
    assert same_name.are_two(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Anna", "Bob"), ("Anna", "Bob Hill"), ("Ann Hill", "Peter Hill"), ("Hill, Ann", "Bob Hill")],
)  # fmt: skip
def test_given_names_alone_tell_two_apart_only_at_a_mailbox_that_several_read(one, other):
    assert same_name.are_two(one, other, is_shared=True)
    assert not same_name.are_two(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Robert Hill", "Bob Hill"), ("Bob", "Robert Hill"), ("Betty Jones", "Elisabeth Miller"),
        ("John Doe", "Doe, John"), ("DOE John", "John Doe"), ("J. Doe", "John Doe"),
        ("J. D.", "John Doe"), ("John F. Doe", "John Doe"), ("Jürgen Müller", "Juergen Mueller"),
        ("Øystein Łuk", "Oystein Luk"), ("José Ibáñez", "Jose Ibanez"),
        ("Anna Meier", "Anna Keller"),
        ("Anna Meier", "Anna Meier-Keller"), ("Olga Miroshnichenko", "Ольга Мирошниченко"),
        ("Anna Meyer", "Ana Meier"), ("Acme Team", "Bob Hill"), ("Anna and Bob", "Carl Long"),
        ("", "Bob Hill"), ("Zoë (Zo) van den Berg, PhD", "Zoe Berg"), ("Herr Müller", "Jan Müller"),
        ("A B", "C D"),
    ],
)  # fmt: skip
def test_whatever_may_be_one_person_is_not_two(one, other):
    for is_shared in (False, True):
        assert not same_name.are_two(one, other, is_shared=is_shared)
        assert not same_name.are_two(other, one, is_shared=is_shared)
