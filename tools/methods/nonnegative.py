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
    solution = np.linalg.solve(matrix, np.where(used[:, :, None], right, 0.0))
    return solution[..., 0] if vector else solution


def nonnegative_least_squares(gram: Floats, right: Floats, signed: Bools) -> tuple[Floats, Bools]:
    """Coefficients that minimise ||y - A c||² with c ≥ 0 except where `signed`, and which columns are in use.

    gram: A Aᵀ, (B, C, C) · right: A y, (B, C) · signed: (C,) columns that may take either sign.
    The active set method of Lawson and Hanson 1974, ch. 23, run on all B problems in step.
    """
    size = np.sqrt(np.maximum(np.einsum("bii->bi", gram), 1e-300))
    gram, right = gram / (size[:, :, None] * size[:, None, :]), right / size
    batch, columns = right.shape
    used = np.broadcast_to(signed, (batch, columns)).copy()
    current = solve_masked(gram, right, used) if signed.any() else np.zeros((batch, columns))
    tolerance = 1e-10 * (np.abs(right).max(axis=1, keepdims=True) + 1e-300)
    for _ in range(3 * columns + 3):
        pull = np.where(used, -np.inf, right - np.einsum("bij,bj->bi", gram, current))
        entering = pull.argmax(axis=1)
        rows = np.nonzero(pull.max(axis=1) > tolerance[:, 0])[0]
        if not len(rows):
            break
        used[rows, entering[rows]] = True
        trial = solve_masked(gram, right, used)
        for _ in range(columns + 1):
            bad = used & ~signed & (trial <= 0)
            rows_bad = np.nonzero(bad.any(axis=1))[0]
            if not len(rows_bad):
                break
            # Walk from the last feasible point towards the trial until the first coefficient meets zero, and drop that one.
            ratio = np.where(bad, current / np.where(bad, np.maximum(current - trial, 1e-300), 1.0), np.inf)
            step = np.minimum(ratio.min(axis=1), 1.0)
            step[~bad.any(axis=1)] = 1.0
            current = current + step[:, None] * (trial - current)
            leaving = bad & (ratio <= step[:, None] + 1e-15)
            used &= ~leaving
            current = np.where(used, current, 0.0)
            trial = solve_masked(gram, right, used)
        current = np.where(used, trial, 0.0)
    return current / size, used
