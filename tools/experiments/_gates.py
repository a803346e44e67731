"""What has to hold before an effect may be read as one: each gate says sound, doubtful or failed, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, inf
from typing import Literal

from pydantic import Field

from tools.contract import Frozen, ToolInputError
from tools.experiments._estimates import MetricEstimates, estimate
from tools.experiments._ratio import STOPS, WARNS, check
from tools.experiments._reading import Reader, planned_weights
from tools.experiments._request import AnalyzeExperiment, ArmTotals, Products
from tools.methods import confidence_sequence, fixed_horizon
from tools.methods.arm_estimate import ArmEstimate, Effect

CROSSED_STOPS = 0.05  # beyond a twentieth, those left out are too many for the rest to be the whole
CROSSED_WARNS = 0.01

GateName = Literal["sample_ratio", "exposure_balance", "crossed_units", "minimum_sample", "before_the_test", "novelty"]


class Gate(Frozen):
    """One condition of a trustworthy read-out."""

    name: GateName = Field(description="which condition")
    status: Literal["sound", "doubtful", "failed", "not_checked"] = Field(description="failed stops the read-out; doubtful warns")
    p_value: float | None = Field(None, description="where the gate is a test")


@dataclass(frozen=True, slots=True)
class Gates:
    """All gates of one read-out."""

    all: tuple[Gate, ...]
    assigned: dict[str, int]
    crossed_share: float

    def of(self, name: str) -> Gate:
        """The gate of this name."""
        return next(gate for gate in self.all if gate.name == name)

    @property
    def invalid(self) -> tuple[Gate, ...]:
        """Gates that stop the read-out. Too small a sample only delays it."""
        return tuple(gate for gate in self.all if gate.status == "failed" and gate.name != "minimum_sample")

    @property
    def doubtful(self) -> tuple[Gate, ...]:
        """Gates that warn."""
        return tuple(gate for gate in self.all if gate.status == "doubtful")


def pass_gates(request: AnalyzeExperiment, found: Sequence[MetricEstimates], reader: Reader) -> Gates:
    """Every gate, on the primary metric's units."""
    primary = next(estimates for estimates in found if estimates.metric.role == "primary")
    weights = planned_weights(request, primary)
    assigned = _assigned(request, primary)
    return Gates(
        (
            _split(request, assigned, weights),
            _balance(request, assigned, primary.units),
            _crossed(request, assigned),
            _minimum(request, primary),
            _before(request, found, reader),
            _novelty(request, primary, reader),
        ),
        assigned,
        _crossed_share(request, assigned),
    )


def _assigned(request: AnalyzeExperiment, primary: MetricEstimates) -> dict[str, int]:
    given = {arm.arm: arm.units for arm in request.arms}
    unplanned = sorted(set(primary.units) - set(given)) if given else []
    if unplanned:
        raise ToolInputError(f"the sums hold arms that were not planned: {', '.join(unplanned)}", field="arms")
    missing = sorted(set(given) - set(primary.units))
    if missing:
        raise ToolInputError(f"no exposures of the planned arms: {', '.join(missing)}", field="arms", needed="units in each", found="0")
    counts = {}
    for arm, analysed in primary.units.items():
        units = given.get(arm)
        if units is not None and units < analysed:
            raise ToolInputError(f"arm {arm!r} has more analysed units ({analysed}) than assigned ones ({units})", field="arms")
        counts[arm] = analysed if units is None else units
    return counts


def _tested(name: GateName, p_value: float) -> Gate:
    return Gate(name=name, status="failed" if p_value < STOPS else "doubtful" if p_value < WARNS else "sound", p_value=p_value)


def _split(request: AnalyzeExperiment, counts: dict[str, int], weights: dict[str, float]) -> Gate:
    return _tested("sample_ratio", check("all", counts, weights, "fixed" if request.method == "fixed" else "anytime").p_value)


def _balance(request: AnalyzeExperiment, assigned: dict[str, int], analysed: dict[str, int]) -> Gate:
    """Of the units assigned, as many of each arm must be in the analysis: else what is left out is not left out by chance."""
    if assigned == analysed:
        return Gate(name="exposure_balance", status="not_checked")
    shares = {arm: float(units) for arm, units in assigned.items() if units > 0}
    p_value = check("all", analysed, shares, "fixed" if request.method == "fixed" else "anytime").p_value
    return _tested("exposure_balance", p_value)


