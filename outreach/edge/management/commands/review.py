"""The approval queue on the command line, with the seed's options; without any: interactive."""

from __future__ import annotations

import json
import sys
from typing import IO, Any, cast

from django.core.management.base import CommandError, CommandParser
from django.db.models import Count, QuerySet
from django.utils import timezone
from rich.console import Console

from approvals import ahead, bulk, items, queue, receipt, rounds, services
from approvals.clocked import ClockedCommand
from approvals.errors import Refused, Unseen
from approvals.models import Approval, ApprovalStatus
from approvals.tasks import wake_sender
from outreach.core import drafts, inbox
from outreach.core.people import PersonRefused
from outreach.core.permissions import NotAllowed, Verb
from outreach.edge import acting, console, person_told, review_options
from safety import controls

PAGE = 50
MENU = "Commands: [V]iew #  [A]pprove #  [R]eject #  [E]dit #  [B]ulk  [Q]uit: "
ITEM_MENU = "Actions: [A]pprove  [R]eject  [E]dit  [S]kip  [B]lock Person: "
READ_IT = "Read it (--show, or V here) and approve it there, or add --heard with its number."


class Ended(Exception):
    """The input ended before a question was answered."""


class Command(ClockedCommand):
    help = "Work the queue; without an act it asks. Example: manage.py review --approve 17"
    requires_system_checks: list[str] = []  # faults of sending refuse no stop; `doctor` tells
    heard: int | None = None  # the newest message of theirs that was read, if somebody says so
    seen: dict[str, bool]  # what nobody sees at a glance, as somebody says they saw it

    def add_arguments(self, parser: CommandParser) -> None:
        act = parser.add_mutually_exclusive_group()
        act.add_argument("--pending", action="store_true", help="Show the queue.")
        act.add_argument("--show", type=int, metavar="N", help="Show one item whole.")
        act.add_argument("--receipt", type=int, metavar="N", help="The receipt with its letter.")
        act.add_argument("--approve", type=int, metavar="N", help="Approve item N as it stands.")
        act.add_argument("--reject", type=int, metavar="N", help="End item N; needs --reason.")
        act.add_argument(
            "--bulk-approve", action="store_true", help="Approve what may go together."
        )
        review_options.add_details(parser)
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")
        acting.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        self.as_json = options["json"]
        self.place = acting.workspace(options)
        looks = any(options[act] is not None for act in ("show", "receipt"))
        if looks or options["pending"]:
            acting.known(options)
        else:
            self.by = acting.principal(options, verb=Verb.DECIDE, workspace=self.place)
        width = None if sys.stdout.isatty() else 110
        self.console = Console(
            file=cast(IO[str], self.stdout), width=width, highlight=False, markup=False
        )
        review_options.fit(options)
        try:
            self._act(options)
        except Unseen as no:
            raise CommandError(f"{no} {review_options.how_to_say(no)}") from None
        except (Refused, NotAllowed, PersonRefused, drafts.TextRefused, drafts.TextChanged) as no:
            raise CommandError(str(no)) from None

    def _act(self, options: dict[str, Any]) -> None:
        if options["pending"]:
            self._pending()
        elif options["show"] is not None:
            self._show(self._item(options["show"]))
        elif options["receipt"] is not None:
            self._receipt(self._item(options["receipt"]))
        elif options["approve"] is not None:
            self.heard = options["heard"]
            self.seen = {name: options[name] for name in review_options.SEEN}
            edit = {"subject": options["subject"] or None, "html": options["html"]}
            self._approve(self._as_read("approve", options), options["edit"], **edit)
        elif options["reject"] is not None:
            self._reject(self._as_read("reject", options), options["reason"])
        elif options["bulk_approve"]:
            self._bulk(options["priority"], options["max"] or bulk.MOST)
        else:
            self._interactive()

    # --- Reading ---------------------------------------------------------------------------------

    def _queue(self) -> QuerySet[Approval]:
        return (
            Approval.objects.filter(workspace=self.place, status=ApprovalStatus.PENDING)
            .select_related("revision", "workspace", "draft__person__account")
            .order_by("-priority", "created_at", "pk")
        )

    def _pending(self) -> list[Approval]:
        items = list(self._queue()[:PAGE])
        found = self._queue().order_by("priority").values_list("priority").annotate(Count("pk"))
        counts = queue.Counts(dict(found), limited=False)
        if self.as_json:
            rows = [console.as_dict(item) for item in items]
            told = {"pending": counts.total, **counts.urgent, "items": rows}
            self.stdout.write(json.dumps(told, ensure_ascii=False))
        elif not items:
            badge = controls.badge(self.place.pk)
            self.stdout.write(f"{badge.text}: {badge.sentence}")
            self.stdout.write("The queue is empty: nothing waits for a decision.")
        else:
            self.console.print(console.queue(items, counts))
        return items

    def _item(self, number: int) -> Approval:
        found = (
            Approval.objects.filter(pk=number, workspace=self.place)
            .select_related("revision", "workspace", "draft__person__account")
            .first()
        )
        if found is None:
            raise CommandError(f"There is no approval #{number} in {self.place.name}.")
        return found

    def _as_read(self, act: str, options: dict[str, Any]) -> Approval:
        """The item to decide about, with the text that was read where its digest is given."""
        item = self._item(options[act])
        items.same_text(item, options["digest"] or item.digest)
        return item

    def _show(self, item: Approval) -> None:
        if self.as_json:
            self.stdout.write(json.dumps(console.whole(item), ensure_ascii=False))
        else:
            self.console.print(console.detail(item))

    def _receipt(self, item: Approval) -> None:
        if not item.receipt:
            raise CommandError(f"Nobody approved #{item.pk}, so it has no receipt.")
        self.stdout.write(json.dumps(receipt.export(item), ensure_ascii=False, indent=1))

    # --- Deciding --------------------------------------------------------------------------------

    def _approve(self, item: Approval, text: str | None = None, **more: str | None) -> None:
        now = timezone.now()
        how: dict[str, Any] = {"by": self.by, "at": now, **review_options.shown(item)}
        heard = bulk.all_read(item, remedy=READ_IT) if self.heard is None else self.heard
        how |= {"undo_seconds": 0, "heard": heard, **self.seen}
        if text is None:
            done = services.approve(item.pk, **how)
        else:
            words = drafts.edited(item.draft, item.revision, text=text, **more)
            done = services.edit_and_approve(item.pk, words, **how)
        wake_sender()
        given = queue.readable(Approval.objects.filter(pk=done.pk)).get()
        before = f" {console.SENT_BEFORE}" if rounds.may_have_arrived(item) else ""
        self._say(done, f"#{done.pk} is approved{ahead.what_follows(given, now)}{before}")

    def _approve_asking(self, item: Approval, text: str | None = None) -> None:
        """Approve it; what nobody sees at a glance in its text is asked about."""
        try:
            self._approve(item, text)
        except Unseen as no:
            if self._ask(f"{no} Approve it all the same? yes/no: ").lower() != "yes":
                raise
            self.seen[no.field] = True
            self._approve_asking(item, text)

    def _reject(self, item: Approval, reason: str, *, take_back: bool = True) -> None:
        how: dict[str, Any] = {"by": self.by, "at": timezone.now(), "digest": item.digest}
        done = services.reject(item.pk, reason=reason, take_back=take_back, **how)
        self._say(done, f"#{item.pk} rejected; its author sees the reason")

    def _say(self, item: Approval, sentence: str) -> None:
        if self.as_json:
            self.stdout.write(
                json.dumps({"id": item.pk, "status": item.status, "digest": item.digest})
            )
        else:
            self.stdout.write(sentence)

    def _bulk(self, priority: str | None, most: int) -> None:
        wanted = review_options.bulk_priorities(self.place, priority)
        if not 1 <= most <= bulk.MOST:
            raise CommandError(f"--max is between 1 and {bulk.MOST}.")
        now = timezone.now()
        found = bulk.candidates(self.place, at=now, priorities=wanted)
        results = [self._bulk_one(item) for item in found[:most]]
        approved = sum(1 for _, problem in results if not problem)
        if approved:
            wake_sender()
        if self.as_json:
            rows = [{"id": pk, "approved": not why, "reason": why} for pk, why in results]
            self.stdout.write(json.dumps({"approved": approved, "items": rows}))
        else:
            self.stdout.write(f"approved {approved} of {len(results)}")

    def _bulk_one(self, item: Approval) -> tuple[int, str]:
        """Show the text, then approve it by its own digest, unless it needs a look of its own."""
        now, heard = timezone.now(), inbox.newest(item.draft)  # what comes later is not read
        problem = bulk.why_not(item, at=now)
        if not self.as_json:
            self.console.print(console.detail(item))
        if not problem:
            try:
                services.approve(
                    item.pk, by=self.by, at=now, **review_options.shown(item), undo_seconds=0,
                    in_bulk=True, heard=heard,
                )  # fmt: skip
            except Refused as no:
                problem = str(no)
        if not self.as_json:
            self.stdout.write(f"#{item.pk} left in the queue: {problem}" if problem else "approved")
        return item.pk, problem

    # --- Interactive -----------------------------------------------------------------------------

    def _interactive(self) -> None:
        if self.as_json:
            raise CommandError("--json needs an act, such as --pending.")
        while True:
            if not self._pending():
                return
            try:
                answer = self._ask(MENU).split(maxsplit=1)
            except Ended:
                return
            if not answer or answer[0].lower() == "q":
                return
            try:
                self._choose(answer[0].lower(), answer[1] if len(answer) > 1 else "")
            except Ended:
                raise CommandError(
                    f"The input ended before “{' '.join(answer)}” was answered: nothing is decided."
                ) from None

    def _choose(self, key: str, rest: str) -> None:
        try:
            if key == "b":
                self._bulk(None, bulk.MOST)
                return
            number = rest.strip("# ")
            if key not in ("v", "a", "r", "e") or not number.isdecimal() or len(number) > 18:
                self.stdout.write("Type a letter and a number, such as: v 3")
                return
            item = self._item(int(number))
            shown = key in ("v", "r")  # who says no may have read nothing
            self.heard = inbox.newest(item.draft) if shown else bulk.all_read(item, remedy=READ_IT)
            if key == "v":
                self.console.print(console.detail(item))
                key = self._ask(ITEM_MENU).lower()[:1]
            self._on_item(key, item)
        except (Refused, NotAllowed, PersonRefused, CommandError, drafts.TextRefused,
                drafts.TextChanged) as no:  # fmt: skip
            self.stdout.write(str(no))

    def _on_item(self, key: str, item: Approval) -> None:
        self.seen = {}
        if key == "a":
            self._approve_asking(item)
        elif key == "r":
            waited = item.status == ApprovalStatus.PENDING  # as it was when it was shown
            self._reject(item, self._ask("Why? "), take_back=not waited)
        elif key == "e":
            self._approve_asking(item, self._lines("New text, end with a line with a single dot:"))
        elif key == "b":
            self._block(item)

    def _block(self, item: Approval) -> None:
        person = item.draft.person
        if self._ask(f"Block {person.full_name} for good? yes/no: ").lower() != "yes":
            return
        for line in person_told.block(person, reason=self._ask("Why? "), by=self.by):
            self.stdout.write(line)

    def _ask(self, question: str) -> str:
        """One line from the person; the end of the input is no answer."""
        self.stdout.write(question, ending="")
        self.stdout.flush()
        line = sys.stdin.readline()
        if not line:
            raise Ended
        return acting.words(line.strip())

    def _lines(self, question: str) -> str:
        """A text up to its line with a dot; without that line it may be half a text."""
        self.stdout.write(question)
        lines: list[str] = []
        for line in sys.stdin:
            if line.rstrip("\r\n") == ".":
                return "\n".join(lines)
            lines.append(line.rstrip("\n"))
        raise Ended
