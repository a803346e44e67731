"""Goals against what came: where each stands, where it is heading, and what the next period ordinarily brings."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Self

from pydantic import ConfigDict, Field, model_validator

from tools.budget._figures import Figures
from tools.budget._goal import Goal, GoalRead
from tools.budget._goal_course import Course, Expected, Status, course_of
from tools.budget._goal_words import caveats_of, decision_of, findings_of, table_of
from tools.contract import Frozen, Interval, NotEnoughData, Request, ToolInputError, ToolResult, choice, tool
from tools.facts import Facts
from tools.methods.daily_measures import Daily, Measure, read_daily
from tools.methods.periods import Period


class TrackGoals(Request):
    """The goals of a period."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "goals": [{"name": "bookings", "measure": "orders", "target_count": 5000}],
                    "first_day": "2026-10-01",
                    "last_day": "2026-10-31",
                }
            ]
        }
    )

    goals: tuple[Goal, ...] = Field(description="the goals of the period", min_length=1, max_length=12)
    first_day: date = Field(description="first day of the goals' period (ISO date)")
    last_day: date = Field(description="last day of the goals' period (ISO date); it may be still to come")
    level: float = choice("share", "level of the ranges of what is still to come", default=0.9, ge=0.5, le=0.99)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not 0 <= (self.last_day - self.first_day).days <= 400:
            raise ValueError("last_day is not before first_day and at most four hundred days after it")
        return self


class GoalStanding(Frozen):
    """Where one goal stands."""

    key: str = Field(description="first part of its figures' keys")
    name: str = Field(description="what the client calls it")
    measure: Measure = Field(description="what was counted")
    status: Status | None = Field(description="none when nothing is on record to count")


class GoalsTracked(ToolResult):
    """Every goal with its count, its standing and where it is heading."""

    standings: tuple[GoalStanding, ...] = Field(description="one for each goal, in order")
    finished: bool = Field(description="whether the whole period is on record for every goal")


@tool(version=1, field="budget")
def track_goals(request: TrackGoals, facts: Facts) -> GoalsTracked:
    """Set goals against what is on record: met or missed, or where a running period is heading, and what the next one ordinarily brings.

    A period that is not over is carried on at the pace of the last four weeks; its range, and that of the next period, is the spread
    between adjacent stretches of that length in the client's own record (overlapping Allan deviation on the log scale, Student's t). A goal
    is on course when the whole range is on its good side, out of reach when none of it is, and open between. Nothing is forecast for the
    next period but that it will be as ordinary as the ones on record: a change of budget is not in it.

    Raises NotEnoughData when no goal has anything on record to count.
    """
    if request.first_day > (request.as_of or facts.as_of):
        raise ToolInputError("the period has not begun", field="first_day", found=str(request.first_day))
    period = Period(request.first_day, request.last_day)
    read = [_read(goal, key, period, facts, request.level) for goal, key in zip(request.goals, _keys(request.goals), strict=True)]
    if all(one.course is None for one in read):
        assert read[0].refusal is not None
        raise read[0].refusal
    figures = Figures(facts.currency, {})
    for one in read:
        if one.course is not None and one.daily is not None:
            _add(figures.of(one.key), one, one.course, one.daily, request.level)
    keys = set(figures.by_key)
    return GoalsTracked(
        figures=tuple(figures.made),
        findings=tuple(text for one in read for text in findings_of(one, keys)),
        caveats=tuple(caveats_of(read)),
        decision=decision_of(read),
        table=table_of(read, figures, facts.currency),
        standings=tuple(
            GoalStanding(key=one.key, name=one.goal.name, measure=one.goal.measure, status=one.course.status if one.course else None)
            for one in read
        ),
        finished=all(one.course is not None and one.course.finished for one in read),
    )


def _keys(goals: tuple[Goal, ...]) -> list[str]:
    """A key for each goal: what the client calls it, numbered when it comes again."""
    made: list[str] = []
    for goal in goals:
        stem = re.sub(r"[^a-z]+", "_", goal.name.lower()).strip("_")
        again = sum(key == stem or key.startswith(f"{stem}_of_") for key in made)
        made.append(f"{stem}_of_{goal.measure}_{again}" if again else stem)
    return made


def _read(goal: Goal, key: str, period: Period, facts: Facts, level: float) -> GoalRead:
    try:
        daily = read_daily(facts, goal.measure, channels=goal.channels, event=goal.event)
        return GoalRead(key, goal, course_of(daily, period, goal.target, goal.way, level), daily, None)
    except NotEnoughData as refusal:
        return GoalRead(key, goal, None, None, refusal)


def _add(figures: Figures, one: GoalRead, course: Course, daily: Daily, level: float) -> None:
    goal, unit, what = one.goal, daily.unit, one.goal.counted
    metric = {"cost_per_conversion": "cpa", "platform_conversions": "conversions"}.get(goal.measure, goal.measure)
    per: dict[str, Any] = {"denominator": "conversions"} if daily.per is not None else {}
    whole = course.period.iso
    figures.add(
        "target",
        goal.target if unit == "money" else _count(goal.target),
        unit,
        f"goal for {goal.name}",
        basis="stated",
        period=whole,
        rests_on=("goals",),
        **per,
    )
    if course.actual is not None:
        value = _count(course.actual)
        figures.add("actual", value, unit, what, metric=metric, basis=daily.basis, period=course.known.iso, rests_on=(), **per)
        figures.add(
            "share_of_goal",
            course.actual / goal.target,
            "share",
            f"{what} as a share of the goal",
            basis=daily.basis,
            period=course.known.iso,
            denominator="goal",
        )
        gap = course.actual - goal.target
        figures.add(
            "gap",
            round(gap) if unit == "money" else _count(gap),
            unit,
            f"{what} less the goal",
            metric="gap",
            basis=daily.basis,
            period=course.known.iso,
        )
    for name, ahead, days, label in (
        ("projected", course.end, whole, f"{what} by the end of the period at this pace"),
        ("next", course.next if goal.measure != "spend" else None, course.following.iso, f"{what} to be expected in the next period"),
    ):
        if ahead is not None:
            interval = _interval(ahead, level)
            figures.add(
                name,
                ahead.value,
                unit,
                label,
                metric=f"expected_{metric}",
                basis="model",
                period=days,
                interval=interval,
                rests_on=(),
                **per,
            )
    if course.end is not None and course.end.chance_above is not None:
        chance = course.end.chance_above if goal.way == "at_least" else 1 - course.end.chance_above
        figures.add("chance", chance, "share", f"chance of reaching the goal for {goal.name}", basis="model", period=whole)


def _count(value: float) -> int | float:
    return int(value) if float(value).is_integer() else value


def _interval(ahead: Expected, level: float) -> Interval | None:
    return None if ahead.low is None or ahead.high is None else Interval(low=ahead.low, high=ahead.high, level=level, kind="prediction")
