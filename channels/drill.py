"""The stop, drilled: set at the worst moment on a test message that really waits to be sent.

Same approval, claim, intent and last look as any message; the way out keeps what it is given. The
stop is set by another thread over another connection, after the intent was committed and before
the last look; it concerns the workspace of the drill alone. Then the same message without a stop
has to come through, because a message that never leaves proves nothing.
"""

from __future__ import annotations

import fcntl
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TextIO
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from approvals.errors import Refused
from channels import drill_message, stop
from channels.base import Envelope
from channels.drill_sender import WorstMoment, proof_of_death, send
from channels.models import Delivery, DeliveryStatus
from outreach.core import activity
from outreach.core.clock import by_clock
from outreach.core.models import Activity, Workspace
from outreach.core.permissions import require_operator
from outreach.core.principal import Principal
from safety import controls
from safety.models import BRAKES, ControlKey

logger = logging.getLogger(__name__)
Clock = Callable[[], datetime]
PATIENCE = 5.0  # seconds that a second drill waits for the first
EVERY = timedelta(days=30)


class CannotDrill(Exception):
    """The drill was not begun; the sentence says why."""


@dataclass
class Drill:
    """What a drill found. `faults` are sentences; without one the stop works."""

    at: datetime
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    refused: str = ""  # what the last look said, in its words
    milliseconds: int | None = None  # from setting the stop to "no sender can write any more"
    waited_for: int = 0  # intents in its scope when the flag was committed
    proof: str = ""
    comes_through: bool = False  # without the stop the same message reached the way out
    in_flight: int = 0  # real messages at that moment: not touched
    senders: int = 0  # on this machine, beside the drill's own

    @property
    def passed(self) -> bool:
        return not self.faults

    def as_dict(self) -> dict[str, Any]:
        return {"passed": self.passed, **vars(self), "at": self.at.isoformat()}

    def lines(self) -> list[str]:
        """The whole drill, in the order in which it went, the answer last."""
        real = f"{self.in_flight} real messages were in flight; they were not touched."
        lines = [
            self.proof,
            f"The stop saw {self.waited_for} intent of the test message and waited for it."
            if self.waited_for
            else "",
            f"Its sender was refused: {self.refused}." if self.refused else "",
            f"The stop was effective after {self.milliseconds} ms; its sender ended the intent."
            if self.milliseconds is not None
            else "",
            "Without the stop the same message came through." if self.comes_through else "",
            real if self.in_flight else "No real message was in flight.",
            f"{self.senders} other senders were under way on this machine." if self.senders else "",
            *[f"Note: {each}" for each in self.notes],
            *[f"FAULT: {each}" for each in self.faults],
            "PASSED: the stop works." if self.passed else "FAILED: the stop cannot be relied on.",
        ]
        return [line for line in lines if line]


def run(*, by: Principal, clock: Clock = timezone.now) -> Drill:
    """Drill the stop and log the outcome. CannotDrill and NotAllowed: nothing was done."""
    require_operator(by)
    found = Drill(clock())
    with _alone():
        try:
            found.proof, fault = proof_of_death()
            found.faults += [fault] if fault else []
            _message(found, by, clock)
        except Refused as no:
            found.faults.append(f"The test message could not be made or approved: {no}")
        except Exception as error:
            logger.exception("The stop drill broke off.")
            found.faults.append(f"The drill broke off: {type(error).__name__}. See the log.")
        _log(found, by, clock())
    return found


@contextmanager
def _alone() -> Iterator[None]:
    """One drill at a time: two would take each other's message away. A drill takes seconds."""
    with (Path(settings.DATA_DIR) / "drill.lock").open("a") as lock:
        until = time.monotonic() + PATIENCE
        while not _locked(lock):
            if time.monotonic() >= until:
                raise CannotDrill("Another drill is running; wait some seconds.")
            time.sleep(0.1)
        yield


