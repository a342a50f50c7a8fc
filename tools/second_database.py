"""Which tests say something new on a second database; docs/decisions/0014 says why.

`pytest --only-database` keeps those, `--whole` with it also what the marks `once` and `first` leave
out: `make test` does the one on PostgreSQL, `make torture` the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

DATABASE_FIXTURES = {"db", "transactional_db", "django_db_setup"}
BRIEFLY = (
    "without what touches no database, what a browser sees, and what is marked `once` or, but for "
    "one set of parameters, `first`: make torture asks the last two"
)
WHOLLY = "every test of a database, also what make test leaves out there, but for the browser's"


def split(items: Sequence[Any], *, whole: bool) -> tuple[list[Any], list[Any]]:
    """(asked, left out) of the collected tests, on a second database."""
    asked: list[Any] = []
    left: list[Any] = []
    begun: set[str] = set()
    for item in items:
        new = uses_a_database(item) and not item.get_closest_marker("browser")
        if new and not whole:
            new = _is_for_both(item) and not (
                item.get_closest_marker("first") and function_of(item) in begun
            )
            begun.add(function_of(item))
        (asked if new else left).append(item)
    return asked, left


def uses_a_database(item: pytest.Item) -> bool:
    fixtures = set(getattr(item, "fixturenames", ()))
    return bool(item.get_closest_marker("django_db") or DATABASE_FIXTURES & fixtures)


def _is_for_both(item: pytest.Item) -> bool:
    """The nearer mark counts: a test marked `both` in a module marked `once` is asked."""
    names = [mark.name for mark in item.iter_markers() if mark.name in ("once", "both")]
    return not names or names[0] == "both"


def function_of(item: pytest.Item) -> str:
    return item.nodeid.partition("[")[0]
