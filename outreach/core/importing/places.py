"""Countries and time zones by the words files use; the zone a country or a phone allows. Pure.

A zone is told only when it is beyond doubt: every zone that is possible shows the same clock.
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path

from outreach.core.importing.columns import fold

# Moments through two years: zones that agree at all of them show the same clock.
FIRST = datetime(2026, 1, 15, 12, tzinfo=UTC)
MOMENTS = tuple(FIRST + timedelta(days=15 * n) for n in range(48))


CALLING_CODE = re.compile(r"^\s*(?:\+|00)")
SHARED_CODES = (1, 7)  # the United States and Canada; Russia and Kazakhstan


@cache
def _countries() -> dict[str, str]:
    found = {}
    for line in (Path(__file__).parent / "countries.txt").read_text("utf-8").splitlines():
        code, _, words = line.partition(" ")
        for word in (code, *words.split("|")):
            found[fold(word)] = code
    return found


@lru_cache(maxsize=2_000)
def country(text: str) -> str:
    """The two-letter code of a country named in six languages or its own; empty when unknown.

    A calling code (49, +49) is as good, unless several large countries share it.
    """
    if not is_calling_code(text):
        return _countries().get(fold(text), "")
    import phonenumbers

    code = int(CALLING_CODE.sub("", text))
    found = phonenumbers.region_code_for_country_code(code)
    return found if code not in SHARED_CODES and found not in ("ZZ", "001") else ""


def is_calling_code(text: str) -> bool:
    """Whether this is what stands before the numbers of a country: 49, +49, 0049."""
    return bool(re.fullmatch(r"(?:\+|00)?[1-9]\d{0,2}", text.strip()))


@cache
def _zones() -> dict[str, str]:
    return {name.casefold(): name for name in zoneinfo.available_timezones()}


@lru_cache(maxsize=2_000)
def zone(text: str) -> str:
    """The IANA name however its case and spaces are written; empty when unknown."""
    text = re.sub(r"_slash_", "/", text, flags=re.IGNORECASE)  # as HubSpot keeps them
    word = "/".join(part.strip().replace(" ", "_") for part in text.split("/"))
    return _zones().get(word.casefold(), "")


@cache
def _by_country() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    table = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text("utf-8")
    for line in table.splitlines():
        if line and not line.startswith("#"):
            code, _, name = line.split("\t")[:3]
            found[code] = (*found.get(code, ()), name)
    return found


@lru_cache(maxsize=2_000)
def _of_phone(number: str) -> tuple[str, ...]:
    """The zones a valid number allows, its country's own first; an invalid one allows nothing."""
    import phonenumbers
    from phonenumbers import timezone

    parsed = phonenumbers.parse(number)
    if not phonenumbers.is_valid_number(parsed):
        return ()
    own = _by_country().get(phonenumbers.region_code_for_number(parsed) or "", ())
    known = [each for each in timezone.time_zones_for_number(parsed) if zone(each)]
    return tuple(sorted(known, key=lambda each: each not in own))


@lru_cache(maxsize=500)
def _same_clock(names: tuple[str, ...]) -> bool:
    clocks = {
        tuple(moment.astimezone(zoneinfo.ZoneInfo(name)).utcoffset() for moment in MOMENTS)
        for name in names
    }
    return len(clocks) == 1


def zone_of(country: str, phones: Iterable[str], chosen: str = "") -> str:
    """The zone of somebody: their country's, else their phone's, else the one chosen.

    Where a country has several clocks the chosen one decides among them; if it is none of them
    nobody knows, and the zone stays empty.
    """
    possible = _by_country().get(country, ())
    if not possible:
        possible = next((zones for number in phones if (zones := _of_phone(number))), ())
    if not possible or chosen in possible:
        return chosen
    return possible[0] if _same_clock(possible) else ""
