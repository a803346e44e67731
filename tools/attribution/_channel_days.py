"""Ad figures by channel and day, summed where the data lies, and what the CRM saw of the same channels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tools.contract import NotEnoughData
from tools.methods.channel_names import channel_key
from tools.methods.periods import Period

if TYPE_CHECKING:
    import ibis

    from tools.facts import Facts

Floats = NDArray[np.float64]
MEASURES = ("spend", "impressions", "clicks", "conversions", "conversion_value")


@dataclass(frozen=True, slots=True)
class ChannelDays:
    """One channel, one number per day. Spend and value in minor units; a measure that was never reported is absent."""

    channel: str
    daily: dict[str, Floats]
    exact: dict[str, int]

    def has(self, measure: str) -> bool:
        """Whether the platform reported the measure at all."""
        return measure in self.daily

    def total(self, measure: str) -> float:
        """Sum over the days; money as the engine summed it, in whole minor units."""
        return self.exact[measure] if measure in self.exact else float(self.daily[measure].sum())


@dataclass(frozen=True, slots=True)
class Span:
    """First and last day on record, and the currencies spend is in."""

    first: date
    last: date
    currencies: tuple[str, ...]


def read_span(facts: Facts) -> Span:
    """What days ad figures are on record for, up to the day asked for. Raises NotEnoughData when there are none."""
    ads = facts.table("ad_metrics")
    ads = ads.filter(ads.day <= facts.as_of)
    rows = facts.fetch(
        ads.group_by(currency=ads.currency).aggregate(first=ads.day.min(), last=ads.day.max(), spend=ads.spend.sum()).order_by("currency"),
        exact=True,
    ).to_pylist()
    if not rows:
        raise NotEnoughData(
            "there is no ad spend on record up to this day: import the platforms' daily reports first",
            needed="rows of ad_metrics",
            found="none",
        )
    return Span(min(r["first"] for r in rows), max(r["last"] for r in rows), tuple(r["currency"] for r in rows))


def read_days(facts: Facts, period: Period, currency: str, channels: tuple[str, ...]) -> list[ChannelDays]:
    """Every channel with a row in the period, dense over its days: a day without a row is a day without spend."""
    ads = facts.table("ad_metrics")
    ads = ads.filter(ads.day.between(period.first, period.last), ads.currency == currency)
    totals = {measure: ads[measure].sum().cast("float64" if measure == "conversions" else "int64") for measure in MEASURES}
    given = {f"n_{measure}": ads[measure].count() for measure in MEASURES}
    rows = facts.fetch(ads.group_by(["channel", "day"]).aggregate(**totals, **given).order_by(["channel", "day"]), exact=True).to_pylist()
    daily: dict[str, dict[str, Floats]] = {}
    exact: dict[str, dict[str, int]] = {}
    for row in rows:
        channel = channel_key(row["channel"])
        if channels and channel not in channels:
            continue
        for measure in MEASURES:
            if not row[f"n_{measure}"]:
                continue
            series = daily.setdefault(channel, {}).setdefault(measure, np.zeros(period.days))
            series[(row["day"] - period.first).days] += row[measure]
            if measure != "conversions":
                sums = exact.setdefault(channel, {})
                sums[measure] = sums.get(measure, 0) + row[measure]
    return [ChannelDays(channel, daily[channel], exact[channel]) for channel in sorted(daily)]


def all_channels(parts: list[ChannelDays], period: Period) -> ChannelDays:
    """The channels together. A measure is there only when every channel that spent reports it: else a rate would mix populations."""
    common = [m for m in MEASURES if all(part.has(m) for part in parts)]
    daily = {m: np.sum([part.daily[m] for part in parts], axis=0) if parts else np.zeros(period.days) for m in common}
    exact = {m: sum(part.exact[m] for part in parts) for m in common if m != "conversions"}
    return ChannelDays("total", daily, exact)


@dataclass(frozen=True, slots=True)
class CrmCounts:
    """People whom the CRM recorded in the period, by the channel it names as their source. `customers` is None without orders."""

    contacts: dict[str, int]
    customers: dict[str, int] | None
    unknown: int


def read_crm(facts: Facts, period: Period) -> CrmCounts | None:
    """New contacts by source, and first-time buyers by source; None when the CRM names no sources."""
    if "contacts" not in facts.names():
        return None
    contacts = facts.table("contacts")
    start, end = period.instants(facts.zone)
    fresh = contacts.filter(contacts.created_at >= start, contacts.created_at < end)
    rows = facts.fetch(fresh.group_by(source=fresh.source).aggregate(people=fresh.count()).order_by("source"), exact=True).to_pylist()
    named = _by_channel(rows)
    if not named:
        return None
    unknown = sum(row["people"] for row in rows if row["source"] is None)
    customers = None
    if "orders" in facts.names():
        customers = _by_channel(facts.fetch(_first_orders(facts, contacts, start, end), exact=True).to_pylist())
    return CrmCounts(named, customers, unknown)


def _first_orders(facts: Facts, contacts: ibis.Table, start: object, end: object) -> ibis.Table:
    orders = facts.table("orders")
    orders = orders.filter(orders.status.fill_null("paid") == "paid")
    firsts = orders.group_by("contact_id").aggregate(first_at=orders.at.min())
    firsts = firsts.filter(firsts.first_at >= start, firsts.first_at < end)
    joined = firsts.join(contacts.select("contact_id", "source"), "contact_id")
    return joined.group_by("source").aggregate(people=joined.count()).order_by("source")


def _by_channel(rows: list[dict]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in rows:
        if row["source"] is not None:
            key = channel_key(row["source"])
            counts[key] = counts.get(key, 0) + row["people"]
    return counts


def default_period(span: Span, as_of: date, days: int) -> Period:
    """The last `days` whole days on record: the day asked for is not over yet, and no period begins before the record."""
    last = min(span.last, as_of - timedelta(days=1)) if span.first < as_of else span.last
    return Period(max(span.first, last - timedelta(days=days - 1)), last)
