"""From a labelled table to a model that was chosen, judged on rows it had not seen, and calibrated on them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tools.scoring._columns import Column, Columns, Floats
from tools.scoring._estimator import Calibration, Candidate, Learned, calibrate, fit, log_odds
from tools.scoring._folds import ENOUGH, Folds, make_folds
from tools.scoring._ranking import difference
from tools.scoring._recipe import Recipe, encode, learn_recipe

LINEAR = (Candidate("logistic", 1.0), Candidate("logistic", 0.1), Candidate("logistic", 0.01))
BOOSTED = Candidate("boosting")
FEWEST_FOR_TREES = 500  # rows under which trees would learn noise
TRIED_ON = 20_000  # rows that families are compared on; the chosen one is judged on all
TRIED_BY = 8_000  # rows of these that are judged


@dataclass(frozen=True, slots=True)
class Task:
    """Rows to learn from: `names` are the columns that may be used, `positive` the outcome, `now` the moment that ages count to."""

    columns: Columns
    names: tuple[str, ...]
    positive: NDArray[np.bool_]
    moment: Column | None
    group: Column | None
    now: float
    seed: int

    def rows(self, rows: NDArray[np.int64]) -> Task:
        """The same task on some of its rows."""
        return replace(
            self,
            columns={name: column.take(rows) for name, column in self.columns.items()},
            positive=self.positive[rows],
            moment=self.moment.take(rows) if self.moment is not None else None,
            group=self.group.take(rows) if self.group is not None else None,
        )

    def recipe(self) -> Recipe:
        """How its columns are read. It looks at no outcome, so it may see every row."""
        return learn_recipe(self.columns, self.names, self.moment, self.now)

    def folds(self, enough: int = ENOUGH) -> Folds:
        """Its folds, from its seed, as many as judge `enough` rows."""
        return make_folds(self.positive, self.moment, self.group, np.random.default_rng(self.seed), enough=enough)


@dataclass(frozen=True, slots=True)
class Judged:
    """Rows judged by estimators that had not seen them. `rows` are their places, `probability` is calibrated on other rows than each."""

    rows: NDArray[np.int64]
    fold: NDArray[np.int64]
    odds: Floats
    probability: Floats
    positive: NDArray[np.bool_]
    last: Learned
    """The estimator of the last fold, with the rows it judged in `last_rows`: for what is tried out on it."""
    last_rows: NDArray[np.int64]


def choose(task: Task, method: str) -> Candidate:
    """The best linear candidate, unless boosting ranks better by more than the standard error of the difference."""
    if method == "boosting":
        return BOOSTED
    enough = ENOUGH
    if len(task.positive) > TRIED_ON:
        enough, random = TRIED_BY, np.random.default_rng(task.seed + 1)
        task = task.rows(np.sort(random.choice(len(task.positive), TRIED_ON, replace=False)))
    folds, recipe = task.folds(enough), task.recipe()
    matrix = encode(recipe, task.columns, task.now, "logistic")
    judged = {candidate: _judge(task, candidate, recipe, matrix, folds) for candidate in LINEAR}
    linear = min(LINEAR, key=lambda candidate: _loss(judged[candidate]))
    if method == "logistic" or len(task.positive) < FEWEST_FOR_TREES:
        return linear
    boosted = _judge(task, BOOSTED, recipe, encode(recipe, task.columns, task.now, "boosting"), folds)
    gain = difference(boosted.probability, judged[linear].probability, boosted.positive)
    return BOOSTED if gain.value > gain.error else linear


def judge(task: Task, candidate: Candidate) -> Judged:
    """The candidate on rows it has not seen, fold by fold."""
    recipe = task.recipe()
    return _judge(task, candidate, recipe, encode(recipe, task.columns, task.now, candidate.family), task.folds())


def learn(task: Task, candidate: Candidate, judged: Judged) -> Learned:
    """The candidate fitted on every row, calibrated on the judged ones."""
    recipe = task.recipe()
    estimator = fit(candidate, encode(recipe, task.columns, task.now, candidate.family), task.positive, task.seed)
    return Learned(recipe, candidate.family, estimator, calibrate(judged.odds, judged.positive))


def _judge(task: Task, candidate: Candidate, recipe: Recipe, matrix: Floats, folds: Folds) -> Judged:
    odds, rows, fold, estimator = [], [], [], None
    for number, (learn_rows, judge_rows) in enumerate(folds.pairs):
        estimator = fit(candidate, matrix[learn_rows], task.positive[learn_rows], task.seed)
        odds.append(log_odds(estimator, matrix[judge_rows]))
        rows.append(judge_rows)
        fold.append(np.full(len(judge_rows), number))
    every, places = np.concatenate(odds), np.concatenate(rows)
    positive = task.positive[places]
    last = Learned(recipe, candidate.family, estimator, Calibration(slope=1.0, intercept=0.0))
    return Judged(places, np.concatenate(fold), every, _cross_calibrated(every, positive), positive, last, folds.pairs[-1][1])


def _cross_calibrated(odds: Floats, positive: NDArray[np.bool_]) -> Floats:
    """Probabilities of each half of the rows, calibrated on the other half: every second row of each outcome."""
    half = np.zeros(len(odds), dtype=bool)
    for side in (positive, ~positive):
        half[np.nonzero(side)[0][::2]] = True
    probability = np.empty(len(odds))
    for part in (half, ~half):
        probability[part] = calibrate(odds[~part], positive[~part])(odds[part])
    return probability


def _loss(judged: Judged) -> float:
    """Mean logarithmic loss."""
    p = np.clip(judged.probability, 1e-12, 1 - 1e-12)
    return float(-np.mean(np.where(judged.positive, np.log(p), np.log(1 - p))))
