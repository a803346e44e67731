"""What an experiment shows, and what to do about it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tools.contract import Basis, NotEnoughData, ToolInputError, ToolResult, tool
from tools.experiments._estimates import MetricEstimates, estimate
from tools.experiments._gates import Gate, enough, pass_gates
from tools.experiments._names import unique_keys
from tools.experiments._reading import Reader, Reading, State
from tools.experiments._readout import (
    Comparison,
    comparison,
    comparison_table,
    lift_chart,
    metric_figures,
    overstatement,
    plan_figures,
    subgroup_figures,
)
from tools.experiments._readout_words import caveats_of, findings_of, subgroup_findings
from tools.experiments._request import AnalyzeExperiment
from tools.experiments._risk import risk_of
from tools.experiments._subgroups import SubgroupReading, look
from tools.experiments._verdict import Standing, guard_of, judge, rules_out, units_needed
from tools.facts import Facts
from tools.methods.multiplicity import benjamini_hochberg, holm


class ExperimentReadout(ToolResult):
    """Effects, gates and the decision."""

    comparisons: tuple[Comparison, ...] = Field(
        description="every arm against the control on every metric, unrounded; no effects when a gate has failed"
    )
    gates: tuple[Gate, ...] = Field(description="what has to hold before an effect may be read")
    method: Literal["anytime", "fixed", "group_sequential"] = Field(description="the method that decided")
    units_analysed: int = Field(description="units in the analysis, all arms")
    units_open: int = Field(description="units whose window has not closed: shown, not counted")
    subgroups: tuple[SubgroupReading, ...] = Field(
        (), description="the primary metric by part of the audience: flagged where the effect differs, never decided on"
    )
    repeated_exposures: int = Field(0, description="rows of exposures beyond a unit's first, not counted again")


@tool(version=1, field="experiments")
def analyze_experiment(request: AnalyzeExperiment, facts: Facts) -> ExperimentReadout:
    """Read out an experiment: effects with intervals, whether they can be trusted, and whether to ship, roll back or keep running.

    The default method is anytime-valid (asymptotic confidence sequence of Waudby-Smith and others 2021, tuned to the planned sample; or the
    exact beta-binomial sequence for conversions), so it may be read every day. `fixed` (Welch; pooled z and Fisher's exact test for
    conversions) is read once at the planned size; `group_sequential` spends its error over planned looks. The level is split over the arms.
    Gates come first: sample ratio (p below .001 stops, below .01 warns), also within parts of the audience, units that saw two arms, units
    lost, the smallest sample, a difference before the test, novelty. One primary metric decides; guardrails must not get worse beyond their
    margin; secondary metrics are described. Where the effect differs in a part of the audience, it is flagged with Holm's correction over
    all parts, and decides nothing. Sums by arm come with the request, or from exposures joined to events and orders, each unit once, and
    only when its window has closed, or from a table with a row per unit. Chance to win and expected loss describe; they never decide.
    """
    repeated = 0
    if request.experiment is not None:
        from tools.experiments._unit_sums import read_experiment

        request, repeated = read_experiment(request, facts)
    elif request.units_table is not None:
        from tools.experiments._prepared_units import read_units

        request = read_units(request, facts)
    return read_out(request, repeated)


def read_out(request: AnalyzeExperiment, repeated: int = 0) -> ExperimentReadout:
    """The read-out of a request that holds the sums of every metric."""
    found = [estimate(metric, metric.totals, request.post_stratify) for metric in request.metrics]
    unique_keys((metric.name for metric in request.metrics), "metrics")
    for estimates in found:
        _same_arms(request, found[0], estimates)
    primary = next(estimates for estimates in found if estimates.metric.role == "primary")
    treatments = [arm for arm in primary.arms if arm != request.control]
    alpha = 1 - request.level
    decides = Reader(request, alpha / len(treatments), len(primary.arms))
    describes = Reader(request, alpha, len(primary.arms))
    parts = look(request, primary, alpha)
    gates = pass_gates(request, found, describes, parts)
    readings = {arm: decides.read(primary, request.control, arm) for arm in treatments}
    _something_varies(primary, readings, request)
    states, holms = _primary_states(decides, primary, readings, alpha)
    rows: list[Comparison] = [comparison(request, primary, readings[arm], states[arm], None, holms.get(arm)) for arm in treatments]
    guards = {}
    others: list[tuple[MetricEstimates, Reading]] = [
        (estimates, describes.read(estimates, request.control, arm))
        for estimates in found
        if estimates is not primary
        for arm in treatments
    ]
    rates = iter(benjamini_hochberg([reading.p_value for estimates, reading in others if estimates.metric.role == "secondary"]))
    for estimates, reading in others:
        readable = enough(request, estimates)
        guard = None
        if estimates.metric.role == "guardrail":
            guard = guard_of(describes, reading, estimates.metric) if readable else "open"
        if guard is not None:
            guards[estimates.metric.name, reading.arm] = guard
        adjusted = next(rates) if estimates.metric.role == "secondary" else None
        state: State = describes.state(reading, estimates.metric.sign, 0.0) if readable else "unclear"
        if adjusted is not None and adjusted > alpha:
            state = "unclear"
        rows.append(comparison(request, estimates, reading, state, guard, adjusted))
    every = list(readings.values())
    needed = units_needed(request, decides, every, primary.metric)
    now = Standing(primary, readings, states, guards, rules_out(decides, every, primary.metric), needed)
    verdict = judge(request, gates, now)
    overstated = overstatement(request, decides, primary, readings)
    trusted = not gates.invalid
    basis: Basis = "experiment" if trusted else "observed"
    by_metric: dict[str, list[Comparison]] = {}
    for row in rows:
        by_metric.setdefault(row.metric, []).append(row)
    risk = risk_of(request, primary, rows, verdict) if trusted else None
    figures = [*plan_figures(request, gates, verdict, overstated), *(risk.figures if risk else ())]
    for estimates in found:
        shown = by_metric[estimates.metric.name] if trusted else []
        figures += metric_figures(estimates, request.control, shown, basis, request.method == "anytime")
    flagged = subgroup_figures(primary.metric, parts.flagged) if trusted else {}
    figures += flagged.values()
    analysed = sum(primary.units.values())
    return ExperimentReadout(
        figures=tuple(figures),
        findings=(
            *findings_of(rows, request.control, trusted),
            *([risk.sentence] if risk else []),
            *subgroup_findings(parts, flagged),
        ),
        caveats=caveats_of(request, gates, verdict, found, overstated, bool(request.tuning_units or request.planned_units), parts),
        decision=verdict.decision,
        table=comparison_table(rows) if trusted else None,
        chart=lift_chart(rows) if trusted else None,
        comparisons=tuple(rows),
        gates=gates.all,
        method=request.method,
        units_analysed=analysed,
        units_open=gates.units_open,
        subgroups=parts.readings if trusted else (),
        repeated_exposures=repeated,
    )


def _something_varies(primary: MetricEstimates, readings: dict[str, Reading], request: AnalyzeExperiment) -> None:
    """An outcome that is the same for every unit has no error to hold a difference against."""
    if any(reading.effect.error > 0 or (reading.exact and reading.effect.difference) for reading in readings.values()):
        return
    name = primary.metric.name
    needed = "units with different outcomes"
    if primary.metric.is_share:
        needed = f"{request.minimum_conversions} units with and {request.minimum_conversions} without the outcome in each arm"
    found = f"{sum(primary.units.values())} units, all alike within their arm"
    message = f"{name!r} is the same for every unit of an arm, so there is no error to hold a difference against"
    raise NotEnoughData(message, field=f"metrics.{name}", needed=needed, found=found)


def _primary_states(
    reader: Reader, primary: MetricEstimates, readings: dict[str, Reading], alpha: float
) -> tuple[dict[str, State], dict[str, float]]:
    """State per arm. At a fixed horizon without a threshold Holm's steps decide, which find no less than the split level does."""
    metric = primary.metric
    states = {arm: reader.state(reading, metric.sign, metric.threshold) for arm, reading in readings.items()}
    if len(readings) == 1:
        return states, {}
    holms = dict(zip(readings, holm([reading.p_value for reading in readings.values()]), strict=True))
    if reader.request.method == "fixed" and metric.threshold == 0:
        for arm, reading in readings.items():
            if holms[arm] <= alpha:
                states[arm] = "better" if metric.sign * reading.effect.difference > 0 else "worse"
    return states, holms


def _same_arms(request: AnalyzeExperiment, first: MetricEstimates, other: MetricEstimates) -> None:
    if set(other.arms) != set(first.arms):
        raise ToolInputError(
            f"{first.metric.name!r} and {other.metric.name!r} do not have the same arms", field=f"metrics.{other.metric.name}.totals"
        )
    if request.control not in other.arms:
        raise ToolInputError(
            f"no arm is called {request.control!r}: say in `control` which arm the others are compared with",
            field="control",
            found=", ".join(sorted(map(str, other.arms)))[:200],
        )
