"""Horizons in the unit that a model counts in, and which of them are so far ahead that they are scenarios."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

from tools.contract import Caveat
from tools.methods.number_words import in_words
from tools.methods.periods import Period
from tools.scoring._value_forecast import Ahead
from tools.scoring._value_request import PredictValue

MONTH_DAYS = 30.4375  # a twelfth of a mean year
DAYS = {"days": 1.0, "weeks": 7.0, "months": MONTH_DAYS}
FURTHEST = 2.0  # times the span of the record beyond which a forecast is a scenario

SCENARIO = Caveat(
    code="scenario",
    text="A forecast much further ahead than the record is long is a scenario: no data says that behaviour stays.",
    insist=True,
    signs=("scenario", "further ahead than the record"),
)
Counted = Literal["days", "weeks", "months", "occasions", "periods"]


def months_in(request: PredictValue, unit: Counted) -> float:
    """Months in one unit of time. Occasions and periods of a contract are `period_months` apart."""
    return DAYS[unit] / MONTH_DAYS if unit in DAYS else float(request.period_months)


def horizons_of(request: PredictValue, unit: Counted, span: float | None) -> list[Ahead]:
    """The horizons asked for, shortest first. `span`: length of the record in the unit; none when there is no record."""
    length = months_in(request, unit)
    found = []
    if request.horizons:
        shown: Literal["days", "weeks", "months", "number"] = unit if unit in ("days", "weeks", "months") else "number"
        for ahead in sorted(set(request.horizons)):
            found.append(Ahead(f"in_{ahead}_{unit}", ahead, shown, float(ahead), ahead * length, _scenario(ahead, span)))
        return found
    for months in sorted(set(request.horizons_months)):
        time = months / length
        if unit in ("occasions", "periods"):
            time = float(max(1, int(time)))
        found.append(Ahead(f"in_{months}_months", months, "months", time, float(months), _scenario(time, span)))
    return found


def period_of(as_of: date, ahead: Ahead) -> str:
    """The days that a forecast is for: from the day after the day asked for."""
    return Period(as_of + timedelta(days=1), as_of + timedelta(days=max(1, round(ahead.months * MONTH_DAYS)))).iso


def length_of(ahead: Ahead) -> str:
    """The horizon in words: labels hold no digits."""
    unit = "periods" if ahead.unit == "number" else ahead.unit
    return f"{in_words(ahead.shown)} {unit}" if ahead.shown < 100 else f"{unit} of the horizon"


def _scenario(time: float, span: float | None) -> bool:
    return span is not None and time > FURTHEST * span
