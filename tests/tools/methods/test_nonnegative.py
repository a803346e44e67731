"""Many non-negative least squares problems at once, against SciPy's one at a time."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import lsq_linear, nnls

from tools.methods.nonnegative import nonnegative_least_squares


def problems(seed: int, batch: int = 120, columns: int = 7, rows: int = 30):
    random = np.random.default_rng(seed)
    design = random.normal(size=(batch, columns, rows))
    return design, random.normal(size=(batch, rows))


def solved(design, outcome, signed):
    gram = design @ design.transpose(0, 2, 1)
    return nonnegative_least_squares(gram, (design @ outcome[:, :, None])[..., 0], signed)


def test_equals_scipy():
    design, outcome = problems(0)
    coefficients, used = solved(design, outcome, np.zeros(7, dtype=bool))
    for row in range(len(design)):
        assert coefficients[row] == pytest.approx(nnls(design[row].T, outcome[row])[0], abs=1e-8)
    assert np.all((coefficients > 0) == used)


def test_signed_columns_may_be_negative():
    design, outcome = problems(1, batch=40)
    signed = np.arange(7) >= 4
    coefficients, _ = solved(design, outcome, signed)
    for row in range(len(design)):
        reference = lsq_linear(design[row].T, outcome[row], bounds=(np.where(signed, -np.inf, 0), np.inf), tol=1e-12).x
        assert coefficients[row] == pytest.approx(reference, abs=1e-5)
    assert (coefficients[:, 4:] < 0).any()


def test_columns_of_very_different_size():
    design, outcome = problems(2, batch=20)
    scale = 10.0 ** np.arange(-3, 4)
    plain, _ = solved(design, outcome, np.zeros(7, dtype=bool))
    scaled, _ = solved(design * scale[:, None], outcome, np.zeros(7, dtype=bool))
    assert scaled * scale == pytest.approx(plain, abs=1e-7)


def test_a_column_of_zeros_gets_nothing():
    design, outcome = problems(3, batch=5)
    design[:, 2] = 0.0
    coefficients, _ = solved(design, outcome, np.zeros(7, dtype=bool))
    assert np.all(coefficients[:, 2] == 0)
