"""Response curves: how many more orders each channel's spend goes with, week by week."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import ConfigDict, Field

from tools.budget._curve import ATTRIBUTED, Baseline, Channel, Level, OutcomeName, ResponseCurve, Source, WeeklySeries
from tools.budget._curve_report import report
from tools.budget._fit import Settings, fit_series
from tools.budget._weekly_facts import read_weeks
from tools.budget._weekly_outcome import Outcome
from tools.contract import Request, ToolInputError, ToolResult, choice, tool
from tools.facts import Facts
from tools.methods.channel_names import channel_key
from tools.methods.seeds import seed_of

NAMES: dict[Source, str] = {
    "new_customers": "new customers",
    "attributed_customers": "attributed new customers",
    "orders": "orders",
    "contacts": "new contacts",
    "platform_conversions": "claimed conversions",
}


def _example() -> dict[str, Any]:
    """Simulated weekly aggregates that a fit runs on as they are."""
    weeks = range(52)
    google = [120_000 + 90_000 * (week * 7 % 5) for week in weeks]
    meta = [60_000 + 70_000 * (week * 3 % 7) for week in weeks]
    orders = [
        round(30 + 40 * g / (g + 250_000) + 25 * m / (m + 200_000) + (week * 11 % 6), 1)
        for week, (g, m) in enumerate(zip(google, meta, strict=True))
    ]
    return {
        "series": {
            "first_week": "2025-01-06",
            "currency": "ZAR",
            "channels": [{"channel": "google_ads", "spend": google}, {"channel": "meta", "spend": meta}],
            "outcome": orders,
        },
        "outcome_name": "orders",
        "as_of": "2026-01-05",
    }


class FitResponseCurves(Request):
    """Which weeks, which outcome, and how to fit."""

    model_config = ConfigDict(json_schema_extra={"examples": [_example()]})

    series: WeeklySeries | None = Field(
        None,
        description="weekly aggregates; left out to read ad_metrics and the outcome from the client's data",
        json_schema_extra={"x-agent": False},
    )
    outcome: Literal["auto", "new_customers", "orders", "contacts", "events", "attributed_customers", "platform_conversions"] = Field(
        "auto",
        description="what to count. One total for all channels together: new_customers (first paid orders), orders, contacts, "
        "events (people who do it for the first time). "
        "Credited to each channel, which is weaker: attributed_customers (new customers by the source of the contact), "
        "platform_conversions (what each platform claims). auto takes new_customers, else contacts, else platform_conversions",
        json_schema_extra={"x-role": "choice"},
    )
    event: str | None = Field(None, description="name of the event when outcome is events: signup, trial_start", max_length=80)
    outcome_name: OutcomeName | None = Field(None, description="what is counted in the client's words, plural and without digits: bookings")
    channels: tuple[Channel, ...] | None = Field(None, description="only these channels; all with spend when left out", max_length=20)
    saturation: Literal["auto", "logistic", "michaelis_menten", "hill"] = Field(
        "auto",
        description="shape of the curve; auto takes the better of the two concave forms; hill can be S-shaped and needs more data",
        json_schema_extra={"x-role": "choice"},
    )
    trend: bool = Field(
        True, description="let the outcome drift in a straight line apart from spend", json_schema_extra={"x-role": "choice"}
    )
    season_harmonics: Annotated[int, choice("count", "pairs of yearly Fourier terms", ge=0, le=4)] | None = Field(
        None,
        description="pairs of yearly Fourier terms; when left out none under 60 weeks of history, one under 78, else two",
    )
    ran_before: bool = Field(
        False,
        description="the channels had long run at their first week's spend when the series begins",
        json_schema_extra={"x-role": "choice"},
    )
    weak_prior: bool = Field(
        True,
        description="lean weakly on common values where the data say nothing: decay 0.02 to 0.89, half-saturation near mean spend",
        json_schema_extra={"x-role": "choice"},
    )
    draws: int = choice("count", "bootstrap draws", default=200, ge=0, le=2000)
    kept_draws: int = choice("count", "draws kept in the curves for later tools", default=100, ge=0, le=400)
    level: Level = 0.9
    holdout_weeks: int = choice("weeks", "last weeks held out to measure the error", default=8, ge=0, le=26)
    max_weeks: int = choice("weeks", "most recent weeks to fit on", default=156, ge=20, le=520)


class ResponseCurves(ToolResult):
    """Fitted curves that allocate_budget and forecast_campaign take, and what can be said of them."""

    curves: tuple[ResponseCurve, ...] = Field(description="one curve per channel that could be fitted")
    baseline: Baseline | None = Field(
        None, description="what the outcome would be without these channels; none where there is no total outcome"
    )


@tool(version=1, field="budget")
def fit_response_curves(request: FitResponseCurves, facts: Facts | None = None) -> ResponseCurves:
    """Fit how an outcome responds to each channel's weekly spend: carry-over, saturation and cost of the next one, with intervals.

    One joint model when there is a total outcome (new customers, orders, contacts, events): intercept, trend, season and a curve per
    channel. A model per channel for what each is credited with (by the contact's source, or by the platform itself), which is weaker.
    Curves say what went with spend, not what spend caused: only an experiment shows that. Channels whose spend never varied, or that ran
    for under eight weeks, get no curve and a caveat.

    Model: outcome = baseline + sum of maximum * saturation(adstock(spend) / half_saturation); adstock is geometric and normalised,
    maximum at least zero. Raises NotEnoughData for too few weeks or no spend that varied, ToolInputError for a request that lacks a part.
    Sources: Jin et al. 2017 (model); Golub and Pereyra 1973 (variable projection); Künsch 1989 (block bootstrap).
    """
    series, outcome, others = _series(request, facts)
    name = request.outcome_name or outcome.name
    settings = Settings(
        saturation=request.saturation,
        trend=request.trend,
        harmonics=request.season_harmonics,
        ran_before=request.ran_before,
        weak_prior=request.weak_prior,
        draws=request.draws,
        kept_draws=request.kept_draws,
        holdout_weeks=request.holdout_weeks,
        outcome=name,
        source=outcome.source,
    )
    fitted = fit_series(series, settings, np.random.default_rng(seed_of(request)))
    parts = report(series, fitted, outcome.source, name, request.level, weak_prior=request.weak_prior, other_currencies=others)
    return ResponseCurves(**parts, curves=fitted.curves, baseline=fitted.baseline)


def _series(request: FitResponseCurves, facts: Facts | None) -> tuple[WeeklySeries, Outcome, tuple[str, ...]]:
    if request.series is not None:
        return _given(request, request.series)
    if facts is None:
        raise ToolInputError("Give weekly `series`, or name a client whose data hold ad_metrics.", field="series")
    outcome = _chosen(request, facts)
    channels = tuple(channel_key(channel) for channel in request.channels) if request.channels else None
    read = read_weeks(facts, outcome, channels, request.max_weeks)
    return read.series, outcome, read.other_currencies


def _given(request: FitResponseCurves, series: WeeklySeries) -> tuple[WeeklySeries, Outcome, tuple[str, ...]]:
    kept = [one for one in series.channels if request.channels is None or one.channel in request.channels]
    if not kept:
        raise ToolInputError("None of the channels asked for is in the series.", field="channels")
    credited = request.outcome in ATTRIBUTED or series.outcome is None
    if credited and not any(one.conversions for one in kept):
        raise ToolInputError("The series hold neither an outcome nor conversions of any channel.", field="series.outcome")
    chosen = series.model_copy(update={"channels": tuple(kept), "outcome": None if credited else series.outcome})
    source: Source = "new_customers" if request.outcome == "auto" else request.outcome
    if credited and source not in ATTRIBUTED:
        source = "platform_conversions"
    return chosen, Outcome(source, request.event, NAMES["platform_conversions"] if credited else "outcomes"), ()


def _chosen(request: FitResponseCurves, facts: Facts) -> Outcome:
    source: Source
    if request.outcome == "auto":
        names = facts.names()
        source = "new_customers" if "orders" in names else "contacts" if "contacts" in names else "platform_conversions"
    else:
        source = request.outcome
    return Outcome(source, request.event, NAMES.get(source) or _plural(request.event))


def _plural(event: str | None) -> str:
    words = (event or "").replace("_", " ").strip().lower()
    if not re.fullmatch(r"[a-z][a-z -]*", words):
        return "events"
    return f"first {words}" if words.endswith("s") else f"first {words}s"
