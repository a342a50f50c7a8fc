"""Writing people in bulk: COPY on PostgreSQL, executemany on SQLite, the same rows on both.

`bulk_create` builds an object, a compiler and a parameter list for each row; that alone takes
longer than a whole import may (bench/people_import.py). Ids are taken from the sequence first,
so that addresses are written without asking for them back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import uuid4

from django.db import connection, models

from outreach.core.importing.candidates import Candidate
from outreach.core.importing.ways import Way
from outreach.core.models import Account, Address, Person, Workspace

# Any number that no other part of the program uses: the first half of an advisory lock's key.
LOCK_CLASS = 0x1390


def one_at_a_time(workspace: Workspace) -> None:
    """Let a second import into this workspace wait for the first. SQLite has one writer anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK_CLASS, workspace.pk])


def accounts(workspace: Workspace, names: dict[str, str], at: datetime) -> dict[str, int]:
    """Ids of the companies by key; `names` gives the spelling of those that are new."""
    if not names:
        return {}
    known: dict[str, int] = dict(
        Account.objects.filter(workspace=workspace, key__in=list(names)).values_list("key", "pk")
    )
    missing = [key for key in names if key not in known]
    ids = reserve(Account, len(missing))
    insert(
        Account,
        ("id", "workspace_id", "name", "key", "created_at"),
        [(pk, workspace.pk, names[key], key, at) for pk, key in zip(ids, missing, strict=True)],
    )
    return known | dict(zip(missing, ids, strict=True))


PERSON = (
    "id", "workspace_id", "uuid", "account_id", "first_name", "last_name", "full_name",
    "greeting_name", "position", "profile_url", "connected_on", "time_zone", "country", "notes",
    "source", "created_at", "updated_at",
)  # fmt: skip


def people(
    workspace: Workspace,
    rows: Sequence[Candidate],
    accounts: dict[str, int],
    *,
    source: str,
    at: datetime,
) -> list[int]:
    """Insert new people; their ids, in order."""
    ids = reserve(Person, len(rows))
    insert(
        Person,
        PERSON,
        [
            (
                pk, workspace.pk, uuid4(), accounts.get(row.company_key), row.name.first,
                row.name.last, row.name.full, row.name.greeting, row.position, row.profile_url,
                row.connected_on, row.time_zone, row.country, row.notes, source, at, at,
            )
            for pk, row in zip(ids, rows, strict=True)
        ],
    )  # fmt: skip
    return ids


def addresses(
    workspace: Workspace, ways: Iterable[tuple[int, Way]], source: int, at: datetime
) -> None:
    """Insert ways to reach people, given with the person's id; `source` is the import."""
    insert(
        Address,
        ("workspace_id", "person_id", "channel", "normalised", "raw", "source_id", "created_at"),
        [
            (workspace.pk, person, way.channel, way.normalised, way.raw, source, at)
            for person, way in ways
        ],
    )


def reserve(model: type[models.Model], count: int) -> list[int]:
    """Ids that the next rows of this table may carry. Needs the transaction that writes them."""
    if not count:
        return []
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
                [table, count],
            )
            return [row[0] for row in cursor.fetchall()]
        # This transaction is the only writer, and SQLite's sequence follows what is inserted.
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        found = cursor.fetchone()
        newest = model._base_manager.aggregate(newest=models.Max("pk"))["newest"] or 0
        start = max(found[0] if found else 0, newest) + 1
        return list(range(start, start + count))


def insert(model: type[models.Model], names: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
    """Insert rows given by column; every column left out takes its field's default."""
    if not rows:
        return
    fields = {cast(str, field.column): field for field in model._meta.concrete_fields}
    rest = [
        field
        for name, field in fields.items()
        if name not in names and not isinstance(field, models.AutoField)
    ]
    columns = [*names, *(cast(str, field.column) for field in rest)]
    constants = tuple(
        field.get_db_prep_save(field.get_default(), connection=connection) for field in rest
    )
    if connection.vendor == "postgresql":
        _copy(model._meta.db_table, columns, rows, constants)
    else:
        _executemany(model._meta.db_table, [fields[name] for name in names], columns, rows,
                     constants)  # fmt: skip


def _quoted(table: str, columns: Sequence[str]) -> str:
    quote = connection.ops.quote_name
    return f"{quote(table)} ({', '.join(quote(column) for column in columns)})"


def _copy(
    table: str, columns: Sequence[str], rows: list[tuple[Any, ...]], constants: tuple[Any, ...]
) -> None:
    with (
        connection.wrap_database_errors,  # Django leaves COPY's errors as they are
        connection.cursor() as cursor,
        cursor.copy(f"COPY {_quoted(table, columns)} FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row((*row, *constants))


def _executemany(
    table: str,
    fields: Sequence[models.Field[Any, Any]],
    columns: Sequence[str],
    rows: list[tuple[Any, ...]],
    constants: tuple[Any, ...],
) -> None:
    """SQLite stores text and numbers: dates and uuids pass through their fields' adapters."""
    odd = [
        (index, field)
        for index, field in enumerate(fields)
        if isinstance(field, models.DateField | models.UUIDField)
    ]
    places = ", ".join(["%s"] * len(columns))
    adapted = []
    for row in rows:
        values = list(row)
        for index, field in odd:
            values[index] = field.get_db_prep_save(values[index], connection=connection)
        adapted.append((*values, *constants))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {_quoted(table, columns)} VALUES ({places})",  # noqa: S608
            adapted,
        )
