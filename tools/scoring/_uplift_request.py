"""What a measurement of uplift is asked: a table with one row per unit, or counts by group."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import ConfigDict, Field, model_validator

from tools.contract import Frozen, Request, choice, quantity


class UpliftGroup(Frozen):
    """Units of one part of the audience, in both arms."""

    name: str = Field(description="name of the group", min_length=1, max_length=80)
    treated: int = quantity("count", "units that were treated", ge=0, le=10**12)
    treated_outcomes: int = quantity("count", "treated units with the outcome", ge=0, le=10**12)
    control: int = quantity("count", "units that were not treated", ge=0, le=10**12)
    control_outcomes: int = quantity("count", "untreated units with the outcome", ge=0, le=10**12)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.treated_outcomes > self.treated or self.control_outcomes > self.control:
            raise ValueError(f"group {self.name!r} has more outcomes than units")
        return self


class UnitRows(Frozen):
    """A table with one row per unit of a test."""

    table: str = Field(description="name of the imported table", pattern=r"^[a-z][a-z0-9_]{0,62}$")
    arm_column: str = Field("arm", description="column that says who was treated", max_length=120)
    treatment: str = Field("treatment", description="value of that column for those treated", max_length=120)
    control: str = Field("control", description="value of that column for those not treated", max_length=120)
    outcome_column: str = Field(description="column of the outcome: zero or one, or an amount", max_length=120)
    feature_columns: tuple[str, ...] = Field((), description="what was known before the treatment", max_length=100)
    segment_column: str | None = Field(None, description="column of groups whose effects are shown one by one", max_length=120)


class MeasureUplift(Request):
    """Who was treated at random, what came of it, and what was known of them before."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "assignment": "randomised",
                    "action": "reminder",
                    "outcome": "bookings",
                    "groups": [
                        {"name": "lapsed", "treated": 4000, "treated_outcomes": 190, "control": 4000, "control_outcomes": 180},
                        {"name": "regulars", "treated": 3000, "treated_outcomes": 690, "control": 3000, "control_outcomes": 510},
                        {"name": "new", "treated": 2000, "treated_outcomes": 260, "control": 2000, "control_outcomes": 190},
                    ],
                }
            ]
        }
    )

    assignment: Literal["randomised", "not_randomised"] = Field(description="whether chance alone decided who was treated")
    action: str = Field("treatment", description="what was done, as a name", min_length=1, max_length=80)
    outcome: str = Field("outcomes", description="what is counted, in the plural: bookings, visits", min_length=1, max_length=80)
    rows: UnitRows | None = Field(None, description="a table with one row per unit")
    groups: tuple[UpliftGroup, ...] = Field((), description="counts by group instead of a table", max_length=500)
    groups_ordered: bool = Field(False, description="whether the groups stand in an order of priority that was fixed before the test")
    method: Literal["two_model", "transformed_outcome"] = Field("two_model", description="whose ranking the targeting curve follows")
    learner: Literal["linear", "boosting"] = Field("linear", description="ridge regression, or histogram gradient boosting")
    folds: int = choice("count", "parts; each is scored by what was learned on those before it", default=5, ge=2, le=20)
    currency: str | None = Field(None, description="ISO 4217 code when the outcome is money", pattern=r"^[A-Z]{3}$")
    outcome_in: Literal["minor", "major"] = Field("minor", description="whether money in the outcome is in minor or whole units")
    value_per_outcome: int | None = quantity("money", "what one outcome is worth, minor units", default=None, ge=0, le=10**12)
    cost_per_unit: int | None = quantity("money", "what treating one unit costs, minor units", default=None, ge=0, le=10**12)
    level: float = choice("share", "level of the intervals", default=0.95, ge=0.5, le=0.999)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.rows is None) == (not self.groups):
            raise ValueError("give either rows (a table with one row per unit) or groups (counts)")
        names = [group.name for group in self.groups]
        if len(set(names)) != len(names):
            raise ValueError("groups: give each a name of its own")
        if (self.value_per_outcome is None) != (self.cost_per_unit is None):
            raise ValueError("value_per_outcome and cost_per_unit go together: what is targeted follows from both")
        return self
