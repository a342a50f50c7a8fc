"""What is kept of an upload: the file until nobody needs it, the report by row for a season."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, BinaryIO

from django.db import transaction

from outreach.core import activity
from outreach.core.importing import watching
from outreach.core.importing.source import BadFile
from outreach.core.models import Import, ImportPart
from outreach.core.models.imports import ImportStatus
from outreach.core.principal import Principal

PART = 1024 * 1024
FILE_DAYS, REPORT_DAYS = 7, 90
OF_PEOPLE = ("rows", "errors", "samples", "heard")
KEEPER = Principal.system("imports")


def keep(row: Import, kind: str, content: BinaryIO, most: int = 1 << 40) -> None:
    """Store a file piece by piece, or raise BadFile when it is larger than `most` bytes."""
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


def parts(row: Import, kind: str) -> Iterator[bytes]:
    for pk in row.parts.filter(kind=kind).order_by("no").values_list("pk", flat=True):
        yield bytes(ImportPart.objects.values_list("data", flat=True).get(pk=pk))


def bare(report: dict[str, Any]) -> dict[str, Any]:
    """A report without anybody in it: counts and columns."""
    return {key: value for key, value in report.items() if key not in OF_PEOPLE}


def clean(*, at: datetime) -> int:
    """Drop what nobody said yes to for a week and the reports of last season; how many ended."""
    old = Import.objects.filter(created_at__lt=at - timedelta(days=FILE_DAYS))
    dropped = 0
    for row in old.filter(status=ImportStatus.READY):
        with transaction.atomic():
            ended = Import.objects.filter(pk=row.pk, status=ImportStatus.READY).update(
                status=ImportStatus.CANCELLED, ended_at=at, report={},
                error=f"Nobody said yes within {FILE_DAYS} days, so the file was dropped.",
            )  # fmt: skip
            if ended:
                row.parts.all().delete()
                activity.record(activity.entry("imports.cancelled", row), by=KEEPER, at=at)
                dropped += 1
        watching.forget(row.pk)
    over = old.exclude(status__in=(ImportStatus.PREVIEW, ImportStatus.APPLYING))
    ImportPart.objects.filter(of__in=over, kind="file").delete()
    for row in over.filter(status=ImportStatus.FAILED, report__has_any_keys=list(OF_PEOPLE)):
        _lay_bare(row)
    late = over.filter(created_at__lt=at - timedelta(days=REPORT_DAYS))
    ImportPart.objects.filter(of__in=late).delete()
    for row in late.filter(report__has_key="rows"):
        _lay_bare(row)
    return dropped


def _lay_bare(row: Import) -> None:
    row.report = bare(row.report)
    row.save(update_fields=["report"])
