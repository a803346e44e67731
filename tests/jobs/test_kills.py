"""Runs under kill -9 of workers and of the database: none is lost, none is done twice. Minutes long: `make test-soak`."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import psycopg
import pytest

from jobs.queue import enqueue
from store import embedded, events, queue, runs
from store.clients import Client
from store.database import Database

ROOT = Path(__file__).parents[2]
STEPS = 8
pytestmark = [pytest.mark.soak, pytest.mark.timeout(600)]


def worker(home: Path) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"} | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, str(ROOT / "tests/jobs/stepping_worker.py"), str(home)], env=environment, cwd=ROOT)


async def start_runs(database: Database, client: Client, number: int) -> list[str]:
    made = []
    for _ in range(number):
        async with database.transaction(client.workspace_id) as connection:
            run = await runs.create_run(connection, client.id, "strategy", "x", as_of=date(2026, 11, 21))
            await enqueue(connection, client.workspace_id, run.id)
        made.append(run.id)
    return made


async def all_ended(database: Database, client: Client, run_ids: list[str], seconds: float) -> None:
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        async with database.transaction(client.workspace_id) as connection:
            left = [run_id for run_id in run_ids if (run := await runs.get_run(connection, run_id)) and run.status != "succeeded"]
            state = await queue.state(connection)
        if not left and (state.waiting, state.running) == (0, 0):
            return
        assert asyncio.get_running_loop().time() < deadline, (left, state)
        await asyncio.sleep(0.2)


async def check_once_each(database: Database, client: Client, run_ids: list[str]) -> None:
    for run_id in run_ids:
        async with database.transaction(client.workspace_id) as connection:
            run = await runs.get_run(connection, run_id)
            log = await events.after(connection, run_id, 0)
        assert run is not None
        assert run.usage == {"done": list(range(STEPS))}
        assert [event.number for event in log] == list(range(1, STEPS + 1))
        assert [event.payload["number"] for event in log] == list(range(STEPS))


async def test_twenty_kills_of_workers_lose_and_double_nothing(database: Database, client: Client, home: Path, urls: embedded.Urls) -> None:
    with psycopg.connect(urls.superuser) as root:
        root.execute("TRUNCATE procrastinate_jobs, procrastinate_workers CASCADE")
    dice = random.Random(20261121)
    workers = [worker(home), worker(home)]
    run_ids: list[str] = []
    try:
        for _ in range(20):
            run_ids += await start_runs(database, client, 2)
            await asyncio.sleep(dice.uniform(0.3, 2.5))
            victim = dice.randrange(2)
            workers[victim].send_signal(signal.SIGKILL)
            workers[victim].wait()
            workers[victim] = worker(home)
        await all_ended(database, client, run_ids, 120)
    finally:
        for process in workers:
            process.kill()
            process.wait()
    await check_once_each(database, client, run_ids)


async def test_kills_of_the_database_lose_and_double_nothing(database: Database, client: Client, home: Path, urls: embedded.Urls) -> None:
    with psycopg.connect(urls.superuser) as root:
        root.execute("TRUNCATE procrastinate_jobs, procrastinate_workers CASCADE")
    dice = random.Random(7)
    workers = [worker(home), worker(home)]
    run_ids: list[str] = []
    try:
        for _ in range(6):
            run_ids += await start_runs(database, client, 4)
            await asyncio.sleep(dice.uniform(1.0, 3.0))
            pid = embedded.status(home).pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(dice.uniform(0.0, 1.0))
            await asyncio.to_thread(embedded.start, home, durable=False)
            await asyncio.sleep(1.0)
        await all_ended(database, client, run_ids, 120)
    finally:
        for process in workers:
            process.kill()
            process.wait()
    await check_once_each(database, client, run_ids)
