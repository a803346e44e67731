"""The days that a history spans. Time inside the simulation is local wall time, as microseconds since 1970 without a zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

DAY = 86_400_000_000
HOUR = DAY // 24
MONTH = 30 * DAY
AFTERMATH = 3
"""Weeks drawn beyond the last day, so that people of the last days are not yet customers, as in life."""

EPOCH = date(1970, 1, 1)
HOURS = np.array([1, 0.5, 0.3, 0.2, 0.3, 0.8, 2, 4, 6, 7, 8, 8, 8.5, 8, 7, 7, 7.5, 8, 8.5, 9, 8.5, 7, 5, 2.5])
"""Activity by hour of the day."""
WEEKDAYS = np.array([0.95, 1.0, 1.05, 1.1, 1.15, 1.0, 0.75])
"""Activity by day of the week, from Monday."""


@dataclass(frozen=True, slots=True)
class Span:
    """History from `first` to `as_of`, both included, in `zone`. Weeks are counted from `first`."""

    first: date
    as_of: date
    zone: str

    @classmethod
    def of(cls, as_of: date, days: int | None, zone: str) -> Span:
        """`days` days up to `as_of`; none is eighteen months, taken back to a Monday."""
        if days is not None:
            return cls(as_of - timedelta(days=days - 1), as_of, zone)
        months = as_of.year * 12 + as_of.month - 1 - 18
        start = date(months // 12, months % 12 + 1, min(as_of.day, 28)) + timedelta(days=1)
        return cls(start - timedelta(days=start.weekday()), as_of, zone)

    @property
    def start(self) -> int:
        """First microsecond."""
        return (self.first - EPOCH).days * DAY

    @property
    def end(self) -> int:
        """First microsecond after the last day."""
        return ((self.as_of - EPOCH).days + 1) * DAY

    @property
    def days(self) -> int:
        """Days of history."""
        return (self.as_of - self.first).days + 1

    @property
    def drawn_weeks(self) -> int:
        """Weeks that are drawn, those after the last day included."""
        return -(-self.days // 7) + AFTERMATH

    def weekday_weights(self) -> np.ndarray:
        """Activity over the seven days of a week as counted here; sums to one."""
        weights = np.roll(WEEKDAYS, -self.first.weekday())
        return weights / weights.sum()

    def day_of(self, times: np.ndarray) -> np.ndarray:
        """Day number within the history, from 0."""
        return (times - self.start) // DAY

    def dates(self, day_numbers: np.ndarray) -> pa.Array:
        """Day numbers as dates."""
        return pa.array((day_numbers + (self.first - EPOCH).days).astype(np.int32)).cast(pa.date32())

    def instants(self, times: np.ndarray, missing: np.ndarray | None = None) -> pa.Array:
        """Local times as UTC timestamps, null where `missing`."""
        local = pa.array(times.astype(np.int64), pa.int64(), mask=missing).cast(pa.timestamp("us"))
        return pc.assume_timezone(local, self.zone, ambiguous="earliest", nonexistent="latest").cast(pa.timestamp("us", "UTC"))


def times_of_day(count: int, rng: np.random.Generator) -> np.ndarray:
    """Microseconds into a day, whole seconds, waking hours favoured."""
    hours = rng.choice(24, size=count, p=HOURS / HOURS.sum())
    return hours * HOUR + rng.integers(0, 3600, size=count) * 1_000_000


def waits(count: int, mean_days: float, rng: np.random.Generator) -> np.ndarray:
    """Exponential waits in microseconds, whole seconds."""
    return (rng.exponential(mean_days * 86_400, size=count)).astype(np.int64) * 1_000_000
