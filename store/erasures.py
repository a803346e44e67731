"""The log of erasures. It only grows, and it does not name the erased: it keeps a keyed hash that the same person's id gives again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from grounding.ids import new_id
from store.database import Connection

COLUMNS = "id, client_id, person_hash, detail, actor, created_at"


@dataclass(frozen=True, slots=True)
class Erasure:
    """One person erased. `detail` counts what was removed where and the Delta versions after it."""

    id: str
    client_id: str
    person_hash: str
    detail: dict[str, Any]
    actor: str
    created_at: datetime


async def note_erasure(connection: Connection, client_id: str, person_hash: str, detail: dict[str, Any], actor: str) -> Erasure:
    """Note an erasure that is done. `person_hash` is `store.suppression`'s, under the client's key; `detail` must not hold the person."""
    statement = f"INSERT INTO erasures (id, client_id, person_hash, detail, actor) VALUES (%s, %s, %s, %s, %s) RETURNING {COLUMNS}"
    values = (new_id("er"), client_id, person_hash, Jsonb(detail), actor)
    row = await (await connection.execute(statement, values)).fetchone()
    assert row is not None
    return Erasure(**row)


async def list_erasures(connection: Connection, client_id: str) -> list[Erasure]:
    """The client's erasures, newest first."""
    statement = f"SELECT {COLUMNS} FROM erasures WHERE client_id = %s ORDER BY created_at DESC, id DESC"
    return [Erasure(**row) for row in await (await connection.execute(statement, (client_id,))).fetchall()]
