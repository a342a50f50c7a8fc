"""Doors for the timetable and after a decision: expire, and wake the sender."""

from __future__ import annotations

import logging
import threading

from celery import current_app, shared_task
from django.utils import timezone

from approvals import auto_off, digest, earned, expiry, notify, outbox, rechecking
from safety import controls

logger = logging.getLogger(__name__)
_telling = threading.Lock()
SENDER = "channels.tasks.process_approved_messages"


@shared_task
def expire_approvals() -> int:
    return expiry.expire_due(at=timezone.now())


@shared_task
def return_stopped() -> int:
    """What was approved by rule goes back where rules may not approve any more."""
    return auto_off.return_stopped(controls.read(), at=timezone.now())


@shared_task
def take_back_autonomy() -> int:
    """An agent whose message was complained about is read again, each message, by a person."""
    return earned.look(at=timezone.now())


@shared_task
def tell_colleagues() -> int:
    """Alerts, warnings and news for authors, and whatever else is due. One at a time is enough."""
    if not _telling.acquire(blocking=False):
        return 0
    try:
        notify.collect(at=timezone.now())
        return outbox.deliver(at=timezone.now())
    finally:
        _telling.release()


@shared_task
def send_digests() -> int:
    return digest.send_due(at=timezone.now())


@shared_task
def draw_rechecks() -> int:
    """What was approved by rule and a person shall look at again."""
    return rechecking.draw_due(at=timezone.now())


def wake_sender(*, after_seconds: int = 0) -> None:
    """Ask the sender to look soon. Only a courtesy: it looks every 15 s whatever happens here."""
    try:
        current_app.send_task(SENDER, countdown=after_seconds, retry=False, expires=60)
    except Exception as error:  # noqa: BLE001 - a broker that is down must not undo a decision
        logger.warning("The sender could not be woken (%s); it looks by itself.", error)
