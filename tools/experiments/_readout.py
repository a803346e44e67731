"""A read-out as data: every comparison, its figures, a table and a chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

from pydantic import Field

from tools.contract import Basis, Column, Figure, Frozen, Interval, Table, Unit
from tools.experiments._estimates import MetricEstimates
from tools.experiments._exaggeration import exaggeration
from tools.experiments._gates import Gates
from tools.experiments._names import key_of, words_of
from tools.experiments._reading import Reader, Reading, State
from tools.experiments._request import AnalyzeExperiment, Metric
from tools.experiments._subgroups import SubgroupReading
from tools.experiments._verdict import Guard, Verdict
from tools.methods.bayesian_comparison import Chances, beta_binomial, normal
from tools.methods.charts import Row, intervals

MOST_FLAGGED = 20


class Comparison(Frozen):
    """One arm against the control on one metric, unrounded; money in minor units."""

    metric: str = Field(description="name of the metric")
    role: Literal["primary", "secondary", "guardrail"] = Field(description="role of the metric")
    arm: str = Field(description="the arm that is compared with the control")
    control_value: float = Field(description="the control's figure, as observed")
    treatment_value: float = Field(description="the arm's figure, as observed")
    difference: float = Field(description="arm minus control, adjusted where there is a covariate")
    difference_low: float | None = Field(description="low end of its interval")
    difference_high: float | None = Field(description="high end of its interval")
    standard_error: float = Field(description="standard error of the difference")
    lift: float | None = Field(description="difference as a share of the control; none when the control is zero")
    lift_low: float | None = Field(description="low end of its interval")
    lift_high: float | None = Field(description="high end of its interval")
    level: float = Field(description="level of the intervals")
    p_value: float = Field(description="by the method of the analysis; anytime-valid when that is")
    adjusted_p_value: float | None = Field(None, description="over arms (Holm) or over secondary metrics (false discovery rate)")
    e_value: float | None = Field(None, description="anytime: evidence against no effect")
    chance_to_win: float | None = Field(None, description="chance that the arm is better, a description")
    expected_loss: float | None = Field(None, description="lift that is lost on average by taking the arm when it is worse")
    expected_loss_of_control: float | None = Field(None, description="lift that is lost on average by staying when the arm is better")
    state: Literal["better", "worse", "unclear"] = Field(description="by the method of the analysis")
    guardrail: Guard | None = Field(None, description="guardrails: holds, harmed, or still open")
    variance_reduction: float | None = Field(None, description="share of variance that the covariate took off")


def chances_of(request: AnalyzeExperiment, found: MetricEstimates, reading: Reading, sign: int) -> tuple[Chances | None, float]:
    """Chance to win and losses on the lift (or on the difference when there is no lift), with the scale that they are in."""
    effect = reading.effect
    if request.chances == "beta_binomial" and found.conversions is not None:
        pairs = [(found.conversions[arm], found.units[arm]) for arm in (request.control, reading.arm)]
        chance, lost, gained = beta_binomial(*(pairs if sign > 0 else pairs[::-1]))
        scale = effect.control.raw or 1.0
        return Chances(chance, lost / scale, gained / scale, 0.0, 0.0, effect.difference), scale
    if effect.lift is None or not effect.lift_error:
        return None, 1.0
    prior = None if request.prior_deviation is None else (sign * request.prior_mean, request.prior_deviation)
    return normal(sign * effect.lift, effect.lift_error, reading.level, prior), 1.0


def comparison(
    request: AnalyzeExperiment, found: MetricEstimates, reading: Reading, state: State, guard: Guard | None, adjusted: float | None
) -> Comparison:
    """One comparison as data."""
    effect, metric = reading.effect, found.metric
    chances, _ = chances_of(request, found, reading, metric.sign)
    return Comparison(
        metric=metric.name,
        role=metric.role,
        arm=reading.arm,
        control_value=effect.control.raw,
        treatment_value=effect.treatment.raw,
        difference=effect.difference,
        difference_low=reading.low,
        difference_high=reading.high,
        standard_error=effect.error,
        lift=effect.lift,
        lift_low=reading.lift_low,
        lift_high=reading.lift_high,
        level=reading.level,
        p_value=reading.p_value,
        adjusted_p_value=adjusted,
        e_value=reading.e_value,
        chance_to_win=chances.chance if chances else None,
        expected_loss=chances.loss_treatment if chances else None,
        expected_loss_of_control=chances.loss_control if chances else None,
        state=state,
        guardrail=guard,
        variance_reduction=found.reduction,
    )


def metric_figures(found: MetricEstimates, control: str, compared: Sequence[Comparison], basis: Basis, anytime: bool) -> list[Figure]:
    """Figures of one metric: each arm's value, and each effect with its interval."""
    metric, key = found.metric, key_of(found.metric.name)
    unit, words = _unit(metric), metric.name.replace("_", " ")
    figures = []
    for arm, e in found.arms.items():
        figures.append(_value(f"{key}.{key_of(arm)}.value", e.raw, unit, metric, words, f"arm: {arm}", n=e.n, denominator=_per(metric)))
    for c in compared:
        entity, n = f"arm: {c.arm}", found.units[control] + found.units[c.arm]
        here = f"{key}.{key_of(c.arm)}"
        more: dict[str, Any] = {"entity": entity, "n": n, "basis": basis}
        span = _interval(c.difference_low, c.difference_high, c.level, unit)
        difference: Unit = "points" if unit == "share" else unit
        figures.append(
            _value(f"{here}.effect", c.difference, difference, metric, f"effect on {words}, against the control", interval=span, **more)
        )
        if c.lift is not None:
            interval = _interval(c.lift_low, c.lift_high, c.level, "share")
            figures.append(
                Figure(
                    key=f"{here}.lift", value=c.lift, unit="share", metric=f"{key}_lift", label=f"lift of {words} over the control",
                    denominator="the control's figure", interval=interval, **more,
                )
            )  # fmt: skip
        label = f"p-value of the effect on {words}" + (", valid at any look" if anytime else "")
        if c.role != "secondary":
            figures.append(Figure(key=f"{here}.p_value", value=c.p_value, unit="number", metric="p_value", label=label, **more))
        if c.adjusted_p_value is not None:
            label = f"p-value of the effect on {words}, all comparisons taken together"
            figures.append(
                Figure(key=f"{here}.adjusted_p_value", value=c.adjusted_p_value, unit="number", metric="p_value", label=label, **more)
            )
        if c.role == "primary" and c.chance_to_win is not None and c.expected_loss is not None:
            more = {"entity": entity, "n": n, "basis": "model"}
            label = f"chance that {words} is better than with the control"
            figures.append(
                Figure(key=f"{here}.chance_to_win", value=c.chance_to_win, unit="share", metric="chance_to_win", label=label, **more)
            )
            label = f"lift of {words} lost on average by taking this arm if it is worse"
            figures.append(
                Figure(key=f"{here}.expected_loss", value=c.expected_loss, unit="share", metric="expected_loss", label=label, **more)
            )
    return figures


