"""Spans of whole days, both ends included, and the instants they begin and end at in the client's zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days, both ends included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """Number of days."""
        return (self.last - self.first).days + 1

    @property
    def iso(self) -> str:
        """ISO 8601 interval of dates, as a figure carries it."""
        return f"{self.first.isoformat()}/{self.last.isoformat()}"

    def before(self) -> Period:
        """The period of the same length that ends the day before this one begins."""
        return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1))

    def instants(self, zone: str) -> tuple[datetime, datetime]:
        """First instant of the first day and first instant after the last, in the client's zone."""
        here = ZoneInfo(zone)
        return datetime.combine(self.first, time(), here), datetime.combine(self.last + timedelta(days=1), time(), here)

    @classmethod
    def ending(cls, last: date, days: int) -> Period:
        """The `days` days that end with `last`."""
        return cls(last - timedelta(days=days - 1), last)
