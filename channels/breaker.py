"""One breaker for each channel: after trouble it waits, tries with one message, then asks a person.

The rules are pure (`after`, `away`); the row is written only when something changes.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import Error, transaction

from channels.base import ChannelUnavailable, Fault, Outcome, Receipt
from channels.models import ChannelHealth, Delivery, DeliveryStatus
from outreach.core import activity
from outreach.core.clock import SECONDS, by_clock
from outreach.core.permissions import require_operator
from outreach.core.principal import Principal

TROUBLES = 3  # waves in a row in which nothing got through, until the channel rests
FIRST_REST, LAST_REST = timedelta(minutes=1), timedelta(minutes=30)
MOST_RESTS = 5  # in a row; then a person has to look
IN_TROUBLE = (DeliveryStatus.FAILED, DeliveryStatus.UNKNOWN)
CAUSE = 160
FOR_A_PERSON = (Fault.AUTH, Fault.POLICY)
BREAKER = Principal.system("breaker")
logger = logging.getLogger(__name__)


class NotPaused(Exception):
    """There is nothing to lift on this channel."""


@dataclass(frozen=True, slots=True)
class State:
    """`troubles`: waves in a row without a success. `rests` in a row. `paused`: why, else ""."""

    troubles: int = 0
    rests: int = 0
    rest_until: datetime | None = None
    paused: str = ""

    def most(self, room: int) -> int:
        """How many may go in the next wave: after trouble one, to see whether it works again."""
        return min(room, 1) if self.troubles or self.rests else room

    def refuses(self, at: datetime) -> str:
        """Why nothing may go on this channel now; empty if it may."""
        if self.paused:
            return f"paused until a person lifts it (Controls): {self.paused}"
        if self.rest_until is not None and self.rest_until > at:
            return f"rests until {by_clock(self.rest_until, SECONDS)} after repeated errors"
        return ""


def after(state: State, receipts: Sequence[Receipt], at: datetime) -> State:
    """The state after a wave. Refusals of a message or a recipient say nothing of the channel."""
    for receipt in receipts:
        if receipt.fault in FOR_A_PERSON:
            return replace(state, paused=f"{receipt.fault}: {receipt.reply}"[:300])
    limited = [each for each in receipts if each.fault is Fault.RATE]
    if limited:
        return _rested(state, at, max(each.retry_after or 0 for each in limited))
    if any(each.outcome is Outcome.SENT for each in receipts):
        return State()
    if any(each.outcome is Outcome.UNKNOWN or each.fault is Fault.SERVICE for each in receipts):
        return _troubled(state, at)
    return state


def away(state: State, problem: ChannelUnavailable, at: datetime) -> State:
    """The state after the channel could not even be opened."""
    if problem.fault in FOR_A_PERSON:
        return replace(state, paused=f"{problem.fault}: {problem}"[:300])
    if problem.fault is Fault.RATE:
        return _rested(state, at, problem.retry_after or 0)
    return _troubled(state, at)


def _troubled(state: State, at: datetime) -> State:
    more = replace(state, troubles=state.troubles + 1)
    # A channel that just came back from a rest goes back at once.
    return _rested(more, at, 0) if more.troubles >= TROUBLES or state.rests else more


def _rested(state: State, at: datetime, asked: float) -> State:
    rests = state.rests + 1
    if rests > MOST_RESTS:
        return replace(state, rests=rests, paused=f"{MOST_RESTS} rests in a row did not help")
    wait = max(min(FIRST_REST * 2 ** (rests - 1), LAST_REST), timedelta(seconds=asked))
    return State(troubles=0, rests=rests, rest_until=at + wait)


# --- Stored --------------------------------------------------------------------------------------


def load(channel: str) -> State:
    """The state of a channel, read now; a channel that never had trouble has no row."""
    row = ChannelHealth.objects.filter(channel=channel).first()
    return State(row.troubles, row.rests, row.rest_until, row.paused) if row else State()


def store(channel: str, state: State, *, at: datetime) -> None:
    """Keep the new state. A pause that another worker set meanwhile is never overwritten."""
    fields = {"troubles": state.troubles, "rests": state.rests, "rest_until": state.rest_until}
    with transaction.atomic():
        row, _ = ChannelHealth.objects.get_or_create(channel=channel)
        open_rows = ChannelHealth.objects.filter(pk=row.pk, paused="")
        won = open_rows.update(**fields, paused=state.paused, changed_at=at)
        if won and state.paused:
            entry = activity.Entry("channels.paused", "channel", channel, None)
            activity.record(entry, by=BREAKER, at=at)


def keep(channel: str, state: State, notes: list[str], *, at: datetime) -> State:
    """Store it once the outcomes are recorded. It is no outcome itself: a failure is told only."""
    try:
        store(channel, state, at=at)
        if refusal := _with_cause(channel, state, at):
            notes.append(f"{channel} {refusal}")
    except Error as error:
        logger.warning("The breaker of %s could not be stored: %s", channel, error)
    return state


def resume(channel: str, *, by: Principal, at: datetime) -> None:
    """A person says that the cause is mended: the channel goes on, with one message first."""
    require_operator(by)
    with transaction.atomic():
        won = (
            ChannelHealth.objects.filter(channel=channel)
            .exclude(paused="", rest_until=None)
            .update(troubles=1, rests=0, rest_until=None, paused="", changed_at=at)
        )
        if won != 1:
            raise NotPaused(f"{channel!r} is not paused: there is nothing to lift.")
        entry = activity.Entry("channels.resumed", "channel", channel, None)
        activity.record(entry, by=by, at=at)


def troubled(at: datetime) -> list[tuple[str, str]]:
    """Channels on which nothing goes now, with the reason."""
    rows = ChannelHealth.objects.order_by("channel").values_list("channel", flat=True)
    return [(channel, reason) for channel in rows if (reason := refusal(channel, at))]


def refusal(channel: str, at: datetime) -> str:
    """Why nothing may go on this channel now, with the fault it rests after; empty if it may."""
    return _with_cause(channel, load(channel), at)


def _with_cause(channel: str, state: State, at: datetime) -> str:
    """A pause holds its cause; that of a rest is what the last message in trouble was told."""
    refused = state.refuses(at)
    if not refused or state.paused:
        return refused
    rows = Delivery.objects.filter(channel=channel, status__in=IN_TROUBLE, settled_by_label="")
    cause = rows.exclude(reason="").order_by("-since", "-pk").values_list("reason", flat=True)
    last = cause.first()
    return f"{refused}: {last[:CAUSE]}" if last else refused
