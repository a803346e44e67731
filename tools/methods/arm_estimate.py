"""One arm's estimate of a metric from its moments: a share, a mean, or a ratio, with or without a covariate from before the test.

Each estimate is a smooth function of means, so its variance is that of its linear part (the delta method). A covariate takes off what it
explains: Deng, Xu, Kohavi and Walker (2013), Improving the sensitivity of online controlled experiments (CUPED); for ratios, Deng, Knoblich
and Lu (2018), Applying the delta method in metric analytics.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from tools.methods.moments import ImpossibleSums, Moments


@dataclass(frozen=True, slots=True)
class ArmEstimate:
    """`value` adjusted, `raw` as observed; variances and the covariance of the two are those of the estimates, not of one unit."""

    n: int
    value: float
    variance: float
    raw: float
    raw_variance: float
    covariance: float

    @classmethod
    def plain(cls, n: int, value: float, variance: float) -> ArmEstimate:
        """An estimate that nothing was taken off."""
        return cls(n, value, variance, value, variance, variance)


def share(n: int, conversions: int) -> ArmEstimate:
    """Share of units that converted."""
    rate = conversions / n
    return ArmEstimate.plain(n, rate, rate * (1 - rate) / n)


def mean(moments: Moments) -> ArmEstimate:
    """Mean of the first variable."""
    return ArmEstimate.plain(moments.n, moments.means[0], moments.covariances[0][0] / moments.n)


def ratio_gradient(moments: Moments, top: int, bottom: int) -> list[float]:
    """Derivatives of mean(top) / mean(bottom) by each mean. Raises ImpossibleSums when the denominator is not positive."""
    below = moments.means[bottom]
    if below <= 0:
        raise ImpossibleSums("a ratio needs a denominator above zero in every arm", "denominator_sum")
    gradient = [0.0] * len(moments.means)
    gradient[top], gradient[bottom] = 1 / below, -moments.means[top] / below**2
    return gradient


def ratio(moments: Moments) -> ArmEstimate:
    """Ratio of the sums of the first and second variable."""
    gradient = ratio_gradient(moments, 0, 1)
    return ArmEstimate.plain(moments.n, moments.means[0] / moments.means[1], moments.combine(gradient) / moments.n)


@dataclass(frozen=True, slots=True)
class Adjusted:
    """Estimates of all arms after the covariate, its coefficient, and the share of variance that it took off."""

    arms: tuple[ArmEstimate, ...]
    theta: float
    reduction: float


def adjusted(arms: Sequence[Moments], outcome: Sequence[int], covariate: Sequence[int]) -> Adjusted:
    """CUPED for the variables at `outcome` and `covariate`: one index is a mean, two are a ratio of the first over the second.

    One coefficient for all arms, pooled from within the arms, so that the arms' difference does not enter it. A covariate that does not
    vary takes nothing off.
    """
    outcomes = [_linear(arm, outcome) for arm in arms]
    covariates = [_linear(arm, covariate) for arm in arms]
    weights = [arm.n - 1 for arm in arms]
    spread = sum(w * arm.combine(x) for w, arm, (_, x) in zip(weights, arms, covariates, strict=True))
    together = sum(w * arm.combine(y, x) for w, arm, (_, y), (_, x) in zip(weights, arms, outcomes, covariates, strict=True))
    theta = together / spread if spread > 0 else 0.0
    total = sum(arm.n for arm in arms)
    centre = sum(arm.n * value for arm, (value, _) in zip(arms, covariates, strict=True)) / total
    estimates = []
    for arm, (value, y), (before, x) in zip(arms, outcomes, covariates, strict=True):
        gradient = [a - theta * b for a, b in zip(y, x, strict=True)]
        estimates.append(
            ArmEstimate(
                arm.n,
                value - theta * (before - centre),
                max(arm.combine(gradient), 0.0) / arm.n,
                value,
                arm.combine(y) / arm.n,
                arm.combine(gradient, y) / arm.n,
            )
        )
    was = sum(estimate.raw_variance for estimate in estimates)
    now = sum(estimate.variance for estimate in estimates)
    return Adjusted(tuple(estimates), theta, 1 - now / was if was > 0 else 0.0)


def _linear(moments: Moments, variables: Sequence[int]) -> tuple[float, list[float]]:
    """Value of a mean or a ratio, and its derivatives by the means."""
    if len(variables) == 1:
        gradient = [0.0] * len(moments.means)
        gradient[variables[0]] = 1.0
        return moments.means[variables[0]], gradient
    top, bottom = variables
    return moments.means[top] / moments.means[bottom], ratio_gradient(moments, top, bottom)


@dataclass(frozen=True, slots=True)
class Effect:
    """Treatment against control. `lift` is the difference as a share of the control as observed; none when that is zero."""

    control: ArmEstimate
    treatment: ArmEstimate

    @property
    def n(self) -> int:
        """Units in both arms."""
        return self.control.n + self.treatment.n

    @property
    def difference(self) -> float:
        """Treatment minus control, adjusted."""
        return self.treatment.value - self.control.value

    @property
    def error(self) -> float:
        """Standard error of the difference."""
        return sqrt(self.treatment.variance + self.control.variance)

    @property
    def degrees(self) -> float:
        """Welch and Satterthwaite's degrees of freedom."""
        a, b = self.control, self.treatment
        below = a.variance**2 / (a.n - 1) + b.variance**2 / (b.n - 1) if min(a.n, b.n) > 1 else 0.0
        return (a.variance + b.variance) ** 2 / below if below > 0 else float(max(self.n - 2, 1))

    @property
    def lift(self) -> float | None:
        """Difference over the control's raw figure."""
        return self.difference / self.control.raw if self.control.raw else None

    @property
    def lift_error(self) -> float | None:
        """Standard error of the lift by the delta method, the control's raw figure and its adjusted one correlated as they are."""
        lift, a = self.lift, self.control
        if lift is None:
            return None
        spread = self.treatment.variance + a.variance + lift * lift * a.raw_variance + 2 * lift * a.covariance
        return sqrt(max(spread, 0.0)) / abs(a.raw)

    def beyond(self, share: float) -> tuple[float, float]:
        """Difference less a share of the control, and its standard error: positive when the lift is above that share.

        Linear in the means, so no ratio is taken: a margin is tested without dividing by a noisy control.
        """
        a = self.control
        spread = self.treatment.variance + a.variance + share * share * a.raw_variance + 2 * share * a.covariance
        return self.difference - share * abs(a.raw), sqrt(max(spread if a.raw >= 0 else self.error**2, 0.0))

    def fieller(self, critical: float) -> tuple[float, float] | None:
        """Fieller's (1954) interval of the lift: the shares that `beyond` does not reject. None when the control may be zero."""
        a, b = self.control, self.treatment
        if a.raw**2 <= critical**2 * a.raw_variance:
            return None
        # (D - s A)^2 = c^2 (vB + vA + s^2 vA0 + 2 s cov), a quadratic in s.
        two = a.raw**2 - critical**2 * a.raw_variance
        one = -2 * (self.difference * a.raw + critical**2 * a.covariance)
        none = self.difference**2 - critical**2 * (b.variance + a.variance)
        root = sqrt(max(one * one - 4 * two * none, 0.0))
        return (-one - root) / (2 * two), (-one + root) / (2 * two)
