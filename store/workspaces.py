"""Workspaces: agencies, each a tenant of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from grounding.ids import new_id
from store.database import Connection


@dataclass(frozen=True, slots=True)
class Workspace:
    """One agency."""

    id: str
    name: str
    created_at: datetime


async def create_workspace(connection: Connection, name: str) -> Workspace:
    """Make a workspace. It can be read in a transaction of its own id only, so nothing is read back here."""
    workspace_id = new_id("ws")
    await connection.execute("INSERT INTO workspaces (id, name) VALUES (%s, %s)", (workspace_id, name))
    row = await (await connection.execute("SELECT now() AS at")).fetchone()
    assert row is not None
    return Workspace(workspace_id, name, row["at"])


async def get_workspace(connection: Connection, workspace_id: str) -> Workspace | None:
    """The workspace, if the transaction may see it."""
    row = await (await connection.execute("SELECT id, name, created_at FROM workspaces WHERE id = %s", (workspace_id,))).fetchone()
    return Workspace(**row) if row else None


async def list_workspaces(connection: Connection) -> list[Workspace]:
    """All that may be seen: one's own as the application's role, every one on the owner's connection (the operator's commands)."""
    rows = await (await connection.execute("SELECT id, name, created_at FROM workspaces ORDER BY created_at, id")).fetchall()
    return [Workspace(**row) for row in rows]
