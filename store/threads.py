"""Conversations and whose they are. The words are in store/messages.py; each turn is a run with a checkpoint of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from grounding.ids import new_id
from store import checkpoints
from store.database import Connection
from store.events import CHANNEL

COLUMNS = "id, workspace_id, client_id, owner, title, created_at, touched_at, summary, summarised, turn, door_id"


@dataclass(frozen=True, slots=True)
class Thread:
    """One conversation. `owner` is the key or member that began it: nobody else sees it.

    `summary` stands for the messages up to the number `summarised`. `turn` is the run that takes up what is said now.
    """

    id: str
    workspace_id: str
    client_id: str | None
    owner: str
    title: str
    created_at: datetime
    touched_at: datetime
    summary: str
    summarised: int
    turn: str | None
    door_id: str | None


async def create_thread(
    connection: Connection, owner: str, *, client_id: str | None = None, title: str = "", door_id: str | None = None
) -> Thread:
    """Begin a conversation in the transaction's workspace."""
    statement = f"INSERT INTO threads (id, client_id, owner, title, door_id) VALUES (%s, %s, %s, %s, %s) RETURNING {COLUMNS}"
    row = await (await connection.execute(statement, (new_id("th"), client_id, owner, title, door_id))).fetchone()
    assert row is not None
    return Thread(**row)


async def get_thread(connection: Connection, thread_id: str, *, owner: str | None = None, lock: bool = False) -> Thread | None:
    """The conversation of this id, of this owner when one is named. `lock` holds it until commit: who speaks takes turns."""
    statement = f"SELECT {COLUMNS} FROM threads WHERE id = %(id)s AND (%(owner)s::text IS NULL OR owner = %(owner)s)"
    statement += " FOR UPDATE" if lock else ""
    row = await (await connection.execute(statement, {"id": thread_id, "owner": owner})).fetchone()
    return Thread(**row) if row else None


async def by_door(connection: Connection, owner: str, door_id: str) -> Thread | None:
    """The owner's conversation that a caller knows under this name."""
    statement = f"SELECT {COLUMNS} FROM threads WHERE owner = %s AND door_id = %s"
    row = await (await connection.execute(statement, (owner, door_id))).fetchone()
    return Thread(**row) if row else None


async def list_threads(
    connection: Connection, *, owner: str | None = None, client_id: str | None = None, words: str | None = None, limit: int = 50
) -> list[Thread]:
    """Conversations, the one last spoken in first. `words` stand in the title or in a message, as they are."""
    statement = f"""
        SELECT {COLUMNS} FROM threads AS t
         WHERE (%(owner)s::text IS NULL OR owner = %(owner)s)
           AND (%(client_id)s::text IS NULL OR client_id = %(client_id)s)
           AND (%(like)s::text IS NULL OR title ILIKE %(like)s
                OR EXISTS (SELECT 1 FROM messages AS m WHERE m.thread_id = t.id AND m.text ILIKE %(like)s))
         ORDER BY touched_at DESC, id DESC LIMIT %(limit)s"""
    like = None if words is None else "%" + words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    values = {"owner": owner, "client_id": client_id, "like": like, "limit": limit}
    return [Thread(**row) for row in await (await connection.execute(statement, values)).fetchall()]


async def rename(connection: Connection, thread_id: str, title: str) -> None:
    """Give a conversation another title."""
    await connection.execute("UPDATE threads SET title = %s WHERE id = %s", (title, thread_id))


async def set_turn(connection: Connection, thread_id: str, run_id: str) -> None:
    """From now on this run takes up what is said. Who follows the conversation is woken at commit."""
    await connection.execute("UPDATE threads SET turn = %s, touched_at = now() WHERE id = %s", (run_id, thread_id))
    await _wake(connection, thread_id)


async def close_turn(connection: Connection, thread_id: str, run_id: str) -> None:
    """This run takes nothing up any more; another one that has begun meanwhile is left alone."""
    await connection.execute("UPDATE threads SET turn = NULL, touched_at = now() WHERE id = %s AND turn = %s", (thread_id, run_id))


async def set_summary(connection: Connection, thread_id: str, summary: str, number: int) -> None:
    """Keep what stands for the messages up to this number."""
    await connection.execute("UPDATE threads SET summary = %s, summarised = %s WHERE id = %s", (summary, number, thread_id))


async def delete(connection: Connection, thread: Thread) -> int:
    """Drop a conversation with its messages, its turns, their events, evidence and checkpoints. Returns how many turns went."""
    turns = [row["id"] for row in await (await connection.execute("SELECT id FROM runs WHERE conversation = %s", (thread.id,))).fetchall()]
    for turn in turns:
        await checkpoints.forget(connection, f"{thread.workspace_id}:{turn}")
    await connection.execute("DELETE FROM threads WHERE id = %s", (thread.id,))
    await _wake(connection, thread.id)
    return len(turns)


async def _wake(connection: Connection, thread_id: str) -> None:
    await connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, thread_id))
