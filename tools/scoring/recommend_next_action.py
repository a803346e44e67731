"""What to do next for whom, by what randomised tests have measured."""

from __future__ import annotations

from typing import Self

from pydantic import ConfigDict, Field, model_validator

from tools.contract import Frozen, Request, ToolResult, choice, quantity, tool
from tools.experiments._request import Measure
from tools.facts import Facts
from tools.scoring._action_effects import effects_of
from tools.scoring._action_plan import Recommendation, TestProposal, plan_actions
from tools.scoring._action_result import action_parts
from tools.scoring.measure_uplift import MeasuredEffect


class Action(Frozen):
    """Something that could be done, and what it costs and brings."""

    name: str = Field(description="name of the action, as its tests call it", min_length=1, max_length=80)
    cost: int = quantity("money", "cost of doing it for one person, minor units", default=0, ge=0, le=10**12)
    value_per_outcome: int | None = quantity(
        "money", "what one outcome brings, minor units; not needed when the outcome is money", default=None, ge=0, le=10**12
    )
    baseline: float | None = quantity("share", "rate of the outcome without it, to size a test of it", default=None, ge=1e-6, le=0.999)


class Audience(Frozen):
    """People that an action may be chosen for together."""

    segment: str = Field(description="name of the segment, as the tests call it", min_length=1, max_length=80)
    people: int = quantity("count", "people in it", ge=1, le=10**10)


class ActionCounts(Frozen):
    """A randomised test of one action in one segment."""

    action: str = Field(description="name of the action", min_length=1, max_length=80)
    segment: str = Field("everyone", description="whom it was tested on", min_length=1, max_length=80)
    treated: int = quantity("count", "units treated, by chance", ge=2, le=10**12)
    treated_outcomes: int = quantity("count", "treated units with the outcome", ge=0, le=10**12)
    control: int = quantity("count", "units left alone, by chance", ge=2, le=10**12)
    control_outcomes: int = quantity("count", "untreated units with the outcome", ge=0, le=10**12)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.treated_outcomes > self.treated or self.control_outcomes > self.control:
            raise ValueError(f"the test of {self.action!r} has more outcomes than units")
        return self


class ActionExperiment(Frozen):
    """An experiment on record that tested one action on everyone."""

    action: str = Field(description="name of the action", min_length=1, max_length=80)
    experiment: str = Field(description="name in the exposures", max_length=200)
    treatment: str = Field("treatment", description="arm that got the action", max_length=80)
    control: str = Field("control", description="arm that did not", max_length=80)
    outcome: Measure = Field(description="what to count of a unit after exposure")
    window_days: int = choice("days", "days after exposure in which outcomes count", default=14, ge=1, le=365)


class RecommendNextAction(Request):
    """Actions, audiences, and what was measured of the one on the other."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "actions": [
                        {"name": "reminder", "cost": 40, "value_per_outcome": 6000},
                        {"name": "upgrade offer", "cost": 500, "value_per_outcome": 20000, "baseline": 0.02},
                    ],
                    "audiences": [{"segment": "regulars", "people": 5200}, {"segment": "lapsed", "people": 7400}],
                    "tests": [
                        {
                            "action": "reminder",
                            "segment": "regulars",
                            "treated": 3000,
                            "treated_outcomes": 690,
                            "control": 3000,
                            "control_outcomes": 510,
                        },
                        {
                            "action": "reminder",
                            "segment": "lapsed",
                            "treated": 4000,
                            "treated_outcomes": 186,
                            "control": 4000,
                            "control_outcomes": 184,
                        },
                    ],
                }
            ]
        }
    )

    actions: tuple[Action, ...] = Field(description="what could be done", min_length=1, max_length=50)
    audiences: tuple[Audience, ...] = Field(description="for whom", min_length=1, max_length=200)
    effects: tuple[MeasuredEffect, ...] = Field(
        (),
        description="measured effects, from measure_uplift",
        max_length=2000,
        json_schema_extra={"x-role": "result", "x-of": "measure_uplift.effects"},
    )
    tests: tuple[ActionCounts, ...] = Field((), description="randomised tests as counts", max_length=2000)
    experiments: tuple[ActionExperiment, ...] = Field(
        (), description="experiments on record, read from exposures and outcomes", max_length=20
    )
    holdout_share: float = choice(
        "share", "part of each audience that stays without any action, to go on measuring", default=0.1, ge=0, le=0.9
    )
    capacity: int | None = choice("count", "most people that can be reached", default=None, ge=1, le=10**10)
    confidence: float = choice("share", "chance that an action pays above which it is recommended", default=0.9, ge=0.5, le=0.999)
    currency: str | None = Field(
        None, description="ISO 4217 code of costs and values; the client's own when left out", pattern=r"^[A-Z]{3}$"
    )
    level: float = choice("share", "level of the intervals", default=0.95, ge=0.5, le=0.999)

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        for what, names in (("actions", [one.name for one in self.actions]), ("audiences", [one.segment for one in self.audiences])):
            if len(set(names)) != len(names):
                raise ValueError(f"{what}: give each a name of its own")
        known = {one.name for one in self.actions}
        for name in (*(one.action for one in self.tests), *(one.action for one in self.experiments)):
            if name not in known:
                raise ValueError(f"a test names the action {name!r}, which is not among the actions")
        pairs = [(one.action, one.segment) for one in self.tests]
        if len(set(pairs)) != len(pairs):
            raise ValueError("tests: put the counts of one action in one segment together")
        return self


class NextActions(ToolResult):
    """What to do for each audience, and what to test."""

    recommendations: tuple[Recommendation, ...] = Field(description="one for each audience, in the order asked for")
    proposals: tuple[TestProposal, ...] = Field(description="tests of actions that no effect is known of")


@tool(version=1, field="scoring")
def recommend_next_action(request: RecommendNextAction, facts: Facts) -> NextActions:
    """Recommend for each audience the action with the best measured value, leave a holdout, and propose a test where nothing was measured.

    Effects come from randomised tests only: counts, `measure_uplift`, or experiments on record. An action's effects by segment are moved
    toward their mean by how uncertain they are, so that the best of many is not too good. Value is effect times value per outcome less
    cost; an action is recommended when the chance that it pays reaches `confidence`, else the audience is left alone. An action without a
    measured effect is never recommended: a test is sized for it instead. A part of each audience always stays untreated.
    """
    known = effects_of(request, facts)
    plan = plan_actions(request, known)
    return NextActions(
        **action_parts(request, request.currency or facts.currency, plan), recommendations=plan.recommendations, proposals=plan.proposals
    )
