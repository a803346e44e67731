"""Values with how often each occurs: enough to winsorise, and to read a quantile with its error, without the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, sqrt

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class CountedValues:
    """Distinct values, rising, and their counts."""

    values: NDArray[np.float64]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, values: Sequence[float] | NDArray[np.float64], counts: Sequence[int] | NDArray[np.int64]) -> CountedValues:
        """In any order."""
        order = np.argsort(np.asarray(values, float), kind="stable")
        return cls(np.asarray(values, float)[order], np.asarray(counts, np.int64)[order])

    @property
    def n(self) -> int:
        """Units."""
        return int(self.counts.sum())

    def ranked(self, rank: int) -> float:
        """The value of this rank, from 1."""
        return float(self.values[np.searchsorted(np.cumsum(self.counts), min(max(rank, 1), self.n))])

    def quantile(self, share: float) -> float:
        """The smallest value that at least this share of units does not exceed."""
        return self.ranked(ceil(share * self.n - 1e-9))

    def capped(self, cap: float) -> tuple[int, float, float]:
        """Units, sum and sum of squares with every value above `cap` brought down to it."""
        held = np.minimum(self.values, cap)
        return self.n, float(self.counts @ held), float(self.counts @ (held * held))


def pooled_cap(arms: Sequence[CountedValues], share: float) -> float:
    """The quantile of all arms together: a cap that does not know who was in which arm."""
    return CountedValues.of(np.concatenate([arm.values for arm in arms]), np.concatenate([arm.counts for arm in arms])).quantile(share)


def quantile_ranks(n: int, share: float, critical: float) -> tuple[int, int]:
    """Ranks of the values that hold the quantile between them: David and Nagaraja, Order Statistics (2003), section 7.1."""
    half = critical * sqrt(n * share * (1 - share))
    return max(1, floor(n * share - half)), min(n, ceil(n * share + half) + 1)


def quantile_error(low: float, high: float, critical: float) -> float:
    """Standard error of a quantile from the distance of those two values (Deng, Knoblich and Lu 2018, section 4.3: no density needed)."""
    return (high - low) / (2 * critical)