def _unit(metric: Metric) -> Unit:
    if metric.is_share:
        return "share"
    return "money" if metric.currency else "number"


def _per(metric: Metric) -> str:
    return "denominator" if metric.kind == "ratio" else "units"


def _value(key: str, value: float, unit: Unit, metric: Metric, label: str, entity: str, **more: Any) -> Figure:
    money = unit == "money"
    return Figure(
        key=key, value=round(value) if money else value, unit=unit, metric=key_of(metric.name), label=label, entity=entity,
        currency=metric.currency if money else None, **more,
    )  # fmt: skip


def _interval(low: float | None, high: float | None, level: float, unit: Unit) -> Interval | None:
    if low is None or high is None:
        return None
    return Interval(low=round(low), high=round(high), level=level) if unit == "money" else Interval(low=low, high=high, level=level)


def plan_figures(request: AnalyzeExperiment, gates: Gates, verdict: Verdict, overstated: float | None) -> list[Figure]:
    """The sample ratio, what was left out, what is left of the plan, and what a stopped estimate is worth."""
    ratio = gates.of("sample_ratio")
    n = sum(gates.assigned.values())
    p_value = ratio.p_value or 0.0
    figures = [
        Figure(key="sample_ratio.p_value", value=p_value, unit="number", metric="p_value", label="p-value of the sample ratio", n=n),
        Figure(key="units", value=n, unit="count", metric="units", label="units in all arms"),
    ]  # fmt: skip

    def add(key: str, value: float | None, unit: Unit, label: str, basis: Basis, **more: Any) -> None:
        if value is not None:
            figures.append(Figure(key=key, value=value, unit=unit, metric=key, label=label, basis=basis, **more))

    if request.crossed_units:
        add("crossed_units", request.crossed_units, "count", "units that saw more than one arm, left out", "observed")
        add("crossed_share", gates.crossed_share, "share", "share of units that saw more than one arm", "observed", denominator="all units")
    if gates.units_open:
        add("units_open", gates.units_open, "count", "units whose window is still open, shown and not counted", "observed")
    add("planned_units", request.planned_units, "count", "units planned for all arms", "stated")
    add("units_needed", verdict.needed, "count", "units in all arms that the smallest effect worth finding takes", "model")
    waits = "planned sample is in" if request.planned_units else "sample that the smallest effect worth finding takes is in"
    add("days_left", verdict.days_left, "days", f"days until the {waits}", "model")
    label = "times that an effect read at stopping overstates the planned effect, if that is the truth"
    add("exaggeration", overstated, "multiple", label, "model")
    return figures