def _locked(lock: TextIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


# --- The test message ----------------------------------------------------------------------------


def _message(found: Drill, by: Principal, clock: Clock) -> None:
    place = drill_message.prepare(by, clock())
    try:
        _lift(place, by, clock)  # what a drill that was killed left behind
        drill_message.approved(place, by, clock())
        name = f"stop drill {uuid4()}"
        moment = WorstMoment(place, by, name, clock)
        kept = send(place, moment)
        _judge(found, place, moment, kept, name)
        _lift(place, by, clock)
        if send(place, clock):
            found.faults.append("Lifting the stop fired what was approved before it.")
        drill_message.approved(place, by, clock())
        _comes_through(found, place, send(place, clock))
    finally:
        drill_message.clear(place)


def _lift(place: Workspace, by: Principal, clock: Clock) -> None:
    row = controls.read().rows.get((place.pk, ControlKey.EMERGENCY_STOP))
    if row is None or row.is_braking:
        stop.enable_all(workspace=place, reason="end of a stop drill", by=by, at=clock())


def _judge(
    found: Drill, place: Workspace, moment: WorstMoment, kept: list[Envelope], name: str
) -> None:
    """What the sender did with a message whose stop was set under its hands."""
    set_at_all = moment.over()
    if kept:
        found.faults.append("The test message would have left although the stop was set.")
    if not set_at_all:
        found.faults.append("The message was not claimed, or no look follows the claim.")
        return
    if moment.error is not None or moment.report is None:
        reason = type(moment.error).__name__ if moment.error else "no answer"
        found.faults.append(f"The stop could not be set: {reason}.")
        return
    found.in_flight, found.senders = moment.others, len(moment.running)
    found.waited_for = len(moment.seen)
    if not moment.report.stopped:
        found.faults.append("The stop did not take hold: the test message's sender did not end.")
    else:
        found.milliseconds = round(moment.seconds * 1000)
    row = Delivery.objects.filter(workspace=place).order_by("pk").first()
    if row is None or row.status != DeliveryStatus.RELEASED:
        found.faults.append(f"Its intent ended as {row.status if row else 'nothing'}.")
        return
    found.refused = row.reason
    if name not in row.reason:
        found.notes.append(
            "The whole system was stopped already: that this stop alone would have been enough "
            "could not be shown."
        )


def _comes_through(found: Drill, place: Workspace, kept: list[Envelope]) -> None:
    """Without the stop the message has to reach the way out, unless something else brakes."""
    found.comes_through = bool(kept)
    if kept:
        return
    state = controls.read()
    keys = (*BRAKES, ControlKey.MESSAGING_ENABLED)
    why = [brake.sentence() for key in keys for brake in state.brakes(key, place.pk)]
    if why:
        found.notes.append(
            "That the message comes through without the stop could not be shown, because other "
            f"brakes are on: {'; '.join(why)}."
        )
        return
    row = Delivery.objects.filter(workspace=place).order_by("-pk").first()
    reason = row.reason if row else "it was not claimed"
    found.faults.append(f"Without the stop it does not come through either: {reason}")


# --- What is kept --------------------------------------------------------------------------------


def _log(found: Drill, by: Principal, at: datetime) -> None:
    codes = {
        "passed": found.passed,
        "faults": len(found.faults),
        "milliseconds": found.milliseconds,
        "in_flight": found.in_flight,
        "senders": found.senders,
        "comes_through": found.comes_through,
    }
    with transaction.atomic():
        entry = activity.Entry("safety.drilled", "drill", str(uuid4()), None, codes=codes)
        activity.record(entry, by=by, at=at)


def last() -> Activity | None:
    """The entry of the last drill."""
    return Activity.objects.filter(object_type="drill").order_by("-pk").first()


def told(entry: Activity | None) -> str:
    """The last drill in one sentence."""
    if entry is None:
        return "The stop was never drilled."
    when, codes = by_clock(entry.at), entry.codes
    if not codes.get("passed"):
        return f"The drill of {when} FAILED: the stop cannot be relied on."
    more = "" if codes.get("comes_through") else ", while other brakes were on"
    took = f"{codes.get('milliseconds')} ms"
    return f"Drilled {when}: its message was held, stopped after {took}{more}."


def overdue(entry: Activity | None, at: datetime) -> bool:
    """Whether the last drill is too long ago to rely on, or there was none."""
    return entry is None or at - entry.at > EVERY
