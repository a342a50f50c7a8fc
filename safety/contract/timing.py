"""When a message may arrive: quiet hours for everything, business hours for promotion.

A message that is too early or too late is held (`not_before`), never lost; all zones must be fine.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

from safety.contract.localtime import LocalZones, clock_words, distinct, instant_of, local
from safety.verdict import Finding, Level, Verdict

QUIET_FROM = time(22)
QUIET_UNTIL = time(7)
BUSINESS_FROM = time(9)
BUSINESS_UNTIL = time(18)
SATURDAY = 5

# When a message held by quiet hours goes: mail in the morning, chats as soon as the night is over.
RELEASE_AT = {"email": time(8), "linkedin": time(8)}
# The channels on which a message at night is refused rather than delayed.
STRICT_CHANNELS = frozenset({"whatsapp", "instagram"})

# Purposes that are not promotion; everything else, also an unknown word, is judged as promotion.
PLAIN_PURPOSES = frozenset(
    {"informational", "personal", "follow_up", "work_update", "transactional"}
)

# Where no hour suits every possible zone the message stays held, this far ahead.
HORIZON = timedelta(days=15)

_Rule = Callable[[datetime, str], "datetime | None"]
Clock = Callable[[datetime], str]


def is_promotional(purpose: str) -> bool:
    """Unknown purposes count as promotional."""
    return purpose not in PLAIN_PURPOSES


def sells(purpose: str) -> bool:
    """Whether a message is promotion by its name or its words; one not named is not judged so."""
    return bool(purpose) and is_promotional(purpose)


def is_quiet(moment: datetime) -> bool:
    """22:00 is in, 07:00 is out."""
    clock = moment.time()
    return clock >= QUIET_FROM or clock < QUIET_UNTIL


def is_business(moment: datetime) -> bool:
    """Monday to Friday; 09:00 is in, 18:00 is out."""
    return moment.weekday() < SATURDAY and BUSINESS_FROM <= moment.time() < BUSINESS_UNTIL


def check_timing(
    *, channel: str, purpose: str, at: datetime, zones: LocalZones, clock: Clock = clock_words
) -> Verdict:
    """Judge one instant; quiet hours name the time before business hours do.

    `clock` says the time: as the seed's log does, or as our pages do (`clock_24`).
    """
    names = distinct(zones, at, HORIZON)
    quiet = _first(names, at, is_quiet)
    if quiet is not None:
        status = "fail" if channel in STRICT_CHANNELS else "warn"
        until = _settle(at, names, (_quiet_rule(channel),))
        return _held(clock(quiet), "quiet_hours", status, "Quiet hours violation", until)
    if is_promotional(purpose):
        outside = _first(names, at, lambda moment: not is_business(moment))
        if outside is not None:
            until = _settle(at, names, (_quiet_rule(channel), _business_rule))
            return _held(clock(outside), "business_hours", "warn", "Outside business hours", until)
    message = f"{clock(local(at, zones.zones[0]))} - Within acceptable hours"
    return Verdict(findings=(Finding("TIME_CHECK", "time", "pass", message),))


def next_allowed(*, channel: str, purpose: str, at: datetime, zones: LocalZones) -> datetime:
    """The first instant from `at` on that every time rule allows in every zone.

    Where no hour of the next fifteen days suits all zones, an instant beyond them: still held.
    """
    rules: tuple[_Rule, ...] = (_quiet_rule(channel),)
    if is_promotional(purpose):
        rules += (_business_rule,)
    return _settle(at, distinct(zones, at, HORIZON), rules)


def _held(when: str, code: str, status: str, words: str, until: datetime) -> Verdict:
    message = f"{when} - {words}"
    finding = Finding("TIME_CHECK", code, status, message, rule=f"time.{code}")
    return Verdict(Level.ALLOW, until, (finding,))


def _first(
    names: tuple[str, ...], at: datetime, is_bad: Callable[[datetime], bool]
) -> datetime | None:
    moments = (local(at, name) for name in names)
    return next((moment for moment in moments if is_bad(moment)), None)


def _settle(at: datetime, names: tuple[str, ...], rules: tuple[_Rule, ...]) -> datetime:
    """Apply all rules in all zones until nothing moves."""
    latest = at
    moved = True
    while moved and latest - at < HORIZON:
        moved = False
        for name in names:
            for rule in rules:
                later = rule(latest, name)
                if later is not None:
                    latest, moved = later, True
    return latest if latest == at else latest.astimezone(UTC)


def _quiet_rule(channel: str) -> _Rule:
    release = RELEASE_AT.get(channel, QUIET_UNTIL)

    def rule(at: datetime, zone: str) -> datetime | None:
        moment = local(at, zone)
        if not is_quiet(moment):
            return None
        return _next(moment, at, release, zone)

    return rule


def _business_rule(at: datetime, zone: str) -> datetime | None:
    moment = local(at, zone)
    if is_business(moment):
        return None
    return _next(moment, at, BUSINESS_FROM, zone)


def _next(moment: datetime, at: datetime, clock: time, zone: str) -> datetime:
    """The next time the wall clock of `zone` reaches `clock`, strictly after `at`.

    On a weekend that is no end yet: `_settle` asks again until no rule moves it.
    """
    day: date = moment.date()
    while True:
        found = instant_of(day, clock, zone)
        if found > at:
            return found
        day += timedelta(days=1)
