"""The approval queue on the command line, with the seed's options; without any: interactive."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import IO, Any, cast

from django.core.management.base import CommandError, CommandParser
from django.db.models import Count, QuerySet
from django.utils import timezone
from rich.console import Console

from approvals import bulk, items, queue, receipt, services
from approvals.clocked import ClockedCommand
from approvals.errors import Refused
from approvals.models import Approval, ApprovalStatus
from approvals.tasks import wake_sender
from outreach.core import drafts, inbox
from outreach.core.people import PersonRefused
from outreach.core.permissions import NotAllowed, Verb
from outreach.edge import acting, console, review_acts, review_item, review_options
from outreach.edge.review_acts import READ_IT, Done, Typed
from outreach.edge.review_item import Ended, ItemMenu
from safety import controls

PAGE = 50
MENU = "Commands: [V]iew #  [A]pprove #  [R]eject #  [E]dit #  [B]ulk  [Q]uit: "


class Command(ClockedCommand):
    help = "Work the queue; without an act it asks. Example: manage.py review --approve 17"
    requires_system_checks: list[str] = []  # faults of sending refuse no stop; `doctor` tells

    def add_arguments(self, parser: CommandParser) -> None:
        act = parser.add_mutually_exclusive_group()
        act.add_argument("--pending", action="store_true", help="Show the queue.")
        act.add_argument("--show", type=int, metavar="N", help="Show one item whole.")
        act.add_argument("--receipt", type=int, metavar="N", help="The receipt with its letter.")
        act.add_argument("--approve", type=int, metavar="N", help="Approve item N as it stands.")
        act.add_argument(
            "--save", type=int, metavar="N", help="Save --edit, --at or both; N stays in the queue."
        )
        act.add_argument("--reject", type=int, metavar="N", help="End item N; needs --reason.")
        act.add_argument(
            "--request-changes", type=int, metavar="N",
            help="Send item N back to its author; needs --reason.",
        )  # fmt: skip
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
        except Refused as no:
            raise CommandError(review_options.how_to_say(no)) from None
        except (NotAllowed, PersonRefused, drafts.TextRefused, drafts.TextChanged) as no:
            raise CommandError(str(no)) from None

    def _act(self, options: dict[str, Any]) -> None:
        if options["pending"]:
            self._pending()
        elif options["show"] is not None:
            self._show(self._item(options["show"]))
        elif options["receipt"] is not None:
            self._receipt(self._item(options["receipt"]))
        elif options["approve"] is not None:
            seen = review_options.seen(options)
            how: dict[str, Any] = {"by": self.by, "heard": options["heard"], "seen": seen}
            item = self._as_read("approve", options)
            self._say(review_acts.approve(item, self._typed(options), **how))
        elif options["save"] is not None:
            item = self._as_read("save", options)
            self._say(review_acts.save(item, self._typed(options), by=self.by))
        elif options["reject"] is not None or options["request_changes"] is not None:
            self._no(options)
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
        found = queue.readable(Approval.objects.filter(pk=number, workspace=self.place)).first()
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

    def _typed(self, options: dict[str, Any]) -> Typed:
        return Typed(
            options["edit"], options["subject"] or None, options["html"], options["at"] or ""
        )

    def _no(self, options: dict[str, Any]) -> None:
        """Reject, or request changes; a yes that was given already is taken back by it."""
        act = "request_changes" if options["reject"] is None else "reject"
        say: Callable[..., Done] = getattr(review_acts, act)
        item = self._as_read(act, options)
        self._say(say(item, options["reason"] or "", by=self.by, take_back=True))

    def _say(self, done: Done) -> None:
        item, sentence = done
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
                    item.pk, by=self.by, at=now, **review_acts.shown(item), undo_seconds=0,
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
        self.menu = ItemMenu(self.stdout, self.by, self._say)
        while True:
            if not self._pending():
                return
            try:
                answer = self.menu.ask(MENU).split(maxsplit=1)
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
            heard = inbox.newest(item.draft) if shown else bulk.all_read(item, remedy=READ_IT)
            self.menu.heard, self.menu.seen = heard, {}
            if key == "v":
                self.console.print(console.detail(item))
                key = self.menu.ask(review_item.MENU).lower()[:1]
            self.menu.do(key, item)
        except (Refused, NotAllowed, PersonRefused, CommandError, drafts.TextRefused,
                drafts.TextChanged) as no:  # fmt: skip
            self.stdout.write(str(no))
