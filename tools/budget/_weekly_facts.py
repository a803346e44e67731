"""Weekly series of spend, claims and outcome, aggregated where the data lies."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from tools.budget._curve import ChannelSeries, WeeklySeries
from tools.contract import NotEnoughData, ToolInputError
from tools.methods.channel_names import channel_key

if TYPE_CHECKING:
    import ibis
    import pyarrow as pa

    from tools.facts import Facts


class Outcome(NamedTuple):
    """What is counted: from which table, and which event of it."""

    source: str
    event: str | None
    name: str


class Read(NamedTuple):
    """The series, and currencies that had to be left out of them."""

    series: WeeklySeries
    other_currencies: tuple[str, ...]


def monday(day: date) -> date:
    """The Monday on or before a day."""
    return day - timedelta(days=day.weekday())


def read_weeks(facts: Facts, outcome: Outcome, channels: tuple[str, ...] | None, max_weeks: int) -> Read:
    """Whole weeks, Monday to Sunday, up to the last complete one before `facts.as_of`, at most `max_weeks` of them.

    A channel without a row in a week has spent nothing. Raises NotEnoughData when there is not one whole week.
    """
    ads = facts.table("ad_metrics")
    ads = ads.filter(ads.day < facts.as_of)
    if channels is not None:
        ads = ads.filter(ads.channel.isin(list(channels)))
    weekly = facts.fetch(
        ads.group_by(week=ads.day.truncate("W").cast("date"), channel=ads.channel, currency=ads.currency)
        .aggregate(
            spend=ads.spend.sum().cast("int64"),
            conversions=ads.conversions.sum().cast("float64"),
            claims=ads.conversions.count(),
            first=ads.day.min(),
            last=ads.day.max(),
        )
        .order_by(["week", "channel", "currency"])
    ).to_pylist()
    if not weekly:
        raise NotEnoughData(
            "There is no ad spend on record before this day, so there is no response to measure. Import the platforms' daily reports first.",
            needed="rows of ad_metrics",
            found="none",
        )
    first, last = _whole_weeks(min(row["first"] for row in weekly), max(row["last"] for row in weekly), facts.as_of)
    counted = None
    if outcome.source != "platform_conversions":
        starts, counts = _outcome(facts, outcome, first, last)
        first, counted = starts[0], counts
    weeks = (last - first).days // 7 + 1
    if weeks < 1:
        raise NotEnoughData("There is not one whole week of ad spend.", needed="whole weeks of ad spend", found="none")
    skipped = max(0, weeks - max_weeks)
    first, weeks = first + timedelta(days=7 * skipped), weeks - skipped
    series = WeeklySeries(
        first_week=first,
        currency=facts.currency,
        channels=_channels(weekly, facts.currency, first, weeks),
        outcome=None if counted is None else tuple(float(count) for count in counted[skipped:]),
    )
    return Read(series, tuple(sorted({row["currency"] for row in weekly} - {facts.currency})))


def recent_spend(facts: Facts, weeks: int) -> tuple[dict[str, int], str]:
    """Spend of each channel over the last whole weeks, minor units in all, and the days it covers (ISO 8601)."""
    read = read_weeks(facts, Outcome("platform_conversions", None, "conversions"), None, weeks)
    return {series.channel: sum(series.spend) for series in read.series.channels}, read.series.period


def _whole_weeks(first_day: date, last_day: date, as_of: date) -> tuple[date, date]:
    first = first_day if first_day.weekday() == 0 else monday(first_day) + timedelta(days=7)
    last = monday(min(last_day, as_of - timedelta(days=1)) + timedelta(days=1)) - timedelta(days=7)
    return first, last


def _channels(rows: list[dict], currency: str, first: date, weeks: int) -> tuple[ChannelSeries, ...]:
    spend: dict[str, list[int]] = {}
    claims: dict[str, list[float]] = {}
    claimed: set[str] = set()
    for row in rows:
        if row["currency"] != currency:
            continue
        channel, number = channel_key(row["channel"]), (row["week"] - first).days // 7
        spend.setdefault(channel, [0] * weeks)
        claims.setdefault(channel, [0.0] * weeks)
        if 0 <= number < weeks:
            spend[channel][number] += row["spend"]
            claims[channel][number] += row["conversions"] or 0.0
            if row["claims"]:
                claimed.add(channel)
    if not spend:
        raise NotEnoughData(
            f"No ad spend is in {currency}, the currency that this client reports in.",
            needed=f"spend in {currency}",
            found="other currencies",
        )
    return tuple(
        ChannelSeries(channel=name, spend=tuple(spend[name]), conversions=tuple(claims[name]) if name in claimed else None)
        for name in sorted(spend)
    )


def _outcome(facts: Facts, outcome: Outcome, first: date, last: date) -> tuple[list[date], np.ndarray]:
    table, moment = _counted(facts, outcome)
    hours = facts.fetch(
        table.filter(moment.notnull())
        .group_by(hour=(moment.epoch_seconds() / 3600).floor().cast("int64"))
        .aggregate(rows=table.count())
        .order_by("hour")
    )
    return _by_local_week(hours, ZoneInfo(facts.zone), first, last, outcome)


def _counted(facts: Facts, outcome: Outcome) -> tuple[ibis.Table, ibis.expr.types.TimestampColumn]:
    if outcome.source == "contacts":
        contacts = facts.table("contacts")
        return contacts, contacts.created_at
    if outcome.source == "orders":
        orders = facts.table("orders")
        if "status" in orders.columns:
            orders = orders.filter(orders.status.isnull() | (orders.status == "paid"))
        return orders, orders.at
    if outcome.source == "events" and outcome.event:
        events = facts.table("events")
        events = events.filter(events.name == outcome.event)
        return events, events.at
    raise ToolInputError("Which event counts as the outcome? Give its name in `event`.", field="event")


def _by_local_week(hours: pa.Table, zone: ZoneInfo, first: date, last: date, outcome: Outcome) -> tuple[list[date], np.ndarray]:
    """Counts per week of the client's zone, from the first whole week in which anything was counted."""
    if hours.num_rows == 0:
        what = f"event {outcome.event!r}" if outcome.source == "events" else outcome.source
        raise NotEnoughData(f"Nothing is on record for {what}, so no response can be measured.", needed=f"rows for {what}", found="none")
    hour, rows = hours["hour"].to_numpy(), hours["rows"].to_numpy()
    began = datetime.fromtimestamp(int(hour[0]) * 3600, UTC).astimezone(zone).date()
    # The week in which records begin may be a part of a week: take the next, unless ads began later anyway.
    first = max(first, began if began.weekday() == 0 else monday(began) + timedelta(days=7))
    starts = [first + timedelta(days=7 * number) for number in range(max(0, (last - first).days // 7 + 1))]
    if not starts:
        raise NotEnoughData("Spend and outcome do not share one whole week.", needed="weeks with both", found="none")
    edges = [datetime.combine(start, time(), zone).timestamp() / 3600 for start in [*starts, starts[-1] + timedelta(days=7)]]
    place = np.searchsorted(np.array(edges), hour, side="right") - 1
    inside = (place >= 0) & (place < len(starts))
    return starts, np.bincount(place[inside], weights=rows[inside], minlength=len(starts))
