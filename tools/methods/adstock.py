"""Geometric adstock: how the effect of spend carries over into the weeks that follow."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Adstock(NamedTuple):
    """Carried-over spend and its slope by decay, both in the shape that was asked for."""

    value: Floats
    by_decay: Floats


def geometric_adstock(spend: Floats, decay: Floats, before: Floats | float = 0.0) -> Adstock:
    """Normalised geometric adstock, `a[t] = decay * a[t-1] + (1 - decay) * spend[t]`, with its derivative by decay.

    Normalised: the weights `(1 - decay) * decay**lag` sum to one, so a steady weekly spend s has adstock s and half-saturation reads in
    spend per week. (The unnormalised form is the same curve with half-saturation divided by 1 - decay.)

    spend: (..., T) money per week · decay: (...) in [0, 1), broadcast against spend without its last axis · before: adstock before week 0.
    Source: Jin et al. 2017, Bayesian Methods for Media Mix Modeling with Carryover and Shape Effects, eq. 1, with infinite lag.
    """
    spend = np.asarray(spend, dtype=float)
    decay = np.asarray(decay, dtype=float)
    shape = np.broadcast_shapes(spend.shape[:-1], decay.shape)
    weeks = spend.shape[-1]
    value, slope = np.empty((weeks, *shape)), np.empty((weeks, *shape))
    carried, carried_slope = np.broadcast_to(np.asarray(before, dtype=float), shape), np.zeros(shape)
    for week in range(weeks):
        now = spend[..., week]
        carried_slope = carried - now + decay * carried_slope
        carried = now + decay * (carried - now)
        value[week], slope[week] = carried, carried_slope
    return Adstock(np.moveaxis(value, 0, -1), np.moveaxis(slope, 0, -1))
