"""`manage.py doctor`: what is configured, what is unsafe, what would happen to a message now.

Looks only, save for `--restore-guards`. Exit 1 if something is wrong; a secret is never shown.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from django.utils import timezone

from outreach.core import activity, triggers
from outreach.edge import acting, health
from safety import controls


class Command(BaseCommand):
    help = "Say what is configured, what is unsafe, and what would happen to a message now."
    requires_system_checks: list[str] = []  # they are this very command's subject

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")
        parser.add_argument(
            "--restore-guards",
            action="store_true",
            help="Make lost insert-only guards of the log anew (needs the operator's right).",
        )
        acting.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["restore_guards"]:
            self._restore_guards(options)
        found = checks.run_checks(databases=["default"])
        report = {
            "configured": configured(),
            "alive": health.parts(),
            "badge": controls.badge().text,
            "message_now": controls.badge().sentence,
            "findings": [
                {"id": each.id, "level": level(each), "message": each.msg, "hint": each.hint}
                for each in found
            ],
        }
        if options["json"]:
            self.stdout.write(json.dumps(report, indent=2, default=str))
        else:
            self._print(report)
        errors = [each for each in found if each.is_serious()]
        if errors:
            raise CommandError(f"{len(errors)} of these must be put right.", returncode=1)

    def _print(self, report: dict[str, Any]) -> None:
        self.stdout.write(f"{report['badge']}: {report['message_now']}")
        for title in ("configured", "alive"):
            self.stdout.write(f"\n{title.capitalize()}")
            for name, value in report[title].items():
                self.stdout.write(f"  {name:<18} {value}")
        self.stdout.write("\nFindings")
        for each in report["findings"]:
            self.stdout.write(f"  {each['level']} {each['id']}: {each['message']}")
            if each["hint"]:
                self.stdout.write(f"      {each['hint']}")
        if not report["findings"]:
            self.stdout.write("  none")

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
        "data folder": str(settings.DATA_DIR),
        "address": settings.BASE_URL,
        "debug": "on" if settings.DEBUG else "off",
    }


def level(finding: checks.CheckMessage) -> str:
    return "ERROR" if finding.is_serious() else "WARNING"
