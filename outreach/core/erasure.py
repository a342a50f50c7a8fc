"""Erasing somebody, against all who write about them at that moment.

Whoever writes about a person holds their record first, in the transaction that writes: then it is
erased with the rest, or they were erased before, and nothing may be written. What reads many people
and writes about them later (a run, an import) begins with `begin`, and erasing is `alone` with it.
A foreign key alone would not do: PostgreSQL looks at it when the transaction ends. SQLite has one
writer at a time, so that to read anew within the transaction is enough.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import connection

from outreach.core import sql

# The first half of an advisory lock's key: any number that no other part of the program uses.
LOCK_CLASS = 0x1392
HOLD = "SELECT id, erased_at FROM people WHERE id IN ({people}) ORDER BY id {share}"


def hold(record_ids: Iterable[int]) -> dict[int, datetime]:
    """Keep these records from being erased until the transaction ends. Those that were, and when.

    Others may hold and change them as well. Needs a transaction.
    """
    ids = sorted(set(record_ids))
    share = "FOR KEY SHARE" if connection.vendor == "postgresql" else ""
    rows = sql.fetch(HOLD, ids, people=sql.marks(len(ids)), share=share)
    return {pk: sql.to_moment(erased_at) for pk, erased_at in rows if erased_at is not None}


def begin(*workspace_ids: int) -> None:
    """Nobody of these is erased until the transaction ends. Waits for an erasure."""
    for pk in workspace_ids if connection.vendor == "postgresql" else ():
        sql.fetch("SELECT pg_advisory_xact_lock_shared(%s, %s)", [LOCK_CLASS, pk])


def alone(workspace_id: int) -> bool:
    """Whether nothing has begun that is not yet to be seen; until the transaction ends."""
    if connection.vendor != "postgresql":
        return True
    rows = sql.fetch("SELECT pg_try_advisory_xact_lock(%s, %s)", [LOCK_CLASS, workspace_id])
    return bool(rows[0][0])
