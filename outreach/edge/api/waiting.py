"""Waiting for a decision within a request: how long, and how many at once.

Each holds a thread of the server until it is answered, so only some may: the others go on being
served, and whoever finds no room is told what to do instead.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from rest_framework.exceptions import APIException

from approvals.models import Approval

LONGEST = 30.0
LOOK_EVERY = 0.5
# At once in one process, by its door: of all callers, and of one. A web process has 8 threads
# (tools/processes.py), one for MCP has 40.
ROOM = {"api": (4, 2), "mcp": (20, 4)}
INSTEAD = (
    "Ask again when one of them is answered, ask without waiting (0 seconds), or let a webhook "
    "tell you."
)
_lock = threading.Lock()
_waiting: Counter[str] = Counter()


class TooManyWait(APIException):
    """No room to wait: the sentence says whose, and what else there is."""

    status_code = 429
    default_code = "too_many_wait"
    wait = 5  # becomes Retry-After


def until_decided(draft_id: int, *, seconds: float, who: str, door: str) -> bool:
    """Whether the message is decided now or within so many seconds. Raises TooManyWait."""
    ends = time.monotonic() + seconds
    if seconds and _is_open(draft_id):
        with _room(who, door):
            while _is_open(draft_id) and time.monotonic() < ends:
                time.sleep(LOOK_EVERY)
    return not _is_open(draft_id)


@contextmanager
def _room(who: str, door: str) -> Iterator[None]:
    in_all, each = ROOM[door]
    with _lock:
        if _waiting[who] >= each:
            raise TooManyWait(f"{each} requests of yours wait for a decision already. {INSTEAD}")
        if _waiting.total() >= in_all:
            raise TooManyWait(
                f"{in_all} requests wait for decisions already, as many as this server lets wait. "
                f"{INSTEAD}"
            )
        _waiting[who] += 1
    try:
        yield
    finally:
        with _lock:
            _waiting[who] -= 1
            if not _waiting[who]:
                del _waiting[who]


def _is_open(draft_id: int) -> bool:
    return Approval.objects.filter(draft=draft_id, status="pending").exists()
