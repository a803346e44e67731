"""BG/NBD: how often customers without a contract buy, and whether they still do.

A customer buys at a rate that is gamma(r, alpha) over customers, and after any purchase stops for good with a probability that is
beta(a, b) over customers. Source: Fader, Hardie and Lee 2005, "Counting your customers" the easy way, Marketing Science 24(2); the
posterior of a customer still buying is gamma(r + x, alpha + T) and beta(a, b + x), from the same likelihood.

x: purchases after the first · t_x: time of the last one, counted from the first · T: time observed since the first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tools.methods.histories import Histories
from tools.methods.maximum_likelihood import Fit, maximise

Floats = NDArray[np.float64]
NAMES = ("r", "alpha", "a", "b")
COARSE = 10_000  # rows that bring the search near the maximum before all of them finish it
LARGE = 100.0  # parameters beyond which the hypergeometric function is not to be relied on
NODES = 400  # of the rule in its place, evenly spread: exact to 1e-8 and better
STARTS = ((0.5, 1.0, 0.7, 2.0), (1.0, 1.0, 1.0, 1.0), (3.0, 3.0, 0.2, 2.0))


def fit(histories: Histories) -> Fit:
    """Maximum likelihood of r, alpha, a, b. alpha is in the time unit of the histories."""
    unit = histories.mean_age
    scale = np.array([1.0, unit, 1.0, 1.0])
    starts = [np.array(start) * scale for start in STARTS]
    if len(histories) > COARSE:
        near = maximise(NAMES, Surface(histories.every(len(histories) // COARSE + 1)), histories.customers, starts, scale=scale)
        starts = [near.values]
    return maximise(NAMES, Surface(histories), histories.customers, starts, scale=scale)


class Surface:
    """The log-likelihood per customer and its gradient. What depends on x alone is worked out once for each x."""

    def __init__(self, histories: Histories) -> None:
        self.total = float(histories.weight.sum())
        self.levels, self.place = np.unique(histories.x, return_inverse=True)
        self.by_level = np.bincount(self.place, weights=histories.weight, minlength=len(self.levels))
        self.weight, self.age = histories.weight, histories.age
        self.again = np.flatnonzero(histories.x > 0)
        self.x, self.x_again = histories.x.astype(np.float64), histories.x[self.again].astype(np.float64)
        self.last, self.age_again, self.weight_again = histories.last[self.again], histories.age[self.again], histories.weight[self.again]

    def __call__(self, values: Floats) -> tuple[float, Floats]:
        from scipy.special import expit, gammaln, psi

        r, alpha, a, b = values.tolist()
        k, n = self.levels.astype(np.float64), self.by_level
        by_x = gammaln(r + k) - gammaln(r) + r * np.log(alpha) + gammaln(a + b) + gammaln(b + k) - gammaln(b) - gammaln(a + b + k)
        log_age, log_last = np.log(alpha + self.age), np.log(alpha + self.last)
        kept = (r + self.x) * log_age
        level_of_again = self.place[self.again]
        odds_by_x = np.log(a) - np.log(b + np.maximum(k, 1) - 1)
        ahead = odds_by_x[level_of_again] + (r + self.x_again) * (log_age[self.again] - log_last)
        gone = expit(ahead)
        soft = np.maximum(ahead, 0) + np.log1p(np.exp(-np.abs(ahead)))
        height = float(by_x @ n) - float(kept @ self.weight) + float(soft @ self.weight_again)

        w = self.weight_again * gone
        rising = psi(r + k) - psi(r) + np.log(alpha)
        slope_r = float(rising @ n) - float(log_age @ self.weight) + float(w @ (log_age[self.again] - log_last))
        per_age = (r + self.x) / (alpha + self.age)
        per_last = (r + self.x_again) / (alpha + self.last)
        slope_alpha = r / alpha * self.total - float(per_age @ self.weight) + float(w @ (per_age[self.again] - per_last))
        gone_by_x = np.bincount(level_of_again, weights=w, minlength=len(k))
        slope_a = float((psi(a + b) - psi(a + b + k)) @ n) + float(w.sum()) / a
        slope_b = float((psi(a + b) + psi(b + k) - psi(b) - psi(a + b + k)) @ n)
        slope_b -= float((gone_by_x / (b + np.maximum(k, 1) - 1)).sum())
        return height / self.total, np.array([slope_r, slope_alpha, slope_a, slope_b]) / self.total


def alive(values: Floats, histories: Histories) -> Floats:
    """Probability that each customer still buys, equation for P(alive) in Fader, Hardie and Lee 2008 (note 021)."""
    from scipy.special import expit

    r, alpha, a, b = values.tolist()
    x, last, age = histories.x.astype(np.float64), histories.last, histories.age
    with np.errstate(divide="ignore"):
        ahead = np.log(a) - np.log(b + np.maximum(x, 1) - 1) + (r + x) * (np.log(alpha + age) - np.log(alpha + last))
    return np.where(x > 0, expit(-ahead), 1.0)


def expected_if_alive(values: Floats, x: Floats, age: Floats, ahead: float) -> Floats:
    """Expected purchases in the next `ahead` of time of a customer who still buys, equation (10) without its denominator.

    Euler's transformation of the hypergeometric function keeps its parameters small whatever x is. For parameters so large that customers
    hardly differ the same mean over beta(a, b + x) is taken by quadrature.
    """
    from scipy.special import hyp2f1

    r, alpha, a, b = values.tolist()
    if max(r, a, b) > LARGE or a < 1 / LARGE:
        return _by_quadrature(values, x, age, ahead)
    if abs(a - 1) < 1e-6:
        a = 1 + 1e-6  # a removable singularity
    z = ahead / (alpha + age + ahead)
    rest = np.exp((a - 1) * np.log1p(-z))
    return np.asarray((a + b + x - 1) / (a - 1) * (1 - rest * hyp2f1(a - 1, a + b - 1 - r, a + b + x - 1, z)))


def _by_quadrature(values: Floats, x: Floats, age: Floats, ahead: float) -> Floats:
    """The mean of (1 - (1 + p h / (alpha + T))^-(r + x)) / p over p, which is beta(a, b + x), on the logit of p."""
    from scipy.special import expit, polygamma, psi

    r, alpha, a, b = values.tolist()
    x, age = np.asarray(x, np.float64)[:, None], np.asarray(age, np.float64)[:, None]
    node = np.linspace(-14, 14, NODES)
    centre, spread = psi(a) - psi(b + x), np.sqrt(polygamma(1, a) + polygamma(1, b + x))
    logit = centre + spread * node
    weight = a * -np.logaddexp(0, -logit) - (b + x) * np.logaddexp(0, logit)
    weight = np.exp(weight - weight.max(axis=1, keepdims=True))
    stop = np.maximum(expit(logit), 1e-300)
    per_purchase = ahead / (alpha + age)
    bought = -np.expm1(-(r + x) * np.log1p(stop * per_purchase)) / stop
    return np.asarray((weight * bought).sum(axis=1) / weight.sum(axis=1))


def expected_of_new(values: Floats, ahead: float) -> float:
    """Expected purchases after the first of a new customer, equation (9)."""
    return float(expected_if_alive(values, np.zeros(1), np.zeros(1), ahead)[0])


def counts_of_new(values: Floats, ahead: Floats, most: int) -> Floats:
    """Chance of 0, 1, …, `most` purchases after the first within each time, (times, most + 1), equation (8)."""
    from scipy.special import betaln, gammaln

    r, alpha, a, b = values.tolist()
    n = np.arange(most + 1, dtype=np.float64)
    t = np.asarray(ahead, dtype=np.float64)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        power = np.where(n > 0, n * np.log(t / (alpha + t)), 0.0)
    poisson = np.exp(gammaln(r + n) - gammaln(r) - gammaln(n + 1) + r * np.log(alpha / (alpha + t)) + power)
    kept = np.exp(betaln(a, b + n) - betaln(a, b))
    stopped = np.where(n > 0, np.exp(betaln(a + 1, b + np.maximum(n, 1) - 1) - betaln(a, b)), 0.0)
    fewer = np.cumsum(poisson, axis=1) - poisson
    return np.asarray(kept * poisson + stopped * np.maximum(1 - fewer, 0.0))


def draw_purchases(values: Floats, histories: Histories, still: Floats, ahead: float, random: np.random.Generator) -> NDArray[np.int64]:
    """One draw of each customer's purchases in the next `ahead` of time, from their posterior. still: `alive` of each."""
    r, alpha, a, b = values.tolist()
    x = histories.x.astype(np.float64)
    buys = random.random(len(x)) < still
    rate = random.gamma(r + x) / (alpha + histories.age)
    stop = np.clip(random.beta(a, b + x), 1e-12, 1.0)
    return np.where(buys, np.minimum(random.poisson(rate * ahead), random.geometric(stop)), 0)


def simulate(values: Floats, age: Floats, random: np.random.Generator, most: int = 400) -> Histories:
    """Histories of new customers observed for `age` each, for recovery tests and planning."""
    r, alpha, a, b = values.tolist()
    n = len(age)
    rate, stop = random.gamma(r, 1 / alpha, n), random.beta(a, b, n)
    x, last, now = np.zeros(n, np.int64), np.zeros(n), np.zeros(n)
    active = np.ones(n, bool)
    for _ in range(most):
        now = now + random.exponential(1, n) / np.maximum(rate, 1e-300)
        bought = active & (now <= age)
        if not bought.any():
            break
        x[bought] += 1
        last[bought] = now[bought]
        active = bought & (random.random(n) >= stop)
    return Histories.of(x, last, age)
