"""From sums by arm to estimates by arm, for every kind of metric. What no rows could have summed to is refused by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tools.contract import ToolInputError
from tools.experiments._request import ArmTotals, Metric
from tools.methods.arm_estimate import ArmEstimate, adjusted, mean, ratio, share
from tools.methods.counted_values import CountedValues, pooled_cap, quantile_error, quantile_ranks
from tools.methods.moments import ImpossibleSums, Moments, strata_combined

NAMES = ("outcome", "denominator", "before", "before_denominator")
SUMS = ("sum", "denominator_sum", "before_sum", "before_denominator_sum")
SQUARES = ("sum_of_squares", "denominator_sum_of_squares", "before_sum_of_squares", "before_denominator_sum_of_squares")
NORMAL_975 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class MetricEstimates:
    """A metric by arm. `before` is the covariate's mean by arm, to see whether the arms were alike before the test."""

    metric: Metric
    arms: dict[str, ArmEstimate]
    units: dict[str, int]
    conversions: dict[str, int] | None = None
    before: dict[str, ArmEstimate] = field(default_factory=dict)
    reduction: float | None = None
    cap: float | None = None
    strata: dict[str, dict[str, ArmEstimate]] = field(default_factory=dict)


def estimate(metric: Metric, totals: Sequence[ArmTotals], post_stratify: bool = True) -> MetricEstimates:
    """Estimates of every arm. Raises ToolInputError naming the sum at fault."""
    where = f"metrics.{metric.name}.totals"
    strata: dict[str | None, dict[str, ArmTotals]] = {}
    for row in totals:
        if row.arm in strata.setdefault(row.stratum, {}):
            raise ToolInputError(f"the sums of arm {row.arm!r} are given twice for {metric.name!r}", field=where)
        strata[row.stratum][row.arm] = row
    arms = {arm for part in strata.values() for arm in part}
    if len(arms) < 2:
        raise ToolInputError("one arm has nothing to be compared with", field=where, needed="2 arms", found=str(len(arms)))
    for part, rows in strata.items():
        if set(rows) != arms:
            raise ToolInputError(f"not every arm is given for the stratum {part!r}", field=where)
        for arm, row in rows.items():
            if row.units == 0 and len(strata) == 1:
                raise ToolInputError(f"arm {arm!r} has no exposures", field=where, needed="units in every arm", found="0")
    try:
        if len(strata) == 1:
            return _one(metric, next(iter(strata.values())))
        return _stratified(metric, {str(part): rows for part, rows in strata.items()}, post_stratify)
    except ImpossibleSums as error:
        raise ToolInputError(f"{metric.name}: {error}", field=f"{where}.{error.field}") from error


def _one(metric: Metric, rows: dict[str, ArmTotals]) -> MetricEstimates:
    units = {arm: row.units for arm, row in rows.items()}
    if metric.kind == "quantile":
        return MetricEstimates(metric, {arm: _quantile(metric, row) for arm, row in rows.items()}, units)
    if metric.is_share and all(row.before_sum is None for row in rows.values()):
        done = {arm: _conversions(row) for arm, row in rows.items()}
        return MetricEstimates(metric, {arm: share(row.units, done[arm]) for arm, row in rows.items()}, units, done)
    cap = None
    if metric.winsorise is not None and any(row.values for row in rows.values()):
        counted = {arm: CountedValues.of(row.values, row.counts) for arm, row in rows.items()}
        cap = pooled_cap(list(counted.values()), metric.winsorise)
        rows = {arm: row.model_copy(update=_capped(counted[arm], cap)) for arm, row in rows.items()}
    elif metric.kind != "ratio":
        rows = {arm: _with_sums(row) for arm, row in rows.items()}
    if metric.kind == "ratio" and any(row.denominator_sum is None for row in rows.values()):
        where = f"metrics.{metric.name}.totals.denominator_sum"
        raise ToolInputError(f"{metric.name}: a ratio needs denominator_sum of every arm", field=where)
    conversions = {arm: _conversions(row) for arm, row in rows.items()} if metric.is_share else None
    covariate = all(row.before_sum is not None for row in rows.values())
    twofold = covariate and all(row.before_denominator_sum is not None for row in rows.values())
    used = [0, *([1] if metric.kind == "ratio" else []), *([2] if covariate else []), *([3] if twofold else [])]
    moments = {arm: _moments(row, used, metric) for arm, row in rows.items()}
    place = {variable: index for index, variable in enumerate(used)}
    outcome = [place[0], *([place[1]] if metric.kind == "ratio" else [])]
    if not covariate:
        found = {arm: (ratio if metric.kind == "ratio" else mean)(m) for arm, m in moments.items()}
        return MetricEstimates(metric, found, units, conversions, cap=cap)
    before = [place[2], *([place[3]] if twofold else [])]
    result = adjusted(list(moments.values()), outcome, before)
    earlier = adjusted(list(moments.values()), before, outcome).arms
    return MetricEstimates(
        metric,
        dict(zip(rows, result.arms, strict=True)),
        units,
        conversions,
        {arm: ArmEstimate.plain(e.n, e.raw, e.raw_variance) for arm, e in zip(rows, earlier, strict=True)},
        result.reduction,
        cap,
    )


