"""What the client's own data says of a metric before any test: how many units enter a week, and what becomes of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import sqrt
from typing import TYPE_CHECKING

from tools.contract import NotEnoughData
from tools.methods.counted_values import CountedValues, quantile_error, quantile_ranks
from tools.methods.periods import Period
from tools.methods.sample_size import z

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


@dataclass(frozen=True, slots=True)
class EntrySums:
    """What became of those who entered, summed over people: `done` had the outcome, `count` how often, `value` money in minor units."""

    units: int
    done: int
    count: int
    count_squares: int
    value: int
    value_squares: int
    count_value: int
    period: Period
    unit: str
    outcome: str


def entries_of_events(facts: Facts, entry: str, goal: str, first: int, window: int, lookback: int) -> EntrySums:
    """People whose first `entry` event lies in the look-back, and their `goal` events from day `first` to the end of the window."""
    entries, period = _entries(facts, entry, window, lookback)
    events = facts.table("events")
    goals = events.filter(events.name == goal).select("contact_id", goal_at="at").mutate(value=_nothing())
    return _summed(facts, entries, goals, first, period, "person", f"{entry.replace('_', ' ')} to {goal.replace('_', ' ')}")


def entries_of_contacts(facts: Facts, first: int, window: int, lookback: int) -> EntrySums:
    """New contacts in the look-back, and their paid orders in the client's currency from day `first` to the end of the window."""
    contacts, orders = facts.table("contacts"), facts.table("orders")
    last = facts.fetch(orders.aggregate(last=orders["at"].max())).to_pylist()[0]["last"]  # outcomes are known until then
    period = _cohort_days(facts, lookback, window, last.date() if last else None)
    start, end = period.instants(facts.zone)
    new = contacts.filter(contacts.created_at >= start, contacts.created_at < end).select("contact_id", entered_at="created_at")
    entries = new.mutate(until=_after(new.entered_at, window))
    paid = orders.filter(orders.status.fill_null("paid") == "paid", orders.currency == facts.currency)
    goals = paid.select("contact_id", goal_at="at", value=paid.amount.cast("int64"))
    return _summed(facts, entries, goals, first, period, "contact", "new contact to paid order")


def _summed(facts: Facts, entries: ibis.Table, goals: ibis.Table, first: int, period: Period, unit: str, outcome: str) -> EntrySums:
    joined = entries.join(goals, "contact_id")
    opens = _after(joined.entered_at, first) if first else joined.entered_at
    reached = joined.filter(joined.goal_at >= opens, joined.goal_at < joined.until)
    each = reached.group_by("contact_id").aggregate(n=reached.count().cast("decimal(19, 0)"), v=reached.value.sum().cast("decimal(19, 0)"))
    squares = {"nn": (each.n * each.n).sum(), "vv": (each.v * each.v).sum(), "nv": (each.n * each.v).sum()}
    sums = each.aggregate(done=each.count(), n=each.n.sum(), v=each.v.sum(), **squares)
    row = {name: int(value or 0) for name, value in facts.fetch(sums, exact=True).to_pylist()[0].items()}
    return EntrySums(_count(facts, entries), row["done"], row["n"], row["nn"], row["v"], row["vv"], row["nv"], period, unit, outcome)


def rate_of(sums: EntrySums) -> Baseline:
    """Share of those who entered that had the outcome."""
    _enough(sums)
    rate = sums.done / sums.units
    return _baseline(sums, rate, sqrt(rate * (1 - rate)))


def count_of(sums: EntrySums) -> Baseline:
    """How often per person, those who never did included."""
    _enough(sums)
    variance = (sums.count_squares - sums.count**2 / sums.units) / (sums.units - 1)
    return _baseline(sums, sums.count / sums.units, sqrt(variance))


def revenue_of(sums: EntrySums) -> Baseline:
    """Money per person, buyers or not."""
    _enough(sums)
    variance = (sums.value_squares - sums.value**2 / sums.units) / (sums.units - 1)
    return _baseline(sums, sums.value / sums.units, sqrt(max(variance, 0.0)), money=True)


