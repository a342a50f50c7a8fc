"""Doors for the timetable."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from safety import retention


@shared_task
def clean_events() -> int:
    return retention.clean(at=timezone.now())
