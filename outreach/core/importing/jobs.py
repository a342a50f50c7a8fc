"""An import from the web: an upload is kept, a job looks at it, a person says yes, a job applies.

The table is the queue: a job that dies leaves its row to be taken again, and because a file is
applied whole or not at all, nothing is half done. The uploaded file goes when it is no longer
needed; the report by row stays to be downloaded.
"""

from __future__ import annotations

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
from outreach.core.importing import source, uploads, watching
from outreach.core.importing.applying import ImportClash, apply
from outreach.core.importing.choices import Choices
from outreach.core.importing.columns import LABELS
from outreach.core.importing.judging import preview
from outreach.core.importing.read import read_file
from outreach.core.importing.report import place
from outreach.core.importing.rows_csv import RowsCsv
from outreach.core.importing.source import BadFile, BadHeader
from outreach.core.importing.table import Table, Unanswered
from outreach.core.importing.watching import Cancelled, Watch
from outreach.core.models import Import, Workspace
from outreach.core.models.imports import ImportStatus
from outreach.core.models.workspace import User
from outreach.core.permissions import NotAllowed, Verb, require
from outreach.core.principal import Principal

MOST_ATTEMPTS = 3
LOCK_CLASS = 0x1391
WAITING = (ImportStatus.PREVIEW, ImportStatus.APPLYING)
OPEN = (ImportStatus.READY, ImportStatus.FAILED)  # looked at; nobody has said yes or no
MAPPED_FORMATS = ("csv", "linkedin", "xlsx")
MOST = 200  # columns that are asked for


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
        uploads.keep(row, "file", upload, source.MAX_BYTES)
        activity.record(activity.entry("imports.uploaded", row), by=by, at=at)
    return row


def ask_apply(row: Import, *, by: Principal, at: datetime) -> bool:
    """A person has seen the preview and says yes. False if somebody was faster."""
    require(by, Verb.IMPORT, row.workspace)
    ready = Import.objects.filter(pk=row.pk, status=ImportStatus.READY)
    with transaction.atomic():
        asked = ready.update(status=ImportStatus.APPLYING, attempts=0, done=0, **by.fields())
        if asked:
            activity.record(activity.entry("imports.approved", row), by=by, at=at)
    return bool(asked)


def cancel(row: Import, *, by: Principal, at: datetime) -> bool:
    """Drop an import; one that is being applied ends in the middle, with nothing of it stored.

    False if it was applied before, or is over.
    """
    require(by, Verb.IMPORT, row.workspace)
    if row.is_running:
        watching.ask_to_end(row.pk)
    rows = Import.objects.filter(pk=row.pk)
    with transaction.atomic():
        dropped = rows.filter(status__in=(ImportStatus.PREVIEW, ImportStatus.READY)).update(
            status=ImportStatus.CANCELLED, cancel_requested=True, ended_at=at, report={}
        )
        if dropped:
            row.parts.all().delete()
            activity.record(activity.entry("imports.cancelled", row), by=by, at=at)
            watching.forget(row.pk)
            return True
        asked = rows.filter(status=ImportStatus.APPLYING, cancel_requested=False)
        if asked.update(cancel_requested=True):
            activity.record(activity.entry("imports.cancel_asked", row), by=by, at=at)
            return True
    return False


def read_again(row: Import, said: dict[str, Any], *, by: Principal, at: datetime) -> bool:
    """Look at the kept file once more, with columns and places as a person says. False if late."""
    require(by, Verb.IMPORT, row.workspace)
    options = {**row.options, **said}
    with transaction.atomic():
        kept = Import.objects.filter(pk=row.pk, status__in=OPEN, parts__kind="file").distinct()
        again = Import.objects.filter(pk__in=kept.values("pk")).update(
            status=ImportStatus.PREVIEW, options=options, error="", attempts=0, done=0, total=0,
            ended_at=None,
        )  # fmt: skip
        if again:
            activity.record(activity.entry("imports.mapped", row), by=by, at=at)
    return bool(again)


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
    watch = Watch(row.pk)
    try:
        if row.cancel_requested:
            raise Cancelled
        if row.attempts >= MOST_ATTEMPTS:
            raise BadFile(f"{row.file} ended the job {MOST_ATTEMPTS} times. Split the file.")
        with tempfile.TemporaryFile() as upload, tempfile.TemporaryFile() as report:
            for part in uploads.parts(row, "file"):
                upload.write(part)
            upload.seek(0)
            _go(row, upload, report, watch, clock)
    except BadHeader as error:  # the file stays: a person may say what its columns are
        known = _asked_of(error) if isinstance(error, Unanswered) else {}
        asked = {"header": error.header[:MOST], **known}
        _end(row, ImportStatus.FAILED, str(error), clock(), report=asked)
    except (BadFile, ImportClash, NotAllowed) as error:
        _end(row, ImportStatus.FAILED, str(error), clock())
    except Cancelled:
        _end(row, ImportStatus.CANCELLED, "", clock())
    finally:
        watch.close()


