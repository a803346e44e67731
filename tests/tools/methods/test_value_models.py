"""The models of repeat buying and of staying agree with what was published, with their own gradients, and with simulated customers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.reference_data import reference_case, reference_rows
from tools.methods import bg_bb, bg_nbd, gamma_gamma, pareto_nbd
from tools.methods import shifted_beta_geometric as sbg
from tools.methods.histories import Histories

DONORS = (
    "6 6 1203; 5 6 728; 4 6 512; 3 6 357; 2 6 234; 1 6 129; 5 5 335; 4 5 284; 3 5 225; 2 5 173; 1 5 119; 4 4 240; 3 4 181; 2 4 155; 1 4 78;"
    "3 3 322; 2 3 255; 1 3 129; 2 2 613; 1 2 277; 1 1 1091; 0 0 3464"
)
"""Donations, last one and donors, of six occasions: Fader, Hardie and Shang 2010, table 1."""


def cdnow() -> dict[str, np.ndarray]:
    """Public data: customers of an online shop."""
    rows = reference_rows("cdnow_customers_summary_with_transactions.csv")
    return {name: np.array([float(row[name]) for row in rows]) for name in ("x", "t_x", "T", "zbar")}


def one(x: int, last: float, age: float) -> Histories:
    return Histories.of(np.array([x]), np.array([last]), np.array([age]))


def cohort(*alive: int) -> sbg.Tenures:
    counts = np.array(alive, float)
    return sbg.Tenures(counts[:-1] - counts[1:], np.concatenate([np.zeros(len(alive) - 1), counts[-1:]]))


def test_bg_nbd_on_cdnow_is_what_was_published():
    data, expected = cdnow(), reference_case("bgnbd_cdnow")["expected"]
    fit = bg_nbd.fit(Histories.of(data["x"], data["t_x"], data["T"]))
    assert fit.values == pytest.approx([0.2426, 4.4135, 0.7929, 2.4258], abs=6e-5)
    assert [fit["r"], fit["alpha"], fit["a"], fit["b"]] == pytest.approx([expected[k] for k in ("r", "alpha", "a", "b")], abs=6e-4)
    assert fit.log_likelihood == pytest.approx(expected["LL"], abs=0.005)
    history = one(2, 30.43, 38.86)
    ahead = bg_nbd.alive(fit.values, history) * bg_nbd.expected_if_alive(fit.values, np.array([2.0]), np.array([38.86]), 39.0)
    assert ahead[0] == pytest.approx(expected["E39(2,30.43,38.86)"], abs=5e-4)
    rounded = np.array([0.243, 4.414, 0.793, 2.426])
    assert bg_nbd.counts_of_new(rounded, np.array([39.0]), 0)[0, 0] == pytest.approx(expected["P0_39"], abs=5e-8)
    assert not fit.weak


def test_pareto_nbd_on_cdnow_is_what_was_published():
    data = cdnow()
    fit = pareto_nbd.fit(Histories.of(data["x"], data["t_x"], data["T"]))
    assert fit.values == pytest.approx([0.5533, 10.578, 0.6061, 11.669], rel=5e-4)
    assert fit.log_likelihood == pytest.approx(-9594.98, abs=0.01)


def test_gamma_gamma_on_cdnow_is_what_was_published():
    data, expected = cdnow(), reference_case("gg_cdnow")["expected"]
    again = data["x"] > 0
    fit = gamma_gamma.fit(data["x"][again].astype(int), data["zbar"][again])
    assert again.sum() == 946
    assert fit.values == pytest.approx([expected["p"], expected["q"], expected["v"]], abs=0.006)


def test_bg_bb_on_donations_is_what_was_published():
    rows = np.array([[int(part) for part in row.split()] for row in DONORS.split(";")])
    fit = bg_bb.fit(Histories.of(rows[:, 0], rows[:, 1], np.full(len(rows), 6), rows[:, 2]))
    assert rows[:, 2].sum() == 11_104
    assert fit.values == pytest.approx([1.204, 0.750, 0.657, 2.783], abs=6e-4)
    assert fit.log_likelihood == pytest.approx(-33_225.6, abs=0.05)
    best = one(6, 6, 6)
    expected = bg_bb.alive(fit.values, best) * bg_bb.expected_if_alive(fit.values, np.array([6.0]), np.array([6.0]), 5)
    assert expected[0] == pytest.approx(3.75, abs=0.005)


@pytest.mark.parametrize(
    ("alive", "alpha", "beta", "height"),
    [
        ((1000, 869, 743, 653, 593, 551, 517, 491), 0.668, 3.806, -1611.2),
        ((1000, 631, 468, 382, 326, 289, 262, 241), 0.704, 1.182, -1680.3),
    ],
    ids=["high end", "regular"],
)
def test_shifted_beta_geometric_is_what_was_published(alive, alpha, beta, height):
    """Fader and Hardie 2007, tables 1 and 2."""
    fit = sbg.fit(cohort(*alive))
    assert fit.values == pytest.approx([alpha, beta], abs=6e-4)
    assert fit.log_likelihood == pytest.approx(height, abs=0.06)


@pytest.mark.parametrize("case", ["case1", "case2"])
def test_residual_lifetime_is_what_was_published(case):
    given = reference_case("sbg_derl")
    values, rate = np.array(given["input"][case]), given["input"]["d"]
    found = [sbg.residual_lifetime(values, rate, renewal) for renewal in given["input"]["renewals"]]
    assert found == pytest.approx(given["expected"][case], abs=0.011)
    summed = [float(sbg.expected_periods(values, 5000, renewal - 1, rate)) for renewal in given["input"]["renewals"]]
    assert found == pytest.approx(summed, rel=1e-6)


HISTORIES = Histories.of(
    np.array([0, 0, 1, 2, 5, 40, 3]), np.array([0, 0, 3.0, 30.4, 12.0, 35.0, 9.0]), np.array([38.9, 5.0, 20.0, 38.9, 30.0, 36.0, 9.0])
)
OCCASIONS = Histories.of(np.array([0, 1, 2, 4]), np.array([0, 3, 5, 6]), np.array([6, 6, 5, 6]))
SURFACES = {
    "bg_nbd": (bg_nbd.Surface(HISTORIES), (0.3, 5.0, 0.6, 2.0)),
    "pareto_nbd": (pareto_nbd.Surface(HISTORIES), (0.6, 9.0, 0.7, 13.0)),
    "pareto_nbd, slow to leave": (pareto_nbd.Surface(HISTORIES), (0.6, 19.0, 0.7, 3.0)),
    "bg_bb": (bg_bb.Surface(OCCASIONS), (1.0, 0.6, 0.7, 2.0)),
    "gamma_gamma": (gamma_gamma.Surface(np.array([1, 3, 7]), np.array([20.0, 31.0, 5.0]), np.ones(3)), (5.0, 4.0, 14.0)),
    "shifted_beta_geometric": (sbg.Surface(cohort(1000, 631, 468, 382)), (0.6, 1.5)),
}


@pytest.mark.parametrize("name", SURFACES)
def test_the_gradient_is_that_of_the_likelihood(name):
    surface, given = SURFACES[name]
    values = np.array(given)
    gradient = surface(values)[1]
    for place in range(len(values)):
        step = np.zeros(len(values))
        step[place] = 1e-5
        slope = (surface(values + step)[0] - surface(values - step)[0]) / 2e-5
        assert gradient[place] == pytest.approx(slope, rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("values", [(0.55, 10.6, 0.6, 11.7), (0.55, 20, 0.6, 3), (1, 5, 3, 0.05), (2, 3, 0.01, 0.05), (5, 300, 0.5, 0.5)])
@pytest.mark.parametrize("history", [(0, 0.0, 38.0), (2, 30.43, 38.86), (200, 30.0, 38.0), (200, 10.0, 380.0), (3, 38.0, 38.0)])
def test_the_integral_of_pareto_nbd_is_that_of_adaptive_quadrature(values, history):
    from scipy.integrate import quad
    from scipy.special import gammaln

    (r, alpha, s, beta), (x, last, age) = values, history

    def log_at(moment: float) -> float:
        return -(r + x) * math.log(alpha + moment) - (s + 1) * math.log(beta + moment)

    top = log_at(last)
    inside = quad(
        lambda u: math.exp(log_at(math.exp(u) - beta) - top + u), math.log(beta + last), math.log(beta + age), epsrel=1e-11, limit=500
    )
    stay = -(r + x) * math.log(alpha + age) - s * math.log(beta + age)
    expected = gammaln(r + x) - gammaln(r) + r * math.log(alpha) + s * math.log(beta) + top + math.log(s * inside[0] + math.exp(stay - top))
    assert pareto_nbd.Surface(one(*history))(np.array(values))[0] == pytest.approx(expected, abs=1e-9)


def test_draws_average_to_the_expectation():
    random = np.random.default_rng(5)
    for module, values, history, ahead in (
        (bg_nbd, (0.24, 4.4, 0.79, 2.43), one(2, 30.4, 38.9), 39.0),
        (pareto_nbd, (0.55, 10.6, 0.6, 11.7), one(2, 30.4, 38.9), 39.0),
        (bg_bb, (1.2, 0.75, 0.66, 2.78), one(3, 5, 6), 5),
    ):
        many = Histories(*(np.repeat(column, 40_000) for column in (history.x, history.last, history.age, history.weight)))
        alive = module.alive(np.array(values), many)
        drawn = module.draw_purchases(np.array(values), many, alive, ahead, random)
        x = many.x[:1].astype(float)
        expected = alive[0] * module.expected_if_alive(np.array(values), x, many.age[:1], ahead)[0]
        assert drawn.mean() == pytest.approx(expected, abs=5 * drawn.std() / 200)


@pytest.mark.parametrize(
    ("module", "values", "times"),
    [
        (bg_nbd, (0.24, 4.4, 0.79, 2.43), (1.0, 39.0)),
        (pareto_nbd, (0.55, 10.6, 0.6, 11.7), (1.0, 39.0)),
        (bg_bb, (1.2, 0.75, 0.66, 2.78), (1, 6)),
    ],
)
def test_chances_of_counts_sum_to_one_and_have_the_expected_mean(module, values, times):
    chances = module.counts_of_new(np.array(values), np.array(times), 2000)
    assert chances.sum(axis=1) == pytest.approx([1, 1], abs=1e-9)
    means = chances @ np.arange(2001)
    assert means == pytest.approx([module.expected_of_new(np.array(values), time) for time in times], rel=1e-6)


@pytest.mark.parametrize(("a", "near"), [(0.05, 2e-4), (0.79, 2e-6), (0.9999999, 2e-6), (1.0, 2e-6), (3.0, 2e-6), (40.0, 2e-6)])
def test_both_ways_to_the_expectation_of_bg_nbd_agree(a, near):
    x, age = np.array([0.0, 1.0, 5.0, 80.0]), np.array([0.0, 5.0, 38.9, 38.9])
    values = np.array([0.4, 4.4, a, 2.4])
    assert bg_nbd.expected_if_alive(values, x, age, 39.0) == pytest.approx(bg_nbd._by_quadrature(values, x, age, 39.0), rel=near)


def test_parameters_that_ran_off_still_give_an_expectation():
    x, age = np.array([0.0, 3.0]), np.array([10.0, 20.0])
    nobody_stops = bg_nbd.expected_if_alive(np.array([0.8, 6.0, 2e-5, 6e4]), x, age, 10.0)
    assert nobody_stops == pytest.approx((0.8 + x) / (6 + age) * 10, rel=1e-3)
    all_alike = bg_nbd.expected_if_alive(np.array([6e4, 6e5, 0.8, 2.5]), np.zeros(1), np.zeros(1), 10.0)
    assert 0.5 < all_alike[0] < 1.0


def test_equal_rows_are_counted_once_and_fit_the_same():
    random = np.random.default_rng(2)
    history = bg_nbd.simulate(np.array([0.3, 5.0, 0.8, 2.5]), random.uniform(10, 60, 1500), random)
    days = Histories.of(history.x, np.ceil(history.last), np.ceil(history.age))
    doubled = Histories.of(np.tile(days.x, 2), np.tile(days.last, 2), np.tile(days.age, 2), np.tile(days.weight, 2))
    assert len(doubled) == len(days) < 1500
    assert doubled.customers == 3000
    assert bg_nbd.fit(doubled).values == pytest.approx(bg_nbd.fit(days).values, rel=1e-6)


def covered(runs: int, seed: int) -> dict[str, float]:
    """Share of simulated records whose interval holds the truth: parameters of BG/NBD and sBG, and the purchases to come."""
    random, truth, leaving = np.random.default_rng(seed), np.array([0.35, 5.0, 0.8, 2.5]), np.array([0.7, 1.6])
    hits: dict[str, list[bool]] = {name: [] for name in ("r", "alpha", "a", "b", "total", "sbg_alpha", "sbg_beta", "staying")}
    for _ in range(runs):
        age = random.uniform(20, 60, 3000)
        record = bg_nbd.simulate(truth, age, random)
        fit = bg_nbd.fit(record)
        for name, value in zip(bg_nbd.NAMES, truth, strict=True):
            low, high = fit.interval(name, 0.95)
            hits[name].append(low < value < high)

        def total(values: np.ndarray, record: Histories = record) -> np.ndarray:
            each = bg_nbd.expected_if_alive(values, record.x.astype(float), record.age, 52.0)
            return np.atleast_1d((bg_nbd.alive(values, record) * each) @ record.weight)

        centre, error = fit.error_of(total)
        hits["total"].append(abs(math.log(total(truth)[0] / centre[0])) < 1.96 * error[0])
        stay = sbg.fit(sbg.simulate(leaving, random.integers(2, 12, 2000), random))
        for name, value in zip(("alpha", "beta"), leaving, strict=True):
            low, high = stay.interval(name, 0.95)
            hits[f"sbg_{name}"].append(low < value < high)
        centre, error = stay.error_of(lambda values: sbg.survival(values, 24)[-1:])
        hits["staying"].append(abs(math.log(sbg.survival(leaving, 24)[-1] / centre[0])) < 1.96 * error[0])
    return {name: float(np.mean(found)) for name, found in hits.items()}


def test_parameters_are_recovered_and_intervals_cover_roughly():
    shares = covered(40, 11)
    assert min(shares.values()) >= 0.82, shares


@pytest.mark.slow
def test_intervals_cover_at_their_level():
    """1 000 simulated records: 95% intervals hold the truth in 95 ± 2.5% of them."""
    shares = covered(1000, 12)
    print(shares)
    assert all(0.925 <= share <= 0.975 for share in shares.values()), shares
