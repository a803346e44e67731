"""The plan of an experiment: what is said of it before the start, and what each tool will be asked at a look, written out in full."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import ConfigDict, Field, ValidationError, model_validator

from graphs.registered import READ_OUT
from graphs.run_tool import read_request
from tools.contract import Frozen, ToolInputError
from tools.experiments._names import unique_keys
from tools.experiments._request import AnalyzeExperiment, Metric, UnitsTable
from tools.methods.assignment import SLOTS
from tools.registry import load

RATIO = "check_sample_ratio"
SAID_ELSEWHERE = frozenset(
    {"as_of", "metrics", "control", "arms", "experiment", "units_table", "window_days", "earlier_looks", "crossed_units"}
)
"""Fields of the read-out that other parts of the plan give, or the looks do."""
KNOBS = tuple(name for name in AnalyzeExperiment.model_fields if name not in SAID_ELSEWHERE)


def _without_sums(schema: dict[str, Any]) -> None:
    for name in SUMS:
        schema["properties"].pop(name, None)


def _knobs(schema: dict[str, Any]) -> None:
    described = AnalyzeExperiment.model_json_schema()["properties"]
    schema.update({"properties": {name: described[name] for name in KNOBS}, "additionalProperties": False})


SUMS = {"totals", "early", "subgroups"}
"""Fields of a metric that are data."""


class RegisteredMetric(Metric):
    """A metric as it is fixed: what it counts and how it decides, and no data."""

    model_config = ConfigDict(json_schema_extra=_without_sums)

    @model_validator(mode="after")
    def _no_data(self) -> Self:
        if any(getattr(self, name) for name in SUMS):
            raise ValueError("a plan holds no sums: give them at a look")
        return self


class RegisteredArm(Frozen):
    """One arm."""

    arm: str = Field(description="name of the arm, as exposures have it", min_length=1, max_length=80)
    weight: float = Field(1.0, description="share of the traffic in proportion to the other weights", gt=0, le=1e6)
    description: str = Field("", description="what a unit of this arm gets", max_length=2000)


EXAMPLE: dict[str, Any] = {
    "name": "short form",
    "hypothesis": "A form with three fields instead of nine brings more bookings.",
    "exposure_rule": "the first time the form is shown",
    "arms": [{"arm": "control"}, {"arm": "short"}],
    "metrics": [{"name": "booking_rate", "minimum_effect": 0.15, "outcome": {"event": "booking"}}],
    "analysis": {"planned_units": 20000},
}


class ExperimentPlan(Frozen):
    """What an experiment is held to. As a draft it may be incomplete; the start asks for all of it."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    name: str = Field(description="unique within the client; exposures name the experiment by it", min_length=1, max_length=200)
    hypothesis: str = Field("", description="what is believed, and why", max_length=4000)
    unit: str = Field("contact", description="what is assigned to an arm: contact, visitor, account", min_length=1, max_length=80)
    exposure_rule: str = Field("", description="when a unit counts as exposed, and so enters the analysis", max_length=2000)
    arms: tuple[RegisteredArm, ...] = Field(description="control and treatments", min_length=2, max_length=20)
    control: str = Field("control", description="the arm that the others are compared with", min_length=1, max_length=80)
    traffic: float = Field(
        1.0, description="share of the units outside the holdout that takes part, in ten-thousandths; of the layer when there is one",
        ge=1 / SLOTS, le=1,
    )  # fmt: skip
    layer: str | None = Field(
        None, description="experiments of one layer exclude each other: no unit is in two", pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$"
    )
    window_days: int = Field(14, description="attribution window: days after the first exposure in which outcomes count", ge=1, le=365)
    metrics: tuple[RegisteredMetric, ...] = Field(
        description="exactly one primary metric, with its minimum effect of interest; secondary ones; guardrails",
        min_length=1,
        max_length=50,
    )
    analysis: dict[str, Any] = Field(
        default_factory=dict,
        description="method and tuning of the read-out, as analyze_experiment takes them; what is left out is fixed at its default",
        json_schema_extra=_knobs,
    )
    source: Literal["exposures", "units_table", "sums"] = Field(
        "exposures",
        description="what a look reads: exposures with events and orders · a table with a row per unit · sums given at the look",
    )
    units_table: UnitsTable | None = Field(None, description="the table, for the source units_table")
    strata: tuple[Annotated[str, Field(min_length=1, max_length=120)], ...] = Field(
        (), description="for the source sums: the parts of the audience that the sums come by, to be weighed by their share", max_length=200
    )
    salt: Annotated[
        str | None, Field(pattern=r"^[\x21-\x7e]{1,80}$", description="of the assignment; the experiment's id when left out")
    ] = None

    @property
    def slots(self) -> int:
        """Ten-thousandths of the traffic."""
        return max(1, round(self.traffic * SLOTS))

    @property
    def primary(self) -> RegisteredMetric:
        """The metric that decides."""
        return next(metric for metric in self.metrics if metric.role == "primary")

    @property
    def treatments(self) -> tuple[str, ...]:
        """Arms but the control."""
        return tuple(arm.arm for arm in self.arms if arm.arm != self.control)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        names = [arm.arm for arm in self.arms]
        if self.control not in names:
            raise ValueError(f"no arm is called {self.control!r}: say in `control` which arm the others are compared with")
        unknown = sorted(set(self.analysis) - set(KNOBS))
        if unknown:
            raise ValueError(f"the analysis has no {unknown[0]!r}; there are: {', '.join(KNOBS)}")
        if (self.source == "units_table") != (self.units_table is not None):
            raise ValueError("the source units_table needs units_table, and no other source has one")
        if self.strata and self.source != "sums":
            raise ValueError("only sums come by strata: the other sources have none")
        return self


