"""What the queue's tables tell: who works, what waits, and which jobs lost their worker."""

from __future__ import annotations

from dataclasses import dataclass

from store.database import Connection

HEARTBEAT_SECONDS = 1.5
STALLED_SECONDS = 6.0
"""A worker that has not shown a sign of life for so long is taken for dead. If it lives, the run's lock keeps it alone with its run."""


@dataclass(frozen=True, slots=True)
class QueueState:
    """`oldest_seconds`: how long the job that waits longest could have been taken up; 0 when none waits."""

    waiting: int
    running: int
    oldest_seconds: float
    live_workers: int


async def state(connection: Connection) -> QueueState:
    """The queue now, of all workspaces: counts only."""
    statement = """
        SELECT count(*) FILTER (WHERE j.status = 'todo' AND coalesce(j.scheduled_at, now()) <= now()) AS waiting,
               count(*) FILTER (WHERE j.status = 'doing') AS running,
               coalesce(extract(epoch FROM max(now() - greatest(deferred.at, j.scheduled_at))
                                             FILTER (WHERE j.status = 'todo' AND coalesce(j.scheduled_at, now()) <= now())), 0)::float8
                   AS oldest_seconds
          FROM procrastinate_jobs AS j
          LEFT JOIN LATERAL (SELECT min(e.at) AS at FROM procrastinate_events AS e WHERE e.job_id = j.id) AS deferred ON true
         WHERE j.status IN ('todo', 'doing')"""
    row = await (await connection.execute(statement)).fetchone()
    assert row is not None
    return QueueState(row["waiting"], row["running"], row["oldest_seconds"], await live_workers(connection))


async def live_workers(connection: Connection) -> int:
    """Workers that showed a sign of life lately."""
    statement = "SELECT count(*) AS alive FROM procrastinate_workers WHERE last_heartbeat > now() - make_interval(secs => %s)"
    row = await (await connection.execute(statement, (STALLED_SECONDS,))).fetchone()
    assert row is not None
    return int(row["alive"])


async def not_an_attempt(connection: Connection, job_id: int) -> None:
    """Take back one counted attempt of a job: it only found that another worker holds the run."""
    await connection.execute("UPDATE procrastinate_jobs SET attempts = attempts - 1 WHERE id = %s", (job_id,))


async def rescue(connection: Connection) -> int:
    """Give the jobs of dead workers back to the queue. Returns how many.

    One statement: of two rescuers the second finds the job no longer held by the dead worker. Writes to the tables directly, since
    the queue's own call names a job by id only and could take it from the worker that has it by now.
    """
    statement = """
        UPDATE procrastinate_jobs AS j
           SET status = 'todo', attempts = attempts + 1, scheduled_at = NULL, worker_id = NULL
         WHERE j.status = 'doing' AND NOT j.abort_requested
           AND NOT EXISTS (SELECT 1 FROM procrastinate_workers AS w
                            WHERE w.id = j.worker_id AND w.last_heartbeat > now() - make_interval(secs => %s))"""
    return (await connection.execute(statement, (STALLED_SECONDS,))).rowcount
