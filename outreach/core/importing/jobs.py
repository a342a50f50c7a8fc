"""An import from the web: an upload is kept, a job looks at it, a person says yes, a job applies.

The table is the queue: a job that dies leaves its row to be taken again, and because a file is
applied whole or not at all, nothing is half done. The uploaded file goes when it is no longer
needed; the report by row stays to be downloaded.
"""

from __future__ import annotations

import csv
import fcntl
import io
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from outreach.core import activity
from outreach.core.importing import source
from outreach.core.importing.applying import ImportClash, apply
from outreach.core.importing.choices import Choices
from outreach.core.importing.judging import preview
from outreach.core.importing.read import read_file
from outreach.core.importing.report import RowResult
from outreach.core.importing.source import BadFile
from outreach.core.models import Import, ImportPart, Workspace
from outreach.core.models.imports import ImportStatus
from outreach.core.models.workspace import User
from outreach.core.permissions import NotAllowed, Verb, require
from outreach.core.principal import Principal

PART = 1024 * 1024
MOST_ATTEMPTS = 3
LOCK_CLASS = 0x1391
WAITING = (ImportStatus.PREVIEW, ImportStatus.APPLYING)
HEAD = ("line", "outcome", "name", "greeting", "known by", "reason", "changes", "conflicts",
        "errors", "suggestion")  # fmt: skip


def start(
    workspace: Workspace,
    upload: BinaryIO,
    name: str,
    *,
    choices: Choices,
    format: str = "auto",
    encoding: str = "",
    by: Principal,
    at: datetime,
) -> Import:
    """Keep an uploaded file to be looked at. Nothing of it is stored as people yet."""
    require(by, Verb.IMPORT, workspace)
    with transaction.atomic():
        row = Import.objects.create(
            workspace=workspace,
            status=ImportStatus.PREVIEW,
            file=name[:300] or "the upload",
            options={"choices": choices.as_dict(), "format": format, "encoding": encoding},
            created_at=at,
            **by.fields(),
        )
        _keep(row, "file", upload, source.MAX_BYTES)
        activity.record(activity.entry("imports.uploaded", row), by=by, at=at)
    return row


def ask_apply(row: Import, *, by: Principal, at: datetime) -> bool:
    """A person has seen the preview and says yes. False if somebody was faster."""
    require(by, Verb.IMPORT, row.workspace)
    ready = Import.objects.filter(pk=row.pk, status=ImportStatus.READY)
    with transaction.atomic():
        asked = ready.update(status=ImportStatus.APPLYING, attempts=0, **by.fields())
        if asked:
            activity.record(activity.entry("imports.approved", row), by=by, at=at)
    return bool(asked)


def cancel(row: Import, *, by: Principal, at: datetime) -> bool:
    """Drop an import that was not applied. False if it was, or is being, applied."""
    require(by, Verb.IMPORT, row.workspace)
    with transaction.atomic():
        open_rows = Import.objects.filter(
            pk=row.pk, status__in=(ImportStatus.PREVIEW, ImportStatus.READY)
        )
        dropped = open_rows.update(status=ImportStatus.CANCELLED, ended_at=at)
        if dropped:
            row.parts.all().delete()
            activity.record(activity.entry("imports.cancelled", row), by=by, at=at)
    return bool(dropped)


def work(*, clock: Callable[[], datetime] = timezone.now) -> int:
    """Look at or apply what waits, one import after the other; how many were brought on."""
    done = 0
    for pk in Import.objects.filter(status__in=WAITING).order_by("pk").values_list("pk", flat=True):
        with _alone(pk) as is_mine:
            row = Import.objects.filter(pk=pk, status__in=WAITING).first() if is_mine else None
            if row is not None:
                _bring_on(row, clock)
                done += 1
    return done


def _bring_on(row: Import, clock: Callable[[], datetime]) -> None:
    Import.objects.filter(pk=row.pk).update(attempts=row.attempts + 1)
    try:
        if row.attempts >= MOST_ATTEMPTS:
            raise BadFile(f"{row.file} ended the job {MOST_ATTEMPTS} times. Split the file.")
        with tempfile.TemporaryFile() as upload, tempfile.TemporaryFile() as report:
            for part in _parts(row, "file"):
                upload.write(part)
            upload.seek(0)
            _go(row, upload, report, clock)
    except (BadFile, ImportClash, NotAllowed) as error:
        with transaction.atomic():
            Import.objects.filter(pk=row.pk, status=row.status).update(
                status=ImportStatus.FAILED, error=str(error), ended_at=clock()
            )
            row.parts.all().delete()


