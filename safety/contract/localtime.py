"""Whose clock counts: the recipient's zone, else all their number allows, else the workspace's.

Pure: zones are names, instants are aware. An unknown zone is an error, never silently UTC.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers import timezone as phone_timezone

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*")
# Names that depend on the machine, or on a second copy of the tables with leap seconds.
_HOST_NAMES = ("localtime", "posixrules", "Factory", "posix", "right")


@dataclass(frozen=True)
class LocalZones:
    """The zones that must all agree, and what they were taken from."""

    zones: tuple[str, ...]
    source: str  # "recipient" | "phone" | "workspace"


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo:
    """Return the IANA zone called `name`; a ValueError says that there is none."""
    if not _NAME.fullmatch(name) or name.split("/")[0] in _HOST_NAMES:
        raise ValueError(f"unknown time zone {name[:60]!r}; use an IANA name such as Europe/Paris")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        raise ValueError(
            f"unknown time zone {name[:60]!r}; use an IANA name such as Europe/Paris"
        ) from None


@lru_cache(maxsize=4096)
def zones_of_number(phone: str) -> tuple[str, ...]:
    """Every zone a valid international number may be in; an invalid number allows nothing."""
    if not phone.lstrip().startswith("+"):
        return ()
    try:
        number = phonenumbers.parse(phone, None)
    except phonenumbers.NumberParseException:
        return ()
    if not phonenumbers.is_valid_number(number):
        return ()
    names = phone_timezone.time_zones_for_number(number)
    return tuple(name for name in names if name != phone_timezone.UNKNOWN_TIMEZONE)


def resolve_zones(
    *,
    timezone: str = "",
    others: Iterable[str] = (),
    phone: str = "",
    also: Iterable[str] = (),
    default: str = "UTC",
) -> LocalZones:
    """Choose the recipient's zones: named, else those of the number, else `default`.

    `others` are zones named on other records of theirs, `also` other numbers: they may be at any,
    so each adds its own.
    """
    if named := tuple(dict.fromkeys(name for name in (timezone, *others) if name)):
        for name in named:
            zone_of(name)
        return LocalZones(named, "recipient")
    zones = (zone for number in (phone, *also) if number for zone in zones_of_number(number))
    if found := tuple(dict.fromkeys(zones)):
        return LocalZones(found, "phone")
    zone_of(default)
    return LocalZones((default,), "workspace")


def fixed(at: datetime) -> datetime:
    """The same instant and clock without a zone: two times of one zone are compared, and their
    difference is taken, by the clock alone, which shows an hour twice."""
    offset = at.utcoffset()
    if offset is None or isinstance(at.tzinfo, timezone):
        return at
    return at.replace(tzinfo=timezone(offset))


@lru_cache(maxsize=4096)
def local(at: datetime, zone: str) -> datetime:
    """The wall clock of `zone` at the aware instant `at`."""
    if at.utcoffset() is None:
        raise ValueError("a time without an offset cannot be judged")
    return at.astimezone(zone_of(zone))


def instant_of(day: date, clock: time, zone: str) -> datetime:
    """The first instant (UTC) at which the wall clock of `zone` shows `clock` of `day` or later.

    A time that occurs twice gives its first occurrence; one that is skipped, the end of the gap.
    """
    wanted = datetime.combine(day, clock)
    tz = zone_of(zone)
    early = wanted.replace(tzinfo=tz, fold=1).astimezone(UTC)
    late = wanted.replace(tzinfo=tz, fold=0).astimezone(UTC)
    while late - early > timedelta(seconds=1):
        middle = (early + (late - early) / 2).replace(microsecond=0)
        if middle.astimezone(tz).replace(tzinfo=None) >= wanted:
            late = middle
        else:
            early = middle
    return late


def distinct(zones: LocalZones, at: datetime, span: timedelta) -> tuple[str, ...]:
    """One name for all zones that show the same clock from `at` to `at + span`."""
    seen: dict[tuple[timedelta | None, ...], str] = {}
    for name in zones.zones:
        seen.setdefault(_offsets(name, at, span), name)
    return tuple(seen.values())


def _offsets(zone: str, at: datetime, span: timedelta) -> tuple[timedelta | None, ...]:
    """What tells one clock from another; day by day where it is changed, as not all change at once:
    Israel does on a Friday, Greece on the Sunday after."""
    found = local(at, zone).utcoffset(), local(at + span, zone).utcoffset()
    if found[0] == found[1]:  # no zone changes its clocks twice within the weeks we look at
        return found
    days = range(span.days + 1)
    return tuple(local(at + timedelta(days=day), zone).utcoffset() for day in days)


def clock_24(moment: datetime) -> str:
    """The time as every page and command of ours prints it: `14:30`."""
    return f"{moment:%H:%M}"


def clock_words(moment: datetime) -> str:
    """The seed's way to print a time: `2:30 PM`."""
    return f"{moment.hour % 12 or 12}:{moment.minute:02} {'AM' if moment.hour < 12 else 'PM'}"
