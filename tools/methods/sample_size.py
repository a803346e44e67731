"""How many units per arm a fixed-horizon comparison of two arms needs, and how many more when it may be read at any time.

Two-sided throughout: `alpha` is the chance of a false alarm, `power` of a hit at the stated effect. Standard library only.
"""

from __future__ import annotations

from collections.abc import Callable
from math import asin, log, sqrt
from statistics import NormalDist
from typing import Literal

ProportionMethod = Literal["pooled", "unpooled", "arcsine"]

_NORMAL = NormalDist()


def z(probability: float) -> float:
    """Quantile of the standard normal."""
    return _NORMAL.inv_cdf(probability)


def noncentrality(alpha: float, power: float) -> float:
    """Standard errors between no effect and the effect: a two-sided test rejects with this power, its far tail counted too."""
    a = z(1 - alpha / 2)
    low, high = 0.0, a + abs(z(power)) + 1
    for _ in range(200):
        middle = (low + high) / 2
        reached = _NORMAL.cdf(middle - a) + _NORMAL.cdf(-middle - a)
        low, high = (middle, high) if reached < power else (low, middle)
    return high


def for_proportions(p: float, q: float, alpha: float, power: float, method: ProportionMethod = "pooled") -> float:
    """Units per arm to tell rate q from rate p, not rounded.

    pooled: Fleiss, Levin and Paik (2003) equation 4.14 without continuity correction, as G*Power's z test computes it. unpooled: the two
    variances as they are. arcsine: Cohen (1988) effect size h, as statsmodels' NormalIndPower has it.
    """
    reach, a = noncentrality(alpha, power), z(1 - alpha / 2)
    if method == "arcsine":
        h = 2 * asin(sqrt(q)) - 2 * asin(sqrt(p))
        return 2 * (reach / h) ** 2
    spread = sqrt(p * (1 - p) + q * (1 - q))
    if method == "unpooled":
        return (reach * spread / (q - p)) ** 2
    middle = (p + q) / 2
    return ((a * sqrt(2 * middle * (1 - middle)) + (reach - a) * spread) / (q - p)) ** 2


def for_means(deviation: float, difference: float, alpha: float, power: float) -> float:
    """Units per arm to tell two means apart, with Guenther's (1981) allowance for an estimated deviation: within one of the t test's."""
    return 2 * (noncentrality(alpha, power) * deviation / difference) ** 2 + z(1 - alpha / 2) ** 2 / 4


def for_unequal_means(variance: float, other: float, difference: float, alpha: float, power: float) -> float:
    """Units per arm to tell two means apart whose units vary differently, as a changed price makes them."""
    return noncentrality(alpha, power) ** 2 * (variance + other) / difference**2 + z(1 - alpha / 2) ** 2 / 4


def for_counts(rate: float, other: float, dispersion: float, alpha: float, power: float) -> float:
    """Units per arm to tell two mean counts per unit apart; `dispersion` is variance over mean, one for Poisson counts."""
    return noncentrality(alpha, power) ** 2 * dispersion * (rate + other) / (other - rate) ** 2


def smallest_effect(units: float, needed: Callable[[float], float], largest: float) -> float | None:
    """The smallest effect in (0, largest] for which `needed(effect)` is at most `units`; None when even the largest needs more.

    `needed` falls as the effect grows. Bisection to one part in 10^12.
    """
    if units <= 0 or needed(largest) > units:
        return None
    low, high = largest * 1e-9, largest
    if needed(low) <= units:
        return low
    for _ in range(200):
        middle = sqrt(low * high)
        low, high = (low, middle) if needed(middle) <= units else (middle, high)
        if high / low < 1 + 1e-12:
            break
    return high


def sequence_tuning(alpha: float) -> float:
    """n times rho squared that makes an asymptotic confidence sequence narrowest at sample size n.

    Source: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, Time-uniform central limit theory and asymptotic confidence sequences,
    Annals of Statistics 2024, section 3.5: -W(-alpha^2 / e) - 1 on the branch below minus one.
    """
    y = 1 - 2 * log(alpha)
    for _ in range(200):
        y = 1 - 2 * log(alpha) + log(y)
    return y - 1


def sequence_boundary(share_of_plan: float, alpha: float) -> float:
    """How many standard errors the confidence sequence reaches at a share of the planned sample size that it is tuned for.

    Same source, theorem 2.2: sqrt(2 (t + 1) / t * log(sqrt(t + 1) / alpha)) with t = n rho^2.
    """
    t = sequence_tuning(alpha) * share_of_plan
    return sqrt(2 * (t + 1) / t * log(sqrt(t + 1) / alpha))


def anytime_inflation(alpha: float, power: float) -> float:
    """Sample size of a test that may be read at any time over that of one read once, for the same power at the end.

    An upper bound: a sequence that may stop early often does, so the expected number is smaller.
    """
    return ((sequence_boundary(1.0, alpha) + z(power)) / noncentrality(alpha, power)) ** 2
