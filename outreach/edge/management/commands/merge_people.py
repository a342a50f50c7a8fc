"""Merge two records of one human being, or take a merge back."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from channels import merging as door
from outreach.core import merging, queries
from outreach.core.merging import MergeRefused
from outreach.core.models import Merge, Person
from outreach.core.permissions import NotAllowed, Verb
from outreach.edge import acting


class Command(BaseCommand):
    help = "Say that two records are one human being: shows every field that differs, then merges."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kept", metavar="KEPT", help="Uuid of the record that stays.")
        parser.add_argument("merged", metavar="MERGED", help="Uuid of the record that joins it.")
        parser.add_argument(
            "--take", action="append", default=[], metavar="FIELD",
            help="Where the two differ, take the merged record's value. Repeat for each field: "
            f"{', '.join(merging.FIELDS)}.",
        )  # fmt: skip
        parser.add_argument("--dry-run", action="store_true", help="Show the fields; merge not.")
        parser.add_argument("--undo", action="store_true", help="Take the merge of the two back.")
        acting.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["undo"] and (options["dry_run"] or options["take"]):
            raise CommandError(
                "--undo takes neither --dry-run nor --take: it takes the merge back at once."
            )
        workspace = acting.workspace(options)
        by = acting.principal(options, verb=Verb.WRITE_PEOPLE, workspace=workspace)
        kept, merged = (self._person(workspace, options[name]) for name in ("kept", "merged"))
        try:
            if options["undo"]:
                self._undo(kept, merged, by)
                return
            merging.check(kept, merged, options["take"])
            self._show(kept, merged, options["take"])
            if options["dry_run"]:
                self.stdout.write("Nothing was merged: this was a dry run.")
                return
            door.merge(kept, merged, take=options["take"], by=by, at=timezone.now())
        except (MergeRefused, NotAllowed) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(
            f"{merged.full_name} counts as {kept.full_name} now. --undo takes it back."
        )

    def _person(self, workspace: Any, uuid: str) -> Person:
        found = queries.person_by_uuid(workspace, uuid)
        if found is None:
            raise CommandError(f"There is no person {uuid} in {workspace.name}. Check the uuid.")
        return found

    def _show(self, kept: Person, merged: Person, take: list[str]) -> None:
        for field in merging.compare(kept, merged):
            if field.differs:
                taken = field.name in take
                wins, loses = (field.merged, field.kept) if taken else (field.kept, field.merged)
                self.stdout.write(f"{field.label}: {wins!r} counts, {loses!r} does not")
            elif field.fills:
                self.stdout.write(f"{field.label}: filled with {field.merged!r}")

    def _undo(self, kept: Person, merged: Person, by: Any) -> None:
        row = Merge.objects.filter(kept=kept, merged=merged, undone_at=None).first()
        if row is None:
            raise CommandError(f"{merged.full_name} is not merged into {kept.full_name}.")
        door.undo(row, by=by, at=timezone.now())
        self.stdout.write(f"{kept.full_name} and {merged.full_name} are two people again.")
