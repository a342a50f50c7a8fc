"""Asking for webhooks to be told as soon as a person's decision is committed.

Only a courtesy: the timetable looks every 5 s whatever happens here. So it may cost next to
nothing: one question whether anybody listens, one wake-up a second from each process, and half a
second where the broker does not answer.
"""

from __future__ import annotations

import logging
import threading
import time

from django.db import DatabaseError

from outreach.core import activity
from outreach.edge import tasks
from outreach.edge.hooks import events
from outreach.edge.models import Webhook

logger = logging.getLogger(__name__)
APART, PATIENCE = 1.0, 0.5
_lock = threading.Lock()
_last = float("-inf")  # when the newest wake-up was due; in the future while one is on its way


def news() -> None:
    """Something was committed that webhooks may tell. Never raises for want of a database."""
    global _last
    try:
        if not Webhook.objects.filter(enabled=True).exists():
            return
    except DatabaseError as error:
        logger.warning("Nobody could say whether webhooks listen: %s", error)
        return
    with _lock:
        now = time.monotonic()
        if _last > now:
            return  # the one that is on its way comes after this commit
        pause = max(0.0, _last + APART - now)
        _last = now + pause
    asking = threading.Thread(target=tasks.wake_webhooks, args=(pause,), daemon=True)
    asking.start()
    asking.join(PATIENCE)


def activate() -> None:
    """Called once, when the apps are ready."""
    activity.wakes.update(dict.fromkeys(events.KINDS, news))
