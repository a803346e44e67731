"""How a goal stands: what is counted, where it is heading, and what the next period ordinarily brings."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from tools.contract import NotEnoughData
from tools.methods.daily_measures import Daily
from tools.methods.ordinary_variation import noise_of
from tools.methods.periods import Period

Direction = Literal["at_least", "at_most"]
Status = Literal["met", "missed", "on_course", "off_course", "open"]

RECENT = 28
"""Days whose pace a period that is not over is carried on at: four whole weeks."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A value to come, with the ends it lies between at a level where the record shows them."""

    value: float
    low: float | None = None
    high: float | None = None
    chance_above: float | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """One goal's course. `known` is the part of the period that is on record."""

    period: Period
    known: Period
    actual: float | None
    end: Expected | None
    """At the end of the period; none when it is over, or when nothing was counted to carry on."""
    following: Period
    next: Expected | None
    """In the period after this one, if it is as ordinary as those on record."""
    status: Status

    @property
    def finished(self) -> bool:
        """Whether the whole period is on record."""
        return self.known.last == self.period.last


def course_of(daily: Daily, period: Period, target: float, direction: Direction, level: float) -> Course:
    """The course of a goal. Raises NotEnoughData when no day of the period is on record."""
    if daily.last < period.first or daily.first > period.last:
        raise NotEnoughData(
            "nothing is on record for these days", needed=f"{period.first} to {period.last}", found=f"{daily.first} to {daily.last}"
        )
    known = Period(max(period.first, daily.first), min(period.last, daily.last))
    actual = daily.within(period).total
    end = None if known.last == period.last else _end(daily, period, target, level)
    following = period_after(period)
    ahead = _carried(daily, following.days, min(period.days, len(daily.values)), level) if known.last == period.last else None
    return Course(period, known, actual, end, following, ahead, _status(actual, end, target, direction))


def period_after(period: Period) -> Period:
    """The calendar month after a calendar month; else as many days right after."""
    first = period.last + timedelta(days=1)
    if period.first.day == 1 and first == _month_after(period.first):
        return Period(first, _month_after(first) - timedelta(days=1))
    return Period(first, first + timedelta(days=period.days - 1))


def _month_after(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1]) + timedelta(days=1)


def _end(daily: Daily, period: Period, target: float, level: float) -> Expected | None:
    """What is counted so far, carried on at the pace of the last four weeks to the end of the period."""
    left = (period.last - daily.last).days
    so_far = daily.within(period)
    pace = min(RECENT, len(daily.values))
    rest = _carried(daily, left, pace, level)
    if daily.per is not None or rest is None:
        # the cost of what is still to come weighs by its number, which is not known: the cost so far stands for it
        return None if so_far.total is None else Expected(so_far.total)
    done = so_far.total or 0.0
    if rest.low is None or rest.high is None:
        return Expected(done + rest.value)
    noise = noise_of(daily.values, None, days=left, before=pace)
    needed = target - done
    chance = None if noise is None else 1.0 if needed <= 0 else noise.chance_above(needed / rest.value)
    return Expected(done + rest.value, done + rest.low, done + rest.high, chance)


def _carried(daily: Daily, days: int, pace: int, level: float) -> Expected | None:
    """The last `pace` days carried on for as many days, with the ends of ordinary variation where the record shows it."""
    recent = daily.within(Period(daily.last - timedelta(days=pace - 1), daily.last))
    if not recent.total:
        return None
    middle = recent.total if daily.per is not None else recent.total / pace * days
    noise = noise_of(daily.values, daily.per, days=days, before=pace)
    return Expected(middle) if noise is None else Expected(middle, *noise.band(middle, level))


def _status(actual: float | None, end: Expected | None, target: float, direction: Direction) -> Status:
    if end is None:
        if actual is None:
            return "missed" if direction == "at_least" else "open"
        good = actual >= target if direction == "at_least" else actual <= target
        return "met" if good else "missed"
    if direction == "at_least" and actual is not None and actual >= target:
        return "met"
    if end.low is None or end.high is None:
        return "open"
    if direction == "at_least":
        return "on_course" if end.low >= target else "off_course" if end.high < target else "open"
    return "on_course" if end.high <= target else "off_course" if end.low > target else "open"
