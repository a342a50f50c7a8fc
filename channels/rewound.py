"""Notices that the database has gone back in time: after a restored backup nothing is sent.

Messages that left since the backup stand in it as still to be sent. This machine keeps the head of
the log as it saw it last, outside the database, and the last intent that its senders committed: a
head is seconds old, and a standby that takes over may lack less. One that is no longer there, or is
another, sets the emergency stop; lifting it sends everything that was approved before back to the
queue. Who asked us to stop since then is put back at once (`kept_stops`).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings

from channels import kept_stops, own_files, stop
from outreach.core import activity
from outreach.core.models import Activity, Seal

logger = logging.getLogger(__name__)
REASON = (
    "The database has gone back in time: {what}.{back} Was a backup restored, or did a standby "
    "take over? What left since then may stand here as still to be sent. Compare with the mail "
    "server's own log before you lift this; everything approved goes back to the queue"
)
BEGUN = "channels.sending"  # what the log says of an intent
_log = ""  # whose intents are kept: the log that was looked at last


def check(*, clock: stop.Clock) -> bool:
    """Whether the database is older than this machine knows; if so it is stopped now, and whoever
    asked us to stop since is stopped again.

    Then the newest head is kept, and who was stopped. A log without a seal has no past to compare.
    """
    global _log
    _log = _name()
    if not _log:
        return False
    lost = missing()
    what = lost.sentence if lost else _missing_intent()
    if what:
        _stop(what, clock)
    seq, found = activity.head()
    kept_stops.keep(_log, seq)
    own_files.keep(_head_of(_log), f"{seq} {found}")
    return bool(what)


def _stop(what: str, clock: stop.Clock) -> None:
    why = REASON.format(what=what, back="")
    stop.stop_by_itself(reason=why, clock=clock)
    logger.critical("Emergency stop: %s", why)
    back = kept_stops.put_back(_log, at=clock()).sentence
    if back:
        stop.stop_by_itself(reason=REASON.format(what=what, back=f" {back}"), clock=clock)
    _intent_of(_log).unlink(missing_ok=True)  # told once; whoever lifts it has compared


def remember(delivery: int, at: datetime) -> None:
    """Keep the last intent of a wave, which has just been committed. Asks the database nothing."""
    if _log:
        own_files.keep(_intent_of(_log), f"{delivery} {at.isoformat()}")


@dataclass(frozen=True, slots=True)
class Lost:
    """An entry that this machine has seen: gone, or `rewritten` into another."""

    seq: int
    rewritten: bool

    @property
    def how(self) -> str:
        return "is another now" if self.rewritten else "is not there"

    @property
    def sentence(self) -> str:
        return f"entry {self.seq} of its log, which this machine has seen, {self.how}"


def missing() -> Lost | None:
    """What this machine has seen of the log and the database does not hold. Only looks."""
    log = _name()
    seen = own_files.read(_head_of(log)) if log else None
    if seen is None:
        return None
    now = Seal.objects.filter(seq=seen[0]).values_list("hash", flat=True).first()
    return None if now == seen[1] else Lost(seen[0], rewritten=now is not None)


def _missing_intent() -> str:
    """The last intent of this machine, where the log does not hold it; empty where it does.

    By its time as well: a database that went back gives the number to another.
    """
    kept = own_files.read(_intent_of(_log))
    try:
        at = datetime.fromisoformat(kept[1]) if kept else None
    except ValueError:
        return ""
    if kept is None or at is None:
        return ""
    begun = Activity.objects.filter(object_type="delivery", object_id=str(kept[0]), verb=BEGUN)
    if begun.filter(at=at).exists():
        return ""
    when = f"{at:%Y-%m-%d %H:%M:%S} UTC"
    return f"delivery {kept[0]}, which this machine began at {when}, is not there"


def _name() -> str:
    """This log's name, by its first seal; empty for one without any."""
    first = Seal.objects.filter(seq=1).values_list("hash", flat=True).first()
    return first[:32] if first else ""


def _head_of(log: str) -> Path:
    return Path(settings.DATA_DIR) / "heads" / log


def _intent_of(log: str) -> Path:
    return Path(settings.DATA_DIR) / "intents" / log