def _end(row: Import, status: str, error: str, at: datetime, **kept: Any) -> None:
    """It comes to nothing, unless somebody was faster; what is `kept` needs the file still."""
    with transaction.atomic():
        ended = Import.objects.filter(pk=row.pk, status=row.status).update(
            status=status, error=error, ended_at=at, **(kept or {"report": {}})
        )
        if not kept:
            row.parts.all().delete()
        if ended and status == ImportStatus.CANCELLED:
            activity.record(activity.entry("imports.cancelled", row), by=uploads.KEEPER, at=at)


def _go(
    row: Import, upload: BinaryIO, report: BinaryIO, watch: Watch, clock: Callable[[], datetime]
) -> None:
    said = row.options
    table = read_file(
        upload, name=row.file, format=said.get("format", "auto"),
        encoding=said.get("encoding", ""), mapping=said.get("mapping"),
    )  # fmt: skip
    choices = Choices(**said.get("choices", {}))
    rows = io.TextIOWrapper(report, encoding="utf-8-sig", newline="", write_through=True)
    how: dict[str, Any] = {"choices": choices, "progress": watch, "on_row": RowsCsv(rows)}
    if row.status == ImportStatus.PREVIEW:
        seen = preview(row.workspace, table, **how)
        found = {**seen.as_dict(), **_header_of(table)}
        with transaction.atomic():
            ready = Import.objects.filter(pk=row.pk, status=ImportStatus.PREVIEW)
            if ready.update(
                status=ImportStatus.READY, format=table.format, report=found, attempts=0
            ):
                _replace_report(row, rows, report)
        return
    with transaction.atomic():
        done = apply(row.workspace, table, by=_principal(row), at=clock(), row=row, **how)
        if not done.writes:
            Import.objects.filter(pk=row.pk).update(
                status=ImportStatus.APPLIED, report=done.as_dict(), applied_at=clock(),
                ended_at=clock(),
            )  # fmt: skip
        _replace_report(row, rows, report)
        row.parts.filter(kind="file").delete()


def _header_of(table: Table) -> dict[str, Any]:
    """What the page needs to ask what the columns mean."""
    meant = {
        str(index): LABELS.get(field, field)
        for field, indexes in table.columns.items()
        for index in indexes
    }
    samples = [list(cells[:MOST]) for cells in table.samples]
    return {"header": table.header[:MOST], "meant": meant, "samples": samples}


def _asked_of(error: Unanswered) -> dict[str, Any]:
    """The same, with the rows that made the file wait."""
    heard = [
        {**place(each.line), "name": each.name, "words": each.words, "column": each.column}
        for each in error.heard
    ]
    return {**_header_of(error.table), "heard": heard}


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
    uploads.keep(row, "report", report)


def can_be_mapped(row: Import) -> bool:
    """Whether its columns may be given other meanings: the file is there and has a header."""
    has_header = bool(row.report.get("header")) and row.format in ("", *MAPPED_FORMATS)
    return has_header and can_be_read_again(row)


def can_be_read_again(row: Import) -> bool:
    """Whether it may be looked at once more: nobody has said yes or no, and the file is there."""
    return row.status in OPEN and row.parts.filter(kind="file").exists()


def report_of(row: Import) -> Iterator[bytes]:
    """The report by row as CSV, piece by piece."""
    return uploads.parts(row, "report")


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
