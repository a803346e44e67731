"""Saturation forms: half at the half-saturation, rising to one, with slopes that are derivatives."""

from __future__ import annotations

import numpy as np
import pytest

from tools.methods.saturation import saturate

FORMS = [("logistic", 1.0), ("michaelis_menten", 1.0), ("hill", 0.7), ("hill", 1.0), ("hill", 2.5)]


@pytest.mark.parametrize(("form", "slope"), FORMS)
def test_one_half_at_the_half_saturation(form, slope):
    assert saturate(form, np.array([1.0]), slope).value[0] == pytest.approx(0.5)


@pytest.mark.parametrize(("form", "slope"), FORMS)
def test_rises_from_zero_towards_one(form, slope):
    value = saturate(form, np.array([0.0, 0.1, 1.0, 10.0, 1e6]), slope).value
    assert value[0] == 0.0
    assert np.all(np.diff(value) > 0)
    assert value[-1] == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize(("form", "slope"), FORMS)
def test_slope_is_the_derivative(form, slope):
    z, step = np.array([0.2, 0.9, 1.7, 4.0]), 1e-6
    slopes = saturate(form, z, slope).by_z
    assert slopes == pytest.approx((saturate(form, z + step, slope).value - saturate(form, z - step, slope).value) / (2 * step), abs=1e-7)


def test_hill_slope_derivative():
    z, step = np.array([0.2, 0.9, 1.7]), 1e-6
    change = (saturate("hill", z, 2 * np.exp(step)).value - saturate("hill", z, 2 * np.exp(-step)).value) / (2 * step)
    assert saturate("hill", z, 2.0).by_log_slope == pytest.approx(change, abs=1e-7)


def test_logistic_is_the_form_of_the_literature():
    spend, lam = np.array([0.1, 0.3, 0.8]), 4.0
    literature = (1 - np.exp(-lam * spend)) / (1 + np.exp(-lam * spend))
    assert saturate("logistic", spend / (np.log(3) / lam)).value == pytest.approx(literature)


def test_hill_above_one_is_s_shaped_and_below_is_concave():
    z = np.linspace(0.01, 2, 200)
    assert np.any(np.diff(saturate("hill", z, 2.5).value, 2) > 0)
    assert np.all(np.diff(saturate("hill", z, 0.8).value, 2) < 0)
