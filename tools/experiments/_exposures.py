"""Exposures of one experiment, one row per unit: the first one counts, units that saw two arms are set aside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tools.contract import NotEnoughData

if TYPE_CHECKING:
    import ibis

    from tools.facts import Facts


@dataclass(frozen=True, slots=True)
class ArmCount:
    """Units of one arm: all, and those whose window has closed. `first` and `last` are their first exposures."""

    arm: str
    units: int
    closed: int


@dataclass(frozen=True, slots=True)
class Exposed:
    """What the log of exposures says of an experiment, up to the start of the day asked for."""

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


def count(facts: Facts, experiment: str, closed_by: datetime) -> Exposed:
    """Units per arm, crossed units and repeated rows. Raises NotEnoughData when the experiment has no exposures."""
    units = units_of(facts, experiment)
    closed = (~units.crossed & (units.entered_at <= closed_by)).cast("int64")
    rows = facts.fetch(
        units.group_by("crossed", "arm")
        .aggregate(
            units=units.count(), closed=closed.sum(), rows=units["rows"].sum(), first=units.entered_at.min(), last=units.entered_at.max()
        )
        .order_by("crossed", "arm")
    ).to_pylist()
    if not rows:
        raise NotEnoughData(
            f"no exposures of the experiment {experiment!r} are on record before this day",
            field="experiment",
            needed="rows of exposures with this name",
            found=_others(facts),
        )
    return Exposed(
        arms=tuple(ArmCount(row["arm"], int(row["units"]), int(row["closed"])) for row in rows if not row["crossed"]),
        crossed=sum(int(row["units"]) for row in rows if row["crossed"]),
        repeated=sum(int(row["rows"]) - int(row["units"]) for row in rows),
        first=min(row["first"] for row in rows),
        last=max(row["last"] for row in rows),
    )


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
