"""What weekly series can and cannot tell about channels, before and after the fit."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tools.budget._curve import ChannelSeries

Floats = NDArray[np.float64]
LEAST_ACTIVE_WEEKS = 8
"""Weeks with spend below which a curve of three parameters cannot be told from noise."""
LEAST_VARIATION = 0.05
"""Coefficient of variation of weekly spend below which spend is as good as constant."""
TOO_CLOSE = 0.85
"""Correlation of two channels' carried-over spend, trend and season removed, from which their effects cannot be split."""
LEAST_WEEKS = 26
ROOM = 12
"""Weeks beyond the number of parameters that a joint fit asks for."""


class Screen(NamedTuple):
    """Channels by what may be done with them."""

    fitted: tuple[ChannelSeries, ...]
    steady: tuple[str, ...]
    rare: tuple[str, ...]
    unclaimed: tuple[str, ...]


def screen(channels: tuple[ChannelSeries, ...], *, need_claims: bool) -> Screen:
    """Sort channels into those that can be fitted and those whose spend never varied, was too rare, or has no claims."""
    fitted, steady, rare, unclaimed = [], [], [], []
    for series in channels:
        spend = np.array(series.spend, dtype=float)
        if int((spend > 0).sum()) < LEAST_ACTIVE_WEEKS:
            rare.append(series.channel)
        elif spend.std() < LEAST_VARIATION * spend.mean():
            steady.append(series.channel)
        elif need_claims and not any(series.conversions or ()):
            unclaimed.append(series.channel)
        else:
            fitted.append(series)
    return Screen(tuple(fitted), tuple(steady), tuple(rare), tuple(unclaimed))


def weeks_needed(channels: int, shapes: int, controls: int) -> int:
    """Weeks that a fit of this size asks for."""
    return max(LEAST_WEEKS, channels * (shapes + 1) + controls + ROOM)


def own_variation(spend: Floats, controls: Floats) -> Floats:
    """Share of each channel's variance of spend (K, T) that trend, season and other controls (c, T) leave over, (K,)."""
    left = _without(spend, controls)
    total = ((spend - spend.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    return (left**2).sum(axis=1) / np.maximum(total, 1e-300)


def close_pairs(carried: Floats, controls: Floats) -> list[tuple[int, int]]:
    """Pairs of channels whose carried-over spend (K, T) moves together once the controls are removed."""
    left = _without(carried, controls)
    size = np.sqrt((left**2).sum(axis=1))
    correlation = left @ left.T / np.maximum(np.outer(size, size), 1e-300)
    return [(a, b) for a in range(len(carried)) for b in range(a + 1, len(carried)) if abs(correlation[a, b]) > TOO_CLOSE]


def _without(series: Floats, controls: Floats) -> Floats:
    if not len(controls):
        return series - series.mean(axis=1, keepdims=True)
    coefficients, *_ = np.linalg.lstsq(controls.T, series.T, rcond=None)
    return (series.T - controls.T @ coefficients).T
