"""Notices that the database has gone back in time: after a restored backup nothing is sent.

Messages that left since the backup stand in it as still to be sent. This machine keeps the head of
the log as it saw it last, outside the database. A head that is no longer there, or is another, sets
the emergency stop; lifting it sends everything that was approved before back to the queue.
"""

from __future__ import annotations

import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from channels import stop
from outreach.core import activity
from outreach.core.models import Seal

logger = logging.getLogger(__name__)
REASON = (
    "The database has gone back in time: entry {seq} of its log, which this machine has seen, "
    "{how}. Was a backup restored? What left since then may stand here as still to be sent. "
    "Compare with the mail server's own log before you lift this; everything approved goes back to "
    "the queue"
)


def check(*, clock: stop.Clock) -> bool:
    """Whether the database is older than this machine knows; if so it is stopped now.

    Otherwise the newest head is kept. A log without a seal has no past to compare.
    """
    path = _place()
    if path is None:
        return False
    lost = missing()
    if lost is not None:
        why = REASON.format(seq=lost.seq, how=lost.how)
        stop.stop_by_itself(reason=why, clock=clock)
        logger.critical("Emergency stop: %s", why)
    _keep(path, activity.head())
    return lost is not None


@dataclass(frozen=True, slots=True)
class Lost:
    """An entry that this machine has seen: gone, or `rewritten` into another."""

    seq: int
    rewritten: bool

    @property
    def how(self) -> str:
        return "is another now" if self.rewritten else "is not there"


def missing() -> Lost | None:
    """What this machine has seen of the log and the database does not hold. Only looks."""
    path = _place()
    seen = _read(path) if path else None
    if seen is None:
        return None
    now = Seal.objects.filter(seq=seen[0]).values_list("hash", flat=True).first()
    return None if now == seen[1] else Lost(seen[0], rewritten=now is not None)


def _place() -> Path | None:
    """Where this log's head is kept, by its first seal; None for a log without one."""
    first = Seal.objects.filter(seq=1).values_list("hash", flat=True).first()
    return Path(settings.DATA_DIR) / "heads" / first[:32] if first else None


def _read(path: Path) -> tuple[int, str] | None:
    try:
        seq, _, found = path.read_text().strip().partition(" ")
        return int(seq), found
    except (OSError, ValueError):
        return None  # never seen, or unreadable: begun anew


def _keep(path: Path, head: tuple[int, str]) -> None:
    """Whole or not at all. One that cannot be kept makes the next look blind, which is said."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
            file.write(f"{head[0]} {head[1]}\n")
        Path(file.name).replace(path)
    except OSError as error:
        logger.warning("The head of the log could not be kept in %s: %s", path, error)
