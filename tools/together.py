"""`pytest --together`: what a table asks of a pure function, asked in one test.

A test of its own for each row is what a failure is read by. To set it up, take it down and tell
another process of it takes four times as long as what it asks; `make test` has thousands of such.
All rows are asked, whatever the ones before them said, and each that failed is named.
"""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tools.second_database import function_of, uses_a_database

OUTCOMES = (Exception, pytest.fail.Exception)
FEWEST = 3


def merge(items: Sequence[Any]) -> list[Any]:
    """The same tests, each table of a pure function as one, where its first row stood."""
    tables: dict[str, list[Any]] = defaultdict(list)
    for item in items:
        tables[function_of(item)].append(item)
    plain = set.intersection(*(set(item.fixturenames) for item in items)) if items else set()
    whole = {
        name: _one_of(rows)
        for name, rows in tables.items()
        if len(rows) >= FEWEST and all(_is_pure(row, plain) for row in rows)
    }
    return list(dict.fromkeys(whole.get(function_of(item), item) for item in items))


def _is_pure(item: Any, plain: set[str]) -> bool:
    """It is given nothing but what its table says, and each row is as any other."""
    if type(item) is not pytest.Function or not hasattr(item, "callspec") or item.cls:
        return False
    given = set(item.callspec.params)
    return (
        given == set(inspect.signature(item.function).parameters)
        and set(item.fixturenames) - given <= plain
        and {mark.name for mark in item.own_markers} == {"parametrize"}
        and not any("indirect" in mark.kwargs for mark in item.own_markers)
        and not uses_a_database(item)
        and not hasattr(item.obj, "hypothesis")
    )


def _one_of(rows: Sequence[Any]) -> pytest.Item:
    first = rows[0]
    name = f"{first.originalname} ({len(rows)} rows)"
    made = pytest.Function.from_parent(
        first.parent,
        name=name,
        callobj=asking(first.obj, {row.name: row.callspec.params for row in rows}),
    )
    made.user_properties.append(("rows", len(rows)))
    return made


def asking(test: Callable[..., object], rows: dict[str, dict[str, Any]]) -> Callable[[], None]:
    def ask_all() -> None:
        failures = []
        for name, values in rows.items():
            try:
                test(**values)
            except OUTCOMES as failure:
                failure.add_note(name)
                failures.append(failure)
        if failures:
            raise BaseExceptionGroup(f"{len(failures)} of {len(rows)} rows failed", failures)

    return ask_all
