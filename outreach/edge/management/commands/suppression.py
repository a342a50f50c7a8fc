"""The suppression list: import, export, add, lift, list. Each change is logged with who and why."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from outreach.core import suppression, suppression_lists
from outreach.core.addresses import BadAddress, normalise
from outreach.core.models import Channel
from outreach.core.models.consent import SuppressionReason
from outreach.core.permissions import NotAllowed, Verb
from outreach.core.plurals import plural
from outreach.core.suppression import SuppressionRefused
from outreach.core.suppression_lists import BadList
from outreach.edge import acting, exporting, under_way
from outreach.edge.insisting import insist

SHOWN = 100
CLOSES = ("add", "import")  # what is under way there is waited for, as by a stop of a person
NOT_YET_STOPPED = 3


class Command(BaseCommand):
    help = "Addresses nothing may go to: import FILE, export FILE, add, lift, list."
    requires_system_checks: list[str] = []  # faults of sending refuse no stop; `doctor` tells

    def add_arguments(self, parser: CommandParser) -> None:
        acts = parser.add_subparsers(dest="act", metavar="ACT", required=True)
        for name, words in ACTS.items():
            act = acts.add_parser(name, help=words)
            if name in ("import", "export"):
                act.add_argument("file", metavar="FILE", help="A CSV file, or -.")
            if name in ("add", "lift"):
                act.add_argument("address", metavar="ADDRESS", help="As people write it.")
            if name != "import":  # there the file says it for each address
                act.add_argument("--channel", choices=list(Channel.values), **CHANNEL[name])
            if name == "lift":
                act.add_argument(
                    "--reason", default="", type=acting.words,
                    help="Why they may be written to again.",
                )  # fmt: skip
            act.add_argument("--json", action="store_true", help="Print one JSON object.")
            acting.add_arguments(act, read=acting.named_or_empty if name in CLOSES else None)

    def handle(self, *args: Any, **options: Any) -> None:
        place = acting.workspace(options)
        by = acting.principal(options, verb=Verb.STOP_PERSON, workspace=place)
        now = timezone.now()
        try:
            told = getattr(self, f"_{options['act']}")(options, place, by)
        except (BadList, BadAddress, SuppressionRefused, NotAllowed) as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}.") from None
        report = under_way.wait(place, set_at=now) if options["act"] in CLOSES else None
        if options["json"]:
            told |= report.as_dict() if report else {}
            self.stdout.write(json.dumps(told, ensure_ascii=False))
        for line in report.lines() if report else ():
            self._say(options, line)
        if report and not report.stopped:
            sys.exit(NOT_YET_STOPPED)

    def _say(self, options: dict[str, Any], sentence: str) -> None:
        if not options["json"]:
            self.stdout.write(sentence)

    def _import(self, options: dict[str, Any], place: Any, by: Any) -> dict[str, Any]:
        name = options["file"]
        raw = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        taken = insist(lambda: suppression_lists.import_csv(raw, place, by=by, at=timezone.now()))
        if taken.errors:
            lines = [f"line {line}: {text}" for line, text in taken.errors[:SHOWN]]
            raise BadList(
                "\n".join([f"Nothing was stored: {plural(len(taken.errors), 'bad row')}.", *lines])
            )
        self._say(
            options, f"{plural(taken.rows, 'row')}: {taken.new:,} new, {taken.known:,} known."
        )
        return {"rows": taken.rows, "new": taken.new, "known": taken.known}

    def _export(self, options: dict[str, Any], place: Any, by: Any) -> dict[str, Any]:
        asked = exporting.Asked(
            exporting.KINDS["suppression"],
            exporting.FORMATS["csv"],
            place,
            channel=options["channel"],
        )
        begun = exporting.begin(asked, by=by, now=timezone.now)
        if options["file"] == "-" and options["json"]:
            return {"csv": b"".join(begun.parts()).decode("utf-8-sig")}
        exporting.write(options["file"], begun.parts(), self.stdout)
        if options["file"] != "-":
            said = f"{plural(begun.count, 'suppressed address')} in {options['file']}."
            self._say(options, said)
        return {"rows": begun.count, "file": options["file"]}

    def _add(self, options: dict[str, Any], place: Any, by: Any) -> dict[str, Any]:
        form = normalise(options["channel"], options["address"])
        row = insist(
            lambda: suppression.suppress(
                place,
                options["channel"],
                form,
                reason=SuppressionReason.MANUAL,
                by=by,
                at=timezone.now(),
            )
        )
        self._say(options, f"Nothing goes to {form} by {options['channel']} any more.")
        return {"address": form, "channel": row.channel, "reason": row.reason}

    def _lift(self, options: dict[str, Any], place: Any, by: Any) -> dict[str, Any]:
        rows = suppression.holding(place, options["channel"], options["address"])
        if not rows:
            raise CommandError(
                f"{options['address']} is not suppressed for {options['channel']} in {place.name}."
            )
        with transaction.atomic():
            for row in rows:
                suppression.lift(row, reason=options["reason"], by=by, at=timezone.now())
        channel = options["channel"]
        self._say(options, f"{options['address']} may be written to by {channel} again.")
        return {"address": options["address"], "channel": channel, "lifted": True}

    def _list(self, options: dict[str, Any], place: Any, by: Any) -> dict[str, Any]:
        rows = list(suppression_lists.rows_of(place, channel=options["channel"]))
        self._say(options, f"{plural(len(rows), 'suppressed address')} in {place.name}.")
        for row in rows[:SHOWN]:
            who = row["address"] or f"digest {row['digest'][:12]}…"
            self._say(options, f"{row['at'][:10]}  {row['channel']}  {row['reason']}  {who}")
        if len(rows) > SHOWN:
            self._say(options, f"… and {len(rows) - SHOWN:,} more; export them to see all.")
        return {"rows": rows}


_OF_ONE: dict[str, Any] = {
    "default": Channel.EMAIL.value,
    "help": "The address's channel (default: email).",
}
_OF_MANY: dict[str, Any] = {"default": "", "help": "Only addresses of this channel (default: all)."}
CHANNEL = {"add": _OF_ONE, "lift": _OF_ONE, "list": _OF_MANY, "export": _OF_MANY}
ACTS = {
    "import": "take in a CSV of addresses",
    "export": "write the list as CSV",
    "add": "suppress one address",
    "lift": "let messages go to an address again, with a reason",
    "list": "show what stands",
}
