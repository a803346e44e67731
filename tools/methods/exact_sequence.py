"""Sequences for conversions that are exact at every size: no normal approximation, so they hold for the first handful too.

Beta-binomial mixtures. Each is a martingale from 1 under its null, so by Ville's inequality it exceeds 1/alpha at any time at all with
probability alpha at most. Sources: Robbins (1970), Statistical methods related to the law of the iterated logarithm; for two arms, whose
conversions are draws from a multinomial with the planned shares: Lindon and Malek (2022), Anytime-valid inference for multinomial counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, lgamma, log

from tools.methods.confidence_sequence import tuning_constant


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def _log_likelihood(successes: int, failures: int, share: float) -> float:
    top = successes * log(share) if successes else 0.0
    return top + (failures * log(1 - share) if failures else 0.0)


@dataclass(frozen=True, slots=True)
class ShareSequence:
    """Beta-binomial mixture for one share; `a` and `b` are fixed before the data: its prior weight for and against."""

    a: float
    b: float

    @classmethod
    def tuned(cls, centre: float, planned: float, alpha: float) -> ShareSequence:
        """Around `centre`, narrowest when `planned` draws have come in."""
        weight = max(1.0, planned / tuning_constant(alpha))
        return cls(weight * centre, weight * (1 - centre))

    def log_e_value(self, successes: int, failures: int, share: float) -> float:
        """Logarithm of the evidence against `share`."""
        mixture = _log_beta(self.a + successes, self.b + failures) - _log_beta(self.a, self.b)
        return mixture - _log_likelihood(successes, failures, share)

    def interval(self, successes: int, failures: int, alpha: float) -> tuple[float, float]:
        """The shares that are not rejected at any look so far, by bisection to 1e-12."""
        if successes + failures == 0:
            return 0.0, 1.0
        peak = min(max(successes / (successes + failures), 1e-12), 1 - 1e-12)

        def held(share: float) -> bool:
            return self.log_e_value(successes, failures, share) < -log(alpha)

        low = 0.0 if successes == 0 else _edge(held, 1e-15, peak)
        high = 1.0 if failures == 0 else _edge(held, 1 - 1e-15, peak)
        return low, high


def _edge(held: Callable[[float], bool], outside: float, inside: float) -> float:
    for _ in range(100):
        middle = (outside + inside) / 2
        outside, inside = (outside, middle) if held(middle) else (middle, inside)
    return outside


@dataclass(frozen=True, slots=True)
class RateRatio:
    """Treatment's conversion rate over the control's, read at any time. `log_e` is the evidence against equal rates."""

    low: float
    high: float
    log_e: float

    @property
    def p_value(self) -> float:
        """Anytime-valid p-value of equal rates."""
        return min(1.0, exp(-self.log_e))


def rate_ratio(control: int, treatment: int, share: float, alpha: float, planned: float) -> RateRatio:
    """From the conversions of two arms; `share` is the planned share of units that go to the treatment, of the two.

    Given that a unit converted, it is the treatment's with odds `share` x rate to (1 - share) x rate of the control, whatever the rates:
    the shares of conversions say how the rates compare. It assumes that units go to the arms in the planned shares, so a sample-ratio
    mismatch voids it. `planned` conversions of both arms together tune it.
    """
    mixture = ShareSequence.tuned(share, planned, alpha)
    low, high = mixture.interval(treatment, control, alpha)
    odds = (1 - share) / share
    top = float("inf") if high >= 1 else high / (1 - high) * odds
    return RateRatio(low / (1 - low) * odds, top, mixture.log_e_value(treatment, control, share))
