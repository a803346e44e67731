"""The primary metric's sums by part of the audience, by a column of contacts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tools.contract import ToolInputError
from tools.experiments._exposures import Span, parts_of
from tools.experiments._request import SubgroupTotals
from tools.experiments._sums import Variable, as_totals, read_sums, sums_of

if TYPE_CHECKING:
    import ibis

    from tools.facts import Facts

MOST_PARTS = 20  # parts of one dimension that are looked at; the rest are taken together, so that none is chosen by what it shows
REST = "all other"
Sums = Mapping[str, float]


def by_contacts(
    facts: Facts,
    seen: Span,
    closed: ibis.Table,
    per_unit: ibis.Table,
    columns: Iterable[str],
    number: int,
    used: Sequence[Variable],
    money: bool,
) -> tuple[SubgroupTotals, ...]:
    """Of metric `number`, whose variables are `used`, for each column: closed units and their sums by part and arm."""
    found: list[SubgroupTotals] = []
    for column in columns:
        units = parts_of(facts, closed.select("unit_id", "cell"), column)
        counted = facts.fetch(
            units.group_by("part", "cell").aggregate(units=units.count()).order_by("part", "cell"), exact=True
        ).to_pylist()
        sums = sums_of(parts_of(facts, per_unit, column), {number: used}, ("part", "cell"), {number} if money else frozenset())
        rows = read_sums(facts.fetch(sums.order_by("part", "cell"), exact=True).to_pylist(), {number: used}, ("part", "cell"))[number]
        sizes: dict[tuple[str, str], int] = {}
        totals: dict[tuple[str, str], dict[str, float]] = {}
        for row in counted:
            place = (row["part"], seen.arms[row["cell"] // 2])
            sizes[place] = sizes.get(place, 0) + int(row["units"])
        for (part, cell), values in rows.items():
            place = (part, seen.arms[cell // 2])
            totals[place] = _added(totals.get(place, {}), values)
        found += parts_from(column, sizes, totals, used)
    return tuple(found)


def parts_from(
    dimension: str, sizes: Mapping[tuple[str, str], int], totals: Mapping[tuple[str, str], Sums], used: Sequence[Variable]
) -> list[SubgroupTotals]:
    """Sums by (part, arm) as subgroups: the largest parts by name, the others together. A part without units in every arm joins them."""
    arms = sorted({arm for _, arm in sizes})
    units = {part: sum(sizes.get((part, arm), 0) for arm in arms) for part, _ in sizes}
    largest = sorted(units, key=lambda part: (-units[part], part))[:MOST_PARTS]
    kept = {part for part in largest if all(sizes.get((part, arm)) for arm in arms)}
    n: dict[tuple[str, str], int] = {}
    sums: dict[tuple[str, str], Sums] = {}
    for (part, arm), count in sorted(sizes.items()):
        place = (part if part in kept else REST, arm)
        n[place] = n.get(place, 0) + count
        sums[place] = _added(sums.get(place, {}), totals.get((part, arm), {}))
    return [
        SubgroupTotals.model_construct(
            dimension=dimension, part=part, totals=tuple(as_totals(arm, n[part, arm], sums[part, arm], used) for arm in arms)
        )
        for part in sorted({part for part, _ in n})
        if all((part, arm) in n for arm in arms)
    ]


def _added(a: Sums, b: Sums) -> dict[str, float]:
    return {name: a.get(name, 0) + b.get(name, 0) for name in {**a, **b}}


def from_columns(
    facts: Facts,
    table: ibis.Table,
    arm: Any,
    column: Any,
    name: str,
    sums: Mapping[str, Any],
    used: Sequence[Variable],
    plain: Callable[[Any], float],
) -> list[SubgroupTotals]:
    """By a column of a units' table; `sums` are the aggregates of the primary metric, by their name."""
    part = column.cast("string").fill_null("unknown")
    grouped = table.group_by(part=part, arm_=arm).aggregate(units=table.count(), **sums).order_by("part", "arm_").limit(MOST_ROWS + 1)
    rows = facts.fetch(grouped).to_pylist()
    if len(rows) > MOST_ROWS:
        raise ToolInputError(f"the column {name!r} has too many values to divide an audience by", field="units_table.subgroup_columns")
    sizes = {(row["part"], str(row["arm_"])): int(row["units"]) for row in rows}
    totals = {(row["part"], str(row["arm_"])): {key: plain(row[key]) for key in sums} for row in rows}
    return parts_from(name, sizes, totals, used)


MOST_ROWS = 10_000
