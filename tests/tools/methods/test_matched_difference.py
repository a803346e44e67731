"""The matched difference against arithmetic, against least squares, and by simulation with and without an effect."""

from __future__ import annotations

import math
from statistics import mean, stdev

import numpy as np
import pytest

from tools.methods.matched_difference import Panel, matched

T_7 = 2.364624
"""Student's quantile at 97.5% with seven degrees of freedom, from the tables."""


def panel(before: list[float], after: list[float], strata: list[list[int]] | None = None) -> Panel:
    early = np.array([value / 2 for value in before])
    codes = np.array(strata if strata is not None else [[]] * len(before), dtype=np.int64).reshape(len(before), -1)
    return Panel(early=early, late=early, after=np.array(after, dtype=float), strata=codes)


def test_one_case_and_eight_controls_by_hand():
    after = [150, 104, 96, 110, 90, 100, 108, 92, 100]
    found = matched(panel([100] * 9, after), [0], most=20, fewest=5)
    assert found is not None
    changes = [math.log((value + 0.5) / 100.5) for value in after]
    others, own = changes[1:], changes[0]
    spread = max(stdev(others), math.sqrt(1 / 100.5 + 1 / 150.5))
    assert found.difference.estimate == pytest.approx(own - mean(others), abs=1e-12)
    assert found.difference.error == pytest.approx(spread * math.sqrt(1 + 1 / 8), abs=1e-12)
    low, high = found.difference.ends(0.95)
    assert (low + high) / 2 == pytest.approx(own - mean(others))
    assert (high - low) / 2 == pytest.approx(T_7 * spread * math.sqrt(1 + 1 / 8), rel=1e-6)
    assert found.as_large == 0
    assert found.imbalance == pytest.approx(0, abs=1e-9)


def test_with_wide_changes_it_is_the_interval_of_least_squares():
    """One treated unit has no residual of its own, so the pooled variance of the regression is that of the controls."""
    import statsmodels.api as sm

    rng = np.random.default_rng(3)
    before, after = rng.integers(800, 1200, 21).astype(float), rng.integers(300, 3000, 21).astype(float)
    data = panel(before.tolist(), after.tolist())
    found = matched(data, [0], most=50, fewest=5)
    assert found is not None
    treated = np.arange(21) == 0
    fitted = sm.OLS(data.change, sm.add_constant(treated.astype(float))).fit()
    assert found.difference.estimate == pytest.approx(fitted.params[1])
    assert found.difference.ends(0.9) == pytest.approx(tuple(fitted.conf_int(0.1)[1]))
    assert found.difference.p_value == pytest.approx(fitted.pvalues[1])


def test_a_group_shares_its_controls_and_their_weights():
    found = matched(panel([100] * 10, [150, 130, *[100, 96, 104, 108] * 2]), [0, 1], most=20, fewest=5)
    assert found is not None
    assert found.weights.sum() == pytest.approx(1)
    assert found.difference.error**2 == pytest.approx(
        max(np.var([math.log((value + 0.5) / 100.5) for value in (100, 96, 104, 108) * 2], ddof=1), 1 / 100.5 + (1 / 150.5 + 1 / 130.5) / 2)
        * (1 / 2 + 1 / 8)
    )


def test_the_nearest_of_the_same_kind_are_taken_while_there_are_enough():
    before = [100, 101, 99, 102, 98, 103, 250, 240, 230, 220, 210, 100, 100]
    kinds = [[0]] * 11 + [[1]] * 2
    same = matched(panel(before, before, kinds), [0], most=5, fewest=5)
    assert same is not None
    assert same.equal == 1
    assert same.controls.tolist() == [1, 2, 3, 4, 5]
    too_few = matched(panel(before, before, [[0]] * 4 + [[1]] * 9), [0], most=5, fewest=5)
    assert too_few is not None
    assert too_few.equal == 0
    assert too_few.controls.tolist() == [1, 2, 3, 11, 12]


def test_units_of_another_size_are_no_comparison():
    assert matched(panel([100, *[400] * 20], [120, *[400] * 20]), [0], most=20, fewest=5) is None
    assert matched(panel([100, *[290] * 20], [120, *[290] * 20]), [0], most=20, fewest=5) is not None


def test_a_season_that_all_share_is_no_effect():
    found = matched(panel([200] * 12, [300, *[290, 310, 300, 295, 305] * 2, 300]), [0], most=20, fewest=5)
    assert found is not None
    assert found.difference.estimate == pytest.approx(0, abs=0.01)
    assert found.peers_change == pytest.approx(math.log(1.5), abs=0.01)


def drawn(rng: np.random.Generator, units: int, effect: float) -> Panel:
    """Counts of units with a level of their own, weeks that hang together, a path of their own and a season that all share."""
    level = 300 * rng.lognormal(0, 0.3, units)
    drift = rng.normal(0, 0.08, (units, 3)).cumsum(axis=1) * (1, 1, 1.4)
    season = np.array([1.0, 1.1, 1.3])
    means = level[:, None] * np.exp(drift) * season * np.array([0.5, 0.5, 1.0])
    means[0, 2] *= 1 + effect
    early, late, after = rng.poisson(means).T.astype(float)
    return Panel(early=early, late=late, after=after, strata=np.zeros((units, 0), dtype=np.int64))


@pytest.mark.parametrize("effect", [0.0, 0.4])
def test_the_interval_holds_the_effect_as_often_as_it_says(effect):
    rng = np.random.default_rng(20261031)
    rounds, held = 1500, 0
    for _ in range(rounds):
        found = matched(drawn(rng, 40, effect), [0], most=20, fewest=8)
        assert found is not None
        low, high = found.difference.ends(0.95)
        held += low <= math.log1p(effect) <= high
    # three standard errors of 1 500 rounds are 1.7 points
    assert 0.925 <= held / rounds <= 0.975


@pytest.mark.slow
def test_looking_at_everyone_raises_no_more_false_alarms_than_the_level_allows():
    rng = np.random.default_rng(7)
    rounds, alarms, naive = 300, 0, 0
    for _ in range(rounds):
        data = drawn(rng, 40, 0.0)
        found = [one for unit in range(40) if (one := matched(data, [unit], most=20, fewest=8)) is not None]
        alarms += any(one.difference.ends(0.95, len(found))[0] > 0 for one in found)
        naive += any(one.difference.ends(0.95)[0] > 0 for one in found)
    assert alarms / rounds <= 0.05
    assert naive / rounds >= 0.4, "without the correction a growing customer is found in most clients"
