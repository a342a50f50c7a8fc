"""A test database without its rows: as a migrated one, and faster than migrating or truncating.

Transactional tests leave rows behind; `conftest.py` has them taken out after each.
"""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Iterator, Sequence
from typing import Any

from django.db import DatabaseError, connection, models, transaction

from outreach.core import sql, triggers
from outreach.core.models import Workspace
from safety.models import SWITCHES, ControlKey, SystemControl

# Made by migrations for Django itself; every test finds them, none changes them.
KEPT = {"django_migrations", "django_content_type", "auth_permission"}
# What the guards call on PostgreSQL while a test database is emptied.
LENIENT = (
    "CREATE OR REPLACE FUNCTION outreach_insert_only() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RETURN OLD; END $$"
)
WHOLE = (  # a test may have taken a trigger away
    f"SELECT count(*) = {3 * len(triggers.GUARDED)} FROM pg_trigger WHERE tgenabled = 'A' "
    "AND tgfoid = (SELECT oid FROM pg_proc WHERE proname = 'outreach_insert_only')"
)


def unguard() -> None:
    """Take the insert-only triggers away."""
    _execute(triggers.drop)


def guard() -> None:
    _execute(triggers.create)


def _execute(statements: Any) -> None:
    with connection.cursor() as cursor:
        for table in triggers.GUARDED:
            for statement in statements(table, connection.vendor):
                cursor.execute(statement)


def empty() -> None:
    """Take all rows out of the test database and bring back those that migrations make.

    A server process whose client was killed, or a page that was left, may still finish its last
    statement; what it wrote in between is taken out by the next turn.
    """
    for patience in range(20, -1, -1):
        try:
            _empty()
            return
        except DatabaseError:
            if not patience:
                raise
            time.sleep(0.1)


def _empty() -> None:
    """Only what has rows is touched, by DELETE.

    Django's own way, TRUNCATE of every table and then all permissions anew, takes many times as
    long on PostgreSQL. Foreign keys are deferred, so the order of the tables does not matter.
    """
    filled = _filled()
    with _unguarded(filled & set(triggers.GUARDED)):
        for table in filled:
            sql.execute(f"DELETE FROM {connection.ops.quote_name(table)}")
    ship()


@contextlib.contextmanager
def _unguarded(tables: set[str]) -> Iterator[None]:
    """A transaction in which rows of these tables may go; the guards are whole after it.

    On PostgreSQL only what the triggers call is changed, unseen by others: where triggers come and
    go the server forgets every statement it has prepared for these tables.
    """
    by_function = bool(tables) and connection.vendor == "postgresql"
    if tables and not by_function:
        unguard()
    try:
        with transaction.atomic():
            if by_function:
                sql.execute(LENIENT)
            yield
            if by_function:
                sql.execute(triggers.create(triggers.EVENTS, "postgresql")[0].replace("%", "%%"))
    finally:
        if tables and not (by_function and sql.fetch(WHOLE)[0][0]):
            unguard()
            guard()


def _filled() -> set[str]:
    """The tables that have rows, asked in one statement."""
    return {name for (name,) in sql.fetch(_asked())}


@functools.cache
def _asked() -> str:
    there = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return " UNION ALL ".join(
        f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {connection.ops.quote_name(table)})"
        for table in sorted(set(there) - KEPT)
    )


def ship() -> None:
    """Bring back the rows that migrations make, after a test database was emptied.

    As `controls.provision` makes them, but by statements put together once: this is done after
    every tenth test.
    """
    _insert([Workspace(slug="default", name="Default")])
    place = Workspace(pk=sql.fetch("SELECT id FROM workspaces WHERE slug = 'default'")[0][0])
    _insert(
        [
            SystemControl(workspace=where, control_key=key, enabled=key in SWITCHES)
            for where in (None, place)
            for key in ControlKey
        ]
    )


def _insert(rows: Sequence[models.Model]) -> None:
    """As `bulk_create` does."""
    fields = [field for field in rows[0]._meta.concrete_fields if not field.primary_key]
    values = [
        field.get_db_prep_save(field.pre_save(row, add=True), connection)
        for row in rows
        for field in fields
    ]
    sql.execute(_insertion(type(rows[0]), len(rows)), values)


@functools.cache
def _insertion(model: type[models.Model], count: int) -> str:
    names = [str(field.column) for field in model._meta.concrete_fields if not field.primary_key]
    row = f"({sql.marks(len(names))})"
    return (
        f"INSERT INTO {model._meta.db_table} ({', '.join(names)}) VALUES {', '.join([row] * count)}"
    )
