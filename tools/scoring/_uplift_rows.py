"""Units of a randomised test as arrays: who was treated, what came of it, and standardised features from before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tools.contract import NotEnoughData, ToolInputError
from tools.methods.uplift import imbalance
from tools.scoring._uplift_request import MeasureUplift, UnitRows

if TYPE_CHECKING:
    import pyarrow as pa

    from tools.facts import Facts

Floats = NDArray[np.float64]

FEWEST = 200  # units of an arm
FEWEST_OUTCOMES = 20  # of each kind and arm when the outcome is yes or no
MOST_LEVELS = 20  # values of a text column that become features
UNBALANCED = 0.001  # p below which who was treated was not left to chance, as for a sample ratio


@dataclass(frozen=True, slots=True)
class Units:
    """One entry per unit. `names`: of the features' columns; `segments`: the group of each unit, where a column was named."""

    treated: NDArray[np.bool_]
    outcome: Floats
    features: Floats
    names: tuple[str, ...]
    segments: NDArray[np.str_] | None
    binary: bool
    others: int


def read_units(request: MeasureUplift, facts: Facts) -> Units:
    """Raises ToolInputError for columns that are not there, features that tell who was treated, and outcomes that are no numbers."""
    rows = request.rows
    if rows is None:
        raise ToolInputError("no table of units is named", field="rows")
    table = facts.table(rows.table)
    for name in (rows.arm_column, rows.outcome_column, *rows.feature_columns, *([rows.segment_column] if rows.segment_column else [])):
        if name not in table.columns:
            raise ToolInputError(f"the table has no column {name!r}", field="rows", found=", ".join(table.columns)[:300])
    features = _features(rows, list(table.columns))
    if not features:
        raise ToolInputError("uplift is learned from what was known before: name at least one column", field="rows.feature_columns")
    wanted = list(dict.fromkeys([rows.arm_column, rows.outcome_column, *features, *([rows.segment_column] if rows.segment_column else [])]))
    arm = table[rows.arm_column].cast("string")
    chosen = table.filter(arm.isin([rows.treatment, rows.control])).select(*wanted)
    others = facts.fetch(table.aggregate(n=table.count())).to_pylist()[0]["n"]
    data = facts.fetch(chosen.order_by(wanted))
    arms = np.array([str(value).lower() if isinstance(value, bool) else str(value) for value in data[rows.arm_column].to_pylist()])
    treated = arms == rows.treatment
    _enough(rows, treated)
    outcome = _numbers(data, rows.outcome_column, "rows.outcome_column")
    binary = bool(np.isin(outcome, (0.0, 1.0)).all())
    _two_kinds(outcome, treated, binary)
    matrix, names = _matrix(data, features)
    _balanced(matrix, names, treated)
    segments = None
    if rows.segment_column:
        segments = np.array(["unknown" if value is None else str(value) for value in data[rows.segment_column].to_pylist()])
        if len(np.unique(segments)) > MOST_LEVELS:
            raise ToolInputError(
                f"the column has more than {MOST_LEVELS} groups, too many to show",
                field="rows.segment_column",
                found=str(len(np.unique(segments))),
            )
    return Units(treated, outcome, matrix, names, segments, binary, int(others) - len(outcome))


def _features(rows: UnitRows, columns: list[str]) -> list[str]:
    taken = {rows.arm_column, rows.outcome_column}
    if clash := taken & set(rows.feature_columns):
        raise ToolInputError(f"{', '.join(sorted(clash))} cannot be a feature: it is the arm or the outcome", field="rows.feature_columns")
    return list(rows.feature_columns) or [name for name in columns if name not in taken]


def _enough(rows: UnitRows, treated: NDArray[np.bool_]) -> None:
    counts = int(treated.sum()), int((~treated).sum())
    if min(counts) < FEWEST:
        raise NotEnoughData(
            "there are too few units in an arm to tell whom the treatment moves",
            field="rows",
            needed=f"{FEWEST} units in each arm",
            found=f"{counts[0]} {rows.treatment!r}, {counts[1]} {rows.control!r}",
        )


