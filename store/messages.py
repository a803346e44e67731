"""What was said in a conversation, in order."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from psycopg.types.json import Jsonb

from grounding.ids import new_id
from store.database import Connection

Role = Literal["user", "assistant"]
COLUMNS = "id, thread_id, number, role, text, aliases, run_id, taken, created_at"


@dataclass(frozen=True, slots=True)
class Message:
    """One message. Numbers start at 1 in each conversation. `aliases` and `taken`: see the columns' comments in the schema."""

    id: str
    thread_id: str
    number: int
    role: Role
    text: str
    aliases: dict[str, str]
    run_id: str | None
    taken: bool
    created_at: datetime


async def add(
    connection: Connection,
    thread_id: str,
    role: Role,
    text: str,
    *,
    run_id: str | None = None,
    aliases: Mapping[str, str] | None = None,
    taken: bool = False,
    id: str | None = None,
) -> Message | None:
    """Append a message. With an `id` that is there already nothing is written, and None is given: a step that runs again says it once."""
    statement = f"""
        WITH numbered AS (
            UPDATE threads SET last_message = last_message + 1, touched_at = now()
             WHERE id = %(thread_id)s AND NOT EXISTS (SELECT 1 FROM messages WHERE id = %(id)s) RETURNING last_message)
        INSERT INTO messages (id, thread_id, number, role, text, aliases, run_id, taken)
        SELECT %(id)s, %(thread_id)s, last_message, %(role)s, %(text)s, %(aliases)s, %(run_id)s, %(taken)s FROM numbered
     RETURNING {COLUMNS}"""
    values = {"id": id or new_id("msg"), "thread_id": thread_id, "role": role, "text": text, "run_id": run_id, "taken": taken}
    row = await (await connection.execute(statement, values | {"aliases": Jsonb(dict(aliases or {}))})).fetchone()
    return Message(**row) if row else None


async def of_thread(connection: Connection, thread_id: str, *, after: int = 0, limit: int = 200) -> list[Message]:
    """The latest `limit` messages with a greater number, in order."""
    statement = f"""
        SELECT * FROM (SELECT {COLUMNS} FROM messages WHERE thread_id = %s AND number > %s ORDER BY number DESC LIMIT %s) AS latest
         ORDER BY number"""
    return [Message(**row) for row in await (await connection.execute(statement, (thread_id, after, limit))).fetchall()]


async def waiting(connection: Connection, thread_id: str) -> list[Message]:
    """Questions that no turn has read yet, in order."""
    statement = f"SELECT {COLUMNS} FROM messages WHERE thread_id = %s AND role = 'user' AND NOT taken ORDER BY number"
    return [Message(**row) for row in await (await connection.execute(statement, (thread_id,))).fetchall()]


async def take(connection: Connection, ids: Collection[str], run_id: str) -> None:
    """These questions are read by this turn."""
    await connection.execute("UPDATE messages SET taken = true, run_id = %s WHERE id = ANY(%s)", (run_id, list(ids)))
