"""What a test that stops at a boundary does: how often it crosses, when, and what its estimate is worth when it does.

The test statistic at information share t is Brownian motion with drift; the density over the values that have not crossed is carried from
look to look by numerical integration. Source: Armitage, McPherson and Rowe (1969), Repeated significance tests on accumulating data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]
NODES = 192  # Gauss-Legendre nodes over the continuation region: crossing probabilities hold to about 1e-6 for up to 120 looks
WIDEST = 8.0  # standard errors beyond which a boundary is never met


@lru_cache(maxsize=1)
def _legendre() -> tuple[Floats, Floats]:
    return np.polynomial.legendre.leggauss(NODES)


@dataclass(frozen=True, slots=True)
class Density:
    """The values not yet stopped: nodes, and weight times density at each."""

    at: Floats
    mass: Floats
    time: float


def start() -> Density:
    """Before the first look."""
    return Density(np.zeros(1), np.ones(1), 0.0)


def advance(density: Density, time: float, critical: float, drift: float = 0.0) -> Density:
    """To the next look, keeping what stays within `critical` standard errors. Values stand on the scale of the Brownian motion."""
    step, edge = time - density.time, min(critical, WIDEST + abs(drift)) * np.sqrt(time)
    nodes, weights = _legendre()
    here = nodes * edge
    low, high = density.at.min() - 9 * np.sqrt(step) + drift * step, density.at.max() + 9 * np.sqrt(step) + drift * step
    if low > -edge or high < edge:  # the mass lies well inside: put the nodes where it is
        bottom, top = max(low, -edge), min(high, edge)
        here, scale = (top + bottom) / 2 + nodes * (top - bottom) / 2, (top - bottom) / 2
    else:
        scale = edge
    gap = (here[:, None] - density.at[None, :] - drift * step) / np.sqrt(step)
    moved = np.exp(-0.5 * gap * gap) @ density.mass / np.sqrt(2 * np.pi * step)
    return Density(here, moved * weights * scale, time)


def crossing(density: Density, time: float, critical: float, drift: float = 0.0) -> tuple[float, float, float]:
    """Chance to be above, chance to be below at the next look, and the mean of the estimate (value over time) over those above, summed."""
    step, edge = time - density.time, critical * np.sqrt(time)
    middle, root = density.at + drift * step, np.sqrt(step)
    up = (edge - middle) / root
    above = special.ndtr(-up)
    below = special.ndtr((-edge - middle) / root)
    worth = middle * above + root * np.exp(-0.5 * up * up) / np.sqrt(2 * np.pi)
    return float(density.mass @ above), float(density.mass @ below), float(density.mass @ worth) / time


@dataclass(frozen=True, slots=True)
class Course:
    """A test's course under one drift. Shares of all runs; `exaggeration` is the mean estimate of upper stops over the true effect."""

    above: tuple[float, ...]
    below: tuple[float, ...]
    exaggeration: float | None
    expected_share: float

    @property
    def power(self) -> float:
        """Chance to stop above."""
        return sum(self.above)

    @property
    def error(self) -> float:
        """Chance to stop at all."""
        return sum(self.above) + sum(self.below)


def course(times: Sequence[float], criticals: Sequence[float], drift: float = 0.0) -> Course:
    """Looks at `times` (shares of the planned sample, rising), each with its critical value; `drift` is the standardised effect at 1."""
    density, above, below, worth, spent = start(), [], [], 0.0, 0.0
    for position, (time, critical) in enumerate(zip(times, criticals, strict=True)):
        up, down, value = crossing(density, time, critical, drift)
        above.append(up)
        below.append(down)
        worth += value
        spent += (up + down) * time
        if position < len(times) - 1:
            density = advance(density, time, critical, drift)
    total = sum(above)
    exaggeration = worth / total / drift if drift > 0 and total > 1e-9 else None
    return Course(tuple(above), tuple(below), exaggeration, spent + (1 - total - sum(below)) * times[-1])


def drift_for_power(times: Sequence[float], criticals: Sequence[float], power: float) -> float:
    """The standardised effect at the planned end that the test finds with this power."""
    from scipy.optimize import brentq

    last = criticals[-1]
    return float(brentq(lambda drift: course(times, criticals, drift).power - power, 0.05, last + 4, xtol=1e-5))
