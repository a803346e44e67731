"""The last committed step of a run under way, so that a worker killed between its commit and its checkpoint repeats nothing."""

from __future__ import annotations

from typing import Any, NamedTuple

from psycopg.types.json import Json

from store.database import Connection


class StepResult(NamedTuple):
    """Where the step leads and how it changes the run's state, as plain JSON."""

    goto: str
    change: dict[str, Any]


async def keep(connection: Connection, run_id: str, number: int, result: StepResult) -> None:
    """Keep the result in the transaction that commits the step; the one before is not needed any more."""
    statement = """
        INSERT INTO step_results (run_id, number, goto, change) VALUES (%s, %s, %s, %s)
        ON CONFLICT (run_id) DO UPDATE SET number = excluded.number, goto = excluded.goto, change = excluded.change"""
    await connection.execute(statement, (run_id, number, result.goto, Json(result.change)))


async def find(connection: Connection, run_id: str, number: int) -> StepResult | None:
    """The result of this step, if it was committed and its checkpoint may be missing."""
    statement = "SELECT goto, change FROM step_results WHERE run_id = %s AND number = %s"
    row = await (await connection.execute(statement, (run_id, number))).fetchone()
    return StepResult(**row) if row else None


async def forget(connection: Connection, run_id: str) -> None:
    """Drop it: the run has ended or waits for a person, and its checkpoint holds all there is."""
    await connection.execute("DELETE FROM step_results WHERE run_id = %s", (run_id,))


async def forget_ended(connection: Connection, client_id: str) -> None:
    """Drop those of a client's runs that have ended, which a worker that gave up may have left."""
    ended = "SELECT id FROM runs WHERE client_id = %s AND finished_at IS NOT NULL"
    await connection.execute(f"DELETE FROM step_results WHERE run_id IN ({ended})", (client_id,))
