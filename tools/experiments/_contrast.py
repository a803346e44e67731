"""One effect held against another by the method of the analysis: early units and later ones, a part of the audience and the rest."""

from __future__ import annotations

from math import exp, inf

from tools.contract import ToolInputError
from tools.experiments._reading import Reader
from tools.experiments._request import ArmTotals, Metric, Products
from tools.methods import confidence_sequence, fixed_horizon
from tools.methods.arm_estimate import ArmEstimate, Effect


def p_value_between(reader: Reader, control: ArmEstimate, treatment: ArmEstimate) -> float:
    """p-value of two estimates being the same; valid at any look unless the test is read once."""
    effect = Effect(control, treatment)
    if effect.error <= 0:
        return 1.0
    errors, request = effect.difference / effect.error, reader.request
    if request.method == "fixed":
        return fixed_horizon.t_p_value(errors, inf)
    return min(1.0, exp(-confidence_sequence.log_e_value(errors, effect.n, reader.tuning_units, reader.alpha, request.tuning)))


def p_value_of_contrast(reader: Reader, one: Effect, other: Effect) -> float:
    """p-value of two effects being the same."""
    first, second = (ArmEstimate.plain(effect.n, effect.difference, effect.error**2) for effect in (one, other))
    return p_value_between(reader, first, second)


_SUMMED = (
    "conversions", "sum", "sum_of_squares", "denominator_sum", "denominator_sum_of_squares",
    "before_sum", "before_sum_of_squares", "before_denominator_sum", "before_denominator_sum_of_squares",
)  # fmt: skip


def _rest(whole: ArmTotals, part: ArmTotals) -> ArmTotals:
    def less(a: float | None, b: float | None) -> float | None:
        return None if a is None or b is None else a - b

    products = {name: less(getattr(whole.products, name), getattr(part.products, name)) for name in Products.model_fields}
    return whole.model_copy(
        update={
            "units": whole.units - part.units,
            "values": (),
            "counts": (),
            "products": whole.products.model_copy(update=products),
            **{name: less(getattr(whole, name), getattr(part, name)) for name in _SUMMED},
        }
    )


def everyone_else(metric: Metric, part: tuple[ArmTotals, ...], what: str, field: str) -> tuple[ArmTotals, ...]:
    """By arm, the sums of the units that are not in `part`. Raises ToolInputError when it is no part of the metric's sums."""
    found = []
    for row in part:
        whole = next((total for total in metric.totals if total.arm == row.arm and total.stratum is None), None)
        if whole is None or row.units > whole.units:
            raise ToolInputError(f"the {what} of arm {row.arm!r} are not a part of its sums", field=field)
        found.append(_rest(whole, row))
    return tuple(found)
