"""Taking a run up: what one job does, and when it is tried again."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

import procrastinate
import structlog
from procrastinate.jobs import Job

from jobs.queue import QUEUE, TASK
from store import approvals, events, queue, runs
from store.database import Database

log = logging.getLogger(__name__)

Execute = Callable[[str, str], Awaitable[None]]
"""Brings a run (workspace id, run id) to its end or to its approval. It holds the run's lock, and does nothing when another holds it."""

MOST_ATTEMPTS = 25
"""Kills, lost connections and errors that one run survives before it ends as failed: a run must not fell its worker for ever."""

SLOWEST_RETRY = 30.0
ASK_AGAIN_SECONDS = 2
"""How long a worker waits before it asks again for a run that another one holds."""


class Unsettled(Exception):
    """The run is neither ended nor waiting for a person: another worker holds it, or held it when the person answered."""


class Again(procrastinate.BaseRetryStrategy):
    """Try until the run is settled: at once after a shutdown, soon while another worker holds it, ever later after errors."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> procrastinate.RetryDecision:
        if isinstance(exception, asyncio.CancelledError):
            return procrastinate.RetryDecision(retry_in={"seconds": 0})
        if isinstance(exception, Unsettled):
            return procrastinate.RetryDecision(retry_in={"seconds": ASK_AGAIN_SECONDS})
        return procrastinate.RetryDecision(retry_in={"seconds": min(SLOWEST_RETRY, 0.5 * 2 ** min(job.attempts, 8))})


def register(app: procrastinate.App, database: Database, execute: Execute) -> None:
    """Register the one task of the queue with an app."""

    @app.task(name=TASK, queue=QUEUE, retry=Again(), pass_context=True)
    async def take_up_run(context: procrastinate.JobContext, *, workspace_id: str, run_id: str) -> None:
        attempt = context.job.attempts + 1
        with structlog.contextvars.bound_contextvars(workspace_id=workspace_id, run_id=run_id, attempt=attempt):
            if attempt > MOST_ATTEMPTS:
                await give_up(database, workspace_id, run_id, attempt - 1)
                return
            log.info("run taken up")
            began = time.monotonic()
            try:
                await execute(workspace_id, run_id)
            except Exception:
                log.exception("run broke off; it is tried again from its last step")
                raise
            status, decided = await status_of(database, workspace_id, run_id)
            log.info("run left", extra={"status": status, "seconds": round(time.monotonic() - began, 3)})
            if status is not None and status not in runs.ENDED and (status != "waiting" or decided):
                # waiting for another worker is no failure of the run, however long it takes
                assert context.job.id is not None
                async with database.transaction(None) as connection:
                    await queue.not_an_attempt(connection, context.job.id)
                raise Unsettled(run_id)


async def status_of(database: Database, workspace_id: str, run_id: str) -> tuple[runs.RunStatus | None, bool]:
    """The run's status now, None when it is gone; and whether it waits although people have decided: its answer came as it lay down."""
    async with database.transaction(workspace_id) as connection:
        run = await runs.get_run(connection, run_id)
        return run.status if run else None, await approvals.decided(connection, run_id)


async def give_up(database: Database, workspace_id: str, run_id: str, attempts: int) -> None:
    """End a run as failed, with its reason, after too many attempts."""
    reason = f"given up after {attempts} attempts: its worker died or lost the database each time; see the workers' log under this run's id"
    log.error("run given up: %s", reason)
    async with database.transaction(workspace_id) as connection:
        if await runs.set_status(connection, run_id, "failed", error=reason):
            await events.append(connection, run_id, "finished", {"status": "failed", "reason": reason}, key="finished")
