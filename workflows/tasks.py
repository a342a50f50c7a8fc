"""Doors for the worker: do one run, and what comes by the clock. The tables are the queue."""

from __future__ import annotations

import logging
import threading

from celery import current_app, shared_task
from django.utils import timezone

from outreach.core.ending import ending
from outreach.core.principal import Principal
from workflows import engine, queries, replies, schedules, sequences
from workflows.models import Run

logger = logging.getLogger(__name__)
MOST_ATTEMPTS = 3
PICK_UP = Principal.system("workflows")
NO_ROOM = "waits for room"
# So many of a worker's threads may think at a time, for minutes each with a slow language model:
# sending, sealing and the heartbeat need the others.
_room = threading.BoundedSemaphore(2)


@shared_task
def run(run_id: int) -> str:
    """Do what is left of a waiting run, and then what found no room meanwhile.

    A second task for the same run finds nothing to take.
    """
    if not _room.acquire(blocking=False):
        return NO_ROOM
    try:
        done = str(engine.work(run_id, clock=timezone.now).status)
        while not ending.is_set() and (found := queries.waiting(timezone.now()).first()):
            engine.work(found.pk, clock=timezone.now)
    finally:
        _room.release()
    return done


@shared_task
def pick_up() -> int:
    """Do waiting runs whose wake-up got lost, and go on with those whose worker was killed."""
    if not _room.acquire(blocking=False):
        return 0
    try:
        done = 0
        for found in queries.to_pick_up(timezone.now(), most_attempts=MOST_ATTEMPTS):
            engine.reopen(found, by=PICK_UP, at=timezone.now())
            engine.work(found.pk, clock=timezone.now)
            done += 1
    finally:
        _room.release()
    return done


@shared_task
def start_scheduled() -> int:
    """Start the workflows whose time has come."""
    started = schedules.start_due(at=timezone.now())
    for found in started:
        wake(found)
    return len(started)


@shared_task
def advance_sequences() -> dict[str, int]:
    """Ask for the follow-ups whose day has come; end the sequences of who answered."""
    return sequences.advance(at=timezone.now())


@shared_task
def answer_inbound() -> int:
    """Draft answers to people who wrote."""
    if not _room.acquire(blocking=False):
        return 0
    try:
        return replies.answer_waiting(at=timezone.now())
    finally:
        _room.release()


def wake(waiting: Run) -> None:
    """Ask a worker to do this run soon. Only a courtesy: `pick_up` finds it in the table."""
    try:
        current_app.send_task(run.name, args=[waiting.pk], retry=False, expires=3600)
    except Exception as error:  # noqa: BLE001 - a broker that is down must not undo a decision
        logger.warning("No worker could be woken (%s); the run waits.", type(error).__name__)
