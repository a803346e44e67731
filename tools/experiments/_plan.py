"""The arithmetic of a plan: units, weeks and the smallest effect, for one metric and one amount of traffic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil, sqrt
from typing import TYPE_CHECKING

from tools.contract import Basis, ToolInputError, weakest
from tools.experiments._baseline import Baseline, wilson
from tools.methods.read_outs import DAILY, ReadOut, inflation
from tools.methods.sample_size import for_counts, for_means, for_proportions, for_unequal_means, smallest_effect, z

if TYPE_CHECKING:
    from tools.experiments.design_experiment import DesignExperiment

FEWEST_WEEKS = 2  # one week cannot tell an effect from that week


@dataclass(frozen=True, slots=True)
class Known:
    """The metric today. `mean` is a rate for conversions; `currency` is set when the mean is money."""

    mean: float
    deviation: float | None
    dispersion: float
    units_per_week: float | None
    unit: str
    outcome: str | None
    basis: Basis
    traffic_basis: Basis
    currency: str | None = None
    n: int | None = None
    period: str | None = None
    low: float | None = None
    high: float | None = None
    rate: float | None = None
    on_list: float | None = None
    """Units that take part, when a list is written to and none come after."""

    @classmethod
    def observed(cls, found: Baseline, request: DesignExperiment, currency: str) -> Known:
        """As read from the client's data; a traffic that is stated stands."""
        low = high = None
        if request.is_share:
            low, high = wilson(round(found.mean * found.units), found.units, z((1 + request.level) / 2))
        return cls(
            mean=found.mean,
            deviation=found.deviation,
            dispersion=found.deviation**2 / found.mean if request.metric == "count" else request.dispersion,
            units_per_week=request.units_per_week or found.units_per_week,
            unit=found.unit,
            outcome=found.outcome,
            basis="observed",
            traffic_basis="stated" if request.units_per_week else "observed",
            currency=currency if found.money else None,
            n=found.units,
            period=found.period.iso,
            low=low,
            high=high,
        )


def profit(request: DesignExperiment, rate: Known, currency: str | None) -> Known:
    """Profit per unit today: the conversion rate times what a conversion leaves."""
    if request.margin is None or request.new_margin is None:
        missing = "margin" if request.margin is None else "new_margin"
        raise ToolInputError(
            "a price or incentive test needs margin and new_margin: what a conversion leaves today and in the test", field=missing
        )
    return replace(
        rate,
        mean=rate.mean * request.margin,
        deviation=sqrt(rate.mean * (1 - rate.mean)) * request.margin,
        basis=weakest([rate.basis, "stated"]),
        currency=request.currency or currency,
        low=None,
        high=None,
        rate=rate.mean,
    )


def break_even(request: DesignExperiment) -> float | None:
    """Change of the conversion rate at which a unit earns the same at the new margin."""
    if request.metric != "profit" or request.margin is None or request.new_margin is None:
        return None
    return request.margin / request.new_margin - 1