def _crossed_share(request: AnalyzeExperiment, assigned: dict[str, int]) -> float:
    return request.crossed_units / max(1, sum(assigned.values()) + request.crossed_units)


def _crossed(request: AnalyzeExperiment, assigned: dict[str, int]) -> Gate:
    share = _crossed_share(request, assigned)
    return Gate(name="crossed_units", status="failed" if share > CROSSED_STOPS else "doubtful" if share > CROSSED_WARNS else "sound")


def _minimum(request: AnalyzeExperiment, primary: MetricEstimates) -> Gate:
    enough = min(primary.units.values()) >= request.minimum_units
    exact = request.sequence == "exact" and request.method == "anytime"
    if primary.conversions is not None and not exact and request.method != "fixed":
        rare = min(min(done, primary.units[arm] - done) for arm, done in primary.conversions.items())
        enough = enough and rare >= request.minimum_conversions
    return Gate(name="minimum_sample", status="sound" if enough else "failed")


def _p_value(request: AnalyzeExperiment, reader: Reader, control: ArmEstimate, treatment: ArmEstimate) -> float:
    effect = Effect(control, treatment)
    if effect.error <= 0:
        return 1.0
    errors = effect.difference / effect.error
    if request.method == "fixed":
        return fixed_horizon.t_p_value(errors, inf)
    return min(1.0, exp(-confidence_sequence.log_e_value(errors, effect.n, reader.tuning_units, reader.alpha, request.tuning)))


def _before(request: AnalyzeExperiment, found: Sequence[MetricEstimates], reader: Reader) -> Gate:
    """The arms must have been alike before the test, in every covariate; smallest p-value times the number of comparisons."""
    values = [
        _p_value(request, reader, estimates.before[request.control], estimates.before[arm])
        for estimates in found
        for arm in estimates.before
        if arm != request.control
    ]
    if not values:
        return Gate(name="before_the_test", status="not_checked")
    p_value = min(1.0, min(values) * len(values))
    return _tested("before_the_test", p_value)


def _novelty(request: AnalyzeExperiment, primary: MetricEstimates, reader: Reader) -> Gate:
    """Whether the effect on those who entered first differs from the effect on the rest."""
    halves = novelty_effects(primary)
    if halves is None:
        return Gate(name="novelty", status="not_checked")
    values = []
    for arm in primary.arms:
        if arm != request.control:
            early, late = (Effect(half.arms[request.control], half.arms[arm]) for half in halves)
            turned = ArmEstimate.plain(early.n, early.difference, early.error**2), ArmEstimate.plain(late.n, late.difference, late.error**2)
            values.append(_p_value(request, reader, *turned))
    p_value = min(1.0, min(values) * len(values))
    return Gate(name="novelty", status="doubtful" if p_value < WARNS else "sound", p_value=p_value)


def novelty_effects(primary: MetricEstimates) -> tuple[MetricEstimates, MetricEstimates] | None:
    """Estimates of the first half of the test and of the rest, when the sums of the first half are given."""
    metric = primary.metric
    if not metric.early or metric.kind == "quantile":
        return None
    late = []
    for row in metric.early:
        whole = next((total for total in metric.totals if total.arm == row.arm and total.stratum is None), None)
        if whole is None or row.units > whole.units:
            raise ToolInputError(f"the early sums of arm {row.arm!r} are not a part of its sums", field=f"metrics.{metric.name}.early")
        late.append(_rest(whole, row))
    if min((row.units for row in (*metric.early, *late)), default=0) < 2:
        return None
    plain = metric.model_copy(update={"winsorise": None})
    early = estimate(plain, metric.early)
    return replace(early, metric=metric), replace(estimate(plain, late), metric=metric)


_SUMMED = (
    "conversions", "sum", "sum_of_squares", "denominator_sum", "denominator_sum_of_squares",
    "before_sum", "before_sum_of_squares", "before_denominator_sum", "before_denominator_sum_of_squares",
)  # fmt: skip


def _rest(whole: ArmTotals, part: ArmTotals) -> ArmTotals:
    """Sums of the units of `whole` that are not in `part`."""

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
