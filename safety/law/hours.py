"""Legal hours: from one clock to another by kind of day, in every zone the recipient may be in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from safety.contract.localtime import LocalZones, distinct, instant_of, local

HORIZON = timedelta(days=15)  # where no hour suits all zones it stays held, this far ahead
SATURDAY, SUNDAY = 5, 6


def check_hours(asks: Mapping[str, Any], zones: LocalZones, at: datetime) -> datetime | None:
    """None where `at` is allowed in every zone, else the next instant that is."""
    names = distinct(zones, at, HORIZON)
    latest = at
    while latest - at < HORIZON:
        later = [_next_open(asks, latest, name) for name in names]
        moved = max((found for found in later if found is not None), default=None)
        if moved is None:
            break
        latest = moved
    return None if latest == at else latest.astimezone(UTC)


def _next_open(asks: Mapping[str, Any], at: datetime, zone: str) -> datetime | None:
    """The next opening in one zone; None where it is open. From is in, until is out."""
    moment = local(at, zone)
    for ahead in range(8):
        day = moment.date() + timedelta(days=ahead)
        window = _window(asks, day.weekday())
        if window is None or (not ahead and moment.time() >= window[1]):
            continue
        if not ahead and moment.time() >= window[0]:
            return None
        return instant_of(day, window[0], zone)
    return at + HORIZON  # no day of the week is open


def _window(asks: Mapping[str, Any], weekday: int) -> tuple[time, time] | None:
    name = {SATURDAY: "saturday", SUNDAY: "sunday"}.get(weekday, "weekdays")
    span: Sequence[str] = asks[name]
    return (_clock(span[0]), _clock(span[1])) if span else None


@lru_cache(maxsize=64)
def _clock(text: str) -> time:
    return time.fromisoformat(text)