def ratio_of(sums: EntrySums) -> Baseline:
    """Money per order with people as units; the deviation is that of one person's linear part (delta method)."""
    _enough(sums)
    ratio, per_person = sums.value / sums.count, sums.count / sums.units
    squares = sums.value_squares - 2 * ratio * sums.count_value + ratio * ratio * sums.count_squares
    return _baseline(sums, ratio, sqrt(max(squares, 0.0) / (sums.units - 1)) / per_person, money=True)


def _baseline(sums: EntrySums, mean: float, deviation: float, *, money: bool = False) -> Baseline:
    per_week = sums.units / sums.period.days * 7
    return Baseline(sums.units, per_week, mean, deviation, sums.period, sums.unit, sums.outcome, money)


def _enough(sums: EntrySums) -> None:
    if sums.units < FEWEST_UNITS or sums.done == 0 or sums.done == sums.units:
        raise NotEnoughData(
            f"the data does not say what share goes from {sums.outcome}: give the figure of today and units_per_week",
            needed=f"{FEWEST_UNITS} who entered, some with and some without the outcome",
            found=f"{sums.units} entered, {sums.done} with it",
        )


def _nothing() -> ibis.Value:
    import ibis

    return ibis.literal(0).cast("int64")


def quantile_of_orders(facts: Facts, share: float, lookback: int) -> Baseline:
    """A quantile of the value of paid orders; the deviation is the one that gives the quantile's error by order statistics."""
    paid, period = _paid(facts, lookback)
    counted = paid.group_by(value=paid.amount).aggregate(n=paid.count()).order_by("value")
    table = facts.fetch(counted, exact=True)
    units = sum(table.column("n").to_pylist())
    _enough_orders(units, lookback)
    values = CountedValues.of([float(value) for value in table.column("value").to_pylist()], table.column("n").to_pylist())
    normal = z(0.975)
    low, high = quantile_ranks(units, share, normal)
    error = quantile_error(values.ranked(low), values.ranked(high), normal)
    if error <= 0:
        raise NotEnoughData(
            "so many orders have the same value that the quantile's error cannot be told: give baseline_mean and deviation",
            needed="orders of different values around the quantile",
            found=f"{units} orders",
        )
    mean = values.quantile(share)
    return Baseline(units, units / period.days * 7, mean, error * sqrt(units), period, "order", "order value", money=True)


def from_orders(facts: Facts, lookback: int) -> Baseline:
    """Value of a paid order in the look-back, in minor units of the client's currency: mean and standard deviation over orders."""
    paid, period = _paid(facts, lookback)
    amount = paid.amount.cast("decimal(19, 0)")
    sums = facts.fetch(paid.aggregate(n=paid.count(), total=amount.sum(), squares=(amount * amount).sum())).to_pylist()[0]
    units = int(sums["n"])
    _enough_orders(units, lookback)
    mean = float(sums["total"]) / units
    variance = (int(sums["squares"]) - int(sums["total"]) ** 2 / units) / (units - 1)
    return Baseline(units, units / period.days * 7, mean, sqrt(max(variance, 0.0)), period, "order", "order value", money=True)


def _paid(facts: Facts, lookback: int) -> tuple[ibis.Table, Period]:
    orders = facts.table("orders")
    period = Period.ending(facts.as_of - timedelta(days=1), lookback)
    start, end = period.instants(facts.zone)
    mine = orders.filter(
        orders.status.fill_null("paid") == "paid", orders.currency == facts.currency, orders["at"] >= start, orders["at"] < end
    )
    return mine, period


def _enough_orders(units: int, lookback: int) -> None:
    if units < FEWEST_UNITS:
        raise NotEnoughData(
            "too few paid orders to know how much they vary: give baseline_mean and deviation",
            needed=f"{FEWEST_UNITS} orders in {lookback} days",
            found=str(units),
        )


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
