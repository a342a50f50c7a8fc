"""When a day's limit was reached last, and for how long that counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from safety.contract import limits
from safety.contract.frequency import Contact, active_rests
from safety.contract.localtime import LocalZones
from safety.verdict import CoolingOff

AT = datetime(2026, 3, 11, 15, 0, tzinfo=UTC)  # 16:00 in Zurich
ZURICH = LocalZones(("Europe/Zurich",), "recipient")
SECOND = timedelta(seconds=1)


def ago(**back: float) -> datetime:
    return AT - timedelta(**back)


def day(*times: datetime, channel: str = "email") -> list[tuple[str, datetime]]:
    return [(channel, each) for each in times]


YESTERDAY = day(ago(hours=26), ago(hours=25))  # two of three, on 10 March
EARLIER = day(ago(hours=30), ago(hours=29), ago(hours=28))  # all three of 10 March
CASES = {
    "nothing was sent": ([], None),
    "two of three": (YESTERDAY, None),
    "the third, a day ago to the second": ([*YESTERDAY, *day(ago(hours=24))], None),
    "the third, a second later": (
        [*YESTERDAY, *day(ago(hours=24) + SECOND)],
        ago(hours=24) + SECOND,
    ),
    "more than the limit: the last counts": (
        [*YESTERDAY, *day(ago(hours=20), ago(hours=19))],
        ago(hours=19),
    ),
    "one that is yet to come counts for nothing": (
        day(ago(hours=1), AT + SECOND, channel="linkedin"),
        None,
    ),
    "reached too long ago, and one since": ([*EARLIER, ("linkedin", ago(hours=2))], None),
    "reached a day ago to the second, and one since": (
        [*YESTERDAY, *day(ago(hours=24)), ("linkedin", ago(hours=2))],
        None,
    ),
    "two limits: the later one counts": (
        [*YESTERDAY, *day(ago(hours=20)), *day(ago(hours=19), ago(hours=18), channel="instagram")],
        ago(hours=18),
    ),
    "two limits, the other way round": (
        [*day(ago(hours=23), ago(hours=22), channel="instagram"),
         *day(ago(hours=21), ago(hours=20), ago(hours=19))],
        ago(hours=19),
    ),
    "another channel today, this moment": (
        day(ago(hours=2), AT, channel="linkedin"), AT,
    ),
    "this channel today is left to its own limit": (
        day(ago(hours=3), ago(hours=2), ago(hours=1)), None,
    ),
    "an unknown channel has the strictest limit": (
        day(ago(hours=3), ago(hours=2), channel="pigeon"), ago(hours=2),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("sent", "reached"), CASES.values(), ids=list(CASES))
def test_when_a_limit_was_reached_last(sent, reached):
    sent = sorted(sent, key=lambda each: each[1])
    assert limits.latest_reached(sent, at=AT, zones=ZURICH, but="email") == reached


def test_the_day_is_one_of_every_zone_they_may_be_in():
    """23:30 and 00:30 in Zurich are two days there, and one in London."""
    sent = day(*(datetime(2026, 3, 10, 22, 30, tzinfo=UTC) + timedelta(minutes=m) for m in (0, 60)),
               channel="linkedin")  # fmt: skip
    both = LocalZones(("Europe/Zurich", "Europe/London"), "phone")
    ask = {"at": AT, "but": "email"}
    assert limits.latest_reached(sent, zones=ZURICH, **ask) is None
    assert limits.latest_reached(sent, zones=both, **ask) == sent[-1][1]


@pytest.mark.parametrize(
    ("until", "told"),
    [
        ([], True),
        ([timedelta(hours=1)], True),
        ([timedelta(hours=4)], False),
        ([timedelta(hours=1), timedelta(hours=9)], False),
        ([timedelta(hours=9), timedelta(hours=1)], False),
    ],
    ids=str,
)
def test_a_rest_that_no_row_keeps_is_told_unless_one_of_them_ends_as_late(until, told):
    """What was reached at 20 hours past rests until in four hours."""
    left = [Contact("email", when, "out") for _, when in [*YESTERDAY, *day(ago(hours=20))]]
    kept = [Contact("", ago(hours=1), "cooling_off", AT + each, "escalation") for each in until]
    rests = active_rests(channel="linkedin", at=AT, zones=ZURICH, contacts=[*left, *kept])
    own = CoolingOff("daily_limit", ago(hours=20), AT + timedelta(hours=4))
    assert (own in rests) is told
    assert len(rests) == len(kept) + told


@pytest.mark.parametrize(
    ("channel", "most"),
    [("whatsapp", 5), ("email", 3), ("instagram", 2), ("linkedin", 2), ("phone", 2)],
)
def test_how_many_a_day_may_have(channel, most):
    assert limits.of(channel) == most
