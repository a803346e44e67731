"""The statistics of experiments against published values, and against what they claim of themselves."""

from __future__ import annotations

from math import log, sqrt

import numpy as np
import pytest
from scipy import stats

from tests.reference_data import reference_case
from tools.methods import confidence_sequence as sequence
from tools.methods.arm_estimate import Effect, adjusted, mean, ratio, share
from tools.methods.bayesian_comparison import beta_binomial, normal
from tools.methods.counted_values import CountedValues, pooled_cap, quantile_error, quantile_ranks
from tools.methods.exact_sequence import ShareSequence, rate_ratio
from tools.methods.fixed_horizon import fisher_p_value, newcombe, t_p_value, t_quantile, wilson, z_of_shares, z_p_value
from tools.methods.group_sequential import boundaries
from tools.methods.moments import ImpossibleSums, Moments, strata_combined
from tools.methods.multiplicity import benjamini_hochberg, e_benjamini_hochberg, e_holm, holm
from tools.methods.sample_ratio import chi_squared_p_value, sequential_p_value
from tools.methods.stopping import course, drift_for_power


def one(n: int, total: float, squares: float) -> Moments:
    return Moments.from_sums(n, [total], {(0, 0): squares})


@pytest.mark.parametrize("name", ["srm_kohavi", "srm_cookie_cats"])
def test_sample_ratio_matches_its_references(name):
    case = reference_case(name)
    assert chi_squared_p_value(case["input"]["counts"], case["input"]["weights"]) == pytest.approx(case["expected"]["p"], rel=1e-9)


def test_welch_on_the_lift_matches_growthbook():
    case = reference_case("gb_ttest_rel")
    arms = [mean(one(arm["n"], arm["sum"], arm["ss"])) for arm in (case["input"]["a"], case["input"]["b"])]
    effect = Effect(*arms)
    reach = t_quantile(0.95, effect.degrees) * effect.lift_error
    assert effect.lift == pytest.approx(case["expected"]["rel"], abs=5e-6)
    assert [effect.lift - reach, effect.lift + reach] == pytest.approx(case["expected"]["ci"], abs=5e-6)
    assert t_p_value(effect.lift / effect.lift_error, effect.degrees) == pytest.approx(case["expected"]["p"], abs=5e-6)


def test_the_confidence_sequence_matches_growthbook():
    case = reference_case("gb_seq_prop")
    effect = Effect(*(share(n, x) for x, n in (case["input"]["a"], case["input"]["b"])))
    reach = sequence.boundary(effect.n, case["input"]["tuning"], 0.05) * effect.lift_error
    assert [effect.lift - reach, effect.lift, effect.lift + reach] == pytest.approx(
        [case["expected"]["ci"][0], case["expected"]["rel"], case["expected"]["ci"][1]], abs=6e-6
    )


def test_normal_chances_match_growthbook():
    case = reference_case("gb_bayes_prop")
    effect = Effect(*(share(n, x) for x, n in (case["input"]["a"], case["input"]["b"])))
    found = normal(effect.lift, effect.lift_error, 0.95)
    assert found.chance == pytest.approx(case["expected"]["ctw"], abs=5e-6)
    assert [found.low, found.high] == pytest.approx(case["expected"]["ci"], abs=5e-6)
    assert [found.loss_control, found.loss_treatment] == pytest.approx(case["expected"]["risk"], abs=5e-6)


def test_beta_binomial_chance_matches_its_quadrature():
    case = reference_case("beta_binomial_exact")
    a, b = (tuple(case["input"][arm]) for arm in "ab")
    chance, lost, gained = beta_binomial(a, b, tuple(case["input"]["prior"]))
    assert chance == pytest.approx(case["expected"]["p_b_gt_a"], abs=1e-10)
    assert gained - lost == pytest.approx((b[0] + 1) / (b[1] + 2) - (a[0] + 1) / (a[1] + 2), abs=1e-10)
    assert beta_binomial((0, 50), (50, 50))[0] == pytest.approx(1, abs=1e-9)


def test_z_and_wilson_match_statsmodels():
    case = reference_case("ztest_5_83")
    z = z_of_shares(*(tuple(case["input"][arm]) for arm in "ab"))
    assert (-z, z_p_value(z)) == pytest.approx((case["expected"]["z"], case["expected"]["p"]), rel=1e-10)
    case = reference_case("wilson_12_99")
    assert wilson(*case["input"], stats.norm.ppf(0.975)) == pytest.approx(case["expected"]["ci"], rel=1e-10)


