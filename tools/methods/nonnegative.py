"""Least squares with some coefficients held at or above zero, for many small problems at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def solve_masked(gram: Floats, right: Floats, used: Bools, ridge: float = 1e-10) -> Floats:
    """Solve each normal equation over its used columns only; the others get zero. gram (B, C, C), right (B, C) or (B, C, R)."""
    vector = right.ndim == 2
    right = right[..., None] if vector else right
    mask = used[:, :, None] & used[:, None, :]
    columns = gram.shape[-1]
    scale = np.einsum("bii->bi", gram)
    diagonal = np.where(used, ridge * scale + 1e-300, 1.0)
    matrix = np.where(mask, gram, 0.0) + diagonal[:, :, None] * np.eye(columns)
    solution = np.asarray(np.linalg.solve(matrix, np.where(used[:, :, None], right, 0.0)), dtype=float)
    return solution[..., 0] if vector else solution


def nonnegative_least_squares(gram: Floats, right: Floats, signed: Bools) -> tuple[Floats, Bools]:
    """Coefficients that minimise ||y - A c||² with c ≥ 0 except where `signed`, and which columns are in use.

    gram: A Aᵀ, (B, C, C) · right: A y, (B, C) · signed: (C,) columns that may take either sign.
    The active set method of Lawson and Hanson 1974, ch. 23, run on all B problems in step.
    """
    size = np.sqrt(np.maximum(np.einsum("bii->bi", gram), 1e-300))
    gram, right = gram / (size[:, :, None] * size[:, None, :]), right / size
    batch, columns = right.shape
    # Most columns are in use at the solution: begin with all of them and drop those that would be negative.
    used = np.ones((batch, columns), dtype=bool)
    current, used = _within(gram, right, np.zeros((batch, columns)), used, signed)
    tolerance = 1e-10 * (np.abs(right).max(axis=1, keepdims=True) + 1e-300)
    for _ in range(3 * columns + 3):
        pull = np.where(used, -np.inf, right - np.einsum("bij,bj->bi", gram, current))
        rows = np.nonzero(pull.max(axis=1) > tolerance[:, 0])[0]
        if not len(rows):
            break
        used[rows, pull[rows].argmax(axis=1)] = True
        current[rows], used[rows] = _within(gram[rows], right[rows], current[rows], used[rows], signed)
    return current / size, used


def _within(gram: Floats, right: Floats, current: Floats, used: Bools, signed: Bools) -> tuple[Floats, Bools]:
    """The least squares over the used columns, dropping columns on the way until none that may not be negative is."""
    trial = solve_masked(gram, right, used)
    for _ in range(used.shape[1] + 1):
        bad = used & ~signed & (trial <= 0)
        if not bad.any():
            break
        # Walk from the last feasible point towards the trial until the first coefficient meets zero, and drop that one.
        ratio = np.where(bad, current / np.where(bad, np.maximum(current - trial, 1e-300), 1.0), np.inf)
        step = np.where(bad.any(axis=1), np.minimum(ratio.min(axis=1), 1.0), 1.0)
        current = current + step[:, None] * (trial - current)
        used = used & ~(bad & (ratio <= step[:, None] + 1e-15))
        current = np.where(used, current, 0.0)
        trial = solve_masked(gram, right, used)
    return np.where(used, trial, 0.0), used
