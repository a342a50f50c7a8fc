"""Notices that the database has gone back in time: after a restored backup nothing is sent.

Messages that left since the backup stand in it as still to be sent. This machine keeps the head of
the log as it saw it last, outside the database. A head that is no longer there, or is another, sets
the emergency stop; lifting it sends everything that was approved before back to the queue.
"""

from __future__ import annotations

import logging
import tempfile
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
    seals = Seal.objects.order_by("seq")
    first = seals.filter(seq=1).values_list("hash", flat=True).first()
    if first is None:
        return False
    path = Path(settings.DATA_DIR) / "heads" / first[:32]
    seen = _read(path)
    gone = False
    if seen is not None:
        now = seals.filter(seq=seen[0]).values_list("hash", flat=True).first()
        gone = now != seen[1]
        if gone:
            how = "is not there" if now is None else "is another now"
            stop.stop_by_itself(reason=REASON.format(seq=seen[0], how=how), clock=clock)
            logger.critical("Emergency stop: %s", REASON.format(seq=seen[0], how=how))
    _keep(path, activity.head())
    return gone


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
