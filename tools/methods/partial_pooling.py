"""Effects of several groups, each moved toward the mean of all by as much as its own is uncertain.

Between-group variance by DerSimonian and Laird 1986 (Controlled Clinical Trials 7); the moved effects and their errors are those of the
normal hierarchical model (Efron and Morris 1975). The best of many raw effects is too good by
selection; the best of moved ones is not, on average.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pooled:
    """The mean of all with its error, the spread between groups, and each group's effect moved toward the mean, with its error."""

    mean: float
    mean_error: float
    between: float
    effects: Floats
    errors: Floats


def pool(effects: Floats, errors: Floats) -> Pooled:
    """effects and errors: one per group, errors above zero."""
    weight = 1 / errors**2
    mean = float(weight @ effects / weight.sum())
    spread = float(weight @ (effects - mean) ** 2)
    free = len(effects) - 1
    scale = float(weight.sum() - (weight**2).sum() / weight.sum())
    between = max(0.0, (spread - free) / scale) if scale > 0 else 0.0
    wide = 1 / (errors**2 + between)
    mean, mean_error = float(wide @ effects / wide.sum()), float(1 / np.sqrt(wide.sum()))
    own = between / (between + errors**2)
    # the mean is itself estimated: its error weighs in for what a group takes from it
    error = np.sqrt(own * errors**2 + (1 - own) ** 2 * mean_error**2)
    return Pooled(mean, mean_error, float(np.sqrt(between)), own * effects + (1 - own) * mean, error)
