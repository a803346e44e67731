"""Response curves with their uncertainty: a multi-start fit, a weak prior, and a block bootstrap around it."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tools.methods.bootstrap import residual_draws
from tools.methods.variable_projection import Fit, Prior, ResponseModel, fit

Floats = NDArray[np.float64]
PRIOR_MEAN = (-0.85, 0.0, 0.0)
PRIOR_SD = (1.5, 1.0, 0.5)
"""Decay about 0.3 (95%: 0.02 to 0.89); half-saturation about the mean spend of an active week (95%: a seventh to seven times);
Hill slope about one (95%: 0.4 to 2.7). Wide enough for data to overrule, so that a flat likelihood does not run to the edge of its box."""
STARTS = 16


class Estimate(NamedTuple):
    """The model, its best parameters, the draws around them, and the noise."""

    model: ResponseModel
    theta: Floats
    linear: Floats
    draws_theta: Floats
    draws_linear: Floats
    residuals: Floats
    residual_sd: float
    autocorrelation: float
    cost: float

    @property
    def parameters(self) -> int:
        """How many numbers were fitted."""
        return self.theta.size + self.linear.size


def estimate(model: ResponseModel, outcome: Floats, random: np.random.Generator, *, draws: int = 0, weak_prior: bool = True) -> Estimate:
    """Fit y (T,) and draw around it.

    Each draw refits after adding block-resampled residuals to the outcome and moving the prior's centre by a draw from the prior: in the
    linear-Gaussian case these are exact draws of the posterior, and without a prior it is the residual block bootstrap.
    Sources: Künsch 1989; Bardsley et al. 2014, Randomize-then-optimize, SIAM J. Sci. Comput. 36(4).
    """
    shapes, channels = model.shape_count, len(model.spend)
    mean, sd = np.tile(PRIOR_MEAN[:shapes], channels), np.tile(PRIOR_SD[:shapes], channels)
    starts = np.vstack([mean, mean + sd * random.standard_normal((STARTS - 1, len(mean)))])
    free = _fit_all(model, outcome, starts, mean, np.full(len(mean), 1e-9 * outcome.var()))
    best = _best(free)
    room = max(len(outcome) - best.theta.size - best.linear.size, 1)
    weight = best.residual_squares[0] / room / sd**2 if weak_prior else np.zeros(len(mean))
    if weak_prior:
        best = _best(_fit_all(model, outcome, np.vstack([free.theta, mean]), mean, weight))
    residuals = outcome - (best.linear @ model.design(model.responses(best.theta)[0])[0])[0]
    room = max(len(outcome) - best.theta.size - best.linear.size, 1)
    drawn = _draw(model, outcome, residuals, best, mean, sd if weak_prior else np.zeros(len(mean)), weight, random, draws)
    return Estimate(
        model=model,
        theta=best.theta[0],
        linear=best.linear[0],
        draws_theta=drawn.theta,
        draws_linear=drawn.linear,
        residuals=residuals,
        residual_sd=float(np.sqrt(best.residual_squares[0] / room)),
        autocorrelation=_lag_one(residuals),
        cost=float(best.cost[0]),
    )


def predict(done: Estimate, spend: Floats, controls: Floats) -> Floats:
    """Expected outcome (T,) along other spend (K, T) and controls (c, T), by the parameters of a fit."""
    # Half-saturation is stored relative to the fitted spend's scale, so it has to be read before the spend is exchanged.
    decay, half, slope = done.model.unpack(done.theta[None])
    model = replace(done.model, spend=spend, controls=controls)
    response, _ = model.responses(model.pack(decay, half, slope))
    return (done.linear @ model.design(response)[0]).astype(float)


def _draw(
    model: ResponseModel, outcome: Floats, residuals: Floats, best: Fit, mean: Floats, sd: Floats, weight: Floats,
    random: np.random.Generator, draws: int,
) -> Fit:  # fmt: skip
    if not draws:
        empty = np.empty((0,))
        return Fit(np.empty((0, best.theta.size)), np.empty((0, best.linear.size)), empty, empty)
    noisy = outcome + residual_draws(random, residuals, draws, best.theta.size + best.linear.size)
    centres = mean + sd * random.standard_normal((draws, len(mean)))
    return fit(model, noisy, np.repeat(best.theta, draws, axis=0), Prior(centres, weight), tolerance=1e-6)


def _fit_all(model: ResponseModel, outcome: Floats, starts: Floats, mean: Floats, weight: Floats) -> Fit:
    batch = len(starts)
    return fit(model, np.broadcast_to(outcome, (batch, len(outcome))), starts, Prior(np.broadcast_to(mean, starts.shape), weight))


def _best(done: Fit) -> Fit:
    place = int(done.cost.argmin())
    return Fit(*(part[place : place + 1] for part in done))


def _lag_one(residuals: Floats) -> float:
    centred = residuals - residuals.mean()
    total = float(centred @ centred)
    return float(np.clip(centred[1:] @ centred[:-1] / total, -0.5, 0.9)) if total > 0 else 0.0
