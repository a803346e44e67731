"""The audit log: who did what to which thing. It only grows: the application's role can add and read, nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from store.database import Connection


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]


async def note(connection: Connection, actor: str, action: str, subject: str, detail: dict[str, Any] | None = None) -> None:
    """Note it in the same transaction as the deed. `actor` is a key, member or `system`; `subject` an id."""
    statement = "INSERT INTO audit_log (actor, action, subject, detail) VALUES (%s, %s, %s, %s)"
    await connection.execute(statement, (actor, action, subject, Jsonb(detail or {})))


async def list_entries(connection: Connection, *, after: int = 0, limit: int = 100) -> list[Entry]:
    """Entries in the order they were noted."""
    statement = "SELECT id, at, actor, action, subject, detail FROM audit_log WHERE id > %s ORDER BY id LIMIT %s"
    return [Entry(**row) for row in await (await connection.execute(statement, (after, limit))).fetchall()]
