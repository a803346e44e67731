"""What an analysis is asked: the plan that was fixed before the start, and the sums of each arm where no facts are read."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from tools.contract import Frozen, Request, choice, quantity

Kind = Literal["conversion", "mean", "count", "ratio", "quantile", "retention"]
Role = Literal["primary", "secondary", "guardrail"]
Method = Literal["anytime", "fixed", "group_sequential"]

BIG = 1e30  # beyond any sum of money or counts; keeps squares finite
FOR_PROGRAMS: JsonDict = {"x-agent": False}
"""Sums that a program has and nobody states in words: an agent reads exposures instead."""


def total(description: str, *, agent: bool = False, **bounds: float) -> float | None:
    """A sum over the units of an arm. `agent`: whether an agent may give it, too."""
    extra: JsonDict = {"x-role": "quantity", "x-unit": "number", **({} if agent else FOR_PROGRAMS)}
    found: float | None = Field(None, description=description, json_schema_extra=extra, **{"ge": -BIG, "le": BIG, **bounds})  # type: ignore[call-overload]
    return found


class Products(Frozen):
    """Sums over units of one variable times another. Needed for a ratio, and for a covariate."""

    outcome_denominator: float | None = total("sum of outcome times denominator")
    outcome_before: float | None = total("sum of outcome times the covariate")
    denominator_before: float | None = total("sum of denominator times the covariate")
    outcome_before_denominator: float | None = total("sum of outcome times the covariate's denominator")
    denominator_before_denominator: float | None = total("sum of denominator times the covariate's denominator")
    before_before_denominator: float | None = total("sum of covariate times its denominator")


class ArmTotals(Frozen):
    """One arm of one metric, summed over its units. Money in minor units."""

    arm: str = Field(description="name of the arm", min_length=1, max_length=80)
    units: int = quantity("count", "units whose window has closed", ge=0, le=10**12)
    stratum: str | None = Field(
        None,
        description="part of the audience these sums are of; give every arm for every part",
        max_length=120,
        json_schema_extra=FOR_PROGRAMS,
    )
    conversions: int | None = quantity("count", "units that converted (conversion, retention)", default=None, ge=0, le=10**12)
    sum: float | None = total("sum of the outcome; of the numerator for a ratio", agent=True)
    sum_of_squares: float | None = total("sum of the squared outcome", agent=True, ge=0)
    denominator_sum: float | None = total("ratio: sum of the denominator")
    denominator_sum_of_squares: float | None = total("ratio: sum of the squared denominator", ge=0)
    before_sum: float | None = total("sum of the covariate from before the test")
    before_sum_of_squares: float | None = total("sum of the squared covariate", ge=0)
    before_denominator_sum: float | None = total("sum of the covariate's denominator, when it is a ratio too")
    before_denominator_sum_of_squares: float | None = total("sum of its squares", ge=0)
    products: Products = Field(default_factory=Products, description="sums of products of these variables", json_schema_extra=FOR_PROGRAMS)
    values: tuple[float, ...] = Field(
        (),
        description="quantile, or to winsorise: the distinct values of the outcome",
        max_length=1_000_000,
        json_schema_extra={"x-role": "quantity", **FOR_PROGRAMS},
    )
    counts: tuple[int, ...] = Field(
        (),
        description="how many units have each of `values`",
        max_length=1_000_000,
        json_schema_extra={"x-role": "quantity", **FOR_PROGRAMS},
    )

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.conversions is not None and self.conversions > self.units:
            raise ValueError(f"arm {self.arm!r} has more conversions ({self.conversions}) than units ({self.units})")
        if len(self.values) != len(self.counts):
            raise ValueError(f"arm {self.arm!r} has {len(self.values)} values and {len(self.counts)} counts: one count for each value")
        if any(count < 0 for count in self.counts):
            raise ValueError(f"arm {self.arm!r} has a negative count")
        if self.counts and sum(self.counts) != self.units:
            raise ValueError(f"the counts of arm {self.arm!r} sum to {sum(self.counts)}, not to its {self.units} units")
        return self


class SubgroupTotals(Frozen):
    """The primary metric's sums in one part of the audience. The parts of a dimension do not overlap."""

    dimension: str = Field(description="what the audience is divided by, as in device; known before the test", min_length=1, max_length=80)
    part: str = Field(description="which part of it, as in mobile", min_length=1, max_length=120)
    totals: tuple[ArmTotals, ...] = Field(description="sums of this part by arm", min_length=1, max_length=50)


class Measure(Frozen):
    """What to count of a unit, from events or orders after its first exposure."""

    source: Literal["events", "orders"] = Field("events", description="events by name, or paid orders")
    event: str | None = Field(None, description="name of the event, as in booking; needed for events", max_length=80)
    of: Literal["any", "count", "value"] = Field(
        "any", description="any: one if it happened · count: how often · value: money of paid orders, minor units of the client's currency"
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.source == "events") != (self.event is not None):
            raise ValueError("events need the event's name, orders have none")
        if self.of == "value" and self.source != "orders":
            raise ValueError("only orders have a value")
        return self


