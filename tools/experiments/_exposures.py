"""Exposures of one experiment, one row per unit: the first one counts, units that saw two arms are set aside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tools.contract import NotEnoughData

if TYPE_CHECKING:
    import ibis

    from tools.facts import Facts


@dataclass(frozen=True, slots=True)
class ArmCount:
    """Units of one arm: all, and those whose window has closed."""

    arm: str
    units: int
    closed: int


@dataclass(frozen=True, slots=True)
class Exposed:
    """What the log of exposures says of an experiment, up to the start of the day asked for; first and last are of any exposure."""

    arms: tuple[ArmCount, ...]
    crossed: int
    repeated: int
    first: datetime
    last: datetime

    @property
    def units(self) -> int:
        """Units that saw one arm only."""
        return sum(arm.units for arm in self.arms)

    @property
    def open(self) -> int:
        """Units whose window has not closed: shown, not counted."""
        return sum(arm.units - arm.closed for arm in self.arms)

    @property
    def crossed_share(self) -> float:
        """Share of all units that saw more than one arm."""
        return self.crossed / max(1, self.units + self.crossed)


def day_start(facts: Facts) -> datetime:
    """The first instant of the day asked for in the client's zone: that day is not over, so nothing of it counts."""
    return datetime.combine(facts.as_of, time(), ZoneInfo(facts.zone))


def units_of(facts: Facts, experiment: str) -> ibis.Table:
    """One row per unit: unit_id, arm, entered_at (first exposure), arms (how many it saw), rows (how often it was logged)."""
    exposures = facts.table("exposures")
    mine = exposures.filter(exposures.experiment == experiment, exposures["at"] < day_start(facts))
    units = mine.group_by("unit_id").aggregate(
        arm=mine.arm.min(), other=mine.arm.max(), entered_at=mine["at"].min(), rows=mine.count().cast("int64")
    )
    return units.mutate(crossed=units.arm != units.other)


def known_until(facts: Facts, tables: tuple[str, ...]) -> datetime:
    """Until when outcomes are known: the start of the day asked for, or the newest row of the outcome tables if that is earlier."""
    until = day_start(facts)
    for name in tables:
        table = facts.table(name)
        last = facts.fetch(table.aggregate(last=table["at"].max())).to_pylist()[0]["last"]
        if last is not None:
            until = min(until, last.astimezone(until.tzinfo) + timedelta(microseconds=1))
    return until


def closing(until: datetime, window_days: int) -> datetime:
    """Units that entered at or before this instant have their whole window behind them."""
    return until - timedelta(days=window_days)


def span(facts: Facts, experiment: str) -> tuple[datetime, datetime]:
    """First and last exposure. Raises NotEnoughData when the experiment has none."""
    exposures = facts.table("exposures")
    mine = exposures.filter(exposures.experiment == experiment, exposures["at"] < day_start(facts))
    row = facts.fetch(mine.aggregate(first=mine["at"].min(), last=mine["at"].max())).to_pylist()[0]
    if row["first"] is None:
        raise NotEnoughData(
            f"no exposures of the experiment {experiment!r} are on record before this day",
            field="experiment",
            needed="rows of exposures with this name",
            found=_others(facts),
        )
    return row["first"], row["last"]


def flagged(facts: Facts, experiment: str, closed_by: datetime, middle: datetime) -> ibis.Table:
    """Units with `closed`, whether their window is over, and `early`, whether they entered before `middle`: one or zero."""
    units = units_of(facts, experiment)
    return units.mutate(closed=(units.entered_at <= closed_by).cast("int64"), early=(units.entered_at < middle).cast("int64"))


def counts_of(units: ibis.Table) -> ibis.Table:
    """Units, closed ones and rows by whether they crossed, arm and half."""
    return units.group_by("crossed", "arm", "early").aggregate(
        units=units.count().cast("int64"), closed=units.closed.sum().cast("int64"), rows=units["rows"].sum().cast("int64")
    )


def exposed_of(rows: list[dict[str, Any]], first: datetime, last: datetime) -> Exposed:
    """What those counts say. Crossed units belong to no arm."""
    arms: dict[str, list[int]] = {}
    for row in rows:
        if not row["crossed"]:
            mine = arms.setdefault(row["arm"], [0, 0])
            mine[0] += int(row["units"])
            mine[1] += int(row["closed"])
    return Exposed(
        arms=tuple(ArmCount(arm, units, closed) for arm, (units, closed) in sorted(arms.items())),
        crossed=sum(int(row["units"]) for row in rows if row["crossed"]),
        repeated=sum(int(row["rows"]) - int(row["units"]) for row in rows),
        first=first,
        last=last,
    )


def count(facts: Facts, experiment: str, closed_by: datetime) -> Exposed:
    """Units per arm, crossed units and repeated rows. Raises NotEnoughData when the experiment has no exposures."""
    first, last = span(facts, experiment)
    counts = counts_of(flagged(facts, experiment, closed_by, first)).order_by("crossed", "arm", "early")
    return exposed_of(facts.fetch(counts).to_pylist(), first, last)


def _others(facts: Facts) -> str:
    exposures = facts.table("exposures")
    names = (
        facts.fetch(exposures.group_by("experiment").aggregate(n=exposures.count()).order_by("experiment")).column("experiment").to_pylist()
    )
    return "experiments: " + ", ".join(map(str, names[:20]))


def arms_by(facts: Facts, experiment: str, column: str) -> dict[str, dict[str, int]]:
    """Units per value of a column of contacts and per arm, crossed units left out. People without a record are 'unknown'."""
    units, contacts = units_of(facts, experiment), facts.table("contacts")
    people = contacts.select(contact_id=contacts.contact_id, value=contacts[column])
    joined = units.filter(~units.crossed).left_join(people, units.unit_id == people.contact_id)
    joined = joined.mutate(value=joined.value.fill_null("unknown"))
    rows = facts.fetch(joined.group_by("value", "arm").aggregate(units=joined.count()).order_by("value", "arm")).to_pylist()
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row["value"], {})[row["arm"]] = int(row["units"])
    return found
