"""Week-to-week noise that a forecast has to carry besides the doubt about its parameters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def autoregressive_noise(random: np.random.Generator, paths: int, weeks: int, sd: float, autocorrelation: float) -> Floats:
    """Stationary AR(1) noise, (paths, weeks), with this standard deviation in each week (Hamilton 1994, eq. 3.4.1 to 3.4.5)."""
    shocks = random.standard_normal((paths, weeks))
    noise = np.empty((paths, weeks))
    last, fresh = np.zeros(paths), 1.0
    for week in range(weeks):
        last = autocorrelation * last + fresh * shocks[:, week]
        noise[:, week] = last
        fresh = np.sqrt(1 - autocorrelation**2)
    return sd * noise
