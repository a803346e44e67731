"""Response models fitted by variable projection: linear coefficients solved inside, decay and half-saturation searched outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tools.methods.adstock import geometric_adstock
from tools.methods.nonnegative import nonnegative_least_squares, solve_masked
from tools.methods.saturation import Form, saturate

Floats = NDArray[np.float64]
DECAY_LOGIT = (-6.0, 2.95)
"""Decay between 0.0025 and 0.95 per week: beyond it a channel cannot be told from the intercept."""
HALF_LOG = (-3.0, 3.0)
"""Half-saturation between 1/20 and 20 times the channel's mean spend in active weeks."""
SLOPE_LOG = (-0.7, 1.4)
"""Hill slope between 0.5 and 4."""


@dataclass(frozen=True)
class ResponseModel:
    """y[t] = sum over k of maximum_k * saturation(adstock_k[t] / half_k) + coefficients @ controls[:, t], maximum_k ≥ 0.

    spend: (K, T) money per week · controls: (c, T) added terms, c may be zero · levels: so many leading controls have coefficients ≥ 0,
    because an outcome without spend cannot be negative; the others may have either sign · ran_before: the channels had run at their first
    week's spend for long (adstock starts there) instead of starting in week 0.
    """

    spend: Floats
    form: Form
    controls: Floats
    levels: int = 0
    ran_before: bool = False

    @property
    def scale(self) -> Floats:
        """Mean spend of each channel's active weeks, (K,): the unit that half-saturation is searched in."""
        active = self.spend > 0
        return self.spend.sum(axis=1) / np.maximum(active.sum(axis=1), 1)

    @property
    def shape_count(self) -> int:
        """Nonlinear parameters per channel: decay, half-saturation, and the slope of a Hill curve."""
        return 3 if self.form == "hill" else 2

    @property
    def signed(self) -> NDArray[np.bool_]:
        """Which columns of the design may have either sign, (C,)."""
        return np.arange(len(self.spend) + len(self.controls)) >= len(self.spend) + self.levels

    def unpack(self, theta: Floats) -> tuple[Floats, Floats, Floats]:
        """Decay, half-saturation (money per week) and slope, each (B, K), from theta (B, K * shapes)."""
        shaped = theta.reshape(len(theta), self.spend.shape[0], self.shape_count)
        slope = np.exp(shaped[..., 2]) if self.form == "hill" else np.ones(shaped.shape[:2])
        return 1 / (1 + np.exp(-shaped[..., 0])), self.scale * np.exp(shaped[..., 1]), slope

    def pack(self, decay: Floats, half: Floats, slope: Floats) -> Floats:
        """The inverse of `unpack`."""
        parts = [np.log(decay / (1 - decay)), np.log(half / self.scale)] + ([np.log(slope)] if self.form == "hill" else [])
        return np.stack(parts, axis=-1).reshape(len(decay), -1)

    def bounds(self) -> tuple[Floats, Floats]:
        """Ends of theta's box, (P,) each."""
        box = np.array([DECAY_LOGIT, HALF_LOG, SLOPE_LOG][: self.shape_count])
        return tuple(np.tile(box[:, end], self.spend.shape[0]) for end in (0, 1))  # type: ignore[return-value]

    def responses(self, theta: Floats) -> tuple[Floats, Floats]:
        """Saturated adstock (B, K, T) and its derivatives by each of the channel's own parameters (B, K, shapes, T)."""
        decay, half, slope = self.unpack(theta)
        carried = geometric_adstock(self.spend, decay, self.spend[:, 0] if self.ran_before else 0.0)
        z = carried.value / half[..., None]
        saturation = saturate(self.form, z, slope[..., None])
        by = [saturation.by_z * carried.by_decay * (decay * (1 - decay) / half)[..., None], -saturation.by_z * z]
        if self.form == "hill":
            by.append(saturation.by_log_slope)
        return saturation.value, np.stack(by, axis=2)

    def design(self, response: Floats) -> Floats:
        """Columns of the linear part, (B, C, T): each channel's response, then the controls."""
        return np.concatenate([response, np.broadcast_to(self.controls, (len(response), *self.controls.shape))], axis=1)


class Prior(NamedTuple):
    """A Gaussian leaning of theta: means (B, P), and weights (P,) = residual variance / prior variance."""

    mean: Floats
    weight: Floats


class Fit(NamedTuple):
    """The optimum of each of B problems: theta (B, P), linear (B, C: channels, then controls), cost and sum of squares (B,)."""

    theta: Floats
    linear: Floats
    cost: Floats
    residual_squares: Floats


