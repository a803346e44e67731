"""Weekly series of spend, claims and outcome, aggregated where the data lies."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from tools.budget._curve import ATTRIBUTED, ChannelSeries, WeeklySeries
from tools.budget._weekly_outcome import Counted, Outcome, count_weeks, monday
from tools.contract import NotEnoughData
from tools.methods.channel_names import channel_key

if TYPE_CHECKING:
    from tools.facts import Facts

Rows = list[dict[str, Any]]


class Read(NamedTuple):
    """The series, and currencies that had to be left out of them."""

    series: WeeklySeries
    other_currencies: tuple[str, ...]


def read_weeks(facts: Facts, outcome: Outcome, channels: tuple[str, ...] | None, max_weeks: int) -> Read:
    """Whole weeks, Monday to Sunday, up to the last complete one before `facts.as_of`, at most `max_weeks` of them.

    A channel without a row in a week has spent nothing. Raises NotEnoughData when there is not one whole week.
    """
    rows = [row for row in _spend(facts) if channels is None or channel_key(row["channel"]) in channels]
    if not rows:
        raise NotEnoughData(
            "There is no ad spend on record before this day, so there is no response to measure. Import the platforms' daily reports.",
            needed="rows of ad_metrics",
            found="none",
        )
    first, last = _whole_weeks(min(row["first"] for row in rows), max(row["last"] for row in rows), facts.as_of)
    counted = None if outcome.source == "platform_conversions" else count_weeks(facts, outcome, first, last)
    first = first if counted is None else counted.first_week
    weeks = (last - first).days // 7 + 1
    if weeks < 1:
        raise NotEnoughData("There is not one whole week of ad spend.", needed="whole weeks of ad spend", found="none")
    skipped = max(0, weeks - max_weeks)
    first, weeks = first + timedelta(days=7 * skipped), weeks - skipped
    total = None if counted is None or outcome.source in ATTRIBUTED else tuple(float(count) for count in counted.total[skipped:])
    series = WeeklySeries(
        first_week=first,
        currency=facts.currency,
        channels=_channels(rows, facts.currency, first, weeks, counted if outcome.source == "attributed_customers" else None),
        outcome=total,
    )
    return Read(series, tuple(sorted({row["currency"] for row in rows} - {facts.currency})))


def recent_spend(facts: Facts, weeks: int) -> tuple[dict[str, float], str]:
    """Mean weekly spend of each channel over the last whole weeks, minor units, and the days it covers (ISO 8601)."""
    series = read_weeks(facts, Outcome("platform_conversions", None, "conversions"), None, weeks).series
    return {one.channel: sum(one.spend) / series.weeks for one in series.channels}, series.period


def recent_length(period: str) -> int:
    """Whole weeks in an ISO 8601 interval of days."""
    first, last = (date.fromisoformat(day) for day in period.split("/"))
    return ((last - first).days + 1) // 7


def _spend(facts: Facts) -> Rows:
    ads = facts.table("ad_metrics")
    ads = ads.filter(ads.day < facts.as_of)
    return facts.fetch(
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


def _whole_weeks(first_day: date, last_day: date, as_of: date) -> tuple[date, date]:
    """Mondays of the first and the last whole week."""
    first = first_day if first_day.weekday() == 0 else monday(first_day) + timedelta(days=7)
    return first, monday(min(last_day, as_of - timedelta(days=1)) + timedelta(days=1)) - timedelta(days=7)


def _channels(rows: Rows, currency: str, first: date, weeks: int, credited: Counted | None) -> tuple[ChannelSeries, ...]:
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
            f"No ad spend is in {currency}, the currency that this client reports in.", needed=f"spend in {currency}", found="none"
        )
    if credited is not None:
        claims = {channel: [float(count) for count in counts[-weeks:]] for channel, counts in credited.by_channel.items()}
        claimed = set(claims)
    return tuple(
        ChannelSeries(channel=name, spend=tuple(spend[name]), conversions=tuple(claims[name]) if name in claimed else None)
        for name in sorted(spend)
    )
