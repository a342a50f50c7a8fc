"""Taking one human being out of what imports have kept: their rows of the report, and the file.

Of a report only their rows go, and of what changed of others what names them; the counts stay. A
file cannot be cut, so it is dropped when they may be in it, and whoever wants it uploads it again
without them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from outreach.core.importing import encoding, jobs, source, uploads
from outreach.core.importing.columns import LABELS
from outreach.core.importing.read import read_file
from outreach.core.importing.rows_csv import AND, HEAD
from outreach.core.importing.source import BadFile
from outreach.core.models import Import
from outreach.core.models.imports import ImportStatus
from outreach.core.principal import Principal

Cut = Callable[[Any], tuple[Any, list[Any]]]
BY_LINE = ("rows", "errors")
TOLD = (HEAD.index("changes"), HEAD.index("conflicts"))
CALLED = f"{LABELS['full_name']}: "


def without(report: dict[str, Any], cut: Cut) -> tuple[dict[str, Any], list[Any]]:
    """The report without them, and what of it was about them. Faults go with their row."""
    kept, found = cut(report)
    lines = {_place(each) for each in found if isinstance(each, dict) and "line" in each}
    for name in BY_LINE:
        if isinstance(rows := kept.get(name), list):
            found += [each for each in rows if _place(each) in lines]
            kept[name] = [each for each in rows if _place(each) not in lines]
    return kept, found


def _place(row: dict[str, Any]) -> tuple[Any, Any]:
    return row.get("line"), row.get("sheet")


def rows_about(row: Import, names: Callable[[str], bool]) -> list[list[str]]:
    """The lines of the whole report that are about them; of another's only what names them."""
    found = [_split(cells, names)[1] for cells in _rows(row)]
    return [mine for mine in found if mine]


def drop_rows(row: Import, names: Callable[[str], bool]) -> int:
    """Take their part out of the whole report; of how many lines."""
    every = list(_rows(row))
    kept = [left for cells in every if (left := _split(cells, names)[0])]
    changed = sum(bool(_split(cells, names)[1]) for cells in every)
    if not changed:
        return 0
    text = io.StringIO(newline="")
    csv.writer(text).writerows(kept)
    row.parts.filter(kind="report").delete()
    uploads.keep(row, "report", io.BytesIO(text.getvalue().encode("utf-8-sig")))
    return changed


def _split(cells: list[str], names: Callable[[str], bool]) -> tuple[list[str], list[str]]:
    """What is left of a line without them, and what is theirs. Whose a line is, its other cells
    and what is said of the name tell; a note or an address may be of somebody else."""
    others = " ".join(each for index, each in enumerate(cells) if index not in TOLD)
    parts = {index: cells[index].split(AND) for index in TOLD if index < len(cells)}
    theirs = [each for told in parts.values() for each in told if names(each)]
    if names(others) or any(each.startswith(CALLED) for each in theirs):
        return [], cells
    left = list(cells)
    for index, told in parts.items():
        left[index] = AND.join(each for each in told if each not in theirs)
    return left, theirs


def _rows(row: Import) -> Iterator[list[str]]:
    data = b"".join(uploads.parts(row, "report"))
    yield from csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))


def may_name(row: Import, in_bytes: Callable[[bytes], bool]) -> bool:
    """Whether the kept file of an import may name them, as it stands or as it is read."""
    data = b"".join(uploads.parts(row, "file"))
    return bool(data) and (in_bytes(data) or any(map(in_bytes, _as_read(row, data))))


def _as_read(row: Import, data: bytes) -> Iterator[bytes]:
    """What an import reads in it, in UTF-8: a list may be in the letters of an old code page or in
    UTF-16, a card in a coding of its own."""
    forced = row.options.get("encoding", "")
    try:
        if row.format == "vcard":
            for _, cells in read_file(data, format=row.format, encoding=forced).records():
                yield " ".join(cells).encode("utf-8", "ignore")
        else:
            codec = encoding.detect(source.of(data), forced).codec
            yield data.decode(codec, "ignore").encode("utf-8", "ignore")
    except BadFile:  # nobody can import it
        return


def drop_file(row: Import, *, by: Principal, at: datetime) -> None:
    """Drop a file that waits for a person's word; the import ends with it. Needs a transaction."""
    if row.status == ImportStatus.READY:
        jobs.cancel(row, by=by, at=at)
        row.refresh_from_db()
    row.parts.filter(kind="file").delete()
