"""What must and may be said of a forecast from curves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from tools.budget._curve import ResponseCurve
from tools.budget._curve_caveats import credited_caveat
from tools.budget._figures import capital
from tools.contract import Caveat, Figure
from tools.methods.channel_names import channel_name, joined

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tools.budget.forecast_campaign import ForecastCampaign


def findings(outcome: str, keys: Mapping[str, Figure], ranged: Sequence[str]) -> Iterable[str]:
    """What is expected, against what is now, against the target and against its cost."""
    each = ", {{total.cost_per_conversion}} each" if "total.cost_per_conversion" in keys else ""
    yield (
        f"Over the next {{{{total.horizon}}}} the plan's channels are expected to bring {{{{total.expected_conversions}}}} {outcome} "
        f"({{{{total.expected_conversions.low}}}} to {{{{total.expected_conversions.high}}}}) for {{{{total.cost}}}}{each}."
    )
    if "outcome.expected" in keys:
        yield (
            f"All {outcome} together, those without these channels included: {{{{outcome.expected}}}} "
            "({{outcome.expected.low}} to {{outcome.expected.high}})."
        )
    if "total.gain" in keys:
        chance = "; the chance of fewer is {{total.chance_worse}}" if "total.chance_worse" in keys else ""
        now = "going on with the current plan ({{current.expected_conversions}})"
        if float(keys["total.gain"].value) >= 0:
            yield f"That is {{{{total.gain}}}} more {outcome} than {now}{chance}."
        else:
            yield f"The change in expected {outcome} against {now} is {{{{total.gain}}}}{chance}."
    if "total.chance_below_target" in keys:
        yield f"The chance of fewer than {{{{total.target}}}} {outcome} is {{{{total.chance_below_target}}}}."
    if "total.revenue" in keys:
        yield (
            "Expected revenue is {{total.revenue}}; the plan pays for itself at {{total.break_even_conversions}} "
            f"{outcome}, and the chance of a loss is {{{{total.chance_of_loss}}}}."
        )
    for channel in ranged:
        yield (
            f"{capital(channel_name(channel))} has no curve; at the likely rates it would bring "
            f"{{{{{channel}.expected_conversions}}}} {outcome}, "
            f"{{{{{channel}.expected_conversions.low}}}} to {{{{{channel}.expected_conversions.high}}}}, which is not in the totals."
        )


def caveats(
    request: ForecastCampaign,
    curves: Sequence[ResponseCurve],
    weekly: NDArray[np.float64],
    outcome: str,
    *,
    drawn: bool,
    ranged: Sequence[str],
) -> Iterable[Caveat]:
    """All that holds of this forecast."""
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
