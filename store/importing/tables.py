"""Typed Arrow tables in: rows that are already in their contract's types, from a program rather than a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from store import delta
from store.schemas import conform
from tools.contract import ToolInputError
from tools.contracts import CONTRACTS

if TYPE_CHECKING:
    import pyarrow as pa


def import_table(root: str | Path, workspace_id: str, client: delta.ClientLike, table_name: str, rows: pa.Table) -> int:
    """Append contract-typed rows; gives the version of the table that holds them. Raises ToolInputError when they do not fit."""
    from deltalake import write_deltalake

    if table_name not in CONTRACTS:
        raise ToolInputError(f"there is no contract for {table_name!r}; free tables come in as files", field="table")
    conformed = conform(CONTRACTS[table_name], rows)
    folder = delta.client_folder(root, workspace_id, client.id)
    table = delta.create_table(folder, table_name, conformed.schema)
    with delta.write_lock(folder):
        write_deltalake(table, conformed, mode="append")
    return table.version()