def _numbers(data: pa.Table, name: str, field: str) -> Floats:
    import pyarrow as pa
    import pyarrow.compute as pc

    column = data[name]
    if pa.types.is_boolean(column.type):
        column = pc.cast(column, pa.int8())
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_decimal(column.type)):
        raise ToolInputError(f"the column {name!r} holds no numbers", field=field, found=str(column.type))
    values = np.asarray(pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False), np.float64)
    if not np.isfinite(values).all():
        raise ToolInputError(
            f"{int((~np.isfinite(values)).sum())} units have no finite {name}: fill them in, or leave these units out of both arms",
            field=field,
        )
    return values


def _two_kinds(outcome: Floats, treated: NDArray[np.bool_], binary: bool) -> None:
    if outcome.min() == outcome.max():
        raise NotEnoughData(
            "every unit has the same outcome: there is nothing to tell apart", needed="outcomes that differ", found=f"{outcome[0]:g}"
        )
    if binary:
        least = min(int(outcome[arm].sum()) for arm in (treated, ~treated))
        if least < FEWEST_OUTCOMES:
            raise NotEnoughData(
                "too few units with the outcome to tell whom the treatment moves",
                needed=f"{FEWEST_OUTCOMES} outcomes in each arm",
                found=str(least),
            )


def _matrix(data: pa.Table, features: list[str]) -> tuple[Floats, tuple[str, ...]]:
    """Standardised columns: numbers with a column for what is missing, texts as one column per common value."""
    import pyarrow as pa
    import pyarrow.compute as pc

    columns: list[Floats] = []
    names: list[str] = []
    for name in features:
        column = data[name]
        if pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_decimal(column.type):
            values = np.asarray(pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False), np.float64)
            values = np.where(np.isinf(values), np.nan, values)
            missing = np.isnan(values)
            if missing.all():
                continue
            columns += [np.where(missing, np.nanmedian(values), values)] + ([missing.astype(np.float64)] if missing.any() else [])
            names += [name] + ([f"{name} is missing"] if missing.any() else [])
        elif pa.types.is_string(column.type) or pa.types.is_large_string(column.type) or pa.types.is_boolean(column.type):
            texts = np.array(["" if value is None else str(value) for value in column.to_pylist()])
            levels, counts = np.unique(texts, return_counts=True)
            if len(levels) > MOST_LEVELS:
                continue
            for level in levels[counts < len(texts)][1:] if len(levels) > 1 else []:
                columns.append((texts == level).astype(np.float64))
                names.append(f"{name} is {level}")
    kept = [(column, name) for column, name in zip(columns, names, strict=True) if column.std() > 0]
    if not kept:
        raise NotEnoughData("no feature varies: all columns are constant, ids or texts without common values", field="rows.feature_columns")
    matrix = np.column_stack([(column - column.mean()) / column.std() for column, _ in kept])
    return matrix, tuple(name for _, name in kept)


def _balanced(matrix: Floats, names: tuple[str, ...], treated: NDArray[np.bool_]) -> None:
    """Raises ToolInputError when the features tell who was treated: not random, or recorded after the treatment."""
    p_value, z = imbalance(matrix, treated)
    if p_value >= UNBALANCED:
        return
    worst = [names[place] for place in np.argsort(-np.abs(z))[:3] if abs(z[place]) > 3]
    raise ToolInputError(
        "the features tell who was treated, so chance alone did not decide, or they were recorded after the treatment: "
        f"leave out what came after ({', '.join(worst) or 'several columns together'}), or run a test that assigns at random",
        field="rows.feature_columns",
        needed=f"a p-value of {UNBALANCED} or more for features against assignment",
        found=f"{p_value:.2g}",
    )
