"""Stop means stop, second half: wait until no intent in scope is left, then say so.

A sender commits its intent before it reads the flag; a stop commits its flag before it looks for
intents. So either the sender sees the flag or the stop sees the intent and waits for it. An
intent ends by its owner, or when its owner is proven dead (`liveness`); nothing else counts, and
"stopped" is never said on hope.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from channels.liveness import kill_owner
from channels.models import Delivery, DeliveryStatus
from channels.settle import sweep
from outreach.core.models import Workspace

POLL_SECONDS = 0.05
UNDER_WAY = timedelta(hours=1)  # what was handed over unanswered may still reach its reader
SKEW = timedelta(seconds=30)  # another machine's clock may be so far behind ours
Clock = Callable[[], datetime]


@dataclass
class StopReport:
    """How far a stop got. `stopped` is only ever said when no intent in its scope is left.

    `may_have_left` was in flight at this stop and nobody knows its outcome; `unknown_before` had
    none already before it, within the last hour.
    """

    set_at: datetime
    stopped: bool = False
    effective_at: datetime | None = None
    still_open: list[dict[str, Any]] = field(default_factory=list)
    may_have_left: list[dict[str, Any]] = field(default_factory=list)
    unknown_before: list[dict[str, Any]] = field(default_factory=list)
    left_meanwhile: list[dict[str, Any]] = field(default_factory=list)
    reopened: int = 0  # approvals that an emergency stop returned to the queue
    left_approved: int = 0  # and that it has yet to
    back: str = ""  # both in words
    killed: list[str] = field(default_factory=list)

    @property
    def tells_of_messages(self) -> bool:
        """Whether there is more to say than that it is stopped."""
        return bool(self.may_have_left or self.unknown_before or self.left_meanwhile)

    def lines(self) -> list[str]:
        """As a terminal tells it: whether it is stopped, and what left, or may have."""
        return [
            "stopped" if self.stopped else "NOT YET STOPPED",
            *[
                f"approval #{row['approval']}: {row['status']}"
                for row in (*self.may_have_left, *self.left_meanwhile, *self.still_open)
            ],
            *[
                f"approval #{row['approval']}: unknown already before this"
                for row in self.unknown_before
            ],
        ]

    def as_dict(self) -> dict[str, Any]:
        return {
            **vars(self),
            "set_at": self.set_at.isoformat(),
            "effective_at": self.effective_at.isoformat() if self.effective_at else None,
        }


def scope_of(*, workspace: Workspace | None = None, humans: Iterable[int] = ()) -> Q:
    ids = list(humans)
    if ids:
        return Q(human__in=ids)
    return Q() if workspace is None else Q(workspace=workspace)


def wait(
    scope: Q, *, set_at: datetime, patience: float | None = None, clock: Clock = timezone.now
) -> StopReport:
    """Block until no intent is left in scope, or patience and killing did not help."""
    limit = settings.STOP_PATIENCE_SECONDS if patience is None else patience
    report = StopReport(set_at)
    seen = in_flight(scope)
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline and not _quiet(scope, report, clock):
        time.sleep(POLL_SECONDS)
    if not report.stopped:
        kill(scope, report, clock)
        _quiet(scope, report, clock)
    _tell(scope, seen, report)
    return report


def progress(scope: Q, *, set_at: datetime, seen: Iterable[int], now: datetime) -> StopReport:
    """One look, for a page that polls. After the patience it kills owners on this machine."""
    report = StopReport(set_at)
    if not _quiet(scope, report, lambda: now) and now - set_at > timedelta(
        seconds=settings.STOP_PATIENCE_SECONDS
    ):
        kill(scope, report, lambda: now)
        _quiet(scope, report, lambda: now)
    _tell(scope, list(seen), report)
    return report


def in_flight(scope: Q) -> list[int]:
    """Ids of the intents in scope, read in a later statement than the flag's commit."""
    return list(
        Delivery.objects.filter(scope, status=DeliveryStatus.SENDING).values_list("pk", flat=True)
    )


def _quiet(scope: Q, report: StopReport, clock: Clock) -> bool:
    if not in_flight(scope):
        report.stopped, report.effective_at = True, clock()
        return True
    sweep(at=clock(), scope=scope)
    return False


def kill(scope: Q, report: StopReport, clock: Clock) -> None:
    """Kill the owners of what is still open, where they run on this machine and can be proven."""
    owners = set(
        Delivery.objects.filter(scope, status=DeliveryStatus.SENDING).values_list(
            "sender", "place", "boot_id"
        )
    )
    for sender, place, boot_id in owners:
        if sender is not None:
            report.killed.append(kill_owner(sender=sender, place=place, boot_id=boot_id))
    sweep(at=clock(), scope=scope)


def _tell(scope: Q, seen: Iterable[int], report: StopReport) -> None:
    """What became of everything that was in flight when the flag was set, and what still is.

    What ended unknown some time before the flag is told as well, but apart: its bytes may still be
    on their way to a slow reader, and yet this stop did not interrupt it. Where the clock of
    another machine leaves that open, it counts as interrupted.
    """
    interrupted = set(seen)
    rows = Delivery.objects.filter(
        scope,
        Q(pk__in=interrupted)
        | Q(status=DeliveryStatus.SENDING)
        | Q(status=DeliveryStatus.UNKNOWN, ended_at__gte=report.set_at - UNDER_WAY),
    )
    for row in rows.order_by("pk"):
        item = {
            "delivery": row.pk,
            "approval": row.approval_id,
            "channel": row.channel,
            "token": str(row.token),
            "sender": str(row.sender),
            "since": row.since.isoformat(),
            "ended": row.ended_at.isoformat() if row.ended_at else None,
            "status": row.status,
        }
        if row.status == DeliveryStatus.SENDING:
            if not report.stopped:
                report.still_open.append(item)
        elif row.status == DeliveryStatus.UNKNOWN:
            now = row.pk in interrupted or (row.ended_at or report.set_at) > report.set_at - SKEW
            (report.may_have_left if now else report.unknown_before).append(item)
        elif row.status == DeliveryStatus.SENT:
            report.left_meanwhile.append(item)
