"""One effect read by the method that was fixed before the start: interval, p-value, and whether it clears a line."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import exp, inf
from typing import Literal

from tools.contract import ToolInputError
from tools.experiments._estimates import MetricEstimates
from tools.experiments._request import AnalyzeExperiment
from tools.methods import confidence_sequence, exact_sequence, fixed_horizon, group_sequential
from tools.methods.arm_estimate import Effect

DEFAULT_TUNING = 5000.0  # units; GrowthBook's default, for a sequence whose plan names no sample size
State = Literal["better", "worse", "unclear"]


@dataclass(frozen=True, slots=True)
class Reading:
    """An effect in the metric's own unit and as a lift. `critical`: standard errors that its interval reaches."""

    arm: str
    effect: Effect
    level: float
    critical: float
    low: float | None
    high: float | None
    lift_low: float | None
    lift_high: float | None
    p_value: float
    log_e: float | None
    exact: bool = False

    @property
    def e_value(self) -> float | None:
        """Evidence against no effect, bounded so that it stays a number."""
        return None if self.log_e is None else exp(min(self.log_e, 700.0))


@dataclass(frozen=True, slots=True)
class Reader:
    """The method with its tuning, for effects at one level."""

    request: AnalyzeExperiment
    alpha: float
    arms: int = 2

    @property
    def tuning_units(self) -> float:
        """The sample of two arms that an anytime sequence is narrowest at."""
        planned = 2 * (self.request.planned_units or 0) / self.arms
        return self.request.tuning_units or planned or DEFAULT_TUNING

    def critical(self, n: int, degrees: float) -> float:
        """How many standard errors the interval reaches."""
        request = self.request
        if request.method == "anytime":
            return confidence_sequence.boundary(n, self.tuning_units, self.alpha, request.tuning)
        if request.method == "fixed":
            return fixed_horizon.t_quantile(1 - self.alpha, degrees)
        return group_sequential.boundaries(self._looks(), self.alpha, request.spending)[-1]

    def _looks(self) -> tuple[float, ...]:
        """Shares of the planned sample at the looks so far, this one last; one over all metrics, since they are read together."""
        planned = float(self.request.planned_units or 1)
        looks = (*self.request.earlier_looks, primary_units(self.request))
        shares = [min(units / planned, 1.0) for units in looks]
        if any(b <= a for a, b in pairwise((0.0, *shares))):
            raise ToolInputError(
                "earlier_looks must rise and be smaller than the units at this look; after the planned sample there is no further look",
                field="earlier_looks",
            )
        return tuple(shares)

    def read(self, found: MetricEstimates, control: str, arm: str, small_allowed: bool = True) -> Reading:
        """Treatment `arm` against the control."""
        effect = Effect(found.arms[control], found.arms[arm])
        if self.request.method == "anytime" and self.request.sequence == "exact" and found.conversions is not None:
            return self._exact(found, effect, control, arm)
        pair = None
        if found.conversions is not None and found.reduction is None:
            pair = ((found.conversions[control], found.units[control]), (found.conversions[arm], found.units[arm]))
        if pair and self.request.method == "fixed" and small_allowed and fixed_horizon.is_small(*pair):
            return self._small(effect, pair, arm)
        degrees = inf if pair else effect.degrees
        critical = self.critical(effect.n, degrees)
        errors = effect.difference / effect.error if effect.error > 0 else 0.0
        log_e = None
        if self.request.method == "anytime":
            log_e = confidence_sequence.log_e_value(errors, effect.n, self.tuning_units, self.alpha, self.request.tuning)
            p_value = min(1.0, exp(-log_e))
        elif pair:
            p_value = fixed_horizon.z_p_value(fixed_horizon.z_of_shares(*pair))
        else:
            p_value = fixed_horizon.t_p_value(errors, degrees)
        known = effect.error > 0
        reach = critical * effect.error
        low, high = (effect.difference - reach, effect.difference + reach) if known else (None, None)
        lift_low, lift_high = self._lift(effect, critical) if known else (None, None)
        return Reading(arm, effect, 1 - self.alpha, critical, low, high, lift_low, lift_high, p_value, log_e)

    def _lift(self, effect: Effect, critical: float) -> tuple[float | None, float | None]:
        if effect.lift is None or effect.lift_error is None:
            return None, None
        if self.request.lift_interval == "fieller":
            return effect.fieller(critical) or (None, None)
        return effect.lift - critical * effect.lift_error, effect.lift + critical * effect.lift_error

    def _small(self, effect: Effect, pair: tuple[tuple[int, int], tuple[int, int]], arm: str) -> Reading:
        critical = fixed_horizon.t_quantile(1 - self.alpha, inf)
        low, high = fixed_horizon.newcombe(*pair, critical)
        lifts: tuple[float | None, float | None] = (None, None)
        if pair[0][0] > 0:
            bottom, top = fixed_horizon.rate_ratio_interval(*pair, critical)
            lifts = (bottom - 1, top - 1)
        return Reading(arm, effect, 1 - self.alpha, critical, low, high, *lifts, fixed_horizon.fisher_p_value(*pair), None, exact=True)

    def _exact(self, found: MetricEstimates, effect: Effect, control: str, arm: str) -> Reading:
        weights = planned_weights(self.request, found)
        share = weights[arm] / (weights[arm] + weights[control])
        done = found.conversions or {}
        ratio = exact_sequence.rate_ratio(done[control], done[arm], share, self.alpha, self.request.planned_conversions)
        top = None if ratio.high == inf else ratio.high - 1
        return Reading(arm, effect, 1 - self.alpha, inf, None, None, ratio.low - 1, top, ratio.p_value, ratio.log_e, exact=True)

    def state(self, reading: Reading, sign: int, threshold: float) -> State:
        """Whether the effect clears `threshold` (a share of the control) in the better direction, or is worse than nothing."""
        if reading.exact and self.request.method == "anytime":
            low, high = reading.lift_low, reading.lift_high
            bottom = low if sign > 0 else (None if high is None else -high)
            top = high if sign > 0 else (None if low is None else -low)
            return "better" if bottom is not None and bottom > threshold else "worse" if top is not None and top < 0 else "unclear"
        if threshold == 0 and self.request.method == "fixed":
            # At a fixed horizon the test decides: its variance under no effect differs a little from the interval's.
            if reading.p_value > self.alpha:
                return "unclear"
            return "better" if sign * reading.effect.difference > 0 else "worse"
        better, _ = self.clears(reading, sign, threshold)
        _, worse = self.clears(reading, sign, 0.0)
        return "better" if better else "worse" if worse else "unclear"

    def clears(self, reading: Reading, sign: int, line: float) -> tuple[bool, bool]:
        """Whether the oriented lift lies wholly above `line`, and wholly below it. Tested without dividing by the control."""
        if reading.exact and self.request.method == "anytime":
            ends = (reading.lift_low, reading.lift_high) if sign > 0 else (_minus(reading.lift_high), _minus(reading.lift_low))
            return ends[0] is not None and ends[0] > line, ends[1] is not None and ends[1] < line
        value, error = reading.effect.beyond(sign * line)
        if error <= 0:
            return False, False
        return sign * value > reading.critical * error, sign * value < -reading.critical * error


def _minus(value: float | None) -> float | None:
    return None if value is None else -value


def planned_weights(request: AnalyzeExperiment, found: MetricEstimates) -> dict[str, float]:
    """Planned weight by arm; equal when the plan does not say."""
    return {arm.arm: arm.weight for arm in request.arms} or dict.fromkeys(found.arms, 1.0)


def primary_units(request: AnalyzeExperiment) -> int:
    """Units of the primary metric in all arms."""
    primary = next(metric for metric in request.metrics if metric.role == "primary")
    return sum(row.units for row in primary.totals)