class Metric(Frozen):
    """One metric as fixed before the start."""

    name: str = Field(description="name of the metric, as in booking_rate", min_length=1, max_length=80)
    kind: Kind = Field("conversion", description="conversion and retention: share of units · mean, count: per unit · ratio · quantile")
    role: Role = Field("primary", description="primary decides, secondary is described, a guardrail must not get worse by its margin")
    direction: Literal["increase", "decrease"] = Field("increase", description="which way is better")
    currency: str | None = Field(None, description="ISO 4217 code when the outcome is money in minor units", pattern=r"^[A-Z]{3}$")
    threshold: float = choice("share", "lift in the better direction that must be cleared to ship", default=0.0, ge=0, le=10)
    minimum_effect: float | None = choice("share", "smallest lift worth finding, as planned", default=None, gt=0, le=20)
    margin: float = choice("share", "guardrail: worsening that is accepted, as a share of the control", default=0.02, ge=0, le=1)
    quantile: float = choice("share", "quantile: which one", default=0.5, gt=0, lt=1)
    winsorise: float | None = choice("share", "cap outcomes at this quantile of all arms together", default=None, ge=0.5, lt=1)
    totals: tuple[ArmTotals, ...] = Field((), description="sums by arm; left out when facts are read", max_length=5000)
    early: tuple[ArmTotals, ...] = Field(
        (), description="the same sums of those who entered first, to see novelty", max_length=50, json_schema_extra=FOR_PROGRAMS
    )
    subgroups: tuple[SubgroupTotals, ...] = Field(
        (),
        description="primary metric: the same sums by part of the audience, to flag where the effect differs",
        max_length=500,
        json_schema_extra=FOR_PROGRAMS,
    )
    outcome: Measure | None = Field(None, description="what to count, when exposures are read; the numerator of a ratio")
    denominator: Measure | None = Field(None, description="ratio from exposures: what to divide by")
    from_day: int = choice("days", "retention: first day after exposure that counts", default=0, ge=0, le=365)
    before_days: int = choice(
        "days", "days before the first exposure in which the same measure is the covariate; none when zero", default=0, ge=0, le=365
    )
    column: str | None = Field(
        None, description="column of the units' table that holds the outcome", max_length=120, json_schema_extra=FOR_PROGRAMS
    )
    denominator_column: str | None = Field(
        None, description="column that holds the denominator of a ratio", max_length=120, json_schema_extra=FOR_PROGRAMS
    )
    before_column: str | None = Field(
        None, description="column that holds the covariate from before the test", max_length=120, json_schema_extra=FOR_PROGRAMS
    )
    before_denominator_column: str | None = Field(
        None, description="column that holds the covariate's denominator", max_length=120, json_schema_extra=FOR_PROGRAMS
    )

    @property
    def sign(self) -> int:
        """1 when more is better, else -1."""
        return 1 if self.direction == "increase" else -1

    @property
    def is_share(self) -> bool:
        """Whether the metric is a share of units."""
        return self.kind in ("conversion", "retention")


class AnalysedArm(Frozen):
    """One arm as planned."""

    arm: str = Field(description="name of the arm", min_length=1, max_length=80)
    weight: float = choice("number", "planned weight; only the proportions count", default=1.0, gt=0, le=1e6)
    units: int | None = quantity(
        "count", "units assigned so far, open windows included; those analysed when left out", default=None, ge=0, le=10**12
    )
    open_units: int = quantity("count", "of those, units whose window is still open", default=0, ge=0, le=10**12)


class UnitsTable(Frozen):
    """A table that already has one row per unit."""

    table: str = Field(description="name of the imported table", pattern=r"^[a-z][a-z0-9_]{0,62}$")
    arm_column: str = Field("arm", description="column that holds the arm", max_length=120)
    unit_column: str | None = Field(
        None, description="column that names the unit; when given, a unit that comes twice is refused", max_length=120
    )
    subgroup_columns: tuple[str, ...] = Field(
        (), description="columns known before the test, to flag where the effect differs", max_length=10
    )


