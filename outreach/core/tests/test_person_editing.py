"""Writing down a person by hand: whole or not at all, and told without their data."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from importlib import import_module

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connection

from outreach import testing
from outreach.core import activity, person_editing
from outreach.core.addresses import BadAddress
from outreach.core.models import Account, Activity, Duplicate, Person
from outreach.core.people import PersonRefused
from outreach.core.permissions import NotAllowed
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db


def create(words=None, **more):
    how = {"by": testing.bob(), "at": WORKDAY, **more}
    words = words or {"full_name": "Zoë Muster"}
    return person_editing.create(testing.make_workspace(), words, **how)


def test_a_person_is_written_with_names_company_and_addresses():
    person = create(
        {"full_name": "  Zoë   Muster ", "country": "ch", "time_zone": "Europe/Zurich"},
        account="ACME® Inc.",
        addresses=[("email", "Zoe@Example.com"), ("phone", "044 668 18 00")],
    )
    assert (person.full_name, person.greeting_name, person.country) == ("Zoë Muster", "Zoë", "CH")
    assert person.account.name == "ACME® Inc."
    assert {row.normalised for row in person.addresses.all()} == {
        "zoe@example.com", "+41446681800",
    }  # fmt: skip
    told = Activity.objects.get(verb="people.written")
    assert "Zoë" not in str(vars(told))


def test_nothing_invisible_comes_into_the_derived_names():
    anna = create({"full_name": "\u202eAnna\x1b[2J  Berg\u200b"})
    assert (anna.first_name, anna.last_name, anna.greeting_name) == ("Anna", "[2J Berg", "Anna")


def test_a_namesake_in_the_same_company_is_suggested_as_the_same_person():
    one = create(account="ACME Inc.")
    create(account="Other Ltd")
    create()
    assert not Duplicate.objects.exists()
    again = create(account="Acme® Inc")
    found = Duplicate.objects.get()
    assert (found.one, found.other, found.decision) == (one, again, "open")


@pytest.mark.parametrize(("error", "more"), [
    (BadAddress, {"addresses": [("email", "fine@example.com"), ("email", "no address")]}),
    (PersonRefused, {"addresses": [("email", "taken@example.com")]}),
    (PersonRefused, {"words": {"full_name": " \u200b "}}),
    (ValidationError, {"words": {"full_name": "A B", "time_zone": "Mars/Base"}}),
    (NotAllowed, {"by": "carol"}),
])  # fmt: skip
def test_what_cannot_be_stores_nothing(error, more):
    taken = testing.make_person()
    person_editing.change(
        taken, {}, addresses=[("email", "taken@example.com")], by=testing.bob(), at=WORKDAY
    )
    if more.get("by") == "carol":
        more = {"by": testing.carol()}
    with pytest.raises(error):
        create(**more)
    assert Person.objects.count() == 1


GROWS = "\u0958"  # two letters when composed, as names are stored
LONG_PROFILE = "https://www.linkedin.com/in/" + "x" * 305  # 321 letters where it is looked up


@pytest.mark.parametrize(("words", "said"), [
    ({"full_name": "x" * 201}, "first name, derived from the other names, has 201 letters"),
    ({"full_name": "Zoë " + "x" * 201}, "last name, derived from the other names, has 201 letters"),
    ({"full_name": GROWS * 201, "first_name": "A", "last_name": "B"}, "name has 402 letters"),
    ({"first_name": "x" * 200, "last_name": "y" * 200}, "The name, derived .*, has 401 letters"),
    ({"full_name": "Zoë", "greeting_name": GROWS * 101}, "greeting name has 202 letters"),
    ({"full_name": "Zoë", "position": GROWS * 201}, "position has 402 letters"),
])  # fmt: skip
def test_what_is_longer_than_its_column_once_it_is_tidied_stores_nothing(words, said):
    with pytest.raises(PersonRefused, match=said):
        create(words)
    assert not Person.objects.exists()


def test_a_change_to_what_is_too_long_is_refused_and_changes_nothing():
    person = create()
    how = {"by": testing.bob(), "at": WORKDAY}
    with pytest.raises(PersonRefused, match="last name has 202 letters; at most 200"):
        person_editing.change(person, {"position": "CTO", "last_name": GROWS * 101}, **how)
    with pytest.raises(BadAddress, match="too long for an address"):
        person_editing.change(
            person, {"position": "CTO"}, addresses=[("linkedin", LONG_PROFILE)], **how
        )
    person_editing.change(person, {}, addresses=[("linkedin", LONG_PROFILE[:-1])], **how)
    person.refresh_from_db()
    assert (person.position, len(person.addresses.get().normalised)) == ("", 320)


def test_a_change_says_what_changed_and_nothing_twice():
    person = create()
    words = {"position": "CTO", "full_name": "Zoë Muster"}
    how = {"by": testing.bob(), "at": WORKDAY}
    assert person_editing.change(person, words, account="Acme", **how) == ["position", "account"]
    assert person_editing.change(person, words, account="acme", **how) == []
    assert Activity.objects.filter(verb="people.changed").count() == 1


def test_agents_need_their_scope():
    with pytest.raises(NotAllowed):
        create(by=testing.make_agent(None, "people:read"))
    assert create(by=testing.make_agent(None, "people:write"))


@pytest.mark.parametrize("words", [{"country": "US"}, {"time_zone": "Asia/Tokyo"}])
def test_no_agent_moves_somebody_to_where_the_rules_are_kinder(words):
    """Law and hours are judged by them. What nobody knows may be filled."""
    agent = testing.make_agent(None, "people:write")
    person, at = create({"full_name": "Erika Muster"}), WORKDAY
    known = {"country": "DE", "time_zone": "Europe/Berlin"}
    assert set(person_editing.change(person, known, by=agent, at=at)) == set(known)
    same = {**known, "position": "CTO"}
    assert person_editing.change(person, same, by=agent, at=at) == ["position"]
    with pytest.raises(NotAllowed, match="law and hours are judged by it"):
        person_editing.change(person, {**words, "notes": "moved"}, by=agent, at=at)
    person.refresh_from_db()
    assert (person.country, person.time_zone, person.notes) == ("DE", "Europe/Berlin", "")
    assert person_editing.change(person, words, by=testing.bob(), at=at) == [*words]


@pytest.mark.parametrize("told_by", ["number", "record"])
def test_a_number_or_another_record_tells_an_agent_where_somebody_is_too(told_by):
    agent, bob = testing.make_agent(None, "people:write"), testing.bob()
    known = {"addresses": [("whatsapp", "+49 30 901820")]} if told_by == "number" else {}
    person = create({"full_name": "Erika Muster"}, **known)
    if told_by == "record":
        other = create({"full_name": "E. Muster", "country": "DE", "time_zone": "Europe/Berlin"})
        Person.objects.filter(pk=other.pk).update(merged_into=person)
    for words in ({"country": "US"}, {"time_zone": "Pacific/Honolulu"}):
        with pytest.raises(NotAllowed):
            person_editing.change(person, words, by=agent, at=WORKDAY)
        assert person_editing.change(person, words, by=bob, at=WORKDAY) == [*words]


def test_what_agents_told_before_is_known_from_the_log():
    agent, bob = testing.make_agent(None, "people:write"), testing.bob()
    how = {"account": "Acme", "at": WORKDAY}
    told, written, vouched = create(), create(account="Acme", by=agent), create()
    given, without = create(account="Acme"), create(by=agent)
    for person in (told, vouched):
        person_editing.change(person, {}, by=agent, **how)
    person_editing.change(vouched, {}, by=bob, **how)
    person_editing.change(given, {"position": "CTO"}, by=agent, at=WORKDAY)
    Person.objects.update(account_hearsay=False)
    migration = import_module("outreach.core.migrations.0026_company_by_hearsay")
    migration.know_what_agents_told(apps, None)
    assert set(Person.objects.filter(account_hearsay=True)) == {told, written}
    assert without.account is None


def test_that_is_known_of_more_people_than_a_statement_takes_values():
    place, agent = testing.make_workspace(), testing.make_agent(None, "people:write")
    firm = Account.objects.create(workspace=place, name="Acme", key="acme")
    told = [Person(workspace=place, account=firm, full_name=f"Name {i}") for i in range(1100)]
    Person.objects.bulk_create(told)
    everybody = Person.objects.filter(account=firm)
    rows = [activity.entry("people.written", each) for each in everybody]
    activity.record(*rows, by=agent, at=WORKDAY)
    migration = import_module("outreach.core.migrations.0026_company_by_hearsay")
    with few_values():
        migration.know_what_agents_told(apps, None)
    assert everybody.filter(account_hearsay=True).count() == 1100


@contextmanager
def few_values():
    """As a SQLite that was built to take no more than a thousand in one statement."""
    if connection.vendor != "sqlite":
        yield
        return
    connection.ensure_connection()
    most = connection.connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 1000)
    try:
        yield
    finally:
        connection.connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, most)
