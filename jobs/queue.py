"""The queue: runs to take up, in Procrastinate's tables on the same Postgres. Jobs carry ids and nothing else."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from store.database import Connection

if TYPE_CHECKING:
    import procrastinate

QUEUE = "runs"
TASK = "take_up_run"


async def enqueue(connection: Connection, workspace_id: str, run_id: str) -> None:
    """Queue a run in the caller's transaction: it is there when the transaction commits, and never was when it rolls back."""
    job = _writer().configure_task(TASK, queue=QUEUE, lock=run_id, connection=connection)
    await job.defer_async(workspace_id=workspace_id, run_id=run_id)


@cache
def _writer() -> procrastinate.App:
    """An app that only writes jobs, over the caller's connections; it never opens one of its own."""
    import procrastinate

    return procrastinate.App(connector=procrastinate.PsycopgConnector())
