"""What moves a weekly outcome besides spend: level, trend and the season of the year."""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray

YEAR = 365.25


def controls(origin: date, first: int, weeks: int, *, trend_weeks: int | None, harmonics: int) -> NDArray[np.float64]:
    """Rows for the level, then sine and cosine of each yearly harmonic, (c, weeks), for `weeks` weeks from week `first` after origin.

    Level: one row of ones; with `trend_weeks` two rows, one falling from one to zero over those weeks and one rising, so that their
    coefficients are the level at the start and at the end, and neither can sensibly be below zero. Seasons are anchored to 1 January.
    Source of the Fourier terms: Taylor and Letham 2018, Forecasting at scale, section 3.2.
    """
    number = np.arange(first, first + weeks, dtype=float)
    day = (origin - date(origin.year, 1, 1)).days + 7 * number
    rows = [1 - number / trend_weeks, number / trend_weeks] if trend_weeks else [np.ones(weeks)]
    for harmonic in range(1, harmonics + 1):
        angle = 2 * np.pi * harmonic * day / YEAR
        rows += [np.sin(angle), np.cos(angle)]
    return np.stack(rows)
