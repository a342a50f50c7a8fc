"""When somebody can be reached: business hours on their clock, told on ours. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from safety.contract.localtime import instant_of, local, resolve_zones

OPENS, CLOSES = time(9), time(18)


@dataclass(frozen=True, slots=True)
class Window:
    """From and until (UTC) when every zone they may be in is in business hours."""

    begins: datetime
    ends: datetime
    zone: str
    source: str  # recipient | phone | workspace

    def sentence(self, our_zone: str) -> str:
        """ "14:00-18:00 our time (09:00-12:00 in America/New_York)"."""
        begins, ends = local(self.begins, our_zone), local(self.ends, our_zone)
        ours = f"{begins:%H:%M}–{ends:%H:%M}" + " (next day)" * (begins.date() < ends.date())
        if self.source == "workspace":
            return f"{ours}, as far as we know: their time zone is not known"
        if local(self.begins, our_zone).utcoffset() == local(self.begins, self.zone).utcoffset():
            return f"{ours}, by the same clock as ours"
        theirs = f"{local(self.begins, self.zone):%H:%M}–{local(self.ends, self.zone):%H:%M}"
        return f"{ours} our time ({theirs} in {self.zone})"


def next_window(
    at: datetime,
    *,
    zone: str = "",
    phone: str = "",
    also: Iterable[str] = (),
    our_zone: str = "UTC",
) -> Window:
    """The next stretch of business hours that is open now or comes, at most a week ahead.

    `also` are other numbers of theirs; where all of them share no hour, that of `phone` counts.
    """
    zones = resolve_zones(timezone=zone, phone=phone, also=also, default=our_zone)
    for offset in range(10):
        found = _on_day(at, offset, zones.zones)
        if found and found[1] > at + timedelta(minutes=15):
            return Window(max(found[0], at), found[1], zones.zones[0], zones.source)
    if also:
        return next_window(at, zone=zone, phone=phone, our_zone=our_zone)
    # So many zones at once (a toll-free number) share no business hours: any of ours will do.
    return next_window(at, our_zone=our_zone) if zones.source != "workspace" else _now(at, our_zone)


def _on_day(at: datetime, offset: int, zones: tuple[str, ...]) -> tuple[datetime, datetime] | None:
    begins, ends = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    for zone in zones:
        day = local(at, zone).date() + timedelta(days=offset)
        if day.weekday() >= 5:
            return None
        begins = max(begins, instant_of(day, OPENS, zone))
        ends = min(ends, instant_of(day, CLOSES, zone))
    return (begins, ends) if begins < ends else None


def _now(at: datetime, zone: str) -> Window:
    return Window(at, at + timedelta(hours=1), zone, "workspace")
