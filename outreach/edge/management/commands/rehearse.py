"""Had this been live: the answer on the command line, from the verdicts that dry run kept."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from approvals.clocked import ClockedCommand
from channels import rehearsal
from channels.rehearsal import Fate, Item, Span, Totals
from outreach.core.models import Workspace
from outreach.edge import acting, rehearsed
from outreach.edge.console import visible
from safety import controls

SHOWN = 20  # of each kind; --json gives them all


class Command(ClockedCommand):
    help = (
        "What would have been sent, held and blocked, and by which rule, had this been live. "
        "Reads what dry run and Safe Mode kept; judges and changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--since", type=acting.named, help="Default: monday. " + rehearsed.FORMS
        )
        parser.add_argument("--until", type=acting.named, help="Default: now.")
        parser.add_argument("--json", action="store_true", help="One JSON object, every message.")
        acting.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        acting.known(options)
        place = acting.workspace(options)
        try:
            since, until = options["since"] or "", options["until"] or ""
            asked = rehearsed.span(place, since, until, now=timezone.now())
        except rehearsed.BadSpan as error:
            raise CommandError(str(error)) from None
        if options["json"]:
            for piece in rehearsed.as_json(place, asked):
                self.stdout.write(piece, ending="")
        else:
            self._text(place, asked)

    def _text(self, place: Workspace, asked: Span) -> None:
        totals, first = Totals(), defaultdict[Fate, list[Item]](list)
        for item in rehearsal.items(place, asked):
            totals.add(item)
            if len(first[item.fate]) < SHOWN:
                first[item.fate].append(item)
        badge = controls.badge(place.pk)
        self.stdout.write(f"{badge.text}: {badge.sentence}")
        self.stdout.write(rehearsed.headline(place, asked, totals))
        for fate in rehearsed.TITLES:
            self._fate(place, fate, totals, first[fate])
        self.stdout.write("")
        for line in rehearsed.safe_mode(place, totals):
            self.stdout.write(line)
        self.stdout.write("\nWhat this does not know:")
        for line in rehearsed.limits(place, totals):
            self.stdout.write(f"- {line}")

    def _fate(self, place: Workspace, fate: Fate, totals: Totals, shown: list[Item]) -> None:
        count = totals.fates[fate]
        if not count:
            return
        self.stdout.write(f"\n{count} {rehearsed.TITLES[fate]}")
        for words, number in rehearsed.by_rule(totals.rules[fate]):
            self.stdout.write(f"  {number:>6}  {words}")
        for item in shown:
            self.stdout.write("  " + _line(place, item))
        if count > len(shown):
            self.stdout.write(f"  … and {count - len(shown)} more: --json lists all.")


def _line(place: Workspace, item: Item) -> str:
    number = f"#{item.approval}" if item.approval else f"draft {item.message}"
    when = f", {rehearsed.stamp(place, item.leaves_at)}" if item.leaves_at else ""
    rules = f" ({', '.join(rehearsed.word(code) for code in item.rules)})" if item.rules else ""
    return f"{number} {item.channel} to {visible(item.person)}{when}{rules}"
