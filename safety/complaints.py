"""The complaint guard: too many people complained, so promotion slows down or waits. Pure.

A rate needs a sample: up to `least` complaints a person looks, whatever the rate, because one
complaint among ten messages is a sign and no measurement (docs/decisions/0008).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from safety.contract.timing import is_promotional
from safety.law.table import TABLE, Guard
from safety.question import Facts, Moment
from safety.verdict import Finding, Level, Verdict


def check_complaints(facts: Facts, moment: Moment, at: datetime) -> Verdict:
    """The gate's check: other purposes than promotion are only looked at."""
    return judge_rate(
        facts.complaints,
        facts.left_count,
        at=at,
        pauses=is_promotional(facts.purpose),
        holds=moment is Moment.SENDING,
    )


def judge_rate(
    complaints: Sequence[datetime],
    left_count: int,
    *,
    at: datetime,
    pauses: bool = True,
    holds: bool = True,
    guard: Guard = TABLE.guard,
) -> Verdict:
    """Warn from `guard.warn` on; from `guard.pause` on hold until enough complaints have aged."""
    span = timedelta(days=guard.days)
    recent = sorted(time for time in complaints if at - span < time <= at)
    left = max(left_count, len(recent))
    if not recent or len(recent) < round(guard.warn * left, 6):
        return Verdict()
    rate = f"{len(recent)} of {left} messages of the last {guard.days} days drew a complaint"
    most = _most(left, guard)
    if len(recent) <= most or not pauses:
        return _said("complaints", "warn", f"{rate}; look twice")
    if not holds:
        return _said("complaints_paused", "warn", f"{rate}: promotion is paused and this will wait")
    until = recent[len(recent) - most - 1] + span
    words = f"{rate}: promotion is paused until {until:%Y-%m-%d} UTC"
    return replace(_said("complaints_paused", "fail", words), not_before=until)


def _most(left: int, guard: Guard) -> int:
    """How many complaints do not pause yet."""
    share = math.ceil(round(guard.pause * left, 6))  # 0.003 of 3000 is 9, not 9.000…1
    return max(guard.least, share) - 1


def _said(code: str, status: str, words: str) -> Verdict:
    return Verdict(Level.REVIEW, None, (Finding("COMPLAINT_CHECK", code, status, words),))
