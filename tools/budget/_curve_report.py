"""What fitted curves say: figures, findings, table and chart."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.budget._charts import curves_chart
from tools.budget._curve import Source, WeeklySeries
from tools.budget._curve_caveats import caveats
from tools.budget._figures import Figures, Kind, around
from tools.budget._fit import RECENT_WEEKS, Fitted
from tools.contract import Column, Figure, Table, Unit
from tools.methods.bootstrap import percentile_interval
from tools.methods.channel_names import channel_name
from tools.methods.currencies import minor_units
from tools.methods.number_words import in_words

POINTS = 21
"""Points of a drawn curve: enough for its bend, few enough for a record that is kept."""
BEYOND = 1.3
"""The chart goes this far past the largest spend on record."""


def report(
    series: WeeklySeries, fitted: Fitted, source: Source, outcome: str, level: float, *, weak_prior: bool, other_currencies: tuple[str, ...]
) -> dict[str, Any]:
    """The parts of a ToolResult that every result has."""
    figures = Figures(series.currency, {"period": series.period, "n": series.weeks, "basis": fitted.curves[0].basis}, "fit")
    for place in range(len(fitted.curves)):
        _channel(figures, series, fitted, place, outcome, level, "credible" if weak_prior else "confidence")
    _fit(figures, series, fitted, outcome)
    return {
        "figures": tuple(figures.made),
        "findings": tuple(_findings(fitted, outcome, figures.by_key)),
        "caveats": tuple(caveats(fitted, source, outcome, other_currencies)),
        "table": _table(fitted, outcome, figures.by_key),
        "chart": _chart(fitted, outcome, level),
    }


def _channel(figures: Figures, series: WeeklySeries, fitted: Fitted, place: int, outcome: str, level: float, kind: Kind) -> None:
    """One channel. Every summary of the draws is their mean, as allocation and forecast take it, so that figures fit together."""
    curve, recent, draws = fitted.curves[place], fitted.recent[place : place + 1], fitted.draws
    words = channel_name(curve.channel)
    weekly: dict[str, Any] = {"denominator": "week"}
    lately: dict[str, Any] = {"period": series.recent(RECENT_WEEKS)}
    weeks = in_words(min(RECENT_WEEKS, series.weeks))
    summary = "mean of draws" if draws.draws > 1 else "best fit"
    mine = figures.of(curve.channel, entity=curve.channel)
    now_draws, more_draws = draws.steady(place, recent)[:, 0], draws.marginal(place, recent)[:, 0]
    now, more = float(now_draws.mean()), float(more_draws.mean())

    def drawn(name: str, values: NDArray[np.float64], unit: Unit, label: str, **own: Any) -> None:
        middle = float(values.mean())
        mine.add(name, middle, unit, label, interval=around(values, middle, level, kind), **own)

    mine.add(
        "recent_spend", float(recent[0]), "money", f"media spend on {words} per week over the last {weeks} weeks", basis="observed",
        **weekly, **lately,
    )  # fmt: skip
    mine.add(
        "observed_max", curve.observed_max, "money", f"largest weekly spend on {words} on record", metric="largest_weekly_spend",
        basis="observed", **weekly,
    )  # fmt: skip
    label = f"share of {words}'s effect that carries over into the next week ({summary})"
    drawn("decay", draws.decay[:, place], "share", label, metric="carry_over", **weekly)
    label = f"weekly spend on {words} at half of its ceiling ({summary})"
    drawn("half_saturation", draws.half[:, place], "money", label, **weekly)
    label = f"modelled ceiling of {outcome} per week from {words} ({summary})"
    drawn("maximum", draws.maximum[:, place], "count", label, metric="ceiling", **weekly)
    label = f"{outcome} per week that go with the spend on {words} of the last {weeks} weeks ({summary})"
    drawn("contribution", now_draws, "count", label, **weekly, **lately)
    if recent[0] > 0 and now > 1e-9 and more > 1e-15:
        with np.errstate(divide="ignore"):
            cost, marginal = recent[0] / now_draws, 1 / more_draws
        label = f"spend on {words} per one of the {outcome} that go with it, over the last {weeks} weeks"
        mine.add(
            "cost_per_conversion", float(recent[0]) / now, "money", label,
            interval=around(cost, float(recent[0]) / now, level, kind), denominator=outcome, **lately,
        )  # fmt: skip
        label = f"spend on {words} for one more of the {outcome}, from the level of the last {weeks} weeks"
        mine.add(
            "marginal_cost", 1 / more, "money", label, interval=around(marginal, 1 / more, level, kind), denominator=outcome, **lately
        )  # fmt: skip


def _fit(figures: Figures, series: WeeklySeries, fitted: Fitted, outcome: str) -> None:
    figures.add("weeks", series.weeks, "weeks", "weeks fitted on", metric="history", basis="observed")
    figures.add(
        "recent_weeks", min(RECENT_WEEKS, series.weeks), "weeks", "weeks that recent spend is the average of", metric="averaged_over",
        basis="observed", period=series.recent(RECENT_WEEKS),
    )  # fmt: skip
    figures.add(
        "explained", fitted.explained, "share", f"share of the week-to-week variation of {outcome} that the model describes",
        metric="variation_explained", denominator="variation",
    )  # fmt: skip
    if fitted.holdout:
        weeks, error, naive = fitted.holdout
        held = figures.of("holdout", n=weeks)
        held.add("weeks", weeks, "weeks", "last weeks held out", metric="holdout", basis="observed")
        held.add("mape", error, "share", "average miss of the model on the weeks held out", metric="holdout_error", denominator=outcome)
        held.add(
            "naive_mape", naive, "share", "average miss of a plain average on the weeks held out", metric="naive_error", denominator=outcome
        )  # fmt: skip


def _findings(fitted: Fitted, outcome: str, keys: dict[str, Figure]) -> list[str]:
    findings = []
    for place in np.argsort(-fitted.draws.plan(fitted.recent).mean(axis=0), kind="stable"):
        channel = fitted.curves[place].channel
        words = channel_name(channel)
        findings.append(f"Over the last {{{{fit.recent_weeks}}}} media spend on {words} was {{{{{channel}.recent_spend}}}} a week.")
        sentence = f"{{{{{channel}.contribution}}}} {outcome} a week go with that spend on {words}"
        if f"{channel}.cost_per_conversion" in keys:
            sentence += (
                f": a cost of {{{{{channel}.cost_per_conversion}}}} for each; the marginal cost, of one more, "
                f"is {{{{{channel}.marginal_cost}}}}"
            )
        findings.append(f"{sentence}.")
    if fitted.holdout:
        findings.append(
            "On the last {{holdout.weeks}}, held out of the fit, the model missed by {{holdout.mape}} on average; "
            "a plain average of the weeks before missed by {{holdout.naive_mape}}."
        )
    return findings


def _table(fitted: Fitted, outcome: str, figures: dict[str, Figure]) -> Table:
    currency = fitted.curves[0].currency
    columns = (
        Column(name="channel", label="channel"),
        Column(name="recent_spend", label="recent spend per week", unit="money", currency=currency),
        Column(name="contribution", label=f"{outcome} per week", unit="count"),
        Column(name="cost_per_conversion", label="cost of one", unit="money", currency=currency),
        Column(name="marginal_cost", label="cost of one more", unit="money", currency=currency),
        Column(name="decay", label="carry-over per week", unit="share"),
        Column(name="half_saturation", label="half-saturation per week", unit="money", currency=currency),
        Column(name="maximum", label="ceiling per week", unit="count"),
    )
    cells = [[figures.get(f"{curve.channel}.{column.name}") for column in columns[1:]] for curve in fitted.curves]
    rows = tuple(
        (channel_name(curve.channel), *(cell.value if cell else None for cell in row))
        for curve, row in zip(fitted.curves, cells, strict=True)
    )
    return Table(title=f"Response of {outcome} to weekly spend", columns=columns, rows=rows)


def _chart(fitted: Fitted, outcome: str, level: float) -> dict[str, Any]:
    lines, observed = [], []
    minor = minor_units(fitted.curves[0].currency)
    for place, curve in enumerate(fitted.curves):
        spend = np.linspace(0, BEYOND * max(curve.observed_max, 1), POINTS)
        drawn = fitted.draws.steady(place, spend)
        expected = drawn.mean(axis=0)
        low, high = percentile_interval(drawn, level)
        for x, y, a, b in zip(spend, expected, low, high, strict=True):
            ends = {"expected": _short(y), "low": _short(min(a, y)), "high": _short(max(b, y))}
            lines.append({"channel": curve.channel, "spend": round(float(x) / minor, 2), **ends})
        observed.append({"channel": curve.channel, "from": curve.observed_min / minor, "to": curve.observed_max / minor})
    return curves_chart(lines, observed, fitted.curves[0].currency, outcome)


def _short(value: float) -> float:
    return float(f"{value:.5g}")