class Requests(NamedTuple):
    """What each tool is asked at a look; None for a tool that has nothing to read."""

    read_out: dict[str, Any]
    ratio: dict[str, Any] | None

    def as_json(self) -> dict[str, Any]:
        """As it is kept."""
        return {READ_OUT: self.read_out, RATIO: self.ratio}


def read_plan(raw: dict[str, Any]) -> ExperimentPlan:
    """The plan. Raises ToolInputError that names the first field at fault."""
    try:
        return ExperimentPlan.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join(str(part) for part in first["loc"])
        raise ToolInputError(
            f"the plan cannot be used: {path + ': ' if path else ''}{first['msg'].removeprefix('Value error, ')}", field=path or None
        ) from error


def kept(plan: ExperimentPlan) -> dict[str, Any]:
    """The plan as it is kept: no sums in its metrics."""
    return plan.model_dump(mode="json", exclude={"metrics": {"__all__": SUMS}})


def requests_of(plan: ExperimentPlan) -> Requests:
    """The requests with every default written out, so that a later release with other defaults asks the same.

    Raises ToolInputError in the tool's own words, named by the tool's own fields.
    """
    unique_keys((arm.arm for arm in plan.arms), "arms")
    unique_keys((metric.name for metric in plan.metrics), "metrics")
    arms = [{"arm": arm.arm, "weight": arm.weight} for arm in plan.arms]
    metrics = kept(plan)["metrics"]
    raw: dict[str, Any] = {**plan.analysis, "metrics": metrics, "control": plan.control, "arms": arms, "window_days": plan.window_days}
    ratio: dict[str, Any] | None = {"arms": arms, "method": "fixed" if plan.analysis.get("method") == "fixed" else "anytime"}
    if plan.source == "exposures":
        raw["experiment"] = plan.name
        ratio = {**(ratio or {}), "experiment": plan.name}
    elif plan.source == "units_table":
        raw["units_table"] = plan.units_table.model_dump() if plan.units_table else None
        ratio = None
    else:
        # sums come with the look: an empty sum of each arm stands for them while the plan is checked
        raw["metrics"] = [{**metric, "totals": [{"arm": arm.arm, "units": 0} for arm in plan.arms]} for metric in metrics]
        ratio = {**(ratio or {}), "arms": [{**arm, "units": 0} for arm in arms]}
    read_out = read_request(load(READ_OUT), raw).model_dump(mode="json", exclude={"as_of": True, "metrics": {"__all__": SUMS}})
    checked = read_request(load(RATIO), ratio).model_dump(mode="json", exclude={"as_of"}) if ratio else None
    return Requests(read_out, checked)


def missing(plan: ExperimentPlan) -> list[str]:
    """What has to be said before the start and is not."""
    said = {
        "hypothesis": plan.hypothesis.strip(),
        "exposure_rule": plan.exposure_rule.strip(),
        f"metrics.{plan.primary.name}.minimum_effect": plan.primary.minimum_effect,
        "analysis.planned_units": plan.analysis.get("planned_units"),
    }
    return [field for field, value in said.items() if not value]
