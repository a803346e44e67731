"""Exposures of one experiment, one row per unit: the first one counts, units that saw two arms are set aside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tools.contract import NotEnoughData, ToolInputError
from tools.experiments._instants import instant, micros

if TYPE_CHECKING:
    import ibis

    from tools.facts import Facts


MOST_ARMS = 100


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


@dataclass(frozen=True, slots=True)
class Span:
    """First and last exposure of an experiment, and its arms by name; an arm's place here is its number in the engine."""

    first: datetime
    last: datetime
    arms: tuple[str, ...]


def mine_of(facts: Facts, experiment: str) -> ibis.Table:
    """The experiment's rows up to the start of the day asked for."""
    exposures = facts.table("exposures")
    return exposures.filter(exposures.experiment == experiment, exposures["at"] < day_start(facts))


def units_of(facts: Facts, experiment: str, arms: tuple[str, ...]) -> ibis.Table:
    """One row per unit: unit_id, arm and other (smallest and largest arm seen), entered (microseconds), rows (times logged), crossed.

    Arms are numbers and moments whole microseconds: grouping ten million units by them takes half of what text and calendars take.
    """
    mine = mine_of(facts, experiment)
    number = mine.arm.cases(*((arm, place) for place, arm in enumerate(arms)), else_=-1).cast("int16")
    units = mine.group_by("unit_id").aggregate(
        arm=number.min(), other=number.max(), entered=micros(mine["at"]).min(), rows=mine.count().cast("int64")
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


def span(facts: Facts, experiment: str) -> Span:
    """First and last exposure, and the arms. Raises NotEnoughData when the experiment has none."""
    mine = mine_of(facts, experiment)
    rows = facts.fetch(
        mine.group_by("arm").aggregate(first=mine["at"].min(), last=mine["at"].max()).order_by("arm"), exact=True
    ).to_pylist()
    if not rows:
        raise NotEnoughData(
            f"no exposures of the experiment {experiment!r} are on record before this day",
            field="experiment",
            needed="rows of exposures with this name",
            found=_others(facts),
        )
    if len(rows) > MOST_ARMS:
        raise ToolInputError(
            f"the exposures of {experiment!r} name more arms than an experiment can have: is another column in `arm`?",
            field="experiment",
            needed=f"{MOST_ARMS} arms at most",
            found=str(len(rows)),
        )
    return Span(min(row["first"] for row in rows), max(row["last"] for row in rows), tuple(str(row["arm"]) for row in rows))


def flagged(facts: Facts, experiment: str, arms: tuple[str, ...], closed_by: datetime, middle: datetime) -> ibis.Table:
    """Units with `closed`, whether their window is over, and `cell`: twice the arm's number, plus one for those before `middle`."""
    units = units_of(facts, experiment, arms)
    early = (units.entered < instant(middle)).cast("int16")
    return units.mutate(closed=units.entered <= instant(closed_by), cell=(units.arm * 2 + early).cast("int16"))


def counts_of(units: ibis.Table) -> ibis.Table:
    """Units, closed ones and rows by whether they crossed and by cell."""
    return units.group_by("crossed", "cell").aggregate(
        units=units.count().cast("int64"), closed=units.closed.cast("int64").sum().cast("int64"), rows=units["rows"].sum().cast("int64")
    )


def exposed_of(rows: list[dict[str, Any]], seen: Span) -> Exposed:
    """What those counts say. Crossed units belong to no arm."""
    arms: dict[str, list[int]] = {}
    for row in rows:
        if not row["crossed"]:
            mine = arms.setdefault(seen.arms[row["cell"] // 2], [0, 0])
            mine[0] += int(row["units"])
            mine[1] += int(row["closed"])
    return Exposed(
        arms=tuple(ArmCount(arm, units, closed) for arm, (units, closed) in sorted(arms.items())),
        crossed=sum(int(row["units"]) for row in rows if row["crossed"]),
        repeated=sum(int(row["rows"]) - int(row["units"]) for row in rows),
        first=seen.first,
        last=seen.last,
    )


def count(facts: Facts, experiment: str, closed_by: datetime) -> Exposed:
    """Units per arm, crossed units and repeated rows. Raises NotEnoughData when the experiment has no exposures."""
    seen = span(facts, experiment)
    counts = counts_of(flagged(facts, experiment, seen.arms, closed_by, seen.first)).order_by("crossed", "cell")
    return exposed_of(facts.fetch(counts, exact=True).to_pylist(), seen)


def _others(facts: Facts) -> str:
    exposures = facts.table("exposures")
    names = (
        facts.fetch(exposures.group_by("experiment").aggregate(n=exposures.count()).order_by("experiment")).column("experiment").to_pylist()
    )
    return "experiments: " + ", ".join(map(str, names[:20]))


def parts_of(facts: Facts, units: ibis.Table, column: str) -> ibis.Table:
    """The units with `part`: what a column of contacts says of the person. People without a record are 'unknown'."""
    contacts = facts.table("contacts")
    people = contacts.select(person=contacts.contact_id, part=contacts[column].cast("string"))
    joined = units.left_join(people, units.unit_id == people.person).drop("person")
    return joined.mutate(part=joined.part.fill_null("unknown"))


def arms_by(facts: Facts, experiment: str, column: str) -> dict[str, dict[str, int]]:
    """Units per value of a column of contacts and per arm, crossed units left out."""
    arms = span(facts, experiment).arms
    units = units_of(facts, experiment, arms)
    joined = parts_of(facts, units.filter(~units.crossed).select("unit_id", "arm"), column)
    rows = facts.fetch(joined.group_by("part", "arm").aggregate(units=joined.count()).order_by("part", "arm"), exact=True).to_pylist()
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row["part"], {})[arms[row["arm"]]] = int(row["units"])
    return found
