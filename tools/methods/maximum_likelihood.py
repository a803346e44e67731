"""Maximum likelihood of a few positive parameters, with what the curvature says of how well they are known.

Parameters are searched as logarithms. L-BFGS with the analytic gradient finds the neighbourhood, Newton steps with a Hessian from central
differences of that gradient finish to rounding. Nocedal and Wright 2006, chapters 3 and 7.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.contract import NotEnoughData

Floats = NDArray[np.float64]
Likelihood = Callable[[Floats], tuple[float, Floats]]
"""Positive parameters to the log-likelihood per customer and its gradient by parameter."""

EDGE = 11.0  # |log| beyond which a parameter has run off: e^11 is 60 000 time units or customers
STEP = 1e-4  # of the central differences, in logarithms: error of the order of its square
NEWTON = 6
FLAT = 1e-9  # curvature below this share of the largest tells nothing of its direction
WEAK = 3.0  # standard error of a logarithm above which its parameter is hardly known
TINY = 1e-8


@dataclass(frozen=True, slots=True)
class Fit:
    """Parameters and the covariance of their logarithms. `weak`: some direction of the parameters is hardly told by the data."""

    names: tuple[str, ...]
    values: Floats
    covariance: Floats
    log_likelihood: float
    customers: float
    weak: bool
    at_edge: tuple[str, ...]

    def __getitem__(self, name: str) -> float:
        return float(self.values[self.names.index(name)])

    def interval(self, name: str, level: float) -> tuple[float, float]:
        """Interval of a parameter, normal in its logarithm."""
        place = self.names.index(name)
        reach = quantile(level) * float(np.sqrt(self.covariance[place, place]))
        return float(self.values[place] * np.exp(-min(reach, 50.0))), float(self.values[place] * np.exp(min(reach, 50.0)))

    def error_of(self, function: Callable[[Floats], Floats]) -> tuple[Floats, Floats]:
        """A function's values, and the standard errors of their logarithms by the delta method. Values must be positive."""
        centre = np.asarray(function(self.values), dtype=np.float64)
        slopes = np.empty((len(self.values), *centre.shape))
        with np.errstate(divide="ignore", invalid="ignore"):
            for place in range(len(self.values)):
                up, down = self.values.copy(), self.values.copy()
                up[place] *= np.exp(1e-3)
                down[place] *= np.exp(-1e-3)
                slopes[place] = (np.log(function(up)) - np.log(function(down))) / 2e-3
        slopes = np.where(np.isfinite(slopes), slopes, 0.0)
        variance = np.einsum("i...,ij,j...->...", slopes, self.covariance, slopes)
        return centre, np.sqrt(np.maximum(variance, 0.0))


def quantile(level: float) -> float:
    """Standard errors to either side that hold the middle `level` of a normal distribution."""
    from statistics import NormalDist

    return NormalDist().inv_cdf((1 + level) / 2)


def maximise(
    names: tuple[str, ...], likelihood: Likelihood, customers: float, starts: Sequence[Floats], *, scale: Floats | None = None
) -> Fit:
    """The best of the searches from `starts` (positive parameters). `scale`: factor that brings each parameter near one.

    Raises NotEnoughData when no search ends in a maximum.
    """
    from scipy.optimize import minimize

    factor = np.ones(len(names)) if scale is None else scale

    def downhill(logs: Floats) -> tuple[float, Floats]:
        values = np.exp(logs)
        height, slope = likelihood(values * factor)
        if not np.isfinite(height):
            return 1e10, np.zeros_like(logs)
        return -height, -slope * values * factor

    bounds = [(-EDGE, EDGE)] * len(names)
    options = {"maxiter": 300, "ftol": 1e-13, "gtol": 1e-7}
    found = [minimize(downhill, np.log(start / factor), jac=True, method="L-BFGS-B", bounds=bounds, options=options) for start in starts]
    best = min(found, key=lambda one: float(one.fun))
    if not np.isfinite(best.fun) or best.fun >= 1e9:
        raise NotEnoughData("the likelihood of these histories has no maximum that could be found: check that they are what they say")
    logs, lowest, information = _polish(downhill, np.asarray(best.x), float(best.fun))
    covariance, weak = _inverse(information * customers)
    edge = tuple(name for name, value in zip(names, logs, strict=True) if abs(value) > EDGE - 0.5)
    weak = weak or bool(edge) or bool((np.sqrt(np.diag(covariance)) > WEAK).any())
    return Fit(names, np.exp(logs) * factor, covariance, -lowest * customers, customers, weak, edge)


def _polish(downhill: Callable[[Floats], tuple[float, Floats]], logs: Floats, lowest: float) -> tuple[Floats, float, Floats]:
    """Newton's steps as long as they lead down; the place, its height and the Hessian there."""
    information = _hessian(downhill, logs)
    for _ in range(NEWTON):
        slope = downhill(logs)[1]
        curvature, directions = np.linalg.eigh(information)
        if curvature.max() <= 0 or np.abs(slope).max() < 1e-11:
            break
        step = directions @ ((directions.T @ slope) / np.maximum(curvature, curvature.max() * 1e-6))
        step *= min(1.0, 1.0 / max(float(np.abs(step).max()), TINY))
        moved = np.clip(logs - step, -EDGE, EDGE)
        height = downhill(moved)[0]
        if height > lowest + 1e-13:
            break
        logs, lowest = moved, min(height, lowest)
        if np.abs(step).max() < 1e-9:
            break
        if np.abs(step).max() > 1e-3:
            information = _hessian(downhill, logs)
    return logs, downhill(logs)[0], information


def _hessian(downhill: Callable[[Floats], tuple[float, Floats]], logs: Floats) -> Floats:
    rows = np.empty((len(logs), len(logs)))
    for place in range(len(logs)):
        move = np.zeros(len(logs))
        move[place] = STEP
        rows[place] = (downhill(logs + move)[1] - downhill(logs - move)[1]) / (2 * STEP)
    return (rows + rows.T) / 2


def _inverse(information: Floats) -> tuple[Floats, bool]:
    """Covariance from the information; a direction without curvature gets the widest doubt that still means something."""
    curvature, directions = np.linalg.eigh(information)
    floor = max(curvature.max() * FLAT, 1 / (2 * WEAK) ** 2)
    weak = bool((curvature < floor).any())
    return (directions / np.maximum(curvature, floor)) @ directions.T, weak
