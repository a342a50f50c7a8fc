"""Records of a format that is costly to read, written once to an unnamed file and streamed from it.

So preview and apply read the same rows however often they ask, and memory stays flat.
"""

from __future__ import annotations

import io
import json
import os
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from outreach.core.importing.source import BadFile

MAX_SPOOL = 1024 * 1024 * 1024


class Spool:
    """JSON lines in a file without a name: it is gone when nobody reads it any more."""

    def __init__(self, name: str) -> None:
        self._descriptor, path = tempfile.mkstemp(prefix="outreach-import-")
        os.unlink(path)  # noqa: PTH108 - the name goes at once, the file with its last reader
        self._name = name
        weakref.finalize(self, os.close, self._descriptor)

    def fill(self, rows: Iterable[Any]) -> Spool:
        """Write these behind what it holds."""
        with os.fdopen(os.dup(self._descriptor), "w", encoding="utf-8") as out:
            taken = self.size
            for row in rows:
                taken += out.write(json.dumps(row, ensure_ascii=True) + "\n")
                if taken > MAX_SPOOL:
                    raise BadFile(
                        f"{self._name} holds more text than one import takes. Split it into "
                        "several files."
                    )
        return self

    @property
    def size(self) -> int:
        return os.fstat(self._descriptor).st_size

    def rows(self, start: int = 0, end: int | None = None) -> Iterator[Any]:
        # Every reader has a place of its own in the file: descriptors of one file share theirs.
        size = self.size if end is None else end
        with io.BufferedReader(_At(self._descriptor, start, size), 1 << 16) as handle:
            for line in handle:
                yield json.loads(line)

    def records(self) -> Iterator[tuple[int, list[str]]]:
        yield from self.rows()


class _At(io.RawIOBase):
    """Reads by position, so that two readers do not disturb each other."""

    def __init__(self, descriptor: int, start: int, size: int) -> None:
        self._descriptor = descriptor
        self._size = size
        self._at = start

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = os.pread(self._descriptor, min(len(buffer), self._size - self._at), self._at)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def of_rows(name: str, rows: Iterable[Any]) -> Spool:
    return Spool(name).fill(rows)


Opened = Callable[[], Iterator[tuple[int, list[str]]]]
