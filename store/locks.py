"""A lock per run, held by a connection: when the worker dies, Postgres frees it, and two workers never run one run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg

from store.database import Database
from store.errors import DatabaseUnavailable

WATCH_SECONDS = 2.0


class LockLost(DatabaseUnavailable):
    """The connection that held the lock is gone: whoever ran under it has to stop, another may have begun."""


@asynccontextmanager
async def run_lock(database: Database, run_id: str) -> AsyncIterator[bool]:
    """True when this run's lock is ours until the end of the block, False when another worker holds it.

    When the holding connection dies, the block is cancelled and LockLost is raised. Raises DatabaseUnavailable.
    """
    ask = "SELECT pg_try_advisory_lock(hashtextextended(%s, 7)) AS ours"
    async with database.hold(ask, (run_id,), "SELECT pg_advisory_unlock_all()") as (connection, row):
        if not row["ours"]:
            yield False
            return
        holder = asyncio.current_task()
        assert holder is not None
        lost = False

        async def watch() -> None:
            nonlocal lost
            while True:
                await asyncio.sleep(WATCH_SECONDS)
                try:
                    await connection.execute("SELECT 1")
                except psycopg.Error:
                    lost = True
                    holder.cancel()
                    return

        watcher = asyncio.create_task(watch())
        try:
            yield True
        except asyncio.CancelledError:
            if lost and holder.uncancel() == 0:
                raise LockLost(f"the database connection that held the lock of run {run_id} is gone") from None
            raise
        finally:
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)
