"""A forecast from fitted curves: parameter draws times simulated noise, along the weeks of the plan."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tools.budget._charts import forecast_chart
from tools.budget._curve import Baseline, ResponseCurve
from tools.budget._plan import WEEKS, PlanLine, earlier_spend, response_set
from tools.budget._split import chance_below
from tools.contract import Basis, Caveat, Column, Figure, Frozen, Interval, Table, ToolInputError, weakest
from tools.methods.bootstrap import percentile_interval
from tools.methods.channel_names import channel_name, joined
from tools.methods.noise import autoregressive_noise
from tools.methods.weekly_controls import controls

if TYPE_CHECKING:
    from tools.budget.forecast_campaign import ForecastCampaign

Floats = NDArray[np.float64]


class WeekAhead(Frozen):
    """One week of the horizon."""

    week: int = Field(description="number of the week, from 1")
    starts_on: date | None = Field(None, description="its first day, where known")
    expected: float = Field(description="outcomes expected from the plan's channels")
    low: float = Field(description="lower end of the interval")
    high: float = Field(description="upper end of the interval")


class Simulated(NamedTuple):
    """Futures of a plan: by draw and channel (D, K, H), of all channels with noise (S, H), and of the total outcome (S, H) with a baseline."""

    by_channel: Floats
    total: Floats
    outcome: Floats | None


def start_of(request: ForecastCampaign) -> date | None:
    """First day of the plan: as stated, else the Monday after `as_of`."""
    if request.starts_on is not None:
        return request.starts_on
    return None if request.as_of is None else request.as_of + timedelta(days=7 - request.as_of.weekday())


def horizon_period(start: date | None, weeks: int) -> str | None:
    """The days of the horizon, both ends included, ISO 8601."""
    return None if start is None else f"{start.isoformat()}/{(start + timedelta(days=7 * weeks - 1)).isoformat()}"


def simulate(
    curves: tuple[ResponseCurve, ...],
    weekly: Floats,
    baseline: Baseline | None,
    start: date | None,
    horizon: int,
    count: int,
    random: np.random.Generator,
) -> Simulated:
    """Futures of a steady weekly spend (K,) that follows the curves' recent weeks. One future takes one parameter draw and one noise path."""
    by_channel = response_set(curves).path(np.repeat(weekly[:, None], horizon, axis=1), earlier_spend(curves))
    # Futures run through the draws in turn, so each counts alike.
    turn = np.arange(count) % len(by_channel)
    if curves[0].mode == "joint":
        noise = autoregressive_noise(random, count, horizon, curves[0].residual_sd, curves[0].residual_autocorrelation)
    else:
        noise = sum(
            (autoregressive_noise(random, count, horizon, one.residual_sd, one.residual_autocorrelation) for one in curves),
            start=np.zeros((count, horizon)),
        )
    total = by_channel.sum(axis=1)[turn] + noise
    return Simulated(
        by_channel,
        total,
        None if baseline is None else np.maximum(total + _baseline(baseline, start, horizon)[turn % max(len(baseline.draws), 1)], 0),
    )


def _baseline(baseline: Baseline, start: date | None, horizon: int) -> Floats:
    """Expected outcome without the channels, by draw, (D, H)."""
    first = baseline.trend_weeks if start is None else round((start - baseline.origin).days / 7)
    rows = controls(
        baseline.origin, first, horizon, trend_weeks=baseline.trend_weeks if baseline.trend else None, harmonics=baseline.harmonics
    )  # fmt: skip
    return np.array(baseline.draws or [baseline.coefficients], dtype=float) @ rows


def forecast_from_curves(request: ForecastCampaign, currency: str, outcome: str, random: np.random.Generator) -> dict[str, Any]:
    """The parts of the result. Raises ToolInputError when no channel of the plan has a curve."""
    plan = {line.channel: line for line in request.plan}
    curves = tuple(curve for curve in request.curves if curve.channel in plan)
    if not curves:
        raise ToolInputError("No channel of the plan has a curve.", field="plan")
    if request.baseline is not None and any(curve.mode == "per_channel" for curve in curves):
        raise ToolInputError(
            "The baseline belongs to a joint fit, these curves to the platforms' own claims; leave the baseline out.", field="baseline"
        )
    told = _Told(request, curves, currency, outcome, random)
    figures = told.figures()
    keys = {figure.key for figure in figures}
    weeks = told.weeks()
    return {
        "figures": tuple(figures),
        "findings": tuple(told.findings(keys)),
        "caveats": tuple(told.caveats()),
        "table": _table(weeks, outcome),
        "chart": forecast_chart(
            [{"week": one.week, "expected": one.expected, "low": one.low, "high": one.high} for one in weeks],
            outcome,
            "the range that noise and doubt allow",
        ),
        "weeks": weeks,
    }


