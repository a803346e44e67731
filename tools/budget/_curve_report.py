"""What fitted curves say: figures, findings, caveats, table and chart."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tools.budget._charts import curves_chart
from tools.budget._curve import WeeklySeries
from tools.budget._fit import Fitted
from tools.contract import Caveat, Column, Figure, Interval, Table
from tools.methods.bootstrap import percentile_interval
from tools.methods.channel_names import channel_name, joined
from tools.methods.currencies import minor_units

Floats = NDArray[np.float64]
BEYOND = 1.3
"""The chart goes this far past the largest spend on record."""


class _Bounds(NamedTuple):
    level: float
    kind: str
    drawn: bool

    def around(self, value: float, draws: Floats, whole: bool = False) -> Interval | None:
        """The interval of the draws, widened to hold the estimate itself; none where an end is not finite."""
        if not self.drawn:
            return None
        low, high = (float(end) for end in percentile_interval(draws, self.level))
        if not (np.isfinite(low) and np.isfinite(high)):
            return None
        low, high = min(low, value), max(high, value)
        return Interval(low=round(low) if whole else low, high=round(high) if whole else high, level=self.level, kind=self.kind)


def report(
    series: WeeklySeries, fitted: Fitted, outcome: str, level: float, *, weak_prior: bool, other_currencies: tuple[str, ...]
) -> dict[str, Any]:
    """The parts of a ToolResult that every result has."""
    bounds = _Bounds(level, "credible" if weak_prior else "confidence", bool(fitted.curves[0].draws) or len(fitted.draws.decay) > 1)
    figures = [figure for place in range(len(fitted.curves)) for figure in _channel_figures(series, fitted, place, outcome, bounds)]
    figures += _total_figures(series, fitted, outcome)
    keys = {figure.key for figure in figures}
    return {
        "figures": tuple(figures),
        "findings": tuple(_findings(fitted, outcome, keys)),
        "caveats": tuple(_caveats(fitted, outcome, keys, other_currencies)),
        "table": _table(fitted, outcome, figures),
        "chart": _chart(fitted, outcome, level),
    }


def _channel_figures(series: WeeklySeries, fitted: Fitted, place: int, outcome: str, bounds: _Bounds) -> list[Figure]:
    curve, recent = fitted.curves[place], fitted.recent[place : place + 1]
    channel, words = curve.channel, channel_name(curve.channel)
    shared = {"entity": channel, "period": series.period, "n": curve.n_weeks, "basis": curve.basis}
    money = {"unit": "money", "currency": curve.currency}
    now, now_draws = float(fitted.point.steady(place, recent)[0, 0]), fitted.draws.steady(place, recent)[:, 0]
    half = round(curve.half_saturation)
    figures = [
        Figure(
            key=f"{channel}.recent_spend", value=round(float(recent[0])), metric="spend", denominator="week",
            label=f"recent weekly spend on {words}", **{**shared, **money, "basis": "observed"},
        ),
        Figure(
            key=f"{channel}.observed_max", value=curve.observed_max, metric="largest_weekly_spend", denominator="week",
            label=f"largest weekly spend on {words} on record", **{**shared, **money, "basis": "observed"},
        ),
        Figure(
            key=f"{channel}.decay", value=curve.decay, unit="share", metric="carry_over", denominator="week",
            label=f"share of {words}'s effect that carries over into the next week",
            interval=bounds.around(curve.decay, fitted.draws.decay[:, place]), **shared,
        ),
        Figure(
            key=f"{channel}.half_saturation", value=half, metric="half_saturation", denominator="week",
            label=f"weekly spend on {words} at half of its ceiling",
            interval=bounds.around(half, fitted.draws.half[:, place], whole=True), **shared, **money,
        ),
        Figure(
            key=f"{channel}.maximum", value=curve.maximum, unit="count", metric="ceiling", denominator="week",
            label=f"modelled ceiling of {outcome} per week from {words}",
            interval=bounds.around(curve.maximum, fitted.draws.maximum[:, place]), **shared,
        ),
        Figure(
            key=f"{channel}.contribution", value=now, unit="count", metric="contribution", denominator="week",
            label=f"{outcome} per week that go with the recent spend on {words}", interval=bounds.around(now, now_draws), **shared,
        ),
    ]  # fmt: skip
    with np.errstate(divide="ignore", invalid="ignore"):
        costs = {
            "cost_per_conversion": (recent[0] / now, recent[0] / now_draws, f"spend per one of {words}'s modelled {outcome}"),
            "marginal_cost": (
                1 / float(fitted.point.marginal(place, recent)[0, 0]), 1 / fitted.draws.marginal(place, recent)[:, 0],
                f"spend on {words} for one more of the {outcome}, from the recent level",
            ),
        }  # fmt: skip
    for metric, (value, draws, label) in costs.items():
        if now > 0 and np.isfinite(value) and value < 1e15:
            interval = bounds.around(round(value), draws, whole=True)
            figures.append(
                Figure(
                    key=f"{channel}.{metric}",
                    value=round(value),
                    metric=metric,
                    label=label,
                    denominator=outcome,
                    interval=interval,
                    **shared,
                    **money,
                )
            )
    return figures


def _total_figures(series: WeeklySeries, fitted: Fitted, outcome: str) -> list[Figure]:
    shared = {"period": series.period, "n": series.weeks}
    figures = [
        Figure(key="fit.weeks", value=series.weeks, unit="weeks", metric="history", label="weeks fitted on", **shared),
        Figure(
            key="fit.explained", value=fitted.explained, unit="share", metric="variation_explained", denominator="variation",
            label=f"share of the week-to-week variation of {outcome} that the model describes", basis="model", **shared,
        ),
    ]  # fmt: skip
    if fitted.holdout:
        weeks, error, naive = fitted.holdout
        held = {"unit": "share", "denominator": outcome, "period": series.period, "n": weeks}
        figures += [
            Figure(key="holdout.weeks", value=weeks, unit="weeks", metric="holdout", label="last weeks held out", **shared),
            Figure(key="holdout.mape", value=error, metric="holdout_error", label="average miss of the model on the weeks held out", basis="model", **held),
            Figure(
                key="holdout.naive_mape", value=naive, metric="naive_error", label="average miss of a plain average on the weeks held out", basis="model",
                **held,
            ),
        ]  # fmt: skip
    return figures


def _findings(fitted: Fitted, outcome: str, keys: set[str]) -> list[str]:
    order = np.argsort(-fitted.point.plan(fitted.recent)[0], kind="stable")
    findings = []
    for place in order:
        channel, words = fitted.curves[place].channel, channel_name(fitted.curves[place].channel)
        start = f"{words[:1].upper()}{words[1:]}: {{{{{channel}.contribution}}}} {outcome} a week go with the recent spend of {{{{{channel}.recent_spend}}}} a week"
        cost = f", {{{{{channel}.cost_per_conversion}}}} each" if f"{channel}.cost_per_conversion" in keys else ""
        margin = f"; one more would cost {{{{{channel}.marginal_cost}}}}" if f"{channel}.marginal_cost" in keys else ""
        findings.append(f"{start}{cost}{margin}.")
    if fitted.holdout:
        findings.append(
            "On the last {{holdout.weeks}}, held out of the fit, the model missed by {{holdout.mape}} on average; "
            "a plain average of the weeks before missed by {{holdout.naive_mape}}."
        )
    return findings


def _caveats(fitted: Fitted, outcome: str, keys: set[str], other_currencies: tuple[str, ...]) -> list[Caveat]:
    def names(channels: tuple[str, ...] | list[str]) -> str:
        return joined([channel_name(channel) for channel in channels])

    caveats, screened = [], fitted.screened
    if fitted.mode == "per_channel":
        caveats.append(
            Caveat(
                code="platform_claims", insist=True, signs=("platforms claim", "platform claims", "claimed by the platform", "claimed conversions"),
                text="These curves rest on the conversions that the platforms claim for themselves, which overlap and overstate; "
                "a total outcome or an experiment would be stronger.",
            )
        )  # fmt: skip
    else:
        caveats.append(
            Caveat(code="not_causal", text=f"The curves show which {outcome} went with spend; only an experiment shows what spend caused.")
        )
    if screened.steady:
        caveats.append(
            Caveat(
                code="spend_never_varied", insist=True, signs=("never varied", "hardly varied", "did not vary"),
                text=f"Spend on {names(screened.steady)} never varied, so its effect cannot be measured and it has no curve.",
            )
        )  # fmt: skip
    if screened.rare:
        caveats.append(
            Caveat(
                code="too_few_active_weeks", insist=True, signs=("too few weeks", "no curve"),
                text=f"{names(screened.rare)} ran in too few weeks to measure, and has no curve.",
            )
        )  # fmt: skip
    if screened.unclaimed:
        caveats.append(
            Caveat(
                code="no_claims", insist=True, signs=("no conversions", "no curve"),
                text=f"No conversions are on record for {names(screened.unclaimed)}, so there is no curve.",
            )
        )  # fmt: skip
    if fitted.close:
        pairs = "; ".join(names(pair) for pair in fitted.close)
        caveats.append(
            Caveat(
                code="collinear", insist=True, signs=("told apart", "moved together", "move together", "collinear"),
                text=f"Spend on these channels moved together, so their effects can hardly be told apart: {pairs}.",
            )
        )  # fmt: skip
    if fitted.seasonal:
        caveats.append(
            Caveat(
                code="moves_with_season", insist=True, signs=("with the season", "seasonal"),
                text=f"Spend on {names(fitted.seasonal)} moved almost only with the season and trend, so its effect may be the season's.",
            )
        )  # fmt: skip
    if fitted.holdout and fitted.holdout.error > fitted.holdout.naive:
        caveats.append(
            Caveat(
                code="worse_than_average", insist=True, signs=("plain average", "naive"),
                text="On the weeks held out the model missed by more than a plain average did ({{holdout.mape}} against {{holdout.naive_mape}}): "
                "take the curves as a direction, not as a forecast.",
            )
        )  # fmt: skip
    if not fitted.holdout:
        caveats.append(
            Caveat(
                code="no_holdout", insist=True, signs=("held out", "not been tested", "untested"),
                text="The history is too short to hold weeks out, so the error of these curves has not been tested.",
            )
        )  # fmt: skip
    if fitted.mode == "joint" and not fitted.season_fitted:
        caveats.append(Caveat(code="no_season", text="No season was fitted, so a yearly swing may be taken for the effect of spend."))
    flat = [curve.channel for curve in fitted.curves if f"{curve.channel}.cost_per_conversion" not in keys and curve.maximum == 0]
    if flat:
        caveats.append(
            Caveat(
                code="no_effect_found", insist=True, signs=("no effect", "no response"),
                text=f"No response to spend on {names(flat)} was found in these weeks, which is not proof that there is none.",
            )
        )  # fmt: skip
    beyond = [curve.channel for curve in fitted.curves if curve.half_saturation > curve.observed_max]
    if beyond:
        caveats.append(
            Caveat(
                code="saturation_not_seen",
                text=f"Spend on {names(beyond)} never came near saturation, so how far it could be raised is not known.",
            )
        )
    if other_currencies:
        caveats.append(
            Caveat(
                code="other_currencies", insist=True, signs=("other currencies", *other_currencies),
                text=f"Spend in other currencies ({', '.join(other_currencies)}) is left out.",
            )
        )  # fmt: skip
    return caveats


def _table(fitted: Fitted, outcome: str, figures: list[Figure]) -> Table:
    values = {figure.key: figure.value for figure in figures}
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
    rows = tuple(
        (channel_name(curve.channel), *(values.get(f"{curve.channel}.{column.name}") for column in columns[1:])) for curve in fitted.curves
    )
    return Table(title=f"Response of {outcome} to weekly spend", columns=columns, rows=rows)


def _chart(fitted: Fitted, outcome: str, level: float) -> dict[str, Any]:
    lines, observed = [], []
    for place, curve in enumerate(fitted.curves):
        minor = minor_units(curve.currency)
        spend = np.linspace(0, BEYOND * max(curve.observed_max, 1), 31)
        expected = fitted.point.steady(place, spend)[0]
        low, high = percentile_interval(fitted.draws.steady(place, spend), level)
        lines += [
            {
                "channel": curve.channel,
                "spend": round(float(x) / minor, 2),
                "expected": _four(y),
                "low": _four(min(a, y)),
                "high": _four(max(b, y)),
            }
            for x, y, a, b in zip(spend, expected, low, high, strict=True)
        ]
        observed.append({"channel": curve.channel, "from": curve.observed_min / minor, "to": curve.observed_max / minor})
    return curves_chart(lines, observed, fitted.curves[0].currency, outcome)


def _four(value: float) -> float:
    return float(f"{value:.5g}")
