"""Sample sizes against G*Power and statsmodels, and the claims about power and peeking by simulation."""

from __future__ import annotations

from math import ceil

import numpy as np
import pytest

from tests.reference_data import reference_case
from tools.methods import sample_size as sizes


def test_arcsine_matches_statsmodels():
    case = reference_case("power_10_12")
    given = case["input"]
    needed = sizes.for_proportions(given["p1"], given["p2"], given["alpha"], given["power"], "arcsine")
    assert needed == pytest.approx(case["expected"]["n_per_arm_h"], abs=1e-4)


def test_pooled_matches_gpower_to_the_unit():
    case = reference_case("conf_ss_bin")
    rate, effect = case["input"]["p"], case["input"]["abs_mde"]
    assert 2 * ceil(sizes.for_proportions(rate, rate + effect, 0.05, 0.85)) == case["expected"]["n_total_gpower"]


@pytest.mark.parametrize("effect", [0.1, 0.3, 0.8])
def test_means_match_the_t_test_of_statsmodels_within_a_unit(effect):
    from statsmodels.stats.power import TTestIndPower

    exact = TTestIndPower().solve_power(effect, alpha=0.05, power=0.8)
    assert sizes.for_means(10, 10 * effect, 0.05, 0.8) == pytest.approx(exact, abs=1)


@pytest.mark.parametrize("method", ["pooled", "unpooled", "arcsine"])
def test_the_planned_size_gives_the_planned_power(method):
    random = np.random.default_rng(11)
    p, q, trials = 0.05, 0.065, 20_000
    units = ceil(sizes.for_proportions(p, q, 0.05, 0.8, method))
    a, b = random.binomial(units, p, trials) / units, random.binomial(units, q, trials) / units
    pooled = (a + b) / 2
    found = np.abs(b - a) > sizes.z(0.975) * np.sqrt(2 * pooled * (1 - pooled) / units)
    assert found.mean() == pytest.approx(0.8, abs=0.012)


def test_counts_reach_their_power_when_overdispersed():
    random = np.random.default_rng(12)
    rate, other, dispersion, trials = 2.0, 2.3, 1.8, 3_000
    units = ceil(sizes.for_counts(rate, other, dispersion, 0.05, 0.8))
    draw = [random.negative_binomial(r / (dispersion - 1), 1 / dispersion, (trials, units)) for r in (rate, other)]
    means, variances = [d.mean(axis=1) for d in draw], [d.var(axis=1, ddof=1) for d in draw]
    found = np.abs(means[1] - means[0]) > sizes.z(0.975) * np.sqrt((variances[0] + variances[1]) / units)
    assert found.mean() == pytest.approx(0.8, abs=0.03)


def test_the_smallest_effect_is_where_the_size_is_just_enough():
    def needed(effect: float) -> float:
        return sizes.for_proportions(0.04, 0.04 * (1 + effect), 0.05, 0.8)

    found = sizes.smallest_effect(10_000, needed, 20)
    assert needed(found) == pytest.approx(10_000, rel=1e-6)
    assert sizes.smallest_effect(1, needed, 20) is None


def test_the_tuning_solves_its_equation():
    from scipy.special import lambertw

    for alpha in (0.2, 0.05, 0.001):
        assert sizes.sequence_tuning(alpha) == pytest.approx(float(-lambertw(-(alpha**2) / np.e, -1).real) - 1, rel=1e-12)


def test_peeking_at_the_sequence_keeps_false_alarms_and_the_inflated_size_reaches_the_power():
    random, alpha, trials, planned = np.random.default_rng(13), 0.05, 1_500, 600
    steps = np.arange(1, planned * 2 + 1)
    reach = np.array([sizes.sequence_boundary(step / planned, alpha) for step in steps])
    noise = np.cumsum(random.standard_normal((trials, steps.size)), axis=1) / np.sqrt(steps)
    late = steps >= 30  # asymptotic: the first few observations are not claimed
    assert (np.abs(noise[:, late]) > reach[late]).any(axis=1).mean() <= alpha + 0.01
    naive = (np.abs(noise[:, late]) > sizes.z(1 - alpha / 2)).any(axis=1).mean()
    assert naive > 0.25, "what the sequence guards against"
    fixed = planned / sizes.anytime_inflation(alpha, 0.8)
    effect = sizes.noncentrality(alpha, 0.8) / np.sqrt(fixed)
    at_plan = np.abs(noise[:, planned - 1] + effect * np.sqrt(planned)) > reach[planned - 1]
    assert at_plan.mean() == pytest.approx(0.8, abs=0.03)
    ever = (np.abs(noise + effect * np.sqrt(steps))[:, 29:planned] > reach[29:planned]).any(axis=1).mean()
    assert ever >= at_plan.mean(), "an upper bound: it may stop early"
