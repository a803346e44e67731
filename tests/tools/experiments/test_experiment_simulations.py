"""What the read-outs promise of many experiments at once, by simulation with fixed seeds: the short version by default, the long one slow.

Experiments are drawn as daily sums, so a run of sixty days costs sixty numbers. The intervals are the tool's own functions.
"""

from __future__ import annotations

from functools import cache
from math import ceil

import numpy as np
import pytest
from scipy import special

from tools.experiments.analyze_experiment import read_out
from tools.methods.confidence_sequence import boundary
from tools.methods.exact_sequence import ShareSequence
from tools.methods.group_sequential import boundaries
from tools.methods.read_outs import inflation
from tools.methods.sample_size import for_means, for_proportions
from tools.registry import load

DAYS, PER_DAY = 60, 200  # units per arm and day
RUNS = [pytest.param(1000, id="short"), pytest.param(5000, id="long", marks=pytest.mark.slow)]
ALPHA = 0.05


def conversions(runs: int, rate: float, seed: int, per_day: int = PER_DAY, days: int = DAYS) -> np.ndarray:
    """Conversions so far, by run and day."""
    return np.random.default_rng(seed).binomial(per_day, rate, (runs, days)).cumsum(axis=1)


@cache
def units(per_day: int = PER_DAY, days: int = DAYS) -> np.ndarray:
    return per_day * np.arange(1, days + 1)


def errors_of(a: np.ndarray, b: np.ndarray, n: np.ndarray, effect: float = 0.0) -> np.ndarray:
    """Difference less the true effect, in standard errors, by run and day."""
    p, q = a / n, b / n
    spread = np.sqrt((p * (1 - p) + q * (1 - q)) / n)
    return np.divide(q - p - effect, spread, out=np.zeros_like(p), where=spread > 0)


def reach(n: np.ndarray, planned: float) -> np.ndarray:
    return np.array([boundary(2 * int(size), planned, ALPHA) for size in n])


def counted(a: np.ndarray, b: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Looks that pass the tool's minimum: ten conversions and ten without in each arm, a hundred units."""
    return (n >= 100) & (np.minimum(np.minimum(a, b), n - np.maximum(a, b)) >= 10)


@pytest.mark.parametrize("runs", RUNS)
@pytest.mark.parametrize("rate", [0.02, 0.1, 0.4])
def test_sixty_daily_looks_at_nothing_alarm_in_five_of_a_hundred_at_most(runs, rate):
    a, b, n = conversions(runs, rate, 1), conversions(runs, rate, 2), units()
    z = np.where(counted(a, b, n), np.abs(errors_of(a, b, n)), 0)
    anytime = (z > reach(n, 2 * n[-1])).any(axis=1).mean()
    naive = (z > 1.959964).any(axis=1).mean()
    assert anytime <= 0.05
    assert naive > 0.2
    early = (z > reach(n, 2 * n[-1] / 20)).any(axis=1).mean()
    assert early <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / runs), "and whatever size it is tuned for"


@pytest.mark.parametrize("runs", RUNS)
def test_the_sequence_covers_the_effect_at_all_looks_at_once(runs):
    a, b, n = conversions(runs, 0.1, 3), conversions(runs, 0.115, 4), units()
    z = np.where(counted(a, b, n), np.abs(errors_of(a, b, n, effect=0.015)), 0)
    assert (z <= reach(n, 2 * n[-1])).all(axis=1).mean() >= 0.95


@pytest.mark.parametrize("runs", RUNS)
def test_the_sequence_of_skewed_money_covers_at_all_looks(runs):
    random = np.random.default_rng(5)
    per_day = 100
    means, squares = [], []
    for _ in range(2):
        buys = random.random((runs, 30, per_day)) < 0.1
        spend = np.where(buys, random.lognormal(3, 0.8, buys.shape).astype(np.float32), 0)
        means.append(spend.sum(axis=2).cumsum(axis=1))
        squares.append((spend**2).sum(axis=2).cumsum(axis=1))
    n = units(per_day, 30)
    spread = sum((q - s * s / n) / (n - 1) / n for s, q in zip(means, squares, strict=True))
    z = np.abs(means[1] - means[0]) / n / np.sqrt(spread)
    assert (z <= reach(n, 2 * n[-1])).all(axis=1).mean() >= 0.95


