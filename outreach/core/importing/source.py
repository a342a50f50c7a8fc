"""Where the bytes of an import come from: a path, bytes in memory, or a stream, read twice or more.

Every pass opens the same content again, so that nothing is held in memory; what is too big, not
a file, or changed in between is refused in one sentence.
"""

from __future__ import annotations

import io
import os
import stat
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

MAX_BYTES = 200 * 1024 * 1024
CHUNK = 1024 * 1024


class BadFile(Exception):
    """The whole file is refused and nothing is stored; the sentence says where and what to do."""

    def __init__(self, sentence: str, *, line: int | None = None) -> None:
        super().__init__(sentence)
        self.line = line


class BadHeader(BadFile):
    """The file is whole, but its header does not say who anybody is: a person can say it."""

    def __init__(self, sentence: str, *, line: int, header: Sequence[str]) -> None:
        super().__init__(sentence, line=line)
        self.header = tuple(header)


@dataclass(frozen=True, eq=False)
class Source:
    """Content that can be opened again and again, from its beginning."""

    name: str
    opened: Callable[[], BinaryIO]

    def chunks(self) -> Iterator[bytes]:
        with self.opened() as handle:
            while chunk := handle.read(CHUNK):
                yield chunk


def of(content: Path | str | bytes | BinaryIO, name: str = "") -> Source:
    """The source for whatever a door has in hand."""
    if isinstance(content, bytes):
        return _of_bytes(content, name or "the upload")
    if isinstance(content, str | Path):
        return _of_path(Path(content), name)
    return _of_stream(content, name or "the upload")


def _of_bytes(content: bytes, name: str) -> Source:
    _refuse_size(len(content), name)
    return Source(name, lambda: io.BytesIO(content))


def _of_path(path: Path, name: str) -> Source:
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise BadFile(f"{path} is a folder. Name the CSV file in it.")
        if not stat.S_ISREG(found.st_mode):
            with path.open("rb") as stream:
                return _of_stream(stream, name or path.name)
        with path.open("rb"):
            pass  # readable at all, asked before anything else is done
    except FileNotFoundError:
        raise BadFile(f"There is no file {path}. Check the name and the folder.") from None
    except PermissionError:
        raise BadFile(f"{path} may not be read by this user. Change its permissions.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadFile(f"{str(path)!r} cannot be opened: {reason}. Check the name.") from None
    _refuse_size(found.st_size, name or path.name)
    mark = _mark(found)

    def opened() -> BinaryIO:
        try:
            handle = path.open("rb")
        except OSError as error:
            raise BadFile(f"{path} cannot be read any more: {error.strerror}.") from None
        if _mark(os.fstat(handle.fileno())) != mark:
            handle.close()
            raise BadFile(
                f"{path} was changed while it was being read. Run the import again once "
                "nothing writes to it."
            )
        return handle

    return Source(name or path.name, opened)


def _of_stream(stream: BinaryIO, name: str) -> Source:
    """Spool to an unnamed file: a pipe can be read only once, and memory must stay flat."""
    descriptor, path = tempfile.mkstemp(prefix="outreach-import-")
    Path(path).unlink()
    taken = 0
    with os.fdopen(os.dup(descriptor), "wb") as spool:
        while chunk := stream.read(CHUNK):
            taken += len(chunk)
            if taken > MAX_BYTES:
                os.close(descriptor)
                _refuse_size(taken, name)
            spool.write(chunk)

    def opened() -> BinaryIO:
        handle = os.fdopen(os.dup(descriptor), "rb")
        handle.seek(0)
        return handle

    source = Source(name, opened)
    weakref.finalize(source, os.close, descriptor)
    return source


def _mark(found: os.stat_result) -> tuple[int, int, int, int]:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _refuse_size(size: int, name: str) -> None:
    if size > MAX_BYTES:
        raise BadFile(
            f"{name} is larger than {MAX_BYTES // 1024 // 1024} MB, the most one import takes. "
            "Split it into several files, each with the header line."
        )
