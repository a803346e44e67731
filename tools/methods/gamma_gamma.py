"""Gamma-Gamma: what a purchase of a customer is worth, given what theirs have been worth so far.

A purchase is gamma(p, nu) and nu is gamma(q, v) over customers; how much and how often are taken to be independent. Source: Fader, Hardie
and Lee 2005, RFM and CLV, Journal of Marketing Research 42; Fader and Hardie 2013, note 025, equations 1a, 5 and the likelihood below them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tools.methods.maximum_likelihood import Fit, maximise

Floats = NDArray[np.float64]
NAMES = ("p", "q", "v")
COARSE = 10_000


def fit(x: NDArray[np.int64], mean_value: Floats, weight: Floats | None = None) -> Fit:
    """Maximum likelihood of p, q, v over customers with x ≥ 1 purchases of this mean value. v is in the unit of the values."""
    weight = np.ones(len(x)) if weight is None else weight
    unit = float(mean_value @ weight / weight.sum())
    scale = np.array([1.0, 1.0, unit])
    starts = [np.array(start) * scale for start in ((2.0, 3.0, 1.0), (6.0, 4.0, 0.5), (1.0, 1.5, 1.0))]
    customers = float(weight.sum())
    if len(x) > COARSE:
        step = len(x) // COARSE + 1
        order = np.lexsort((mean_value, x))[::step]
        starts = [maximise(NAMES, Surface(x[order], mean_value[order], weight[order]), customers, starts, scale=scale).values]
    return maximise(NAMES, Surface(x, mean_value, weight), customers, starts, scale=scale)


class Surface:
    """The log-likelihood per customer and its gradient."""

    def __init__(self, x: NDArray[np.int64], mean_value: Floats, weight: Floats) -> None:
        self.x, self.z, self.weight, self.total = x.astype(np.float64), mean_value, weight, float(weight.sum())
        self.levels, place = np.unique(x, return_inverse=True)
        self.by_level = np.bincount(place, weights=weight, minlength=len(self.levels))
        self.log_spend, self.log_z = np.log(self.x * mean_value), np.log(mean_value)

    def __call__(self, values: Floats) -> tuple[float, Floats]:
        from scipy.special import gammaln, psi

        p, q, v = values.tolist()
        k = self.levels.astype(np.float64)
        spread = np.log(self.x * self.z + v)
        by_x = gammaln(p * k + q) - gammaln(p * k) - gammaln(q) + q * np.log(v)
        each = p * self.x * self.log_spend - self.log_z - (p * self.x + q) * spread
        height = float(by_x @ self.by_level) + float(each @ self.weight)
        slope_p = float((k * (psi(p * k + q) - psi(p * k))) @ self.by_level) + float((self.x * (self.log_spend - spread)) @ self.weight)
        slope_q = float((psi(p * k + q) - psi(q) + np.log(v)) @ self.by_level) - float(spread @ self.weight)
        slope_v = q / v * self.total - float(((p * self.x + q) / (self.x * self.z + v)) @ self.weight)
        return height / self.total, np.array([slope_p, slope_q, slope_v]) / self.total


def expected_value(values: Floats, x: Floats, mean_value: Floats) -> Floats:
    """Expected value of a customer's next purchase, equation (5): the mean of all, moved toward their own. Infinite when q <= 1."""
    p, q, v = values.tolist()
    if q <= 1:
        return np.where(x > 0, p * (v + x * mean_value) / np.maximum(p * x + q - 1, 1e-12), np.inf)
    return np.asarray(p * (v + x * mean_value) / (p * x + q - 1))


def draw_values(values: Floats, x: Floats, mean_value: Floats, purchases: NDArray[np.int64], random: np.random.Generator) -> Floats:
    """One draw of the sum of each customer's next `purchases`, from their posterior: nu is gamma(p x + q, v + x z)."""
    p, q, v = values.tolist()
    nu = random.gamma(p * x + q) / (v + x * mean_value)
    return np.where(purchases > 0, random.gamma(np.maximum(p * purchases, 1e-12)) / np.maximum(nu, 1e-300), 0.0)
