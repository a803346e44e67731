"""The split of a sum: the reference case, exactness, limits, and hills that a climber alone would miss."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reference_data import reference_case
from tools.methods.allocation import Limits, Unreachable, allocate, apportion, share_out
from tools.methods.response_set import ResponseSet

UNIT = 10**8


def curves(form, half, slope, maximum) -> ResponseSet:
    return ResponseSet(
        np.full((1, len(half)), form), np.zeros((1, len(half))), *(np.array([part], dtype=float) for part in (half, slope, maximum))
    )  # fmt: skip


def split(responses: ResponseSet, total: int, limits: Limits):
    return allocate(
        lambda channel, amounts: responses.steady(channel, amounts).mean(axis=0),
        lambda channel, amounts: responses.marginal(channel, amounts).mean(axis=0),
        total,
        limits,
    )


def free(channels: int, high: int = 10**15) -> Limits:
    return Limits(np.zeros(channels, dtype=np.int64), np.full(channels, high), np.ones(channels, dtype=bool))


def worth(responses: ResponseSet, amounts) -> float:
    return float(responses.plan(np.asarray(amounts, dtype=float)).sum())


def test_reference_case():
    case = reference_case("budget")
    lam, beta = np.array(case["input"]["lam"], dtype=float), case["input"]["beta"]
    responses = curves("logistic", np.log(3) / lam * UNIT, [1, 1], beta)
    for budget, x1, response in zip(case["input"]["B"], case["expected"]["x1"], case["expected"]["resp"], strict=True):
        amounts = split(responses, round(budget * UNIT), free(2))
        assert amounts[0] / UNIT == pytest.approx(x1, abs=1e-5)
        assert worth(responses, amounts) == pytest.approx(response, abs=1e-3)
        assert amounts.sum() == round(budget * UNIT)


def test_marginal_returns_are_equal_at_the_optimum():
    responses = curves("michaelis_menten", [2e5, 5e5, 9e5], [1, 1, 1], [30, 40, 50])
    amounts = split(responses, 1_000_000, free(3))
    marginal = [responses.marginal(channel, amounts[channel : channel + 1].astype(float))[0, 0] for channel in range(3)]
    assert marginal == pytest.approx([marginal[0]] * 3, rel=1e-4)


def test_s_shapes_find_the_best_hill():
    """Two S-shaped channels and too little for both: the whole sum goes to one, where an even start would stay in between."""
    responses = curves("hill", [6e5, 6e5], [3.5, 3.5], [100, 101])
    amounts = split(responses, 700_000, free(2))
    assert sorted(amounts) == [0, 700_000]
    assert amounts[1] == 700_000


@pytest.mark.parametrize("seed", range(6))
def test_against_a_fine_grid(seed):
    random = np.random.default_rng(seed)
    responses = curves("hill", random.uniform(1e5, 9e5, 3), random.uniform(0.6, 3.5, 3), random.uniform(10, 60, 3))
    limits = Limits(np.array([0, 120_000, 200_000]), np.array([900_000, 600_000, 700_000]), np.array([True, True, True]))
    total, step = 1_000_000, 10_000
    best = max(
        worth(responses, (a, b, total - a - b))
        for a, b in product(range(0, total + 1, step), repeat=2)
        if a + b <= total and limits.allow(np.array([a, b, total - a - b]))
    )
    amounts = split(responses, total, limits)
    assert limits.allow(amounts)
    assert worth(responses, amounts) >= best - 1e-9


channel = st.tuples(
    st.floats(1e3, 1e7),
    st.floats(0.5, 4.0),
    st.floats(0.0, 500.0),
    st.integers(0, 400_000),
    st.integers(0, 3_000_000),
    st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(channel, min_size=1, max_size=4), st.integers(1, 4_000_000))
def test_keeps_to_the_limits_and_spends_what_they_let(drawn, total):
    half, slope, maximum, low, room, stop = (np.array(part) for part in zip(*drawn, strict=True))
    limits = Limits(low.astype(np.int64), (low + room).astype(np.int64), stop)
    responses = curves("hill", half, slope, maximum)
    patterns = [
        on for on in product((0, 1), repeat=len(drawn)) if all(on[i] or stop[i] or low[i] == 0 for i in range(len(drawn)))
        and sum(low[i] for i in range(len(drawn)) if on[i]) <= total
    ]  # fmt: skip
    if not patterns:
        with pytest.raises(Unreachable):
            split(responses, total, limits)
        return
    amounts = split(responses, total, limits)
    assert limits.allow(amounts)
    reach = max(min(total, sum(limits.high[i] for i in range(len(drawn)) if on[i])) for on in patterns)
    assert amounts.sum() == reach


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=8).filter(any), st.integers(0, 10**12))
def test_apportion_sums_to_the_unit(weights, total):
    amounts = apportion(np.array(weights, dtype=float), total)
    assert amounts.sum() == total
    assert np.all(amounts >= 0)
    exact = np.array(weights, dtype=float) / sum(weights) * total
    assert np.all(np.abs(amounts - exact) <= 1 + 1e-6 * total)


def test_share_out_stops_the_last_channel_that_cannot_reach_its_minimum():
    limits = Limits(np.array([200, 200, 400]), np.array([1000, 1000, 1000]), np.ones(3, dtype=bool))
    assert list(share_out(np.ones(3), 900, limits)) == [450, 450, 0]
    assert list(share_out(np.ones(3), 300, limits)) == [300, 0, 0]


def test_share_out_keeps_proportions_within_the_limits():
    limits = Limits(np.array([0, 0, 0]), np.array([1000, 150, 1000]), np.ones(3, dtype=bool))
    assert list(share_out(np.array([1.0, 2.0, 3.0]), 630, limits)) == [120, 150, 360]
