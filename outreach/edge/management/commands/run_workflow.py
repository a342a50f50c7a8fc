"""Run a workflow, go on with one, or end one. Nothing here sends."""

from __future__ import annotations

import json
import sys
from typing import IO, Any, cast

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from approvals.clocked import ClockedCommand
from outreach.core.models import Workspace
from outreach.core.permissions import NotAllowed, Verb
from outreach.core.principal import Principal
from outreach.edge import acting, heeded
from safety import controls
from workflows import definitions, engine, services
from workflows.drafting import templates
from workflows.models import Run, RunStatus
from workflows.options import BadOptions, Option
from workflows.shapes import Progress as Done
from workflows.telling import result_lines

FAILED = 1
NAMES = ", ".join(workflow.name for workflow in definitions.WORKFLOWS)


class Command(ClockedCommand):
    help = "Run a workflow: it writes drafts and sends nothing. --list shows the seven."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", default="", help=f"One of {NAMES}.")
        act = parser.add_mutually_exclusive_group()
        act.add_argument("--list", action="store_true", help="The workflows, and which are there.")
        act.add_argument("--resume", type=int, metavar="RUN", help="Go on where it stopped.")
        act.add_argument("--cancel", type=int, metavar="RUN", help="End it; its drafts stay.")
        for option in _options():
            _add(parser, option)
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")
        acting.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        self.as_json = options["json"]
        width = None if sys.stdout.isatty() else 110
        self.console = Console(
            file=cast(IO[str], self.stdout), width=width, highlight=False, markup=False
        )
        _refuse_unheeded(options)
        if options["list"]:
            self._list()
            return
        place = acting.workspace(options)
        try:
            self._act(place, options)
        except (services.RunRefused, BadOptions, templates.BadTemplate, NotAllowed) as no:
            raise CommandError(str(no)) from None

    def _act(self, place: Workspace, options: dict[str, Any]) -> None:
        named = options["resume"] if options["resume"] is not None else options["cancel"]
        if named is not None and options["name"]:
            raise CommandError("Name a workflow, or a run with --resume or --cancel; not both.")
        if named is None and not options["name"]:
            raise CommandError(f"Which workflow? Known: {NAMES}.")
        if named is None:
            definitions.find(options["name"])
        by = acting.principal(options, verb=Verb.RUN_WORKFLOWS, workspace=place)
        if named is None:
            asked = {option.name: options[option.name] for option in _options()}
            given = {name: value for name, value in asked.items() if value is not None}
            run = services.start(options["name"], place, given, by=by, at=timezone.now())
            self._work(run)
        elif options["cancel"] is not None:
            self._cancel(self._run(named, place), by)
        else:
            run = self._run(named, place)
            services.resume(run, by=by, at=timezone.now())
            self._work(run)

    def _run(self, number: int, place: Workspace) -> Run:
        found = Run.objects.select_related("workspace").filter(pk=number, workspace=place).first()
        if found is None:
            raise CommandError(f"There is no run {number} in {place.name}.")
        return found

    # --- Acts ------------------------------------------------------------------------------------

    def _work(self, run: Run) -> None:
        """Do the run here, showing how far it is; exit 1 where it did not end well."""
        badge = controls.badge(run.workspace_id)
        if not self.as_json:
            self.console.print(f"{badge.text}: {badge.sentence}")
            self.console.print(f"Run {run.pk}: {run.name} as {run.agent}, asked by {run.by_label}")
        try:
            with self._bars() as bars:
                ended = engine.work(run.pk, clock=timezone.now, watch=_Watch(bars))
        except KeyboardInterrupt:
            raise CommandError(
                f"Interrupted; what was done stays. Go on with: run_workflow --resume {run.pk}"
            ) from None
        self._show(ended, badge.text)
        if ended.status != RunStatus.DONE:
            sys.exit(FAILED)

    def _cancel(self, run: Run, by: Principal) -> None:
        services.cancel(run, by=by, at=timezone.now())
        self._show(Run.objects.get(pk=run.pk), controls.badge(run.workspace_id).text)

    def _bars(self) -> Progress:
        return Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            console=Console(stderr=True),
            disable=self.as_json or not sys.stderr.isatty(),
        )

    # --- Showing ---------------------------------------------------------------------------------

    def _show(self, run: Run, badge: str) -> None:
        steps = list(run.steps.order_by("no"))
        if self.as_json:
            fields = ("no", "name", "status", "attempt", "done_count", "total_count", "error")
            told = [{name: getattr(step, name) for name in fields} for step in steps]
            self.stdout.write(
                json.dumps(
                    {"badge": badge, "run": run.pk, "workflow": run.name, "status": run.status,
                     "error": run.error, "result": run.result, "steps": told}
                )
            )  # fmt: skip
            return
        table = Table("Step", "Status", "Done", "What came of it")
        for step in steps:
            done = f"{step.done_count}/{step.total_count}" if step.total_count else ""
            table.add_row(
                step.name, step.status, done, step.error or "; ".join(result_lines(step.output))
            )
        self.console.print(table)
        self.console.print(f"Run {run.pk} {_ending(run)}")

    def _list(self) -> None:
        if self.as_json:
            rows = [
                {"name": each.name, "does": each.does,
                 "options": [option.name for option in each.options],
                 "steps": [step.name for step in each.steps]}
                for each in definitions.WORKFLOWS
            ]  # fmt: skip
            self.stdout.write(json.dumps(rows))
            return
        for each in definitions.WORKFLOWS:
            self.stdout.write(f"{each.name:25}{each.does}")


