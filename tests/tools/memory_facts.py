"""Facts in memory for tests of tools: real Ibis expressions on DuckDB, columns typed by the data contracts, nothing on disk."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import ibis
import pyarrow as pa

from tools.contract import NotEnoughData
from tools.contracts import CONTRACTS

ARROW = {
    "id": pa.string(),
    "text": pa.string(),
    "category": pa.string(),
    "currency": pa.string(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
    "count": pa.int64(),
    "money": pa.int64(),
    "share": pa.float64(),
    "bool": pa.bool_(),
    "quantity": pa.decimal128(18, 6),
}


def typed(name: str, columns: Mapping[str, Any]) -> pa.Table:
    """A table as an import would have typed it; columns that are not given are empty."""
    contract = CONTRACTS[name]
    rows = len(next(iter(columns.values())))
    unknown = set(columns) - {column.name for column in contract.columns}
    assert not unknown, f"{name} has no {unknown}"
    arrays = {}
    for column in contract.columns:
        given = columns.get(column.name)
        kind = ARROW[column.type]
        if given is None:
            arrays[column.name] = pa.nulls(rows, kind)
        elif column.type == "quantity":
            arrays[column.name] = pa.array(given, pa.float64()).cast(kind)
        else:
            arrays[column.name] = given.cast(kind) if isinstance(given, pa.Array | pa.ChunkedArray) else pa.array(given, kind)
    return pa.table(arrays)


class MemoryFacts:
    """One client's tables, held in DuckDB's memory."""

    def __init__(self, tables: Mapping[str, Mapping[str, Any]], *, as_of: date, currency: str = "ZAR", zone: str = "Africa/Johannesburg"):
        self.as_of, self.currency, self.zone = as_of, currency, zone
        self._backend = ibis.duckdb.connect(threads=1)
        self._names = tuple(sorted(name for name, columns in tables.items() if len(next(iter(columns.values())))))
        for name in self._names:
            self._backend.con.register(name, typed(name, tables[name]))

    def names(self) -> tuple[str, ...]:
        return self._names

    def table(self, name: str) -> Any:
        if name not in self._names:
            raise NotEnoughData(f"there is no data in {name!r}", needed=name, found="nothing")
        return self._backend.table(name)

    def fetch(self, expression: Any) -> pa.Table:
        return self._backend.to_pyarrow(expression)
