"""The change of one unit, or of a group, against the change of comparable units over the same days.

A difference in differences of log outcomes with few treated units. Its noise is read off the comparable units, whose changes show how
far such a change wanders by itself: Donald and Lang (2007), Inference with difference-in-differences and other panel data; Conley and
Taber (2011), Inference with "difference in differences" with a small number of policy changes. Serial dependence and a season that all
share are in that spread already, so nothing is assumed about weeks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

HALF = 0.5
"""Added to each count before its logarithm is taken, so that none is minus infinity (Anscombe's half)."""
WIDEST = float(np.log(3.0))
"""A comparable unit has at least a third and at most three times the outcome before."""


@dataclass(frozen=True, slots=True)
class Panel:
    """Outcomes per unit, arrays of one length, in an order that the data alone fixes.

    `early` and `late` are the halves of the time before; `after` is as long as both. `strata`: codes of what has to be equal, one column
    each, the most important first.
    """

    early: Floats
    late: Floats
    after: Floats
    strata: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.after)

    @property
    def before(self) -> Floats:
        """Outcome before."""
        return self.early + self.late

    @property
    def change(self) -> Floats:
        """Log ratio of after to before."""
        return np.log((self.after + HALF) / (self.before + HALF))

    @property
    def trend(self) -> Floats:
        """Log ratio of the second to the first half of the time before."""
        return np.log((self.late + HALF) / (self.early + HALF))


@dataclass(frozen=True, slots=True)
class Contrast:
    """A difference of means with its standard error and degrees of freedom, in log units."""

    estimate: float
    error: float
    freedom: int

    def ends(self, level: float, looks: int = 1) -> tuple[float, float]:
        """Student's interval; with `looks`, wide enough to hold for all of that many looks together (Bonferroni)."""
        from scipy import stats

        reach = float(stats.t.ppf(1 - (1 - level) / (2 * looks), self.freedom)) * self.error
        return self.estimate - reach, self.estimate + reach

    @property
    def p_value(self) -> float:
        """Two-sided."""
        from scipy import stats

        return float(2 * stats.t.sf(abs(self.estimate) / self.error, self.freedom))


@dataclass(frozen=True, slots=True)
class Matched:
    """What came of a comparison. `controls` are positions in the panel; `weights` add up to one; `equal`: strata held equal."""

    controls: Whole
    weights: Floats
    equal: int
    peers_change: float
    difference: Contrast
    trend: Contrast
    imbalance: float
    """Difference of the mean log outcome before, in standard deviations of the whole panel."""
    as_large: int
    """Controls whose change is at least the unit's own: where the unit stands among its comparisons."""


def matched(panel: Panel, cases: Sequence[int], *, most: int, fewest: int, counts: bool = True) -> Matched | None:
    """Match each case to its nearest units and compare; None when fewer than `fewest` units are comparable.

    The `most` nearest by the log of the outcome before, no further than WIDEST, and equal in as many strata as leave `most` to choose.
    Ties go by position. `counts`: the outcome counts events, so its noise is at least a Poisson's.
    """
    size = np.log(panel.before + HALF)
    others = np.setdiff1d(np.arange(len(panel)), np.asarray(cases))
    for equal in range(panel.strata.shape[1], -1, -1):
        chosen = [_nearest(panel, size, case, others, equal, most) for case in cases]
        if min(len(one) for one in chosen) >= most:
            break
    if min(len(one) for one in chosen) < fewest:
        return None
    weights = np.zeros(len(panel))
    for one in chosen:
        weights[one] += 1 / len(one) / len(cases)
    controls = np.flatnonzero(weights)
    share = weights[controls]
    own = np.asarray(cases)
    noise = float(np.mean(1 / (panel.before[own] + HALF) + 1 / (panel.after[own] + HALF))) if counts else 0.0
    spread = float(np.std(size, ddof=1)) or 1.0
    return Matched(
        controls=controls,
        weights=share,
        equal=equal,
        peers_change=float(share @ panel.change[controls]),
        difference=_contrast(panel.change, own, controls, share, noise),
        trend=_contrast(panel.trend, own, controls, share, 0.0),
        imbalance=float((size[own].mean() - share @ size[controls]) / spread),
        as_large=int((panel.change[controls] >= panel.change[own].mean()).sum()),
    )


def _nearest(panel: Panel, size: Floats, case: int, others: Whole, equal: int, most: int) -> Whole:
    alike = (panel.strata[others, :equal] == panel.strata[case, :equal]).all(axis=1) & (np.abs(size[others] - size[case]) <= WIDEST)
    near = others[alike]
    return np.sort(near[np.argsort(np.abs(size[near] - size[case]), kind="stable")[:most]])


def _contrast(values: Floats, cases: Whole, controls: Whole, weights: Floats, noise: float) -> Contrast:
    """Mean of the cases less the weighted mean of the controls; one variance for all, read off the controls, no less than `noise`."""
    mean = float(weights @ values[controls])
    spread = max(float(np.var(values[controls], ddof=1)), noise, 1e-12)
    error = float(np.sqrt(spread * (1 / len(cases) + weights @ weights)))
    return Contrast(float(values[cases].mean()) - mean, error, len(controls) - 1)
