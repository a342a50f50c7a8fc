"""The senders of a stop drill: one that is stopped at the worst moment, one that is killed."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import connection

from channels import liveness, quiet, sending, stop
from channels.base import Envelope, Outcome, Receipt
from channels.carrying import Connections
from channels.models import Delivery, DeliveryStatus
from channels.report import Report
from outreach.core.models import Channel, Workspace
from outreach.core.principal import Principal

Clock = Callable[[], datetime]
FLAG_SECONDS = 30.0  # for the stop's own commit; a database that takes longer fails the drill
HOLDER = (
    "import sys; from pathlib import Path; from channels.liveness import SenderLock; "
    "lock = SenderLock.acquire(Path(sys.argv[1])); "
    "print(lock.uuid, lock.place, lock.boot_id, sep='|', flush=True); sys.stdin.read()"
)


class Loopback:
    """The way out of the drill: an adapter and its connection in one. It keeps every message."""

    channel = str(Channel.EMAIL)

    def __init__(self) -> None:
        self.kept: list[Envelope] = []

    def configured(self) -> str:
        return ""

    def connect(self) -> Loopback:
        return self

    def render(self, envelope: Envelope) -> str:
        return envelope.text

    def prove(self) -> bool:
        return True

    def carry(self, envelope: Envelope) -> Receipt:
        """Certainly nothing left, so nothing is counted and no contact is written."""
        self.kept.append(envelope)
        return Receipt(Outcome.TRY_LATER, "loopback", "kept by the stop drill")

    def abort(self) -> None:
        pass

    def close(self) -> None:
        pass


def send(place: Workspace, clock: Clock) -> list[Envelope]:
    """One message through the sender's own waves, over a way out that keeps it."""
    out, report, clean = Loopback(), Report(), False
    lock = liveness.SenderLock.acquire()
    lines = Connections(out, 1)
    try:
        sending.waves(lines, lock, out.channel, [place.pk], report, clock=clock, most=1)
        clean = not report.database_failures
    finally:
        lines.close()
        lock.release(all_ended=clean)
    return out.kept


class WorstMoment:
    """The sender's clock. Read between the committed intent and the last look, it sets the stop."""

    def __init__(self, place: Workspace, by: Principal, reason: str, clock: Clock) -> None:
        self.place, self.by, self.reason, self.clock = place, by, reason, clock
        self.scope = quiet.scope_of(workspace=place)
        self.report: quiet.StopReport | None = None
        self.error: Exception | None = None
        self.seen: list[int] = []
        self.others = 0
        self.running: list[UUID] = []
        self.seconds = 0.0
        self._thread: threading.Thread | None = None
        self._flagged = threading.Event()

    def __call__(self) -> datetime:
        if self._thread is None and not connection.in_atomic_block and quiet.in_flight(self.scope):
            self._thread = threading.Thread(target=self._stop, name="stop-drill")
            self._thread.start()
            self._flagged.wait(FLAG_SECONDS)
        return self.clock()

    def over(self) -> bool:
        """Wait for the stop's answer; False if it was never set."""
        if self._thread is None:
            return False
        self._thread.join()
        return True

    def _stop(self) -> None:
        """As any stop: commit the flag, then wait until no intent in its scope is left."""
        try:
            begun, place = time.monotonic(), self.place
            at = stop.emergency_stop(
                workspace=place, reason=self.reason, by=self.by, clock=self.clock
            )
            self.seen = quiet.in_flight(self.scope)
            self._look_around()
            self._flagged.set()
            self.report = quiet.wait(self.scope, set_at=at, clock=self.clock)
            self.seconds = time.monotonic() - begun
        except Exception as error:  # noqa: BLE001 - told by the drill, which waits for this thread
            self.error = error
        finally:
            self._flagged.set()
            connection.close()

    def _look_around(self) -> None:
        sending_now = Delivery.objects.filter(status=DeliveryStatus.SENDING)
        self.others = sending_now.exclude(workspace=self.place).count()
        own = set(sending_now.filter(workspace=self.place).values_list("sender", flat=True))
        self.running = [sender for sender in liveness.running() if sender not in own]


def proof_of_death() -> tuple[str, str]:
    """Kill a sender as a stop would: (what was proven, "") or ("", what is wrong here)."""
    folder = liveness.default_directory()
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=settings.BASE_DIR,
        text=True,
    ) as process:
        said = process.stdout.readline().strip().split("|") if process.stdout else []
        try:
            return _killed(UUID(said[0]), *said[1:])
        except (ValueError, TypeError):
            return "", f"No sender can begin in {folder}."
        finally:
            process.kill()


def _killed(sender: UUID, place: str, boot_id: str) -> tuple[str, str]:
    try:
        if liveness.proven_dead(sender=sender, place=place, boot_id=boot_id):
            return "", "A sender that lives is taken for dead: a stop would not wait for it."
        begun = time.monotonic()
        told = liveness.kill_owner(sender=sender, place=place, boot_id=boot_id)
        took = round((time.monotonic() - begun) * 1000)
        if liveness.proven_dead(sender=sender, place=place, boot_id=boot_id):
            return f"A sender that was killed is proven dead after {took} ms.", ""
        return "", f"A sender that was killed cannot be proven dead: {told}"
    finally:
        liveness.lock_path(liveness.default_directory(), sender).unlink(missing_ok=True)
