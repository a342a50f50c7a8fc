"""How often one human being may be contacted: daily limits, rests, and no pressing after silence.

The message under judgement counts. Holds are a `not_before`; only persistence is a refusal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import pairwise

from safety.contract import limits
from safety.contract.content import is_follow_up
from safety.contract.limits import LIMIT_REST
from safety.contract.localtime import LocalZones, instant_of, local
from safety.contract.stop_request import detect_stop
from safety.verdict import CoolingOff, Finding, Level, Verdict, join

ESCALATION_WINDOW = timedelta(hours=24)
ESCALATION_REST = timedelta(hours=48)
STOP_REST = timedelta(hours=72)
PERSISTENT_DAYS = 4
PERSISTENT_WINDOW = timedelta(days=30)
FOLLOW_UPS = 2
RISING_GAPS = 3
STOP_CAUSES = frozenset({"stop", "stop_request"})  # just asked for; stored when it was
SPACING = {"whatsapp": timedelta(minutes=30)}
_NOTHING = Verdict()


@dataclass(frozen=True)
class Contact:
    """One thing that happened between us and the person, or a rest they must get."""

    platform: str
    at: datetime
    direction: str  # "out" | "in" | "cooling_off"
    until: datetime | None = None
    cause: str = ""
    content: str = ""


@dataclass(frozen=True)
class _Case:
    """The message under judgement and its past, sorted and read once for all that ask."""

    channel: str
    touch: str
    at: datetime
    zones: LocalZones
    text: str
    contacts: tuple[Contact, ...]

    @property
    def limit(self) -> int:
        return limits.of(self.channel)

    @cached_property
    def unanswered(self) -> tuple[Contact, ...]:
        """What we sent since they last wrote, oldest first."""
        replies = [c.at for c in self.contacts if c.direction == "in" and c.at <= self.at]
        last = max(replies, default=None)
        return tuple(
            c
            for c in self.contacts
            if c.direction == "out" and c.at <= self.at and (last is None or c.at > last)
        )

    @cached_property
    def same_day(self) -> tuple[tuple[str, tuple[Contact, ...]], ...]:
        """For each zone, what we sent on this channel on the local day of `at`."""
        mine = [c for c in self.contacts if c.direction == "out" and c.platform == self.channel]
        days = ((zone, local(self.at, zone).date()) for zone in self.zones.zones)
        return tuple(
            (zone, tuple(c for c in mine if local(c.at, zone).date() == day)) for zone, day in days
        )


def check_frequency(
    *,
    channel: str,
    touch: str,
    at: datetime,
    zones: LocalZones,
    contacts: Sequence[Contact],
    text: str = "",
) -> Verdict:
    """Judge one more message to somebody with this past."""
    ordered = tuple(sorted(contacts, key=lambda c: c.at))
    case = _Case(channel, touch, at, zones, text, ordered)
    limit = _daily_limit(case)
    passed = limit.not_before is not None
    holds = join(limit, *_resting(case), _cross_platform(case), _persistent(case))
    signs = (_follow_ups(case, limit_passed=passed), _rising(case), _spacing(case))
    return join(_count_line(case, holds), holds, *signs)


def _count_line(case: _Case, holds: Verdict) -> Verdict:
    """FREQUENCY_CHECK itself: the count, and whether anything below it refuses or holds."""
    count = max(len(sent) for _, sent in case.same_day) + 1
    message = f"Recipient contact count: {count}/{case.limit} daily limit"
    status = "fail" if holds.blockers else "pass"
    finding = Finding("FREQUENCY_CHECK", "count", status, message, text=f"{count}/{case.limit}")
    return Verdict(findings=(finding,))


def _daily_limit(case: _Case) -> Verdict:
    """The last message within the limit starts a rest; one more is held until the rest is over."""
    fullest = max(len(sent) for _, sent in case.same_day)
    if fullest + 1 < case.limit:
        return _NOTHING
    if fullest + 1 == case.limit:
        rest = CoolingOff("daily_limit", case.at, case.at + LIMIT_REST)
        return Verdict(cooling_off=(rest,))
    begun = _limit_rest(case)
    until = max(_tomorrow(case.at, zone) for zone, sent in case.same_day if len(sent) >= case.limit)
    finding = Finding(
        "ABUSE_PATTERN", "daily_limit", "fail", "Daily limit exceeded", rule="frequency.daily_limit"
    )
    return Verdict(not_before=max(until, begun.until if begun else until), findings=(finding,))


def _limit_rest(case: _Case) -> CoolingOff | None:
    """The rest after the message that reached the limit of this day, or passed it by hand."""
    reached = [sent[-1].at for _, sent in case.same_day if len(sent) >= case.limit]
    if not reached:
        return None
    return CoolingOff("daily_limit", max(reached), max(reached) + LIMIT_REST)


def _tomorrow(at: datetime, zone: str) -> datetime:
    return instant_of(local(at, zone).date() + timedelta(days=1), time(0), zone)


def _resting(case: _Case) -> Iterator[Verdict]:
    """Every rest that holds now: stored ones, and a request to stop that is still in the past."""
    yield from map(_held_by, _stored_rests(case.contacts, case.at))
    yield from map(_held_by, _unstored_rests(case))


def _held_by(rest: CoolingOff) -> Verdict:
    finding = Finding(
        "ABUSE_PATTERN",
        "cooling_off",
        "fail",
        f"Cooling-off period in force ({hours(rest.until - rest.at)} hours)",
        rule=f"frequency.cooling_off.{rest.cause}",
    )
    return Verdict(not_before=rest.until.astimezone(UTC), findings=(finding,))


def held_by_stops(contacts: Sequence[Contact], at: datetime) -> Verdict:
    """What requests to stop hold, whatever else does: no declared emergency lifts it."""
    rests = _stored_rests(contacts, at)
    return join(*(_held_by(rest) for rest in rests if rest.cause in STOP_CAUSES))


def active_rests(
    *, channel: str, at: datetime, zones: LocalZones, contacts: Sequence[Contact]
) -> tuple[CoolingOff, ...]:
    """Every rest that is running at `at`: stored, asked for, or begun by today's last message."""
    case = _Case(channel, "", at, zones, "", tuple(sorted(contacts, key=lambda c: c.at)))
    begun = _limit_rest(case)
    named = (*_stored_rests(contacts, at), *((begun,) if begun else ()), *_unstored_rests(case))
    return tuple(dict.fromkeys(named))


