"""Doors for the timetable: seal the log, tell webhooks, say that we live, bring imports on."""

from __future__ import annotations

import logging
import threading

from celery import shared_task
from django.utils import timezone

from channels import rewound
from outreach.core import activity, checkpoints, files
from outreach.core.importing import jobs, uploads
from outreach.core.models import Heartbeat
from outreach.edge.hooks import outbox

logger = logging.getLogger(__name__)
_telling = threading.Lock()


@shared_task
def seal_activity() -> int:
    sealed = activity.seal()
    rewound.check(clock=timezone.now)  # and keeps the new head
    return sealed


@shared_task
def keep_checkpoint() -> bool:
    try:
        return checkpoints.keep(at=timezone.now())
    except OSError as error:
        logger.warning("Today's checkpoint of the log could not be kept: %s", error)
        return False


@shared_task
def heartbeat() -> None:
    Heartbeat.objects.update_or_create(name="beat", defaults={"at": timezone.now()})


@shared_task
def work_imports() -> int:
    return jobs.work()


@shared_task
def clean_imports() -> int:
    return uploads.clean(at=timezone.now())


@shared_task
def clean_files() -> int:
    return files.clean(at=timezone.now())


@shared_task
def tell_webhooks() -> int:
    """One run in each process is enough; a slow receiver must not take every worker there is."""
    if not _telling.acquire(blocking=False):
        return 0
    try:
        return outbox.run(at=timezone.now())
    finally:
        _telling.release()


def wake_webhooks(after_seconds: float = 0) -> None:
    """Ask for the job soon. Only a courtesy: the timetable asks every 5 s whatever happens here."""
    try:
        tell_webhooks.apply_async(countdown=after_seconds, expires=60, retry=False)
    except Exception as error:  # noqa: BLE001 - a broker that is down must not undo an act
        logger.warning("Webhooks could not be woken (%s); they are looked at anyway.", error)


def wake_imports() -> None:
    """Ask for the job now. Only a courtesy: the timetable asks every 15 s whatever happens here."""
    try:
        work_imports.apply_async(expires=60, retry=False)
    except Exception as error:  # noqa: BLE001 - a broker that is down must not undo an upload
        logger.warning("The import could not be begun now (%s); it waits.", error)
