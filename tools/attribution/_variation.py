"""How far a ratio of daily sums, and its change, might lie from what it was: ordinary variation between weeks or of small counts.

Where there are enough weeks and events: a bootstrap over days in blocks of a week (Künsch 1989; Politis and Romano 1992), because the
days of one week hang together and ad counts vary more than a Poisson count would; its standard error on the log scale is used with
Student's t for the number of blocks. Where there are few: the exact Poisson interval of the count (Garwood 1936), which needs no repeats.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tools.methods.bootstrap import block_indices

Floats = NDArray[np.float64]
Method = Literal["bootstrap", "poisson", "none"]

WEEK = 7
FEWEST_DAYS = 28  # four blocks: fewer give a standard error with under three degrees of freedom
FEWEST_EVENTS = 30.0  # below this a draw without any event is no rarity


@dataclass(frozen=True, slots=True)
class Resamples:
    """How often each day is drawn, shape (draws, days): the same draws for every channel, so that totals hang together."""

    weights: Floats

    @property
    def blocks(self) -> int:
        """Whole weeks among the days."""
        return self.weights.shape[1] // WEEK

    @classmethod
    def of(cls, random: np.random.Generator, days: int, draws: int) -> Resamples:
        """Draws of `days` days in circular blocks of a week."""
        drawn = block_indices(random, days, draws, WEEK)
        weights = np.zeros((draws, days))
        np.add.at(weights, (np.arange(draws)[:, None], drawn), 1.0)
        return cls(weights)


@dataclass(frozen=True, slots=True)
class Ratio:
    """top / bottom of two daily series, with its interval and how it was got. `log_error` is its standard error on the log scale."""

    value: float
    low: float | None
    high: float | None
    method: Method
    log_error: float | None = None
    freedom: int = 0


def garwood(count: float, level: float) -> tuple[float, float]:
    """The exact interval of a Poisson mean from one count; whole or fractional."""
    from scipy.special import gammaincinv

    tail = (1 - level) / 2
    return (float(gammaincinv(count, tail)) if count > 0 else 0.0), float(gammaincinv(count + 1, 1 - tail))


def ratio(top: Floats, bottom: Floats, *, counted: Literal["top", "bottom"] | None, level: float, resamples: Resamples) -> Ratio | None:
    """sum(top) / sum(bottom) with an interval; None when the bottom is zero. `counted` says which side is a count of events."""
    if bottom.sum() <= 0:
        return None
    value = float(top.sum() / bottom.sum())
    events = {"top": float(top.sum()), "bottom": float(bottom.sum()), None: np.inf}[counted]
    if value > 0 and top.size >= FEWEST_DAYS and events >= FEWEST_EVENTS:
        drawn = resamples.weights @ np.column_stack([top, bottom])
        if np.all(drawn > 0):
            return _from_draws(value, np.log(drawn[:, 0] / drawn[:, 1]), resamples.blocks, level)
    if counted is None:
        return Ratio(value, None, None, "none")
    low, high = garwood(events, level)
    if counted == "top":
        return Ratio(value, low / float(bottom.sum()), high / float(bottom.sum()), "poisson")
    return Ratio(value, float(top.sum()) / high, float(top.sum()) / low, "poisson")


def mean(series: Floats, *, level: float, resamples: Resamples) -> Ratio | None:
    """The mean per day of a count, with its interval."""
    return ratio(series, np.ones_like(series), counted="top", level=level, resamples=resamples)


def change(
    now: Ratio, before: Ratio, *, level: float, events: tuple[float, float] | None, exposures: tuple[float, float] | None
) -> Ratio | None:
    """now / before - 1 of two periods apart in time, with its interval; None when there was nothing before.

    `events` and `exposures` are the two counts and what they were counted over (money spent, days), for the exact interval of two
    Poisson rates (Przyborowski and Wilenski 1940), events per exposure: for a cost per event the two periods swap places.
    """
    if before.value <= 0:
        return None
    value = now.value / before.value - 1
    if now.log_error is not None and before.log_error is not None:
        spread = _t(now.freedom + before.freedom, level) * float(np.hypot(now.log_error, before.log_error))
        return Ratio(value, (1 + value) * np.exp(-spread) - 1, (1 + value) * np.exp(spread) - 1, "bootstrap")
    if events is None or exposures is None:
        return Ratio(value, None, None, "none")
    low, high = rate_ratio(events, exposures, level)
    return Ratio(value, low - 1, None if np.isinf(high) else high - 1, "poisson")


def rate_ratio(events: tuple[float, float], exposures: tuple[float, float], level: float) -> tuple[float, float]:
    """Exact interval of the ratio of two Poisson rates, (first / its exposure) / (second / its exposure), by the binomial of their sum."""
    from scipy.special import betaincinv

    tail, (x, y), (a, b) = (1 - level) / 2, events, exposures
    low = float(betaincinv(x, y + 1, tail)) if x > 0 else 0.0
    high = float(betaincinv(x + 1, y, 1 - tail)) if y > 0 else 1.0
    odds = [p / (1 - p) if p < 1 else np.inf for p in (low, high)]
    return odds[0] * b / a, odds[1] * b / a


def _from_draws(value: float, logs: Floats, blocks: int, level: float) -> Ratio:
    error = float(logs.std(ddof=1)) * float(np.sqrt(blocks / (blocks - 1)))
    spread = _t(blocks - 1, level) * error
    return Ratio(value, value * float(np.exp(-spread)), value * float(np.exp(spread)), "bootstrap", error, blocks - 1)


def _t(freedom: int, level: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + level) / 2))
