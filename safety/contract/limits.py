"""How many messages one human being gets on a channel in a local day, and when that was reached."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from safety.contract.localtime import LocalZones, local

LIMITS = {"whatsapp": 5, "email": 3, "instagram": 2, "linkedin": 2}
# A channel the table does not know gets the strictest limit.
STRICTEST_LIMIT = min(LIMITS.values())

LIMIT_REST = timedelta(hours=24)
LONGEST_DAY = timedelta(hours=25)  # the clocks go back


def of(channel: str) -> int:
    return LIMITS.get(channel, STRICTEST_LIMIT)


def latest_reached(
    sent: Sequence[tuple[str, datetime]], *, at: datetime, zones: LocalZones, but: str
) -> datetime | None:
    """The last message of the past 24 hours that reached the limit of its channel and local day, or
    passed it; None where none did. `sent` are channels and times, the oldest first. Of today on
    the channel `but` nothing is said.
    """
    near = [each for each in sent if at - LIMIT_REST - LONGEST_DAY < each[1] <= at]
    if not near or at - near[-1][1] >= LIMIT_REST:
        return None
    reached = (last for zone in zones.zones for last in _reached(near, zone, (but, at)))
    return max((last for last in reached if at - last < LIMIT_REST), default=None)


def _reached(
    sent: Sequence[tuple[str, datetime]], zone: str, but: tuple[str, datetime]
) -> list[datetime]:
    days: dict[tuple[str, date], list[datetime]] = {}
    for channel, when in sent:
        days.setdefault((channel, local(when, zone).date()), []).append(when)
    days.pop((but[0], local(but[1], zone).date()), None)
    return [times[-1] for (channel, _), times in days.items() if len(times) >= of(channel)]
