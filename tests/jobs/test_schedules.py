"""A worker fires what is due by itself, and two workers fire it once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from graphs import scheduling
from graphs.scheduling import read_plan
from jobs import worker
from jobs.worker import run_worker
from store import runs, schedule_fires, schedules


async def test_two_workers_fire_what_is_due_once_and_follow_it_to_its_end(database, client, store_settings, monkeypatch):
    monkeypatch.setattr(worker, "TICK_SECONDS", 0.1)

    async def finish(workspace_id: str, run_id: str) -> None:
        async with database.transaction(workspace_id) as connection:
            await runs.set_status(connection, run_id, "running")
            await runs.set_status(connection, run_id, "succeeded")

    plan = read_plan({"brief": "Monthly report. Goal: bookings.", "cron": "0 7 * * *", "when_stale": "run"})
    moment = datetime.now(UTC) - timedelta(minutes=1)
    async with database.transaction(client.workspace_id) as connection:
        made = await scheduling.create(connection, client, plan, actor="key:ann")
        await schedules.move_on(connection, made.id, moment)
    stop = asyncio.Event()
    workers = [asyncio.create_task(run_worker(store_settings, 1, stop, execute=finish)) for _ in range(2)]
    try:
        async with asyncio.timeout(30):
            settled = False
            while not settled:
                await asyncio.sleep(0.1)
                async with database.transaction(client.workspace_id) as connection:
                    fires = await schedule_fires.history(connection, made.id)
                settled = bool(fires) and all(fire.settled_at for fire in fires)
    finally:
        stop.set()
        await asyncio.gather(*workers)
        async with database.transaction(client.workspace_id) as connection:
            started = await runs.list_runs(connection)
            await schedules.remove(connection, made.id)
    assert [(fire.fire_at, fire.run_status) for fire in fires] == [(moment, "succeeded")]
    assert [run.id for run in started] == [fires[0].run_id]
