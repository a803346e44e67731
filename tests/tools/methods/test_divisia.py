"""The split adds up exactly, agrees with hand-worked numbers and does not depend on which side is called before."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from tools.methods.divisia import chain_effects, log_mean, whole_parts


def test_the_logarithmic_mean_lies_between_the_geometric_and_the_arithmetic():
    assert log_mean(4.0, 9.0) == pytest.approx(5 / log(9 / 4))
    assert 6.0 < log_mean(4.0, 9.0) < 6.5
    assert log_mean(7.0, 7.0) == 7.0
    assert log_mean(1e6, 1e6 * (1 + 1e-15)) == pytest.approx(1e6)


def test_a_worked_example_by_hand():
    """Spend 100 to 200, clicks 50 to 80, conversions 10 to 12: L = 2 / ln 1.2; factors 2, 0.8, 0.75."""
    mean = 2 / log(1.2)
    assert chain_effects((100, 50, 10), (200, 80, 12)) == pytest.approx((mean * log(2), mean * log(0.8), mean * log(0.75)))


def test_effects_add_up_and_turn_around_with_the_sides():
    random = np.random.default_rng(5)
    for _ in range(200):
        before, now = (tuple(random.lognormal(3, 2, 5)) for _ in range(2))
        effects = chain_effects(before, now)
        assert sum(effects) == pytest.approx(now[-1] - before[-1], rel=1e-9, abs=1e-9)
        assert chain_effects(now, before) == pytest.approx(tuple(-effect for effect in effects))


@pytest.mark.parametrize(
    ("before", "now", "effects"),
    [
        ((100, 50, 0), (100, 50, 8), (0, 0, 8)),
        ((0, 0, 0), (100, 50, 8), (8, 0, 0)),
        ((100, 50, 8), (100, 0, 0), (0, -8, 0)),
        ((100, 50, 0), (200, 90, 0), (0, 0, 0)),
    ],
)
def test_where_there_was_nothing_the_first_empty_level_takes_the_change(before, now, effects):
    assert chain_effects(before, now) == effects


@pytest.mark.parametrize(("before", "now"), [((0, 5), (1, 1)), ((-1, 5), (1, 1)), ((), ()), ((1,), (1, 2))])
def test_levels_that_make_no_chain_are_refused(before, now):
    with pytest.raises(ValueError, match=r"chain|levels"):
        chain_effects(before, now)


def test_whole_parts_add_up_and_none_moves_by_a_whole_one():
    random = np.random.default_rng(6)
    for _ in range(200):
        parts = random.normal(0, 30, 5)
        whole = whole_parts(parts, round(parts.sum()))
        assert sum(whole) == round(parts.sum())
        assert np.all(np.abs(np.array(whole) - parts) < 1)
    assert whole_parts((0.5, 0.5), 1) == (1, 0)
    with pytest.raises(ValueError, match="no rounding"):
        whole_parts((1.0, 1.0), 7)
