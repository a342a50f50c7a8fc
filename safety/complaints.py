"""The complaint guard: too many people complained, so promotion slows down or waits. Pure.

A rate needs a sample: up to `least` complaints a person looks, whatever the rate, because one
complaint among ten messages is a sign and no measurement (docs/decisions/0008).
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from safety.contract.timing import is_promotional
from safety.law.table import TABLE, Guard
from safety.question import Facts, Moment
from safety.verdict import Finding, Level, Verdict


def check_complaints(
    facts: Facts, moment: Moment, at: datetime, *, guard: Guard = TABLE.guard
) -> Verdict:
    """Warn from `guard.warn` on; from `guard.pause` on hold promotion at sending."""
    span = timedelta(days=guard.days)
    recent = [time for time in facts.complaints if at - span < time <= at]
    left = max(facts.left_count, len(recent))
    if not recent or len(recent) < round(guard.warn * left, 6):
        return Verdict()
    rate = f"{len(recent)} of {left} messages of the last {guard.days} days drew a complaint"
    most = _most(left, guard)
    if len(recent) <= most or not is_promotional(facts.purpose):
        return Verdict(Level.REVIEW, None, (_said("complaints", "warn", f"{rate}; look twice"),))
    if moment is not Moment.SENDING:
        words = f"{rate}: promotion is paused and this will wait"
        return Verdict(Level.REVIEW, None, (_said("complaints_paused", "warn", words),))
    until = sorted(recent)[len(recent) - most - 1] + span
    words = f"{rate}: promotion is paused until {until:%Y-%m-%d}"
    return Verdict(Level.REVIEW, until, (_said("complaints_paused", "fail", words),))


def _most(left: int, guard: Guard) -> int:
    """How many complaints do not pause yet."""
    share = math.ceil(round(guard.pause * left, 6))  # 0.003 of 3000 is 9, not 9.000…1
    return max(guard.least, share) - 1


def _said(code: str, status: str, words: str) -> Finding:
    return Finding("COMPLAINT_CHECK", code, status, words)
