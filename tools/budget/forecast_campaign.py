"""What a plan is expected to bring, before it is launched."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
from pydantic import ConfigDict, Field

from tools.budget._curve import Baseline, Currency, Level, OutcomeName, ResponseCurve
from tools.budget._forecast import forecast_from_curves
from tools.budget._forecast_rates import forecast_from_rates
from tools.budget._plan import PlanLine, check_curves
from tools.budget._scenario import ChannelRates
from tools.budget._simulation import WeekAhead
from tools.contract import Request, ToolInputError, ToolResult, choice, quantity, tool
from tools.methods.seeds import seed_of


def _examples() -> Any:
    form = "michaelis_menten"
    curve = {
        "channel": "google_ads", "form": form, "decay": 0.3, "half_saturation": 180_000, "maximum": 30, "observed_min": 0,
        "draws": [[form, 0.3, 160_000, 1, 27], [form, 0.25, 180_000, 1, 30], [form, 0.35, 210_000, 1, 34]], "observed_max": 300_000,
        "recent_spend": [90_000, 110_000], "n_weeks": 104, "currency": "ZAR", "outcome": "orders", "residual_sd": 3.5,
    }  # fmt: skip
    rates = {
        "channel": "google_ads",
        "cost_per_click": {"low": 600, "likely": 900, "high": 1500},
        "conversion_rate": {"low": 0.01, "likely": 0.02, "high": 0.04},
    }
    plan = [{"channel": "google_ads", "amount": 800_000, "period": "month"}]
    return [
        {"plan": plan, "curves": [curve], "value_per_conversion": 20_000, "target_conversions": 150, "as_of": "2026-01-05"},
        {
            "plan": plan,
            "rates": [rates],
            "currency": "ZAR",
            "outcome_name": "orders",
            "value_per_conversion": 20_000,
            "as_of": "2026-01-05",
        },
    ]


class ForecastCampaign(Request):
    """The plan, and either curves fitted on history or rates that someone states, assumes or takes from a benchmark."""

    model_config = ConfigDict(json_schema_extra={"examples": _examples()})

    plan: tuple[PlanLine, ...] = Field(
        description="media per channel and period",
        min_length=1,
        max_length=20,
        json_schema_extra={"x-role": "result", "x-of": "allocate_budget.plan"},
    )
    curves: tuple[ResponseCurve, ...] = Field(
        (), description="response curves: a forecast with prediction intervals", max_length=20,
        json_schema_extra={"x-role": "result", "x-of": "fit_response_curves.curves"},
    )  # fmt: skip
    baseline: Baseline | None = Field(
        None, description="what comes without these channels, for a forecast of the total outcome",
        json_schema_extra={"x-role": "result", "x-of": "fit_response_curves.baseline"},
    )  # fmt: skip
    rates: tuple[ChannelRates, ...] = Field(
        (), description="cost per click and conversion rate of channels without a curve: a planning range", max_length=20
    )
    current: tuple[PlanLine, ...] = Field(
        (),
        description="the split to compare with: that of today, at the same budget",
        max_length=20,
        json_schema_extra={"x-role": "result", "x-of": "allocate_budget.current"},
    )
    horizon_weeks: int = choice("weeks", "weeks ahead", default=13, ge=1, le=52)
    starts_on: date | None = Field(None, description="first day of the plan (ISO date); the Monday after as_of when left out")
    currency: Currency | None = Field(None, description="ISO 4217; needed when there are no curves")
    outcome_name: OutcomeName | None = Field(
        None, description="what is counted, plural and without digits: bookings; the curves' own when left out"
    )
    value_per_conversion: int | None = quantity("money", "revenue that one outcome brings, minor units", default=None, gt=0)
    gross_margin: float | None = quantity(
        "share", "share of that revenue left after the cost of serving it; all of it when left out", default=None, gt=0, le=1
    )
    fees: int | None = quantity(
        "money", "agency fee and other cost of the plan per month, minor units, beside media and without VAT", default=None, ge=0
    )
    vat_rate: float | None = quantity(
        "share", "VAT on media and fees, when the client has to bear it: then it is part of the cost", default=None, ge=0, le=1
    )
    target_conversions: float | None = quantity("count", "outcomes over the horizon that the plan should reach", default=None, gt=0)
    level: Level = 0.9
    simulations: int = choice("count", "simulated futures", default=4000, ge=500, le=20000)


class CampaignForecast(ToolResult):
    """The forecast, week by week in `weeks`."""

    weeks: tuple[WeekAhead, ...] = Field((), description="each week of the horizon, from the plan's channels")


@tool(version=1, field="budget")
def forecast_campaign(request: ForecastCampaign) -> CampaignForecast:
    """Forecast what a media plan brings over the coming weeks: outcomes, cost of one, revenue, chance of missing a target or of a loss.

    With curves: a forecast from the client's own history, carry-over running on from the last weeks, with prediction intervals that hold
    the doubt about the curves and the week-to-week noise, compared in the same futures with the current split when `current` is given.
    Expected conversions are those of the plan's channels; with a baseline the total outcome is forecast too. Totals by the reviews after
    thirty, sixty and ninety days are given as far as the horizon reaches. The cost says whether fees and VAT are in it.
    With rates only (no history): a planning range from poor to good rates, not a prediction interval, and what must be true to break even.

    Raises ToolInputError when the plan's channels have neither curve nor rates.
    """
    if not request.curves and not request.rates:
        raise ToolInputError(
            "A forecast needs response curves, or rates (cost per click, conversion rate) for each channel.", field="curves"
        )
    names = [line.channel for line in request.plan]
    if len(names) != len(set(names)):
        raise ToolInputError("A channel is given twice in the plan.", field="plan")
    if not request.curves:
        if request.currency is None:
            raise ToolInputError("Which currency is the plan in?", field="currency")
        parts = forecast_from_rates(request, request.currency, request.outcome_name or "conversions")
        return CampaignForecast(**parts)
    currency, outcome = check_curves(request.curves, request.currency)
    parts = forecast_from_curves(request, currency, request.outcome_name or outcome, np.random.default_rng(seed_of(request)))
    return CampaignForecast(**parts)
