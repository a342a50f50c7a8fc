"""Waiting for a lock, but not for ever: whoever holds it may stand still, or be gone unnoticed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from django.db import DatabaseError, connection

from outreach.core import sql

READ = "SELECT current_setting('lock_timeout')"
SET = "SELECT set_config('lock_timeout', %s, false)"
STOPPING = "5s"  # for whoever stops something and waits for the answer
READING = "2s"  # for what is tried again by itself


@contextlib.contextmanager
def impatient(longest: str = STOPPING) -> Iterator[None]:
    """No statement in here waits longer for a lock: it fails with OperationalError, as on SQLite,
    whose own time-out ends any wait. Not within a transaction."""
    if connection.vendor != "postgresql":
        yield
        return
    ((before,),) = sql.fetch(READ)
    sql.fetch(SET, [longest])
    try:
        yield
    finally:
        with contextlib.suppress(DatabaseError):
            sql.fetch(SET, [before])
