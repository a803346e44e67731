"""Comparisons that are read once: Welch's test, the z test of two shares, and exact ones where counts are small."""

from __future__ import annotations

from math import sqrt

from scipy import special

SMALL = 5  # Cochran (1954): the normal approximation wants five expected in every cell


def t_quantile(level: float, degrees: float) -> float:
    """How many standard errors a two-sided interval reaches."""
    return float(special.stdtrit(degrees, (1 + level) / 2)) if degrees < 1e6 else float(special.ndtri((1 + level) / 2))


def t_p_value(errors: float, degrees: float) -> float:
    """Two-sided p-value of an estimate so many standard errors from nothing."""
    tail = special.stdtr(degrees, -abs(errors)) if degrees < 1e6 else special.ndtr(-abs(errors))
    return float(2 * tail)


def z_of_shares(a: tuple[int, int], b: tuple[int, int]) -> float:
    """Pooled z of two (conversions, units), b minus a. Zero when nobody or everybody converted."""
    pooled = (a[0] + b[0]) / (a[1] + b[1])
    error = sqrt(pooled * (1 - pooled) * (1 / a[1] + 1 / b[1]))
    return (b[0] / b[1] - a[0] / a[1]) / error if error > 0 else 0.0


def z_p_value(z: float) -> float:
    """Two-sided p-value of a standard normal."""
    return float(2 * special.ndtr(-abs(z)))


def is_small(a: tuple[int, int], b: tuple[int, int]) -> bool:
    """Whether any cell expects fewer than five when the rates are equal."""
    pooled = (a[0] + b[0]) / (a[1] + b[1])
    return min(pooled, 1 - pooled) * min(a[1], b[1]) < SMALL


def fisher_p_value(a: tuple[int, int], b: tuple[int, int]) -> float:
    """Fisher's exact test, two-sided: all tables with these margins that are no more likely than this one."""
    import numpy as np

    converted, units = a[0] + b[0], a[1] + b[1]
    low, high = max(0, converted - b[1]), min(converted, a[1])
    x = np.arange(low, high + 1)
    log_p = (
        special.gammaln(a[1] + 1) - special.gammaln(x + 1) - special.gammaln(a[1] - x + 1)
        + special.gammaln(b[1] + 1) - special.gammaln(converted - x + 1) - special.gammaln(b[1] - converted + x + 1)
        - (special.gammaln(units + 1) - special.gammaln(converted + 1) - special.gammaln(units - converted + 1))
    )  # fmt: skip
    here = log_p[a[0] - low]
    return float(min(1.0, np.exp(log_p[log_p <= here + 1e-7]).sum()))


def wilson(conversions: int, units: int, critical: float) -> tuple[float, float]:
    """Wilson's (1927) interval of a share; `critical` is the standard normal quantile of the level."""
    rate, squared = conversions / units, critical**2
    middle = (rate + squared / (2 * units)) / (1 + squared / units)
    half = critical * sqrt(rate * (1 - rate) / units + squared / (4 * units**2)) / (1 + squared / units)
    return max(0.0, middle - half), min(1.0, middle + half)


def newcombe(a: tuple[int, int], b: tuple[int, int], critical: float) -> tuple[float, float]:
    """Interval of the difference of two shares, b minus a, from their Wilson intervals: Newcombe (1998), method 10. Keeps within -1..1."""
    (la, ua), (lb, ub) = wilson(*a, critical), wilson(*b, critical)
    pa, pb = a[0] / a[1], b[0] / b[1]
    return pb - pa - sqrt((pb - lb) ** 2 + (ua - pa) ** 2), pb - pa + sqrt((ub - pb) ** 2 + (pa - la) ** 2)


def rate_ratio_interval(a: tuple[int, int], b: tuple[int, int], critical: float) -> tuple[float, float]:
    """Interval of b's rate over a's on the log scale, half a conversion added: Walter (1975). For small counts."""
    from math import exp, log

    (x, m), (y, n) = ((a[0] + 0.5, a[1] + 0.5), (b[0] + 0.5, b[1] + 0.5))
    middle, error = log(y / n) - log(x / m), sqrt(max(1 / x - 1 / m + 1 / y - 1 / n, 0.0))
    return exp(middle - critical * error), exp(middle + critical * error)
