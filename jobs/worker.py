"""The worker process: takes runs up until it is told to stop, and comes back by itself when the database does."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict

import procrastinate
import procrastinate.exceptions
import psycopg
from psycopg_pool import PoolTimeout

from jobs.queue import QUEUE, enqueue
from jobs.take_up import Execute, register
from store import queue, retention
from store.database import CONNECTION_OPTIONS, Database
from store.errors import DatabaseUnavailable
from store.settings import StoreSettings

log = logging.getLogger(__name__)

GRACE_SECONDS = 20.0
"""How long a stopping worker lets its runs go on; then they are handed back and go on elsewhere from their last step."""

RESCUE_SECONDS = 1.5
RETENTION_SECONDS = 3600.0
EXPIRY_SECONDS = 30.0
TICK_SECONDS = 15.0
RECONNECT_SECONDS = 1.0

Outage = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, DatabaseUnavailable, procrastinate.exceptions.ConnectorException)


async def run_worker(
    settings: StoreSettings | None = None,
    concurrency: int = 2,
    stop: asyncio.Event | None = None,
    *,
    execute: Execute | None = None,
    grace: float = GRACE_SECONDS,
) -> None:
    """Work until `stop` is set, or until SIGTERM or SIGINT when no `stop` is given.

    `execute` takes a run up (workspace id, run id); by default `graphs.execute.execute` with services opened here.
    Raises StoreError for what waiting does not mend: no schema, another workspace key.
    """
    settings = settings or StoreSettings()
    with _signals(stop) as stopping:
        while not stopping.is_set():
            try:
                await _work(settings, concurrency, stopping, execute, grace)
            except Outage as error:
                log.warning("the worker lost the database and tries again: %s", error)
                await _pause(stopping, RECONNECT_SECONDS)


async def _work(settings: StoreSettings, concurrency: int, stopping: asyncio.Event, execute: Execute | None, grace: float) -> None:
    """One life of the worker: from connecting until stop or until the database goes away."""
    async with _opened(settings, execute) as (database, take_up):
        connector = procrastinate.PsycopgConnector(
            conninfo=database.url,
            kwargs={name: value for name, value in CONNECTION_OPTIONS.items() if name != "row_factory"}
            | {"application_name": "groundwork queue"},
            min_size=1,
            max_size=concurrency + 3,
            timeout=5.0,
        )
        app = procrastinate.App(connector=connector)
        register(app, database, take_up)
        async with app.open_async():
            working = asyncio.create_task(
                app.run_worker_async(
                    queues=[QUEUE],
                    concurrency=concurrency,
                    fetch_job_polling_interval=1.0,
                    abort_job_polling_interval=60.0,
                    shutdown_graceful_timeout=grace,
                    delete_jobs="successful",
                    install_signal_handlers=False,
                    update_heartbeat_interval=queue.HEARTBEAT_SECONDS,
                    stalled_worker_timeout=10 * queue.STALLED_SECONDS,
                )
            )
            rescuing = asyncio.create_task(_rescue(database))
            retaining = asyncio.create_task(_retain(database, settings.retention_days))
            expiring = asyncio.create_task(_expire(database))
            ticking = asyncio.create_task(_tick(database, settings))
            told = asyncio.create_task(stopping.wait())
            log.info("worker ready: %s runs at a time", concurrency)
            try:
                await asyncio.wait({working, rescuing, retaining, expiring, ticking, told}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for beside in (rescuing, retaining, expiring, ticking, told):
                    beside.cancel()
                working.cancel()  # lets the running jobs go on for the grace, then hands them back
                ended = await asyncio.gather(working, rescuing, retaining, expiring, ticking, told, return_exceptions=True)
    for outcome in ended[:5]:
        if isinstance(outcome, Exception):
            raise outcome
    if not stopping.is_set():
        raise DatabaseUnavailable("the queue's listener or heartbeat stopped")


@asynccontextmanager
async def _opened(settings: StoreSettings, execute: Execute | None) -> AsyncIterator[tuple[Database, Execute]]:
    if execute is not None:
        database = await Database.of(settings, name="groundwork worker")
        try:
            yield database, execute
        finally:
            await database.close()
        return
    from graphs.execute import execute as execute_run
    from graphs.execute import prepare
    from graphs.services import open_services

    await asyncio.to_thread(prepare)
    async with open_services(settings, name="groundwork worker", enqueue=enqueue) as services:

        async def take_up(workspace_id: str, run_id: str) -> None:
            await execute_run(services, workspace_id, run_id)

        yield services.database, take_up


async def _rescue(database: Database) -> None:
    """Every worker looks after the others' jobs; alone, after those of its own former life."""
    while True:
        async with database.transaction(None) as connection:
            rescued = await queue.rescue(connection)
        if rescued:
            log.warning("returned %s jobs of dead workers to the queue", rescued)
        await asyncio.sleep(RESCUE_SECONDS)


async def _retain(database: Database, days: int) -> None:
    """Drop what is old, now and every hour; whichever worker comes first does it for all."""
    while True:
        gone = await retention.prune(database, days)
        if gone != retention.Pruned():
            log.info("dropped what is older than %s days", days, extra=asdict(gone))
        await asyncio.sleep(RETENTION_SECONDS)


async def _expire(database: Database) -> None:
    """Settle requests for approval whose time is up; whichever worker comes first does it."""
    from graphs.asking import expire

    while True:
        if gone := await expire(database, enqueue):
            log.info("%s requests for approval ran out", gone)
        await asyncio.sleep(EXPIRY_SECONDS)


async def _tick(database: Database, settings: StoreSettings) -> None:
    """Fire the schedules that are due, in every worker: a job of the queue would wait behind long runs. The database lets one of them."""
    from graphs.firing import tick

    while True:
        await tick(database, settings, enqueue)
        await asyncio.sleep(TICK_SECONDS)


async def _pause(stopping: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)


@contextlib.contextmanager
def _signals(stop: asyncio.Event | None):
    """The given event, or one that SIGTERM and SIGINT set while the block lasts."""
    if stop is not None:
        yield stop
        return
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
