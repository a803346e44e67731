"""What must and may be said of a forecast from curves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from tools.budget._curve import ResponseCurve
from tools.budget._curve_caveats import credited_caveat, not_causal
from tools.budget._figures import capital
from tools.budget._simulation import REVIEWS
from tools.contract import Caveat, Figure
from tools.methods.channel_names import channel_name, joined

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tools.budget.forecast_campaign import ForecastCampaign

TWO_YEARS = 104
"""Weeks from which on every season was seen twice."""


def findings(outcome: str, keys: Mapping[str, Figure], ranged: Sequence[str], against: str | None) -> Iterable[str]:
    """What is expected, by when, against the plan to compare with (in words), against the target and against its cost."""
    yield (
        f"Over the next {{{{total.horizon}}}} the plan's channels are expected to bring {{{{total.expected_conversions}}}} {outcome} "
        "({{total.expected_conversions.low}} to {{total.expected_conversions.high}})."
    )
    yield "The cost of the plan over the horizon is {{total.cost}}."
    if "total.cost_per_conversion" in keys:
        yield f"The cost of the plan per one of the expected {outcome} is {{{{total.cost_per_conversion}}}}."
    yield from by_review(outcome, keys)
    if "outcome.expected" in keys:
        yield (
            f"All {outcome} together, those without these channels included: {{{{outcome.expected}}}} "
            "({{outcome.expected.low}} to {{outcome.expected.high}})."
        )
    if against and "total.gain" in keys:
        chance = "; the chance of fewer is {{total.chance_worse}}" if "total.chance_worse" in keys else ""
        if float(keys["total.gain"].value) >= 0:
            yield f"Against {against} ({{{{current.expected_conversions}}}}) that is {{{{total.gain}}}} more {outcome}{chance}."
        else:
            yield (
                f"Against {against} ({{{{current.expected_conversions}}}}) the change in expected {outcome} is {{{{total.gain}}}}{chance}."
            )
    elif against:
        yield f"The plan is {against}, so this is the forecast of both."
    if "total.chance_below_target" in keys:
        yield f"The chance of fewer than {{{{total.target}}}} {outcome} is {{{{total.chance_below_target}}}}."
    if "total.revenue" in keys:
        yield (
            "Expected revenue is {{total.revenue}}; the plan pays for itself at {{total.break_even_conversions}} "
            f"{outcome}, and the chance of a loss, if the curves hold, is {{{{total.chance_of_loss}}}}."
        )
    for channel in ranged:
        yield (
            f"{capital(channel_name(channel))} has no curve; at the likely rates it would bring "
            f"{{{{{channel}.expected_conversions}}}} {outcome}, "
            f"{{{{{channel}.expected_conversions.low}}}} to {{{{{channel}.expected_conversions.high}}}}, which is not in the totals."
        )


def by_review(outcome: str, keys: Mapping[str, Figure]) -> Iterable[str]:
    """What is expected by the day of each review."""
    for day in REVIEWS:
        key = f"by_day_{day}"
        if f"{key}.date" in keys:
            expected = f"{{{{{key}.expected}}}} {outcome} ({{{{{key}.expected.low}}}} to {{{{{key}.expected.high}}}})"
            yield f"By {{{{{key}.date}}}} the plan's channels are expected to bring {expected}."


def caveats(
    request: ForecastCampaign,
    curves: Sequence[ResponseCurve],
    weekly: NDArray[np.float64],
    outcome: str,
    *,
    drawn: bool,
    ranged: Sequence[str],
    profit: bool,
) -> Iterable[Caveat]:
    """All that holds of this forecast. profit: whether a chance of a loss is told, which nothing but the curves carries."""
    yield not_causal(outcome, insist=profit)
    if min(curve.n_weeks for curve in curves) < TWO_YEARS:
        yield Caveat(
            code="season_not_told",
            insist=True,
            signs=("season", "time of year"),
            text="In a record of {{total.history}} a season cannot be told from a trend, so busy or quiet months may bring more or less "
            "than the forecast.",
        )
    bare = sorted({line.channel for line in request.plan if line.amount} - {curve.channel for curve in curves} - set(ranged))
    if bare:
        yield Caveat(
            code="without_curve",
            insist=True,
            signs=("no curve", "without a curve", "not in the forecast", "not known"),
            text=f"There is no curve for {_names(bare)}: the cost is in the plan, and what it brings is not in the forecast.",
        )
    if ranged:
        yield Caveat(
            code="planning_range",
            insist=True,
            signs=("planning range", "not in the totals", "no curve"),
            text=f"For {_names(ranged)} there is only a planning range from stated or assumed rates; it is not in the totals.",
        )
    beyond = [curve.channel for curve, spend in zip(curves, weekly, strict=True) if spend > curve.observed_max * (1 + 1e-9)]
    if beyond:
        yield Caveat(
            code="extrapolation",
            insist=True,
            signs=("beyond what was observed", "beyond observed", "never above", "outside experience", "extrapolat"),
            text=f"The plan goes beyond what was observed for {_names(beyond)}: there the forecast is the curve's guess.",
        )
    if not drawn:
        yield Caveat(
            code="no_uncertainty",
            insist=True,
            signs=("too narrow", "doubt about the curves"),
            text="The curves came without draws, so the intervals hold the noise of the weeks but not the doubt about the curves: "
            "they are too narrow.",
        )
    for source in sorted({curve.source for curve in curves if curve.mode == "per_channel"}):
        yield credited_caveat(source)
    yield Caveat(code="as_before", text="The forecast holds while markets, prices and creative stay as they were in the weeks fitted on.")


def _names(channels: Iterable[str]) -> str:
    return joined([channel_name(channel) for channel in channels])
