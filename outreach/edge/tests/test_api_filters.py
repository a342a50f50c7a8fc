"""Filters that few rows match: these are asked for first, so that no list is walked for them."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from outreach import testing
from outreach.core.models import Person
from outreach.edge.api import filters, urls
from outreach.edge.tests import api

pytestmark = pytest.mark.django_db


def asked(address: str, table: str) -> tuple[list[dict], list[str]]:
    """The rows answered, and the statements that read this table for them."""
    caller = api.agent()
    with CaptureQueriesContext(connection) as told:
        rows = caller.get(address).json()["results"]
    return rows, [each["sql"] for each in told if f'FROM "{table}"' in each["sql"]]


def pages(address: str) -> list[str]:
    """Who stands on all pages, each as often as they stand there."""
    caller, seen = api.agent(), []
    while address:
        answer = caller.get(address.removeprefix("http://testserver")).json()
        seen += [row["full_name"] for row in answer["results"]]
        address = answer["next"]
    return seen


def test_a_filter_that_few_match_is_asked_in_no_order_and_the_page_names_them():
    zoe = testing.make_person(name="Zoe Meier")
    testing.make_person(name="Max Frei")
    rows, statements = asked("/api/people?name=zoe", "people")
    assert [row["full_name"] for row in rows] == ["Zoe Meier"]
    few, page = statements
    assert f"LIMIT {filters.FEW + 1}" in few and "ORDER BY" not in few and "JOIN" not in few
    assert f'"people"."id" IN ({zoe.pk})' in page


def test_a_list_without_such_a_filter_asks_nothing_beforehand():
    testing.make_person()
    assert len(asked("/api/people?automation_enabled=true", "people")[1]) == 1


@pytest.mark.parametrize("few", [2, 3, 500])
def test_however_many_match_each_stands_on_one_page(monkeypatch, few):
    monkeypatch.setattr(filters, "FEW", few)
    for number in range(3):
        testing.make_person(name=f"Zoe {number}")
        testing.make_person(name=f"Max {number}")
    for order in ("newest", "oldest"):
        found = pages(f"/api/people?name=zoe&page_size=1&order={order}")
        assert sorted(found) == ["Zoe 0", "Zoe 1", "Zoe 2"]


def test_who_matches_no_more_when_the_page_is_read_is_not_shown():
    zoe = testing.make_person(name="Zoe Meier")

    def renamed(execute, sql, *more):
        found = execute(sql, *more)
        if f"LIMIT {filters.FEW + 1}" in sql:
            Person.objects.filter(pk=zoe.pk).update(full_name="Somebody Else")
        return found

    with connection.execute_wrapper(renamed):
        rows, statements = asked("/api/people?name=zoe", "people")
    assert (rows, len(statements)) == ([], 2)


def test_every_rare_filter_is_a_filter():
    assert urls.urlpatterns  # every list stands there, and its filters with it
    kinds = filters.Filters.__subclasses__()
    assert len(kinds) >= 8
    for kind in kinds:
        assert kind.rare and kind.rare <= set(kind.base_filters), kind
