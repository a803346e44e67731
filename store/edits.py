"""What people changed before they approved: pairs of versions, examples for evals of what the writer should have written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store.database import Connection


@dataclass(frozen=True, slots=True)
class EditPair:
    """One edit: the brief, the content before and after it (both with their slots), the evidence it stands on."""

    run_id: str
    client_id: str
    kind: str
    brief: str
    before_id: str
    after_id: str
    before: dict[str, Any]
    after: dict[str, Any]
    evidence: dict[str, str]
    editor: str
    at: datetime


async def keep(connection: Connection, *, before_id: str, after_id: str, client_id: str, run_id: str, kind: str, editor: str) -> None:
    """Keep a pair of versions. An edit back to what was there before is the pair that is kept already."""
    statement = """
        INSERT INTO edits (before_id, after_id, client_id, run_id, kind, editor) VALUES (%s, %s, %s, %s, %s, %s)
        ON CONFLICT (before_id, after_id) DO NOTHING"""
    await connection.execute(statement, (before_id, after_id, client_id, run_id, kind, editor))


async def editors(connection: Connection, run_id: str) -> set[str]:
    """Who edited any version of the run's deliverable."""
    rows = await (await connection.execute("SELECT DISTINCT editor FROM edits WHERE run_id = %s", (run_id,))).fetchall()
    return {row["editor"] for row in rows}


async def list_(connection: Connection, *, client_id: str | None = None, kind: str | None = None, limit: int = 1000) -> list[EditPair]:
    """Pairs, oldest first."""
    statement = """
        SELECT e.run_id, e.client_id, e.kind, r.brief, e.before_id, e.after_id, b.content AS before, a.content AS after,
               a.evidence_aliases AS evidence, e.editor, e.at
          FROM edits AS e JOIN runs AS r ON r.id = e.run_id
          JOIN deliverables AS b ON b.id = e.before_id JOIN deliverables AS a ON a.id = e.after_id
         WHERE (%(client_id)s::text IS NULL OR e.client_id = %(client_id)s) AND (%(kind)s::text IS NULL OR e.kind = %(kind)s)
         ORDER BY e.at, e.after_id LIMIT %(limit)s"""
    values = {"client_id": client_id, "kind": kind, "limit": limit}
    return [EditPair(**row) for row in await (await connection.execute(statement, values)).fetchall()]
