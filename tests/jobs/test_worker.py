"""The queue and its worker on a real Postgres, with a stub in place of the graph."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

import psycopg
import pytest

from jobs import take_up
from jobs.queue import enqueue
from jobs.worker import GRACE_SECONDS, run_worker
from store import embedded, events, queue, runs
from store.clients import Client
from store.database import Database
from store.errors import DatabaseUnavailable
from store.settings import StoreSettings

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _empty_queue(urls: embedded.Urls) -> None:
    with psycopg.connect(urls.superuser) as connection:
        connection.execute("TRUNCATE procrastinate_jobs, procrastinate_workers CASCADE")


async def queued(database: Database, client: Client) -> str:
    async with database.transaction(client.workspace_id) as connection:
        run = await runs.create_run(connection, client.id, "strategy", "x", as_of=date(2026, 11, 21))
        await enqueue(connection, client.workspace_id, run.id)
    return run.id


async def status_of(database: Database, workspace_id: str, run_id: str) -> str:
    async with database.transaction(workspace_id) as connection:
        run = await runs.get_run(connection, run_id)
    assert run is not None
    return run.status


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 15.0) -> float:
    """How long it took. A database that is away meanwhile counts as not yet."""
    began = time.monotonic()
    while True:
        with contextlib.suppress(DatabaseUnavailable):
            if await condition():
                return time.monotonic() - began
        assert time.monotonic() - began < seconds, "it did not happen in time"
        await asyncio.sleep(0.05)


def finisher(database: Database) -> take_up.Execute:
    async def finish(workspace_id: str, run_id: str) -> None:
        async with database.transaction(workspace_id) as connection:
            await runs.set_status(connection, run_id, "running")
            await events.append(connection, run_id, "worked", {})
            await runs.set_status(connection, run_id, "succeeded")

    return finish


@asynccontextmanager
async def working(settings: StoreSettings, execute: take_up.Execute, grace: float = 5.0) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(run_worker(settings, 2, stop, execute=execute, grace=grace))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 20)


async def test_a_queued_run_is_taken_up_and_its_job_goes(database: Database, client: Client, store_settings: StoreSettings) -> None:
    async with working(store_settings, finisher(database)):
        run_ids = [await queued(database, client) for _ in range(5)]

        async def all_done() -> bool:
            return all([await status_of(database, client.workspace_id, run_id) == "succeeded" for run_id in run_ids])

        await until(all_done)

        async def empty() -> bool:
            async with database.transaction(None) as connection:
                state = await queue.state(connection)
            return (state.waiting, state.running, state.live_workers) == (0, 0, 1)

        await until(empty)
    async with database.transaction(None) as connection:
        assert await queue.live_workers(connection) == 0


async def test_enqueueing_is_undone_with_its_transaction(database: Database, client: Client) -> None:
    async def fail() -> None:
        async with database.transaction(client.workspace_id) as connection:
            run = await runs.create_run(connection, client.id, "strategy", "x", as_of=date(2026, 11, 21))
            await enqueue(connection, client.workspace_id, run.id)
            assert (await queue.state(connection)).waiting == 1
            raise InterruptedError

    with pytest.raises(InterruptedError):
        await fail()
    async with database.transaction(client.workspace_id) as connection:
        assert await runs.list_runs(connection) == []
        assert (await queue.state(connection)).waiting == 0


async def test_a_run_that_breaks_off_is_tried_again(database: Database, client: Client, store_settings: StoreSettings) -> None:
    attempts = 0
    finish = finisher(database)

    async def break_twice(workspace_id: str, run_id: str) -> None:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            raise ConnectionResetError("the model's connection went away")
        await finish(workspace_id, run_id)

    async with working(store_settings, break_twice):
        run_id = await queued(database, client)

        async def done() -> bool:
            return await status_of(database, client.workspace_id, run_id) == "succeeded"

        await until(done)
    assert attempts == 3


async def test_a_run_that_another_worker_holds_is_asked_for_again(
    database: Database, client: Client, store_settings: StoreSettings
) -> None:
    calls = 0
    finish = finisher(database)

    async def held_at_first(workspace_id: str, run_id: str) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            await finish(workspace_id, run_id)

    async with working(store_settings, held_at_first):
        run_id = await queued(database, client)

        async def done() -> bool:
            return await status_of(database, client.workspace_id, run_id) == "succeeded"

        await until(done)


async def test_a_run_that_another_worker_holds_for_long_is_not_given_up(
    database: Database, client: Client, store_settings: StoreSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(take_up, "MOST_ATTEMPTS", 3)
    monkeypatch.setattr(take_up, "ASK_AGAIN_SECONDS", 0)
    asked = 0
    finish = finisher(database)

    async def held_for_long(workspace_id: str, run_id: str) -> None:
        nonlocal asked
        asked += 1
        if asked > 5:
            await finish(workspace_id, run_id)

    async with working(store_settings, held_for_long):
        run_id = await queued(database, client)

        async def done() -> bool:
            return await status_of(database, client.workspace_id, run_id) in runs.ENDED

        await until(done, 20)
    assert (asked, await status_of(database, client.workspace_id, run_id)) == (6, "succeeded")


async def test_a_run_that_fells_its_worker_every_time_is_given_up_with_a_reason(
    database: Database, client: Client, store_settings: StoreSettings
) -> None:
    run_id = await queued(database, client)
    async with database.transaction(None) as connection:
        await connection.execute("UPDATE procrastinate_jobs SET attempts = %s", (take_up.MOST_ATTEMPTS,))

    async def never(workspace_id: str, run_id: str) -> None:
        raise AssertionError("taken up all the same")

    async with working(store_settings, never):

        async def done() -> bool:
            return await status_of(database, client.workspace_id, run_id) == "failed"

        await until(done)
    async with database.transaction(client.workspace_id) as connection:
        run = await runs.get_run(connection, run_id)
        assert run is not None
        assert "given up after 25 attempts" in str(run.error)
        assert [event.kind for event in await events.after(connection, run_id, 0)] == ["finished"]


async def test_a_stopping_worker_hands_its_run_back(database: Database, client: Client, store_settings: StoreSettings) -> None:
    begun = asyncio.Event()

    async def endless(workspace_id: str, run_id: str) -> None:
        begun.set()
        await asyncio.sleep(60)

    run_id = await queued(database, client)
    async with working(store_settings, endless, grace=0.2):
        await asyncio.wait_for(begun.wait(), 10)
    async with database.transaction(None) as connection:
        assert (await queue.state(connection)).waiting == 1
    async with working(store_settings, finisher(database)):

        async def done() -> bool:
            return await status_of(database, client.workspace_id, run_id) == "succeeded"

        assert await until(done) < 5


WORKER = """
import asyncio, sys
from pathlib import Path
from jobs.worker import run_worker
from store.settings import StoreSettings
async def hang(workspace_id, run_id):
    Path(sys.argv[2]).write_text(run_id)
    await asyncio.sleep(600)
