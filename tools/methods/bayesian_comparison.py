"""How likely the treatment is to be better and what choosing wrong would cost, as a description: never a rule to stop by."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import exp, pi, sqrt

import numpy as np
from scipy import special


@dataclass(frozen=True, slots=True)
class Chances:
    """`loss_treatment`: what is lost on average by taking the treatment when it is worse; `loss_control`: by staying when it is better.

    Losses, mean and interval are in the unit of the effect that was put in.
    """

    chance: float
    loss_treatment: float
    loss_control: float
    low: float
    high: float
    mean: float


def normal(effect: float, error: float, level: float, prior: tuple[float, float] | None = None) -> Chances:
    """For an effect with a normal likelihood; flat prior, or a normal one given as (mean, standard deviation)."""
    mean, deviation = effect, error
    if prior is not None:
        weight = 1 / error**2 + 1 / prior[1] ** 2
        mean, deviation = (effect / error**2 + prior[0] / prior[1] ** 2) / weight, sqrt(1 / weight)
    z = mean / deviation
    chance = float(special.ndtr(z))
    gain = mean * chance + deviation * exp(-z * z / 2) / sqrt(2 * pi)
    reach = float(special.ndtri((1 + level) / 2)) * deviation
    return Chances(chance, gain - mean, gain, mean - reach, mean + reach, mean)


def beta_binomial(a: tuple[int, int], b: tuple[int, int], prior: tuple[float, float] = (1.0, 1.0)) -> tuple[float, float, float]:
    """For two (conversions, units) under a Beta prior: chance that b's rate is above a's, mean loss of taking b, mean loss of staying.

    By Gauss-Legendre quadrature over where either density lies; holds to about 1e-10.
    """
    shapes = [(prior[0] + x, prior[1] + n - x) for x, n in (a, b)]
    ends = [(float(special.betaincinv(p, q, 1e-14)), float(special.betaincinv(p, q, 1 - 1e-14))) for p, q in shapes]
    low, high = min(end[0] for end in ends), max(end[1] for end in ends)
    # Densities may be narrow beside their distance: integrate piece by piece between their ends.
    cuts = sorted({low, high, *(end for pair in ends for end in pair)})
    chance = lost = gained = 0.0
    for start, stop in pairwise(cuts):
        x, weight = _nodes(start, stop)
        below_a, below_b = special.betainc(*shapes[0], x), special.betainc(*shapes[1], x)
        p, q = shapes[1]
        density = np.exp(special.xlogy(p - 1, x) + special.xlog1py(q - 1, -x) - special.betaln(p, q))
        chance += float(weight @ (density * below_a))
        lost += float(weight @ (below_b * (1 - below_a)))
        gained += float(weight @ (below_a * (1 - below_b)))
    return chance, lost, gained


def _nodes(start: float, stop: float) -> tuple[np.ndarray, np.ndarray]:
    nodes, weights = np.polynomial.legendre.leggauss(256)
    return (start + stop) / 2 + nodes * (stop - start) / 2, weights * (stop - start) / 2
