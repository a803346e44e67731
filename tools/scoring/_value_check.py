"""What was asked and fitted, and how the model does on the record itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tools.contract import Basis
from tools.methods.currencies import minor_units
from tools.methods.histories import Histories
from tools.methods.maximum_likelihood import quantile
from tools.scoring._value_facts import Buyers
from tools.scoring._value_forecast import Fitted, Range, counts_by_purchases, fit_purchases
from tools.scoring._value_horizons import Counted
from tools.scoring._value_request import PredictValue

LOOSE = 0.05  # customers that the model puts among the wrong number of purchases, beyond what chance would


@dataclass(frozen=True, slots=True)
class Check:
    """How the model does on the record itself: seen and expected customers by purchases, and the part held out."""

    seen: tuple[float, ...]
    expected: tuple[float, ...]
    misplaced: float
    loose: bool
    predicted: Range | None
    actual: int | None
    ahead: int | None
    correlation: float | None

    @property
    def off(self) -> float:
        """How far the held-out forecast was off, as a share of what happened."""
        return abs(self.predicted.expected / max(self.actual or 0, 1) - 1) if self.predicted else 0.0


@dataclass(frozen=True, slots=True)
class Subject:
    """What was asked and what was fitted."""

    request: PredictValue
    currency: str
    buyers: Buyers
    fitted: Fitted
    unit: Counted
    span: float | None
    check: Check | None
    minor: bool

    @property
    def scale(self) -> float:
        """Minor units in one unit of the values, times the margin."""
        in_minor = 1 if self.minor or self.request.values_in == "minor" else minor_units(self.currency)
        return in_minor * (self.request.margin or 1.0)

    @property
    def money(self) -> str:
        """What value means here."""
        return "gross margin" if self.request.margin else "revenue"

    @property
    def basis(self) -> Basis:
        """Of the observed figures."""
        return "observed" if self.buyers.basis == "observed" else "stated"


def check_of(fitted: Fitted, buyers: Buyers, level: float) -> Check | None:
    """Seen against expected, and the held-out part. None where nothing was observed."""
    histories = buyers.histories
    if not len(histories):
        return None
    seen, expected = counts_by_purchases(fitted, histories)
    customers = histories.customers
    misplaced = float(np.abs(seen - expected).sum() / 2 / customers)
    predicted = actual = ahead = None
    if buyers.holdout is not None and not fitted.known:
        before = fit_purchases(fitted.name, buyers.holdout.histories, None)
        rows, ahead, actual = buyers.holdout.histories, buyers.holdout.ahead, buyers.holdout.purchases
        x, module = rows.x.astype(np.float64), fitted.module

        def total(values: Any) -> Any:
            return np.atleast_1d(
                (module.alive(values, rows) * rows.weight) @ module.expected_if_alive(values, x, rows.age, float(ahead or 0))
            )

        centre = float(total(before.values)[0])
        few = thinned(rows)
        small, x_small = few.weight, few.x.astype(np.float64)
        error = float(
            before.error_of(
                lambda v: np.atleast_1d((module.alive(v, few) * small) @ module.expected_if_alive(v, x_small, few.age, float(ahead or 0)))
            )[1][0]
        )
        far = float(np.exp(min(quantile(level) * error, 50.0)))
        predicted = Range(centre, centre / far, centre * far)
    return Check(
        tuple(seen.tolist()),
        tuple(expected.tolist()),
        misplaced,
        misplaced > LOOSE + 0.4 * float(np.sqrt(len(seen) / customers)),
        predicted,
        actual,
        ahead,
        _correlation(buyers),
    )


def thinned(rows: Histories) -> Histories:
    return rows.every(-(-len(rows) // 4_000))


def _correlation(buyers: Buyers) -> float | None:
    chosen = buyers.priced
    if buyers.weight[chosen].sum() < 30:
        return None
    x, value, weight = buyers.x[chosen].astype(np.float64), np.log(buyers.value[chosen]), buyers.weight[chosen]
    dx, dv = x - np.average(x, weights=weight), value - np.average(value, weights=weight)
    spread = float(np.sqrt((weight @ dx**2) * (weight @ dv**2)))
    return float((weight * dx) @ dv) / spread if spread > 0 else None