def _stratified(metric: Metric, strata: dict[str, dict[str, ArmTotals]], post_stratify: bool) -> MetricEstimates:
    """Each stratum on its own, then together: by the strata's share of all units, or each arm by its own."""
    parts = {part: _one(metric, rows) for part, rows in strata.items()}
    arms = next(iter(parts.values())).arms
    whole = sum(sum(part.units.values()) for part in parts.values())
    units = {arm: sum(part.units[arm] for part in parts.values()) for arm in arms}
    together = {}
    for arm in arms:
        shares = [(sum(part.units.values()) / whole if post_stratify else part.units[arm] / units[arm]) for part in parts.values()]
        found = [part.arms[arm] for part in parts.values()]
        value, variance = strata_combined([(w, e.value, e.variance) for w, e in zip(shares, found, strict=True)])
        raw, raw_variance = strata_combined([(w, e.raw, e.raw_variance) for w, e in zip(shares, found, strict=True)])
        covariance = sum(w * w * e.covariance for w, e in zip(shares, found, strict=True))
        together[arm] = ArmEstimate(units[arm], value, variance, raw, raw_variance, covariance)
    return MetricEstimates(metric, together, units, strata={part: found.arms for part, found in parts.items()})


def _conversions(row: ArmTotals) -> int:
    """Converted units: as given, or the sum of zeros and ones. A variance of zeros and ones is known, so no squares are needed."""
    if row.conversions is not None:
        return row.conversions
    if row.sum is None or row.sum < 0 or row.sum > row.units or row.sum != int(row.sum):
        raise ImpossibleSums(f"arm {row.arm!r} needs conversions: a whole number between none and its {row.units} units", "conversions")
    return int(row.sum)


def _with_sums(row: ArmTotals) -> ArmTotals:
    """Sum and squares where they follow from what is given: from conversions, or from values with their counts."""
    if row.sum is None and row.conversions is not None:
        return row.model_copy(update={"sum": row.conversions, "sum_of_squares": row.conversions})
    if row.sum is None and row.values:
        return row.model_copy(update=_capped(CountedValues.of(row.values, row.counts), float("inf")))
    return row


def _capped(counted: CountedValues, cap: float) -> dict[str, float]:
    _, total, squares = counted.capped(cap)
    return {"sum": total, "sum_of_squares": squares}


def _moments(row: ArmTotals, used: list[int], metric: Metric) -> Moments:
    sums: list[float] = []
    products: dict[tuple[int, int], float] = {}
    for place, variable in enumerate(used):
        total, squares = getattr(row, SUMS[variable]), getattr(row, SQUARES[variable])
        if total is None or squares is None:
            missing = SUMS[variable] if total is None else SQUARES[variable]
            raise ToolInputError(f"{metric.name}: {missing} of arm {row.arm!r} is missing", field=f"metrics.{metric.name}.totals.{missing}")
        sums.append(_whole(total))
        products[place, place] = _whole(squares)
        for other in range(place):
            name = f"{NAMES[used[other]]}_{NAMES[variable]}"
            product = getattr(row.products, name)
            if product is None:
                where = f"metrics.{metric.name}.totals.products.{name}"
                raise ToolInputError(f"{metric.name}: the product {name} of arm {row.arm!r} is missing", field=where)
            products[other, place] = _whole(product)
    return Moments.from_sums(row.units, sums, products, [NAMES[variable] for variable in used])


def _whole(value: float) -> float:
    """A whole float below 2^53 as an int, so that the sums are subtracted without rounding."""
    return int(value) if abs(value) < 2**53 and value == int(value) else value


def _quantile(metric: Metric, row: ArmTotals) -> ArmEstimate:
    if not row.values:
        where = f"metrics.{metric.name}.totals.values"
        raise ToolInputError(f"{metric.name}: a quantile needs values and counts of arm {row.arm!r}", field=where)
    counted = CountedValues.of(row.values, row.counts)
    low, high = quantile_ranks(counted.n, metric.quantile, NORMAL_975)
    error = quantile_error(counted.ranked(low), counted.ranked(high), NORMAL_975)
    return ArmEstimate.plain(counted.n, counted.quantile(metric.quantile), error * error)