def _stored_rests(contacts: Sequence[Contact], at: datetime) -> tuple[CoolingOff, ...]:
    return tuple(rest for rest in _rests(contacts, at) if rest.at <= at < rest.until)


def _unstored_rests(case: _Case) -> Iterator[CoolingOff]:
    """Rests after a limit that the contacts tell of, and no row or one that ends sooner does.

    As where duplicate records became one. Of today on this channel the limit itself tells.
    """
    left = [(c.platform, c.at) for c in case.contacts if c.direction == "out"]
    reached = limits.latest_reached(left, at=case.at, zones=case.zones, but=case.channel)
    if reached is None:
        return
    until = reached + LIMIT_REST
    told = (rest.until for rest in _stored_rests(case.contacts, case.at))
    if max(told, default=case.at) < until:
        yield CoolingOff("daily_limit", reached, until)


def _rests(contacts: Sequence[Contact], at: datetime) -> Iterator[CoolingOff]:
    for contact in contacts:
        if contact.direction == "cooling_off" and contact.until is not None:
            yield CoolingOff(contact.cause or "stored", contact.at, contact.until)
        elif at - contact.at < STOP_REST and _asks_to_stop(contact):
            yield CoolingOff("stop", contact.at, contact.at + STOP_REST)


def _asks_to_stop(contact: Contact) -> bool:
    if contact.direction != "in" or not contact.content:
        return False
    return detect_stop(contact.content).kind == "stop"


def _cross_platform(case: _Case) -> Verdict:
    """Another platform within a day and no reply between: the first such attempt starts a rest."""
    others = [
        c
        for c in case.unanswered
        if c.platform != case.channel and case.at - c.at < ESCALATION_WINDOW
    ]
    if not others:
        return _NOTHING
    finding = Finding(
        "ESCALATION_CHECK",
        "cross_platform",
        "fail",
        "Cross-platform escalation detected",
        rule="frequency.cross_platform",
    )
    until = others[-1].at + ESCALATION_WINDOW
    running = {rest.cause for rest in _stored_rests(case.contacts, case.at)}
    if "cross_platform" in running:
        return Verdict(not_before=until, findings=(finding,))
    rest = CoolingOff("cross_platform", case.at, case.at + ESCALATION_REST)
    return Verdict(not_before=rest.until, findings=(finding,), cooling_off=(rest,))


def _persistent(case: _Case) -> Verdict:
    """Messages on four local days within thirty days and no reply: the next is refused."""
    recent = [c.at for c in case.unanswered if case.at - c.at <= PERSISTENT_WINDOW]
    if max(len(_days(recent, zone)) for zone in case.zones.zones) < PERSISTENT_DAYS:
        return _NOTHING
    finding = Finding(
        "ABUSE_PATTERN",
        "persistent_contact",
        "fail",
        "Persistent contact after no response",
        rule="frequency.persistent_contact",
    )
    return Verdict(Level.BLOCK, findings=(finding,))


def _days(times: Sequence[datetime], zone: str) -> set[date]:
    return {local(at, zone).date() for at in times}


def _follow_ups(case: _Case, *, limit_passed: bool) -> Verdict:
    """A follow-up after two or more unanswered messages: a warning, or a failure over the limit."""
    if len(case.unanswered) < FOLLOW_UPS:
        return _NOTHING
    if case.touch != "follow_up" and not is_follow_up(case.text):
        return _NOTHING
    finding = Finding(
        "ESCALATION_CHECK",
        "follow_ups",
        "fail" if limit_passed else "warn",
        "Multiple follow-ups detected",
        rule="frequency.follow_ups",
    )
    return Verdict(Level.REVIEW, findings=(finding,))


def _rising(case: _Case) -> Verdict:
    """Each gap shorter than the last, three gaps, no reply."""
    times = [*[c.at for c in case.unanswered][-RISING_GAPS:], case.at]
    if len(times) <= RISING_GAPS:
        return _NOTHING
    gaps = [later - earlier for earlier, later in pairwise(times)]
    if not all(later < earlier for earlier, later in pairwise(gaps)):
        return _NOTHING
    finding = Finding(
        "ESCALATION_CHECK",
        "rising_frequency",
        "warn",
        "Increasing contact frequency detected",
        rule="frequency.rising",
    )
    return Verdict(Level.REVIEW, findings=(finding,))


def _spacing(case: _Case) -> Verdict:
    """Chats keep half an hour between messages that were not answered."""
    space = SPACING.get(case.channel)
    mine = [c.at for c in case.unanswered if c.platform == case.channel]
    if space is None or not mine or case.at - mine[-1] >= space:
        return _NOTHING
    until = mine[-1] + space
    words = f"Less than {int(space / timedelta(minutes=1))} minutes since the last message"
    finding = Finding("ESCALATION_CHECK", "spacing", "warn", words, rule="frequency.spacing")
    return Verdict(not_before=until, findings=(finding,))


def hours(length: timedelta) -> int:
    """A length in whole hours, rounded up."""
    return -(-length // timedelta(hours=1))
