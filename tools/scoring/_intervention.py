"""What keeping customers is worth where an experiment measured it, and what it would have to achieve where none did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import ConfigDict, Field

from tools.contract import Frozen, ToolInputError

if TYPE_CHECKING:
    from tools.scoring.predict_churn import PredictChurn


class Measured(Frozen):
    """An experiment's comparison: the arm that was approached against the one left alone. Other fields of it are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    metric: str = Field("churn", description="name of the metric")
    role: Literal["primary", "secondary", "guardrail"] = Field("primary", description="role of the metric")
    arm: str = Field("treatment", description="the arm that was approached")
    difference: float = Field(description="share that left (or stayed), approached less left alone", ge=-1, le=1)
    difference_low: float | None = Field(None, description="low end of its interval", ge=-1, le=1)
    difference_high: float | None = Field(None, description="high end of its interval", ge=-1, le=1)


class Intervention(Frozen):
    """One stratum approached. Money in minor units per customer approached."""

    stratum: str = Field(description="stratum")
    customers: int = Field(description="how many would be approached")
    break_even: float | None = Field(
        description="share of the would-be leavers that has to be kept to earn the cost; over one it cannot be earned"
    )
    net: int | None = Field(description="measured: value kept less cost, of the whole stratum; none without a measurement")
    net_low: int | None = Field(description="low end of its interval")
    net_high: int | None = Field(description="high end of its interval")


def interventions(strata: list[tuple[str, int, float]], request: PredictChurn) -> tuple[Intervention, ...]:
    """What each stratum (name, customers, mean probability) is worth approaching, as far as the request says."""
    if request.cost is not None and request.value is None:
        raise ToolInputError("a cost needs a value to be held against", field="value")
    kept = kept_share(request)
    if kept is not None and (request.value is None or request.cost is None):
        raise ToolInputError("a measured effect needs a value and a cost to be worth something", field="value")
    if request.value is None or request.cost is None:
        return ()
    found = []
    for name, customers, probability in strata:
        net = [None, None, None] if kept is None else [
            None if share is None else round(customers * (share * request.value - request.cost)) for share in kept
        ]  # fmt: skip
        needed = request.cost / (request.value * probability) if probability > 0 else None
        found.append(Intervention(stratum=name, customers=customers, break_even=needed, net=net[0], net_low=net[1], net_high=net[2]))
    return tuple(found)


def kept_share(request: PredictChurn) -> tuple[float, float | None, float | None] | None:
    """Share of those approached who stay because of it, with its interval; none without a measurement."""
    chosen = next((one for one in request.measured if one.role == "primary"), request.measured[0] if request.measured else None)
    if chosen is None:
        return None
    low, high = chosen.difference_low, chosen.difference_high
    if request.measured_on == "retention":
        return chosen.difference, low, high
    return -chosen.difference, None if high is None else -high, None if low is None else -low
