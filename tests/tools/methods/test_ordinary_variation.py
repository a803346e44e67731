"""Ordinary variation raises the alarm as often as it says, on simulated weeks that hang together and budgets that move."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from tools.methods.ordinary_variation import noise_given, noise_of


def weekly(random: np.random.Generator, days: int, memory: float, deviation: float) -> np.ndarray:
    """A simulated autoregressive level of log weeks, by day."""
    weeks = np.zeros(days // 7 + 2)
    for week in range(1, len(weeks)):
        weeks[week] = memory * weeks[week - 1] + random.normal() * deviation * np.sqrt(1 - memory**2)
    return np.repeat(weeks, 7)[:days]


@pytest.mark.parametrize(("memory", "deviation", "rate"), [(0.0, 0.0, 20.0), (0.5, 0.15, 20.0), (0.0, 0.3, 5.0)])
def test_nothing_happened_and_the_alarm_is_raised_in_one_of_twenty_months(memory, deviation, rate):
    random, alarms, runs = np.random.default_rng(11), 0, 500
    for _ in range(runs):
        daily = random.poisson(rate * np.exp(weekly(random, 527, memory, deviation))).astype(float)
        noise = noise_of(daily[:-31], None, days=31, before=30)
        assert noise is not None
        alarms += noise.beyond(daily[-31:].mean() / daily[-61:-31].mean(), 0.95)
    assert 0.015 <= alarms / runs <= 0.08


@pytest.mark.parametrize("moved", [0.0, 0.3, 0.6])
def test_a_moved_budget_alone_raises_no_alarm(moved):
    """Conversions follow spend to the power 0.6; the spend of the month jumps by `moved` on the log scale."""
    random, alarms, runs = np.random.default_rng(12), 0, 500
    for _ in range(runs):
        spend = weekly(random, 527, 0.7, 0.35)
        spend[-31:] += moved
        daily = random.poisson(20 * np.exp(0.6 * spend + weekly(random, 527, 0.3, 0.08))).astype(float)
        money = np.exp(spend)
        change = log(money[-31:].mean() / money[-61:-31].mean())
        noise = noise_given(daily[:-31], money[:-31], change, days=31, before=30)
        assert noise is not None
        alarms += noise.beyond(daily[-31:].mean() / daily[-61:-31].mean(), 0.95)
    assert alarms / runs <= 0.08


def test_a_real_fall_at_the_same_spend_is_seen():
    random, seen, runs = np.random.default_rng(13), 0, 200
    for _ in range(runs):
        spend = weekly(random, 527, 0.7, 0.35)
        rate = 20 * np.exp(0.6 * spend + weekly(random, 527, 0.3, 0.05))
        rate[-31:] *= 0.6
        daily, money = random.poisson(rate).astype(float), np.exp(spend)
        change = log(money[-31:].mean() / money[-61:-31].mean())
        noise = noise_given(daily[:-31], money[:-31], change, days=31, before=30)
        assert noise is not None
        seen += noise.beyond(daily[-31:].mean() / daily[-61:-31].mean(), 0.95)
    assert seen / runs > 0.9


def test_a_short_record_and_an_empty_stretch_give_no_noise():
    assert noise_of(np.ones(100), None, days=31, before=30) is None
    assert noise_given(np.ones(180), np.ones(180), 0.1, days=31, before=30) is None
    gap = np.ones(400)
    gap[100:170] = 0
    assert noise_of(gap, None, days=31, before=30) is None


def test_a_band_and_a_chance_agree_with_the_verdict():
    random = np.random.default_rng(14)
    noise = noise_of(random.poisson(20, 500).astype(float), None, days=28, before=28)
    assert noise is not None
    low, high = noise.band(560.0, 0.9)
    assert not noise.beyond(high / 560 * 0.999, 0.9)
    assert noise.beyond(high / 560 * 1.001, 0.9)
    assert noise.chance_above(high / 560) == pytest.approx(0.05, abs=1e-6)
    assert noise.chance_above(low / 560) == pytest.approx(0.95, abs=1e-6)
    assert noise.chance_above(0.0) == 1.0
