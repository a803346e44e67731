"""One atomic commit: rows whose key is new are added, rows that say otherwise replace theirs, rows that say the same are left."""

from __future__ import annotations

from collections.abc import Mapping as Named
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from store import delta
from store.importing.reading import SQL_TYPES
from store.importing.sql import named, quoted
from store.importing.trace import noted
from store.importing.workbench import no_leftovers, stream
from store.schemas import arrow_schema

if TYPE_CHECKING:
    from deltalake import CommitProperties, DeltaTable
    from duckdb import DuckDBPyConnection

    from tools.contracts import Contract

ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Committed:
    """What a commit did. `version` holds the rows, whether or not it is new."""

    version: int
    added: int
    changed: int
    unchanged: int


def commit_rows(
    connection: DuckDBPyConnection,
    folder: Path,
    contract: Contract,
    rows: str,
    filled: tuple[str, ...],
    work: Path,
    *,
    identity: str | None = None,
    said: Named[str, int] | None = None,
) -> Committed:
    """Commit rows, given as SQL with one row per key, to a table; `said` goes into the note. Call it under the client's write lock."""
    from deltalake.exceptions import CommitFailedError

    table = delta.create_table(folder, contract.name, arrow_schema(contract))
    for attempt in range(1, ATTEMPTS + 1):
        fresh, added, changed, unchanged = _compare(connection, table, contract, rows, filled, work)
        if not added + changed:
            return Committed(table.version(), 0, 0, unchanged)
        try:
            with no_leftovers(table):
                _write(table, contract, fresh, noted(identity, said or {}), merge=changed > 0)
        except CommitFailedError:
            # Someone without the lock wrote meanwhile: what is new and what is changed is looked at again.
            if attempt == ATTEMPTS:
                raise
            table.update_incremental()
            continue
        return Committed(table.version(), added, changed, unchanged)
    raise AssertionError("unreachable")


def _compare(
    connection: DuckDBPyConnection, table: DeltaTable, contract: Contract, rows: str, filled: tuple[str, ...], work: Path
) -> tuple[Path, int, int, int]:
    """Write the rows that are new or changed to a file, whole; count them, and those that the table holds as they are."""
    files = delta.files(table)
    fresh = work / "fresh.parquet"
    if not files:
        empty = {column.name: f"NULL::{SQL_TYPES[column.type]} AS {named(column.name)}" for column in contract.columns}
        columns = ", ".join(named(column.name) if column.name in filled else empty[column.name] for column in contract.columns)
        query = f"SELECT {columns}, true AS _new FROM ({rows})"
    else:
        held = f"read_parquet([{', '.join(map(quoted, files))}])"
        on = " AND ".join(f"old.{named(name)} = new.{named(name)}" for name in contract.key)
        columns = ", ".join(f"{'new' if column.name in filled else 'old'}.{named(column.name)}" for column in contract.columns)
        differs = " OR ".join(f"old.{named(name)} IS DISTINCT FROM new.{named(name)}" for name in filled if name not in contract.key)
        key = f"old.{named(contract.key[0])}"
        query = f"""SELECT {columns}, {key} IS NULL AS _new FROM ({rows}) AS new LEFT JOIN {held} AS old ON {on}
            WHERE {key} IS NULL OR {differs or "false"}"""
    connection.execute(f"COPY ({query}) TO {quoted(str(fresh))} (FORMAT parquet, COMPRESSION lz4)")
    counts = f"""SELECT count(*) FILTER (_new), count(*) FILTER (NOT _new), (SELECT count(*) FROM ({rows}))
        FROM read_parquet({quoted(str(fresh))})"""
    found = connection.execute(counts).fetchone()
    assert found is not None
    added, changed, given = map(int, found)
    return fresh, added, changed, given - added - changed


def _write(table: DeltaTable, contract: Contract, fresh: Path, properties: CommitProperties, *, merge: bool) -> None:
    from deltalake import write_deltalake

    rows = stream(fresh, arrow_schema(contract))
    if not merge:
        write_deltalake(table, rows, mode="append", commit_properties=properties)
        return
    same = " AND ".join(f"old.{named(name)} = new.{named(name)}" for name in contract.key)
    merger = table.merge(rows, same, source_alias="new", target_alias="old", commit_properties=properties)
    merger.when_matched_update_all().when_not_matched_insert_all().execute()
