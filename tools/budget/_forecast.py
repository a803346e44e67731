"""A forecast from fitted curves, told as figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tools.budget._charts import forecast_chart
from tools.budget._curve import ResponseCurve
from tools.budget._figures import Figures, around
from tools.budget._forecast_words import caveats, findings
from tools.budget._plan import PlanLine
from tools.budget._scenario import add_channel
from tools.budget._simulation import (
    Cost,
    Futures,
    WeekAhead,
    add_review,
    expected_path,
    horizon_cost,
    horizon_period,
    review_days,
    simulate,
    start_of,
    weights_until,
)
from tools.budget._split import SAME_SUM, chance_below
from tools.contract import Column, Interval, Table, ToolInputError, weakest
from tools.methods.bootstrap import percentile_interval
from tools.methods.channel_names import channel_name

if TYPE_CHECKING:
    from tools.budget.forecast_campaign import ForecastCampaign

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Told:
    """One simulation of a plan, told. weekly: spend of the channels with curves, minor units, (K,)."""

    request: ForecastCampaign
    curves: tuple[ResponseCurve, ...]
    outcome: str
    weekly: Floats
    futures: Futures
    costs: Cost

    @property
    def start(self) -> date | None:
        """First day of the plan."""
        return start_of(self.request.starts_on, self.request.as_of)

    @property
    def cost(self) -> int:
        """Cost of the whole plan over the horizon, minor units."""
        return self.costs.amount

    @property
    def as_now(self) -> bool:
        """Whether the plan is the one that it is to be compared with."""
        plan, now = ({line.channel: line.weekly for line in lines if line.amount} for lines in (self.request.plan, self.request.current))
        return plan == now

    @property
    def against(self) -> str:
        """The plan to compare with, in words: a split of the same sum, or a plan of another one."""
        plan, now = (sum(line.weekly for line in lines) for lines in (self.request.plan, self.request.current))
        return "the current split of this budget" if abs(now - plan) <= SAME_SUM * plan else "the current plan"

    @property
    def sums(self) -> Floats:
        """Outcomes over the horizon, by future."""
        return self.futures.total.sum(axis=1)

    @property
    def mean(self) -> float:
        """Outcomes expected over the horizon."""
        return float(self.futures.by_channel.sum(axis=(1, 2)).mean())

    @property
    def drawn(self) -> bool:
        """Whether the curves came with draws."""
        return len(self.futures.by_channel) > 1

    @property
    def worth(self) -> float | None:
        """What one outcome leaves after the cost of serving it, minor units."""
        value = self.request.value_per_conversion
        return value * (self.request.gross_margin or 1.0) if value else None

    def chance(self, happens: NDArray[np.bool_]) -> float:
        """Chance of something, from the futures; never surer than the number of parameter draws allows."""
        least = 0.5 / (len(self.futures.by_channel) + 1)
        return float(np.clip(happens.mean(), least, 1 - least))

    def predicted(self, draws: Floats, middle: float) -> Interval | None:
        """The prediction interval; outcomes cannot be fewer than none."""
        return around(draws, middle, self.request.level, "prediction", least=0.0)


def forecast_from_curves(request: ForecastCampaign, currency: str, outcome: str, random: np.random.Generator) -> dict[str, Any]:
    """The parts of the result. Raises ToolInputError when no channel of the plan has a curve."""
    planned = {line.channel for line in request.plan}
    curves = tuple(curve for curve in request.curves if curve.channel in planned)
    if not curves:
        raise ToolInputError("No channel of the plan has a curve.", field="plan")
    if request.baseline is not None and any(curve.mode == "per_channel" for curve in curves):
        raise ToolInputError(
            "The baseline belongs to a fit of one total outcome, these curves to what channels are credited with: leave it out.",
            field="baseline",
        )
    start, horizon = start_of(request.starts_on, request.as_of), request.horizon_weeks
    weekly = _weekly(curves, request.plan)
    told = Told(
        request=request,
        curves=curves,
        outcome=outcome,
        weekly=weekly,
        futures=simulate(curves, weekly, request.baseline, start, horizon, request.simulations, random),
        costs=horizon_cost(request.plan, request.fees, request.vat_rate, horizon),
    )
    basis = weakest(curve.basis for curve in curves)
    figures = Figures(currency, {"period": horizon_period(start, horizon), "basis": basis, "denominator": "horizon"})
    _expected(figures, told)
    _money(figures, told)
    _chances(figures, told)
    _against_current(figures, told)
    ranged = _beside(figures, told)
    weeks = _weeks(told)
    return {
        "figures": tuple(figures.made),
        "findings": tuple(findings(outcome, figures.by_key, ranged, told.against if request.current else None)),
        "caveats": tuple(
            caveats(request, curves, weekly, outcome, drawn=told.drawn, ranged=ranged, profit="total.chance_of_loss" in figures.by_key)
        ),
        "table": _table(weeks, outcome),
        "chart": forecast_chart([one.model_dump(include={"week", "expected", "low", "high"}) for one in weeks], outcome),
        "weeks": weeks,
    }


def _weekly(curves: tuple[ResponseCurve, ...], lines: tuple[PlanLine, ...]) -> Floats:
    given = {line.channel: line.weekly for line in lines}
    return np.array([given.get(curve.channel, 0.0) for curve in curves])


def _weeks(told: Told) -> tuple[WeekAhead, ...]:
    start = start_of(told.request.starts_on, told.request.as_of)
    expected = told.futures.by_channel.sum(axis=1).mean(axis=0)
    low, high = percentile_interval(told.futures.total, told.request.level)
    return tuple(
        WeekAhead(
            week=place + 1,
            starts_on=None if start is None else start + timedelta(days=7 * place),
            expected=float(middle),
            low=max(0.0, min(float(low[place]), float(middle))),
            high=max(float(high[place]), float(middle)),
        )
        for place, middle in enumerate(expected)
    )


def _expected(figures: Figures, told: Told) -> None:
    outcome, level, horizon = told.outcome, told.request.level, told.request.horizon_weeks
    for place, curve in enumerate(told.curves):
        brings = told.futures.by_channel[:, place].sum(axis=1)
        mine = figures.of(curve.channel, entity=curve.channel, n=curve.n_weeks)
        mine.add(
            "expected_conversions", float(brings.mean()), "count", f"{outcome} expected from {channel_name(curve.channel)} in the horizon",
            interval=around(brings, float(brings.mean()), level),
        )  # fmt: skip
    n = max(curve.n_weeks for curve in told.curves)
    no_rate: dict[str, Any] = {"denominator": None}
    figures.add("horizon", horizon, "weeks", "weeks ahead", basis="stated", rests_on=("horizon_weeks",), **no_rate)
    figures.add(
        "expected_conversions", told.mean, "count", f"{outcome} expected from the plan's channels in the horizon",
        interval=told.predicted(told.sums, told.mean), n=n,
    )  # fmt: skip
    figures.add(
        "expected_per_week", told.mean / horizon, "count", f"{outcome} per week expected from the plan's channels, on average",
        interval=told.predicted(told.sums / horizon, told.mean / horizon), n=n, denominator="week", metric="expected_conversions",
    )  # fmt: skip
    label = f"cost of the plan in the horizon: {told.costs.words}"
    figures.add("cost", told.cost, "money", label, basis="stated", rests_on=("plan", "fees", "vat_rate"))
    for day in review_days(horizon):
        until = weights_until(day, horizon)
        middle = float(told.futures.by_channel.sum(axis=1).mean(axis=0) @ until)
        interval = told.predicted(told.futures.total @ until, middle)
        add_review(figures, day, told.start, middle, interval, f"{outcome} expected from the plan's channels in the first {{}} days", n=n)
    figures.add(
        "history", min(curve.n_weeks for curve in told.curves), "weeks", "weeks on record", basis="observed", rests_on=(), **no_rate
    )
    if told.futures.outcome is not None:
        sums = told.futures.outcome.sum(axis=1)
        middle = float(sums.mean())
        label = f"all {outcome} expected in the horizon, those without these channels included"
        figures.of("outcome").add(
            "expected", middle, "count", label, metric="expected_outcome", interval=told.predicted(sums, middle), n=n
        )  # fmt: skip


def _money(figures: Figures, told: Told) -> None:
    mean, outcome = told.mean, told.outcome
    if mean > 1e-9:
        cost = told.cost / mean
        ends = around(told.cost / np.maximum(told.sums, 1e-300), cost, told.request.level, "prediction")
        # An end at which nothing comes in has no cost per outcome.
        ends = ends if ends is not None and np.quantile(told.sums, (1 - told.request.level) / 2) > 0 else None
        label = f"cost of the plan ({told.costs.words}) per one of the expected {outcome}"
        figures.add("cost_per_conversion", cost, "money", label, interval=ends, denominator=outcome)
    if told.worth is None or told.request.value_per_conversion is None:
        return
    value, worth = told.request.value_per_conversion, told.worth
    gross = np.maximum(told.sums, 0.0)
    figures.add(
        "revenue", mean * value, "money", "revenue expected from the plan's channels in the horizon",
        interval=around(gross * value, mean * value, told.request.level, "prediction"),
    )  # fmt: skip
    figures.add(
        "profit", mean * worth - told.cost, "money", "expected revenue after the cost of serving it, less the cost of the plan",
        interval=around(gross * worth - told.cost, mean * worth - told.cost, told.request.level, "prediction"),
    )  # fmt: skip
    figures.add(
        "break_even_conversions", told.cost / worth, "count", f"{outcome} in the horizon that pay for the plan", metric="break_even",
        basis="stated", rests_on=("plan", "fees", "vat_rate", "value_per_conversion", "gross_margin"),
    )  # fmt: skip


def _chances(figures: Figures, told: Told) -> None:
    target = told.request.target_conversions
    shared: dict[str, Any] = {"denominator": "simulated futures", "n": len(told.sums)}
    if target:
        figures.add(
            "target", target, "count", f"{told.outcome} aimed at in the horizon", basis="stated", rests_on=("target_conversions",)
        )  # fmt: skip
        chance = told.chance(told.sums < target)
        figures.add("chance_below_target", chance, "share", f"chance of fewer {told.outcome} than the target", **shared)
    if told.worth is not None:
        chance = told.chance(told.sums * told.worth < told.cost)
        label = "chance that the plan costs more than it brings in the horizon, if the curves hold"
        figures.add("chance_of_loss", chance, "share", label, **shared)


def _against_current(figures: Figures, told: Told) -> None:
    """The same futures under the plan to compare with; nothing where that is the plan itself."""
    if not told.request.current or told.as_now:
        return
    level, words = told.request.level, told.against
    other = expected_path(told.curves, _weekly(told.curves, told.request.current), told.request.horizon_weeks)
    now, plan = other.sum(axis=(1, 2)), told.futures.by_channel.sum(axis=(1, 2))
    gain = plan - now
    figures.of("current", entity=f"alternative: {words.removesuffix(' of this budget')}").add(
        "expected_conversions", float(now.mean()), "count", f"{told.outcome} expected in the horizon under {words}",
        interval=told.predicted(told.futures.under(other).sum(axis=1), float(now.mean())),
    )  # fmt: skip
    figures.add(
        "gain", float(gain.mean()), "count", f"more {told.outcome} in the horizon than under {words}",
        interval=around(gain, float(gain.mean()), level),
    )  # fmt: skip
    if told.drawn:
        figures.add(
            "chance_worse", chance_below(plan, now), "share", f"chance of fewer {told.outcome} than under {words}",
            denominator="bootstrap draws", n=len(gain),
        )  # fmt: skip


def _beside(figures: Figures, told: Told) -> tuple[str, ...]:
    """Channels without a curve but with rates: a planning range each, beside the totals and not in them."""
    known = {curve.channel for curve in told.curves}
    lines = {line.channel: line for line in told.request.plan if line.amount and line.channel not in known}
    ranged = tuple(rates for rates in told.request.rates if rates.channel in lines)
    for rates in ranged:
        add_channel(figures, rates, lines[rates.channel].weekly * told.request.horizon_weeks, told.worth, told.outcome)
    return tuple(rates.channel for rates in ranged)


def _table(weeks: tuple[WeekAhead, ...], outcome: str) -> Table:
    columns = (
        Column(name="week", label="week", unit="count"),
        Column(name="expected", label=f"expected {outcome}", unit="count"),
        Column(name="low", label="lower end", unit="count"),
        Column(name="high", label="upper end", unit="count"),
    )
    rows = tuple((one.week, one.expected, one.low, one.high) for one in weeks)
    return Table(title=f"Expected {outcome} from the plan's channels by week", columns=columns, rows=rows)
