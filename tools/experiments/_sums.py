"""Sums and products of unit-level columns by arm, added up in the engine as whole numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any, Literal

from tools.contract import ToolInputError
from tools.experiments._request import ArmTotals, Products
from tools.methods.counted_values import CountedValues, pooled_cap

if TYPE_CHECKING:
    import ibis

    from tools.facts import Facts

Variable = Literal["outcome", "denominator", "before", "before_denominator"]
SUM = {"outcome": "sum", "denominator": "denominator_sum", "before": "before_sum", "before_denominator": "before_denominator_sum"}
MOST_VALUES = 500_000  # distinct outcomes that are carried out of the engine for a quantile or a cap


def sums_of(per_unit: ibis.Table, used: Mapping[int, Sequence[Variable]], by: Sequence[str], money: Set[int]) -> ibis.Table:
    """`m0__outcome`, `m0__outcome_outcome`, `m0__outcome_before` … summed over units by group. Whole-number columns only.

    Products of two amounts of `money` may pass 64 bits: as decimals they stay exact on every engine. Products of two counts do not.
    """
    columns = {}
    for number, variables in used.items():
        for place, variable in enumerate(variables):
            kind = "decimal(19, 0)" if number in money else "int64"
            one = per_unit[f"m{number}_{variable}"].cast(kind)
            columns[f"m{number}__{variable}"] = one.sum().cast("decimal(38, 0)")
            for other in variables[: place + 1]:
                product = per_unit[f"m{number}_{other}"].cast(kind) * one
                columns[f"m{number}__{other}_{variable}"] = product.sum().cast("decimal(38, 0)")
    return per_unit.group_by(*by).aggregate(**columns)


def read_sums(
    rows: Sequence[Mapping[str, Any]], used: Mapping[int, Any], by: Sequence[str]
) -> dict[int, dict[tuple[Any, ...], dict[str, int]]]:
    """By metric number and group."""
    found: dict[int, dict[tuple[Any, ...], dict[str, int]]] = {number: {} for number in used}
    for row in rows:
        place = tuple(row[name] for name in by)
        for number in used:
            mark = f"m{number}__"
            found[number][place] = {name.removeprefix(mark): int(value or 0) for name, value in row.items() if name.startswith(mark)}
    return found


def as_totals(arm: str, units: int, sums: Mapping[str, float], used: Sequence[Variable]) -> ArmTotals:
    """An arm's sums as the analysis takes them. Not validated again: they come from the engine, and stay whole numbers."""
    fields: dict[str, Any] = {}
    products: dict[str, Any] = {}
    for place, variable in enumerate(used):
        fields[SUM[variable]] = sums.get(variable, 0)
        fields[f"{SUM[variable]}_of_squares"] = sums.get(f"{variable}_{variable}", 0)
        for other in used[:place]:
            products[f"{other}_{variable}"] = sums.get(f"{other}_{variable}", 0)
    empty = dict.fromkeys(Products.model_fields)
    plain = {
        name: field.get_default(call_default_factory=True) for name, field in ArmTotals.model_fields.items() if not field.is_required()
    }
    return ArmTotals.model_construct(
        **{**plain, "arm": arm, "units": units, "products": Products.model_construct(**{**empty, **products}), **fields}
    )


def counted_totals(facts: Facts, per_unit: ibis.Table, column: str, arms: Sequence[str], units: Mapping[str, int]) -> tuple[ArmTotals, ...]:
    """Distinct values of a column by arm with their counts; units without a row have zero."""
    value = per_unit[column]
    counted = per_unit.group_by("cell", value=value).aggregate(units=per_unit.count()).order_by("cell", "value").limit(MOST_VALUES + 1)
    table = facts.fetch(counted, exact=True)
    if table.num_rows > MOST_VALUES:
        raise ToolInputError("too many distinct outcomes for a quantile or a cap: round the outcome first", field="metrics")
    rows: dict[str, dict[float, int]] = {arm: {} for arm in units}
    for cell, found, count in zip(*(table.column(name).to_pylist() for name in ("cell", "value", "units")), strict=True):
        mine = rows[arms[cell // 2]]
        mine[float(found)] = mine.get(float(found), 0) + int(count)
    for arm, total in units.items():
        silent = total - sum(rows[arm].values())
        rows[arm][0.0] = rows[arm].get(0.0, 0) + silent
    plain = {
        name: field.get_default(call_default_factory=True) for name, field in ArmTotals.model_fields.items() if not field.is_required()
    }
    return tuple(
        ArmTotals.model_construct(**{**plain, "arm": arm, "units": units[arm], "values": tuple(found), "counts": tuple(found.values())})
        for arm, found in sorted(rows.items())
    )


def capped(totals: Sequence[ArmTotals], share: float) -> float:
    """The cap of all arms together."""
    return pooled_cap([CountedValues.of(row.values, row.counts) for row in totals], share)
