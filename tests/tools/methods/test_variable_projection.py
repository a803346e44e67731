"""The fit itself: a published data set, recovery from simulated series, and the draws' coverage."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from tests.reference_data import reference_rows
from tools.methods.adstock import geometric_adstock
from tools.methods.noise import autoregressive_noise
from tools.methods.response_estimate import draw_around, draw_over_forms, estimate
from tools.methods.saturation import saturate
from tools.methods.variable_projection import Prior, ResponseModel, fit
from tools.methods.weekly_controls import controls


def simulated(seed: int, *, weeks: int = 104, noise: float = 1.5, slope: float = 1.0):
    """Two channels with known parameters and a baseline; spend varies freely."""
    random = np.random.default_rng(seed)
    spend = random.lognormal(0, 0.7, (2, weeks)) * np.array([[900.0], [400.0]])
    decay, half, maximum = np.array([0.55, 0.2]), np.array([1000.0, 500.0]), np.array([60.0, 40.0])
    form = "michaelis_menten" if slope == 1 else "hill"
    response = saturate(form, geometric_adstock(spend, decay).value / half[:, None], slope).value
    base = controls(date(2024, 1, 1), 0, weeks, trend_weeks=weeks, harmonics=1)
    outcome = maximum @ response + np.array([50.0, 70.0, 5.0, -4.0]) @ base + random.normal(0, noise, weeks)
    return ResponseModel(spend, form, base, levels=2), outcome, decay, half, maximum


def test_published_example_is_reproduced():
    """Reference non-linear least squares: decay .399 and .189, lambda 4.15 and 3.36, effects 2987 and 1971; all within 1%."""
    rows = reference_rows("mmm_example.csv")
    column = {name: np.array([float(row[name]) for row in rows]) for name in ("y", "x1", "x2", "event_1", "event_2")}
    base = controls(date(2018, 4, 2), 0, len(rows), trend_weeks=len(rows), harmonics=2)
    model = ResponseModel(
        np.stack([column["x1"], column["x2"]]), "logistic", np.vstack([base, column["event_1"], column["event_2"]]), levels=2
    )
    done = estimate(model, column["y"], np.random.default_rng(0), weak_prior=False)
    decay, half, _ = (part[0] for part in model.unpack(done.theta[None]))
    assert decay == pytest.approx([0.399, 0.189], rel=0.01)
    assert np.log(3) / half == pytest.approx([4.15, 3.36], rel=0.01)
    assert done.linear[:2] == pytest.approx([2987, 1971], rel=0.01)
    # What the data was generated with lies within the middle 95% of the draws.
    draws = draw_around(done, column["y"], np.random.default_rng(1), 100)
    for drawn, truth in ((draws.decay, [0.4, 0.2]), (np.log(3) / draws.half, [4, 3]), (draws.maximum, [3000, 2000])):
        low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
        assert np.all((low <= truth) & (truth <= high))


def test_recovers_known_parameters():
    model, outcome, decay, half, maximum = simulated(5, noise=0.3, weeks=156)
    done = estimate(model, outcome, np.random.default_rng(1))
    found = model.unpack(done.theta[None])
    assert found[0][0] == pytest.approx(decay, abs=0.05)
    assert found[1][0] == pytest.approx(half, rel=0.2)
    assert done.linear[:2] == pytest.approx(maximum, rel=0.15)


def test_recovers_an_s_shape():
    model, outcome, *_ = simulated(6, noise=0.3, weeks=156, slope=2.0)
    done = estimate(model, outcome, np.random.default_rng(1))
    assert model.unpack(done.theta[None])[2][0] == pytest.approx([2.0, 2.0], rel=0.15)


def test_many_problems_at_once_equal_one_at_a_time():
    model, outcome, *_ = simulated(7)
    outcomes = outcome + np.random.default_rng(2).normal(0, 1, (4, len(outcome)))
    start, mean = np.zeros((4, 4)), np.zeros((4, 4))
    together = fit(model, outcomes, start, Prior(mean, np.full(4, 0.1)))
    for row in range(4):
        alone = fit(model, outcomes[row : row + 1], start[:1], Prior(mean[:1], np.full(4, 0.1)))
        assert together.cost[row] == pytest.approx(alone.cost[0], rel=1e-6)


def test_is_a_minimum_among_neighbours():
    model, outcome, *_ = simulated(8)
    flat = Prior(np.zeros((1, 4)), np.zeros(4))
    best = fit(model, outcome[None], np.zeros((1, 4)), flat, tolerance=1e-12)
    for place in range(4):
        for step in (-0.02, 0.02):
            moved = best.theta.copy()
            moved[0, place] += step
            assert fit(model, outcome[None], moved, flat, iterations=0).cost[0] >= best.cost[0] * (1 - 1e-9)


def test_effects_and_levels_are_never_negative():
    model, outcome, *_ = simulated(9)
    fallen = outcome.max() - outcome
    done = estimate(model, fallen, np.random.default_rng(3))
    assert np.all(done.linear[:4] >= 0)
    draws = draw_around(done, fallen, np.random.default_rng(4), 20)
    assert np.all(draws.maximum >= 0)
    assert np.all(draws.controls[:, :2] >= 0)


def test_same_seed_same_draws():
    model, outcome, *_ = simulated(10)
    done = estimate(model, outcome, np.random.default_rng(4))
    one, two = (draw_around(done, outcome, np.random.default_rng(5), 10) for _ in range(2))
    assert all(np.array_equal(left, right) for left, right in zip(one, two, strict=True))


def test_draws_take_each_form_by_how_well_it_fits():
    """Forms that fit alike share the draws; one that fits far worse gets none."""
    model, outcome, *_ = simulated(12)
    tried = [
        estimate(ResponseModel(model.spend, form, model.controls, levels=2), outcome, np.random.default_rng(6))
        for form in ("michaelis_menten", "logistic")
    ]
    level = min(tried, key=lambda one: one.cost)
    alike = [one._replace(cost=level.cost) for one in tried]
    _, draws = draw_over_forms(alike, outcome, np.random.default_rng(7), 40)
    assert (draws.form == "logistic").sum() == 20
    worse = [tried[0]._replace(cost=level.cost), tried[1]._replace(cost=level.cost * 10)]
    best, draws = draw_over_forms(worse, outcome, np.random.default_rng(7), 40)
    assert set(draws.form) == {best.model.form} == {"michaelis_menten"}


def covered(runs: int, draws: int) -> float:
    """Share of runs and channels in which the 90% interval of the response at mean spend holds the truth."""
    hits = []
    for run in range(runs):
        model, outcome, _, half, maximum = simulated(100 + run)
        drawn = draw_around(estimate(model, outcome, np.random.default_rng(run)), outcome, np.random.default_rng(run), draws)
        mean = model.spend.mean(axis=1)
        response = drawn.maximum * mean / (mean + drawn.half)
        low, high = np.quantile(response, [0.05, 0.95], axis=0)
        hits += list((low <= maximum * mean / (mean + half)) & (maximum * mean / (mean + half) <= high))
    return float(np.mean(hits))


def test_intervals_cover_fast():
    # 30 runs of two channels: 90% ± 3 standard errors (5.5 points each way) is 73% at the least.
    assert 0.73 <= covered(15, 100) <= 1.0


@pytest.mark.slow
def test_intervals_cover():
    # 200 runs of two channels; the runs' channels lean on each other, so three standard errors of 200.
    assert 0.84 <= covered(200, 200) <= 0.97


def test_memory_of_the_noise_is_found_and_never_negative():
    """White noise: none, although a fit pulls its residuals below zero; noise that remembers: most of it."""
    model, *_ = simulated(13)
    random = np.random.default_rng(14)
    calm = model.controls.T @ np.array([80.0, 90.0, 5.0, -4.0])
    white = [estimate(model, calm + random.normal(0, 3, 104), random).autocorrelation for _ in range(8)]
    assert min(white) >= 0
    assert np.mean(white) < 0.15
    lasting = autoregressive_noise(random, 8, 104, sd=3.0, autocorrelation=0.6)
    assert np.mean([estimate(model, calm + row, random).autocorrelation for row in lasting]) == pytest.approx(0.6, abs=0.15)
