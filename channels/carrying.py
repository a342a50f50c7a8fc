"""Carrying a wave: all envelopes at once, each over a connection of its own, within one deadline.

Threads touch sockets only; the database belongs to the main thread.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from channels.base import (
    LATE,
    Adapter,
    ChannelUnavailable,
    Connection,
    Envelope,
    Fault,
    Outcome,
    Receipt,
)
from channels.wire import printable

logger = logging.getLogger(__name__)
IDLE_SECONDS = 2.0  # a connection unused for longer is asked whether it still answers
GRACE_SECONDS = 5.0  # how often we say that a thread did not notice that its socket was shut


class Connections:
    """The open connections of one sender to one channel, and the threads that use them."""

    def __init__(self, adapter: Adapter, most: int) -> None:
        self.adapter = adapter
        self.most = most
        self._open: list[Connection] = []
        self._used_at: dict[int, float] = {}
        self._running: list[Future[Receipt]] = []
        self._threads = ThreadPoolExecutor(max_workers=most, thread_name_prefix="carry")

    def ready(self, wanted: int) -> int:
        """How many proven connections there are now, at most `wanted`; opens what is missing.

        Raises ChannelUnavailable when there is not even one.
        """
        wanted = min(wanted, self.most)
        self._open = [item for item in self._open if self._proven(item)]
        missing = wanted - len(self._open)
        refusals = []
        for task in [self._threads.submit(self.adapter.connect) for _ in range(missing)]:
            try:
                connection = task.result()
            except ChannelUnavailable as refusal:
                refusals.append(refusal)
                continue
            except Exception as fault:
                logger.exception("A connection of %s cannot be opened.", self.adapter.channel)
                sentence = f"it cannot be opened ({type(fault).__name__}: {printable(str(fault))})"
                refusals.append(ChannelUnavailable(sentence))
                continue
            self._open.append(connection)
            self._used_at[id(connection)] = time.monotonic()
        if refusals and not self._open:
            raise refusals[0]
        if refusals:
            self.most = len(self._open)  # the server takes no more; what is open is enough
        return min(wanted, len(self._open))

    def _proven(self, connection: Connection) -> bool:
        if time.monotonic() - self._used_at[id(connection)] < IDLE_SECONDS:
            return True
        if connection.prove():
            self._used_at[id(connection)] = time.monotonic()
            return True
        self._drop(connection)
        return False

    def carry(self, envelopes: Sequence[Envelope], *, deadline: float) -> list[Receipt]:
        """One receipt per envelope, in order. Never raises: what is unclear is unknown."""
        pairs = list(zip(self._open, envelopes, strict=False))
        if len(pairs) < len(envelopes):
            raise RuntimeError("A wave is never larger than the proven connections.")
        running = [self._threads.submit(_carry, one, envelope) for one, envelope in pairs]
        self._running = running
        wait(running, timeout=deadline)
        late = [pair for pair, task in zip(pairs, running, strict=True) if not task.done()]
        for connection, _ in late:
            connection.abort()
        self._wait_for_threads()
        now = time.monotonic()
        for connection, _ in pairs:
            self._used_at[id(connection)] = now
        receipts = [_receipt(task) for task in running]
        for (connection, _), receipt in zip(pairs, receipts, strict=True):
            if receipt.outcome is Outcome.UNKNOWN or any(connection is one for one, _ in late):
                self._drop(connection)
        return receipts

    def _drop(self, connection: Connection) -> None:
        self._open = [item for item in self._open if item is not connection]
        self._used_at.pop(id(connection), None)
        connection.close()

    def _wait_for_threads(self) -> None:
        """A thread that may still write keeps its intent open, and a stop waiting: a stop then
        kills this process. To call it ended would be hope."""
        while wait(self._running, timeout=GRACE_SECONDS).not_done:
            logger.warning("A connection of %s does not let go after its deadline.", self.adapter)

    def close(self) -> None:
        """Close all; returns once no thread can write any more, also when interrupted (Ctrl-C)."""
        interrupted = not all(task.done() for task in self._running)
        for connection in self._open:
            if interrupted:
                connection.abort()
            connection.close()
        self._open = []
        self._wait_for_threads()
        self._threads.shutdown(wait=False, cancel_futures=True)


def _carry(connection: Connection, envelope: Envelope) -> Receipt:
    """Not what waited too long since its last look: that is asked for again."""
    if envelope.is_late:
        return Receipt(Outcome.TRY_LATER, "connect", LATE, fault=Fault.LATE)
    return connection.carry(envelope)


def _receipt(task: Future[Receipt]) -> Receipt:
    error = task.exception()
    if error is not None:
        return Receipt(Outcome.UNKNOWN, "adapter", f"{type(error).__name__} in the adapter")
    return task.result()