class AnalyzeExperiment(Request):
    """The plan, and either sums by arm, or the name of an experiment with exposures on record, or a table with a row per unit."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "control": "control",
                    "planned_units": 20000,
                    "units_per_day": 700,
                    "metrics": [
                        {
                            "name": "booking_rate",
                            "minimum_effect": 0.15,
                            "totals": [
                                {"arm": "control", "units": 7000, "conversions": 560},
                                {"arm": "treatment", "units": 7000, "conversions": 721},
                            ],
                        }
                    ],
                }
            ]
        }
    )

    metrics: tuple[Metric, ...] = Field(description="one primary metric, any secondary ones and guardrails", min_length=1, max_length=50)
    control: str = Field("control", description="name of the arm that the others are compared with", min_length=1, max_length=80)
    arms: tuple[AnalysedArm, ...] = Field((), description="the arms as planned; equal weights when left out", max_length=20)
    experiment: str | None = Field(None, description="name in the exposures; left out when sums are given", max_length=200)
    units_table: UnitsTable | None = Field(
        None, description="a table with one row per unit, prepared beforehand", json_schema_extra=FOR_PROGRAMS
    )
    window_days: int = choice("days", "days after the first exposure in which outcomes count", default=14, ge=1, le=365)
    method: Method = Field("anytime", description="anytime: read at any look · fixed: read once, at the planned size · group_sequential")
    level: float = choice("share", "one minus the chance of a false alarm over all arms, two-sided", default=0.95, ge=0.5, le=0.9999)
    planned_units: int | None = choice("count", "units planned for all arms together", default=None, ge=4, le=10**12)
    tuning_units: float | None = choice(
        "count", "anytime: sample at which the sequence is narrowest; the planned units when left out", default=None, gt=0, le=1e12
    )
    tuning: Literal["approximate", "exact"] = Field(
        "approximate", description="anytime: how rho follows from the tuning sample; approximate is the paper's rule and GrowthBook's"
    )
    sequence: Literal["asymptotic", "exact"] = Field(
        "asymptotic", description="anytime: asymptotic confidence sequence, or for conversions the exact beta-binomial sequence"
    )
    planned_conversions: int = choice(
        "count", "exact sequence: conversions in two arms together that it is tuned for", default=500, ge=1, le=10**12
    )
    spending: Literal["obrien_fleming", "pocock"] = Field("obrien_fleming", description="group_sequential: how the error is spent")
    earlier_looks: tuple[int, ...] = Field(
        (), description="group_sequential: units at each earlier look, rising", max_length=50, json_schema_extra={"x-role": "choice"}
    )
    minimum_units: int = choice("count", "units that each arm needs before anything is decided", default=100, ge=2, le=10**9)
    minimum_conversions: int = choice(
        "count", "conversions, and units without, that each arm needs before a share is decided", default=10, ge=0, le=10**9
    )
    units_per_day: float | None = quantity("count", "units that enter a day, to say how long is left", default=None, gt=0, le=1e10)
    subgroups_by: tuple[Literal["country", "source", "city", "stage"], ...] = Field(
        (), description="columns of contacts to flag differing effects by, when exposures are read", max_length=4
    )
    crossed_units: int = quantity("count", "units that saw more than one arm, left out of the sums", default=0, ge=0, le=10**12)
    lift_interval: Literal["delta", "fieller"] = Field("delta", description="interval of a lift: delta method as the peers, or Fieller's")
    chances: Literal["normal", "beta_binomial"] = Field(
        "normal", description="chance to win: from a normal effect, or for conversions from a Beta prior on each rate"
    )
    prior_mean: float = choice("share", "normal chances: prior mean of the lift", default=0.0, ge=-1, le=10)
    prior_deviation: float | None = choice("share", "normal chances: prior deviation; flat when left out", default=None, gt=0, le=100)
    post_stratify: bool = Field(
        True, description="weigh strata by their share of all units, when sums are given by stratum", json_schema_extra=FOR_PROGRAMS
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        primaries = [metric for metric in self.metrics if metric.role == "primary"]
        if len(primaries) != 1:
            raise ValueError(f"one metric decides: give exactly one metric the role primary (found {len(primaries)})")
        given = [bool(metric.totals) for metric in self.metrics]
        sources = (self.experiment is not None) + (self.units_table is not None) + any(given)
        if sources != 1:
            raise ValueError("give one of: totals for each metric, the name of an experiment with exposures, or a units_table")
        if any(given) and not all(given):
            raise ValueError("give totals for every metric, or for none and the name of an experiment")
        if self.method == "group_sequential" and self.planned_units is None:
            raise ValueError("a group-sequential analysis needs planned_units: what is spent depends on the share of the plan that is in")
        if self.experiment and any(metric.outcome is None for metric in self.metrics):
            raise ValueError("each metric needs its outcome: what to count of a unit after exposure")
        if self.experiment and any((metric.kind == "ratio") != (metric.denominator is not None) for metric in self.metrics):
            raise ValueError("a ratio needs a denominator, and nothing else has one")
        if any(metric.subgroups for metric in self.metrics if metric.role != "primary"):
            raise ValueError("only the primary metric is looked at by subgroups: more would be fishing")
        if self.subgroups_by and self.experiment is None:
            raise ValueError("subgroups_by reads the exposures of an experiment: give its name, or give the primary metric's subgroups")
        if any(metric.from_day >= self.window_days for metric in self.metrics):
            raise ValueError("from_day must come before the window closes")
        if self.units_table and any(metric.column is None for metric in self.metrics):
            raise ValueError("each metric needs the column of the units' table that holds its outcome")
        return self
