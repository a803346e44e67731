"""A planning range for a client without history, and what must be true to break even."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tools.budget._charts import range_chart
from tools.budget._forecast import horizon_cost, horizon_period, start_of
from tools.budget._scenario import LEVEL, ChannelRates, Outlook, provenance, scenario_figures
from tools.contract import Caveat, Column, Figure, Interval, Table, ToolInputError
from tools.methods.channel_names import channel_name, joined

if TYPE_CHECKING:
    from tools.budget.forecast_campaign import ForecastCampaign


def forecast_from_rates(request: ForecastCampaign, currency: str, outcome: str) -> dict[str, Any]:
    """The parts of the result. Raises ToolInputError when a channel with money has no rates."""
    given = {one.channel: one for one in request.rates}
    lines = [line for line in request.plan if line.amount]
    bare = [line.channel for line in lines if line.channel not in given]
    if bare:
        raise ToolInputError(
            f"{joined([channel_name(channel) for channel in bare])} has money in the plan but neither a curve nor rates.", field="rates"
        )
    if not lines:
        raise ToolInputError("The plan spends nothing.", field="plan")
    period = horizon_period(start_of(request), request.horizon_weeks)
    worth = request.value_per_conversion * (request.gross_margin or 1.0) if request.value_per_conversion else None
    figures: list[Figure] = []
    outlooks: list[tuple[ChannelRates, Outlook]] = []
    for line in lines:
        made, seen = scenario_figures(given[line.channel], line.weekly * request.horizon_weeks, worth, outcome, currency, period)
        figures += made
        outlooks.append((given[line.channel], seen))
    figures += _totals(request, outlooks, outcome, currency, period)
    return {
        "figures": tuple(figures),
        "findings": tuple(_findings(outlooks, outcome, {figure.key for figure in figures})),
        "caveats": tuple(_caveats(outlooks, outcome)),
        "table": _table(outlooks, outcome),
        "chart": range_chart(
            [{"channel": rates.channel, "expected": seen.likely, "low": seen.poor, "high": seen.good} for rates, seen in outlooks], outcome
        ),
    }


def _totals(
    request: ForecastCampaign, outlooks: list[tuple[ChannelRates, Outlook]], outcome: str, currency: str, period: str | None
) -> list[Figure]:
    poor, likely, good = (sum(values) for values in zip(*(seen for _, seen in outlooks), strict=True))
    cost, value, margin = horizon_cost(request), request.value_per_conversion, request.gross_margin or 1.0
    known = provenance([rates for rates, _ in outlooks])
    shared = {"period": period, "denominator": "horizon", **known}
    money = {"unit": "money", "currency": currency}
    figures = [
        Figure(key="total.horizon", value=request.horizon_weeks, unit="weeks", metric="horizon", label="weeks ahead", basis="stated", period=period),
        Figure(
            key="total.expected_conversions", value=likely, unit="count", metric="expected_conversions", interval=_range(poor, good),
            label=f"{outcome} in the horizon at the likely rates of every channel", **shared,
        ),
        Figure(
            key="total.cost", value=cost, metric="cost", label="cost of the plan in the horizon, fees that were stated included", **money,
            **{**shared, "basis": "stated", "source": None, "source_date": None},
        ),
    ]  # fmt: skip
    if poor > 0:
        figures.append(
            Figure(
                key="total.cost_per_conversion", value=round(cost / likely), metric="cost_per_conversion", interval=_range(round(cost / good), round(cost / poor)),
                label=f"cost of the plan per one of the {outcome} at the likely rates", **money, **{**shared, "denominator": outcome},
            )
        )  # fmt: skip
    if value:
        figures += [
            Figure(
                key="total.revenue", value=round(likely * value), metric="revenue", interval=_range(round(poor * value), round(good * value)),
                label="revenue in the horizon at the likely rates", **money, **shared,
            ),
            Figure(
                key="total.profit", value=round(likely * value * margin - cost), metric="profit",
                interval=_range(round(poor * value * margin - cost), round(good * value * margin - cost)),
                label="revenue after the cost of serving it, less the cost of the plan, at the likely rates", **money, **shared,
            ),
            Figure(
                key="total.break_even_conversions", value=cost / (value * margin), unit="count", metric="break_even", denominator="horizon",
                label=f"{outcome} in the horizon that pay for the plan", basis="stated", period=period,
            ),
        ]  # fmt: skip
    if request.target_conversions:
        figures += [
            Figure(key="total.target", value=request.target_conversions, unit="count", metric="target", label=f"{outcome} aimed at", basis="stated"),
            Figure(
                key="total.target_against_likely", value=request.target_conversions / likely, unit="multiple", metric="target_against_likely",
                label=f"target as a multiple of the {outcome} at the likely rates", **shared,
            ),
        ]  # fmt: skip
    return figures


def _findings(outlooks: list[tuple[ChannelRates, Outlook]], outcome: str, keys: set[str]) -> list[str]:
    found = [
        f"At the likely rates the plan brings {{{{total.expected_conversions}}}} {outcome} in {{{{total.horizon}}}}, "
        "{{total.expected_conversions.low}} if every channel does poorly and {{total.expected_conversions.high}} if every channel does well, for {{total.cost}}."
    ]
    if "total.break_even_conversions" in keys:
        found.append(f"To break even the plan needs {{{{total.break_even_conversions}}}} {outcome} in {{{{total.horizon}}}}.")
        for rates, _ in outlooks:
            words = channel_name(rates.channel)
            found.append(
                f"What must be true for {words}: at the likely cost per click, {{{{{rates.channel}.break_even_rate}}}} of clicks convert, or at the likely "
                f"conversion rate a click costs at most {{{{{rates.channel}.break_even_cost_per_click}}}}."
            )
    return found


def _caveats(outlooks: list[tuple[ChannelRates, Outlook]], outcome: str) -> list[Caveat]:
    kinds = sorted({rates.basis for rates, _ in outlooks})
    named = {"assumed": "assumed rates", "benchmark": "benchmarks of others", "stated": "stated rates", "observed": "rates of a short time"}
    return [
        Caveat(
            code="planning_range", insist=True, signs=("planning range", "not a prediction", "not a forecast"),
            text=f"This is a planning range from {joined([named[kind] for kind in kinds])}, not a prediction from this client's history.",
        ),
        Caveat(code="no_saturation", text=f"Rates are taken to hold at any spend; in truth the next of the {outcome} costs more than the last."),
    ]  # fmt: skip


def _table(outlooks: list[tuple[ChannelRates, Outlook]], outcome: str) -> Table:
    columns = (
        Column(name="channel", label="channel"),
        Column(name="poor", label=f"{outcome}, poor rates", unit="count"),
        Column(name="likely", label=f"{outcome}, likely rates", unit="count"),
        Column(name="good", label=f"{outcome}, good rates", unit="count"),
        Column(name="basis", label="basis"),
    )
    rows = tuple((channel_name(rates.channel), seen.poor, seen.likely, seen.good, rates.basis) for rates, seen in outlooks)
    return Table(title=f"Planning range of {outcome} by channel", columns=columns, rows=rows)


def _range(low: float, high: float) -> Interval:
    return Interval(low=low, high=high, level=LEVEL, kind="range")
