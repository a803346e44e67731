"""Pareto/NBD: customers without a contract who buy at a rate and may leave at any moment, not only after a purchase.

Rates of buying are gamma(r, alpha) over customers, rates of leaving gamma(s, beta). Source: Schmittlein, Morrison and Colombo 1987,
Management Science 33(1); Fader and Hardie 2005, note 009. The integral over the moment of leaving is done by Gauss and Legendre's rule on
the logarithm of time, cut where the integrand has fallen by e^-40, so that likelihood and gradient need no hypergeometric function.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tools.methods.histories import Histories
from tools.methods.maximum_likelihood import Fit, maximise

Floats = NDArray[np.float64]
NAMES = ("r", "alpha", "s", "beta")
NODES = 32  # exact to 1e-12 and better for an integrand that falls by e^-40 at most
COARSE = 4_000
PIECE = 20_000  # rows at a time: nodes times rows stay in the cache
STARTS = ((0.5, 0.5, 0.5, 0.5), (1.0, 1.0, 1.0, 1.0), (2.0, 1.0, 0.3, 2.0))


def fit(histories: Histories) -> Fit:
    """Maximum likelihood of r, alpha, s, beta. alpha and beta are in the time unit of the histories."""
    unit = histories.mean_age
    scale = np.array([1.0, unit, 1.0, unit])
    starts = [np.array(start) * scale for start in STARTS]
    if len(histories) > COARSE:
        near = maximise(NAMES, Surface(histories.every(len(histories) // COARSE + 1)), histories.customers, starts, scale=scale)
        starts = [near.values]
    return maximise(NAMES, Surface(histories), histories.customers, starts, scale=scale)


class Surface:
    """The log-likelihood per customer and its gradient."""

    def __init__(self, histories: Histories) -> None:
        self.pieces = [histories.where(np.arange(start, min(start + PIECE, len(histories)))) for start in range(0, len(histories), PIECE)]
        self.total = histories.customers

    def __call__(self, values: Floats) -> tuple[float, Floats]:
        height, slope = 0.0, np.zeros(4)
        for piece in self.pieces:
            one, gradient = _piece(values, piece)
            height, slope = height + one, slope + gradient
        return height / self.total, slope / self.total


def _piece(values: Floats, histories: Histories) -> tuple[float, Floats]:
    from scipy.special import gammaln, psi

    r, alpha, s, beta = values.tolist()
    x, weight = histories.x.astype(np.float64), histories.weight
    stay, gone, left = _parts(values, histories)
    highest = np.maximum(stay, gone.max(axis=1))
    kept, went = np.exp(stay - highest), np.exp(gone - highest[:, None])
    whole = kept + went.sum(axis=1)
    kept, went = kept / whole, went / whole[:, None]
    log_likelihood = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta) + highest + np.log(whole)
    age, died = histories.age, went.sum(axis=1)

    def mean(of_kept: Floats, of_gone: Floats) -> Floats:
        return np.asarray(kept * of_kept + (went * of_gone).sum(axis=1))

    slope_r = psi(r + x) - psi(r) + np.log(alpha) - mean(np.log(alpha + age), np.log(alpha + left))
    slope_alpha = r / alpha - (r + x) * mean(1 / (alpha + age), 1 / (alpha + left))
    slope_s = np.log(beta) + died / s - mean(np.log(beta + age), np.log(beta + left))
    slope_beta = s / beta - mean(s / (beta + age), (s + 1) / (beta + left))
    gradient = np.array([float(one @ weight) for one in (slope_r, slope_alpha, slope_s, slope_beta)])
    return float(log_likelihood @ weight), gradient


def _parts(values: Floats, histories: Histories) -> tuple[Floats, Floats, Floats]:
    """Logarithms of: staying until the end of the record, (rows,); leaving at each node, (rows, nodes); the nodes' times."""
    r, alpha, s, beta = values.tolist()
    x, last, age = histories.x.astype(np.float64), histories.last, histories.age
    stay = -(r + x) * np.log(alpha + age) - s * np.log(beta + age)
    low = min(alpha, beta)
    start = np.log(low + last)
    # in this logarithm the integrand falls ever faster: cut where the first steepness would have brought it to e^-40
    fall = (r + x) * (low + last) / (alpha + last) + (s + 1) * (low + last) / (beta + last) - 1
    span = np.minimum(np.log(low + age) - start, 40.0 / np.maximum(fall, 1e-9))
    node, share = np.polynomial.legendre.leggauss(NODES)
    along = start[:, None] + span[:, None] * (node + 1) / 2
    left = np.exp(along) - low
    with np.errstate(divide="ignore"):
        log_weight = np.log(share / 2) + np.log(span)[:, None] + along
    gone = np.log(s) - (r + x)[:, None] * np.log(alpha + left) - (s + 1) * np.log(beta + left) + log_weight
    return stay, gone, left


