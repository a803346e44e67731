"""BG/BB: buying at set occasions (a yearly appeal, a season, an event) without a contract.

At each occasion a customer who has not stopped buys with a chance that is beta(alpha, beta) over customers; before each they may stop,
with a chance that is beta(gamma, delta). Source: Fader, Hardie and Shang 2010, Marketing Science 29(6), equations 5, 7, 11 and 13.

Histories: x occasions bought at, of `age` occasions passed, the last at occasion number `last` (nought when x is).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tools.methods.histories import Histories
from tools.methods.maximum_likelihood import Fit, maximise

Floats = NDArray[np.float64]
NAMES = ("alpha", "beta", "gamma", "delta")
STARTS = ((1.0, 1.0, 1.0, 1.0), (1.0, 1.0, 0.5, 3.0), (0.5, 2.0, 1.0, 10.0))


def fit(histories: Histories) -> Fit:
    """Maximum likelihood of alpha, beta, gamma, delta."""
    return maximise(NAMES, Surface(histories), histories.customers, [np.array(start) for start in STARTS])


class Surface:
    """The log-likelihood per customer and its gradient."""

    def __init__(self, histories: Histories) -> None:
        self.histories, self.total = histories, histories.customers

    def __call__(self, values: Floats) -> tuple[float, Floats]:
        from scipy.special import psi

        a, b, c, d = values.tolist()
        x, n, weight = self.histories.x.astype(np.float64)[:, None], self.histories.age[:, None], self.histories.weight
        terms, until, stopped = _terms(values, self.histories)
        highest = terms.max(axis=1, keepdims=True)
        share = np.exp(terms - highest)
        whole = share.sum(axis=1, keepdims=True)
        share = share / whole
        height = float((highest[:, 0] + np.log(whole[:, 0])) @ weight)
        slope_a = (psi(a + x) - psi(a + b + until) - psi(a) + psi(a + b)) * share
        slope_b = (psi(b + until - x) - psi(a + b + until) - psi(b) + psi(a + b)) * share
        last_d = np.where(stopped, until, n)
        last_c = stopped.astype(np.float64)
        slope_c = (psi(c + last_c) - psi(c + d + last_d + last_c) - psi(c) + psi(c + d)) * share
        slope_d = (psi(d + last_d) - psi(c + d + last_d + last_c) - psi(d) + psi(c + d)) * share
        gradient = np.array([float(np.where(share > 0, one, 0.0).sum(axis=1) @ weight) for one in (slope_a, slope_b, slope_c, slope_d)])
        return height / self.total, gradient / self.total


def _terms(values: Floats, histories: Histories) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Log chance of the history with each moment of stopping, (rows, occasions + 1); the last column is not having stopped.

    Also the occasions at which the customer could still have bought, and where they stopped.
    """
    from scipy.special import betaln

    a, b, c, d = values.tolist()
    x, last, n = histories.x.astype(np.float64)[:, None], histories.last[:, None], histories.age[:, None]
    most = int(histories.age.max())
    after = np.arange(most + 1, dtype=np.float64)[None, :]
    possible = last + after < n
    until = np.where(possible, last + after, n)
    stopped = possible
    bought = betaln(a + x, b + until - x) - betaln(a, b)
    left = np.where(stopped, betaln(c + 1, d + until), betaln(c, d + n)) - betaln(c, d)
    terms = np.where(possible, bought + left, -np.inf)
    stay = betaln(a + x, b + n - x) - betaln(a, b) + betaln(c, d + n) - betaln(c, d)
    terms = np.concatenate([terms, stay], axis=1)
    return terms, np.concatenate([until, n], axis=1), np.concatenate([stopped, np.zeros_like(x, bool)], axis=1)


def alive(values: Floats, histories: Histories) -> Floats:
    """Probability that each customer has not stopped before the next occasion, equation (11)."""
    terms, _, _ = _terms(values, histories)
    _, _, c, d = values.tolist()
    highest = terms.max(axis=1, keepdims=True)
    share = np.exp(terms - highest)
    at_last = share[:, -1] / share.sum(axis=1)
    return np.asarray(at_last * (d + histories.age) / (c + d + histories.age))


def expected_if_alive(values: Floats, x: Floats, age: Floats, ahead: float) -> Floats:
    """Expected purchases at the next `ahead` occasions of a customer who has not stopped before the next one."""
    a, b, c, d = values.tolist()
    total, stay = np.zeros_like(np.asarray(age, dtype=np.float64)), np.ones_like(np.asarray(age, dtype=np.float64))
    for occasion in range(int(ahead)):
        total = total + stay
        stay = stay * (d + age + 1 + occasion) / (c + d + age + 1 + occasion)
    return np.asarray((a + x) / (a + b + age) * total)


def expected_of_new(values: Floats, ahead: float) -> float:
    """Expected purchases at the next `ahead` occasions of a new customer, equation (7)."""
    _, _, c, d = values.tolist()
    return float(expected_if_alive(values, np.zeros(1), np.zeros(1), ahead)[0]) * d / (c + d)


def counts_of_new(values: Floats, ahead: Floats, most: int) -> Floats:
    """Chance of 0, 1, …, `most` purchases at the next occasions, (times, most + 1)."""
    from scipy.special import betaln, gammaln

    a, b, c, d = values.tolist()
    n = np.arange(most + 1, dtype=np.float64)
    rows = []
    for t in np.asarray(ahead, dtype=np.float64):
        chance = np.zeros(most + 1)
        for alive_for in range(int(t) + 1):
            stop = betaln(c, d + t) - betaln(c, d) if alive_for == int(t) else betaln(c + 1, d + alive_for) - betaln(c, d)
            fits = n <= alive_for
            k = np.where(fits, n, 0)
            ways = gammaln(alive_for + 1) - gammaln(k + 1) - gammaln(alive_for - k + 1)
            chance += np.where(fits, np.exp(stop + ways + betaln(a + k, b + alive_for - k) - betaln(a, b)), 0.0)
        rows.append(chance)
    return np.array(rows)


def draw_purchases(values: Floats, histories: Histories, still: Floats, ahead: float, random: np.random.Generator) -> NDArray[np.int64]:
    """One draw of each customer's purchases at the next `ahead` occasions, from their posterior. still: `alive` of each."""
    a, b, c, d = values.tolist()
    x, n = histories.x.astype(np.float64), histories.age
    buys = random.random(len(x)) < still
    buy = random.beta(a + x, b + n - x)
    stop = np.clip(random.beta(c, d + n + 1), 1e-12, 1.0)
    occasions = np.minimum(random.geometric(stop), int(ahead))
    return np.where(buys, random.binomial(occasions, buy), 0)
