"""Futures of a plan: parameter draws times simulated noise, along the weeks ahead."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tools.budget._curve import Baseline, ResponseCurve
from tools.budget._plan import WEEKS, Period, PlanLine, earlier_spend, response_set
from tools.contract import Frozen
from tools.methods.noise import autoregressive_noise
from tools.methods.weekly_controls import controls

Floats = NDArray[np.float64]


class WeekAhead(Frozen):
    """One week of the horizon."""

    week: int = Field(description="number of the week, from 1")
    starts_on: date | None = Field(None, description="its first day, where known")
    expected: float = Field(description="outcomes expected from the plan's channels")
    low: float = Field(description="lower end of the prediction interval")
    high: float = Field(description="upper end of the prediction interval")


class Futures(NamedTuple):
    """by_channel: expected, by draw (D, K, H) · total: all channels with noise (S, H) · outcome: with the baseline too (S, H)."""

    by_channel: Floats
    total: Floats
    outcome: Floats | None


def start_of(starts_on: date | None, as_of: date | None) -> date | None:
    """First day of the plan: as stated, else the Monday after `as_of`."""
    if starts_on is not None or as_of is None:
        return starts_on
    return as_of + timedelta(days=7 - as_of.weekday())


def horizon_period(start: date | None, weeks: int) -> str | None:
    """The days of the horizon, both ends included, ISO 8601."""
    return None if start is None else f"{start.isoformat()}/{(start + timedelta(days=7 * weeks - 1)).isoformat()}"


def horizon_cost(plan: Sequence[PlanLine], fees: int | None, fees_period: Period, weeks: int) -> int:
    """Media of every channel of the plan and the stated fees over the horizon, minor units."""
    return round((sum(line.weekly for line in plan) + (fees or 0) / WEEKS[fees_period]) * weeks)


def expected_path(curves: Sequence[ResponseCurve], weekly: Floats, horizon: int) -> Floats:
    """Outcomes by draw, channel and week (D, K, H) of a steady weekly spend (K,) that follows the curves' recent weeks."""
    return response_set(curves).path(np.repeat(weekly[:, None], horizon, axis=1), earlier_spend(curves))


def simulate(
    curves: Sequence[ResponseCurve], weekly: Floats, baseline: Baseline | None, start: date | None, horizon: int, futures: int,
    random: np.random.Generator,
) -> Futures:  # fmt: skip
    """Futures of a steady weekly spend (K,): each takes one parameter draw, in turn so that draws count alike, and one noise path.

    The noise of a joint fit is that of its total outcome; of curves fitted one by one, the sum of each one's own.
    """
    by_channel = expected_path(curves, weekly, horizon)
    owners = curves[:1] if curves[0].mode == "joint" else curves
    total = by_channel.sum(axis=1)[np.arange(futures) % len(by_channel)]
    for one in owners:
        total = total + autoregressive_noise(random, futures, horizon, one.residual_sd, one.residual_autocorrelation)
    if baseline is None:
        return Futures(by_channel, total, None)
    rest = _baseline(baseline, start, horizon)
    return Futures(by_channel, total, np.maximum(total + rest[np.arange(futures) % len(rest)], 0.0))


def _baseline(baseline: Baseline, start: date | None, horizon: int) -> Floats:
    """Expected outcome without the channels, by draw, (D, H)."""
    first = baseline.trend_weeks if start is None else round((start - baseline.origin).days / 7)
    trend = baseline.trend_weeks if baseline.trend else None
    rows = controls(baseline.origin, first, horizon, trend_weeks=trend, harmonics=baseline.harmonics)
    return np.array(baseline.draws or [baseline.coefficients], dtype=float) @ rows
