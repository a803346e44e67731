"""What a test would take before anybody builds it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Self

from pydantic import ConfigDict, Field, model_validator

from tools.contract import Request, ToolInputError, ToolResult, choice, quantity, tool
from tools.experiments._baseline import (
    Baseline,
    EntrySums,
    count_of,
    entries_of_contacts,
    entries_of_events,
    from_orders,
    quantile_of_orders,
    rate_of,
    ratio_of,
    revenue_of,
)
from tools.experiments._plan import Known, Plan, make_plan, profit, stated
from tools.experiments._plan_result import caveats_of, chart_of, decision_of, figures_of, findings_of
from tools.facts import Facts


class DesignExperiment(Request):
    """Which metric, how small an effect, how long at most. What is not stated of the metric is read from the client's data."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"metric": "conversion", "baseline_rate": 0.04, "units_per_week": 6000, "relative_effect": 0.2}]}
    )

    metric: Literal["conversion", "mean", "count", "ratio", "retention", "quantile", "revenue", "profit"] = Field(
        "conversion",
        description="conversion, retention: a share of units · mean: a value per unit · count: how often per unit · revenue: per unit, "
        "buyers or not · profit: per unit, for a price or incentive test · ratio, quantile: with the deviation of one unit's linear part. "
        "From data: mean and quantile are of order values, ratio of money per order, revenue of money per new contact",
    )
    baseline_rate: float | None = quantity("share", "share of units that convert today, 0..1", default=None, gt=0, lt=1)
    baseline_mean: float | None = quantity(
        "number", "mean per unit today, minor units when it is money; for revenue the mean order", default=None, gt=0, le=1e12
    )
    deviation: float | None = quantity(
        "number", "standard deviation between units, in the unit of baseline_mean; for revenue between orders", default=None, gt=0, le=1e12
    )
    dispersion: float = quantity(
        "multiple", "for counts: variance over mean; one when each event is independent", default=1.0, ge=0.1, le=1000
    )
    margin: float | None = quantity(
        "number", "profit: what a conversion leaves today, minor units: price less its cost", default=None, gt=0, le=1e12
    )
    new_margin: float | None = quantity(
        "number",
        "profit: what a conversion leaves at the new price, or after the incentive is paid, minor units",
        default=None,
        gt=0,
        le=1e12,
    )
    quantile: float = choice("share", "quantile: which one", default=0.5, ge=0.01, le=0.99)
    from_day: int = choice("days", "retention: first day after entering that counts", default=0, ge=0, le=364)
    units_per_week: float | None = quantity("count", "units that can enter the test in a week", default=None, gt=0, le=1e10)
    list_size: float | None = quantity(
        "count",
        "people on a list that is written to and does not fill up again, in place of units_per_week: all of them take part at once",
        default=None,
        gt=0,
        le=1e10,
    )
    currency: str | None = Field(None, description="ISO 4217 code when baseline_mean is money", pattern=r"^[A-Z]{3}$")
    unit: str = Field(
        "visitor", description="what is assigned to an arm, singular: visitor, contact, order", pattern=r"^[a-z][a-z ]{0,30}$"
    )
    relative_effect: float | None = choice(
        "share", "smallest change worth finding, as a share of today's figure: 0.1 is a tenth more", default=None, ge=-0.95, le=20
    )
    absolute_effect: float | None = choice(
        "number", "smallest change worth finding, in the metric's own unit (0.003 is 0.3 points of a rate)", default=None, ge=-1e12, le=1e12
    )
    arms: int = choice("count", "arms, the control among them; each is compared with the control", default=2, ge=2, le=10)
    level: float = choice("share", "one minus the chance of a false alarm over all comparisons, two-sided", default=0.95, ge=0.5, le=0.999)
    power: float = choice("share", "chance to find the effect if it is there", default=0.8, ge=0.5, le=0.99)
    method: Literal["pooled", "unpooled", "arcsine"] = Field("pooled", description="variance of the z test of two proportions")
    read_out: Literal["fixed", "anytime", "group_sequential"] = Field(
        "anytime",
        description="how the test will be read: anytime: every day, as analyze_experiment does unless told otherwise · fixed: once at the "
        "end · group_sequential: at a few looks",
    )
    looks: int = choice("count", "group_sequential: equally spaced looks, the last one included", default=4, ge=2, le=20)
    spending: Literal["obrien_fleming", "pocock"] = Field("obrien_fleming", description="group_sequential: how the error is spent")
    covariate_correlation: float = quantity(
        "number", "correlation of the outcome with a covariate from before the test that the analysis takes off", default=0.0, ge=0, le=0.99
    )
    max_weeks: int = choice("weeks", "longest that the test may run", default=8, ge=1, le=104)
    share_of_traffic: float = choice("share", "share of the units that takes part", default=1.0, gt=0, le=1)
    outcome_days: int = choice("days", "days after entering until a unit's outcome is known", default=0, ge=0, le=365)
    entry_event: str | None = Field(
        None, description="event that makes a person a unit, as in signup; to read the baseline from data", max_length=80
    )
    goal_event: str | None = Field(
        None, description="event that is the outcome, as in booking; to read the baseline from data", max_length=80
    )
    lookback_days: int = choice("days", "days of entries to read the baseline from", default=84, ge=14, le=730)

    @property
    def is_share(self) -> bool:
        """Whether the metric is a share of units."""
        return self.metric in ("conversion", "retention")

    @model_validator(mode="after")
    def _one_effect(self) -> Self:
        if self.relative_effect is not None and self.absolute_effect is not None:
            raise ValueError("give relative_effect or absolute_effect, not both")
        if self.list_size is not None and self.units_per_week is not None:
            raise ValueError("give list_size or units_per_week, not both: a list does not fill up again")
        if self.relative_effect == 0 or self.absolute_effect == 0:
            raise ValueError("an effect of nothing cannot be found: leave it out to learn what can be found")
        if (self.entry_event is None) != (self.goal_event is None):
            raise ValueError("give entry_event and goal_event together")
        if self.metric == "retention" and self.outcome_days and self.from_day >= self.outcome_days:
            raise ValueError("from_day must come before outcome_days: the window would end before it starts")
        return self


