"""The log of erasures. It only grows, and it does not name the erased: it keeps a hash that the same person's id gives again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
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


def person_hash(client_id: str, person: str) -> str:
    """The person's hash within this client: salted with the client's unguessable id, so that lists of ids elsewhere do not match."""
    return sha256(f"{client_id}\0{person}".encode()).hexdigest()


async def note_erasure(connection: Connection, client_id: str, person: str, detail: dict[str, Any], actor: str) -> Erasure:
    """Note an erasure that is done. `detail` must not hold the person."""
    statement = f"INSERT INTO erasures (id, client_id, person_hash, detail, actor) VALUES (%s, %s, %s, %s, %s) RETURNING {COLUMNS}"
    values = (new_id("er"), client_id, person_hash(client_id, person), Jsonb(detail), actor)
    row = await (await connection.execute(statement, values)).fetchone()
    assert row is not None
    return Erasure(**row)


async def list_erasures(connection: Connection, client_id: str) -> list[Erasure]:
    """The client's erasures, newest first."""
    statement = f"SELECT {COLUMNS} FROM erasures WHERE client_id = %s ORDER BY created_at DESC, id DESC"
    return [Erasure(**row) for row in await (await connection.execute(statement, (client_id,))).fetchall()]
