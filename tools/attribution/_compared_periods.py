"""Which stretches of days are set beside each other, and what was counted in each."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from tools.attribution._channel_days import ChannelDays
from tools.methods.periods import Period

Floats = NDArray[np.float64]

WEEK = 7
YEAR_OF_WEEKS = 364
"""52 weeks: the same weekdays a year before."""


def is_month(period: Period) -> bool:
    """Whether a period is one calendar month."""
    last = calendar.monthrange(period.first.year, period.first.month)[1]
    return period.first.day == 1 and period.last == period.first.replace(day=last)


def period_before(asked: Period) -> Period:
    """The calendar month before a calendar month; else as many days just before."""
    if not is_month(asked):
        return asked.before()
    last = asked.first - timedelta(days=1)
    return Period(last.replace(day=1), last)


def year_before(asked: Period) -> Period:
    """The same month or dates of the year before; whole weeks below a month are the weeks 52 weeks before."""
    if not is_month(asked) and asked.days % WEEK == 0 and asked.days <= 4 * WEEK:
        return Period(asked.first - timedelta(days=YEAR_OF_WEEKS), asked.last - timedelta(days=YEAR_OF_WEEKS))
    first, last = _a_year_earlier(asked.first), _a_year_earlier(asked.last)
    return Period(first, last.replace(day=calendar.monthrange(last.year, last.month)[1])) if is_month(asked) else Period(first, last)


def _a_year_earlier(day: date) -> date:
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def cut(period: Period, days: int) -> Period:
    """The first `days` days of a period, all of it where it is shorter."""
    return Period(period.first, min(period.last, period.first + timedelta(days=days - 1)))


@dataclass(frozen=True, slots=True)
class Sums:
    """What one channel (or all) did in one period. Money in minor units; a measure not reported is absent."""

    days: int
    spend: float
    impressions: float | None
    clicks: float | None
    conversions: float | None

    @property
    def cpa(self) -> float | None:
        """Spend per claimed conversion; none without one."""
        return self.spend / self.conversions if self.conversions else None


def sums_of(part: ChannelDays, record: Period, period: Period) -> Sums:
    """Sums over the days of a period that lies in the record."""
    start = (period.first - record.first).days
    stretch = slice(start, start + period.days)

    def total(measure: str) -> float | None:
        return float(part.daily[measure][stretch].sum()) if part.has(measure) else None

    return Sums(period.days, total("spend") or 0.0, total("impressions"), total("clicks"), total("conversions"))


def earlier(part: ChannelDays, record: Period, period: Period, measure: str) -> Floats:
    """The daily series of a measure before a period, from the first day on which the channel did anything."""
    series = part.daily[measure][: (period.first - record.first).days]
    active = np.flatnonzero(part.daily["spend"] > 0) if part.has("spend") else np.array([0])
    return series[int(active[0]) :] if active.size else series[:0]
