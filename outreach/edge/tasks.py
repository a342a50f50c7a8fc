"""Doors for the timetable: seal the log, say that beat and worker live."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from outreach.core import activity
from outreach.core.models import Heartbeat


@shared_task
def seal_activity() -> int:
    return activity.seal()


@shared_task
def heartbeat() -> None:
    Heartbeat.objects.update_or_create(name="beat", defaults={"at": timezone.now()})
