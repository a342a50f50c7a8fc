"""`GET /healthz`: 200 when database, broker and beat are alive, else 503 and what is not."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from outreach.core.models import Heartbeat
from safety import controls

BEAT_MAX_AGE = timedelta(seconds=90)
NEVER = "has not ticked yet"

logger = logging.getLogger(__name__)


@dataclass
class Told:
    """What the log has from this process: what failed by its last line, and was all well ever."""

    failing: tuple[str, ...] | None = None
    was_well: bool = False


told = Told()


def database_state() -> str:
    try:
        Heartbeat.objects.exists()
    except DatabaseError:
        return "does not answer"
    return "ok"


def broker_state() -> str:
    from outreach.celery import app

    if settings.CELERY_BROKER_URL.startswith("filesystem://"):
        return "ok"
    try:
        with app.connection_for_write(connect_timeout=2) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=2)
    except Exception as error:  # noqa: BLE001 - every transport raises its own; any is "not alive"
        return f"does not answer ({type(error).__name__})"
    return "ok"


def beat_state() -> str:
    """The worker writes a heartbeat each time beat ticks: it proves both."""
    try:
        last = Heartbeat.objects.filter(name="beat").first()
    except DatabaseError:
        return "unknown"
    if last is None:
        return NEVER
    age = timezone.now() - last.at
    return "ok" if age < BEAT_MAX_AGE else f"last ticked {int(age.total_seconds())} s ago"


def parts() -> dict[str, str]:
    """Each part that must live, and "ok" or what is wrong with it."""
    return {"database": database_state(), "broker": broker_state(), "beat": beat_state()}


def tell(states: dict[str, str]) -> None:
    """One line for each change. Until it was well once it starts, and that is no fault.

    Whoever waits for it asks twice a second, and a monitor for ever.
    """
    failing = tuple(name for name, state in states.items() if state != "ok")
    if failing == told.failing:
        return
    level = logging.WARNING if failing and told.was_well else logging.INFO
    said = ", ".join(f"{name} {states[name]}" for name in failing)
    logger.log(level, "/healthz answers %s", f"503: {said}" if failing else "200: all is well")
    told.failing, told.was_well = failing, told.was_well or not failing


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    states = parts()
    tell(states)
    healthy = all(state == "ok" for state in states.values())
    badge = controls.badge().text if states["database"] == "ok" else "STOPPED"
    return JsonResponse(
        {"status": "ok" if healthy else "failing", **states, "badge": badge},
        status=200 if healthy else 503,
    )