def test_small_tables_match_scipy_and_newcombes_own_example():
    for a, b in (((3, 15), (9, 14)), ((0, 10), (5, 12)), ((1, 100), (6, 90))):
        table = [[a[0], a[1] - a[0]], [b[0], b[1] - b[0]]]
        assert fisher_p_value(a, b) == pytest.approx(stats.fisher_exact(table).pvalue, rel=1e-9)
    # Newcombe (1998), table II: 56/70 against 48/80 gives .0524 to .3339 by method 10.
    assert newcombe((48, 80), (56, 70), stats.norm.ppf(0.975)) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_adjusted_p_values_match_statsmodels():
    case = reference_case("multitest")
    assert holm(case["input"]) == pytest.approx(case["expected"]["holm"], abs=1e-12)
    assert benjamini_hochberg(case["input"]) == pytest.approx(case["expected"]["bh"], abs=1e-12)
    assert holm([0.04, 0.01]) == pytest.approx([0.04, 0.02]), "order is kept"


def test_e_values_reject_by_their_inverse():
    assert e_benjamini_hochberg([log(200), log(2)]) == pytest.approx([0.01, 0.5])
    assert e_holm([log(50), log(21), log(3)], log(20)) == [False, False, False]
    assert e_holm([log(70), log(41), log(3)], log(20)) == [True, True, False]


def test_spending_boundaries_match_the_published_ones():
    looks = [0.2, 0.4, 0.6, 0.8, 1.0]
    # Lan-DeMets, two-sided .05, five equal looks (Jennison and Turnbull 2000, and every group-sequential package since).
    assert boundaries(looks, 0.05, "obrien_fleming") == pytest.approx([4.8769, 3.3569, 2.6803, 2.2898, 2.0310], abs=1e-3)
    assert boundaries(looks, 0.05, "pocock") == pytest.approx([2.4380, 2.4268, 2.4101, 2.3966, 2.3859], abs=2e-4)
    assert course(looks, boundaries(looks, 0.05, "pocock")).error == pytest.approx(0.05, abs=1e-6)
    with pytest.raises(ValueError):
        boundaries([0.5, 0.4], 0.05, "pocock")


def test_a_course_without_early_looks_is_the_fixed_test():
    drift = drift_for_power([1.0], [1.959964], 0.8)
    assert drift == pytest.approx(1.959964 + 0.841621, abs=1e-4)
    # Estimate of a test that is read once, given that it found something: mean of a truncated normal.
    expected = (drift * 0.8 + stats.norm.pdf(0.841621)) / 0.8 / drift
    assert course([1.0], [1.959964], drift).exaggeration == pytest.approx(expected, abs=1e-4)


def test_a_course_matches_simulated_walks():
    looks = np.arange(1, 31) / 30
    critical = np.array([sequence.boundary(t, 1, 0.05) for t in looks])
    drift = drift_for_power(tuple(looks), tuple(critical), 0.8)
    random = np.random.default_rng(4)
    walks = np.cumsum(random.normal(drift / 30, sqrt(1 / 30), (40_000, 30)), axis=1)
    crossed = walks / np.sqrt(looks) >= critical
    stopped = crossed.any(axis=1)
    assert stopped.mean() == pytest.approx(0.8, abs=0.008)
    at = crossed.argmax(axis=1)[stopped]
    worth = (walks[stopped, at] / looks[at]).mean() / drift
    assert course(tuple(looks), tuple(critical), drift).exaggeration == pytest.approx(worth, abs=0.01)


def rows(random: np.random.Generator, n: int, lift: float = 0.0) -> np.ndarray:
    """Simulated units: outcome, denominator, earlier outcome, earlier denominator."""
    taste = random.gamma(2, 1, n)
    views, earlier = random.poisson(3, n) + 1, random.poisson(3, n) + 1
    outcome = views * taste * (1 + lift) + random.normal(0, 1, n)
    return np.column_stack([outcome, views, earlier * taste + random.normal(0, 1, n), earlier]).astype(float)


def summed(values: np.ndarray) -> Moments:
    size = values.shape[1]
    products = {(i, j): float(values[:, i] @ values[:, j]) for i in range(size) for j in range(i, size)}
    return Moments.from_sums(len(values), list(map(float, values.sum(axis=0))), products)


def test_moments_are_those_of_the_rows():
    values = rows(np.random.default_rng(1), 500)
    moments = summed(values)
    assert moments.means == pytest.approx(values.mean(axis=0))
    assert np.array(moments.covariances) == pytest.approx(np.cov(values.T))


