"""What the client's own data says of a metric before any test: how many units enter a week, and what becomes of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import sqrt
from typing import TYPE_CHECKING

from tools.contract import NotEnoughData
from tools.methods.periods import Period

if TYPE_CHECKING:
    import ibis

    from tools.facts import Facts

FEWEST_UNITS = 100  # a rate of fewer people has an interval too wide to plan on


@dataclass(frozen=True, slots=True)
class Baseline:
    """A metric as observed. `mean` is a rate in 0..1 for conversions, else a mean per unit; `deviation` its standard deviation."""

    units: int
    units_per_week: float
    mean: float
    deviation: float
    period: Period
    unit: str
    outcome: str
    money: bool = False


def wilson(successes: int, units: int, normal: float) -> tuple[float, float]:
    """Wilson's (1927) interval of a proportion; `normal` is the standard normal quantile of the level."""
    share, squared = successes / units, normal**2
    middle = (share + squared / (2 * units)) / (1 + squared / units)
    half = normal * sqrt(share * (1 - share) / units + squared / (4 * units**2)) / (1 + squared / units)
    return max(0.0, middle - half), min(1.0, middle + half)


def _cohort_days(facts: Facts, lookback: int, window: int, last_seen: object) -> Period:
    """Days of entry whose outcome window is over, on the day asked for and in the data."""
    from datetime import date

    last_day = last_seen if isinstance(last_seen, date) else facts.as_of
    end = min(facts.as_of - timedelta(days=1), last_day) - timedelta(days=window)
    return Period.ending(end, lookback)


def from_events(facts: Facts, entry: str, goal: str, window: int, lookback: int) -> Baseline:
    """People whose first `entry` event lies in the look-back, and the share of them with a `goal` event within the window after it."""
    entries, period = _entries(facts, entry, window, lookback)
    events = facts.table("events")
    goals = events.filter(events.name == goal).select("contact_id", goal_at="at")
    joined = entries.join(goals, "contact_id")
    reached = joined.filter(joined.goal_at >= joined.entered_at, joined.goal_at < joined.until)
    units = _count(facts, entries)
    done = int(facts.fetch(reached.aggregate(n=reached.contact_id.nunique())).to_pylist()[0]["n"])
    return _rate(units, done, period, "person", f"{entry.replace('_', ' ')} to {goal.replace('_', ' ')}")


def from_contacts(facts: Facts, window: int, lookback: int) -> Baseline:
    """New contacts in the look-back, and the share of them with a paid order within the window after."""
    contacts, orders = facts.table("contacts"), facts.table("orders")
    last = facts.fetch(contacts.aggregate(last=contacts.created_at.max())).to_pylist()[0]["last"]
    period = _cohort_days(facts, lookback, window, last.date() if last else None)
    start, end = period.instants(facts.zone)
    new = contacts.filter(contacts.created_at >= start, contacts.created_at < end).select("contact_id", entered_at="created_at")
    paid = orders.filter(orders.status.fill_null("paid") == "paid").select("contact_id", goal_at="at")
    joined = new.join(paid, "contact_id")
    reached = joined.filter(joined.goal_at >= joined.entered_at, joined.goal_at < _after(joined.entered_at, window))
    done = int(facts.fetch(reached.aggregate(n=reached.contact_id.nunique())).to_pylist()[0]["n"])
    return _rate(_count(facts, new), done, period, "contact", "new contact to first paid order")


def from_orders(facts: Facts, lookback: int) -> Baseline:
    """Value of a paid order in the look-back, in minor units of the client's currency: mean and standard deviation over orders."""
    orders = facts.table("orders")
    period = Period.ending(facts.as_of - timedelta(days=1), lookback)
    start, end = period.instants(facts.zone)
    paid = orders.filter(orders.status.fill_null("paid") == "paid", orders.currency == facts.currency, orders.at >= start, orders.at < end)
    amount = paid.amount.cast("decimal(19, 0)")
    sums = facts.fetch(paid.aggregate(n=paid.count(), total=amount.sum(), squares=(amount * amount).sum())).to_pylist()[0]
    units = int(sums["n"])
    if units < FEWEST_UNITS:
        raise NotEnoughData(
            "too few paid orders to know how much they vary: give baseline_mean and deviation",
            needed=f"{FEWEST_UNITS} orders in {lookback} days",
            found=str(units),
        )
    mean = float(sums["total"]) / units
    variance = (int(sums["squares"]) - int(sums["total"]) ** 2 / units) / (units - 1)
    return Baseline(units, units / period.days * 7, mean, sqrt(max(variance, 0.0)), period, "order", "order value", money=True)


def steps_up_the_funnel(facts: Facts, entry: str, window: int, lookback: int) -> dict[str, float]:
    """Share of those who entered that did each other thing within the window, by event name."""
    entries, _ = _entries(facts, entry, window, lookback)
    events = facts.table("events")
    other = events.filter(events.name != entry).select("contact_id", "name", "at")
    joined = entries.join(other, "contact_id")
    within = joined.filter(joined["at"] >= joined.entered_at, joined["at"] < joined.until)
    counted = within.group_by("name").aggregate(people=within.contact_id.nunique()).order_by("name")
    units = _count(facts, entries)
    return {row["name"]: row["people"] / units for row in facts.fetch(counted).to_pylist()} if units else {}


def _entries(facts: Facts, entry: str, window: int, lookback: int) -> tuple[ibis.Table, Period]:
    events = facts.table("events")
    known = events.filter(events.name == entry, events.contact_id.notnull())
    last = facts.fetch(events.aggregate(last=events["at"].max())).to_pylist()[0]["last"]
    period = _cohort_days(facts, lookback, window, last.date() if last else None)
    start, end = period.instants(facts.zone)
    firsts = known.group_by("contact_id").aggregate(entered_at=known["at"].min())
    firsts = firsts.filter(firsts.entered_at >= start, firsts.entered_at < end)
    return firsts.mutate(until=_after(firsts.entered_at, window)), period


def _after(moment: ibis.Value, days: int) -> ibis.Value:
    import ibis

    return moment + ibis.interval(days=days)


def _count(facts: Facts, table: ibis.Table) -> int:
    return int(facts.fetch(table.aggregate(n=table.count())).to_pylist()[0]["n"])


def _rate(units: int, done: int, period: Period, unit: str, outcome: str) -> Baseline:
    if units < FEWEST_UNITS or done == 0 or done == units:
        raise NotEnoughData(
            f"the data does not say what share goes from {outcome}: give baseline_rate and units_per_week",
            needed=f"{FEWEST_UNITS} who entered, some with and some without the outcome",
            found=f"{units} entered, {done} with it",
        )
    rate = done / units
    return Baseline(units, units / period.days * 7, rate, sqrt(rate * (1 - rate)), period, unit, outcome)
