"""Typed Arrow tables in: rows that are already in their contract's types, from a program rather than a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from store import delta
from store.importing.committing import commit_rows
from store.importing.folding import fold
from store.importing.staging import LINE
from store.importing.suppressing import kept_rows
from store.importing.workbench import open_checks, room_to_write
from store.schemas import conform
from store.scratch import scratch
from store.suppression import read_suppressed
from tools.contract import ToolInputError
from tools.contracts import CONTRACTS

if TYPE_CHECKING:
    import pyarrow as pa


def import_table(root: str | Path, workspace_id: str, client: delta.ClientLike, table_name: str, rows: pa.Table) -> int:
    """Commit contract-typed rows, one per key as in a file; gives the version that holds them.

    Columns that `rows` does not have keep what the table holds; rows of erased persons are left out. Raises ToolInputError when
    the rows do not fit their contract.
    """
    if table_name not in CONTRACTS:
        raise ToolInputError(f"there is no contract for {table_name!r}; free tables come in as files", field="table")
    contract = CONTRACTS[table_name]
    conformed = conform(contract, rows)
    folder = delta.client_folder(root, workspace_id, client.id)
    filled = tuple(column.name for column in contract.columns if column.name in rows.column_names)
    with room_to_write(), scratch(folder) as work, open_checks(work) as connection:
        connection.register("given_rows", conformed)
        with delta.write_lock(folder):
            given = f"SELECT row_number() OVER () AS {LINE}, * FROM given_rows"
            if erased := read_suppressed(folder):
                given = kept_rows(contract, given, conformed.column_names, (LINE,), erased)
            folded = fold(connection, given, table_name, filled)
            return commit_rows(connection, folder, contract, folded.rows, filled, work).version