@pytest.mark.parametrize(("outcome", "covariate"), [((0,), (2,)), ((0, 1), (2, 3)), ((0, 1), (2,))])
def test_the_covariate_takes_variance_off_and_the_error_is_right(outcome, covariate):
    random = np.random.default_rng(8)
    found, errors, plain = [], [], []
    for _ in range(400):
        arms = [summed(rows(random, 800)) for _ in range(2)]
        result = adjusted(arms, outcome, covariate)
        effect = Effect(*result.arms)
        found.append((effect.difference, effect.lift))
        errors.append((effect.error, effect.lift_error))
        raw = Effect(*((ratio if len(outcome) == 2 else mean)(arm) for arm in arms))
        plain.append(raw.error)
    spread, stated = np.std(found, axis=0), np.mean(errors, axis=0)
    assert spread == pytest.approx(stated, rel=0.1)
    assert stated[0] < 0.95 * np.mean(plain)


def test_fiellers_interval_agrees_with_the_margin_test_at_its_ends():
    effect = Effect(share(400, 40), share(500, 70))
    low, high = effect.fieller(1.96)
    for end in (low, high):
        value, error = effect.beyond(end)
        assert abs(value) / error == pytest.approx(1.96, rel=1e-9)
    assert Effect(share(400, 1), share(500, 70)).fieller(1.96) is None


def test_strata_combine_by_their_shares():
    assert strata_combined([(0.25, 4.0, 0.16), (0.75, 8.0, 0.04)]) == pytest.approx((7.0, 0.0325))


@pytest.mark.parametrize(
    ("n", "total", "squares"), [(10, 100, 10), (10, 5, -1), (10, float("nan"), 4), (10, 1, float("inf")), (1, 1, 1), (0, 0, 0)]
)
def test_sums_that_no_rows_have_are_refused(n, total, squares):
    with pytest.raises(ImpossibleSums):
        one(n, total, squares)


def test_products_beyond_what_two_variables_can_share_are_refused():
    with pytest.raises(ImpossibleSums):
        Moments.from_sums(100, [50, 50], {(0, 0): 50, (1, 1): 50, (0, 1): 90})


def test_whole_sums_do_not_lose_digits():
    values = [10**9 + i % 2 for i in range(1000)]
    moments = one(1000, sum(values), sum(v * v for v in values))
    assert moments.covariances[0][0] == pytest.approx(0.25 * 1000 / 999, rel=1e-12)


def test_capping_and_quantiles_from_counts():
    random = np.random.default_rng(2)
    draws = np.round(random.gamma(1, 50, 4000))
    counted = CountedValues.of(*np.unique(draws, return_counts=True))
    cap = pooled_cap([counted, counted], 0.99)
    assert cap == np.sort(draws)[3959]
    n, total, squares = counted.capped(cap)
    held = np.minimum(draws, cap)
    assert (n, total, squares) == (4000, held.sum(), (held**2).sum())
    low, high = (counted.ranked(rank) for rank in quantile_ranks(4000, 0.5, 1.96))
    assert low < counted.quantile(0.5) < high
    assert quantile_error(low, high, 1.96) == pytest.approx(sqrt(0.25 / 4000) / (0.5 / 50), rel=0.2)


def test_an_exact_sequence_holds_its_level_at_every_look():
    random = np.random.default_rng(3)
    runs, looks, size = 400, 60, 20
    a, b = (random.binomial(size, 0.05, (runs, looks)).cumsum(axis=1) for _ in range(2))
    mixture = ShareSequence.tuned(0.5, 100, 0.05)
    wrong = sum(any(mixture.log_e_value(int(y), int(x), 0.5) >= log(20) for x, y in zip(a[i], b[i], strict=True)) for i in range(runs))
    assert wrong / runs <= 0.05
    found = rate_ratio(100, 200, 0.5, 0.05, 300)
    assert found.low < 2 < found.high
    assert found.low > 1
    assert rate_ratio(0, 0, 0.5, 0.05, 100).p_value == 1
    assert rate_ratio(0, 12, 0.5, 0.05, 100).high == float("inf")


def test_the_exact_interval_is_where_the_evidence_ends():
    mixture = ShareSequence.tuned(0.5, 100, 0.05)
    for end in mixture.interval(30, 50, 0.05):
        assert mixture.log_e_value(30, 50, end) == pytest.approx(log(20), abs=1e-6)


def test_the_sequential_ratio_test_finds_what_is_there_and_only_that():
    random = np.random.default_rng(6)
    daily = random.binomial(500, 0.5, (1000, 60)).cumsum(axis=1)
    totals = 500 * np.arange(1, 61)
    wrong = sum(
        any(sequential_p_value([int(x), int(t - x)], [1, 1]) < 0.01 for x, t in zip(run, totals, strict=True)) for run in daily[:300]
    )
    assert wrong / 300 <= 0.02
    assert sequential_p_value([821588, 815482], [1, 1]) < 0.001
    assert sequential_p_value([5000, 5010], [1, 1]) == 1.0
