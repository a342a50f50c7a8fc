"""The file that takes the report by row of an import, and whose fault it is when it cannot."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from outreach.core.importing.judging import OnRow
from outreach.core.importing.report import RowResult
from outreach.core.importing.rows_csv import RowsCsv


class Unwritten(OSError):
    """The report cannot be written; the words say which and why."""


@contextmanager
def rows_file(name: str) -> Iterator[OnRow | None]:
    """Takes each row of a run down in the new file `name`; after a failure there is no file.

    Raises FileExistsError, or Unwritten for the file's own faults alone, also at closing it.
    """
    if not name:
        yield None
        return
    path = Path(name)
    with _told(name):
        out = path.open("x", encoding="utf-8-sig", newline="")
    try:
        with _told(name):
            write = RowsCsv(out)

        def on_row(result: RowResult) -> None:
            with _told(name):
                write(result)

        yield on_row
        with _told(name):
            out.close()
    except BaseException:
        with suppress(OSError):  # what is left in the buffer may not fit either
            out.close()
        path.unlink(missing_ok=True)
        raise


@contextmanager
def _told(name: str) -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        raise Unwritten(f"{name} cannot be written: {error.strerror or error}") from None
