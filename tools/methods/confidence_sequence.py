"""Intervals and p-values that hold at every look at once, however often and for whatever reason somebody looks.

Source: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2021), Time-uniform central limit theory and asymptotic confidence sequences,
theorem 2.2 (the normal mixture) and its appendix on tuning. The two arms count as one sample of n units; `errors` are standard errors.
"""

from __future__ import annotations

from functools import lru_cache
from math import exp, log, sqrt
from typing import Literal

Tuning = Literal["approximate", "exact"]


@lru_cache(maxsize=256)
def tuning_constant(alpha: float, tuning: Tuning = "approximate") -> float:
    """n times rho squared at the sample size for which the sequence is narrowest.

    exact: -W(-alpha^2 / e) - 1 on the branch below minus one; approximate: the first step towards it, -2 log alpha + log(1 - 2 log alpha),
    as the paper and GrowthBook use it. The width at the planned size differs by less than a thousandth.
    """
    start = -2 * log(alpha)
    if tuning == "approximate":
        return start + log(1 + start)
    y = 1 + start
    for _ in range(200):
        y = 1 + start + log(y)
    return y - 1


def intrinsic_time(n: float, planned: float, alpha: float, tuning: Tuning = "approximate") -> float:
    """n rho^2 with rho tuned for `planned` units."""
    return n / planned * tuning_constant(alpha, tuning)


def boundary(n: float, planned: float, alpha: float, tuning: Tuning = "approximate") -> float:
    """How many standard errors the sequence reaches at n units."""
    t = intrinsic_time(n, planned, alpha, tuning)
    return sqrt(2 * (t + 1) / t * log(sqrt(t + 1) / alpha))


def log_e_value(errors: float, n: float, planned: float, alpha: float, tuning: Tuning = "approximate") -> float:
    """Logarithm of the e-value against no effect, of an estimate so many standard errors from it."""
    t = intrinsic_time(n, planned, alpha, tuning)
    return t / (t + 1) * errors * errors / 2 - log(t + 1) / 2


def p_value(errors: float, n: float, planned: float, alpha: float, tuning: Tuning = "approximate") -> float:
    """A p-value that may be read at any look: one over the e-value, at most one."""
    return min(1.0, exp(-log_e_value(errors, n, planned, alpha, tuning)))