class ExperimentDesign(ToolResult):
    """Sample size, days, smallest effect that can be found, and whether the traffic affords it."""

    affordable: bool | None = Field(
        description="whether the effect asked for can be found in the longest time allowed; none when traffic is unknown"
    )
    arms: int = Field(description="arms, control among them")
    sample_size_per_arm: int | None = Field(description="units per arm for the effect asked for, read as `read_out` says")
    days: int | None = Field(description="whole weeks of entries plus the wait for outcomes, in days; of a list the wait alone")


@tool(version=1, field="experiments")
def design_experiment(request: DesignExperiment, facts: Facts) -> ExperimentDesign:
    """Plan a test against a control: units per arm, days, the smallest effect the traffic can find, and whether it affords the test.

    The test is planned for the way it will be read. `anytime` (the default, as in analyze_experiment): a look a day by the asymptotic
    confidence sequence, tuned to the planned size; `fixed`: once at the end, by the z test of two proportions (pooled as in G*Power,
    unpooled, or arcsine as in statsmodels), of two means, or of two mean counts; `group_sequential`: at a few looks by the same spending.
    `inflation` says how many times the size of a fixed test the looks take, and the `fixed` figures what reading once would take; a test
    with looks may stop early, so its size is a most. With more than two arms the false-alarm chance is split over the comparisons.
    Days are whole weeks, at least two; a list is written to at once, and its days are those until outcomes are known. The baseline and the
    traffic come from the request, or else from the client's data: entry and goal events, or new contacts to first paid order, or the value
    of paid orders. When the traffic or the list cannot afford the test, the decision is `not_affordable` and the figures say what could be
    tested instead.
    """
    known = _known(request, facts)
    plan = make_plan(request, known)
    figures = figures_of(plan)
    return ExperimentDesign(
        figures=figures,
        findings=findings_of(plan, figures),
        caveats=caveats_of(plan),
        decision=decision_of(plan, _alternatives(plan, facts)),
        chart=chart_of(plan),
        affordable=plan.affordable,
        arms=request.arms,
        sample_size_per_arm=plan.units_per_arm,
        days=plan.days,
    )


def _known(request: DesignExperiment, facts: Facts) -> Known:
    """The metric as it is today: what is stated goes before what is read."""
    if request.metric == "profit":
        rate = stated(request) if request.baseline_rate is not None else _observed(request, facts, rate_of, as_rate=True)
        return profit(request, rate, facts.currency if rate.basis == "observed" else None)
    if request.is_share:
        return stated(request) if request.baseline_rate is not None else _observed(request, facts, rate_of)
    if request.metric == "count":
        return stated(request) if request.baseline_mean is not None else _observed(request, facts, count_of)
    if request.baseline_mean is not None or request.deviation is not None or request.baseline_rate is not None:
        if request.metric == "revenue" and request.baseline_rate is None:
            raise ToolInputError("revenue needs baseline_rate: the share of units that buy", field="baseline_rate")
        for field in ("baseline_mean", "deviation"):
            if (request.baseline_mean if field == "baseline_mean" else request.deviation) is None:
                raise ToolInputError(
                    f"a {request.metric} needs its {field.replace('_', ' ')}: or give none of it, to read it from data", field=field
                )
        return stated(request)
    if request.metric == "mean":
        return Known.observed(from_orders(facts, request.lookback_days), request, facts.currency)
    if request.metric == "quantile":
        return Known.observed(quantile_of_orders(facts, request.quantile, request.lookback_days), request, facts.currency)
    return _observed(request, facts, ratio_of if request.metric == "ratio" else revenue_of, money=True)


def _observed(
    request: DesignExperiment, facts: Facts, read: Callable[[EntrySums], Baseline], *, as_rate: bool = False, money: bool = False
) -> Known:
    """From entry to goal event, or from new contact to paid order; money comes from orders only."""
    first, days = (request.from_day if request.metric == "retention" else 0), request.lookback_days
    if request.entry_event and request.goal_event and not money:
        window = max(request.outcome_days, first + 1)
        found = read(entries_of_events(facts, request.entry_event, request.goal_event, first, window, days))
    elif {"contacts", "orders"} <= set(facts.names()):
        found = read(entries_of_contacts(facts, first, max(request.outcome_days, first + 30), days))
    else:
        field = "baseline_rate" if request.is_share or as_rate else "baseline_mean"
        raise ToolInputError(
            f"give {field} (and units_per_week), or entry_event and goal_event of a client with events",
            field=field,
            needed="contacts and orders, or events" if not money else "contacts and orders",
            found=", ".join(facts.names()) or "no tables",
        )
    return Known.observed(found, request, facts.currency)


def _alternatives(plan: Plan, facts: Facts) -> list[str]:
    """Steps of the funnel that enough people reach for the test to fit, where the data names them."""
    from tools.experiments._baseline import steps_up_the_funnel

    request = plan.request
    if plan.affordable is not False or plan.rate_needed is None or request.entry_event is None or "events" not in facts.names():
        return []
    shares = steps_up_the_funnel(facts, request.entry_event, max(request.outcome_days, 1), request.lookback_days)
    return [
        name
        for name, share in sorted(shares.items(), key=lambda item: item[1])
        if plan.rate_needed <= share < 1 and name != request.goal_event
    ]
