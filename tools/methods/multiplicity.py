"""Several questions asked of one experiment: p-values adjusted so that all of them together hold, and the same for e-values."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's (1979) adjusted p-values: below alpha with probability alpha at most for any true null among them."""
    count, running = len(p_values), 0.0
    adjusted = [0.0] * count
    for rank, index in enumerate(sorted(range(count), key=p_values.__getitem__)):
        running = max(running, min(1.0, (count - rank) * p_values[index]))
        adjusted[index] = running
    return adjusted


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Benjamini and Hochberg's (1995) adjusted p-values: the false discovery rate at which each would be reported."""
    count, running = len(p_values), 1.0
    adjusted = [1.0] * count
    for rank, index in reversed(list(enumerate(sorted(range(count), key=p_values.__getitem__), 1))):
        running = min(running, p_values[index] * count / rank)
        adjusted[index] = running
    return adjusted


def e_holm(log_e_values: Sequence[float], log_one_over_alpha: float) -> list[bool]:
    """Which nulls fall to their e-values with the family-wise error held at any look: Vovk and Wang (2021), Holm's steps on 1/e."""
    from math import exp

    alpha = exp(-log_one_over_alpha)
    return [p <= alpha for p in holm([min(1.0, exp(-value)) for value in log_e_values])]


def e_benjamini_hochberg(log_e_values: Sequence[float]) -> list[float]:
    """False discovery rate at which each null would fall, under any dependence and at any look: Wang and Ramdas (2022), e-BH."""
    from math import exp

    return benjamini_hochberg([min(1.0, exp(-value)) for value in log_e_values])
