"""Import people from whatever export there is: preview, then apply, by row."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from outreach.core import importing
from outreach.core.importing import (
    FORMATS,
    MAPPABLE,
    BadChoice,
    BadFile,
    Choices,
    ImportClash,
    Report,
    Table,
    UndoRefused,
)
from outreach.core.models import Import
from outreach.core.models.consent import Basis
from outreach.core.permissions import Verb
from outreach.core.plurals import plural
from outreach.edge import acting, heeded
from outreach.edge.import_rows import Unwritten, rows_file
from outreach.edge.import_shown import show
from safety.services import check_safety

OF_A_FILE: dict[str, Any] = {
    "format": "auto", "encoding": "", "map": [], "country": "", "time_zone": "", "basis": "",
    "text_shown": "", "report": "", "dry_run": False,
}  # fmt: skip


class Command(BaseCommand):
    help = (
        "Import people from a LinkedIn export or archive, Google, Outlook, HubSpot, Pipedrive, "
        "Salesforce, vCards, .xlsx, any CSV or pasted text, by path or - for standard input."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file", metavar="FILE", nargs="?", help="The file; - reads standard input."
        )
        parser.add_argument(
            "--format", choices=FORMATS, default="auto",
            help="What the file is (default: found by its content).",
        )  # fmt: skip
        parser.add_argument(
            "--encoding", default="",
            help="Its encoding, such as windows-1250 (default: found by its content).",
        )  # fmt: skip
        parser.add_argument(
            "--map", action="append", default=[], metavar="COLUMN=FIELD",
            help="What a column means, by its header or number; - reads it not. Repeat for each: "
            f"{', '.join(MAPPABLE)}.",
        )  # fmt: skip
        parser.add_argument(
            "--country", default="", help="Where numbers without + and a country code are from."
        )
        parser.add_argument(
            "--time-zone", default="", help="Their zone where neither row, country nor phone tells."
        )
        parser.add_argument(
            "--basis", default="", choices=["", *Basis.values], metavar="BASIS",
            help="Why we may write to them, recorded for each new address: "
            f"{', '.join(Basis.values)} (default: nothing is claimed).",
        )  # fmt: skip
        parser.add_argument(
            "--text-shown",
            default="",
            type=acting.words,
            help="What they read when they agreed, for an opt-in.",
        )
        _add_acts(parser)
        acting.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["undo"] is not None:
                self._undo(options)
                return
            if not options["file"]:
                raise CommandError("Name a FILE to import, or - for standard input.")
            self._import(options)
        except (BadFile, BadChoice, ImportClash, UndoRefused) as error:
            heard = [f"  {each}" for each in getattr(error, "heard", ())]
            raise CommandError("\n".join([str(error), *heard])) from None
        except KeyboardInterrupt:
            raise CommandError("Stopped before the end: nothing was stored.") from None

    def _import(self, options: dict[str, Any]) -> None:
        workspace = acting.workspace(options)
        by = acting.principal(options, verb=Verb.IMPORT, workspace=workspace)
        at = timezone.now()
        names = ("country", "time_zone", "basis", "text_shown")
        choices = Choices.of(**{name: options[name] for name in names})
        safe = check_safety("import_contacts", by=by, at=at, workspace=workspace)
        if not safe.allowed:
            raise CommandError(f"Nothing was imported: {safe.reason}")
        table = _read(options)
        run = partial(importing.apply, by=by, at=at)
        if options["dry_run"]:
            run = partial(importing.preview)
        try:
            with rows_file(options["report"]) as on_row, _bar(options, table) as advance:
                report = run(workspace, table, choices=choices, progress=advance, on_row=on_row)
            self._tell(report, options)
        except FileExistsError:
            raise CommandError(
                f"{options['report']} is there already. Name a new file for the report."
            ) from None
        except (KeyboardInterrupt, OSError) as error:
            stored = Import.objects.filter(
                workspace=workspace, created_at=at, applied_at__isnull=False, **by.fields()
            )
            raise CommandError(_ended(error, stored.last())) from None

    def _tell(self, report: Report, options: dict[str, Any]) -> None:
        if options["json"]:
            told = report.as_dict() | {"import": report.number or None}
            self.stdout.write(json.dumps(told, ensure_ascii=False, indent=2))
        else:
            # Lines are left whole for those who pipe them into grep.
            show(report, Console(file=cast(Any, self.stdout), highlight=False, soft_wrap=True))
        if report.is_refused:
            raise CommandError(
                "Nothing was stored: every row was refused. Mend the rows named above and import "
                "the file again."
            )

    def _undo(self, options: dict[str, Any]) -> None:
        if options["file"]:
            raise CommandError("--undo takes the number of an import and no FILE.")
        _refuse_what_is_of_a_file(options)
        workspace = acting.workspace(options)
        by = acting.principal(options, verb=Verb.IMPORT, workspace=workspace)
        row = Import.objects.filter(workspace=workspace, pk=options["undo"]).first()
        if row is None:
            last = Import.objects.filter(workspace=workspace).order_by("-pk")[:5]
            known = ", ".join(f"{each.pk} ({each.file})" for each in last) or "none"
            raise CommandError(
                f"There is no import {options['undo']} in {workspace.name}. The last ones: {known}."
            )
        try:
            done = importing.undo(row, by=by, at=timezone.now())
        except KeyboardInterrupt:
            raise CommandError(
                f"Stopped. Ask for --undo {row.pk} again: it says whether it is undone already."
            ) from None
        if options["json"]:
            told = {"import": row.pk, "people": done.people, "changed": done.changed}
            self.stdout.write(json.dumps(told))
            return
        self.stdout.write(
            f"Undone: {plural(done.people, 'person', 'people')} of {row.file} removed, "
            f"{done.changed:,} restored to what they were before."
        )


def _refuse_what_is_of_a_file(options: dict[str, Any]) -> None:
    """An import that is taken back is the one that there was; nothing of it is chosen anew."""
    for name, default in OF_A_FILE.items():
        if options[name] != default:
            said = heeded.flag(name)
            raise CommandError(
                f"--undo and {said} mean nothing together, so nothing was done: {said} goes with "
                "a FILE, and --undo takes the import back at once."
            )


def _add_acts(parser: CommandParser) -> None:
    """What is done with the file, and told of it."""
    parser.add_argument(
        "--report", default="", metavar="FILE",
        help="Write what became of each row into this CSV; no cell of it is a formula.",
    )  # fmt: skip
    parser.add_argument(
        "--undo", type=int, metavar="IMPORT",
        help="Take back the import of this number, while nothing was written to its people.",
    )  # fmt: skip
    parser.add_argument(
        "--dry-run", action="store_true", help="Show what would be done; store nothing."
    )
    parser.add_argument("--json", action="store_true", help="Print one JSON object.")


def _read(options: dict[str, Any]) -> Table:
    content, name = options["file"], acting.words(Path(options["file"]).name)
    if content == "-":
        content = cast(BinaryIO, getattr(sys.stdin, "buffer", sys.stdin))
        name = "standard input"
    return importing.read_file(
        content,
        name=name,
        format=options["format"],
        encoding=options["encoding"],
        mapping=_mapping(options["map"]),
    )


def _mapping(pairs: list[str]) -> dict[str, str]:
    """`COLUMN=FIELD` each; a header may hold an equals sign, a field never."""
    found = {}
    for pair in pairs:
        column, mark, field = pair.rpartition("=")
        if not mark or not column.strip():
            raise CommandError(
                f"--map {pair!r} is not COLUMN=FIELD, such as --map Kunde=full_name."
            )
        found[column] = field.strip()
    return found


def _ended(error: BaseException, stored: Import | None) -> str:
    """What is true of an import that ended early: the database knows whether it was stored."""
    why = "it was stopped" if isinstance(error, KeyboardInterrupt) else str(error)
    if stored is not None:
        return (
            f"Imported as import {stored.pk}; only its report is missing or cut: {why}. "
            f"--undo {stored.pk} takes the import back."
        )
    if isinstance(error, KeyboardInterrupt):
        return "Stopped before the end: nothing was stored."
    more = " Name another." if isinstance(error, Unwritten) else ""
    return f"Nothing was stored: {why}.{more}"


@contextmanager
def _bar(options: dict[str, Any], table: Table) -> Iterator[Any]:
    """A progress bar on stderr, where somebody looks; files and pipes get none."""
    console = Console(stderr=True)
    if options["json"] or not console.is_terminal:
        yield None
        return
    what = "Looking at" if options["dry_run"] else "Importing"
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as progress:
        task = progress.add_task(f"{what} {escape(table.name)}", total=table.rows)
        yield lambda done, total: progress.update(task, completed=done, total=total)
