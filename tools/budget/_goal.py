"""A goal as it is asked after, and as it was read."""

from __future__ import annotations

from typing import NamedTuple, Self

from pydantic import Field, model_validator

from tools.budget._goal_course import Course, Direction
from tools.contract import Frozen, NotEnoughData, quantity
from tools.methods.channel_names import channel_name, joined
from tools.methods.daily_measures import WORDS, Daily, Measure


class Goal(Frozen):
    """One goal: what is counted, and how much of it."""

    name: str = Field(description="what the client calls it, without figures: bookings", pattern=r"^[A-Za-z][A-Za-z /'-]{1,40}$")
    measure: Measure = Field(
        description="what is counted: orders (paid) · new_customers: first-time buyers · attributed_customers: those of them whose "
        "CRM source is an ad channel · contacts: new ones · events: by name · revenue · spend (ads) · platform_conversions: what platforms "
        "claim · cost_per_conversion: ad spend per claimed conversion"
    )
    target_count: float | None = quantity("count", "the goal for the period, for a measure that is counted", default=None, gt=0, le=1e12)
    target_amount: int | None = quantity(
        "money", "the goal for the period in minor units, for revenue, spend and cost_per_conversion", default=None, gt=0, le=10**15
    )
    direction: Direction | None = Field(None, description="at_least, or at_most; spend and costs are at_most when left out")
    event: str | None = Field(None, description="name of the event, for events only", max_length=80)
    channels: tuple[str, ...] = Field(
        (), description="the only channels that count, in snake_case; for spend, claims and attributed customers", max_length=50
    )

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        money = self.measure in ("revenue", "spend", "cost_per_conversion")
        if (self.target_amount is None) == money or (self.target_count is None) != money:
            raise ValueError(f"{self.measure} takes {'target_amount' if money else 'target_count'}, and not the other")
        return self

    @property
    def target(self) -> float:
        """The goal, in the unit of its measure."""
        return float(self.target_count if self.target_amount is None else self.target_amount)  # type: ignore[arg-type]

    @property
    def way(self) -> Direction:
        """Which side of the goal is good."""
        return self.direction or ("at_most" if self.measure in ("spend", "cost_per_conversion") else "at_least")

    @property
    def counted(self) -> str:
        """What its count is of, in words and without digits."""
        what = self.name if self.measure == "events" else WORDS[self.measure]
        return f"{what} on {joined([channel_name(channel) for channel in self.channels])}" if self.channels else what


class GoalRead(NamedTuple):
    """A goal with its course; without one, why."""

    key: str
    goal: Goal
    course: Course | None
    daily: Daily | None
    refusal: NotEnoughData | None
