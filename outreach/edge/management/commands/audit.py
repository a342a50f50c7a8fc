"""Check the log's chain, write it out, or sign its head. Exit 4: broken; 5: gone back in time."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from approvals import letters
from channels import rewound
from outreach.core import activity, checkpoints
from outreach.core.batches import batches
from outreach.core.models import Activity, Seal
from outreach.edge import acting, exporting

BROKEN, GONE_BACK = 4, 5
ONE_LOG = (
    "The log is one for all workspaces: export takes no --workspace, and only an operator may. "
    "A reviewer takes one workspace's entries: manage.py export activity --workspace {} --to FILE."
)


class Command(BaseCommand):
    help = (
        "verify: follow the hash chain of the activity log; export: write it as JSON Lines (an "
        "operator's right); checkpoint: sign its head, to be kept elsewhere."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        acts = ["verify", "export", "checkpoint"]
        parser.add_argument("act", choices=acts, help="What to do with the log, as told above.")
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")
        parser.add_argument(
            "--to", default="-", metavar="FILE",
            help="A new file for what export or checkpoint writes (default: standard output).",
        )  # fmt: skip
        parser.add_argument(
            "--checkpoint", default="", metavar="FILE",
            help="Let verify compare with the checkpoints in this file, one a line.",
        )  # fmt: skip
        parser.add_argument(
            "--texts", action="store_true",
            help="Let verify hold every approved letter against its receipt and the log.",
        )  # fmt: skip
        acting.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["act"] == "verify":
            acting.known(options)
            if options["to"] != "-":
                raise CommandError("--to goes with export or checkpoint; verify writes no file.")
        elif options["texts"] or options["checkpoint"]:
            raise CommandError("--texts and --checkpoint go with verify.")
        if options["workspace"]:  # one log for all of them, but none that is not there
            acting.workspace(options)
        getattr(self, f"_{options['act']}")(options)

    def _verify(self, options: dict[str, Any]) -> None:
        found = activity.verify()
        told = {"ok": found.bad is None, "checked": found.checked, "head": found.head,
                "first_bad": found.bad}  # fmt: skip
        code, said = 0, f"ok: {found.checked} entries, head {found.head}"
        if found.bad is not None:
            code, said = BROKEN, f"BROKEN after {found.checked} good entries: {found.bad}"
        elif lost := rewound.missing():
            code, said = _lost(lost, found.checked)
            told |= {"ok": False, "head_fault": said}
        elif options["texts"] and (bad := letters.first_bad()):
            code, said = BROKEN, f"BROKEN: {bad}"
            told |= {"ok": False, "text_fault": bad}
        elif options["checkpoint"]:
            code, sentence, count = _compared(options["checkpoint"])
            told |= {"ok": not code, "checkpoints": count, "checkpoint_fault": sentence or None}
            said = f"{said}, {count} checkpoints agree"
            if code:
                said = sentence
        if options["texts"] and not code:
            said = f"{said}; every approved letter agrees with its receipt and the log"
        self.stdout.write(json.dumps(told) if options["json"] else said)
        if code:
            sys.exit(code)

    def _checkpoint(self, options: dict[str, Any]) -> None:
        try:
            made = checkpoints.line(checkpoints.make(at=timezone.now()))
        except checkpoints.NoCheckpoint as error:
            raise CommandError(str(error)) from None
        exporting.write(options["to"], _one(made), self.stdout)
        if options["to"] != "-":
            self.stdout.write(f"The signed head of the log is in {options['to']}.")

    def _export(self, options: dict[str, Any]) -> None:
        """The whole log of every workspace; that it was taken is the last entry of it."""
        if options["workspace"]:
            raise CommandError(ONE_LOG.format(acting.workspace(options).slug))
        by = acting.operator(options, None)
        activity.seal_all()
        entries, _ = activity.head()
        told = activity.Entry("audit.exported", "log", "", None, codes={"entries": entries})
        with transaction.atomic():
            activity.record(told, by=by, at=timezone.now())
        activity.seal_all()
        exporting.write(options["to"], _lines(), self.stdout)
        if options["to"] != "-":
            self.stdout.write(f"The log is in {options['to']}.")


def _lost(lost: rewound.Lost, entries: int) -> tuple[int, str]:
    """Exit code and sentence for what this machine has seen, and the log does not hold."""
    said = f"Entry {lost.seq} of the log, which this machine has seen, {lost.how}"
    todo = (
        'Was a backup restored? Go on with "Restoring a backup" in docs/runbook.md. If not, the '
        "log was {}: stop everything and keep a copy of the database as it is."
    )
    if lost.rewritten:
        return BROKEN, f"BROKEN: {said}. {todo.format('rewritten')}"
    return GONE_BACK, f"GONE BACK: {said}: it ends with entry {entries}. {todo.format('cut off')}"


def _compared(name: str) -> tuple[int, str, int]:
    """Exit code, the sentence where it is not 0, and how many checkpoints agree."""
    try:
        with Path(name).open(encoding="utf-8") as lines:
            return 0, "", checkpoints.compare(checkpoints.read(lines))
    except checkpoints.Rewritten as error:
        return BROKEN, f"BROKEN: {error}", 0
    except checkpoints.NoCheckpoint as error:
        return GONE_BACK, f"NOT PROVEN by {name}: {error}", 0
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        return GONE_BACK, f"NOT PROVEN by {name}: it cannot be read ({why}).", 0


def _one(text: str) -> Generator[bytes]:
    yield text.encode()


def _lines() -> Generator[bytes]:
    for seals in batches(Seal.objects.all()):
        rows = Activity.objects.in_bulk([seal.activity_id for seal in seals])
        told = "".join(_line(seal, rows.get(seal.activity_id)) for seal in seals)
        yield told.encode("utf-8", "backslashreplace")


def _line(seal: Seal, row: Activity | None) -> str:
    """An entry that is gone leaves its number: the line tells it, and nothing else."""
    known = activity.content(row) if row else {"id": seal.activity_id}
    told = {"seq": seal.seq, "hash": seal.hash, **known}
    return json.dumps(told, ensure_ascii=False, sort_keys=True) + "\n"
