"""LangGraph checkpoints in Postgres: one workspace per connection, under row-level security by the thread id's prefix."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from store.database import CONNECTION_OPTIONS, Connection, Database
from store.settings import StoreSettings
from store.signature import Signer

if TYPE_CHECKING:
    from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")
SET_SESSION = "SELECT set_config('groundwork.workspace', %s, false)"
UNSET_SESSION = "SELECT set_config('groundwork.workspace', '', false)"
TABLES = ("checkpoints", "checkpoint_blobs", "checkpoint_writes")


@asynccontextmanager
async def checkpointer(where: Database | StoreSettings, workspace_id: str) -> AsyncIterator[AsyncPostgresSaver]:
    """A checkpointer that sees this workspace's threads (`<workspace id>:<run or thread id>`) and no others.

    It has a connection of its own, with the workspace set on its session until the block ends; when that is lost, the block fails as the
    run's lock does, and the run goes on from its last step. From settings alone it makes connections anew when the database comes back.
    """
    from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    if isinstance(where, Database):
        async with where.hold(SET_SESSION, (where.signer.sign(workspace_id),), UNSET_SESSION) as (connection, _):
            yield AsyncPostgresSaver(connection)
        return
    url = where.app_url
    signed = Signer.of(url, where.secret.get_secret_value() if where.secret else None).sign(workspace_id)
    options: dict[str, Any] = {
        **CONNECTION_OPTIONS,
        "autocommit": True,
        "prepare_threshold": None,
        "application_name": "groundwork checkpoints",
    }
    pool: AsyncConnectionPool[AsyncConnection[dict[str, Any]]] = AsyncConnectionPool(
        url,
        kwargs={**options, "options": f"-c groundwork.workspace={signed}"},
        min_size=1,
        max_size=2,
        open=False,
        check=AsyncConnectionPool.check_connection,
    )
    await pool.open(wait=True, timeout=10)
    try:
        yield AsyncPostgresSaver(pool)
    finally:
        await pool.close(timeout=5)


async def forget(connection: Connection, thread_id: str) -> int:
    """Drop all checkpoints of a thread, in the transaction of its workspace. Returns how many rows went."""
    gone = 0
    for table in TABLES:
        gone += (await connection.execute(f"DELETE FROM {table} WHERE thread_id = %s", (thread_id,))).rowcount
    return gone


async def prune(connection: Connection, thread_id: str) -> int:
    """Keep only the latest checkpoint of a thread that has ended, with the values it names. Returns how many rows went."""
    latest = """
        SELECT DISTINCT ON (checkpoint_ns) checkpoint_ns, checkpoint_id, checkpoint -> 'channel_versions' AS versions
          FROM checkpoints WHERE thread_id = %(thread_id)s ORDER BY checkpoint_ns, checkpoint_id DESC"""
    statements = (
        f"""DELETE FROM checkpoint_writes AS w WHERE thread_id = %(thread_id)s AND NOT EXISTS
            (SELECT 1 FROM ({latest}) AS l WHERE l.checkpoint_ns = w.checkpoint_ns AND l.checkpoint_id = w.checkpoint_id)""",
        f"""DELETE FROM checkpoint_blobs AS b WHERE thread_id = %(thread_id)s AND NOT EXISTS
            (SELECT 1 FROM ({latest}) AS l WHERE l.checkpoint_ns = b.checkpoint_ns AND l.versions ->> b.channel = b.version)""",
        f"""DELETE FROM checkpoints AS c WHERE thread_id = %(thread_id)s AND NOT EXISTS
            (SELECT 1 FROM ({latest}) AS l WHERE l.checkpoint_ns = c.checkpoint_ns AND l.checkpoint_id = c.checkpoint_id)""",
    )
    gone = 0
    for statement in statements:
        gone += (await connection.execute(statement, {"thread_id": thread_id})).rowcount
    return gone


CLIENTS_THREADS = """
    SELECT workspace_id || ':' || id FROM runs WHERE client_id = %(client_id)s {ended}
     UNION ALL SELECT workspace_id || ':' || id FROM threads WHERE {threads}"""


async def forget_ended(connection: Connection, client_id: str) -> int:
    """Drop the checkpoints of a client's runs that have ended; nothing reads them any more. Returns how many rows went."""
    theirs = CLIENTS_THREADS.format(ended="AND finished_at IS NOT NULL", threads="false")
    gone = 0
    for table in TABLES:
        statement = f"DELETE FROM {table} WHERE thread_id IN ({theirs})"
        gone += (await connection.execute(statement, {"client_id": client_id})).rowcount
    return gone


async def holding(connection: Connection, client_id: str, pattern: str) -> list[str]:
    """Threads of a client's runs and conversations whose checkpoints match a regular expression, in any of their three tables."""
    theirs = CLIENTS_THREADS.format(ended="", threads="client_id = %(client_id)s OR client_id IS NULL")
    statement = f"""
        SELECT DISTINCT thread_id FROM (
            SELECT thread_id, checkpoint::text || metadata::text AS held FROM checkpoints
             UNION ALL SELECT thread_id, encode(blob, 'escape') FROM checkpoint_blobs
             UNION ALL SELECT thread_id, encode(blob, 'escape') FROM checkpoint_writes) AS kept
         WHERE thread_id IN ({theirs}) AND held ~* %(pattern)s ORDER BY thread_id"""
    rows = await (await connection.execute(statement, {"client_id": client_id, "pattern": pattern})).fetchall()
    return [row["thread_id"] for row in rows]
