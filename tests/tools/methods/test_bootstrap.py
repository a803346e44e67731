"""Blocks that keep neighbours together, and noise with the spread and memory that were asked for."""

from __future__ import annotations

import numpy as np
import pytest

from tools.methods.bootstrap import block_indices, block_length, percentile_interval, residual_draws
from tools.methods.noise import autoregressive_noise


def test_blocks_are_runs_of_neighbouring_weeks():
    indices = block_indices(np.random.default_rng(0), 50, 200, length=5)
    assert indices.shape == (200, 50)
    steps = np.diff(indices, axis=1) % 50
    inside = np.arange(1, 50) % 5 != 0
    assert np.all(steps[:, inside] == 1)


def test_every_week_is_drawn_alike():
    counts = np.bincount(block_indices(np.random.default_rng(1), 40, 4000).ravel(), minlength=40)
    assert counts == pytest.approx(4000, rel=0.08)


def test_block_length_grows_with_the_cube_root():
    assert [block_length(weeks) for weeks in (2, 27, 104)] == [2, 4, 7]


def test_residual_draws_are_centred_and_widened_for_the_parameters():
    residuals = np.random.default_rng(2).normal(3, 2, 100)
    drawn = residual_draws(np.random.default_rng(3), residuals, 3000, parameters=36)
    assert drawn.mean() == pytest.approx(0, abs=0.05)
    assert drawn.std() == pytest.approx(residuals.std() * np.sqrt(100 / 64), rel=0.03)


def test_percentile_interval_holds_the_middle():
    low, high = percentile_interval(np.arange(101.0), 0.9)
    assert (low, high) == pytest.approx((5, 95))


def test_noise_has_the_spread_and_the_memory():
    noise = autoregressive_noise(np.random.default_rng(4), 20000, 6, sd=2.0, autocorrelation=0.5)
    assert noise.std(axis=0) == pytest.approx(2.0, rel=0.03)
    assert np.corrcoef(noise[:, 2], noise[:, 3])[0, 1] == pytest.approx(0.5, abs=0.02)
