"""Check the log's chain, or write it out. Exit 4: the first bad entry is named."""

from __future__ import annotations

import json
import sys
from datetime import UTC
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from outreach.core import activity
from outreach.core.models import Seal

BROKEN = 4


class Command(BaseCommand):
    help = "verify: follow the hash chain of the activity log; export: write it as JSON Lines."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", choices=["verify", "export"])
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["act"] == "export":
            self._export()
            return
        found = activity.verify()
        if options["json"]:
            self.stdout.write(
                json.dumps(
                    {"ok": found.bad is None, "checked": found.checked, "head": found.head,
                     "first_bad": found.bad}
                )
            )  # fmt: skip
        elif found.bad is None:
            self.stdout.write(f"ok: {found.checked} entries, head {found.head}")
        else:
            self.stdout.write(f"BROKEN after {found.checked} good entries: {found.bad}")
        if found.bad is not None:
            sys.exit(BROKEN)

    def _export(self) -> None:
        activity.seal()
        rows = Seal.objects.select_related("activity").order_by("seq")
        for seal in rows.iterator(chunk_size=2000):
            row = seal.activity
            line = {
                "seq": seal.seq,
                "hash": seal.hash,
                "id": row.pk,
                "workspace": row.workspace_id,
                "by_kind": row.by_kind,
                "by_id": row.by_id,
                "verb": row.verb,
                "object_type": row.object_type,
                "object_id": row.object_id,
                "digest": row.digest,
                "codes": row.codes,
                "request_id": row.request_id,
                "at": row.at.astimezone(UTC).isoformat(timespec="microseconds"),
            }
            self.stdout.write(json.dumps(line, ensure_ascii=False, sort_keys=True))
