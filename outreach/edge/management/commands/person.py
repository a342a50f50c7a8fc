"""Stop and resume messaging to one human being (SPEC §3, §12). Exit 3: not yet stopped.

And everything stored about them as JSON, or erased for good (docs/privacy.md).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db.models import Q
from django.utils import timezone

from approvals.clocked import ClockedCommand
from channels import quiet, stop
from outreach.core import people, queries, shown, suppression
from outreach.core.models import Address, Person, Workspace
from outreach.core.models.people import PersonStatus
from outreach.core.people import STILL_ASKED, STILL_BLOCKED, PersonRefused, canonical
from outreach.core.permissions import NotAllowed, Verb
from outreach.core.principal import Principal
from outreach.edge import acting, exporting, heeded, person_told
from outreach.edge.insisting import insist
from outreach.edge.privacy import erasing, telling
from safety.services import told_of

NO_REASON = "by command, no reason given"
NOT_YET_STOPPED = 3
HOW_TO_LIFT = (
    "manage.py suppression list shows them, suppression lift ADDRESS lets one be used again"
)
NEXT = {STILL_ASKED: "--lift-desist", STILL_BLOCKED: "--unblock"}
VERBS = {
    "disable_automation": "Hold what waits for them; agents and workflows submit nothing more.",
    "enable_automation": "Let what was held go on; agents and workflows may submit again.",
    "block": "Nothing goes to them any more, by our decision.",
    "unblock": "Lift the block; needs --reason.",
    "desist": "Nothing goes to them any more: they asked us to stop.",
    "lift_desist": "Let messages go again after 72 hours; needs --reason.",
}


ACTS = (*VERBS, "erase", "show", "export")
HEEDED = {"reason": (*VERBS, "erase"), "also_known_as": ("erase",)}
STOPS = ("disable_automation", "block", "desist")  # refused for no option that is left empty
ENDS = ("block", "desist")  # what stops somebody for good ends their rounds, too


def _meant(place: Workspace, named: str, *, by_uuid: bool) -> Person:
    """What cannot be taken back needs the uuid: an address or a name may be another's."""
    if by_uuid:
        exact = queries.person_by_uuid(place, named)
        if exact is None:
            raise CommandError(_no_uuid(place, named))
        return exact
    found = queries.people_named(place, named)
    if not found:
        raise CommandError(
            f"There is no person {named} in {place.name}. Give the uuid from their page, an "
            "address of theirs or their whole name."
        )
    if len(found) > 1:
        raise CommandError(
            f"{len(found)} people are known as {named}. Give one's uuid:\n{_told(found)}"
        )
    return found[0]


def _told(people: list[Person]) -> str:
    pairs = queries.told_apart(people)
    return "\n".join(f"  {person.uuid}  {person.full_name}{about}" for person, about in pairs)


def _no_uuid(place: Workspace, named: str) -> str:
    """Why nobody is erased by a word that is no uuid, and whose uuid it may mean."""
    known = queries.people_named(place, named)
    if not known:
        return (
            f"There is no person with the uuid {named} in {place.name}. Erasing takes the uuid "
            "alone: it is on their page, and --show ADDRESS prints it."
        )
    return (
        "Nobody was erased. It cannot be taken back, so it takes the uuid alone: an address or a "
        f"name may be another's. Known as {named}:\n{_told(known)}"
    )


