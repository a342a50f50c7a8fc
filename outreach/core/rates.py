"""A share of few or many, with the interval in which the true one lies."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

Z95 = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of `of` with its 95 % interval (Wilson), in percent."""

    count: int
    of: int
    low: float
    high: float

    @property
    def percent(self) -> float:
        return 100 * self.count / self.of if self.of else 0.0


def wilson(count: int, of: int) -> Rate:
    """Sensible also for few and for extreme counts (Wilson 1927)."""
    if not of:
        return Rate(count, of, 0.0, 100.0)
    return Rate(count, of, *interval(count, of, Z95))


def interval(count: int, of: int, z: float) -> tuple[float, float]:
    """(low, high) in percent; `z` is 1.96 for 95 %."""
    share, square = count / of, z * z
    middle = (share + square / (2 * of)) / (1 + square / of)
    spread = z / (1 + square / of) * math.sqrt(share * (1 - share) / of + square / (4 * of * of))
    low = 0.0 if count == 0 else max(0.0, 100 * (middle - spread))
    return low, 100.0 if count == of else min(100.0, 100 * (middle + spread))
