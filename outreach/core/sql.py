"""Statements written by hand: where building one anew costs more than running it.

A sender's wave is one dozen statements, over and over; Django takes longer to put each together
than the database to answer it. Each such statement is a constant in the module that owns what it
writes, one text for PostgreSQL and SQLite. `{word}` in it stands for marks or for a word of ours,
never for a value: values are parameters.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.models.base import ModelState
from psycopg import Cursor

Row = TypeVar("Row", bound=models.Model)
BATCH = 500  # rows of one INSERT: SQLite counts parameters


def fetch(statement: str, values: Sequence[Any] = (), **words: str) -> list[tuple[Any, ...]]:
    """All rows of a statement that gives rows. Raises what the ORM would."""
    with _cursor() as cursor:
        cursor.execute(_filled(statement, **words), values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def execute(statement: str, values: Sequence[Any] = (), **words: str) -> int:
    """How many rows were written."""
    with _cursor() as cursor:
        cursor.execute(_filled(statement, **words), values)
        return int(cursor.rowcount)


def _cursor() -> Any:
    """On PostgreSQL one whose statements the server keeps: to plan them costs as much as to run
    them. Django's own writes values into the text, so that each is a new statement; it alone can
    tell a log of statements what it ran."""
    link = connections[DEFAULT_DB_ALIAS]  # `connection` looks this up at every dot
    if link.vendor != "postgresql" or link.queries_logged:
        return link.cursor()
    link.close_if_health_check_failed()
    link.ensure_connection()
    own: Any = Cursor(link.connection)
    return link.make_cursor(own)


def insert(statement: str, types: str, rows: Sequence[Sequence[Any]]) -> None:
    """`statement` with its `{rows}` filled, as `table` does; nothing to insert is no statement."""
    for start in range(0, len(rows), BATCH):
        source, values = table(types, rows[start : start + BATCH])
        execute(statement, values, rows=source)


def table(types: str, rows: Sequence[Sequence[Any]]) -> tuple[str, list[Any]]:
    """These rows as a table to select from, with columns column1, column2 …, and its values.

    `types` are PostgreSQL's, one a column; what is jsonb comes as an object. There the rows
    travel as one value: its driver takes a statement with many values apart anew each time.
    """
    if connection.vendor == "postgresql":
        names = [f"column{no}" for no in range(1, len(rows[0]) + 1)]
        told = [dict(zip(names, row, strict=True)) for row in rows]
        return _recordset(types), [json.dumps(told, default=str)]
    objects = [kind == "jsonb" for kind in types.split()]
    flat = [
        json.dumps(value) if is_object else value
        for row in rows
        for value, is_object in zip(row, objects, strict=True)
    ]
    return _values(len(rows), len(objects)), flat


@lru_cache(maxsize=64)
def _recordset(types: str) -> str:
    columns = ", ".join(f"column{no} {kind}" for no, kind in enumerate(types.split(), 1))
    return f"json_to_recordset(%s) AS given({columns})"


@lru_cache(maxsize=256)
def _values(count: int, width: int) -> str:
    return f"(VALUES {', '.join([f'({marks(width)})'] * count)}) AS given"


@lru_cache(maxsize=256)
def marks(count: int) -> str:
    """Marks of an IN list: `%s, %s`; of an empty one NULL, which nothing is in."""
    return ", ".join(["%s"] * count) or "NULL"


def among(numbers: Collection[int]) -> tuple[str, Any]:
    """`IN` for a list of any length that travels as one value, and that value.

    For what is asked again and again: PostgreSQL's driver takes a statement with more than fifty
    values apart anew each time.
    """
    if connection.vendor == "postgresql":
        return "= ANY(%s::bigint[])", list(numbers)
    return "IN (SELECT value FROM json_each(%s))", json.dumps(list(numbers))


def skip_locked(alias: str) -> str:
    """Take the rows of `alias` and pass over those somebody holds. SQLite has one writer."""
    return f"FOR UPDATE OF {alias} SKIP LOCKED" if connection.vendor == "postgresql" else ""


# --- Values as the database keeps them -----------------------------------------------------------


def from_moment(at: datetime | None) -> Any:
    # In UTC before it is looked up: of one zone, both hours of an autumn night are equal keys.
    return None if at is None else _adapted(at.astimezone(UTC))


@lru_cache(maxsize=64)  # one wave writes the same few moments hundreds of times
def _adapted(at: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(at)


def from_day(day: date) -> Any:
    return connection.ops.adapt_datefield_value(day)


def to_moment(value: Any) -> Any:
    """An aware moment, or None as it was: SQLite keeps a text, in UTC."""
    if isinstance(value, str):
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)


def from_uuid(value: UUID) -> Any:
    return value if _has_uuids() else value.hex


@lru_cache(maxsize=1)
def _has_uuids() -> bool:
    return bool(connection.features.has_native_uuid_field)


def to_uuid(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)


def instance(
    model: type[Row],
    names: tuple[str, ...],
    values: Sequence[Any],
    **points_at: models.Model | None,
) -> Row:
    """A row of which only these columns were read; any other is read when it is asked for.

    Made as unpickling makes one, without the constructor: that costs more than the database.
    `points_at` are rows its foreign keys name, read in the same statement.
    """
    _known(model, names)
    row: Row = model.__new__(model)
    row._state = state = ModelState()
    state.adding, state.db = False, "default"
    state.fields_cache = dict(points_at)
    row.__dict__.update(zip(names, values, strict=True))
    return row


@lru_cache(maxsize=64)
def _known(model: type[models.Model], names: tuple[str, ...]) -> None:
    if unknown := set(names) - {field.attname for field in model._meta.concrete_fields}:
        raise ValueError(f"{model.__name__} has no {', '.join(sorted(unknown))}.")


@lru_cache(maxsize=256)
def _filled(statement: str, **words: str) -> str:
    return statement.format(**words) if words else statement
