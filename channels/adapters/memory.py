"""Keeps each message in memory, answers as told and as late as told: for tests and rehearsals."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import ClassVar

from channels.adapters.console import readable
from channels.base import ChannelUnavailable, Connection, Envelope, Outcome, Receipt

Answer = Receipt | Outcome | Callable[[Envelope], Receipt]


class MemoryAdapter:
    """One outbox for the whole process, whichever adapter object carried the message.

    `outbox` holds what left or may have left (SENT, UNKNOWN), `carried` whatever was handed over.
    `answers` are used up in turn, then everything is SENT; `delay` is in seconds, cut short by
    abort() and close(). `missing` and `unreachable` are sentences, `alive` is what prove() says.
    """

    outbox: ClassVar[list[Envelope]] = []
    carried: ClassVar[list[Envelope]] = []
    answers: ClassVar[deque[Answer]] = deque()
    delay: ClassVar[float] = 0.0
    alive: ClassVar[bool] = True
    missing: ClassVar[str] = ""
    unreachable: ClassVar[str] = ""

    def __init__(self, channel: str = "email") -> None:
        self.channel = channel

    @classmethod
    def reset(cls) -> None:
        """Forget everything; tests call it before each other."""
        cls.outbox.clear()
        cls.carried.clear()
        cls.answers.clear()
        cls.delay, cls.alive, cls.missing, cls.unreachable = 0.0, True, "", ""

    def configured(self) -> str:
        return self.missing

    def connect(self) -> Connection:
        if sentence := self.missing or self.unreachable:
            raise ChannelUnavailable(sentence)
        return MemoryConnection()

    def render(self, envelope: Envelope) -> str:
        return readable(envelope)


class MemoryConnection:
    """Behaves as a network would: a message aborted while on its way is UNKNOWN."""

    def __init__(self) -> None:
        self._over = threading.Event()

    def prove(self) -> bool:
        return MemoryAdapter.alive and not self._over.is_set()

    def carry(self, envelope: Envelope) -> Receipt:
        if self._over.is_set():
            return Receipt(Outcome.TRY_LATER, "memory", "cut off before it was handed over")
        MemoryAdapter.carried.append(envelope)
        receipt = self._answer(envelope)
        if MemoryAdapter.delay and self._over.wait(MemoryAdapter.delay):
            receipt = Receipt(Outcome.UNKNOWN, "memory", "cut off on the way")
        if receipt.outcome in (Outcome.SENT, Outcome.UNKNOWN):
            MemoryAdapter.outbox.append(envelope)
        return receipt

    def _answer(self, envelope: Envelope) -> Receipt:
        try:
            answer = MemoryAdapter.answers.popleft()
        except IndexError:
            answer = Outcome.SENT
        if isinstance(answer, Outcome):
            return Receipt(answer, "memory", provider_id=f"memory-{len(MemoryAdapter.carried)}")
        if isinstance(answer, Receipt):
            return answer
        try:
            return answer(envelope)
        except Exception as problem:  # noqa: BLE001 -- the contract: never raises
            return Receipt(Outcome.UNKNOWN, "memory", f"{type(problem).__name__}: {problem}")

    def abort(self) -> None:
        self._over.set()

    def close(self) -> None:
        self._over.set()