def subgroup_figures(metric: Metric, flagged: Sequence[SubgroupReading]) -> dict[SubgroupReading, Figure]:
    """The effect in each flagged part, with an interval that holds for all parts at once."""
    figures: dict[SubgroupReading, Figure] = {}
    taken: set[str] = set()
    for row in flagged[:MOST_FLAGGED]:
        key = ".".join(("subgroup", *(key_of(name) for name in (row.dimension, row.part, row.arm)), "effect"))
        while key in taken:  # two parts whose names differ in signs only
            key = f"{key}_too"
        taken.add(key)
        unit = _unit(metric)
        shown: Unit = "points" if unit == "share" else unit
        words = metric.name.replace("_", " ")
        figures[row] = _value(
            key, row.difference, shown, metric, f"effect on {words} in this part of the audience, against the control",
            f"{row.dimension}: {row.part}, arm: {row.arm}", n=row.units, basis="experiment",
            interval=_interval(row.difference_low, row.difference_high, row.level, unit),
        )  # fmt: skip
    return figures


def overstatement(request: AnalyzeExperiment, reader: Reader, primary: MetricEstimates, readings: Mapping[str, Reading]) -> float | None:
    """Expected exaggeration of the primary metric's effect under the plan; the same for every arm, so the first is taken."""
    first = next(iter(readings.values()))
    found = exaggeration(request, reader, first, primary.metric)
    return None if found is None else found.exaggeration


def comparison_table(compared: Sequence[Comparison]) -> Table:
    """All comparisons."""
    columns = (
        Column(name="metric", label="metric"), Column(name="arm", label="arm"), Column(name="role", label="role"),
        Column(name="control", label="control", unit="number"), Column(name="treatment", label="arm's figure", unit="number"),
        Column(name="lift", label="lift", unit="share"), Column(name="low", label="from", unit="share"),
        Column(name="high", label="to", unit="share"), Column(name="p", label="p-value", unit="number"),
        Column(name="state", label="reading"),
    )  # fmt: skip
    rows = tuple(
        (c.metric, c.arm, c.role, c.control_value, c.treatment_value, c.lift, c.lift_low, c.lift_high, c.p_value, c.guardrail or c.state)
        for c in compared
    )
    return Table(title="Every arm against the control", columns=columns, rows=rows)


def lift_chart(compared: Sequence[Comparison]) -> dict[str, Any] | None:
    """Lifts with their intervals, of the first forty comparisons."""
    rows = [
        {"name": f"{words_of(c.metric)}, {words_of(c.arm)}", "lift": c.lift, "low": c.lift_low, "high": c.lift_high}
        for c in compared
        if c.lift is not None and c.lift_low is not None and c.lift_high is not None
    ][:40]
    if not rows:
        return None
    data = cast("list[Row]", rows)
    return intervals(
        "Lift over the control", data, name="name", value="lift", low="low", high="high", axis="lift, as a share of the control"
    )