class _Told:
    """One simulation, told as figures."""

    def __init__(
        self, request: ForecastCampaign, curves: tuple[ResponseCurve, ...], currency: str, outcome: str, random: np.random.Generator
    ):
        self.request, self.curves, self.currency, self.outcome = request, curves, currency, outcome
        self.start = start_of(request)
        self.period = horizon_period(self.start, request.horizon_weeks)
        self.basis: Basis = weakest(curve.basis for curve in curves)
        self.weekly = self._weekly(request.plan)
        self.seen = simulate(curves, self.weekly, request.baseline, self.start, request.horizon_weeks, request.simulations, random)
        self.cost = horizon_cost(request)
        self.media = round(float(self.weekly.sum()) * request.horizon_weeks)
        self.sums = self.seen.total.sum(axis=1)
        self.mean = float(self.seen.by_channel.sum(axis=(1, 2)).mean())
        self.shared = {"period": self.period, "basis": self.basis, "denominator": "horizon"}
        self.drawn = min(len(curve.draws) for curve in curves) > 1

    def _weekly(self, lines: tuple[PlanLine, ...]) -> Floats:
        given = {line.channel: line.weekly for line in lines}
        return np.array([given.get(curve.channel, 0.0) for curve in self.curves])

    def predicted(self, draws: Floats, middle: float) -> Interval:
        """The prediction interval; outcomes cannot be fewer than none."""
        low, high = (float(end) for end in percentile_interval(draws, self.request.level))
        return Interval(low=max(0.0, min(low, middle)), high=max(high, middle), level=self.request.level, kind="prediction")

    def doubt(self, draws: Floats, middle: float) -> Interval | None:
        """The interval of the parameters alone, for what noise does not touch; none without draws."""
        if not self.drawn:
            return None
        low, high = (float(end) for end in percentile_interval(draws, self.request.level))
        return Interval(low=min(low, middle), high=max(high, middle), level=self.request.level)

    def weeks(self) -> tuple[WeekAhead, ...]:
        expected = self.seen.by_channel.sum(axis=1).mean(axis=0)
        low, high = percentile_interval(self.seen.total, self.request.level)
        return tuple(
            WeekAhead(
                week=place + 1,
                starts_on=None if self.start is None else self.start + timedelta(days=7 * place),
                expected=float(expected[place]),
                low=max(0.0, min(float(low[place]), float(expected[place]))),
                high=max(float(high[place]), float(expected[place])),
            )
            for place in range(self.request.horizon_weeks)
        )

    def figures(self) -> list[Figure]:
        horizon, n = self.request.horizon_weeks, max(curve.n_weeks for curve in self.curves)
        count = {"unit": "count", "n": n}
        figures = [
            Figure(
                key=f"{curve.channel}.expected_conversions", value=float(self.seen.by_channel[:, place].sum(axis=1).mean()), metric="expected_conversions",
                entity=curve.channel, label=f"{self.outcome} expected from {channel_name(curve.channel)} in the horizon",
                interval=self.doubt(self.seen.by_channel[:, place].sum(axis=1), float(self.seen.by_channel[:, place].sum(axis=1).mean())),
                **{**count, "n": curve.n_weeks}, **self.shared,
            )
            for place, curve in enumerate(self.curves)
        ]  # fmt: skip
        average = self.seen.total.mean(axis=1)
        figures += [
            Figure(key="total.horizon", value=horizon, unit="weeks", metric="horizon", label="weeks ahead", basis="stated", period=self.period),
            Figure(
                key="total.expected_conversions", value=self.mean, metric="expected_conversions", interval=self.predicted(self.sums, self.mean),
                label=f"{self.outcome} expected from the plan's channels in the horizon", **count, **self.shared,
            ),
            Figure(
                key="total.expected_per_week", value=self.mean / horizon, metric="expected_conversions",
                interval=self.predicted(average, self.mean / horizon),
                label=f"{self.outcome} per week expected from the plan's channels", **count, **{**self.shared, "denominator": "week"},
            ),
            Figure(
                key="total.cost", value=self.cost, unit="money", currency=self.currency, metric="cost", basis="stated", period=self.period,
                denominator="horizon", label="cost of the plan in the horizon, fees that were stated included",
            ),
        ]  # fmt: skip
        if self.seen.outcome is not None:
            sums = self.seen.outcome.sum(axis=1)
            middle = float(sums.mean())
            figures.append(
                Figure(
                    key="outcome.expected", value=middle, metric="expected_outcome", interval=self.predicted(sums, middle),
                    label=f"all {self.outcome} expected in the horizon, with or without these channels", **count, **self.shared,
                )
            )  # fmt: skip
        return figures + self._money() + self._chances() + self._against_current()

    def _money(self) -> list[Figure]:
        figures, shared = [], {**self.shared, "unit": "money", "currency": self.currency}
        interval = self.predicted(self.sums, self.mean)
        if self.mean > 1e-9:
            ends = (
                Interval(
                    low=round(self.cost / interval.high), high=round(self.cost / interval.low), level=interval.level, kind="prediction"
                )
                if interval.low > 0
                else None
            )
            figures.append(
                Figure(
                    key="total.cost_per_conversion", value=round(self.cost / self.mean), metric="cost_per_conversion", interval=ends,
                    label=f"cost of the plan per one of the expected {self.outcome}", **{**shared, "denominator": self.outcome},
                )
            )  # fmt: skip
        value = self.request.value_per_conversion
        if value:
            figures.append(
                Figure(
                    key="total.revenue", value=round(self.mean * value), metric="revenue", label="revenue expected from the plan's channels",
                    interval=Interval(low=round(interval.low * value), high=round(interval.high * value), level=interval.level, kind="prediction"), **shared,
                )
            )  # fmt: skip
            worth = value * (self.request.gross_margin or 1.0)
            profit = np.maximum(self.sums, 0) * worth - self.cost
            low, high = (float(end) for end in percentile_interval(profit, self.request.level))
            middle = round(self.mean * worth - self.cost)
            figures += [
                Figure(
                    key="total.profit", value=middle, metric="profit", label="revenue after the cost of serving it, less the cost of the plan",
                    interval=Interval(low=min(round(low), middle), high=max(round(high), middle), level=self.request.level, kind="prediction"), **shared,
                ),
                Figure(
                    key="total.break_even_conversions", value=self.cost / worth, unit="count", metric="break_even", denominator="horizon",
                    label=f"{self.outcome} in the horizon that pay for the plan", basis="stated", period=self.period,
                ),
            ]  # fmt: skip
        return figures

    def _chances(self) -> list[Figure]:
        figures, shared = (
            [],
            {"unit": "share", "denominator": "simulated futures", "basis": self.basis, "period": self.period, "n": len(self.sums)},
        )
        target, value = self.request.target_conversions, self.request.value_per_conversion
        if target:
            figures += [
                Figure(key="total.target", value=target, unit="count", metric="target", label=f"{self.outcome} aimed at in the horizon", basis="stated"),
                Figure(
                    key="total.chance_below_target", value=float((self.sums < target).mean()), metric="chance_below_target",
                    label=f"chance of fewer {self.outcome} than the target", **shared,
                ),
            ]  # fmt: skip
        if value:
            worth = value * (self.request.gross_margin or 1.0)
            figures.append(
                Figure(
                    key="total.chance_of_loss", value=float((self.sums * worth < self.cost).mean()), metric="chance_of_loss",
                    label="chance that the plan costs more than it brings in the horizon", **shared,
                )
            )  # fmt: skip
        return figures

    def _against_current(self) -> list[Figure]:
        if not self.request.current:
            return []
        spend = np.repeat(self._weekly(self.request.current)[:, None], self.request.horizon_weeks, axis=1)
        now = response_set(self.curves).path(spend, earlier_spend(self.curves)).sum(axis=(1, 2))
        gain = self.seen.by_channel.sum(axis=(1, 2)) - now
        figures = [
            Figure(
                key="current.expected_conversions", value=float(now.mean()), unit="count", metric="expected_conversions", entity="current plan",
                label=f"{self.outcome} expected in the horizon under the current plan", interval=self.doubt(now, float(now.mean())), **self.shared,
            ),
            Figure(
                key="total.gain", value=float(gain.mean()), unit="count", metric="gain",
                label=f"more {self.outcome} in the horizon than under the current plan", interval=self.doubt(gain, float(gain.mean())), **self.shared,
            ),
        ]  # fmt: skip
        if self.drawn:
            figures.append(
                Figure(
                    key="total.chance_worse", value=chance_below(gain + now, now), unit="share", metric="chance_worse", n=len(gain), basis=self.basis,
                    denominator="bootstrap draws", label=f"chance of fewer {self.outcome} than under the current plan", period=self.period,
                )
            )  # fmt: skip
        return figures

    def findings(self, keys: set[str]) -> list[str]:
        found = [
            f"Over the next {{{{total.horizon}}}} the plan's channels are expected to bring {{{{total.expected_conversions}}}} {self.outcome} "
            "({{total.expected_conversions.low}} to {{total.expected_conversions.high}}) for {{total.cost}}"
            + (", {{total.cost_per_conversion}} each." if "total.cost_per_conversion" in keys else ".")
        ]
        if "outcome.expected" in keys:
            found.append(
                f"All {self.outcome} together, with or without these channels: {{{{outcome.expected}}}} ({{{{outcome.expected.low}}}} to {{{{outcome.expected.high}}}})."
            )
        if "total.gain" in keys:
            chance = "; the chance of fewer is {{total.chance_worse}}" if "total.chance_worse" in keys else ""
            found.append(
                f"That is {{{{total.gain}}}} more {self.outcome} than going on with the current plan ({{{{current.expected_conversions}}}}){chance}."
            )
        if "total.chance_below_target" in keys:
            found.append(f"The chance of fewer than {{{{total.target}}}} {self.outcome} is {{{{total.chance_below_target}}}}.")
        if "total.revenue" in keys:
            found.append(
                "Expected revenue is {{total.revenue}}; the plan pays for itself at {{total.break_even_conversions}} "
                f"{self.outcome}, and the chance of a loss is {{{{total.chance_of_loss}}}}."
            )
        return found

    def caveats(self) -> list[Caveat]:
        caveats = []
        names = {line.channel for line in self.request.plan if line.amount} - {curve.channel for curve in self.curves}
        if names:
            caveats.append(
                Caveat(
                    code="without_curve", insist=True, signs=("no curve", "without a curve", "not in the forecast", "not known"),
                    text=f"{joined([channel_name(name) for name in sorted(names)])} has no curve: its cost is in the plan and what it brings is not in the forecast.",
                )
            )  # fmt: skip
        beyond = [curve.channel for curve, weekly in zip(self.curves, self.weekly, strict=True) if weekly > curve.observed_max * (1 + 1e-9)]
        if beyond:
            caveats.append(
                Caveat(
                    code="extrapolation", insist=True, signs=("beyond what was observed", "beyond observed", "extrapolat", "outside experience", "never spent"),
                    text=f"The plan goes beyond what was observed for {joined([channel_name(name) for name in beyond])}: there the forecast is the curve's guess.",
                )
            )  # fmt: skip
        if not self.drawn:
            caveats.append(
                Caveat(
                    code="no_uncertainty", insist=True, signs=("too narrow", "doubt about the curves"),
                    text="The curves came without draws, so the intervals hold the week-to-week noise but not the doubt about the curves: they are too narrow.",
                )
            )  # fmt: skip
        if self.curves[0].mode == "per_channel":
            caveats.append(
                Caveat(
                    code="platform_claims", insist=True, signs=("platforms claim", "platform claims", "claimed by the platform", "claimed conversions"),
                    text=f"What is forecast are {self.outcome} that the platforms claim for themselves, which overlap and overstate.",
                )
            )  # fmt: skip
        caveats.append(
            Caveat(code="as_before", text="The forecast holds while markets, prices and creative stay as they were in the weeks fitted on.")
        )
        return caveats


def horizon_cost(request: ForecastCampaign) -> int:
    """Media of every channel of the plan and the stated fees over the horizon, minor units."""
    media = sum(line.weekly for line in request.plan)
    return round((media + (request.fees or 0) / WEEKS[request.fees_period]) * request.horizon_weeks)


def _table(weeks: tuple[WeekAhead, ...], outcome: str) -> Table:
    columns = (
        Column(name="week", label="week", unit="count"),
        Column(name="expected", label=f"expected {outcome}", unit="count"),
        Column(name="low", label="lower end", unit="count"),
        Column(name="high", label="upper end", unit="count"),
    )
    return Table(
        title=f"Expected {outcome} from the plan's channels by week",
        columns=columns,
        rows=tuple((one.week, one.expected, one.low, one.high) for one in weeks),
    )
