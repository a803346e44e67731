"""Which days a brief means: the week or month that it names, read against the day it is asked on."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from llm.offline.reading import Desk

MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
NAMED = re.compile(rf"\b(?P<month>{'|'.join(MONTHS)})(?:\s+(?P<year>20\d\d))?\b", re.IGNORECASE)
FROM_TO = re.compile(r"\b(?P<first>20\d\d-\d\d-\d\d)\s*(?:to|until|through|–|-|/)\s*(?P<last>20\d\d-\d\d-\d\d)\b", re.IGNORECASE)
WEEK = re.compile(r"\b(?:weekly|week)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Days:
    """The days of a report, both ends included, and what such a stretch is called."""

    first: date
    last: date
    called: Literal["month", "week", "period"]

    @property
    def arguments(self) -> dict[str, str]:
        """As the tools take them."""
        return {"first_day": self.first.isoformat(), "last_day": self.last.isoformat()}

    @property
    def title(self) -> str:
        """October 2026, or the first and last day."""
        return f"{self.first:%B %Y}" if self.called == "month" else f"{self.first.isoformat()} to {self.last.isoformat()}"


def days_of(desk: Desk) -> Days:
    """The period that the brief names: two dates, a month by name, a week; else the last month that is over."""
    today = today_of(desk)
    if match := FROM_TO.search(desk.brief):
        try:
            first, last = date.fromisoformat(match["first"]), date.fromisoformat(match["last"])
        except ValueError:
            first, last = today, today - timedelta(days=1)
        if first <= last:
            return Days(first, last, "period")
    # "may" is also a verb: as a month it is written with a capital letter
    if (match := NAMED.search(desk.brief)) and (match["month"].lower() != "may" or match["month"] == "May"):
        month = MONTHS[match["month"].lower()]
        year = int(match["year"]) if match["year"] else today.year - (month > today.month)
        return _month(date(year, month, 1))
    if WEEK.search(desk.brief) and "month" not in desk.brief.lower():
        last = today - timedelta(days=(today.weekday() + 1) % 7)
        return Days(last - timedelta(days=6), last, "week")
    this = _month(today)
    return this if this.last == today else _month(today.replace(day=1) - timedelta(days=1))


def today_of(desk: Desk) -> date:
    """The day of the request."""
    found = re.search(r"\d{4}-\d\d-\d\d", desk.sections.get("Today", ""))
    return date.fromisoformat(found[0]) if found else date.min


def _month(day: date) -> Days:
    return Days(day.replace(day=1), day.replace(day=calendar.monthrange(day.year, day.month)[1]), "month")