@pytest.mark.parametrize("runs", [pytest.param(20_000, id="short"), pytest.param(200_000, id="long", marks=pytest.mark.slow)])
@pytest.mark.parametrize(("p", "q"), [(0.1, 0.1), (0.1, 0.12), (0.3, 0.25)])
def test_fixed_horizon_intervals_cover_95_in_100(runs, p, q):
    random, n = np.random.default_rng(6), np.array(3000)
    z = errors_of(random.binomial(n, p, runs), random.binomial(n, q, runs), n, effect=q - p)
    assert (np.abs(z) <= 1.959964).mean() == pytest.approx(0.95, abs=0.01)


@pytest.mark.parametrize("runs", [pytest.param(4000, id="short"), pytest.param(40_000, id="long", marks=pytest.mark.slow)])
@pytest.mark.parametrize("read_out", ["fixed", "anytime", "group_sequential"])
@pytest.mark.parametrize("power", [0.8, 0.9])
def test_a_planned_test_has_its_power_for_the_way_it_is_read(runs, read_out, power):
    p, q = 0.1, 0.12
    looks = {"fixed": 1, "anytime": 28, "group_sequential": 4}[read_out]
    needed = ceil(for_proportions(p, q, ALPHA, power) * inflation(read_out, ALPHA, power, looks))
    per_look = ceil(needed / looks)
    a, b = conversions(runs, p, 7, per_look, looks), conversions(runs, q, 8, per_look, looks)
    n = units(per_look, looks)
    if read_out == "anytime":
        critical = reach(n, 2 * n[-1])
    else:
        critical = np.array(boundaries([(i + 1) / looks for i in range(looks)], ALPHA, "obrien_fleming"))
    found = (np.where(counted(a, b, n), errors_of(a, b, n), 0) > critical).any(axis=1).mean()
    assert found == pytest.approx(power, abs=0.02)


@pytest.mark.parametrize("runs", [pytest.param(40, id="short"), pytest.param(1000, id="long", marks=pytest.mark.slow)])
def test_the_tool_itself_watched_for_sixty_days_ships_or_rolls_back_nothing_in_five_of_a_hundred_at_most(runs):
    """The whole read-out each day: gates, minimum sample, decision."""
    tool = load("analyze_experiment")
    a, b, n = conversions(runs, 0.1, 20), conversions(runs, 0.1, 21), units()
    decided = invalid = 0
    for run in range(runs):
        for day in range(DAYS):
            totals = [
                {"arm": arm, "units": int(n[day]), "conversions": int(done[run, day])} for arm, done in (("control", a), ("treatment", b))
            ]
            body = {"metrics": [{"name": "rate", "totals": totals}], "planned_units": int(2 * n[-1])}
            action = read_out(tool.request.model_validate(body)).decision.action
            invalid += action == "invalid"
            if action in ("ship", "roll_back"):
                decided += 1
                break
    assert decided <= 0.05 * runs + 2 * np.sqrt(0.05 * 0.95 * runs)
    assert invalid == 0


@pytest.mark.parametrize("runs", [pytest.param(4000, id="short"), pytest.param(40_000, id="long", marks=pytest.mark.slow)])
def test_a_guardrail_on_its_margin_is_said_to_hold_in_one_look_of_forty_at_most(runs):
    """Watched daily, with a true worsening of just the margin: non-inferiority is claimed wrongly in one run of forty at most."""
    margin, rate = 0.1, 0.2
    a, b, n = conversions(runs, rate, 22), conversions(runs, rate * (1 - margin), 23), units()
    p, q = a / n, b / n
    value = q - p + margin * p
    error = np.sqrt((q * (1 - q) + (1 - margin) ** 2 * p * (1 - p)) / n)
    assert (np.where(counted(a, b, n), value / error, 0) > reach(n, 2 * n[-1])).any(axis=1).mean() <= 0.025


