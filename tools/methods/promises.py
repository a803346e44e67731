"""A figure that a deliverable promised, in a form that can be held against what came."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from tools.contract import Frozen
from tools.methods.daily_measures import Measure


class Promise(Frozen):
    """A forecast that the client has read: what was to be counted, on which days, and the range that was given."""

    name: str = Field(description="what it was called, without figures: bookings", pattern=r"^[^\d{}\[\]|\n]{1,120}$")
    measure: Measure = Field(description="what it counts")
    first_day: date = Field(description="first day it is for (ISO date)")
    last_day: date = Field(description="last day it is for (ISO date)")
    value: float = Field(description="the figure promised: a count, or money in minor units", ge=0, le=1e15)
    low: float = Field(description="lower end of the range promised", ge=0, le=1e15)
    high: float = Field(description="upper end of the range promised", ge=0, le=1e15)
    level: float = Field(description="level of that range", gt=0, lt=1)
    event: str | None = Field(None, description="name of the event, for events only", max_length=80)
    channels: tuple[str, ...] = Field((), description="the only channels that count; all when empty", max_length=50)
    nearest: bool = Field(
        False,
        description="whether this is the nearest count only: what was promised is a model's share, which cannot be counted",
    )
    made_on: date = Field(description="the day it was made (ISO date)")
    made_in: str = Field(description="kind of the deliverable that made it: strategy, report", pattern=r"^[a-z_]{1,40}$")
