"""How far the job at an import is, and the wish that it end: told beside the job's transaction.

A file is applied in one transaction, which shows nothing of itself until it ends. On PostgreSQL
the job tells by a second connection; SQLite knows one writer, so there it is a small file in
DATA_DIR, which is on the same machine.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection

from outreach.core.models import Import

EVERY_SECONDS = 0.5
TELL = "UPDATE imports SET done = %s, total = %s WHERE id = %s RETURNING cancel_requested"


class Cancelled(Exception):
    """Somebody asked that this import end; nothing of it is stored."""


class Watch:
    """Called with rows done and rows of all; raises Cancelled when it was asked for meanwhile."""

    def __init__(self, pk: int) -> None:
        self.pk = pk
        self._next = 0.0
        self._side: Any = None

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now < self._next and done < total:
            return
        self._next = now + EVERY_SECONDS
        if self._tell(done, total):
            raise Cancelled

    def close(self) -> None:
        if self._side is not None:
            self._side.close()
        forget(self.pk)

    def _tell(self, done: int, total: int) -> bool:
        if connection.vendor != "postgresql":
            progress, wish = _files(self.pk)
            made = progress.with_suffix(".new")
            made.write_text(json.dumps([done, total]))
            made.replace(progress)
            return wish.exists()
        if self._side is None:
            self._side = connection.copy()
        try:
            with self._side.cursor() as cursor:
                cursor.execute("SET lock_timeout = '2s'")
                cursor.execute(TELL, [done, total, self.pk])
                row = cursor.fetchone()
        except OperationalError:  # telling is a courtesy: the next time it may work
            return False
        return bool(row and row[0])


def progress_of(row: Import) -> tuple[int, int]:
    """Rows done and rows of all, of an import whose job runs; zeroes while it reads the file."""
    if connection.vendor == "postgresql":
        return row.done, row.total
    with suppress(OSError, ValueError):
        done, total = json.loads(_files(row.pk)[0].read_text())
        return int(done), int(total)
    return 0, 0


def ask_to_end(pk: int) -> None:
    """Leave word for a job that may hold SQLite's only lock; PostgreSQL has a column for it."""
    if connection.vendor != "postgresql":
        _files(pk)[1].touch()


def forget(pk: int) -> None:
    if connection.vendor != "postgresql":
        for path in _files(pk):
            path.unlink(missing_ok=True)


def _files(pk: int) -> tuple[Path, Path]:
    place = Path(settings.DATA_DIR)
    return place / f"import-{pk}.progress", place / f"import-{pk}.cancel"
