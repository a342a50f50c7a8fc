"""Doors for the timetable: look at the table and send what is due. The tables are the queue."""

from __future__ import annotations

import logging
import threading
from typing import Any

from celery import shared_task
from celery.signals import worker_shutting_down
from django.utils import timezone

from channels import claims, events, letting, manual, receiving, sending, settle, stop
from outreach.core.ending import ending

logger = logging.getLogger(__name__)
_draining = threading.Lock()


@shared_task
def process_approved_messages() -> dict[str, Any]:
    """Drain what is due. One drain per process is enough; a second look is skipped."""
    if not _draining.acquire(blocking=False):
        return {"skipped": "this process is sending already"}
    try:
        report = sending.process()
    finally:
        _draining.release()
    return report.as_dict()


@shared_task
def sweep() -> int:
    return len(settle.sweep(at=timezone.now()))


@shared_task
def restore_controls() -> int:
    return stop.restore_due(at=timezone.now(), more=letting.restored)


@shared_task
def return_by_hand() -> int:
    """What waits for a person's hand and may not be sent any more goes back; old claims go."""
    at = timezone.now()
    claims.forget(at=at)
    return manual.return_unfit(at=at)


@shared_task
def read_inbound() -> int:
    """Judge what was stored and not judged at once: events first, then messages."""
    at = timezone.now()
    return events.sweep(at=at) + receiving.sweep(at=at)


@worker_shutting_down.connect
def _finish_wave(**kwargs: Any) -> None:
    """A worker asked to end finishes the wave it carries and begins no other."""
    ending.set()
