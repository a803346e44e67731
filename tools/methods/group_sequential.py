"""A few planned looks, each spending a part of the error: Lan and DeMets (1983), Discrete sequential boundaries for clinical trials."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from math import e, log, sqrt
from typing import Literal

from scipy import special
from scipy.optimize import brentq

from tools.methods.stopping import WIDEST, advance, crossing, start

Spending = Literal["obrien_fleming", "pocock"]


def spent(share: float, alpha: float, spending: Spending) -> float:
    """Error spent, two-sided, when `share` of the planned sample is in: each side spends its half of alpha."""
    t = min(share, 1.0)
    if t <= 0:
        return 0.0
    if spending == "pocock":
        return alpha * log(1 + (e - 1) * t)
    return float(4 * special.ndtr(special.ndtri(alpha / 4) / sqrt(t)))


@lru_cache(maxsize=512)
def _boundaries(times: tuple[float, ...], alpha: float, spending: Spending) -> tuple[float, ...]:
    density, before, found = start(), 0.0, []
    for position, time in enumerate(times):
        share = spent(time, alpha, spending) - before
        before += share

        def excess(critical: float, density=density, time=time, share=share) -> float:
            up, down, _ = crossing(density, time, critical)
            return up + down - share

        found.append(WIDEST if excess(WIDEST) > 0 else float(brentq(excess, 0.1, WIDEST, xtol=1e-9)))
        if position < len(times) - 1:
            density = advance(density, time, found[-1])
    return tuple(found)


def boundaries(times: Sequence[float], alpha: float, spending: Spending) -> tuple[float, ...]:
    """Critical values at looks taken at these shares of the planned sample, rising. Two-sided and symmetric.

    A look beyond the plan spends nothing more: raises ValueError for times that do not rise or exceed one.
    """
    if not times or any(b <= a for a, b in pairwise((0.0, *times))) or times[-1] > 1:
        raise ValueError("looks must rise and end at the planned sample at the latest")
    return _boundaries(tuple(float(time) for time in times), alpha, spending)
