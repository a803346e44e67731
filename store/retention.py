"""What is dropped when it is old: events and checkpoints of ended runs, idempotency keys, done queue jobs. The audit log stays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from store import idempotency
from store.checkpoints import TABLES
from store.database import Database

AT_A_TIME = 5_000
"""rows that one transaction drops, so that none holds its locks for long"""

LOCK = 0x6772_6F76
"""the advisory lock that keeps two workers from pruning at once"""


@dataclass(frozen=True, slots=True)
class Pruned:
    """Rows that went."""

    events: int = 0
    checkpoints: int = 0
    keys: int = 0
    jobs: int = 0


async def prune(database: Database, days: int) -> Pruned:
    """Drop what belongs to runs that ended more than `days` days ago, and keys that ran out. Nothing when another worker is at it."""
    before = datetime.now(UTC) - timedelta(days=days)
    async with database.transaction(None) as holder:
        # held by a transaction of its own for as long as this takes; each workspace is pruned and committed by itself
        row = await (await holder.execute("SELECT pg_try_advisory_xact_lock(%s) AS ours", (LOCK,))).fetchone()
        if row is None or not row["ours"]:
            return Pruned()
        due = [row["id"] for row in await (await holder.execute("SELECT groundwork_due(%s) AS id", (before,))).fetchall()]
        events = checkpoints = keys = 0
        for workspace_id in due:
            async with database.transaction(workspace_id) as connection:
                keys += await idempotency.prune(connection)
            events += await _drop(database, workspace_id, EVENTS, before)
            for table in TABLES:
                checkpoints += await _drop(database, workspace_id, CHECKPOINTS.format(table=table), before)
        jobs = await _drop(database, None, JOBS, before)
        return Pruned(events, checkpoints, keys, jobs)


EVENTS = """
    DELETE FROM run_events WHERE ctid = ANY (ARRAY(
        SELECT e.ctid FROM runs AS r JOIN run_events AS e ON e.run_id = r.id WHERE r.finished_at < %(before)s LIMIT %(most)s))"""
CHECKPOINTS = """
    DELETE FROM {table} WHERE ctid = ANY (ARRAY(
        SELECT c.ctid FROM runs AS r JOIN {table} AS c ON c.thread_id = r.workspace_id || ':' || r.id
         WHERE r.finished_at < %(before)s LIMIT %(most)s))"""
JOBS = """
    DELETE FROM procrastinate_jobs WHERE id = ANY (ARRAY(
        SELECT j.id FROM procrastinate_jobs AS j
         WHERE j.status IN ('succeeded', 'failed', 'cancelled', 'aborted')
           AND %(before)s > (SELECT max(e.at) FROM procrastinate_events AS e WHERE e.job_id = j.id) LIMIT %(most)s))"""


async def _drop(database: Database, workspace_id: str | None, statement: str, before: datetime) -> int:
    gone = 0
    while True:
        async with database.transaction(workspace_id) as connection:
            now = (await connection.execute(statement, {"before": before, "most": AT_A_TIME})).rowcount
        gone += now
        if now < AT_A_TIME:
            return gone
