"""What `doctor` says beyond settings: brakes, senders, law, suppression.

Only looks. Every line is a sentence for somebody who was woken up by it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError
from django.db.models import Min

from channels import breaker, drill, pace
from channels.liveness import proven_dead
from channels.models import Delivery, DeliveryStatus
from outreach.core import schema, suppression
from outreach.core.clock import SECONDS, by_clock
from outreach.core.models import Suppression, Workspace
from outreach.core.plurals import plural
from outreach.edge import health, key_fit, platforms, running, signing
from outreach.edge.hooks import standing
from safety import controls
from safety.complaints import judge_rate
from safety.known import COMPLAINTS_FOR, messages_left
from safety.law.table import TABLE
from safety.models import ControlKey

LOOKED = ("controls", "drill", "senders", "law", "suppression", "complaints")
ASKED = {
    "workspaces": signing.sentences,
    "platforms": platforms.sentences,
    "webhooks": standing.sentences,
    "events": platforms.events,
}
PARTS = (*LOOKED, *ASKED)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something found: `level` ERROR makes the exit code 1."""

    id: str
    level: str
    message: str
    hint: str = ""


@dataclass
class Examination:
    """What was looked at, in sentences by part, and what is wrong."""

    parts: dict[str, list[str]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def examine(*, at: datetime) -> Examination:
    """Look at everything but single messages. Needs a database that answers."""
    found = Examination()
    other = schema.apart()
    if other:
        found.faults.append(Fault("doctor.schema", "ERROR", other))
    try:
        _look(found, at)
    except DatabaseError:  # its tables may lack what is looked at, and that is told
        if not other:
            raise
    return found


def _look(found: Examination, at: datetime) -> None:
    looks = (_controls, _drill, _senders, _law, _suppression, _complaints)
    for name, look in zip(LOOKED, looks, strict=True):
        found.parts[name] = look(found.faults, at)
    for name, ask in ASKED.items():
        told = ask()
        found.parts[name] = [line for _, line, _ in told]
        found.faults += [
            Fault(f"doctor.{name}", level, line, hint) for level, line, hint in told if level
        ]


def not_alive(states: dict[str, str]) -> list[Fault]:
    """What /healthz answers 503 for, beside the database, which has a finding of its own.

    A scheduler that never ran is what a fresh install looks like, unless messages may leave.
    """
    found = []
    if other := running.otherwise(controls.badge().text):
        hint = "End it with Ctrl-C and start it again: `make run`."
        found.append(Fault("doctor.started_otherwise", "WARNING", other, hint))
    if states["broker"] != "ok":
        line = f"The broker {states['broker']}: what is approved waits until it is back."
        hint = "Start it, or look at CELERY_BROKER_URL."
        found.append(Fault("doctor.broker", "ERROR", line, hint))
    if states["beat"] not in ("ok", "unknown"):
        fresh = states["beat"] == health.NEVER and controls.read().is_braking(ControlKey.DRY_RUN)
        line = f"The scheduler {states['beat']}: nothing expires and nothing is swept."
        hint = (
            "Start it: `make run`, or `celery -A outreach worker -B`, or the service `beat`. Where "
            "it runs, no worker takes its tasks: look at the workers and the broker."
        )
        found.append(Fault("doctor.beat", "WARNING" if fresh else "ERROR", line, hint))
    return found


def _controls(faults: list[Fault], at: datetime) -> list[str]:
    """Every brake with its reason, for the system and then for each workspace by itself."""
    state = controls.read()
    if not state.readable:
        faults.append(
            Fault(
                "doctor.controls",
                "ERROR",
                "The controls cannot be read, which counts as stopped.",
                "Look at the database, then run `manage.py migrate`.",
            )
        )
    lines = [brake.sentence() for key in ControlKey for brake in state.brakes(key)]
    for place in Workspace.objects.order_by("slug"):
        shared = {brake.sentence() for key in ControlKey for brake in state.brakes(key)}
        lines += [
            f"{place.slug}: {brake.sentence()}"
            for key in ControlKey
            for brake in state.brakes(key, place.pk)
            if brake.sentence() not in shared
        ]
    return lines or ["Nothing brakes."]


def _drill(faults: list[Fault], at: datetime) -> list[str]:
    """When the stop was last proven. Where messages leave, that must not be long ago."""
    last = drill.last()
    told, hint = drill.told(last), "Run `manage.py control --drill`: it touches nothing real."
    if last is not None and not last.codes.get("passed"):
        faults.append(Fault("doctor.drill", "ERROR", told, hint))
    elif drill.overdue(last, at) and not controls.read().is_braking(ControlKey.DRY_RUN):
        faults.append(Fault("doctor.drill", "WARNING", told, hint))
    return [told]


def _senders(faults: list[Fault], at: datetime) -> list[str]:
    """Who is sending now, and what nobody knows the outcome of."""
    lines = []
    owners = (
        Delivery.objects.filter(status=DeliveryStatus.SENDING)
        .values("sender", "place", "boot_id")
        .annotate(first=Min("since"))
        .order_by("first")
    )
    for row in owners:
        dead = row["sender"] and proven_dead(
            sender=row["sender"], place=row["place"], boot_id=row["boot_id"]
        )
        name = f"Sender {str(row['sender'])[:8]} on {row['place']}"
        since = by_clock(row["first"], SECONDS)
        if dead:
            lines.append(f"{name} is dead and left messages open since {since}.")
            hint = "The next `manage.py process_approved_messages` marks them unknown."
            faults.append(Fault("doctor.dead_sender", "WARNING", lines[-1], hint))
        else:
            lines.append(f"{name} has been sending since {since}.")
    unknown = Delivery.objects.filter(status=DeliveryStatus.UNKNOWN)
    count = unknown.count()
    if count:
        some = ", ".join(
            f"#{pk}" for pk in unknown.order_by("pk").values_list("pk", flat=True)[:10]
        )
        words = plural(count, "delivery has", "deliveries have")
        line = f"{words} an unknown outcome ({some}); nothing is sent twice."
        hint = "A person says for each in the admin whether it arrived."
        faults.append(Fault("doctor.unknown", "WARNING", line, hint))
        lines.append(line)
    for channel, reason in breaker.troubled(at):
        lines.append(f"{channel} {reason}.")
        hint = "Mend the cause, then let it go on under Controls in the admin."
        faults.append(Fault("doctor.channel_paused", "WARNING", lines[-1], hint))
    return [*(lines or ["Nobody is sending, and no outcome is unknown."]), *pace.told(at)]


def _law(faults: list[Fault], at: datetime) -> list[str]:
    late = TABLE.overdue(at.date())
    if late:
        message = (
            f"The law table should have been reviewed by {TABLE.review_by:%Y-%m-%d} "
            f"({plural(len(late), 'entry is', 'entries are')} overdue)."
        )
        hint = "Have safety/law/law.toml checked; it goes on holding as it stands."
        faults.append(Fault("doctor.law_overdue", "WARNING", message, hint))
    open_rows = len(TABLE.unconfirmed)
    return [
        f"Version {TABLE.version} of {TABLE.valid_from:%Y-%m-%d}, {len(TABLE.rows)} rows; "
        f"review by {TABLE.review_by:%Y-%m-%d}.",
        f"{plural(open_rows, 'row is', 'rows are')} not confirmed by a lawyer; all are applied.",
    ]


def _suppression(faults: list[Fault], at: datetime) -> list[str]:
    """How long the list is, and whether this process can read it."""
    holding = Suppression.objects.filter(lifted_at__isnull=True)
    message, key = key_fit.fault(), "no key"
    try:
        key = f"key {suppression.key_id()[:8]}…"
    except ImproperlyConfigured as error:
        message = message or str(error)
    if message:
        faults.append(Fault("doctor.suppression_key", "ERROR", message, key_fit.HINT))
    words = plural(holding.count(), "address is", "addresses are")
    return [f"{words} suppressed; {key}."]


def _complaints(faults: list[Fault], at: datetime) -> list[str]:
    """Workspaces in which complaints warn or pause."""
    rows = Suppression.objects.filter(complained_at__gt=at - COMPLAINTS_FOR)
    times: dict[int, list[datetime]] = {}
    for workspace_id, when in rows.values_list("workspace_id", "complained_at"):
        if when is not None:
            times.setdefault(workspace_id, []).append(when)
    left = messages_left(times, at)
    lines = []
    for place in Workspace.objects.filter(pk__in=times).order_by("slug"):
        verdict = judge_rate(times[place.pk], left.get(place.pk, 0), at=at)
        lines += [f"{place.slug}: {finding.message}." for finding in verdict.findings]
    faults += [Fault("doctor.complaints", "WARNING", line) for line in lines]
    return lines or ["No workspace has complaints worth a warning."]
