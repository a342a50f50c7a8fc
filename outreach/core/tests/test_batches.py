"""A table is read some rows at a time, each once, without those that come meanwhile."""

from __future__ import annotations

import pytest

from outreach import testing
from outreach.core.batches import batches
from outreach.core.models import Person

pytestmark = pytest.mark.django_db


@pytest.fixture
def seven():
    return [testing.make_person().pk for _ in range(7)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8])
@pytest.mark.parametrize("newest_first", [False, True])
def test_every_row_comes_once_and_in_order(size, newest_first, seven):
    found = list(batches(Person.objects.all(), size=size, newest_first=newest_first))
    due = seven[::-1] if newest_first else seven
    assert [row.pk for batch in found for row in batch] == due
    assert max(map(len, found)) <= size


def test_nothing_is_asked_for_before_it_is_wanted(seven, django_assert_num_queries):
    reading = batches(Person.objects.filter(pk__gt=seven[0]), size=2)
    with django_assert_num_queries(2):  # where it ends, and the first two
        next(reading)
    with django_assert_num_queries(1):
        assert [row.pk for row in next(reading)] == seven[3:5]


def test_what_comes_or_goes_meanwhile_moves_nothing(seven):
    reading = batches(Person.objects.all(), size=2)
    next(reading)
    Person.objects.filter(pk__in=[seven[0], seven[4]]).delete()
    testing.make_person()
    assert [row.pk for batch in reading for row in batch] == [*seven[2:4], *seven[5:]]


def test_nothing_is_no_batch():
    assert list(batches(Person.objects.all())) == []
