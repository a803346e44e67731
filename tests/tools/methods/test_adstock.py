"""Geometric adstock: weights that sum to one, and slopes that are the derivative."""

from __future__ import annotations

import numpy as np
import pytest

from tools.methods.adstock import geometric_adstock


def test_steady_spend_is_its_own_adstock():
    spend = np.full((1, 200), 500.0)
    assert geometric_adstock(spend, np.array([0.7])).value[0, -1] == pytest.approx(500.0)


def test_equals_the_weighted_sum_of_past_spend():
    spend = np.random.default_rng(1).uniform(0, 10, (1, 30))
    weights = 0.4 ** np.arange(30) * 0.6
    expected = [float(weights[: week + 1][::-1] @ spend[0, : week + 1]) for week in range(30)]
    assert geometric_adstock(spend, np.array([0.4])).value[0] == pytest.approx(expected)


def test_slope_is_the_derivative_by_decay():
    spend = np.random.default_rng(2).uniform(0, 10, (3, 40))
    decay, step = np.array([0.1, 0.5, 0.9]), 1e-6
    above, below = geometric_adstock(spend, decay + step).value, geometric_adstock(spend, decay - step).value
    assert geometric_adstock(spend, decay).by_decay == pytest.approx((above - below) / (2 * step), abs=1e-5)


def test_many_decays_at_once_equal_one_at_a_time():
    spend = np.random.default_rng(3).uniform(0, 10, (2, 25))
    decay = np.random.default_rng(4).uniform(0, 0.9, (5, 2))
    together = geometric_adstock(spend, decay).value
    for row in range(5):
        assert together[row] == pytest.approx(geometric_adstock(spend, decay[row]).value)


def test_earlier_spend_runs_on_into_the_first_weeks():
    carried = geometric_adstock(np.zeros((1, 3)), np.array([0.5]), before=np.array([8.0])).value[0]
    assert carried == pytest.approx([4.0, 2.0, 1.0])
