"""Sums by arm from a table that already has one row per unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tools.contract import NotEnoughData, ToolInputError
from tools.experiments._request import AnalyzeExperiment, ArmTotals, Metric
from tools.experiments._subgroup_sums import from_columns
from tools.experiments._sums import MOST_VALUES, Variable, as_totals

if TYPE_CHECKING:
    import ibis

    from tools.facts import Facts


def read_units(request: AnalyzeExperiment, facts: Facts) -> AnalyzeExperiment:
    """The request with the sums of every metric. One pass over the columns that it names."""
    if request.units_table is None:
        raise ToolInputError("no units' table is named", field="units_table")
    table = facts.table(request.units_table.table)
    arm = _column(table, request.units_table.arm_column, "units_table.arm_column")
    if request.units_table.unit_column is not None:
        _each_once(facts, _column(table, request.units_table.unit_column, "units_table.unit_column"), table)
    used = {number: _variables(metric) for number, metric in enumerate(request.metrics)}
    columns: dict[str, Any] = {"units": table.count()}
    whole = True
    for number, variables in used.items():
        found = {variable: _number(table, name, request.metrics[number]) for variable, name in variables.items()}
        whole = whole and all(one.type().is_integer() for one in found.values())
        names = list(found)
        for place, variable in enumerate(names):
            columns[f"m{number}__{variable}"] = found[variable].sum()
            columns[f"known{number}__{variable}"] = found[variable].count()
            for other in names[: place + 1]:
                columns[f"m{number}__{other}_{variable}"] = _product(found[other], found[variable]).sum()
    rows = facts.fetch(table.group_by(arm_=arm).aggregate(**columns).order_by("arm_"), exact=whole).to_pylist()
    if any(row["arm_"] is None for row in rows):
        raise ToolInputError("some units have no arm", field="units_table.arm_column")
    metrics = []
    for number, metric in enumerate(request.metrics):
        totals = []
        for row in rows:
            mark = f"m{number}__"
            missing = max(int(row["units"]) - int(row[f"known{number}__{variable}"]) for variable in used[number])
            if missing:
                raise NotEnoughData(
                    f"{missing} units of arm {row['arm_']!r} have no {metric.name}: fill them in, or leave these units out",
                    field=f"metrics.{metric.name}.column",
                )
            sums = {name.removeprefix(mark): _plain(value) for name, value in row.items() if name.startswith(mark)}
            totals.append(as_totals(str(row["arm_"]), int(row["units"]), sums, list(used[number])))
        if _by_values(metric):
            totals = list(_values(facts, table, arm, _number(table, used[number]["outcome"], metric), metric))
        metrics.append(metric.model_copy(update={"totals": tuple(totals)}))
    primary = next(number for number, metric in enumerate(metrics) if metric.role == "primary")
    mark, parts = f"m{primary}__", []
    sums = {name.removeprefix(mark): value for name, value in columns.items() if name.startswith(mark)}
    if request.units_table.subgroup_columns and _by_values(request.metrics[primary]):
        raise ToolInputError("a quantile or a capped outcome is not looked at by subgroups", field="units_table.subgroup_columns")
    for name in request.units_table.subgroup_columns:
        column = _column(table, name, "units_table.subgroup_columns")
        parts += from_columns(facts, table, arm, column, name, sums, list(used[primary]), _plain)
    if parts:
        metrics[primary] = metrics[primary].model_copy(update={"subgroups": tuple(parts)})
    return request.model_copy(update={"metrics": tuple(metrics)})


def _each_once(facts: Facts, unit: ibis.Column, table: ibis.Table) -> None:
    """A unit in two rows is counted twice, or stands in two arms: neither gives a result."""
    seen = facts.fetch(table.aggregate(rows=table.count(), units=unit.nunique())).to_pylist()[0]
    if seen["rows"] != seen["units"]:
        raise ToolInputError(
            "units come more than once in the units' table: keep one row per unit, with the arm it was given first",
            field="units_table.unit_column",
            needed=f"{seen['rows']} different units",
            found=str(seen["units"]),
        )


def _variables(metric: Metric) -> dict[Variable, str]:
    if _by_values(metric) and (metric.before_column or metric.kind == "ratio"):
        raise ToolInputError(
            "a quantile or a cap from a units' table takes no covariate and no ratio: cap the column beforehand, or leave it out",
            field=f"metrics.{metric.name}",
        )
    named: dict[Variable, str | None] = {
        "outcome": metric.column,
        "denominator": metric.denominator_column if metric.kind == "ratio" else None,
        "before": metric.before_column,
        "before_denominator": metric.before_denominator_column if metric.before_column else None,
    }
    return {variable: name for variable, name in named.items() if name is not None}


def _by_values(metric: Metric) -> bool:
    """Whether the distinct values are needed, and not their sums only."""
    return metric.kind == "quantile" or metric.winsorise is not None


def _values(facts: Facts, table: ibis.Table, arm: Any, value: Any, metric: Metric) -> tuple[ArmTotals, ...]:
    """Distinct values of the outcome by arm, with their counts."""
    counted = table.group_by(arm_=arm, value=value).aggregate(n=table.count()).order_by("arm_", "value").limit(MOST_VALUES + 1)
    rows = facts.fetch(counted, exact=True)
    if rows.num_rows > MOST_VALUES:
        raise ToolInputError("too many distinct outcomes for a quantile or a cap: round the outcome first", field=f"metrics.{metric.name}")
    found: dict[str, tuple[list[float], list[int]]] = {}
    for name, one, n in zip(*(rows.column(column).to_pylist() for column in ("arm_", "value", "n")), strict=True):
        values, counts = found.setdefault(str(name), ([], []))
        values.append(float(one))
        counts.append(int(n))
    return tuple(
        ArmTotals.model_construct(**{**ArmTotals(arm=name, units=sum(counts)).__dict__, "values": tuple(values), "counts": tuple(counts)})
        for name, (values, counts) in sorted(found.items())
    )


def _column(table: ibis.Table, name: str, field: str) -> ibis.Column:
    if name not in table.columns:
        raise ToolInputError(f"the table has no column {name!r}", field=field, found=", ".join(table.columns)[:300])
    return table[name]


def _number(table: ibis.Table, name: str, metric: Metric) -> Any:
    column = _column(table, name, f"metrics.{metric.name}")
    kind = column.type()
    if kind.is_boolean():
        return column.cast("int64")
    if kind.is_numeric():
        return column
    raise ToolInputError(f"the column {name!r} holds no numbers", field=f"metrics.{metric.name}.column", found=str(kind))


def _product(a: Any, b: Any) -> Any:
    """Whole numbers multiply as 128-bit decimals where 64 bits might not hold them; fractions as doubles."""
    if all(one.type().is_integer() and one.type().nbytes <= 4 for one in (a, b)):
        return a.cast("int64") * b.cast("int64")
    if all(one.type().is_integer() for one in (a, b)):
        return a.cast("decimal(19, 0)") * b.cast("decimal(19, 0)")
    return a.cast("float64") * b.cast("float64")


def _plain(value: Any) -> float:
    if value is None:
        return 0
    return int(value) if not isinstance(value, float) else value
