"""Saturation: how the effect of one more unit of spend falls. Every form is written by its half-saturation, so forms compare."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Form = Literal["logistic", "michaelis_menten", "hill"]
FORMS: tuple[Form, ...] = ("logistic", "michaelis_menten", "hill")
HALF_LOGISTIC = float(np.log(3.0))
"""A logistic saturation (1 - exp(-lam x)) / (1 + exp(-lam x)) is one half at lam x = log 3: half_saturation = log 3 / lam."""


class Saturation(NamedTuple):
    """Share of the maximum in 0..1, and its slopes by relative spend z = spend / half-saturation and by log slope."""

    value: Floats
    by_z: Floats
    by_log_slope: Floats


def saturate(form: Form, z: Floats, slope: Floats | float = 1.0) -> Saturation:
    """The share of a channel's maximum that relative adstock `z = adstock / half_saturation` reaches; one half at z = 1 in every form.

    logistic: tanh(z log(3) / 2), concave · michaelis_menten: z / (1 + z), concave · hill: z**slope / (1 + z**slope), S-shaped for
    slope > 1.
    Sources: PyMC-Marketing `logistic_saturation` (the first); Jin et al. 2017, eq. 3 (the third; slope 1 is the second).
    """
    z = np.maximum(z, 0.0)
    if form == "logistic":
        value = np.tanh(z * (HALF_LOGISTIC / 2))
        return Saturation(value, (HALF_LOGISTIC / 2) * (1 - value * value), np.zeros(()))
    if form == "michaelis_menten":
        rest = 1 / (1 + z)
        return Saturation(z * rest, rest * rest, np.zeros(()))
    with np.errstate(divide="ignore", invalid="ignore"):
        log_z = np.log(z)
        value = np.where(z > 0, 1 / (1 + np.exp(np.minimum(-slope * log_z, 700.0))), 0.0)
        spread = value * (1 - value) * slope
        # Below slope one the curve is infinitely steep at zero: take the steepness a hair above it.
        by_z = np.where(z > 1e-9, spread / np.maximum(z, 1e-9), np.where(np.asarray(slope) > 1, 0.0, 1.0))
        by_log_slope = np.where(z > 0, spread * np.where(z > 0, log_z, 0.0), 0.0)
    return Saturation(value, by_z, by_log_slope)