def _refuse_unheeded(options: dict[str, Any]) -> None:
    """A run goes on with what it was begun with; the list is the same for everybody."""
    act = next(
        (each for each in ("list", "resume", "cancel") if options[each] not in (None, False)), None
    )
    for option in _options():
        if act and options[option.name] is not None:
            said = heeded.flag(option.name)
            raise CommandError(
                f"--{act} and {said} mean nothing together, so nothing was done: {said} goes with "
                "the name of a workflow, and a run keeps what it was begun with."
            )


def _options() -> list[Option]:
    """Every option of the seven once, in the order of their first appearance."""
    found: dict[str, Option] = {}
    for workflow in definitions.WORKFLOWS:
        for option in workflow.options:
            found.setdefault(option.name, option)
    return list(found.values())


def _add(parser: CommandParser, option: Option) -> None:
    users = [each.name for each in definitions.WORKFLOWS
             if any(other.name == option.name for other in each.options)]  # fmt: skip
    told = f"{option.label} ({', '.join(users)})."
    name = f"--{option.name.replace('_', '-')}"
    if option.kind == "flag":
        parser.add_argument(name, dest=option.name, action="store_true", default=None, help=told)
    elif option.kind == "whole":
        parser.add_argument(name, dest=option.name, type=int, help=told)
    else:
        parser.add_argument(name, dest=option.name, type=acting.named, help=told)


class _Watch:
    """One bar a step on the terminal."""

    def __init__(self, bars: Progress) -> None:
        self.bars = bars
        self.tasks: dict[int, Any] = {}

    def __call__(self, done: Done) -> None:
        if done.no not in self.tasks:
            self.tasks[done.no] = self.bars.add_task(done.name, total=done.total)
        self.bars.update(self.tasks[done.no], completed=done.done, total=done.total)


def _ending(run: Run) -> str:
    if run.status == RunStatus.DONE:
        return "is done. Nothing was sent: a workflow ends at a draft or on a page."
    if run.status == RunStatus.FAILED:
        return f"stopped. {run.error} Go on with: run_workflow --resume {run.pk}"
    if run.status == RunStatus.CANCELLED:
        return "is cancelled. What it wrote stays as drafts."
    return f"is {run.status}: another worker has it. The admin shows how far it is."
