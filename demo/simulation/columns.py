"""Arrays to Arrow columns of the types that the data contracts name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tools.contracts import CONTRACTS

TYPES: dict[str, pa.DataType] = {
    "id": pa.string(),
    "text": pa.string(),
    "category": pa.string(),
    "currency": pa.string(),
    "timestamp": pa.timestamp("us", "UTC"),
    "date": pa.date32(),
    "count": pa.int64(),
    "quantity": pa.decimal128(18, 6),
    "money": pa.int64(),
    "share": pa.float64(),
    "bool": pa.bool_(),
}


def schema(table: str) -> pa.Schema:
    """The Arrow schema of a contract."""
    return pa.schema([pa.field(column.name, TYPES[column.type], nullable=not column.required) for column in CONTRACTS[table].columns])


def conform(table: str, columns: Mapping[str, pa.Array]) -> pa.Table:
    """A table in the contract's column order and types; optional columns that are not given are null."""
    wanted = schema(table)
    rows = len(next(iter(columns.values())))
    unknown = set(columns) - set(wanted.names)
    if unknown:
        raise KeyError(f"{table} has no columns {sorted(unknown)}")
    arrays = [columns[field.name].cast(field.type) if field.name in columns else pa.nulls(rows, field.type) for field in wanted]
    return pa.Table.from_arrays(arrays, schema=wanted)


def ids(prefix: str, numbers: np.ndarray, missing: np.ndarray | None = None, width: int = 7) -> pa.Array:
    """Ids such as `C0000042`, null where `missing`."""
    digits = pc.utf8_lpad(pa.array(numbers.astype(np.int64), mask=missing).cast(pa.string()), width, padding="0")
    return pc.binary_join_element_wise(pa.scalar(prefix), digits, "")


def words(codes: np.ndarray, names: Sequence[str | None], missing: np.ndarray | None = None) -> pa.Array:
    """Names by code, null where `missing`."""
    return pc.take(pa.array(names, pa.string()), pa.array(codes.astype(np.int64), mask=missing))


def constant(value: str, rows: int) -> pa.Array:
    """One value in each row."""
    return pa.repeat(pa.scalar(value), rows)


def whole(values: np.ndarray, missing: np.ndarray | None = None) -> pa.Array:
    """Whole numbers: counts, or money in minor units."""
    return pa.array(values.astype(np.int64), pa.int64(), mask=missing)


def joined(*parts: str | pa.Array) -> pa.Array:
    """Texts end to end, row by row."""
    return pc.binary_join_element_wise(*(pa.scalar(part) if isinstance(part, str) else part for part in parts), "")
