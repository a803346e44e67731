"""Where the effect differs within the audience: every part against everyone else, with all parts taken together.

Parts are flagged and never decided on: an effect that was looked for in many places is a question for the next test. What is tested is
whether the part's effect differs from that of the rest (the interaction), not whether it is above zero. Sources: Holm (1979); Assmann,
Pocock, Enos and Kasten (2000), Subgroup analysis and other (mis)uses of baseline data in clinical trials.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field

from tools.contract import Frozen, ToolInputError
from tools.experiments._contrast import everyone_else, p_value_of_contrast
from tools.experiments._estimates import MetricEstimates, estimate
from tools.experiments._ratio import RatioCheck, check, worst_first
from tools.experiments._reading import Reader, Reading, planned_weights
from tools.experiments._request import AnalyzeExperiment, ArmTotals, Metric, SubgroupTotals
from tools.methods.arm_estimate import Effect
from tools.methods.multiplicity import holm


class SubgroupReading(Frozen):
    """One arm's effect in one part of the audience. Intervals hold for all parts at once."""

    dimension: str = Field(description="what the audience is divided by")
    part: str = Field(description="which part of it")
    arm: str = Field(description="the arm that is compared with the control")
    units: int = Field(description="units of both arms in this part")
    difference: float = Field(description="arm minus control within the part")
    difference_low: float | None = Field(description="low end of its interval")
    difference_high: float | None = Field(description="high end of its interval")
    lift: float | None = Field(description="difference as a share of the control's figure in the part")
    lift_low: float | None = Field(description="low end of its interval")
    lift_high: float | None = Field(description="high end of its interval")
    level: float = Field(description="level of the intervals, so that all of them hold together")
    p_value: float = Field(description="of the effect here being that of everyone else")
    adjusted_p_value: float = Field(description="with Holm's correction over all parts and arms that were looked at")
    flagged: bool = Field(description="whether the effect differs here, all parts taken together: a question for a next test")


@dataclass(frozen=True, slots=True)
class Part:
    """A part that is large enough to be looked at, and the rest of the audience."""

    given: SubgroupTotals
    inside: MetricEstimates
    outside: MetricEstimates


@dataclass(frozen=True, slots=True)
class Subgroups:
    """All parts of all dimensions. `small`: how many were too small to be looked at, whatever they show."""

    readings: tuple[SubgroupReading, ...] = ()
    ratios: tuple[RatioCheck, ...] = ()
    small: int = 0

    @property
    def flagged(self) -> tuple[SubgroupReading, ...]:
        """Parts whose effect differs, least likely first."""
        return tuple(sorted((row for row in self.readings if row.flagged), key=lambda row: (row.adjusted_p_value, row.dimension, row.part)))


def look(request: AnalyzeExperiment, primary: MetricEstimates, alpha: float) -> Subgroups:
    """Every part that is large enough. Raises ToolInputError for parts that are none."""
    given = primary.metric.subgroups
    if not given:
        return Subgroups()
    field = f"metrics.{primary.metric.name}.subgroups"
    if primary.metric.kind == "quantile":
        raise ToolInputError("a quantile is not looked at by subgroups: take a mean or a share", field=field)
    named = [(group.dimension, group.part) for group in given]
    if len(set(named)) < len(named):
        raise ToolInputError("a part of a dimension is given twice", field=field)
    weights, method = planned_weights(request, primary), "fixed" if request.method == "fixed" else "anytime"
    ratios, parts, small = [], [], 0
    for group in given:
        counts = {row.arm: row.units for row in group.totals}
        if set(counts) != set(primary.arms):
            raise ToolInputError(f"not every arm is given for {group.dimension} {group.part!r}", field=field)
        ratios.append(check(f"{group.dimension}: {group.part}", counts, weights, "fixed" if method == "fixed" else "anytime"))
        rest = everyone_else(primary.metric, group.totals, f"sums of {group.part!r}", field)
        if _too_small(request, primary.metric, group.totals) or _too_small(request, primary.metric, rest):
            small += 1
            continue
        parts.append(Part(group, _plain(primary, group.totals), _plain(primary, rest)))
    return Subgroups(tuple(_read(request, parts, alpha)), tuple(worst_first(ratios)), small)


def _plain(primary: MetricEstimates, totals: tuple[ArmTotals, ...]) -> MetricEstimates:
    return estimate(primary.metric.model_copy(update={"winsorise": None}), totals)


def _too_small(request: AnalyzeExperiment, metric: Metric, totals: Sequence[ArmTotals]) -> bool:
    """By the same minimum as the whole; nothing of the outcome enters but how many conversions there are in all arms together."""
    if min(row.units for row in totals) < request.minimum_units:
        return True
    if not metric.is_share:
        return False
    done = sum((row.sum or 0) if row.conversions is None else row.conversions for row in totals)
    return min(done, sum(row.units for row in totals) - done) < request.minimum_conversions * len(totals)


def _read(request: AnalyzeExperiment, parts: Sequence[Part], alpha: float) -> list[SubgroupReading]:
    pairs = [(part, arm) for part in parts for arm in part.inside.arms if arm != request.control]
    if not pairs:
        return []
    narrow = Reader(request, alpha / len(pairs), len(parts[0].inside.arms))
    p_values = [
        p_value_of_contrast(
            narrow,
            Effect(part.inside.arms[request.control], part.inside.arms[arm]),
            Effect(part.outside.arms[request.control], part.outside.arms[arm]),
        )
        for part, arm in pairs
    ]
    return [
        _reading(part.given, narrow.read(part.inside, request.control, arm), p_value, adjusted, alpha)
        for (part, arm), p_value, adjusted in zip(pairs, p_values, holm(p_values), strict=True)
    ]


def _reading(given: SubgroupTotals, reading: Reading, p_value: float, adjusted: float, alpha: float) -> SubgroupReading:
    effect = reading.effect
    return SubgroupReading(
        dimension=given.dimension,
        part=given.part,
        arm=reading.arm,
        units=effect.n,
        difference=effect.difference,
        difference_low=reading.low,
        difference_high=reading.high,
        lift=effect.lift,
        lift_low=reading.lift_low,
        lift_high=reading.lift_high,
        level=reading.level,
        p_value=p_value,
        adjusted_p_value=adjusted,
        flagged=adjusted <= alpha,
    )
