"""Import people from whatever export there is: preview, then apply, by row."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table as Grid

from outreach.core import importing
from outreach.core.importing import (
    FORMATS,
    MAPPABLE,
    BadChoice,
    BadFile,
    Choices,
    ImportClash,
    Outcome,
    Report,
    RowResult,
    Table,
)
from outreach.core.permissions import Verb
from outreach.edge import acting
from safety.services import check_safety

SHOWN = 12
COLOURS = {
    Outcome.NEW: "green",
    Outcome.CHANGED: "yellow",
    Outcome.UNCHANGED: "dim",
    Outcome.SKIPPED: "red",
}


class Command(BaseCommand):
    help = (
        "Import people from a LinkedIn export or archive, Google, Outlook, HubSpot, Pipedrive, "
        "Salesforce, vCards, .xlsx, any CSV or pasted text, by path or - for standard input."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help="The file; - reads standard input.")
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
            "--dry-run", action="store_true", help="Show what would be done; store nothing."
        )
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")
        acting.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = self._import(options)
        except (BadFile, BadChoice, ImportClash) as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            raise CommandError("Stopped before the end: nothing was stored.") from None
        if options["json"]:
            self.stdout.write(json.dumps(report.as_dict(), ensure_ascii=False, indent=2))
        else:
            # Lines are left whole for those who pipe them into grep.
            show(report, Console(file=cast(Any, self.stdout), highlight=False, soft_wrap=True))

    def _import(self, options: dict[str, Any]) -> Report:
        workspace = acting.workspace(options)
        by = acting.principal(options, verb=Verb.IMPORT, workspace=workspace)
        at = timezone.now()
        choices = Choices.of(country=options["country"], time_zone=options["time_zone"])
        safe = check_safety("import_contacts", by=by, at=at, workspace=workspace)
        if not safe.allowed:
            raise CommandError(f"Nothing was imported: {safe.reason}")
        table = _read(options)
        with _bar(options, table) as advance:
            if options["dry_run"]:
                return importing.preview(workspace, table, choices=choices, progress=advance)
            return importing.apply(
                workspace, table, by=by, at=at, choices=choices, progress=advance
            )


def _read(options: dict[str, Any]) -> Table:
    content, name = options["file"], ""
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


def show(report: Report, console: Console) -> None:
    """The report for a person: what the file is, the counts, the rows that matter, the errors."""
    about = [report.format, report.encoding, report.delimiter]
    if report.header_line:
        about.append(f"header in line {report.header_line}")
    console.print(f"[bold]{escape(report.file)}[/]: {escape(', '.join(filter(None, about)))}")
    for notice in report.notices:
        console.print(escape(notice))
    read = ", ".join(f"{word} → {field}" for word, field in report.columns.items())
    console.print(f"Columns: {escape(read)}")
    if report.unread:
        console.print(f"Not read: {escape(', '.join(report.unread))}")
    for outcome in (Outcome.NEW, Outcome.CHANGED, Outcome.SKIPPED):
        _show_rows(report, outcome, console)
    _show_hints(report, console)
    _show_errors(report, console)
    _show_sum(report, console)


def _show_rows(report: Report, outcome: Outcome, console: Console) -> None:
    total = report.counts[outcome]
    if not total:
        return
    # Rows left out for an error are listed with the errors, once.
    rows = [row for row in report.kept[outcome] if not (row.reason and row.errors)][:SHOWN]
    title = f"[bold {COLOURS[outcome]}]{outcome.capitalize()}: {total:,}[/]"
    console.print(title + _why(report, outcome))
    if not rows:
        return
    grid = Grid("Line", "Name", "What")
    for row in rows:
        grid.add_row(str(row.line), escape(row.name), escape(_what(row)))
    if total > len(rows) and outcome is not Outcome.SKIPPED:
        grid.caption = f"the first {len(rows)} of {total:,}"
    console.print(grid, soft_wrap=False)


def _why(report: Report, outcome: Outcome) -> str:
    """How many rows were left out for which reason."""
    if outcome is not Outcome.SKIPPED:
        return ""
    reasons = (f"{count:,} {code.replace('_', ' ')}" for code, count in report.reasons.items())
    return f" ({', '.join(reasons)})"


def _what(row: RowResult) -> str:
    if row.outcome is Outcome.SKIPPED:
        return row.reason
    if row.outcome is Outcome.NEW:
        return f"Hello {row.greeting}" if row.greeting else "greeted without a name"
    filled = ", ".join(f"{each.field}: {each.after[:60]}" for each in row.changes)
    return f"{filled} (known by {row.matched_by})"


def _show_hints(report: Report, console: Console) -> None:
    """Conflicts and suggestions: for a person to look at, nothing was done about them."""
    lines = []
    for row in report.rows():
        lines += [
            f"line {row.line}, {row.name}: {each.field} stays {each.before!r}, "
            f"the file has {each.after[:80]!r}"
            for each in row.conflicts
        ]
        if row.suggestion:
            lines.append(f"line {row.line}, {row.name}: {row.suggestion}")
    total = report.counts["conflicts"] + report.counts["suggestions"]
    _show_list("To look at; kept as it was", lines, total, console)


def _show_errors(report: Report, console: Console) -> None:
    lines = [f"line {line}: {text}" for line, text in report.errors]
    _show_list("Errors in rows", lines, report.counts["errors"], console, most=len(lines))


def _show_list(
    title: str, lines: list[str], total: int, console: Console, *, most: int = SHOWN
) -> None:
    if not lines:
        return
    console.print(f"[bold]{title}: {total:,}[/]")
    for line in lines[:most]:
        console.print(f"  {escape(line)}")
    if total > len(lines[:most]):
        console.print(f"  … and {total - len(lines[:most]):,} more")


def _show_sum(report: Report, console: Console) -> None:
    tally = ", ".join(f"{report.counts[each]:,} {each}" for each in Outcome)
    stopped = report.counts["stopped"]
    if stopped:
        console.print(f"{stopped:,} of them asked us to stop or are blocked; they stay so.")
    if report.is_applied:
        done = "Stored." if report.writes else "Nothing to do: everything was here already."
    else:
        done = "Nothing was stored: this was a dry run. Without --dry-run it is applied."
    console.print(f"[bold]{report.counts['rows']:,} rows: {tally}.[/] {done}")
