"""`manage.py doctor`: what is configured, what is unsafe, what would happen to a message now.

Looks only, save for `--restore-guards`. Exit 0 when everything is safe, 1 when something is unsafe
or broken, with the sentence that says what to do; a secret is never shown.
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from approvals.clocked import ClockedCommand
from outreach.core import activity, triggers
from outreach.core.clock import by_clock
from outreach.edge import acting, diagnosis, health, key_fit, one_message
from outreach.edge.checks import one_click
from outreach.edge.running import running_at
from safety import controls

NEVER = "never as it stands"


class Command(ClockedCommand):
    help = "Say what is configured, what is unsafe, and what would happen to a message now."
    requires_system_checks: list[str] = []  # they are this very command's subject

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")
        parser.add_argument(
            "--restore-guards",
            action="store_true",
            help="Make lost insert-only guards of the log anew (needs the operator's right).",
        )
        which = parser.add_mutually_exclusive_group()
        which.add_argument(
            "--message",
            type=int,
            metavar="APPROVAL",
            help="What would happen to #APPROVAL of the queue now.",
        )
        which.add_argument(
            "--draft", metavar="NUMBER", help="What would happen to this draft now; uuid as well."
        )
        acting.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        acting.known(options)
        if options["restore_guards"]:
            self._restore_guards(options)
        report, broken = self._report(options)
        if options["json"]:
            self.stdout.write(json.dumps(report, indent=2, default=str))
        else:
            self._print(report)
        if broken:
            raise CommandError(f"{broken} of these must be put right.", returncode=1)

    def _report(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        """What was found, and how many findings are serious."""
        alive = health.parts()
        report: dict[str, Any] = {
            "configured": configured(),
            "alive": alive,
            "badge": controls.badge().text,
            "message_now": controls.badge().sentence,
            "findings": [
                finding(each.id or "", level(each), each.msg, each.hint or "")
                for each in [*checks.run_checks(databases=["default"]), *one_click()]
                if not each.is_silenced() and each.id != key_fit.ID
            ],
        }
        try:
            found = diagnosis.examine(at=timezone.now())
            report |= found.parts
            report["findings"] += [
                finding(each.id, each.level, each.message, each.hint)
                for each in (*diagnosis.not_alive(alive), *found.faults)
            ]
            report["message"] = self._message(options)
        except DatabaseError:
            report["findings"].append(finding(*NO_DATABASE))
        return report, sum(each["level"] == "ERROR" for each in report["findings"])

    def _message(self, options: dict[str, Any]) -> dict[str, Any] | None:
        try:
            if options["message"] is not None:
                named = one_message.by_approval(options["message"])
            elif options["draft"]:
                named = one_message.by_draft(options["draft"])
            else:
                return None
        except one_message.NoSuchMessage as error:
            raise CommandError(str(error)) from None
        return one_message.explain(*named, at=timezone.now())

    def _print(self, report: dict[str, Any]) -> None:
        self.stdout.write(f"{report['badge']}: {report['message_now']}")
        if report.get("message"):
            self._print_message(report["message"])
        for title in ("configured", "alive"):
            self.stdout.write(f"\n{title.capitalize()}")
            for name, value in report[title].items():
                self.stdout.write(f"  {name:<18} {value}")
        for title in diagnosis.PARTS:
            self.stdout.write(f"\n{title.capitalize()}")
            for line in report.get(title, ["not looked at: the database could not tell"]):
                self.stdout.write(f"  {line}")
        self.stdout.write("\nFindings")
        for each in report["findings"]:
            self.stdout.write(f"  {each['level']} {each['id']}: {each['message']}")
            if each["hint"]:
                self.stdout.write(f"      {each['hint']}")
        if not report["findings"]:
            self.stdout.write("  none")

    def _print_message(self, found: dict[str, Any]) -> None:
        """The message before all else: it is what whoever asked is looking for."""
        self.stdout.write(f"\n{found['message']}")
        self.stdout.write(f"  {found['answer']}")
        self.stdout.write(f"  Permission: {found['permission']}")
        self.stdout.write(f"  Without brakes: {found['without_brakes']}")
        self.stdout.write(f"  Earliest without brakes: {moment(found['earliest']) or NEVER}")
        self.stdout.write(f"  Local time is that of {found['local_time']}")
        for each in found["checks"]:
            if each["code"]:
                until = f" (until {moment(each['hold_until'])})" if each["hold_until"] else ""
                told = f"{each['check']:<12} {each['message']}{until}"
                self.stdout.write(f"  {each['status']:<5} {told}")
        silent = ", ".join(each["check"] for each in found["checks"] if not each["code"])
        self.stdout.write(f"  pass  {silent or 'none'}")

    def _restore_guards(self, options: dict[str, Any]) -> None:
        by = acting.principal(options, operator=True)
        gone = triggers.missing()
        with transaction.atomic(), connection.cursor() as cursor:
            for table in gone:
                for make in (triggers.drop, triggers.create):
                    for statement in make(table, connection.vendor):
                        cursor.execute(statement)
                entry = activity.Entry("audit.guard_restored", "table", table, None)
                activity.record(entry, by=by, at=timezone.now())
        self.stderr.write(f"Guards made anew: {', '.join(gone) or 'none were missing'}.")


def moment(stamp: str | None) -> str:
    """A moment as every sentence here tells it."""
    return by_clock(datetime.fromisoformat(stamp)) if stamp else ""


def configured() -> dict[str, str]:
    """What this deployment is set up for, without a password in it."""
    database = settings.DATABASES["default"]
    engine = database["ENGINE"].rpartition(".")[2]
    place = f" on {database['HOST']}" if database.get("HOST") else ""
    broker = urlsplit(settings.CELERY_BROKER_URL)
    mail = settings.EMAIL_BACKEND.split(".")[-2]
    server = f" to {settings.EMAIL_HOST}:{settings.EMAIL_PORT}" if mail == "smtp" else ""
    return {
        "dry run": "on" if settings.DRY_RUN else "off",
        "database": f"{engine} {database['NAME']}{place}",
        "broker": f"{broker.scheme}://{broker.hostname or ''}",
        "mail": f"{mail}{server} as {settings.DEFAULT_FROM_EMAIL}",
        "suppression key": "environment" if os.environ.get("SUPPRESSION_KEY") else "data folder",
        "data folder": str(settings.DATA_DIR),
        "address": running_at() or f"{settings.BASE_URL} (not running here)",
        "debug": "on" if settings.DEBUG else "off",
    }


NO_DATABASE = (
    "doctor.database",
    "ERROR",
    "The database does not answer, or is not migrated: nothing can be sent, little can be said.",
    "Start it or look at DATABASE_URL; then run `manage.py migrate`.",
)


def finding(id: str, level: str, message: str, hint: str) -> dict[str, str]:
    return {"id": id, "level": level, "message": message, "hint": hint}


def level(message: checks.CheckMessage) -> str:
    return "ERROR" if message.is_serious() else "WARNING"