def fit(model: ResponseModel, outcome: Floats, start: Floats, prior: Prior, iterations: int = 60, tolerance: float = 1e-9) -> Fit:
    """Fit B problems at once: outcome (B, T), start (B, P) → the local optimum of each.

    Levenberg-Marquardt on the projected residual with Kaufman's Jacobian; the linear part by non-negative least squares at each step.
    Sources: Golub and Pereyra 1973; Kaufman 1975, A variable projection method for solving separable nonlinear least squares problems.
    """
    low, high = model.bounds()
    signed = model.signed
    theta = np.clip(start, low, high)
    now = _solve(model, outcome, theta, prior.mean, prior.weight, signed)
    damping = np.full(len(theta), 1e-2)
    best = [theta.copy(), now.linear.copy(), now.cost.copy(), now.squares.copy()]
    rows = np.arange(len(theta))
    for _ in range(iterations):
        step = _step(model, now, theta, prior.mean[rows], prior.weight, damping, low, high)
        trial = np.clip(theta + step, low, high)
        then = _solve(model, outcome[rows], trial, prior.mean[rows], prior.weight, signed)
        better = then.cost <= now.cost
        gained = (now.cost - then.cost) / np.maximum(now.cost, 1e-300)
        theta = np.where(better[:, None], trial, theta)
        now = _Solved(*(np.where(better.reshape(-1, *[1] * (new.ndim - 1)), new, old) for new, old in zip(then, now, strict=True)))
        damping = np.where(better, damping / 5, damping * 4)
        for kept, fresh in zip(best, (theta, now.linear, now.cost, now.squares), strict=True):
            kept[rows] = fresh
        still = ~((better & (gained < tolerance)) | (damping > 1e8))
        if not still.any():
            break
        rows, theta, damping = rows[still], theta[still], damping[still]
        now = now.rows(still)
    return Fit(*best)


class _Solved(NamedTuple):
    """A state of B problems: every part has the problems first."""

    linear: Floats
    used: NDArray[np.bool_]
    design: Floats
    gram: Floats
    by: Floats
    residual: Floats
    squares: Floats
    cost: Floats

    def rows(self, which: NDArray[np.bool_]) -> _Solved:
        """The state of some of the problems."""
        return _Solved(*[part[which] for part in self])  # type: ignore[arg-type]


def _solve(model: ResponseModel, outcome: Floats, theta: Floats, mean: Floats, weight: Floats, signed: NDArray[np.bool_]) -> _Solved:
    response, by = model.responses(theta)
    design = model.design(response)
    gram = design @ design.transpose(0, 2, 1)
    linear, used = nonnegative_least_squares(gram, (design @ outcome[:, :, None])[..., 0], signed)
    residual = outcome - (linear[:, None, :] @ design)[:, 0]
    squares = (residual * residual).sum(axis=1)
    return _Solved(linear, used, design, gram, by, residual, squares, squares + (weight * (theta - mean) ** 2).sum(axis=1))


def _step(
    model: ResponseModel, now: _Solved, theta: Floats, mean: Floats, weight: Floats, damping: Floats, low: Floats, high: Floats
) -> Floats:
    batch, channels, shapes, weeks = now.by.shape
    # How the fitted values move with each parameter, less what the linear part would take up.
    move = (now.by * now.linear[:, :channels, None, None]).reshape(batch, channels * shapes, weeks)
    taken = solve_masked(now.gram, now.design @ move.transpose(0, 2, 1), now.used)
    move = move - taken.transpose(0, 2, 1) @ now.design
    curvature = move @ move.transpose(0, 2, 1)
    slope = (move @ now.residual[:, :, None])[..., 0] - weight * (theta - mean)
    # A parameter at the edge of its box that would leave it is held there for this step.
    free = ~(((theta <= low) & (slope < 0)) | ((theta >= high) & (slope > 0)))
    diagonal = np.einsum("bii->bi", curvature) + weight
    floor = 1e-12 * diagonal.max(axis=1, keepdims=True) + 1e-300
    # Each parameter is its own unit, so damping must not lean on how small a flat one's curvature is.
    lift = damping[:, None] * np.maximum(diagonal, 1e-6 * diagonal.max(axis=1, keepdims=True)) + weight + floor
    matrix = curvature + lift[:, :, None] * np.eye(channels * shapes)
    return np.clip(solve_masked(matrix, slope, free, ridge=0.0), -2.0, 2.0)
