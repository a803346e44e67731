"""Resampling in blocks, and the intervals read off the draws."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def block_length(weeks: int) -> int:
    """The block length of order T**(1/3) that Künsch (1989) and Hall, Horowitz and Jing (1995) give for a variance; never below two."""
    return max(2, round(1.5 * weeks ** (1 / 3)))


def block_indices(random: np.random.Generator, weeks: int, draws: int, length: int | None = None) -> NDArray[np.int64]:
    """Week indices of a circular block bootstrap, shape (draws, weeks): what hangs together from week to week stays together.

    Source: Politis and Romano 1992, A circular block-resampling procedure for stationary data.
    """
    length = length or block_length(weeks)
    blocks = -(-weeks // length)
    starts = random.integers(0, weeks, size=(draws, blocks, 1))
    return ((starts + np.arange(length)) % weeks).reshape(draws, blocks * length)[:, :weeks]


def residual_draws(random: np.random.Generator, residuals: Floats, draws: int, parameters: int, length: int | None = None) -> Floats:
    """Centred residuals in resampled blocks of `length`, (draws, T), widened by T / (T - parameters) for what the fit has taken up."""
    weeks = residuals.shape[-1]
    widened = (residuals - residuals.mean()) * np.sqrt(weeks / max(weeks - parameters, 1))
    return widened[block_indices(random, weeks, draws, length)]


def percentile_interval(values: Floats, level: float, axis: int = 0) -> tuple[Floats, Floats]:
    """The ends between which the middle `level` of the draws lies."""
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2], axis=axis)
    return low, high
