"""How far a sum or a rate moves from one stretch of days to the next when nothing in particular has happened."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STEP = 7
"""Days between the beginnings of two pairs: whole weeks, so that every pair holds the same weekdays."""
FEWEST_FREE = 4
"""Pairs without overlap below which the spread is itself too uncertain to judge by: the factor for 95% is then above 2.8."""


@dataclass(frozen=True, slots=True)
class Noise:
    """Spread of the log ratio of a stretch of days to the stretch before it, and the pairs without overlap behind it.

    `drift` is the log ratio to be expected: zero, unless something that drives the value has moved.
    """

    deviation: float
    freedom: int
    drift: float = 0.0

    def reach(self, level: float) -> float:
        """How far, as a log ratio, ordinary variation reaches at a level, both ways."""
        from scipy.special import stdtrit

        return float(stdtrit(self.freedom, (1 + level) / 2)) * self.deviation

    def band(self, middle: float, level: float) -> tuple[float, float]:
        """The ends between which a value would be expected that was `middle` before."""
        reach = self.reach(level)
        return middle * exp(self.drift - reach), middle * exp(self.drift + reach)

    def beyond(self, ratio: float, level: float) -> bool:
        """Whether a ratio is further from what is expected than ordinary variation reaches."""
        return ratio <= 0 or abs(log(ratio) - self.drift) > self.reach(level)

    def chance_above(self, ratio: float) -> float:
        """Chance that ordinary variation alone gives a ratio above this one."""
        from scipy.special import stdtr

        if ratio <= 0:
            return 1.0
        if not self.deviation:
            return float(log(ratio) < self.drift)
        return float(stdtr(self.freedom, (self.drift - log(ratio)) / self.deviation))


def noise_of(top: Floats, bottom: Floats | None, *, days: int, before: int) -> Noise | None:
    """The noise of a rate per day (of `top` per `bottom` when given) from `before` days to the `days` days that follow them.

    Daily series of the time before the period that is judged. The root mean square of the log ratios of all adjacent stretches, which is
    the overlapping Allan deviation (Allan 1966; Riley 2008, NIST SP 1065, section 5.2.4) on the log scale: whatever hangs together from
    week to week, and whatever drifts from month to month, is in it. Slow growth counts as ordinary variation. The freedom is the number of
    pairs without overlap, which is fewer than the overlapping ones amount to: the verdict is on the careful side. None when there are
    fewer than four such pairs, or when a stretch without any event makes a ratio meaningless.
    """
    freedom = _apart(len(top), days, before)
    if freedom < FEWEST_FREE:
        return None
    ratios = _log_ratios(top, bottom if bottom is not None else np.ones(len(top)), days, before)
    return None if ratios is None else Noise(float(np.sqrt(np.mean(ratios**2))), freedom)


def noise_given(outcome: Floats, driver: Floats, change: float, *, days: int, before: int) -> Noise | None:
    """The noise of an outcome per day when something that drives it, such as spend, has moved by the log ratio `change`.

    The log ratios of the outcome over adjacent stretches on those of the driver, by least squares through the origin: no change of the
    one, none expected of the other. `Noise.drift` is what goes with this change of the driver, and the deviation holds the doubt about the
    slope, which grows with the change. One pair is spent on the slope. None as with `noise_of`; also when the driver never moved and now
    did.
    """
    freedom = _apart(len(outcome), days, before) - 1
    if freedom < FEWEST_FREE:
        return None
    ones = np.ones(len(outcome))
    moved, drove = _log_ratios(outcome, ones, days, before), _log_ratios(driver, ones, days, before)
    if moved is None or drove is None:
        return None
    square = float(drove @ drove)
    if square < 1e-12:
        return None if abs(change) > 1e-6 else Noise(float(np.sqrt(np.mean(moved**2))), freedom)
    slope = float(drove @ moved) / square
    # overlapping pairs count as many times as they overlap: the slope rests on as many as do not
    alone = (freedom + 1) / len(moved)
    residual = np.sqrt(np.mean((moved - slope * drove) ** 2) * (freedom + 1) / freedom)
    return Noise(float(residual * np.sqrt(1 + change**2 / (square * alone))), freedom, drift=slope * change)


def _apart(length: int, days: int, before: int) -> int:
    """Pairs of stretches without overlap between their later halves."""
    return int((length - before) // days) if length > before else 0


def _log_ratios(top: Floats, bottom: Floats, days: int, before: int) -> Floats | None:
    """Log ratio of each stretch to the one before it; none when a stretch is empty. From the end: the latest days are in."""
    sums, below = (np.concatenate([[0.0], np.cumsum(series)]) for series in (top, bottom))
    found = []
    for end in range(len(top), before + days - 1, -STEP if days >= STEP else -days):
        middle, start = end - days, end - days - before
        parts = (sums[end] - sums[middle], below[end] - below[middle], sums[middle] - sums[start], below[middle] - below[start])
        if min(parts) <= 0:
            return None
        found.append(log(parts[0] / parts[1] * parts[3] / parts[2]))
    return np.array(found)