def alive(values: Floats, histories: Histories) -> Floats:
    """Probability that each customer has not left by the end of their record."""
    found = [
        _alive(values, histories.where(np.arange(start, min(start + PIECE, len(histories))))) for start in range(0, len(histories), PIECE)
    ]
    return np.concatenate(found) if found else np.zeros(0)


def _alive(values: Floats, histories: Histories) -> Floats:
    stay, gone, _ = _parts(values, histories)
    highest = np.maximum(stay, gone.max(axis=1))
    kept = np.exp(stay - highest)
    return np.asarray(kept / (kept + np.exp(gone - highest[:, None]).sum(axis=1)))


def expected_if_alive(values: Floats, x: Floats, age: Floats, ahead: float) -> Floats:
    """Expected purchases in the next `ahead` of time of a customer who has not left (Schmittlein and others 1987, equation 22)."""
    r, alpha, s, beta = values.tolist()
    until = np.log1p(ahead / (beta + age))
    power = s - 1
    # (1 - e^(-power * until)) / power, also where power is nought
    integral = until if abs(power) < 1e-9 else -np.expm1(-power * until) / power
    return np.asarray((r + x) / (alpha + age) * (beta + age) * integral)


def expected_of_new(values: Floats, ahead: float) -> float:
    """Expected purchases after the first of a new customer."""
    return float(expected_if_alive(values, np.zeros(1), np.zeros(1), ahead)[0])


def counts_of_new(values: Floats, ahead: Floats, most: int) -> Floats:
    """Chance of 0, 1, …, `most` purchases after the first within each time, (times, most + 1): the integral over the moment of leaving.

    A customer who leaves at tau has a negative binomial number of purchases in tau.
    """
    from scipy.special import gammaln

    r, alpha, s, beta = values.tolist()
    n = np.arange(most + 1, dtype=np.float64)
    t = np.asarray(ahead, dtype=np.float64)
    node, share = np.polynomial.legendre.leggauss(4 * NODES)

    def negative_binomial(until: Floats) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            power = np.where(n > 0, n * np.log(until[..., None] / (alpha + until[..., None])), 0.0)
        chance = gammaln(r + n) - gammaln(r) - gammaln(n + 1) + r * np.log(alpha / (alpha + until[..., None]))
        return np.asarray(np.exp(chance + power))

    along = np.log1p(t / beta)[:, None] * (node + 1) / 2
    left = beta * np.expm1(along)
    density = s * np.exp(-s * along) * np.log1p(t / beta)[:, None] * share / 2
    staying = np.exp(-s * np.log1p(t / beta))
    return np.asarray((density[..., None] * negative_binomial(left)).sum(axis=1) + staying[:, None] * negative_binomial(t))


def draw_purchases(values: Floats, histories: Histories, still: Floats, ahead: float, random: np.random.Generator) -> NDArray[np.int64]:
    """One draw of each customer's purchases in the next `ahead` of time, from their posterior. still: `alive` of each."""
    r, alpha, s, beta = values.tolist()
    x = histories.x.astype(np.float64)
    buys = random.random(len(x)) < still
    rate = random.gamma(r + x) / (alpha + histories.age)
    leaving = random.gamma(np.full(len(x), s)) / (beta + histories.age)
    until = np.minimum(ahead, random.exponential(1, len(x)) / np.maximum(leaving, 1e-300))
    return np.where(buys, random.poisson(rate * until), 0)
