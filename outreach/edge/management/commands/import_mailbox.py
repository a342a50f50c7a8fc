"""Take in mail from files: an mbox, a Maildir, an .eml or a folder of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from channels import mailbox
from channels.mailbox import BadMailbox, Box, Outcome, Report
from outreach.core.permissions import Verb
from outreach.core.plurals import plural
from outreach.edge import acting


class Command(BaseCommand):
    help = "Take in mail from an mbox, a Maildir, an .eml or a folder of .eml; twice is harmless."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", metavar="PATH", type=Path, help="The file or folder.")
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")
        acting.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["path"]
        workspace = acting.workspace(options)
        acting.principal(options, verb=Verb.IMPORT, workspace=workspace)
        try:
            box = mailbox.open_box(path)
            with _bar(box, quiet=options["json"]) as advance:
                report = mailbox.take_in(box, path, workspace, at=timezone.now(), progress=advance)
        except BadMailbox as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from None
        except KeyboardInterrupt:
            raise CommandError(
                "Stopped before the end. What was read is in; run it again for the rest."
            ) from None
        if options["json"]:
            self.stdout.write(json.dumps(report.as_dict(), ensure_ascii=False, indent=2))
        else:
            self._show(report)
        if bad := report.counts[Outcome.UNREADABLE]:
            raise CommandError(f"{plural(bad, 'mail')} could not be read; all others are in.")

    def _show(self, report: Report) -> None:
        self.stdout.write(f"{report.path}: {report.kind}, {plural(report.total, 'mail')}")
        tally = ", ".join(f"{report.counts[each]:,} {each}" for each in Outcome)
        self.stdout.write(f"{tally}.")
        for word, count in sorted(report.judged.items()):
            self.stdout.write(f"  {count:,} {word}")
        for name, reason in report.bad:
            self.stdout.write(f"  cannot be read: {name}: {reason}")
        more = report.counts[Outcome.UNREADABLE] - len(report.bad)
        if more > 0:
            self.stdout.write(f"  … and {more:,} more that cannot be read")


@contextmanager
def _bar(box: Box, *, quiet: bool) -> Iterator[Any]:
    """A progress bar on stderr, where somebody looks; files and pipes get none."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield None
        return
    columns = (TextColumn("Reading mail"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as progress:
        task = progress.add_task("", total=len(box.names))
        yield lambda done, total: progress.update(task, completed=done, total=total)