class Command(ClockedCommand):
    help = (
        "Stop or resume messaging to one person, by uuid, address or whole name. Example: "
        'manage.py person --block ana@example.com --reason "a competitor".'
    )
    requires_system_checks: list[str] = []  # faults of sending refuse no stop; `doctor` tells

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--uuid",
            default="",
            type=acting.words,
            metavar="WHO",
            help="The person: uuid, an address or the whole name; with --erase the uuid alone.",
        )
        act = parser.add_mutually_exclusive_group()
        for verb, words in VERBS.items():
            name = f"--{verb.replace('_', '-')}"
            act.add_argument(
                name, nargs="?", const="", type=acting.words, metavar="WHO", help=words
            )
        act.add_argument("--export", metavar="FILE", help="Write all about them as JSON; - prints.")
        act.add_argument(
            "--erase", nargs="?", const="", type=acting.words, metavar="UUID",
            help="Erase for good, by the uuid alone (--show prints it); needs --reason.",
        )  # fmt: skip
        parser.add_argument(
            "--also-known-as", metavar="NAME", action="append", default=[], type=acting.words,
            help="With --erase: another name of theirs; once for each.",
        )  # fmt: skip
        act.add_argument(
            "--show", nargs="?", const="", type=acting.words, metavar="WHO", help="How they stand."
        )
        parser.add_argument("--reason", default="", type=acting.words, help="Why, for the log.")
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")
        acting.add_arguments(parser, read=acting.named_or_empty)

    def handle(self, *args: Any, **options: Any) -> None:
        heeded.refuse_unheeded(options, ACTS, HEEDED)
        asked = [name for name in (*VERBS, "erase", "show") if options[name] is not None]
        verb = asked[0] if asked else "show"
        if verb not in STOPS:
            acting.refuse_empty(options)
        uuid = options["uuid"] or options.get(verb) or ""
        if options["uuid"] and options.get(verb) and options["uuid"] != options[verb]:
            raise CommandError("Two different people are named. Say once who it is.")
        if not uuid:
            raise CommandError(
                "Which person? Give their uuid, address or whole name after the verb."
            )
        place = acting.workspace(options)
        person = _meant(place, uuid, by_uuid=verb == "erase")
        if options["export"] is not None:
            self._export(person, place, options)
            return
        if verb == "erase":
            self._erase(person, place, options)
            return
        if verb == "show":
            self._say(person, as_json=options["json"])
            if not options["json"]:
                self.stdout.write(f"uuid {person.uuid}")
            return
        by = acting.principal(options, verb=Verb.STOP_PERSON, workspace=place)
        try:
            self._act(verb, person, by, options)
        except (PersonRefused, NotAllowed) as error:
            raise CommandError(str(error)) from None

    def _export(self, person: Person, place: Workspace, options: dict[str, Any]) -> None:
        by = acting.principal(options, verb=Verb.EXPORT_PERSON, workspace=place)
        name, told = options["export"], telling.export(person, by=by, at=timezone.now())
        # A new file, whole or not at all, and for its owner only: it is personal.
        exporting.write(name, (piece.encode() for piece in told), self.stdout)
        if name != "-":
            self.stdout.write(f"Everything stored about {person.uuid} is in {name}.")

    def _erase(self, person: Person, place: Workspace, options: dict[str, Any]) -> None:
        by = acting.principal(options, verb=Verb.ERASE_PERSON, workspace=place)
        try:
            done = erasing.erase(
                person, reason=options["reason"], by=by, at=timezone.now(),
                also=options["also_known_as"],
            )  # fmt: skip
        except (erasing.EraseRefused, NotAllowed) as error:
            raise CommandError(str(error)) from None
        if not options["json"]:
            self.stdout.write(done.sentence())
            return
        told = {"uuid": str(person.uuid), "rows": done.rows, "suppressed": done.suppressed}
        self.stdout.write(json.dumps({**told, "elsewhere": done.elsewhere}))

    def _act(self, verb: str, person: Person, by: Principal, options: dict[str, Any]) -> None:
        now = timezone.now()
        reason = options["reason"] or ("" if "lift" in verb or verb == "unblock" else NO_REASON)
        stops: dict[str, Callable[[], list[int]]] = {
            "block": lambda: stop.stop_person(
                person, PersonStatus.BLOCKED, reason=reason, by=by, at=now
            ),
            "desist": lambda: stop.stop_person(
                person, PersonStatus.DESIST, reason=reason, by=by, at=now
            ),
            "disable_automation": lambda: stop.set_automation(
                person, False, reason=reason, by=by, at=now
            ),
        }
        if verb in stops:
            waiting = person_told.open_rounds(person) if verb in ENDS else []
            humans = insist(stops[verb])
            if verb in ENDS and not options["json"]:
                for line in person_told.ended(person, waiting):
                    self.stdout.write(line)
            self._wait(person, humans, now, as_json=options["json"])
            return
        if verb in ("unblock", "lift_desist"):
            still = self._lift(verb, person, reason, by)
            if still and not options["json"]:
                self.stdout.write(f"{still} ({NEXT[still]})")
        elif verb == "enable_automation":
            stop.set_automation(person, True, reason=reason, by=by, at=now)
        self._say(person, as_json=options["json"])

    def _lift(self, verb: str, person: Person, reason: str, by: Principal) -> str:
        human = canonical(person)
        wanted = PersonStatus.BLOCKED if verb == "unblock" else PersonStatus.DESIST
        if human.status != wanted:
            raise CommandError(
                f"{human.full_name} is {human.get_status_display().lower()}; "
                f"--{verb.replace('_', '-')} does not apply."
            )
        seen = shown.version(human, people.STATUS)
        return stop.lift_person(person, reason=reason, by=by, at=timezone.now(), seen=seen)

    def _wait(self, person: Person, humans: list[int], set_at: Any, *, as_json: bool) -> None:
        report = quiet.wait(quiet.scope_of(humans=humans), set_at=set_at)
        self._say(person, report, as_json=as_json)
        if not report.stopped:
            sys.exit(NOT_YET_STOPPED)

    def _say(
        self, person: Person, report: quiet.StopReport | None = None, *, as_json: bool
    ) -> None:
        person.refresh_from_db()
        allowed, reason = told_of(person)
        human = canonical(person)
        held, ways = _suppressed(human)
        if allowed and held and held == ways:
            allowed, reason = False, f"all their addresses are suppressed ({held}). {HOW_TO_LIFT}"
        if as_json:
            self.stdout.write(
                json.dumps(
                    {
                        "uuid": str(person.uuid),
                        "status": human.status,
                        "automation_enabled": human.automation_enabled,
                        "can_send": allowed,
                        "reason": reason,
                        "addresses": ways,
                        "suppressed": held,
                        **(report.as_dict() if report else {}),
                    }
                )
            )
            return
        automation = f", automation {'on' if human.automation_enabled else 'off'}"
        if human.erased_at is not None:
            automation = f", erased on {human.erased_at:%Y-%m-%d} (UTC)"
        self.stdout.write(
            f"{human.full_name}: {human.get_status_display().lower()}{automation}. "
            f"{'May be written to.' if allowed else f'Nothing is sent: {reason}.'}"
        )
        if allowed and held:
            self.stdout.write(
                f"Not by {held} of their {ways} addresses: suppressed. {HOW_TO_LIFT}."
            )
        for line in report.lines() if report else ():
            self.stdout.write(line)


def _suppressed(human: Person) -> tuple[int, int]:
    """How many addresses of this human being nothing may go to, and how many they have."""
    rows = Address.objects.filter(Q(person=human) | Q(person__merged_into=human))
    places = set(rows.values_list("workspace_id", "channel", "normalised"))
    return len(suppression.suppressed_among(places)), len(places)
