"""A planning range for a client without history, and what must be true to break even."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tools.budget._charts import range_chart
from tools.budget._figures import Figures
from tools.budget._forecast_words import by_review
from tools.budget._scenario import ChannelRates, Outlook, add_channel, provenance, span
from tools.budget._simulation import add_review, horizon_cost, horizon_period, review_days, start_of
from tools.contract import Caveat, Column, Figure, Table, ToolInputError
from tools.methods.channel_names import channel_name, joined

if TYPE_CHECKING:
    from tools.budget.forecast_campaign import ForecastCampaign

Outlooks = list[tuple[ChannelRates, Outlook]]
KINDS = {
    "assumed": "assumed rates",
    "benchmark": "benchmarks of others",
    "stated": "stated rates",
    "observed": "rates of a short time",
    "attributed": "rates that the platforms claim",
}


def forecast_from_rates(request: ForecastCampaign, currency: str, outcome: str) -> dict[str, Any]:
    """The parts of the result. Raises ToolInputError when a channel with money has no rates."""
    given = {one.channel: one for one in request.rates}
    lines = [line for line in request.plan if line.amount]
    bare = [line.channel for line in lines if line.channel not in given]
    if bare:
        names = joined([channel_name(channel) for channel in bare])
        raise ToolInputError(f"There is money for {names} in the plan but neither a curve nor rates.", field="rates")
    if not lines:
        raise ToolInputError("The plan spends nothing.", field="plan")
    period = horizon_period(start_of(request.starts_on, request.as_of), request.horizon_weeks)
    worth = request.value_per_conversion * (request.gross_margin or 1.0) if request.value_per_conversion else None
    figures = Figures(currency, {"period": period, "denominator": "horizon"})
    outlooks: Outlooks = []
    for line in lines:
        rates = given[line.channel]
        outlooks.append((rates, add_channel(figures, rates, line.weekly * request.horizon_weeks, worth, outcome)))
    _totals(figures, request, outlooks, outcome, worth)
    rows = [{"channel": rates.channel, "expected": seen.likely, "low": seen.poor, "high": seen.good} for rates, seen in outlooks]
    return {
        "figures": tuple(figures.made),
        "findings": tuple(_findings(outlooks, outcome, figures.by_key)),
        "caveats": tuple(_caveats(outlooks, outcome)),
        "table": _table(outlooks, outcome),
        "chart": range_chart(rows, outcome),
    }


def _totals(figures: Figures, request: ForecastCampaign, outlooks: Outlooks, outcome: str, worth: float | None) -> None:
    poor, likely, good = (sum(values) for values in zip(*(seen for _, seen in outlooks), strict=True))
    costs = horizon_cost(request.plan, request.fees, request.vat_rate, request.horizon_weeks)
    cost = costs.amount
    known = figures.of("total", **provenance([rates for rates, _ in outlooks]))
    stated = figures.of("total", basis="stated")
    stated.add("horizon", request.horizon_weeks, "weeks", "weeks ahead", denominator=None, rests_on=("horizon_weeks",))
    stated.add("cost", cost, "money", f"cost of the plan in the horizon: {costs.words}", rests_on=("plan", "fees", "vat_rate"))
    known.add(
        "expected_conversions", likely, "count", f"{outcome} in the horizon at the likely rates of every channel", interval=span(poor, good)
    )
    start = start_of(request.starts_on, request.as_of)
    for day in review_days(request.horizon_weeks):
        part = day / (7 * request.horizon_weeks)
        label = f"{outcome} in the first {{}} days at the likely rates of every channel"
        add_review(known, day, start, likely * part, span(poor * part, good * part), label)
    if poor > 0:
        known.add(
            "cost_per_conversion", cost / likely, "money", f"cost of the plan ({costs.words}) per one of the {outcome} at the likely rates",
            interval=span(cost / good, cost / poor), denominator=outcome,
        )  # fmt: skip
    value = request.value_per_conversion
    if worth and value:
        known.add(
            "revenue", likely * value, "money", "revenue in the horizon at the likely rates", interval=span(poor * value, good * value)
        )  # fmt: skip
        known.add(
            "profit", likely * worth - cost, "money", "revenue less the cost of serving it and of the plan, at the likely rates",
            interval=span(poor * worth - cost, good * worth - cost),
        )  # fmt: skip
        label = f"{outcome} in the horizon that pay for the plan"
        fields = ("plan", "fees", "vat_rate", "value_per_conversion", "gross_margin")
        stated.add("break_even_conversions", cost / worth, "count", label, metric="break_even", rests_on=fields)
        known.add(
            "break_even_multiple", cost / worth / likely, "multiple", f"{outcome} needed to break even, times those at likely rates",
            denominator=None,
        )  # fmt: skip
    if request.target_conversions:
        stated.add(
            "target", request.target_conversions, "count", f"{outcome} aimed at in the horizon", rests_on=("target_conversions",)
        )  # fmt: skip
        known.add(
            "target_multiple", request.target_conversions / likely, "multiple", f"target, times the {outcome} at likely rates",
            denominator=None,
        )  # fmt: skip


def _findings(outlooks: Outlooks, outcome: str, keys: dict[str, Figure]) -> Iterable[str]:
    yield (
        f"At the likely rates the plan brings {{{{total.expected_conversions}}}} {outcome} in {{{{total.horizon}}}} for "
        "{{total.cost}}: {{total.expected_conversions.low}} if every channel does poorly, {{total.expected_conversions.high}} "
        "if every channel does well."
    )
    yield from by_review(outcome, keys)
    if "total.target" in keys:
        yield f"The target of {{{{total.target}}}} {outcome} is {{{{total.target_multiple}}}} what the likely rates give."
    if "total.break_even_conversions" not in keys:
        return
    yield (
        f"To break even the plan needs {{{{total.break_even_conversions}}}} {outcome} in {{{{total.horizon}}}}, "
        "{{total.break_even_multiple}} what the likely rates give."
    )
    for rates, _ in outlooks:
        channel = rates.channel
        yield (
            f"What must be true for {channel_name(channel)} to pay for its media: at the likely cost per click, "
            f"{{{{{channel}.break_even_rate}}}} of clicks convert; or at the likely conversion rate, a click costs at most "
            f"{{{{{channel}.break_even_cost_per_click}}}}."
        )


def _caveats(outlooks: Outlooks, outcome: str) -> Iterable[Caveat]:
    kinds = joined([KINDS[kind] for kind in sorted({rates.basis for rates, _ in outlooks})])
    yield Caveat(
        code="planning_range",
        insist=True,
        signs=("planning range", "not a prediction", "not a forecast"),
        text=f"This is a planning range from {kinds}, not a prediction from this client's history.",
    )
    yield Caveat(
        code="season_not_told",
        signs=("season", "time of year"),
        text="These rates know no season: a busy or a quiet time of year may bring more or less.",
    )
    yield Caveat(
        code="no_saturation", text=f"Rates are taken to hold at any spend; in truth the next of the {outcome} costs more than the last."
    )


def _table(outlooks: Outlooks, outcome: str) -> Table:
    columns = (
        Column(name="channel", label="channel"),
        Column(name="poor", label=f"{outcome}, poor rates", unit="count"),
        Column(name="likely", label=f"{outcome}, likely rates", unit="count"),
        Column(name="good", label=f"{outcome}, good rates", unit="count"),
        Column(name="basis", label="basis"),
    )
    rows = tuple((channel_name(rates.channel), seen.poor, seen.likely, seen.good, rates.basis) for rates, seen in outlooks)
    return Table(title=f"Planning range of {outcome} by channel", columns=columns, rows=rows)
