"""What a goal or a promise is counted in, by day of the client's zone, aggregated where the data lies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from tools.contract import Basis, NotEnoughData, ToolInputError, Unit
from tools.methods.channel_names import channel_key
from tools.methods.periods import Period

if TYPE_CHECKING:
    import ibis

    from tools.facts import Facts

Floats = NDArray[np.float64]

Measure = Literal[
    "orders", "new_customers", "attributed_customers", "contacts", "events", "revenue", "spend", "platform_conversions",
    "cost_per_conversion",
]  # fmt: skip
FROM_ADS = frozenset({"spend", "platform_conversions", "cost_per_conversion"})
OF_CHANNELS = frozenset({*FROM_ADS, "attributed_customers"})
"""Measures that can be counted for some channels alone."""
WORDS: dict[Measure, str] = {
    "orders": "paid orders",
    "new_customers": "first-time buyers",
    "attributed_customers": "first-time buyers whose source is an ad channel",
    "contacts": "new contacts",
    "events": "events",
    "revenue": "revenue from paid orders",
    "spend": "ad spend",
    "platform_conversions": "claimed conversions",
    "cost_per_conversion": "cost per claimed conversion",
}
BASES: dict[Measure, Basis] = {
    "platform_conversions": "attributed", "cost_per_conversion": "attributed", "attributed_customers": "attributed",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Daily:
    """A measure by day from `first` to `last`, the last day on record. Money in minor units. `per`: what a ratio is divided by."""

    measure: Measure
    first: date
    last: date
    values: Floats
    per: Floats | None = None

    @property
    def unit(self) -> Unit:
        """Money for spend, revenue and costs; else a count."""
        return "money" if self.measure in ("revenue", "spend", "cost_per_conversion") else "count"

    @property
    def basis(self) -> Basis:
        """Attributed where a platform or one source per contact says so."""
        return BASES.get(self.measure, "observed")

    def covers(self, period: Period) -> bool:
        """Whether every day of a period is on record."""
        return self.first <= period.first and period.last <= self.last

    def within(self, period: Period) -> Daily:
        """The days of a period that are on record."""
        first, last = max(period.first, self.first), min(period.last, self.last)
        part = slice((first - self.first).days, max((last - self.first).days + 1, 0))
        return Daily(self.measure, first, last, self.values[part], None if self.per is None else self.per[part])

    def until(self, day: date) -> Daily:
        """The days before a day."""
        return self.within(Period(self.first, min(day - timedelta(days=1), self.last)))

    @property
    def total(self) -> float | None:
        """The sum; for a ratio the ratio of the sums, none when there is nothing to divide by."""
        if self.per is None:
            return float(self.values.sum())
        return float(self.values.sum() / self.per.sum()) if self.per.sum() else None


def read_daily(facts: Facts, measure: Measure, *, channels: tuple[str, ...] = (), event: str | None = None) -> Daily:
    """A measure by day, up to `facts.as_of`. `channels`: the only ones that count, where the measure has channels.

    Raises ToolInputError when channels or an event do not fit the measure, NotEnoughData when nothing is on record.
    """
    if channels and measure not in OF_CHANNELS:
        raise ToolInputError(f"{WORDS[measure]} are not counted by channel: leave channels out", field="channels")
    if (measure == "events") != (event is not None):
        raise ToolInputError("events need the event's name, and nothing else has one", field="event")
    return _from_ads(facts, measure, channels) if measure in FROM_ADS else _from_records(facts, measure, channels, event)


def _from_ads(facts: Facts, measure: Measure, channels: tuple[str, ...]) -> Daily:
    ads = facts.table("ad_metrics")
    ads = ads.filter(ads.day <= facts.as_of, ads.currency == facts.currency)
    sums = {"spend": ads.spend.sum().cast("int64"), "conversions": ads.conversions.sum().cast("float64")}
    rows = facts.fetch(ads.group_by(["day", "channel"]).aggregate(**sums).order_by(["day", "channel"])).to_pylist()
    rows = [row for row in rows if not channels or channel_key(row["channel"]) in channels]
    if not rows:
        what = f"ad figures of {', '.join(channels)}" if channels else f"ad figures in {facts.currency}"
        raise NotEnoughData(f"there are no {what} on record", needed="rows of ad_metrics", found="none")
    first, last = rows[0]["day"], rows[-1]["day"]
    made = {name: np.zeros((last - first).days + 1) for name in sums}
    for row in rows:
        for name, series in made.items():
            series[(row["day"] - first).days] += row[name] or 0
    if measure == "spend":
        return Daily(measure, first, last, made["spend"])
    if measure == "platform_conversions":
        return Daily(measure, first, last, made["conversions"])
    return Daily(measure, first, last, made["spend"], per=made["conversions"])


def _from_records(facts: Facts, measure: Measure, channels: tuple[str, ...], event: str | None) -> Daily:
    from zoneinfo import ZoneInfo

    moments = _moments(facts, measure, channels, event)
    end = Period(facts.as_of, facts.as_of).instants(facts.zone)[1]
    moments = moments.filter(moments.at < end).mutate(hour=lambda t: (t.at.epoch_seconds() / 3600).floor().cast("int64"))
    hours = facts.fetch(moments.group_by("hour").aggregate(worth=moments.worth.sum().cast("int64")).order_by("hour"))
    if hours.num_rows == 0:
        what = f"the event {event!r}" if event else WORDS[measure]
        raise NotEnoughData(f"nothing is on record for {what}", needed=f"rows for {what}", found="none")
    zone = ZoneInfo(facts.zone)
    days = [datetime.fromtimestamp(hour * 3600, UTC).astimezone(zone).date() for hour in hours["hour"].to_pylist()]
    first, last = days[0], max(days[-1], _last_day(facts, measure))
    values = np.zeros((last - first).days + 1)
    np.add.at(values, [(day - first).days for day in days], hours["worth"].to_numpy())
    return Daily(measure, first, last, values)


def _last_day(facts: Facts, measure: Measure) -> date:
    """The last day on record: a day without a first-time buyer is still on record when somebody ordered."""
    from zoneinfo import ZoneInfo

    name, column = {"contacts": ("contacts", "created_at"), "events": ("events", "at")}.get(measure, ("orders", "at"))
    table = facts.table(name)
    end = Period(facts.as_of, facts.as_of).instants(facts.zone)[1]
    known = table.filter(table[column] < end)
    seconds = facts.fetch(known.aggregate(last=known[column].max().epoch_seconds()))["last"].to_pylist()[0]
    return datetime.fromtimestamp(seconds, UTC).astimezone(ZoneInfo(facts.zone)).date()


def _moments(facts: Facts, measure: Measure, channels: tuple[str, ...], event: str | None) -> ibis.Table:
    """When each counted thing happened, in `at`, and how much it counts, in `worth`."""
    import ibis

    one = ibis.literal(1, "int64")
    if measure == "contacts":
        contacts = facts.table("contacts")
        return contacts.select(at=contacts.created_at, worth=one)
    if measure == "events":
        events = facts.table("events")
        return events.filter(events.name == event).select("at", worth=one)
    orders = facts.table("orders")
    paid = orders.filter(orders.status.fill_null("paid") == "paid")
    if measure == "orders":
        return paid.select("at", worth=one)
    if measure == "revenue":
        return paid.filter(paid.currency == facts.currency).select("at", worth=paid.amount)
    firsts = paid.group_by("contact_id").aggregate(at=paid.at.min())
    if measure == "new_customers":
        return firsts.select("at", worth=one)
    contacts = facts.table("contacts")
    ads = facts.table("ad_metrics")
    paying = facts.fetch(ads.filter(ads.spend > 0).select("channel").distinct().order_by("channel"))["channel"].to_pylist()
    wanted = channels or tuple(channel_key(channel) for channel in paying)
    sources = facts.fetch(contacts.filter(contacts.source.notnull()).select("source").distinct().order_by("source"))["source"].to_pylist()
    named = [source for source in sources if channel_key(source) in wanted]
    known = contacts.filter(contacts.source.isin(named)).select("contact_id") if named else contacts.filter(False).select("contact_id")
    return firsts.join(known, "contact_id").select("at", worth=one)
