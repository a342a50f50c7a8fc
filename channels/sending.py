"""The one door. A wave: record the last outcomes and commit the next intents, look again, carry.

The order is the promise: an intent is committed (durably, in its own transaction) before the last
look reads controls, people, approvals and approvers; only what that look clears is handed over.
Nothing here retries a message whose outcome is unclear.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, Error, connection, transaction
from django.utils import timezone

from approvals import quota, taking
from approvals.models import Approval
from channels import breaker, gone, intents, pace, registry, rewound, settle
from channels.base import ChannelUnavailable, Outcome
from channels.carrying import Connections
from channels.envelopes import put_together
from channels.liveness import SenderLock
from channels.look import Released, look
from channels.models import Delivery, DeliveryStatus
from channels.outcomes import (
    SENDER,
    Carried,
    record_carried,
    record_released,
    release_untransmitted,
)
from channels.report import Report
from channels.simulate import simulate_due
from channels.waiting import waiting
from outreach.core import activity, schema
from outreach.core.ending import ending
from outreach.core.models import Workspace
from safety import controls
from safety.models import ControlKey

logger = logging.getLogger(__name__)
Clock = Callable[[], datetime]
DATABASE_TRIES = 5
CONFLICT_WAIT = timedelta(seconds=5)  # until a person with a message in flight is tried again


@dataclass
class _Wave:
    """Outcomes of the last wave, not yet recorded, and the controls that its last look read."""

    carried: list[Carried] = field(default_factory=list)
    released: list[Released] = field(default_factory=list)
    state: controls.Controls | None = None


def open_workspaces(state: controls.Controls | None = None) -> list[int]:
    """Workspaces in which nothing brakes sending. A missing row or a failed read is a brake."""
    now = state or controls.read()
    keys = (ControlKey.EMERGENCY_STOP, ControlKey.MESSAGING_ENABLED, ControlKey.DRY_RUN)
    return [
        pk
        for pk in Workspace.objects.values_list("pk", flat=True)
        if not any(now.is_braking(key, pk) for key in keys)
    ]


def process(*, clock: Clock = timezone.now, most: int | None = None) -> Report:
    """The whole job: settle the dead, simulate in dry run, send where messages leave."""
    if other := schema.apart():
        return Report().refused(other)
    settle.sweep(at=clock())
    rewound.check(clock=clock)
    if settings.ENVIRONMENT_BRAKES.get("EMERGENCY_STOP", True):
        # The environment knows no moment of lifting, so its stop empties the batch as it goes.
        taking.reopen_before_stop(workspace=None, decided_before=clock(), by=SENDER, at=clock())
    simulated = simulate_due(at=clock())
    report = drain(clock=clock, most=most)
    report.simulated, report.waiting_for = simulated, waiting(at=clock())
    report.tell_version()
    return report


def drain(*, clock: Clock = timezone.now, most: int | None = None) -> Report:
    """Send what is due, channel by channel, until nothing is; at most `most` messages."""
    report = Report()
    workspaces = open_workspaces()
    if not workspaces:
        report.notes.append(controls.badge().sentence)
        return report
    report.reopened = taking.reopen_dry_run(by=SENDER, at=clock(), workspaces=workspaces)
    for channel in registry.program_channels():
        due = _how_many(channel, workspaces, clock())
        if due:
            _drain_channel(channel, workspaces, report, due, clock=clock, most=most)
    return report


def _how_many(channel: str, workspaces: Sequence[int], at: datetime) -> int:
    """How many messages are due, counted up to the connections we may open for them."""
    due = Approval.objects.filter(taking.due([channel], at=at), workspace__in=workspaces)
    return due[: settings.SEND_CONNECTIONS].count()


def _drain_channel(
    channel: str, workspaces: Sequence[int], report: Report, due: int,
    *, clock: Clock, most: int | None,
) -> None:  # fmt: skip
    adapter = registry.adapter_for(channel)
    if adapter is None:
        return
    if refusal := breaker.refusal(channel, clock()):
        report.notes.append(f"{channel} {refusal}")
        return
    try:
        lock = SenderLock.acquire()
    except OSError as error:
        report.notes.append(
            f"{channel}: nothing is sent, a sender cannot take its lock ({error}). "
            "Make that folder writable for whoever sends."
        )
        logger.error("%s: a sender cannot take its lock: %s", channel, error)
        return
    lines, clean = Connections(adapter, due), False
    try:
        limit = pace.of(channel)
        waves(lines, lock, channel, workspaces, report, clock=clock, most=most, limit=limit)
        clean = True
    except ChannelUnavailable as error:
        clean = True  # raised before any claim: nothing is open
        report.notes.append(f"{channel}: {error}")
        logger.warning("%s cannot be used now: %s", channel, error)
        if not (report.database_failures or adapter.configured()):
            health = breaker.away(breaker.load(channel), error, clock())
            breaker.store(channel, health, at=clock())
    except Exception:
        clean = intents.all_ended(lock)
        raise
    finally:
        lines.close()
        # A lock file stays where rows may be left open: it is their proof of death.
        lock.release(all_ended=clean)


def waves(
    lines: Connections, lock: SenderLock, channel: str, workspaces: Sequence[int], report: Report,
    *, clock: Clock, most: int | None, limit: pace.Pace | None = None,
) -> None:  # fmt: skip
    """Wave after wave over these lines until nothing is due; what happened goes into `report`."""
    going, before = True, controls.read()
    last = _Wave(state=before)
    health = stored = breaker.load(channel)
    while True:
        room = settings.SEND_CONNECTIONS if most is None else most - report.count
        room = health.most(room)
        try:
            more = going and room > 0 and not ending.is_set()
            size = lines.ready(room) if more else 0
        except ChannelUnavailable:
            _commit(last, lock, channel, [], 0, clock(), report)
            raise
        claimed = _commit(last, lock, channel, workspaces, size, clock(), report, limit)
        try:
            if health != stored:
                stored = breaker.keep(channel, health, report.notes, at=clock())
            if not claimed:
                return
            cleared, released, before = look(claimed, sender=lock.uuid, clock=clock, before=before)
            now = clock()
            cleared, sealed, unfit = put_together(cleared, at=now)
        except BaseException as fault:
            # Nothing of this wave was handed over, whatever ends it: none of it is unknown.
            _record_at_last(_Wave(state=before), lock, clock())
            if not isinstance(fault, Error):
                raise
            report.database_failed(fault)
            return
        told = lines.carry(sealed, deadline=settings.SEND_DEADLINE_SECONDS)
        receipts = gone.blame_the_relay(cleared, told)
        last = _Wave(
            [Carried(item, receipt) for item, receipt in zip(cleared, receipts, strict=True)],
            [*released, *unfit],
            before,
        )
        report.add(last.carried, len(last.released))
        health = breaker.after(health, receipts, now)
        going = not (_ends(last) or health.refuses(now))


def _ends(wave: _Wave) -> bool:
    """Whether no further wave is begun after this one: something stops them, or no check runs.

    One message whose check fails goes back to its author and holds up no other.
    """
    codes = {item.code for item in wave.released}
    return bool(codes & STOPS) or (codes == {"check_failed"} and not wave.carried)


NOT_LEFT = (Outcome.REFUSED, Outcome.TRY_LATER)
STOPS = {"emergency_stop", "messaging_stopped", "dry_run"}  # so are controls nobody can read


def _commit(
    last: _Wave, lock: SenderLock, channel: str, workspaces: Sequence[int], size: int, at: datetime,
    report: Report, limit: pace.Pace | None = None,
) -> list[Delivery]:  # fmt: skip
    """One durable transaction: outcomes of the last wave, intents of the next (`size` may be 0).

    More only where a quota is used up: each batch that waits for it has one of its own.
    If the database fails, the outcomes are tried again by themselves: they happened. An intent
    whose commit went unanswered was not transmitted, so it is released.
    """
    try:
        while True:
            with transaction.atomic(durable=True):
                if size and limit:
                    limit.hold()
                told = _record(last, lock, at)
                size = limit.room(size, at, report.notes) if size and limit else size
                made, begun = _claim(lock, channel, workspaces, size, at) if size else ([], [])
                activity.record(*told, *begun, by=SENDER, at=at)
            if made is not None:
                return made
            last = _Wave(state=last.state)  # A quota put off a batch; a stop may come in between.
    except Error as error:
        lock.doubtful = True
        report.database_failed(error)
        _record_at_last(last, lock, at)
        return []


def _record(last: _Wave, lock: SenderLock, at: datetime) -> list[activity.Entry]:
    """Write down the outcomes; what the log must be told of them goes in with the next intents."""
    failed = [item.cleared for item in last.carried if item.receipt.outcome in NOT_LEFT]
    back = [item.delivery for item in last.released] + [item.delivery for item in failed]
    taking.lock(row.approval_id for row in back)  # before quotas, and those before deliveries
    quota.refund(row.counted for row in back)
    return [
        *record_carried(last.carried, sender=lock.uuid, at=at, before=last.state),
        *record_released(last.released, sender=lock.uuid, at=at, before=last.state),
    ]


def _record_at_last(last: _Wave, lock: SenderLock, at: datetime) -> None:
    for turn in range(DATABASE_TRIES):
        time.sleep(0.2 * 2**turn)
        connection.close()
        try:
            with transaction.atomic(durable=True):
                open_rows = Delivery.objects.filter(sender=lock.uuid, status=DeliveryStatus.SENDING)
                known = {item.cleared.delivery.pk for item in last.carried} | {
                    item.delivery.pk for item in last.released
                }
                still = set(open_rows.values_list("pk", flat=True))
                if known and known <= still:
                    # else that commit went through unanswered
                    activity.record(*_record(last, lock, at), by=SENDER, at=at)
                release_untransmitted(still - known, at, before=last.state)
            return
        except Error as error:
            logger.warning("Try %d to record outcomes failed: %s", turn + 1, error)
    raise DatabaseError(
        "The database did not take the outcomes of the last wave; the sweep will mark them unknown."
    )


def _claim(
    lock: SenderLock, channel: str, workspaces: Sequence[int], size: int, at: datetime
) -> tuple[list[Delivery] | None, list[activity.Entry]]:
    """Commit intents for due approvals, at most one per human being, in person order.

    Returned with what the log must be told of them. None as `take_due` says it.
    """
    taken = taking.take_due(size, [channel], workspaces=workspaces, at=at)
    if not taken:
        return (None if taken is None else []), []
    made = intents.make(taken, lock=lock, channel=channel, at=at)
    won = {row.approval_id for row in made}
    _yield([row for row in taken if row.pk not in won], at)
    digests = {row.pk: row.digest for row in taken}
    return made, [
        activity.entry(
            "channels.sending", row, digest=digests[row.approval_id], approval=row.approval_id
        )
        for row in made
    ]


def _yield(lost: Sequence[Approval], at: datetime) -> None:
    """Whose human being has a message in flight already waits a little, and uses no quota."""
    if lost:
        taking.give_back([row.pk for row in lost], due_at=at + CONFLICT_WAIT)
        quota.unreserve(lost, at=at)
