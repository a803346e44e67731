"""Signals of customers' health, from columns that are named or from the tables of usage, events, surveys and tickets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from pydantic import Field

from tools.contract import Frozen, NotEnoughData, ToolInputError, choice, quantity
from tools.scoring._columns import Cell, Columns, Floats, find_table, need_column, of_rows, with_ids

if TYPE_CHECKING:
    import ibis

    from tools.facts import Facts

Dimension = Literal["engagement", "satisfaction", "usage", "growth", "support"]
DIMENSIONS: tuple[Dimension, ...] = ("engagement", "satisfaction", "usage", "growth", "support")
WINDOW = 28  # days of behaviour that a signal looks back on
OPINION = 365
TICKETS = 90
DAY = 86_400
BEST = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}


class Signal(Frozen):
    """One signal of a dimension: a column, and which way is better."""

    dimension: Dimension = Field(description="engagement, satisfaction, usage, growth or support")
    column: str = Field(description="column with the signal, a number per customer")
    better: Literal["higher", "lower"] = Field("higher", description="which way is better")
    worst: float | None = quantity(
        "number", "value that scores nothing; with best, in place of ranks among the customers", default=None, ge=-1e15, le=1e15
    )
    best: float | None = quantity("number", "value that scores a hundred", default=None, ge=-1e15, le=1e15)
    weight: float = choice("number", "weight within its dimension", default=1.0, gt=0, le=1000)


class Customers(NamedTuple):
    """Customers with a value per signal (NaN where unknown), and whether each left, where that is known."""

    names: tuple[str, ...]
    signals: tuple[Signal, ...]
    values: tuple[Floats, ...]
    left: np.ndarray | None
    known: np.ndarray | None


def from_columns(
    facts: Facts,
    table: str | None,
    rows: tuple[Mapping[str, Cell], ...] | None,
    signals: tuple[Signal, ...],
    id_column: str | None,
    churned: str | None,
) -> Customers:
    """Customers from a table or from rows with a column per signal. Raises ToolInputError."""
    wanted = list(dict.fromkeys([signal.column for signal in signals] + [name for name in (id_column, churned) if name]))
    source: Any = None
    if rows is not None:
        there: Any = {name for row in rows for name in row}
    else:
        source = find_table(facts, str(table))
        there = source.columns
    for name in wanted:
        need_column(there, name, "signals" if name not in (id_column, churned) else "id_column" if name == id_column else "churned_column")
    columns: Columns = of_rows(rows, wanted) if rows is not None else with_ids(facts, source, wanted, None)[0]
    values = []
    for number, signal in enumerate(signals):
        column = columns[signal.column]
        if column.kind != "number":
            raise ToolInputError(f"the column {signal.column} holds no numbers", field=f"signals.{number}.column", found=column.kind)
        values.append(column.numbers)
    count = len(values[0])
    names = tuple(text or "unnamed" for text in columns[id_column].texts()) if id_column else tuple(str(row + 1) for row in range(count))
    left = known = None
    if churned is not None:
        label = columns[churned]
        if label.kind == "text":
            raise ToolInputError(f"{churned} does not say yes or no", field="churned_column", found=", ".join(label.levels[:10]))
        known = np.ones(count, dtype=bool) if label.kind == "moment" else ~label.missing
        left = ~label.missing if label.kind == "moment" else label.numbers == 1.0
    return Customers(names, signals, tuple(values), left, known)


def from_tables(facts: Facts, as_of: date, *, after: int | None = None) -> Customers:
    """Customers with a running subscription at the end of a day, their signals up to then, and who left in the `after` days that followed.

    Raises NotEnoughData when there are no subscriptions or nothing to read a signal from.
    """
    tables = set(facts.names())
    sources = {"usage", "events", "surveys", "tickets"} & tables
    if "subscriptions" not in tables or not sources:
        raise NotEnoughData(
            "there is nothing to read health from: name a table or rows with a column per signal, or import the tables",
            field="signals",
            needed="subscriptions, and usage, events, surveys or tickets",
            found=", ".join(sorted(tables)) or "no tables",
        )
    end = _midnight(as_of + timedelta(days=1), facts.zone)
    until = _midnight(as_of + timedelta(days=1 + (after or 0)), facts.zone)
    subscriptions = facts.table("subscriptions")
    running = subscriptions.filter(
        subscriptions.contact_id.notnull(),
        subscriptions.started_at < end,
        subscriptions.ended_at.isnull() | (subscriptions.ended_at >= end),
    )
    people = running.group_by("contact_id").aggregate(stays=(running.ended_at.isnull() | (running.ended_at >= until)).cast("int64").max())
    found: list[tuple[Signal, str]] = []
    for table, read in (("events", _events), ("surveys", _surveys), ("usage", _usage), ("tickets", _tickets)):
        if table in tables:
            of_person, signals = read(facts.table(table), as_of, end)
            people = people.left_join(of_person, "contact_id").drop("contact_id_right")
            found += [(signal, signal.column) for signal in signals]
    rows = facts.fetch(people.order_by("contact_id"))
    if rows.num_rows == 0:
        raise NotEnoughData("no subscription was running on this day", field="as_of", needed="running subscriptions", found="none")
    counted = {"active_days", "uses", "change_in_use", "tickets"}
    values = []
    for signal, name in found:
        numbers = rows.column(name).cast("double").to_numpy().astype(np.float64)
        # nobody who did nothing has a row: nothing done is zero, no opinion given is unknown
        values.append(np.where(np.isnan(numbers), 0.0, numbers) if signal.column in counted else numbers)
    left = rows.column("stays").to_numpy() == 0
    known = np.ones(len(left), dtype=bool) if after is not None else None
    return Customers(
        tuple(rows.column("contact_id").to_pylist()), tuple(signal for signal, _ in found), tuple(values), left if after else None, known
    )


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone))


def _events(events: ibis.Table, as_of: date, end: datetime) -> tuple[ibis.Table, list[Signal]]:
    rows = events.filter(events["at"] < end, events["at"] >= end - timedelta(days=WINDOW), events.contact_id.notnull())
    days = (rows["at"].epoch_seconds().cast("int64") // DAY).nunique().cast("int64")
    return rows.group_by("contact_id").aggregate(active_days=days), [Signal(dimension="engagement", column="active_days")]


def _surveys(surveys: ibis.Table, as_of: date, end: datetime) -> tuple[ibis.Table, list[Signal]]:
    rows = surveys.filter(surveys["at"] < end, surveys["at"] >= end - timedelta(days=OPINION), surveys.contact_id.notnull())
    low = rows.kind.cases(*((kind, bounds[0]) for kind, bounds in BEST.items()), else_=0)
    span = rows.kind.cases(*((kind, bounds[1] - bounds[0]) for kind, bounds in BEST.items()), else_=10)
    # thousandths, so that sums are whole and the same on every engine
    rows = rows.mutate(thousandths=((rows.score - low) * 1000 / span).round().cast("int64"))
    mean = rows.thousandths.sum() / rows.count()
    return rows.group_by("contact_id").aggregate(satisfaction=mean), [
        Signal(dimension="satisfaction", column="satisfaction", worst=0, best=1000)
    ]


def _usage(usage: ibis.Table, as_of: date, end: datetime) -> tuple[ibis.Table, list[Signal]]:
    import ibis

    first, before = as_of - timedelta(days=WINDOW - 1), as_of - timedelta(days=2 * WINDOW - 1)
    rows = usage.filter(usage.day <= as_of, usage.day >= before)
    now = ibis.cases((rows.day >= ibis.literal(first), rows.uses), else_=0).sum().cast("int64")
    then = ibis.cases((rows.day < ibis.literal(first), rows.uses), else_=0).sum().cast("int64")
    of_person = rows.group_by("contact_id").aggregate(uses=now, uses_before=then)
    of_person = of_person.mutate(change_in_use=(of_person.uses - of_person.uses_before)).drop("uses_before")
    return of_person, [Signal(dimension="usage", column="uses"), Signal(dimension="growth", column="change_in_use")]


def _tickets(tickets: ibis.Table, as_of: date, end: datetime) -> tuple[ibis.Table, list[Signal]]:
    rows = tickets.filter(tickets.opened_at < end, tickets.opened_at >= end - timedelta(days=TICKETS), tickets.contact_id.notnull())
    return rows.group_by("contact_id").aggregate(tickets=rows.count().cast("int64")), [
        Signal(dimension="support", column="tickets", better="lower")
    ]