@pytest.mark.parametrize("runs", [pytest.param(2000, id="short"), pytest.param(20_000, id="long", marks=pytest.mark.slow)])
def test_parts_of_the_audience_are_flagged_for_nothing_in_five_of_a_hundred_runs_at_most_however_often_they_are_watched(runs):
    """Ten parts against the rest, Holm over them, on each of thirty days: the smallest p-value times ten bounds Holm's first step."""
    random, parts, days, per_day = np.random.default_rng(24), 10, 30, 60
    done = [random.binomial(per_day, 0.2, (runs, days, parts)).cumsum(axis=1) for _ in range(2)]
    n = (per_day * np.arange(1, days + 1))[None, :, None]
    rest = (parts - 1) * n
    rates = [(one / n, (one.sum(axis=2, keepdims=True) - one) / rest) for one in done]
    contrast = (rates[1][0] - rates[0][0]) - (rates[1][1] - rates[0][1])
    error = np.sqrt(sum(p * (1 - p) / n + r * (1 - r) / rest for p, r in rates))
    alpha, whole = ALPHA / parts, 2 * parts * n[0, :, 0]
    bound = np.array([boundary(int(size), float(whole[-1]), alpha) for size in whole])
    ready = (n[0, :, 0] >= 100)[None, :, None]
    assert (np.where(ready, np.abs(contrast) / error, 0) > bound[None, :, None]).any(axis=(1, 2)).mean() <= ALPHA


def test_a_planned_test_of_means_has_its_power_when_read_every_day():
    random, looks, runs = np.random.default_rng(9), 28, 4000
    per_look = ceil(for_means(30.0, 4.0, ALPHA, 0.8) * inflation("anytime", ALPHA, 0.8, looks) / looks)
    n = units(per_look, looks)
    sums = [random.normal(m * per_look, 30 * per_look**0.5, (runs, looks)).cumsum(axis=1) / n for m in (100.0, 104.0)]
    z = (sums[1] - sums[0]) / (30 * np.sqrt(2 / n))
    assert (z > reach(n, 2 * n[-1])).any(axis=1).mean() == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize("runs", RUNS)
@pytest.mark.parametrize("spending", ["obrien_fleming", "pocock"])
def test_planned_looks_alarm_at_their_level(runs, spending):
    runs, looks = runs * 4, [0.25, 0.5, 0.75, 1.0]
    a, b, n = conversions(runs, 0.1, 10, 1500, 4), conversions(runs, 0.1, 11, 1500, 4), units(1500, 4)
    alarms = (np.abs(errors_of(a, b, n)) > np.array(boundaries(looks, ALPHA, spending))).any(axis=1).mean()
    assert alarms == pytest.approx(ALPHA, abs=4 * np.sqrt(0.05 * 0.95 / runs))


@pytest.mark.parametrize("runs", RUNS)
def test_the_sample_ratio_gate_stops_a_sound_split_once_in_a_thousand_over_sixty_looks(runs):
    """The sequential multinomial test, vectorised as in tools.methods.sample_ratio; chi squared at each look stops far more."""
    daily = np.random.default_rng(12).binomial(2 * PER_DAY, 0.5, (runs, DAYS)).cumsum(axis=1)
    total = 2 * units()
    prior, rest = 5000.0, total - daily
    log_e = (
        special.gammaln(2 * prior) - special.gammaln(2 * prior + total)
        + special.gammaln(prior + daily) + special.gammaln(prior + rest) - 2 * special.gammaln(prior) + total * np.log(2)
    )  # fmt: skip
    for level in (0.01, 0.001):
        assert (log_e > np.log(1 / level)).any(axis=1).mean() <= level
    z = np.abs(daily - total / 2) / np.sqrt(total / 4)
    assert (special.erfc(z / np.sqrt(2)) < 0.01).any(axis=1).mean() > 0.05


@pytest.mark.parametrize("runs", RUNS)
def test_the_exact_sequence_holds_for_rare_conversions_from_the_first_one_on(runs):
    mixture = ShareSequence.tuned(0.5, 200, ALPHA)
    a, b = conversions(runs, 0.002, 13), conversions(runs, 0.002, 14)
    log_e = special.betaln(mixture.a + b, mixture.b + a) - special.betaln(mixture.a, mixture.b) + (a + b) * np.log(2)
    assert (log_e > np.log(1 / ALPHA)).any(axis=1).mean() <= 0.05
    assert log_e[0, -1] == pytest.approx(mixture.log_e_value(int(b[0, -1]), int(a[0, -1]), 0.5))
