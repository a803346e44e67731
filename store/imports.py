"""The log of imports, and the column mappings that a person confirmed, remembered by the file's header row."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from psycopg.types.json import Jsonb

from grounding.ids import new_id
from store.database import Connection

COLUMNS = """id, client_id, table_name, file_name, file_hash, mapping, rows_read, rows_kept, rows_rejected, duplicates, version,
    reject_file, actor, created_at"""


@dataclass(frozen=True, slots=True)
class Import:
    """One import. `version` is the Delta version it made, None when it kept nothing."""

    id: str
    client_id: str
    table_name: str
    file_name: str
    file_hash: str
    mapping: dict[str, Any]
    rows_read: int
    rows_kept: int
    rows_rejected: int
    duplicates: int
    version: int | None
    reject_file: str | None
    actor: str
    created_at: datetime


async def log_import(
    connection: Connection,
    client_id: str,
    *,
    table_name: str,
    file_name: str,
    file_hash: str,
    mapping: dict[str, Any],
    rows_read: int,
    rows_kept: int,
    rows_rejected: int,
    duplicates: int,
    version: int | None,
    reject_file: str | None,
    actor: str,
) -> Import:
    """Log an import that is done."""
    statement = f"""
        INSERT INTO imports (id, client_id, table_name, file_name, file_hash, mapping, rows_read, rows_kept, rows_rejected, duplicates,
                             version, reject_file, actor)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING {COLUMNS}"""
    values = (
        new_id("im"), client_id, table_name, file_name, file_hash, Jsonb(mapping), rows_read, rows_kept, rows_rejected, duplicates,
        version, reject_file, actor,
    )  # fmt: skip
    row = await (await connection.execute(statement, values)).fetchone()
    assert row is not None
    return Import(**row)


async def list_imports(connection: Connection, *, client_id: str | None = None, limit: int = 100) -> list[Import]:
    """Imports, newest first."""
    statement = f"""
        SELECT {COLUMNS} FROM imports WHERE %(client_id)s::text IS NULL OR client_id = %(client_id)s
         ORDER BY created_at DESC, id DESC LIMIT %(limit)s"""
    return [Import(**row) for row in await (await connection.execute(statement, {"client_id": client_id, "limit": limit})).fetchall()]


async def get_import(connection: Connection, import_id: str) -> Import | None:
    """The import of this id."""
    row = await (await connection.execute(f"SELECT {COLUMNS} FROM imports WHERE id = %s", (import_id,))).fetchone()
    return Import(**row) if row else None


async def remember_mapping(
    connection: Connection, client_id: str, headers: Sequence[str], table_name: str, mapping: dict[str, Any], confirmed_by: str
) -> None:
    """Remember what a person confirmed for files of this header row; a later confirmation replaces it."""
    statement = """
        INSERT INTO import_mappings (client_id, headers_hash, table_name, mapping, confirmed_by) VALUES (%s, %s, %s, %s, %s)
        ON CONFLICT (workspace_id, client_id, headers_hash) DO UPDATE
           SET table_name = excluded.table_name, mapping = excluded.mapping, confirmed_by = excluded.confirmed_by, updated_at = now()"""
    await connection.execute(statement, (client_id, _hash(headers), table_name, Jsonb(mapping), confirmed_by))


async def recall_mapping(connection: Connection, client_id: str, headers: Sequence[str]) -> tuple[str, dict[str, Any]] | None:
    """The table and mapping that were confirmed for this header row."""
    statement = "SELECT table_name, mapping FROM import_mappings WHERE client_id = %s AND headers_hash = %s"
    row = await (await connection.execute(statement, (client_id, _hash(headers)))).fetchone()
    return (row["table_name"], row["mapping"]) if row else None


def _hash(headers: Sequence[str]) -> str:
    return sha256(json.dumps([header.strip().casefold() for header in headers], ensure_ascii=False).encode()).hexdigest()
