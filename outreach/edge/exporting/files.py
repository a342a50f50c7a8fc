"""Where a command writes: a new file that is there whole or not at all, or standard output."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any

from django.core.management import CommandError


def write(to: str, parts: Generator[bytes], stdout: Any) -> None:
    """Write the parts into the new file `to`; `-` is standard output.

    Raises CommandError with one sentence if that is not possible; the parts are closed then.
    """
    with closing(parts):
        if to != "-":
            with new_file(to) as file:
                file.writelines(parts)
            return
        try:
            for part in parts:
                _say(part, stdout)
        except OSError as error:
            if getattr(stdout, "_out", stdout) is sys.stdout:  # Python flushes it at the exit
                os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            raise CommandError(
                f"Standard output takes no more: {error.strerror}. What it has is not whole."
            ) from None


def _say(part: bytes, stdout: Any) -> None:
    raw = getattr(stdout, "buffer", None)
    if raw is None:
        stdout.write(part.decode(), ending="")
    else:
        raw.write(part)
        raw.flush()


@contextmanager
def new_file(name: str) -> Iterator[IO[bytes]]:
    """Write into it; it gets its name when all is on the disk. Only its owner may read it.

    Raises CommandError with one sentence if the name is taken or it cannot be written.
    """
    path = Path(name)
    _refuse_taken(path)
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".export-") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            os.link(file.name, path)  # unlike a rename it never takes another file's place
    except FileExistsError:
        _refuse_taken(path)
        raise
    except OSError as error:
        raise CommandError(
            f"{name} cannot be written: {error.strerror}. Nothing was kept."
        ) from None


def _refuse_taken(path: Path) -> None:
    if os.path.lexists(path):
        raise CommandError(f"{path} is there already. Name a new file.")