asyncio.run(run_worker(StoreSettings(home=Path(sys.argv[1]), database_url=None), 1, execute=hang))
"""


async def test_a_killed_workers_run_is_taken_up_again_within_15_seconds(
    database: Database, client: Client, store_settings: StoreSettings, tmp_path: Path
) -> None:
    mark = tmp_path / "begun"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("DATABASE_URL", None)
    command = [sys.executable, "-c", WORKER, str(store_settings.home), str(mark)]
    process = subprocess.Popen(command, env=environment, cwd=ROOT)
    try:
        run_id = await queued(database, client)

        async def begun() -> bool:
            return mark.exists() and mark.read_text() == run_id

        await until(begun)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    async with working(store_settings, finisher(database)):

        async def done() -> bool:
            return await status_of(database, client.workspace_id, run_id) == "succeeded"

        assert await until(done) < 15


async def test_a_worker_process_stops_on_sigterm(database: Database, store_settings: StoreSettings, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("DATABASE_URL", None)
    process = subprocess.Popen([sys.executable, "-c", WORKER, str(store_settings.home), str(tmp_path / "x")], env=environment, cwd=ROOT)

    async def alive() -> bool:
        async with database.transaction(None) as connection:
            return await queue.live_workers(connection) == 1

    try:
        await until(alive)
        process.send_signal(signal.SIGTERM)
        # it may have taken up a run that another test left queued, and then stops after its grace
        assert await asyncio.to_thread(process.wait, GRACE_SECONDS + 20) == 0
    finally:
        process.kill()
        process.wait()
    async with database.transaction(None) as connection:
        assert await queue.live_workers(connection) == 0


async def test_worker_and_pool_come_back_after_the_database_restarted(
    database: Database, client: Client, store_settings: StoreSettings, home: Path
) -> None:
    async with working(store_settings, finisher(database)):
        first = await queued(database, client)

        async def done(run_id: str) -> bool:
            return await status_of(database, client.workspace_id, run_id) == "succeeded"

        await until(lambda: done(first))
        await asyncio.to_thread(embedded.stop, home)
        await asyncio.sleep(0.5)
        await asyncio.to_thread(embedded.start, home, durable=False)
        second = await queued(database, client)
        assert await until(lambda: done(second)) < 10


async def test_a_run_goes_on_after_the_database_was_killed_under_it(
    database: Database, client: Client, store_settings: StoreSettings, home: Path
) -> None:
    finish = finisher(database)
    calls: list[str] = []

    async def killed_under(workspace_id: str, run_id: str) -> None:
        calls.append(run_id)
        if len(calls) == 1:
            pid = embedded.status(home).pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(0.2)
            await asyncio.to_thread(embedded.start, home, durable=False)
        await finish(workspace_id, run_id)

    async with working(store_settings, killed_under):
        run_id = await queued(database, client)

        async def settled() -> bool:
            async with database.transaction(None) as connection:
                state = await queue.state(connection)
            return (state.waiting, state.running) == (0, 0) and await status_of(database, client.workspace_id, run_id) == "succeeded"

        await until(settled, 20)
    async with database.transaction(client.workspace_id) as connection:
        assert [event.kind for event in await events.after(connection, run_id, 0)].count("worked") >= 1


async def test_a_worker_that_starts_before_its_database_waits_for_it(
    database: Database, client: Client, store_settings: StoreSettings, home: Path
) -> None:
    await asyncio.to_thread(embedded.stop, home)
    async with working(store_settings, finisher(database)):
        await asyncio.sleep(0.3)
        await asyncio.to_thread(embedded.start, home, durable=False)
        run_id = await queued(database, client)

        async def done() -> bool:
            return await status_of(database, client.workspace_id, run_id) == "succeeded"

        assert await until(done) < 15
