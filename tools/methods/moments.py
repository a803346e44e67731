"""What is left of a measure once its rows are summed: units, means and covariances, checked for what no rows could have given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, sqrt

# Float sums of many rows lose digits: a variance may come out this share of the squares below nothing before it is impossible.
ROUNDING = 1e-9


class ImpossibleSums(ValueError):
    """No set of numbers has these sums. `field` names the sum at fault."""

    def __init__(self, message: str, field: str):
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Moments:
    """Units, the mean of each variable per unit, and their covariances (divisor n - 1), both in the order of the variables."""

    n: int
    means: tuple[float, ...]
    covariances: tuple[tuple[float, ...], ...]

    @classmethod
    def from_sums(cls, n: int, sums: Sequence[float], products: Mapping[tuple[int, int], float], names: Sequence[str] = ()) -> Moments:
        """From n, the sum of each variable, and the sums of products of each pair i <= j.

        Whole-number sums are worked out exactly before they become floats. Raises ImpossibleSums.
        """
        called = tuple(names) or tuple(f"variable {i}" for i in range(len(sums)))
        if n < 2:
            raise ImpossibleSums(f"a variance needs two units or more, this arm has {n}", "n")
        for value, name in [*zip(sums, called, strict=True), *((v, called[j]) for (_, j), v in products.items())]:
            if not isfinite(value):
                raise ImpossibleSums(f"the sums of {name} are not finite numbers", name)
        size = len(sums)
        table = [[0.0] * size for _ in range(size)]
        for (i, j), product in products.items():
            scaled = n * product - sums[i] * sums[j]
            if i == j and scaled < 0:
                if scaled < -ROUNDING * n * abs(product) or product < 0:
                    raise ImpossibleSums(
                        f"the squared sum of {called[i]} exceeds n times its sum of squares: no values have these sums", called[i]
                    )
                scaled = 0.0
            table[i][j] = table[j][i] = scaled / n / (n - 1)
        for i in range(size):
            for j in range(i):
                most = sqrt(table[i][i] * table[j][j])
                if abs(table[i][j]) > most * (1 + 1e-6) + ROUNDING * abs(sums[i] * sums[j]) / n:
                    raise ImpossibleSums(
                        f"{called[j]} and {called[i]} cannot vary together more than each alone: their sum of products is wrong", called[i]
                    )
        return cls(n, tuple(total / n for total in sums), tuple(map(tuple, table)))

    def combine(self, gradient: Sequence[float], other: Sequence[float] | None = None) -> float:
        """Covariance of two linear combinations of the variables; the variance of one when only one is given."""
        right = gradient if other is None else other
        return sum(a * b * self.covariances[i][j] for i, a in enumerate(gradient) if a for j, b in enumerate(right) if b)


def strata_combined(parts: Sequence[tuple[float, float, float]]) -> tuple[float, float]:
    """Post-stratified mean and its variance from (share of the stratum, mean, variance of the mean) of each stratum.

    Source: Cochran, Sampling Techniques (1977), section 5A.9, with the shares taken as known (those of all arms together).
    """
    return sum(w * mean for w, mean, _ in parts), sum(w * w * variance for w, _, variance in parts)
