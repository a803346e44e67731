"""Fold a file's good rows to one per key: repeats count once, rows split by a breakdown add up, of two that differ the later stands."""

from __future__ import annotations

from collections.abc import Mapping as Named
from dataclasses import dataclass
from typing import TYPE_CHECKING

from store.importing.sql import named, quoted
from store.importing.staging import LINE
from tools.contracts import CONTRACTS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from tools.contracts import Contract

ADDED_UP: Named[str, tuple[str, ...]] = {
    "ad_metrics": ("impressions", "clicks", "spend", "conversions", "conversion_value"),
    "usage": ("uses",),
}
"""Columns of a table that add up over a breakdown."""

NO_ROWS = "SELECT 0::BIGINT AS line, '' AS reason WHERE false"


@dataclass(frozen=True, slots=True)
class Folded:
    """One row per key, as SQL, and what became of the others."""

    rows: str
    good: int
    repeated: int
    """Rows that repeat another, or that a later one of their key stands for."""
    merged: int
    """Rows that were added up into another."""
    replaced: str = NO_ROWS
    """SQL for (line, reason) of rows that differ from the one that stands for them."""


def fold(connection: DuckDBPyConnection, good: str, table: str, filled: tuple[str, ...], breakdown: tuple[str, ...] = ()) -> Folded:
    """Fold good rows. `good` is SQL for them, with their line; makes temporary tables on the connection."""
    contract = CONTRACTS[table]
    keys = ", ".join(map(named, contract.key))
    count = _number(connection, f"SELECT count(*) FROM ({good})")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE repeated_keys AS SELECT {keys} FROM ({good}) GROUP BY {keys} HAVING count(*) > 1")
    if not _number(connection, "SELECT count(*) FROM repeated_keys"):
        return Folded(good, count, 0, 0)
    shared = f"USING ({keys})"
    apart = ", ".join([keys, *breakdown])
    content = ", ".join(f"coalesce(CAST({named(name)} AS VARCHAR), chr(0))" for name in filled)
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE repeated_rows AS
        SELECT *, row_number() OVER last AS place, first_value({LINE}) OVER last AS standing_line,
               hash({content}) = first_value(hash({content})) OVER last AS same
          FROM ({good}) SEMI JOIN repeated_keys {shared} WINDOW last AS (PARTITION BY {apart} ORDER BY {LINE} DESC)""")
    repeated = _number(connection, "SELECT count(*) FROM repeated_rows WHERE place > 1")
    standing, merged = "SELECT * EXCLUDE (place, standing_line, same) FROM repeated_rows WHERE place = 1", 0
    if breakdown:
        standing = _added_up(contract, filled, breakdown)
        left = _number(connection, "SELECT count(*) FROM repeated_rows WHERE place = 1")
        merged = left - _number(connection, f"SELECT count(*) FROM ({standing})")
    whose = quoted(f"has the {' and '.join(contract.key)} of line ")
    replaced = f"""SELECT {LINE} AS line, {whose} || standing_line || ', which says otherwise and stands' AS reason
        FROM repeated_rows WHERE place > 1 AND NOT same"""
    return Folded(
        f"SELECT * FROM ({good}) ANTI JOIN repeated_keys {shared} UNION ALL BY NAME {standing}", count, repeated, merged, replaced
    )


def _added_up(contract: Contract, filled: tuple[str, ...], breakdown: tuple[str, ...]) -> str:
    """The rows of a key added up over a breakdown; a measure that is empty in all of them stays empty."""
    measures = ADDED_UP.get(contract.name, ())
    columns = [f"min({LINE}) AS {LINE}"]
    for name in filled:
        if name in contract.key:
            columns.append(named(name))
        elif name in measures:
            kind = "DECIMAL(18, 6)" if contract.column(name).type == "quantity" else "BIGINT"
            columns.append(f"CAST(sum({named(name)}) AS {kind}) AS {named(name)}")
        else:
            columns.append(f"max_by({named(name)}, {LINE}) AS {named(name)}")
    columns += [f"NULL::VARCHAR AS {name}" for name in breakdown]
    return f"SELECT {', '.join(columns)} FROM repeated_rows WHERE place = 1 GROUP BY {', '.join(map(named, contract.key))}"


def _number(connection: DuckDBPyConnection, statement: str) -> int:
    row = connection.execute(statement).fetchone()
    assert row is not None
    return int(row[0])
