"""Whether units went to the arms in the planned shares: at a fixed size, or at every look."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, lgamma, log

from scipy import special

CONCENTRATION = 10_000.0
"""Weight of the planned shares in the alternative. As in the authors' own code: departures of about a percent are found soonest."""


def chi_squared_p_value(counts: Sequence[int], shares: Sequence[float]) -> float:
    """Pearson's test of the counts against the planned shares, for a count that is taken once."""
    total, whole = sum(counts), sum(shares)
    statistic = sum((n - total * w / whole) ** 2 / (total * w / whole) for n, w in zip(counts, shares, strict=True))
    return float(special.chdtrc(len(counts) - 1, statistic))


def log_bayes_factor(counts: Sequence[int], shares: Sequence[float], concentration: float = CONCENTRATION) -> float:
    """Logarithm of the evidence that the shares are not as planned: Dirichlet-multinomial over multinomial.

    Source: Lindon and Malek (2022), Anytime-valid inference for multinomial count data, equation 6: a martingale under the planned shares.
    """
    whole, total = sum(shares), sum(counts)
    found = lgamma(concentration) - lgamma(concentration + total)
    for n, w in zip(counts, shares, strict=True):
        share = w / whole
        found += lgamma(concentration * share + n) - lgamma(concentration * share) - n * log(share)
    return found


def sequential_p_value(counts: Sequence[int], shares: Sequence[float], concentration: float = CONCENTRATION) -> float:
    """A p-value that may be read at any look."""
    return min(1.0, exp(-log_bayes_factor(counts, shares, concentration)))
