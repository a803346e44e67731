"""Futures of a plan: parameter draws times simulated noise, along the weeks ahead."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tools.budget._curve import Baseline, ResponseCurve
from tools.budget._figures import Figures
from tools.budget._plan import WEEKS, PlanLine, earlier_spend, response_set
from tools.contract import Frozen, Interval
from tools.methods.noise import autoregressive_noise
from tools.methods.number_words import in_words
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
    """by_channel: expected, by draw (D, K, H) · noise (S, H) · total: all channels with noise (S, H) · outcome: the baseline in (S, H)."""

    by_channel: Floats
    noise: Floats
    total: Floats
    outcome: Floats | None

    def under(self, by_channel: Floats) -> Floats:
        """The same futures under another plan (D, K, H): the same draws and the same noise, so that two plans compare, (S, H)."""
        return by_channel.sum(axis=1)[np.arange(len(self.noise)) % len(by_channel)] + self.noise


def start_of(starts_on: date | None, as_of: date | None) -> date | None:
    """First day of the plan: as stated, else the Monday after `as_of`."""
    if starts_on is not None or as_of is None:
        return starts_on
    return as_of + timedelta(days=7 - as_of.weekday())


def horizon_period(start: date | None, weeks: int) -> str | None:
    """The days of the horizon, both ends included, ISO 8601."""
    return None if start is None else f"{start.isoformat()}/{(start + timedelta(days=7 * weeks - 1)).isoformat()}"


class Cost(NamedTuple):
    """What a plan costs over the horizon, minor units, and what is in it, in words."""

    amount: int
    words: str


def horizon_cost(plan: Sequence[PlanLine], fees: int | None, vat_rate: float | None, weeks: int) -> Cost:
    """Media of every channel of the plan, with the fees and the VAT that were given, over the horizon."""
    weekly = sum(line.weekly for line in plan) + (fees or 0) / WEEKS["month"]
    inside = [name for name, given in (("fees", fees), ("VAT", vat_rate)) if given]
    outside = [name for name, given in (("fees", fees), ("VAT", vat_rate)) if not given]
    words = f"media with {' and '.join(inside)}" if inside else "media"
    without = f", without {' and '.join(outside)}" if outside else ""
    return Cost(round(weekly * (1 + (vat_rate or 0.0)) * weeks), f"{words}{without}")


REVIEWS = (30, 60, 90)
"""Days after the start at which plans are looked at again."""


def weights_until(day: int, weeks: int) -> Floats:
    """How much of each week of the horizon lies in the first so many days, (H,)."""
    return np.clip(day / 7 - np.arange(weeks), 0.0, 1.0)


def review_days(weeks: int) -> tuple[int, ...]:
    """The review days that the horizon reaches."""
    return tuple(day for day in REVIEWS if day <= 7 * weeks)


def add_review(
    figures: Figures, day: int, start: date | None, expected: float, interval: Interval | None, label: str, n: int | None = None
) -> None:
    """What is expected by a review, and on which day that is. label: with a place for the number of days in words."""
    last = None if start is None else start + timedelta(days=day - 1)
    period = None if start is None or last is None else f"{start.isoformat()}/{last.isoformat()}"
    mine = figures.of(f"by_day_{day}", denominator=None, period=period)
    mine.add("expected", expected, "count", label.format(in_words(day)), metric="expected_conversions", interval=interval, n=n)
    if last is not None:
        label = f"day of the review after {in_words(day)} days"
        mine.add("date", last.isoformat(), "date", label, basis="stated", rests_on=(), source=None, source_date=None)


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
    noise = np.zeros((futures, horizon))
    for one in owners:
        noise = noise + autoregressive_noise(random, futures, horizon, one.residual_sd, one.residual_autocorrelation)
    total = by_channel.sum(axis=1)[np.arange(futures) % len(by_channel)] + noise
    if baseline is None:
        return Futures(by_channel, noise, total, None)
    rest = _baseline(baseline, start, horizon)
    return Futures(by_channel, noise, total, np.maximum(total + rest[np.arange(futures) % len(rest)], 0.0))


def _baseline(baseline: Baseline, start: date | None, horizon: int) -> Floats:
    """Expected outcome without the channels, by draw, (D, H)."""
    first = baseline.trend_weeks if start is None else round((start - baseline.origin).days / 7)
    trend = baseline.trend_weeks if baseline.trend else None
    rows = controls(baseline.origin, first, horizon, trend_weeks=trend, harmonics=baseline.harmonics)
    return np.array(baseline.draws or [baseline.coefficients], dtype=float) @ rows
