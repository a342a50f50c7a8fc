"""On which line of a file a key was first seen, and with whose name.

In memory that does not grow with the file.
A million rows have millions of keys. They stand in a private SQLite file that lives in the
machine's folder for temporary files and goes with its connection; so much of it as a cache holds
is in memory. Keys are kept as 64-bit hashes: two different ones of a million meet with a chance of
one in ten million.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Hashable

from outreach.core.importing.source import BadFile

CACHE_KIB = 16 << 10


class Seen:
    """Used by the thread that made it."""

    def __init__(self, told: Callable[[int], int] = int) -> None:
        self._told = told  # a number as it is told of
        self._kept = sqlite3.connect("", isolation_level=None)  # no name: private, and temporary
        for order in (
            f"PRAGMA cache_size = -{CACHE_KIB}",
            "PRAGMA journal_mode = OFF",
            "PRAGMA synchronous = OFF",
            "CREATE TABLE seen (key INTEGER PRIMARY KEY, line INTEGER NOT NULL, name TEXT)",
            "BEGIN",
        ):
            self._kept.execute(order)

    def first_line(self, key: Hashable, line: int, name: str | None = None) -> int:
        """The line this key was first seen on: `line` itself when it is new.

        Raises BadFile when the disk has no room for it.
        """
        said = (hash(key), line, name)
        try:
            new = self._kept.execute("INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", said).rowcount
        except sqlite3.OperationalError as error:
            raise BadFile(
                f"The disk of {tempfile.gettempdir()} has no room for an import of this size "
                f"({error}). Make room there, or split the file."
            ) from None
        return line if new else self.find(key)

    def find(self, key: Hashable) -> int:
        """The line of a key, or 0; nothing is noted."""
        return self.who(key)[0]

    def who(self, key: Hashable) -> tuple[int, str]:
        """The line of a key, or 0, and the name it was noted with."""
        asked = "SELECT line, name FROM seen WHERE key = ?"
        found = self._kept.execute(asked, (hash(key),)).fetchone()
        return (self._told(found[0]), found[1] or "") if found else (0, "")
