"""What has to hold before an effect may be read as one: each gate says sound, doubtful or failed, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import Field

from tools.contract import Frozen, ToolInputError
from tools.experiments._contrast import everyone_else, p_value_between, p_value_of_contrast
from tools.experiments._estimates import MetricEstimates, estimate
from tools.experiments._ratio import STOPS, WARNS, check
from tools.experiments._reading import Reader, planned_weights
from tools.experiments._request import AnalyzeExperiment
from tools.experiments._subgroups import Subgroups
from tools.methods.arm_estimate import Effect, share

CROSSED_STOPS = 0.05  # beyond a twentieth, those left out are too many for the rest to be the whole
CROSSED_WARNS = 0.01

GateName = Literal[
    "sample_ratio", "sample_ratio_of_parts", "exposure_balance", "crossed_units", "minimum_sample", "before_the_test", "novelty"
]


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
    units_open: int

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


def pass_gates(request: AnalyzeExperiment, found: Sequence[MetricEstimates], reader: Reader, parts: Subgroups) -> Gates:
    """Every gate, on the primary metric's units."""
    primary = next(estimates for estimates in found if estimates.metric.role == "primary")
    weights = planned_weights(request, primary)
    assigned = _assigned(request, primary)
    return Gates(
        (
            _split(request, assigned, weights),
            _parts(parts),
            _balance(request, reader, assigned, primary.units),
            _crossed(request, assigned),
            _minimum(request, primary),
            _before(request, found, reader),
            _novelty(request, primary, reader),
        ),
        assigned,
        _crossed_share(request, assigned),
        sum(arm.open_units for arm in request.arms) or sum(assigned.values()) - sum(primary.units.values()),
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


def _parts(parts: Subgroups) -> Gate:
    """The split within each part of the audience, with Holm's correction over the parts."""
    if not parts.ratios:
        return Gate(name="sample_ratio_of_parts", status="not_checked")
    return _tested("sample_ratio_of_parts", min(ratio.adjusted for ratio in parts.ratios))


def _balance(request: AnalyzeExperiment, reader: Reader, assigned: dict[str, int], analysed: dict[str, int]) -> Gate:
    """Units that were lost between assignment and analysis, open windows aside, must be as many of each arm: the smallest p-value times
    the number of comparisons."""
    still_open = {arm.arm: arm.open_units for arm in request.arms}
    due = {arm: units - still_open.get(arm, 0) for arm, units in assigned.items()}
    over = next((arm for arm in due if due[arm] < analysed[arm]), None)
    if over is not None:
        raise ToolInputError(
            f"arm {over!r} has more analysed units ({analysed[over]}) than assigned ones whose window has closed ({due[over]})",
            field="arms",
        )
    if due == analysed:
        return Gate(name="exposure_balance", status="not_checked")
    lost = {arm: share(due[arm], due[arm] - analysed[arm]) for arm in due if due[arm] > 0}
    control = lost.pop(request.control, None)
    values = [p_value_between(reader, control, rate) for rate in lost.values()] if control else []
    return _tested("exposure_balance", min(1.0, min(values, default=1.0) * len(values)))


def _crossed_share(request: AnalyzeExperiment, assigned: dict[str, int]) -> float:
    return request.crossed_units / max(1, sum(assigned.values()) + request.crossed_units)


def _crossed(request: AnalyzeExperiment, assigned: dict[str, int]) -> Gate:
    crossed = _crossed_share(request, assigned)
    return Gate(name="crossed_units", status="failed" if crossed > CROSSED_STOPS else "doubtful" if crossed > CROSSED_WARNS else "sound")


def enough(request: AnalyzeExperiment, found: MetricEstimates) -> bool:
    """Whether every arm has the smallest sample from which this metric is read."""
    if min(found.units.values()) < request.minimum_units:
        return False
    exact = request.sequence == "exact" and request.method == "anytime"
    if found.conversions is None or exact or request.method == "fixed":
        return True
    rare = min(min(done, found.units[arm] - done) for arm, done in found.conversions.items())
    return rare >= request.minimum_conversions


def _minimum(request: AnalyzeExperiment, primary: MetricEstimates) -> Gate:
    return Gate(name="minimum_sample", status="sound" if enough(request, primary) else "failed")


def _before(request: AnalyzeExperiment, found: Sequence[MetricEstimates], reader: Reader) -> Gate:
    """The arms must have been alike before the test, in every covariate; smallest p-value times the number of comparisons."""
    values = [
        p_value_between(reader, estimates.before[request.control], estimates.before[arm])
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
            values.append(p_value_of_contrast(reader, early, late))
    p_value = min(1.0, min(values) * len(values))
    return Gate(name="novelty", status="doubtful" if p_value < WARNS else "sound", p_value=p_value)


def novelty_effects(primary: MetricEstimates) -> tuple[MetricEstimates, MetricEstimates] | None:
    """Estimates of the first half of the test and of the rest, when the sums of the first half are given."""
    metric = primary.metric
    if not metric.early or metric.kind == "quantile":
        return None
    late = everyone_else(metric, metric.early, "early sums", f"metrics.{metric.name}.early")
    if min((row.units for row in (*metric.early, *late)), default=0) < 2:
        return None
    plain = metric.model_copy(update={"winsorise": None})
    early = estimate(plain, metric.early)
    return replace(early, metric=metric), replace(estimate(plain, late), metric=metric)
