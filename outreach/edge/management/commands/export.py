"""Take rows away: activity, safety events, approvals, people, suppressed addresses."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from outreach.core.permissions import NotAllowed, Verb
from outreach.core.plurals import plural
from outreach.edge import acting, exporting


class Command(BaseCommand):
    help = "Write all rows of one kind of a workspace as CSV, JSON or JSON Lines (docs/exports.md)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=list(exporting.KINDS), metavar="KIND",
                            help=", ".join(exporting.KINDS))  # fmt: skip
        parser.add_argument("--format", choices=list(exporting.FORMATS), default="csv",
                            help="How the rows are written (default: csv).")  # fmt: skip
        parser.add_argument(
            "--to", required=True, metavar="FILE", help="A new file, or - for standard output."
        )
        parser.add_argument(
            "--since", type=acting.named, metavar="TIME",
            help="Only rows made from then on: 2026-03-11 or 2026-03-11T10:00:00Z.",
        )  # fmt: skip
        parser.add_argument(
            "--until", type=acting.named, metavar="TIME", help="Only rows made before."
        )
        acting.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        place = acting.workspace(options)
        by = acting.principal(options, verb=Verb.EXPORT, workspace=place)
        kind, to = exporting.KINDS[options["kind"]], options["to"]
        try:
            asked = exporting.Asked(
                kind,
                exporting.FORMATS[options["format"]],
                place,
                exporting.span(options["since"] or "", options["until"] or ""),
            )
            begun = exporting.begin(asked, by=by, now=timezone.now)
            exporting.write(to, begun.parts(), self.stdout)
        except (exporting.BadAsk, NotAllowed) as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            raise CommandError("Stopped before the end: nothing was kept.") from None
        if to != "-":
            self.stdout.write(f"{plural(begun.count, 'row')} of {kind.title.lower()} in {to}.")