def stated(request: DesignExperiment) -> Known:
    """As the request says."""
    from_rate = request.is_share or request.metric == "profit"
    mean = request.baseline_rate if from_rate else request.baseline_mean
    if mean is None:
        raise ToolInputError("the metric's figure today is missing", field="baseline_rate" if from_rate else "baseline_mean")
    deviation = request.deviation
    if request.metric == "revenue" and request.baseline_rate is not None and deviation is not None:
        # Value per unit, buyers or not: variance within buyers and between buying and not (law of total variance).
        rate, order = request.baseline_rate, mean
        mean, deviation = rate * order, sqrt(rate * deviation**2 + rate * (1 - rate) * order**2)
    return Known(
        mean=mean,
        deviation=deviation,
        dispersion=request.dispersion,
        units_per_week=request.units_per_week,
        unit=request.unit,
        outcome=None,
        basis="stated",
        traffic_basis="stated",
        currency=request.currency if request.metric in ("mean", "revenue", "ratio", "quantile") else None,
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """A planned test. Effects are signed shares of today's figure; sizes are units per arm, rounded up."""

    request: DesignExperiment
    known: Known
    effect: float | None
    units_per_arm: int | None
    units_range: tuple[int, int] | None
    weeks: int | None
    days: int | None
    affordable: bool | None
    detectable: float | None
    inflation: float
    anytime_units: int | None
    anytime_days: int | None
    fixed_units: int | None
    fixed_days: int | None
    rate_needed: float | None
    curve: tuple[tuple[int, float], ...]
    break_even: float | None = None
    rate_wanted: float | None = None


def make_plan(request: DesignExperiment, known: Known) -> Plan:
    """Everything the figures show. Raises ToolInputError for an effect that the metric cannot show."""
    if request.list_size is not None:
        known = replace(known, units_per_week=None, traffic_basis="stated", on_list=request.list_size * request.share_of_traffic)
    alpha = (1 - request.level) / (request.arms - 1)
    effect = _relative(request, known)
    units = None if effect is None else ceil(_needed(request, known, known.mean, alpha)(effect))
    once = None if effect is None else _once(request, known, known.mean, alpha)(effect)
    fixed = None if once is None else ceil(once)
    more = _inflation(request, alpha, "anytime")
    weeks = _weeks(units, request, known)
    anytime = None if once is None else ceil(ceil(once) * more)
    anytime_weeks, fixed_weeks = _weeks(anytime, request, known), _weeks(fixed, request, known)
    entry_weeks = _entry_weeks(request)
    affordable = None if weeks is None else weeks <= entry_weeks
    if known.on_list is not None and units is not None:
        affordable = units <= units_in(0, request, known) and request.outcome_days <= 7 * request.max_weeks
    return Plan(
        request=request,
        known=known,
        effect=effect,
        units_per_arm=units,
        units_range=_range(request, known, alpha, effect),
        weeks=weeks,
        days=_days(weeks, request),
        affordable=affordable,
        detectable=_detectable(request, known, alpha, entry_weeks, effect),
        inflation=more if request.read_out != "group_sequential" else _inflation(request, alpha, "group_sequential"),
        anytime_units=anytime,
        anytime_days=_days(anytime_weeks, request),
        fixed_units=fixed,
        fixed_days=_days(fixed_weeks, request),
        rate_needed=_rate_needed(request, known, alpha, effect, entry_weeks) if affordable is False else None,
        curve=_curve(request, known, alpha, effect),
        break_even=break_even(request),
        rate_wanted=_rate_then(request, known, effect) if request.metric == "profit" and effect is not None else None,
    )


def units_in(weeks: float, request: DesignExperiment, known: Known) -> float:
    """Units that each arm gets in so many weeks; of a list all of them, however long it takes."""
    if known.on_list is not None:
        return known.on_list / request.arms
    return (known.units_per_week or 0.0) * request.share_of_traffic * weeks / request.arms


def _relative(request: DesignExperiment, known: Known) -> float | None:
    effect = request.relative_effect
    if effect is None and request.absolute_effect is not None:
        effect = request.absolute_effect / known.mean
    field = "relative_effect" if request.relative_effect is not None else "absolute_effect"
    if effect is not None and request.is_share and not 0 < known.mean * (1 + effect) < 1:
        raise ToolInputError("this effect would take the conversion rate out of the range of a rate: ask for a smaller one", field=field)
    if effect is not None and request.metric == "profit" and not 0 < _rate_then(request, known, effect) < 1:
        raise ToolInputError("no conversion rate gives this profit at the new margin: ask for a smaller effect", field=field)
    if effect is not None and request.metric == "count" and effect <= -1:
        raise ToolInputError("a count cannot fall below nothing: ask for a smaller effect", field=field)
    return effect


def _inflation(request: DesignExperiment, alpha: float, read_out: ReadOut) -> float:
    """Units over those of a test that is read once, for the same power."""
    looks = request.looks if read_out == "group_sequential" else DAILY
    return inflation(read_out, alpha, request.power, looks, request.spending)


def _needed(request: DesignExperiment, known: Known, mean: float, alpha: float) -> Callable[[float], float]:
    """Units per arm as a function of the relative effect, for the way the test will be read."""
    once, more = _once(request, known, mean, alpha), _inflation(request, alpha, request.read_out)
    return lambda effect: once(effect) * more


def _once(request: DesignExperiment, known: Known, mean: float, alpha: float) -> Callable[[float], float]:
    """Units per arm as a function of the relative effect, read once. A covariate takes its share of the variance off."""
    left = 1 - request.covariate_correlation**2
    if request.metric in ("conversion", "retention"):
        return lambda effect: left * for_proportions(mean, mean * (1 + effect), alpha, request.power, request.method)
    if request.metric == "count":
        return lambda effect: left * for_counts(mean, mean * (1 + effect), known.dispersion, alpha, request.power)
    if request.metric == "profit" and request.new_margin is not None and known.deviation is not None:
        today, new = known.deviation**2, request.new_margin

        def size(effect: float) -> float:
            rate = _rate_then(request, known, effect)
            return left * for_unequal_means(today, rate * (1 - rate) * new**2, mean * effect, alpha, request.power)

        return size
    if known.deviation is None:
        raise ToolInputError(f"a {request.metric} needs its deviation: how much units differ", field="deviation")
    deviation = known.deviation * left**0.5
    return lambda effect: for_means(deviation, mean * effect, alpha, request.power)


def _rate_then(request: DesignExperiment, known: Known, effect: float) -> float:
    """The conversion rate that this change of profit per unit takes at the new margin."""
    return (known.rate or 0.0) * (1 + effect) * (1 + (break_even(request) or 0.0))


def _weeks(units: int | None, request: DesignExperiment, known: Known) -> int | None:
    """Whole weeks of entries that give every arm its units; at least two. A list is written to at once."""
    if known.on_list is not None and units is not None:
        return 0
    if units is None or known.units_per_week is None:
        return None
    return max(FEWEST_WEEKS, ceil(units / units_in(1, request, known)))


def _days(weeks: int | None, request: DesignExperiment) -> int | None:
    """From the first entry until the last outcome is known."""
    return None if weeks is None else max(weeks * 7 + request.outcome_days, 1)


def _entry_weeks(request: DesignExperiment) -> int:
    """Weeks of entries that leave time for the last outcomes."""
    return max(0, (request.max_weeks * 7 - request.outcome_days) // 7)


def _detectable(request: DesignExperiment, known: Known, alpha: float, weeks: int, effect: float | None) -> float | None:
    """Smallest effect, in the direction asked for, that the longest test can find."""
    if known.on_list is None and (known.units_per_week is None or weeks < FEWEST_WEEKS):
        return None
    return _smallest(request, known, alpha, units_in(weeks, request, known), effect)


def _smallest(request: DesignExperiment, known: Known, alpha: float, units: float, effect: float | None) -> float | None:
    sign = -1 if effect is not None and effect < 0 else 1
    largest = 20.0 if sign > 0 else 0.999
    if request.is_share and sign > 0:
        largest = min(largest, (1 - 1e-9) / known.mean - 1)
    if request.metric == "profit" and sign > 0:
        at_most = (1 - 1e-9) / _rate_then(request, known, 0.0) - 1
        if at_most <= 0:
            return None
        largest = min(largest, at_most)
    needed = _needed(request, known, known.mean, alpha)
    found = smallest_effect(units, lambda size: needed(sign * size), largest)
    return None if found is None else sign * found


def _rate_needed(request: DesignExperiment, known: Known, alpha: float, effect: float | None, weeks: int) -> float | None:
    """The lowest rate at which the same relative effect would fit: what a metric further up the funnel has to reach."""
    if not request.is_share or effect is None or (known.on_list is None and (known.units_per_week is None or weeks < FEWEST_WEEKS)):
        return None
    units = units_in(weeks, request, known)
    low, high = known.mean, min(0.99, 0.99 / (1 + effect)) if effect > 0 else 0.99
    if high <= low or _needed(request, known, high, alpha)(effect) > units:
        return None
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (low, middle) if _needed(request, known, middle, alpha)(effect) <= units else (middle, high)
    return high


def _range(request: DesignExperiment, known: Known, alpha: float, effect: float | None) -> tuple[int, int] | None:
    """Units per arm over the interval of an observed baseline, for the same relative effect."""
    if effect is None or known.low is None or known.high is None or known.low <= 0 or known.high * (1 + effect) >= 1:
        return None
    ends = [ceil(_needed(request, known, rate, alpha)(effect)) for rate in (known.low, known.high)]
    return min(ends), max(ends)


def _curve(request: DesignExperiment, known: Known, alpha: float, effect: float | None) -> tuple[tuple[int, float], ...]:
    """Smallest effect by weeks of entries, for the chart."""
    if known.units_per_week is None:
        return ()
    points = []
    for weeks in range(FEWEST_WEEKS, max(_entry_weeks(request), FEWEST_WEEKS) + 1):
        found = _smallest(request, known, alpha, units_in(weeks, request, known), effect)
        if found is not None:
            points.append((weeks, abs(found)))
    return tuple(points)
