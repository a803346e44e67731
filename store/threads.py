"""Conversations and whose they are: a checkpoint knows only its thread id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from grounding.ids import new_id
from store.database import Connection

COLUMNS = "id, workspace_id, client_id, owner, title, created_at"


@dataclass(frozen=True, slots=True)
class Thread:
    """One conversation. `owner` is the key or member that began it."""

    id: str
    workspace_id: str
    client_id: str | None
    owner: str
    title: str
    created_at: datetime

    @property
    def thread_id(self) -> str:
        """The id its checkpoints go by; the prefix is what row-level security checks."""
        return f"{self.workspace_id}:{self.id}"


async def create_thread(connection: Connection, owner: str, *, client_id: str | None = None, title: str = "") -> Thread:
    """Begin a conversation in the transaction's workspace."""
    statement = f"INSERT INTO threads (id, client_id, owner, title) VALUES (%s, %s, %s, %s) RETURNING {COLUMNS}"
    row = await (await connection.execute(statement, (new_id("th"), client_id, owner, title))).fetchone()
    assert row is not None
    return Thread(**row)


async def get_thread(connection: Connection, thread_id: str) -> Thread | None:
    """The conversation of this id."""
    row = await (await connection.execute(f"SELECT {COLUMNS} FROM threads WHERE id = %s", (thread_id,))).fetchone()
    return Thread(**row) if row else None


async def list_threads(connection: Connection, *, owner: str | None = None, limit: int = 50) -> list[Thread]:
    """Conversations, newest first."""
    statement = f"""
        SELECT {COLUMNS} FROM threads WHERE %(owner)s::text IS NULL OR owner = %(owner)s
         ORDER BY created_at DESC, id DESC LIMIT %(limit)s"""
    return [Thread(**row) for row in await (await connection.execute(statement, {"owner": owner, "limit": limit})).fetchall()]
