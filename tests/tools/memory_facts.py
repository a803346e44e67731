"""Facts for tests of tools from columns given as lists: typed by the data contracts, held in memory, read by the real engine."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pyarrow as pa

from store.facts import HeldFacts, facts_from_tables
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


def memory_facts(
    tables: Mapping[str, Mapping[str, Any]], *, as_of: date, currency: str = "ZAR", zone: str = "Africa/Johannesburg"
) -> HeldFacts:
    """Facts over columns given as lists or arrays."""
    return facts_from_tables({name: typed(name, columns) for name, columns in tables.items()}, as_of=as_of, currency=currency, zone=zone)
