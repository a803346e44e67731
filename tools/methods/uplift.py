"""Whom a treatment moves: scores learned on others, and how well they rank people by effect.

Two-model: outcome models of each arm, their difference is the score. Transformed outcome: a model of Y (W - e) / (e (1 - e)), whose mean is
the effect (Athey and Imbens 2015). Effects are read off doubly robust scores (Robins, Rotnitzky and Zhao 1994), whose mean over any group
that was set by scores learned on others is that group's effect. The Qini coefficient is the area between the targeting curve and a straight
line, which is the mean of these scores times (1/2 - rank): Radcliffe 2007; Yadlowsky, Fleming, Shah, Brunskill and Wager 2021,
rank-weighted average treatment effects, and there on learning the ranking part after part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Learner = Literal["linear", "boosting"]

RIDGE = 10.0  # rows' worth of pull toward no effect of a standardised feature


@dataclass(frozen=True, slots=True)
class Scores:
    """Per unit that was scored: the two scores, the doubly robust effect, and the part it was scored with."""

    two_model: Floats
    transformed: Floats
    effect: Floats
    fold: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean and its standard error."""

    value: float
    error: float

    def interval(self, reach: float) -> tuple[float, float]:
        """`reach` standard errors to either side."""
        return self.value - reach * self.error, self.value + reach * self.error


def mean_of(values: Floats) -> Estimate:
    """Mean over units with its standard error."""
    return Estimate(float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values))))


def learn(features: Floats, treated: Bools, outcome: Floats, *, folds: int, learner: Learner, random: np.random.Generator) -> Scores:
    """Scores by models that have not seen the unit, nor anything scored later. features: standardised, (units, columns).

    Each part is scored by what was learned on the parts before it, and the first is only learned from. Leaving out each part in turn would
    tie the parts to one another: without any difference in effects, the Qini interval would then miss zero far too often.
    """
    units = len(outcome)
    fold = random.permutation(np.arange(units) % folds)
    share = treated.mean()
    two_model, transformed, effect = np.zeros(units), np.zeros(units), np.zeros(units)
    pulled = outcome * (treated - share) / (share * (1 - share))
    for number in range(1, folds):
        out, kept = fold == number, fold < number
        one = _predict(features[kept & treated], outcome[kept & treated], features[out], learner)
        other = _predict(features[kept & ~treated], outcome[kept & ~treated], features[out], learner)
        two_model[out] = one - other
        transformed[out] = _predict(features[kept], pulled[kept], features[out], learner)
        missed = np.where(treated[out], (outcome[out] - one) / share, -(outcome[out] - other) / (1 - share))
        effect[out] = one - other + missed
    scored = fold > 0
    return Scores(two_model[scored], transformed[scored], effect[scored], fold[scored])


def _predict(features: Floats, outcome: Floats, wanted: Floats, learner: Learner) -> Floats:
    if learner == "boosting":
        from sklearn.ensemble import HistGradientBoostingRegressor

        model = HistGradientBoostingRegressor(
            max_iter=80,
            learning_rate=0.08,
            max_leaf_nodes=8,
            min_samples_leaf=max(20, len(outcome) // 100),
            early_stopping=False,
            random_state=0,
        )
        return np.asarray(model.fit(features, outcome).predict(wanted), np.float64)
    centre, mean = features.mean(axis=0), outcome.mean()
    moved = features - centre
    weights = np.linalg.solve(moved.T @ moved + RIDGE * np.eye(features.shape[1]), moved.T @ (outcome - mean))
    return np.asarray(mean + (wanted - centre) @ weights)


def ranks(score: Floats, fold: NDArray[np.int64]) -> Floats:
    """Share of the own fold that scores higher, ties at their middle: nought is first to be treated."""
    found = np.empty(len(score))
    for number in np.unique(fold):
        mine = fold == number
        _, inverse, counts = np.unique(-score[mine], return_inverse=True, return_counts=True)
        below = np.cumsum(counts) - counts
        found[mine] = ((below + counts / 2) / mine.sum())[inverse]
    return found


def qini(effect: Floats, rank: Floats, fold: NDArray[np.int64]) -> Estimate:
    """Area between the targeting curve and the straight line, in outcomes per unit of the whole audience."""
    parts = fold - fold.min()
    people = np.bincount(parts)
    mean = np.bincount(parts, weights=effect) / np.maximum(people, 1)
    return mean_of((effect - mean[parts]) * (0.5 - rank))


def imbalance(features: Floats, treated: Bools) -> tuple[float, Floats]:
    """p-value that the features tell who was treated (n R² of a regression, chi squared), and each one's z of a difference in means."""
    from scipy.stats import chi2

    centred, towards = features - features.mean(axis=0), treated - treated.mean()
    spread = np.sqrt((centred**2).sum(axis=0) * float(towards @ towards) / len(treated))
    z = np.divide(centred.T @ towards, spread, out=np.zeros(features.shape[1]), where=spread > 0)
    weights, _, rank, _ = np.linalg.lstsq(centred, towards, rcond=1e-9)
    explained = float(towards @ (centred @ weights)) / float(towards @ towards)
    return float(chi2.sf(len(treated) * explained, max(int(rank), 1))), np.asarray(z)
