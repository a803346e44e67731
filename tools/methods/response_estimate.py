"""Response curves with their uncertainty: a multi-start fit, a weak prior, and a block bootstrap around it, over several forms."""

from __future__ import annotations

from collections.abc import Sequence
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
    """The model, its best parameters and what they leave over. prior_sd: (P,), zeros without a prior; weight: of the prior, (P,)."""

    model: ResponseModel
    theta: Floats
    linear: Floats
    residuals: Floats
    residual_sd: float
    autocorrelation: float
    cost: float
    prior_mean: Floats
    prior_sd: Floats
    prior_weight: Floats


class Draws(NamedTuple):
    """D draws: form (D,); decay, half, slope, maximum (D, K); coefficients of the controls (D, c)."""

    form: NDArray[np.str_]
    decay: Floats
    half: Floats
    slope: Floats
    maximum: Floats
    controls: Floats


def estimate(model: ResponseModel, outcome: Floats, random: np.random.Generator, *, weak_prior: bool = True) -> Estimate:
    """The best fit of y (T,) from several starts; with a weak prior the penalty is in the unit of the noise found without one."""
    shapes, channels = model.shape_count, len(model.spend)
    mean, sd = np.tile(PRIOR_MEAN[:shapes], channels), np.tile(PRIOR_SD[:shapes], channels)
    starts = np.vstack([mean, mean + sd * random.standard_normal((STARTS - 1, len(mean)))])
    # With a prior this fit only gives the size of the noise and good starts: no need to polish it.
    free = _fit_all(model, outcome, starts, mean, np.full(len(mean), 1e-9 * outcome.var()), 1e-4 if weak_prior else 1e-9)
    best = _best(free)
    room = max(len(outcome) - best.theta.size - best.linear.size, 1)
    weight = best.residual_squares[0] / room / sd**2 if weak_prior else np.zeros(len(mean))
    if weak_prior:
        best = _best(_fit_all(model, outcome, np.vstack([free.theta, mean]), mean, weight, 1e-9))
    residuals = outcome - (best.linear @ model.design(model.responses(best.theta)[0])[0])[0]
    return Estimate(
        model=model,
        theta=best.theta[0],
        linear=best.linear[0],
        residuals=residuals,
        residual_sd=float(np.sqrt(best.residual_squares[0] / room)),
        autocorrelation=_lag_one(residuals, best.linear.size),
        cost=float(best.cost[0]),
        prior_mean=mean,
        prior_sd=sd if weak_prior else np.zeros(len(mean)),
        prior_weight=weight,
    )


def draw_around(done: Estimate, outcome: Floats, random: np.random.Generator, draws: int) -> Draws:
    """Draws around a fit.

    Each refits after adding block-resampled residuals to the outcome and moving the prior's centre by a draw from the prior: in the
    linear-Gaussian case these are exact draws of the posterior, and without a prior it is the residual block bootstrap.
    Sources: Künsch 1989; Bardsley et al. 2014, Randomize-then-optimize, SIAM J. Sci. Comput. 36(4).
    """
    model, channels = done.model, len(done.model.spend)
    # Blocks only where weeks hang together: on white noise they carry the fit's own negative correlation into the draws.
    length = None if done.autocorrelation > 2 / np.sqrt(len(outcome)) else 1
    noisy = outcome + residual_draws(random, done.residuals, draws, done.theta.size + done.linear.size, length)
    centres = done.prior_mean + done.prior_sd * random.standard_normal((draws, len(done.theta)))
    refitted = fit(model, noisy, np.repeat(done.theta[None], draws, axis=0), Prior(centres, done.prior_weight), tolerance=1e-6)
    decay, half, slope = model.unpack(refitted.theta)
    form = np.full(draws, model.form)
    return Draws(form, decay, half, slope, refitted.linear[:, :channels], refitted.linear[:, channels:])


def draw_over_forms(tried: Sequence[Estimate], outcome: Floats, random: np.random.Generator, draws: int) -> tuple[Estimate, Draws]:
    """The best of several forms with as many parameters each, and draws of each in proportion to its likelihood, shuffled.

    Weights exp(-Δcost / 2σ²): the data rarely tell concave forms apart, and draws of one alone would be too sure of themselves.
    Source: Burnham and Anderson 2002, Model selection and multimodel inference, section 2.9.
    """
    best = min(tried, key=lambda one: one.cost)
    variance = max(best.residual_sd**2, 1e-300)
    weights = np.exp([(best.cost - one.cost) / (2 * variance) for one in tried])
    counts = np.diff(np.round(draws * np.concatenate([[0.0], np.cumsum(weights) / weights.sum()])).astype(int))
    parts = [draw_around(one, outcome, random, int(count)) for one, count in zip(tried, counts, strict=True) if count]
    if not parts:
        return best, draw_around(best, outcome, random, 0)
    order = random.permutation(draws)
    return best, Draws(*(np.concatenate(part)[order] for part in zip(*parts, strict=True)))


def predict(done: Estimate, spend: Floats, controls: Floats) -> Floats:
    """Expected outcome (T,) along other spend (K, T) and controls (c, T), by the parameters of a fit."""
    # Half-saturation is stored relative to the fitted spend's scale, so it has to be read before the spend is exchanged.
    decay, half, slope = done.model.unpack(done.theta[None])
    model = replace(done.model, spend=spend, controls=controls)
    response, _ = model.responses(model.pack(decay, half, slope))
    return (done.linear @ model.design(response)[0]).astype(float)


def _fit_all(model: ResponseModel, outcome: Floats, starts: Floats, mean: Floats, weight: Floats, tolerance: float) -> Fit:
    outcomes = np.broadcast_to(outcome, (len(starts), len(outcome)))
    return fit(model, outcomes, starts, Prior(np.broadcast_to(mean, starts.shape), weight), tolerance=tolerance)


def _best(done: Fit) -> Fit:
    place = int(done.cost.argmin())
    return Fit(*(part[place : place + 1] for part in done))


def _lag_one(residuals: Floats, parameters: int) -> float:
    """Memory of the noise from one week to the next, never below zero.

    A fit takes the slow swings out of its residuals, which pulls their autocorrelation down by about parameters / T: that is put back, and
    what is then still negative would only make sums over weeks look surer than they are.
    """
    centred = residuals - residuals.mean()
    total = float(centred @ centred)
    raw = float(centred[1:] @ centred[:-1] / total) if total > 0 else 0.0
    return float(np.clip(raw + parameters / len(residuals), 0.0, 0.9))
