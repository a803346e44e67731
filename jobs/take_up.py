"""Taking a run up: what one job does, and when it is tried again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import procrastinate
from procrastinate.jobs import Job

from jobs.queue import QUEUE, TASK
from store import events, runs
from store.database import Database

log = logging.getLogger(__name__)

Execute = Callable[[str, str], Awaitable[None]]
"""Brings a run (workspace id, run id) to its end or to its approval. It holds the run's lock, and does nothing when another holds it."""

MOST_ATTEMPTS = 25
"""Kills, lost connections and errors that one run survives before it ends as failed: a run must not fell its worker for ever."""

SLOWEST_RETRY = 30.0


class Unsettled(Exception):
    """The run is neither ended nor waiting for a person: another worker holds it, or its execution broke off."""


class Again(procrastinate.BaseRetryStrategy):
    """Try until the run is settled: at once after a shutdown, soon while another worker holds it, ever later after errors."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> procrastinate.RetryDecision:
        if isinstance(exception, asyncio.CancelledError):
            return procrastinate.RetryDecision(retry_in={"seconds": 0})
        if isinstance(exception, Unsettled):
            return procrastinate.RetryDecision(retry_in={"seconds": 2})
        return procrastinate.RetryDecision(retry_in={"seconds": min(SLOWEST_RETRY, 0.5 * 2 ** min(job.attempts, 8))})


def register(app: procrastinate.App, database: Database, execute: Execute) -> None:
    """Register the one task of the queue with an app."""

    @app.task(name=TASK, queue=QUEUE, retry=Again(), pass_context=True)
    async def take_up_run(context: procrastinate.JobContext, *, workspace_id: str, run_id: str) -> None:
        if context.job.attempts >= MOST_ATTEMPTS:
            await give_up(database, workspace_id, run_id, context.job.attempts)
            return
        try:
            await execute(workspace_id, run_id)
        except Exception:
            log.exception("run %s broke off in attempt %s; it is tried again from its last step", run_id, context.job.attempts + 1)
            raise
        if not await settled(database, workspace_id, run_id):
            raise Unsettled(run_id)


async def settled(database: Database, workspace_id: str, run_id: str) -> bool:
    """Whether nothing is left to do for a worker: the run has ended, waits for a person, or is gone."""
    async with database.transaction(workspace_id) as connection:
        run = await runs.get_run(connection, run_id)
    return run is None or run.status in runs.ENDED or run.status == "waiting"


async def give_up(database: Database, workspace_id: str, run_id: str, attempts: int) -> None:
    """End a run as failed, with its reason, after too many attempts."""
    reason = f"given up after {attempts} attempts: its worker died or lost the database each time; see the workers' log under this run's id"
    async with database.transaction(workspace_id) as connection:
        if await runs.set_status(connection, run_id, "failed", error=reason):
            await events.append(connection, run_id, "finished", {"status": "failed", "reason": reason}, key="finished")
