"""The stop buttons on the command line (SPEC §3, §12).

Exit 3: not stopped, with what to do; not yet stopped, with the list; or a drill showed that the
stop cannot be relied on.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError
from django.utils import timezone

from approvals import auto_off
from approvals.clocked import ClockedCommand
from channels import drill, letting, quiet, stop, stop_link
from outreach.core.clock import CLOCK, by_clock
from outreach.core.models import Workspace
from outreach.core.permissions import NotAllowed, Verb
from outreach.core.principal import Principal
from outreach.edge import (
    acting,
    control_rows,
    control_table,
    heeded,
    running,
    stop_history,
    stop_told,
)
from outreach.edge.control_rows import Back
from outreach.edge.insisting import NOT_KNOWN, insist, seen
from safety import controls
from safety.models import SWITCHES, ControlKey

NO_REASON = "by command, no reason given"
NOT_YET_STOPPED = 3
EVERYWHERE = "Without --workspace it concerns the whole system."
FOUR = ", ".join(word for word, key in controls.WORDS.items() if key in SWITCHES)
LIFTED_FOR_GOOD = (
    "Nothing was changed: lifting dry run is for good, so leave --duration away, and set it again "
    "with --enable dry-run when you are done."
)
ASSUMED = (
    "The web does not run here now, so {address} is assumed from PORT. Where it is served "
    "elsewhere, set BASE_URL (or PORT) and make the link anew."
)
NO_PLACE = "--workspace is empty, and a drill is no workspace's: leave the option away."
NO_DRY_RUN = "dry run was not set by control here, so nothing was lifted"
ACTS = ("emergency_stop", "enable_all", "enable", "disable", "drill", "stop_link", "status")
# Option → the acts that heed it; beside another it would be dropped without a word.
HEEDED = {
    "duration": ("disable",),
    "days": ("stop_link",),
    "reason": ("emergency_stop", "enable_all", "enable", "disable"),
    "workspace": ("emergency_stop", "enable_all", "enable", "disable", "stop_link", "status"),
}
# Setting one of these waits until no message in its scope is in flight.
STOPS = (ControlKey.EMERGENCY_STOP, ControlKey.MESSAGING_ENABLED, ControlKey.DRY_RUN)


class Command(ClockedCommand):
    help = (
        "Stop, resume and show what is stopped, and why; --status also tells what was lately. "
        f"{EVERYWHERE}"
    )
    requires_system_checks: list[str] = []  # faults of sending refuse no stop; `doctor` tells

    def add_arguments(self, parser: CommandParser) -> None:
        act = parser.add_mutually_exclusive_group(required=True)
        act.add_argument("--emergency-stop", action="store_true", help="Stop everything at once.")
        act.add_argument(
            "--enable-all",
            action="store_true",
            help=f"Lift the emergency stop and switch {FOUR} on. Dry run is not touched.",
        )
        words = sorted(controls.WORDS)
        known = ", ".join(words)
        act.add_argument("--enable", choices=words, metavar="K", help=f"One of {known}.")
        act.add_argument("--disable", choices=words, metavar="K", help=f"One of {known}.")
        act.add_argument(
            "--drill",
            action="store_true",
            help="Prove the stop on a test message of its own; nothing real is touched.",
        )
        act.add_argument(
            "--stop-link",
            action="store_true",
            help="Make a link that stops without login, in your name. Whoever has it can stop.",
        )
        act.add_argument("--status", action="store_true", help="Show every control, and why.")
        most = stop_link.MOST_DAYS
        parser.add_argument(
            "--days", type=int, help=f"How long a link lasts: {stop_link.DAYS}, at most {most}."
        )
        parser.add_argument(
            "--duration", type=acting.parse_duration, help="30m, 24h, 7d; not with dry-run."
        )
        parser.add_argument(
            "--reason", default="", help="Why; kept, and shown to everybody who finds it stopped."
        )
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")
        acting.add_arguments(parser, workspace=EVERYWHERE, read=acting.named_or_empty)

    def handle(self, *args: Any, **options: Any) -> None:
        heeded.refuse_unheeded(options, ACTS, HEEDED)
        if options["drill"] and options["workspace"] == "":
            raise CommandError(NO_PLACE)
        if _verb(options) is not Verb.BRAKE:
            acting.refuse_empty(options)
        place = acting.workspace(options) if options["workspace"] else None
        if options["status"]:
            self._status(place, as_json=options["json"])
            return
        if options["duration"] and options["disable"] == "dry-run":
            raise CommandError(LIFTED_FOR_GOOD)
        by = _member(options) if place else acting.operator(options, _verb(options))
        if options["drill"]:
            self._drill(by, as_json=options["json"])
            return
        try:
            self._act(options, place, by)
        except (stop.ControlRefused, NotAllowed) as error:
            raise CommandError(str(error)) from None
        except DatabaseError as error:  # of what stops, `insist` and `seen` tell
            raise CommandError(NOT_KNOWN.format(error=error)) from None

    def _act(self, options: dict[str, Any], place: Workspace | None, by: Principal) -> None:
        reason, now = options["reason"], timezone.now()
        if options["stop_link"]:
            self._stop_link(place, by, options)
        elif options["emergency_stop"]:
            why = reason or NO_REASON
            at = insist(
                lambda: stop.emergency_stop(workspace=place, reason=why, by=by, clock=timezone.now)
            )
            self._wait(ControlKey.EMERGENCY_STOP, place, at, by=by, as_json=options["json"])
        elif options["enable_all"]:
            self._enable_all(place, reason or NO_REASON, by, as_json=options["json"])
        elif options["disable"] == "dry-run":
            was = stop.lift_dry_run(workspace=place, reason=reason, by=by, at=now)
            done = "dry run set by control is lifted" if was else NO_DRY_RUN
            self._done(done, place, lets_go=True, as_json=options["json"])
        elif options["disable"] or options["enable"] == "dry-run":
            self._brake(options, place, reason or NO_REASON, by)
        else:
            key = controls.WORDS[options["enable"]]
            stop.switch_on(key, workspace=place, reason=reason or NO_REASON, by=by, at=now)
            done = f"{key} {control_rows.now_on(key, place)}"
            self._done(done, place, lets_go=True, as_json=options["json"])

    def _brake(
        self, options: dict[str, Any], place: Workspace | None, reason: str, by: Principal
    ) -> None:
        now = timezone.now()
        key = controls.WORDS[options["disable"] or options["enable"]]
        until = now + options["duration"] if options["duration"] else None
        how: dict[str, Any] = {"workspace": place, "reason": reason, "by": by, "at": now}
        row = insist(lambda: stop.set_brake(key, auto_restore_at=until, **how))
        back = Back.of(row, until)
        if key in STOPS or key == ControlKey.AUTO_APPROVE_ENABLED:
            self._wait(key, place, now, back, by=by, as_json=options["json"])
        else:
            self._done(back.sentence(), place, back, as_json=options["json"])

    def _stop_link(self, place: Workspace | None, by: Principal, options: dict[str, Any]) -> None:
        days = stop_link.DAYS if options["days"] is None else options["days"]
        link = stop_link.make(by=by, workspace=place, days=days, at=timezone.now())
        address = stop_link.address(link, base=running.address())
        if running.is_assumed():
            self.stderr.write(ASSUMED.format(address=running.address()))
        if not address.startswith("https://"):
            self.stderr.write("Not https: whoever listens on the way could stop. Set BASE_URL.")
        if options["json"]:
            until = link.until.isoformat()
            self.stdout.write(json.dumps({"link": address, "stops": link.where, "until": until}))
            return
        self.stdout.write(address)
        self.stdout.write(
            f"It stops {link.where} in the name of {by.label} until {by_clock(link.until)}, "
            "without login. Keep it on your phone; it is not shown again."
        )

    def _wait(
        self, key: str, place: Workspace | None, set_at: Any, back: Back | None = None,
        *, by: Principal, as_json: bool,
    ) -> None:  # fmt: skip
        """Say "stopped" only when it is; exit 3 with the list otherwise."""
        told = back.as_dict() if back else {}
        if not as_json:
            if back and told:
                self.stdout.write(f"{back.sentence()}.")
            self.stdout.write(
                f"{key} set {by_clock(set_at, CLOCK)}; waiting for what is in flight …"
            )
        scope = quiet.scope_of(workspace=place)
        if key == ControlKey.AUTO_APPROVE_ENABLED:
            scope &= auto_off.IN_FLIGHT  # what people approved goes on
        report = seen(lambda: quiet.wait(scope, set_at=set_at))
        if key == ControlKey.EMERGENCY_STOP:
            stop_told.back_in_the_queue(report, place.pk if place else None)
        if as_json:
            self.stdout.write(json.dumps({"control": str(key), **told, **report.as_dict()}))
        else:
            self._tell(report, by)
        if not report.stopped:
            sys.exit(NOT_YET_STOPPED)

    def _drill(self, by: Principal, *, as_json: bool) -> None:
        try:
            found = drill.run(by=by)
        except (drill.CannotDrill, NotAllowed) as error:
            raise CommandError(str(error)) from None
        if as_json:
            self.stdout.write(json.dumps(found.as_dict()))
        else:
            for line in found.lines():
                self.stdout.write(line)
        if not found.passed:
            sys.exit(NOT_YET_STOPPED)

    def _tell(self, report: quiet.StopReport, by: Principal) -> None:
        for line in stop_told.lines(report, by):
            self.stdout.write(line)
        if report.stopped and report.effective_at is not None:
            self.stdout.write(f"stopped {by_clock(report.effective_at, CLOCK)}")
        else:
            self.stdout.write(stop_told.not_yet())

    def _enable_all(
        self, place: Workspace | None, reason: str, by: Principal, *, as_json: bool
    ) -> None:
        lifted = stop.enable_all(workspace=place, reason=reason, by=by, at=timezone.now())
        if as_json:
            badge, others, _ = control_rows.badge_of(place)
            more = {"leaving": letting.leaving(place, at=timezone.now())}
            told = {**asdict(lifted), **more, "badge": badge.text, "other_badges": others}
            self.stdout.write(json.dumps(told))
            return
        for line in lifted.were_off:
            self.stdout.write(f"lifted: {line}")
        for line in lifted.still_braking:
            self.stdout.write(f"still braking: {line}")
        if lifted.reopened:
            self.stdout.write(f"{lifted.reopened} approved before the stop went back to the queue.")
        if place is None and control_rows.badge_of(None)[1]:
            self.stdout.write("What a workspace has set itself is lifted with --workspace SLUG.")
        self._done(lifted.sentence(), place, lets_go=True, as_json=False)

    def _done(
        self, sentence: str, place: Workspace | None, back: Back | None = None,
        *, lets_go: bool = False, as_json: bool,
    ) -> None:  # fmt: skip
        """`lets_go`: say what leaves because of it."""
        badge, others, said = control_rows.badge_of(place)
        count = letting.leaving(place, at=timezone.now()) if lets_go else 0
        if as_json:
            told: dict[str, Any] = {"done": sentence, "badge": badge.text, "other_badges": others}
            told |= {"leaving": count} if lets_go else {}
            self.stdout.write(json.dumps({**told, **(back.as_dict() if back else {})}))
        else:
            self.stdout.write(f"{sentence}. {said} {letting.told(count)}".rstrip())

    def _status(self, place: Workspace | None, *, as_json: bool) -> None:
        rows = control_rows.rows_of(place)
        badge, others, said = control_rows.badge_of(place)
        places = [place.pk] if place else Workspace.objects.values_list("pk", flat=True)
        lately = stop_history.of_controls(places, most=stop_history.LATELY)
        if as_json:
            head = {"badge": badge.text, "sentence": badge.sentence, "other_badges": others}
            told = [row.as_dict() for row in lately]
            self.stdout.write(json.dumps({**head, "controls": rows, "lately": told}))
            return
        self.stdout.write(control_table.head(said, badge, place))
        control_table.show(rows, self.stdout)
        for row in lately:
            self.stdout.write(row.line())


def _verb(options: dict[str, Any]) -> Verb | None:
    """What a member must hold to do it in their workspace; a drill is no workspace's."""
    if options["drill"]:
        return None
    dry, enabled = options["disable"] == "dry-run", options["enable"]
    lifts = options["enable_all"] or dry or (enabled and enabled != "dry-run")
    return Verb.LIFT if lifts else Verb.BRAKE


def _member(options: dict[str, Any]) -> Principal:
    """An operator or a member with the right; the service decides which is enough."""
    try:
        return acting.principal(options, operator=True)
    except CommandError:
        return acting.principal(options, verb=Verb.BRAKE)
