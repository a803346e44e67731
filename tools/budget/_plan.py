"""Plans: so much money per channel and period, and what curves say a plan brings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tools.budget._curve import Channel, ResponseCurve
from tools.contract import Frozen, ToolInputError, quantity
from tools.methods.response_set import ResponseSet

Floats = NDArray[np.float64]
Period = Literal["week", "month"]
WEEKS = {"week": 1.0, "month": 365.25 / 7 / 12}
"""Weeks in a period; a month is a twelfth of a year."""


class PlanLine(Frozen):
    """What one channel gets per week or month."""

    channel: Channel = Field(description="lower snake_case: google_ads")
    amount: int = quantity("money", "media spend per period, minor units, without fee and VAT", ge=0, le=10**15)
    period: Period = Field("month", description="what the amount is per", json_schema_extra={"x-role": "choice"})

    @property
    def weekly(self) -> float:
        """Minor units per week."""
        return self.amount / WEEKS[self.period]


class ChannelRule(Frozen):
    """What one channel may get. All amounts are media only, per period of the budget."""

    channel: Channel = Field(description="lower snake_case: google_ads")
    minimum: int | None = quantity(
        "money", "the channel gets at least this: media per budget period, minor units", default=None, ge=0, le=10**15
    )
    maximum: int | None = quantity(
        "money", "the channel gets at most this: media per budget period, minor units", default=None, ge=0, le=10**15
    )
    learning_minimum: int | None = quantity(
        "money",
        "below this the platform cannot learn: the channel gets nothing or at least this, media per budget period, minor units",
        default=None,
        ge=0,
        le=10**15,
    )
    fixed: int | None = quantity(
        "money", "the channel gets exactly this, with or without a curve: media per budget period, minor units", default=None, ge=0
    )


def response_set(curves: Sequence[ResponseCurve]) -> ResponseSet:
    """The curves' draws as arrays, in step; their point estimates where any curve has no draws."""
    if not curves:
        return ResponseSet(np.empty((1, 0), dtype=str), *(np.empty((1, 0)) for _ in range(4)))
    count = min((len(curve.draws) for curve in curves), default=0)
    if count:
        rows = [curve.draws[:count] for curve in curves]
    else:
        rows = [((curve.form, curve.decay, curve.half_saturation, curve.slope, curve.maximum),) for curve in curves]
    forms = np.array([[draw[0] for draw in row] for row in rows], dtype=str).reshape(len(curves), -1).T
    drawn = np.array([[draw[1:] for draw in row] for row in rows], dtype=float).reshape(len(curves), -1, 4).transpose(1, 0, 2)
    return ResponseSet(forms, *(drawn[..., place] for place in range(4)))


def check_curves(curves: Sequence[ResponseCurve], currency: str | None) -> tuple[str, str]:
    """Currency and outcome that all curves share. Raises ToolInputError."""
    names = [curve.channel for curve in curves]
    if len(names) != len(set(names)):
        raise ToolInputError("A channel has two curves; give the curves of one fit.", field="curves")
    currencies = {curve.currency for curve in curves} | ({currency} if currency else set())
    if len(currencies) > 1:
        raise ToolInputError(f"Budget and curves are in different currencies: {', '.join(sorted(currencies))}.", field="currency")
    outcomes = {curve.outcome for curve in curves}
    if len(outcomes) > 1:
        raise ToolInputError(f"The curves count different things and cannot be added: {', '.join(sorted(outcomes))}.", field="curves")
    return currencies.pop(), outcomes.pop() if outcomes else "conversions"


def earlier_spend(curves: Sequence[ResponseCurve]) -> Floats:
    """Spend of the weeks before the plan, (K, E), that carries over into it; E is zero where no curve has any."""
    weeks = max((len(curve.recent_spend) for curve in curves), default=0)
    rows = [[0.0] * (weeks - len(curve.recent_spend)) + [float(spend) for spend in curve.recent_spend] for curve in curves]
    return np.array(rows, dtype=float).reshape(len(curves), weeks)
