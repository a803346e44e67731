"""The two families a model is chosen from, their calibration, and how one is written down and read back without pickle."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tools.contract import Frozen, ToolInputError
from tools.scoring._columns import Columns, Floats
from tools.scoring._recipe import Family, Recipe, encode

PIECE = 50_000  # rows encoded and scored at a time, so that a million need little memory

TRUSTED = (
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.linear_model._logistic.LogisticRegression",
)
"""Types that a model's file may hold besides those that skops itself knows to be harmless. Anything else is not loaded."""


class Candidate(NamedTuple):
    """A family with its penalty: the inverse strength of the ridge for the linear one."""

    family: Family
    strength: float = 1.0


class Calibration(Frozen):
    """Log-odds as they come out, made true: `slope` times them plus `intercept` (Platt 1999)."""

    slope: float
    intercept: float

    def __call__(self, odds: Floats) -> Floats:
        """Probabilities."""
        return 1.0 / (1.0 + np.exp(-np.clip(self.slope * odds + self.intercept, -35.0, 35.0)))


class Learned(NamedTuple):
    """A fitted estimator with what it needs to be asked."""

    recipe: Recipe
    family: Family
    estimator: Any
    calibration: Calibration

    def odds(self, columns: Columns, now: float) -> Floats:
        """Log-odds before calibration. Rows do not depend on each other: pieces of them go side by side and give what one would."""
        rows = len(next(iter(columns.values())))
        if rows <= PIECE:
            return log_odds(self.estimator, encode(self.recipe, columns, now, self.family))

        def of_piece(start: int) -> Floats:
            piece = np.arange(start, min(start + PIECE, rows))
            held = {name: column.take(piece) for name, column in columns.items()}
            return log_odds(self.estimator, encode(self.recipe, held, now, self.family))

        with ThreadPoolExecutor(min(cpu_count() or 1, 4), initializer=_one_thread) as pool:
            return np.concatenate(list(pool.map(of_piece, range(0, rows, PIECE))))

    def probability(self, columns: Columns, now: float) -> Floats:
        """Calibrated probabilities, one per row."""
        return self.calibration(self.odds(columns, now))


def log_odds(estimator: Any, matrix: Floats) -> Floats:
    """Log-odds of rows."""
    return np.asarray(estimator.decision_function(matrix), dtype=np.float64)


def _one_thread() -> None:
    """A thread of its own has OpenMP settings of its own: without this each would start as many as there are cores."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(1, user_api="openmp")


def fit(candidate: Candidate, matrix: Floats, positive: NDArray[np.bool_], seed: int) -> Any:
    """A fitted estimator of scikit-learn. A single thread adds floats up in one order: the same rows, the same model."""
    if candidate.family == "logistic":
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(C=candidate.strength, max_iter=1000, tol=1e-6).fit(matrix, positive)
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        learning_rate=0.1, max_iter=100, max_leaf_nodes=15, min_samples_leaf=20, l2_regularization=1.0, early_stopping=False,
        random_state=seed % 2**32,
    ).fit(matrix, positive)  # fmt: skip


def calibrate(odds: Floats, positive: NDArray[np.bool_], *, steps: int = 50) -> Calibration:
    """Platt's two parameters by Newton's method, with his smoothed targets, from rows that the estimator has not seen."""
    many, few = float(positive.sum()), float((~positive).sum())
    target = np.where(positive, (many + 1) / (many + 2), 1 / (few + 2))
    slope, intercept = 1.0, 0.0
    for _ in range(steps):
        p = 1.0 / (1.0 + np.exp(-np.clip(slope * odds + intercept, -35.0, 35.0)))
        weight = np.maximum(p * (1 - p), 1e-12)
        gradient = np.array([np.dot(odds, target - p) - 1e-6 * (slope - 1), np.sum(target - p)])
        curve = np.array([[np.dot(weight, odds * odds) + 1e-6, np.dot(weight, odds)], [np.dot(weight, odds), np.sum(weight)]])
        step = np.linalg.solve(curve + 1e-9 * np.eye(2), gradient)
        step *= min(1.0, 5.0 / max(float(np.abs(step).max()), 1e-12))
        slope, intercept = slope + float(step[0]), intercept + float(step[1])
        if float(np.abs(step).max()) < 1e-10:
            break
    return Calibration(slope=slope, intercept=intercept)


def write(estimator: Any) -> bytes:
    """The estimator as a skops file."""
    from skops.io import dumps

    return bytes(dumps(estimator))


def read(content: bytes) -> Any:
    """The estimator of a skops file. Raises ToolInputError for a file that holds anything else."""
    from skops.io import loads
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        estimator = loads(content, trusted=list(TRUSTED))
    except UntrustedTypesFoundException as error:
        raise ToolInputError(f"the file kept is not a model: {error}", field="model") from error
    # skops knows harmless types besides: only the two that are fitted here may answer
    if f"{type(estimator).__module__}.{type(estimator).__qualname__}" not in TRUSTED:
        raise ToolInputError(f"the file kept is not a model but a {type(estimator).__qualname__}", field="model")
    return estimator


def fingerprint(learned: Learned) -> str:
    """SHA-256 of the learned numbers: a file also holds the hour it was written, this does not."""
    digest = hashlib.sha256(learned.recipe.model_dump_json().encode() + learned.calibration.model_dump_json().encode())
    if learned.family == "logistic":
        digest.update(learned.estimator.coef_.tobytes() + learned.estimator.intercept_.tobytes())
    else:
        for trees in learned.estimator._predictors:
            for tree in trees:
                for name in ("value", "feature_idx", "num_threshold", "left", "right", "is_leaf"):
                    digest.update(np.ascontiguousarray(tree.nodes[name]).tobytes())
    return digest.hexdigest()
