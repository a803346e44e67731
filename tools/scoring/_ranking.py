"""How well scores put the positives first: the area under the curve with its interval, and two scorings of the same rows compared.

DeLong, DeLong, Clarke-Pearson 1988, by ranks as in Sun, Xu 2014.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Z = 1.959963984540054  # of a two-sided 95% interval


class Area(NamedTuple):
    """An area under the ROC curve with its standard error and 95% interval, cut at 0 and 1."""

    value: float
    error: float
    low: float
    high: float


def auc_of(scores: Floats, positive: NDArray[np.bool_]) -> Area:
    """The area for one scoring; ties count half."""
    value, of_positive, of_negative = _placements(scores, positive)
    error = float(np.sqrt(_variance(of_positive) + _variance(of_negative)))
    if error == 0.0:  # all ranked right, or wrong: the rule of three for the worse of the two counts
        error = 1.0 / min(len(of_positive), len(of_negative))
    return Area(value, error, max(0.0, value - Z * error), min(1.0, value + Z * error))


def difference(first: Floats, second: Floats, positive: NDArray[np.bool_]) -> Area:
    """The first scoring's area less the second's, on the same rows."""
    one, p1, n1 = _placements(first, positive)
    other, p2, n2 = _placements(second, positive)
    error = float(np.sqrt(_variance(p1 - p2) + _variance(n1 - n2)))
    gap = one - other
    return Area(gap, error, gap - Z * error, gap + Z * error)


def average_precision(scores: Floats, positive: NDArray[np.bool_]) -> float:
    """The area under precision and recall, by steps: precision at each positive, ties taken together."""
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order], np.cumsum(positive[order])
    ends = np.append(np.nonzero(np.diff(ranked))[0], len(ranked) - 1)
    found = hits[ends]
    precision, gained = found / (ends + 1), np.diff(np.concatenate([[0], found]))
    return float((precision * gained).sum() / max(found[-1], 1))


def _placements(scores: Floats, positive: NDArray[np.bool_]) -> tuple[float, Floats, Floats]:
    """The area, and for each positive the share of negatives below it, for each negative the share of positives above it."""
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    positives = np.bincount(inverse, weights=positive, minlength=len(counts))
    negatives = counts - positives
    below = np.cumsum(negatives) - negatives / 2
    above = positives.sum() - np.cumsum(positives) + positives / 2
    many, few = float(positives.sum()), float(negatives.sum())
    of_positive = below[inverse][positive] / few
    of_negative = above[inverse][~positive] / many
    return float(of_positive.mean()), of_positive, of_negative


def _variance(values: Floats) -> float:
    return float(values.var(ddof=1) / len(values)) if len(values) > 1 else 0.0
