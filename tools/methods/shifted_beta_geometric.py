"""Shifted beta-geometric: how long customers with a contract stay.

At the end of each period a customer leaves with a chance that is their own, and beta(alpha, beta) over customers. Source: Fader and Hardie
2007, How to project customer retention, Journal of Interactive Marketing 21(1), equations 5 to 7; Fader and Hardie 2010, Customer-base
valuation in a contractual setting, Marketing Science 29(1), equation 9.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.methods.maximum_likelihood import Fit, maximise

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
NAMES = ("alpha", "beta")
STARTS = ((1.0, 1.0), (0.5, 3.0), (3.0, 30.0))


@dataclass(frozen=True, slots=True)
class Tenures:
    """How many left at the end of each period and how many are still there after so many renewals.

    left[t-1]: left at the end of period t, t = 1, 2, … · staying[n]: still there, with n renewals behind them.
    """

    left: Floats
    staying: Floats

    @property
    def customers(self) -> float:
        """All of them."""
        return float(self.left.sum() + self.staying.sum())


def fit(tenures: Tenures) -> Fit:
    """Maximum likelihood of alpha and beta."""
    return maximise(NAMES, Surface(tenures), tenures.customers, [np.array(start) for start in STARTS])


class Surface:
    """The log-likelihood per customer and its gradient."""

    def __init__(self, tenures: Tenures) -> None:
        self.ended = np.arange(1, len(tenures.left) + 1, dtype=np.float64)
        self.renewed = np.arange(len(tenures.staying), dtype=np.float64)
        self.left, self.staying, self.total = tenures.left, tenures.staying, tenures.customers

    def __call__(self, values: Floats) -> tuple[float, Floats]:
        from scipy.special import betaln, psi

        a, b = values.tolist()
        t, n = self.ended, self.renewed
        height = (betaln(a + 1, b + t - 1) - betaln(a, b)) @ self.left + (betaln(a, b + n) - betaln(a, b)) @ self.staying
        whole, first, second = psi(a + b), psi(a), psi(b)
        slope_a = (psi(a + 1) - psi(a + b + t) - first + whole) @ self.left + (whole - psi(a + b + n)) @ self.staying
        slope_b = (psi(b + t - 1) - psi(a + b + t) - second + whole) @ self.left
        slope_b += (psi(b + n) - psi(a + b + n) - second + whole) @ self.staying
        return float(height) / self.total, np.array([float(slope_a), float(slope_b)]) / self.total


def survival(values: Floats, periods: int, renewed: Floats | float = 0.0) -> Floats:
    """Chance that a customer with so many renewals behind them gets through each of the next periods' ends, (…, periods).

    The first column is the next renewal. A renewal after n has chance (beta + n) / (alpha + beta + n).
    """
    a, b = values.tolist()
    behind = np.asarray(renewed, dtype=np.float64)[..., None] + np.arange(periods)
    return np.asarray(np.cumprod((b + behind) / (a + b + behind), axis=-1))


def expected_periods(values: Floats, ahead: int, renewed: Floats | float = 0.0, discount: float = 0.0) -> Floats:
    """Expected renewals among the next `ahead`, each discounted to the time just before the first of them, at a rate per period."""
    factors = (1 + discount) ** -np.arange(ahead, dtype=np.float64)
    return np.asarray(survival(values, ahead, renewed) @ factors)


def residual_lifetime(values: Floats, discount: float, renewed: float) -> float:
    """Discounted expected residual lifetime without an end, just before renewal number `renewed`: Fader and Hardie 2010, equation 9."""
    from scipy.special import hyp2f1

    a, b = values.tolist()
    before = renewed - 1
    return float((b + before) / (a + b + before) * hyp2f1(1, b + before + 1, a + b + before + 1, 1 / (1 + discount)))


def simulate(values: Floats, renewals: Ints, random: np.random.Generator) -> Tenures:
    """Tenures of new customers each watched over so many renewals."""
    a, b = values.tolist()
    ended = random.geometric(np.clip(random.beta(a, b, len(renewals)), 1e-12, 1.0))
    gone = ended <= renewals
    most = int(renewals.max())
    left = np.bincount(ended[gone] - 1, minlength=most).astype(np.float64)
    return Tenures(left, np.bincount(renewals[~gone], minlength=most + 1).astype(np.float64))
