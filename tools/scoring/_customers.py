"""One row per customer: how recently, how often, how much. Grouped where the data lies; no name or id leaves the engine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from tools.contract import NotEnoughData
from tools.methods.channel_names import channel_key
from tools.methods.periods import Period

if TYPE_CHECKING:
    import ibis

    from tools.facts import Facts

Source = Literal["orders", "subscriptions", "events", "payments"]
"""payments: orders and subscriptions of a person together."""
DAY = 86_400  # seconds
MONTH = 2_629_800  # a twelfth of a mean year


@dataclass(frozen=True, slots=True)
class Words:
    """What recency, frequency and money are called for one source of data."""

    recency: str
    frequency: str
    money: str | None
    act: str
    first: str
    again: str


WORDS: dict[Source, Words] = {
    "orders": Words("days since the last order", "orders per customer", "revenue", "ordered", "first-time customers", "repeat customers"),
    "subscriptions": Words(
        "days since the last paid day",
        "months begun per customer",
        "subscription revenue",
        "paid",
        "new subscribers",
        "staying subscribers",
    ),
    "payments": Words(
        "days since the last payment", "orders and months begun per customer", "revenue", "paid", "first-time customers", "repeat customers"
    ),
    "events": Words("days since the last visit", "active days per person", None, "came", "first-time visitors", "repeat visitors"),
}

TOO_YOUNG: dict[Source, int] = {"orders": 90, "subscriptions": 90, "events": 28, "payments": 90}
"""Days of record under which most of those who will come back have had no time to: nobody is lapsed or loyal yet."""


@dataclass(frozen=True, slots=True)
class Customers:
    """Arrays with one entry per customer, in an order that the data alone fixes. Money in minor units; absent for events.

    `period` begins with the first act on record, when that is later than the first day asked for. `young`: the whole record is shorter
    than people usually take to come back. `next_money`: what each brought in the days after `period`, where that was asked for.
    """

    source: Source
    recency: NDArray[np.int64]
    frequency: NDArray[np.int64]
    money: NDArray[np.int64] | None
    came_by: NDArray[np.int64]
    channels: tuple[str, ...]
    period: Period
    young: bool
    others_currency: int = 0
    next_money: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.recency)


def read_customers(facts: Facts, source: Source | None, lookback: int, *, after: int = 0) -> Customers:
    """Customers from orders, else subscriptions, else events. Raises NotEnoughData when there is none of them.

    `after`: days before the day asked for at which the period ends, so that what customers brought since can be read beside it.
    """
    names = set(facts.names())
    order: tuple[Source, ...] = ("orders", "subscriptions", "events")
    chosen = source or next((name for name in order if name in names), None)
    needs = {"orders", "subscriptions"} if chosen == "payments" else {chosen}
    if chosen is None or not needs <= names:
        raise NotEnoughData(
            "there are no customers to segment: import orders, subscriptions or events first",
            needed=source or "orders, subscriptions or events",
            found=", ".join(sorted(names)) or "no tables",
        )
    period = Period.ending(facts.as_of - timedelta(days=after), lookback)
    start, end = period.instants(facts.zone)
    read = {"orders": _orders, "subscriptions": _subscriptions, "events": _events, "payments": _payments}[chosen]
    people = _with_source(facts, read(facts, start, end))
    if after and chosen == "orders":
        now = Period.ending(facts.as_of, after).instants(facts.zone)[1]
        later = _orders(facts, end, now).select("contact_id", next_money="money")
        people = people.left_join(later, "contact_id").drop("contact_id_right")
        people = people.mutate(next_money=people.next_money.fill_null(0))
    return _fetch(facts, chosen, people, period)


def _orders(facts: Facts, start: datetime, end: datetime) -> ibis.Table:
    orders = facts.table("orders")
    orders = orders.filter(
        orders["at"] >= start, orders["at"] < end, orders.status.fill_null("paid") == "paid", orders.currency == facts.currency
    )
    return orders.group_by("contact_id").aggregate(
        last=orders["at"].max(), frequency=orders.count().cast("int64"), money=orders.amount.sum().cast("int64")
    )


def _subscriptions(facts: Facts, start: datetime, end: datetime) -> ibis.Table:
    import ibis

    subscriptions = facts.table("subscriptions")
    rows = subscriptions.filter(
        subscriptions.contact_id.notnull(), subscriptions.started_at < end, subscriptions.currency == facts.currency
    )
    until = ibis.coalesce(rows.ended_at, ibis.literal(end.astimezone(UTC) - timedelta(microseconds=1)))
    rows = rows.mutate(until=ibis.least(until, ibis.literal(end.astimezone(UTC) - timedelta(microseconds=1))))
    rows = rows.filter(rows.until >= start)
    months = (rows.until.epoch_seconds().cast("int64") - rows.started_at.epoch_seconds().cast("int64")) // MONTH + 1
    rows = rows.mutate(months=months.cast("int64"), paid=(rows.mrr * months).cast("int64"))
    return rows.group_by("contact_id").aggregate(
        last=rows.until.max(), frequency=rows.months.sum().cast("int64"), money=rows.paid.sum().cast("int64")
    )


def _payments(facts: Facts, start: datetime, end: datetime) -> ibis.Table:
    """Orders and subscriptions of each person, money and times summed."""
    parts = [
        part.mutate(last=part["last"].cast("timestamp('UTC')")) for part in (_orders(facts, start, end), _subscriptions(facts, start, end))
    ]
    both = parts[0].union(parts[1])
    return both.group_by("contact_id").aggregate(
        last=both["last"].max(), frequency=both.frequency.sum().cast("int64"), money=both.money.sum().cast("int64")
    )


def _events(facts: Facts, start: datetime, end: datetime) -> ibis.Table:
    events = facts.table("events")
    events = events.filter(events["at"] >= start, events["at"] < end, events.contact_id.notnull())
    return events.group_by("contact_id").aggregate(
        last=events["at"].max(),
        frequency=(events["at"].epoch_seconds().cast("int64") // DAY).nunique().cast("int64"),
    )


def _with_source(facts: Facts, people: ibis.Table) -> ibis.Table:
    """The channel that the CRM says brought each person, where it says so."""
    import ibis

    if "contacts" not in facts.names():
        return people.mutate(source=ibis.null("string"))
    contacts = facts.table("contacts").select("contact_id", "source")
    return people.left_join(contacts, "contact_id").drop("contact_id_right")


def _fetch(facts: Facts, source: Source, people: ibis.Table, period: Period) -> Customers:
    keys = [name for name in ("last", "frequency", "money", "source", "next_money") if name in people.columns]
    people = people.mutate(last=people["last"].epoch_seconds().cast("int64"))
    table = facts.fetch(people.select(*keys).order_by(keys))
    end = period.instants(facts.zone)[1]
    began = _began(facts, source, end)
    last = table["last"].to_numpy()
    encoded = table["source"].combine_chunks().dictionary_encode()
    raw = [channel_key(name) if name else "" for name in encoded.dictionary.to_pylist()]
    channels = tuple(sorted({name for name in raw if name}))
    position = np.array([channels.index(name) if name else -1 for name in raw] or [-1], dtype=np.int64)
    indices = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    money = table["money"].to_numpy().astype(np.int64) if "money" in keys else None
    return Customers(
        source=source,
        recency=np.maximum(int(end.timestamp()) - 1 - last, 0) // DAY,
        frequency=table["frequency"].to_numpy().astype(np.int64),
        money=money,
        came_by=np.where(indices >= 0, position[indices], -1),
        channels=channels,
        period=Period(max(period.first, began), period.last),
        young=(period.last - began).days + 1 < TOO_YOUNG[source],
        next_money=table["next_money"].to_numpy().astype(np.int64) if "next_money" in keys else None,
    )


def _began(facts: Facts, source: Source, end: datetime) -> date:
    """The client's day of the first act on record, also before the days asked for."""
    if source == "payments":
        return min(_began(facts, "orders", end), _began(facts, "subscriptions", end))
    rows = facts.table(source)
    moment = rows.started_at if source == "subscriptions" else rows["at"]
    found = facts.fetch(rows.filter(moment < end).aggregate(first=moment.min().epoch_seconds().cast("int64"))).to_pylist()[0]["first"]
    return datetime.fromtimestamp(int(found), ZoneInfo(facts.zone)).date() if found is not None else date.min
