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


async def of_thread(
    connection: Connection, thread_id: str, *, after: int = 0, before: int | None = None, limit: int = 200
) -> list[Message]:
    """The latest `limit` messages with a number greater than `after` and, if one is given, less than `before`, in order."""
    statement = f"""
        SELECT * FROM (SELECT {COLUMNS} FROM messages
                        WHERE thread_id = %(thread_id)s AND number > %(after)s AND (%(before)s::integer IS NULL OR number < %(before)s)
                        ORDER BY number DESC LIMIT %(limit)s) AS latest
         ORDER BY number"""
    values = {"thread_id": thread_id, "after": after, "before": before, "limit": limit}
    return [Message(**row) for row in await (await connection.execute(statement, values)).fetchall()]


async def of_turn(connection: Connection, thread_id: str, run_id: str) -> list[Message]:
    """What was said in one turn, in order."""
    statement = f"SELECT {COLUMNS} FROM messages WHERE thread_id = %s AND run_id = %s ORDER BY number"
    return [Message(**row) for row in await (await connection.execute(statement, (thread_id, run_id))).fetchall()]


async def last_aliases(connection: Connection, thread_id: str, before: str) -> dict[str, str]:
    """The evidence that a turn may still name: of the last answer before it that has some, alias to id."""
    statement = """
        SELECT aliases FROM messages
         WHERE thread_id = %s AND role = 'assistant' AND aliases <> '{}' AND run_id < %s ORDER BY number DESC LIMIT 1"""
    row = await (await connection.execute(statement, (thread_id, before))).fetchone()
    return row["aliases"] if row else {}


async def waiting(connection: Connection, thread_id: str) -> list[Message]:
    """Questions that no turn has read yet, in order."""
    statement = f"SELECT {COLUMNS} FROM messages WHERE thread_id = %s AND role = 'user' AND NOT taken ORDER BY number"
    return [Message(**row) for row in await (await connection.execute(statement, (thread_id,))).fetchall()]


async def take(connection: Connection, ids: Collection[str], run_id: str) -> None:
    """These questions are read by this turn."""
    await connection.execute("UPDATE messages SET taken = true, run_id = %s WHERE id = ANY(%s)", (run_id, list(ids)))