def _go(row: Import, upload: BinaryIO, report: BinaryIO, clock: Callable[[], datetime]) -> None:
    said = row.options
    table = read_file(
        upload, name=row.file, format=said.get("format", "auto"), encoding=said.get("encoding", "")
    )
    choices = Choices(**said.get("choices", {}))
    rows = io.TextIOWrapper(report, encoding="utf-8-sig", newline="", write_through=True)
    out = csv.writer(rows)
    out.writerow(HEAD)

    def on_row(result: RowResult) -> None:
        out.writerow([safe_cell(cell) for cell in cells_of(result)])

    if row.status == ImportStatus.PREVIEW:
        seen = preview(row.workspace, table, choices=choices, on_row=on_row)
        with transaction.atomic():
            ready = Import.objects.filter(pk=row.pk, status=ImportStatus.PREVIEW)
            if ready.update(
                status=ImportStatus.READY, format=table.format, report=seen.as_dict(), attempts=0
            ):
                _replace_report(row, rows, report)
        return
    with transaction.atomic():
        done = apply(
            row.workspace, table, by=_principal(row), at=clock(), choices=choices, row=row,
            on_row=on_row,
        )  # fmt: skip
        if not done.writes:
            Import.objects.filter(pk=row.pk).update(
                status=ImportStatus.APPLIED, report=done.as_dict(), applied_at=clock(),
                ended_at=clock(),
            )  # fmt: skip
        _replace_report(row, rows, report)
        row.parts.filter(kind="file").delete()


def _principal(row: Import) -> Principal:
    """Who asked for it, with the rights they have now."""
    user = User.objects.filter(pk=row.by_id, is_active=True).first() if row.by_id else None
    if user is None:
        raise NotAllowed(f"{row.by_label} is no user any more. Somebody else has to import it.")
    return Principal.of_user(user, door="job")


def _replace_report(row: Import, text: io.TextIOWrapper, report: BinaryIO) -> None:
    text.flush()
    report.seek(0)
    row.parts.filter(kind="report").delete()
    _keep(row, "report", report, 1 << 40)


def _keep(row: Import, kind: str, content: BinaryIO, most: int) -> None:
    taken = no = 0
    while chunk := content.read(PART):
        taken += len(chunk)
        if taken > most:
            raise BadFile(
                f"{row.file} is larger than {most // PART} MB, the most one import takes. Split "
                "it into several files, each with the header line."
            )
        ImportPart.objects.create(of=row, kind=kind, no=no, data=chunk)
        no += 1


def _parts(row: Import, kind: str) -> Iterator[bytes]:
    for pk in row.parts.filter(kind=kind).order_by("no").values_list("pk", flat=True):
        yield bytes(ImportPart.objects.values_list("data", flat=True).get(pk=pk))


def report_of(row: Import) -> Iterator[bytes]:
    """The report by row as CSV, piece by piece."""
    return _parts(row, "report")


def cells_of(result: RowResult) -> list[Any]:
    changes = [f"{each.field}: {each.after}" for each in result.changes]
    conflicts = [f"{each.field}: {each.before} (file: {each.after})" for each in result.conflicts]
    return [
        result.line, str(result.outcome), result.name, result.greeting, result.matched_by,
        result.reason, "; ".join(changes), "; ".join(conflicts), "; ".join(result.errors),
        result.suggestion,
    ]  # fmt: skip


def safe_cell(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula."""
    text = str(value)
    return f"'{text}" if text[:1] in tuple("=+-@\t\r\n") else value


@contextmanager
def _alone(pk: int) -> Iterator[bool]:
    """Whether this is the only job at this import; the lock dies with its holder."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK_CLASS, pk])
            is_mine = bool(cursor.fetchone()[0])
        try:
            yield is_mine
        finally:
            if is_mine:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK_CLASS, pk])
        return
    with (Path(settings.DATA_DIR) / "imports.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True
