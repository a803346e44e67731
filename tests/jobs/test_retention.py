"""What is old goes, in every workspace, by whichever worker comes first; the audit log, evidence and deliverables stay."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from grounding.evidence import Evidence
from grounding.ids import new_id
from jobs.worker import run_worker
from store import audit, checkpoints, events, evidence, idempotency, retention, runs
from store.checkpoints import checkpointer
from store.database import Database
from store.embedded import Urls
from store.settings import StoreSettings


async def ended_run(database: Database, client: Any, urls: Urls, days_ago: float | None) -> str:
    """A run with an event, evidence, an audit entry and a checkpoint, that ended so many days ago, or goes on."""
    async with database.transaction(client.workspace_id) as connection:
        run = await runs.create_run(connection, client.id, "strategy", "x", as_of=date(2026, 11, 21))
        await events.append(connection, run.id, "step", {})
        record = Evidence(id=new_id("ev"), tool="t", version=1, request={}, result={}, created_at=datetime.now(UTC))
        await evidence.add(connection, client.id, run.id, record)
        await audit.note(connection, "test", "task.create", run.id)
    async with checkpointer(database, client.workspace_id) as saver:
        config: Any = {"configurable": {"thread_id": run.thread_id, "checkpoint_ns": ""}}
        empty: Any = {"v": 4, "id": "1", "ts": "", "channel_values": {"a": [1]}, "channel_versions": {"a": "1"}, "versions_seen": {}}
        await saver.aput_writes(await saver.aput(config, empty, {}, {"a": "1"}), [("a", [2])], "task")
    if days_ago is not None:
        with psycopg.connect(urls.superuser) as root:
            ended = datetime.now(UTC) - timedelta(days=days_ago)
            root.execute("UPDATE runs SET status = 'succeeded', finished_at = %s WHERE id = %s", (ended, run.id))
    return run.id


async def what_is_left(database: Database, client: Any, run_id: str) -> dict[str, int]:
    async with database.transaction(client.workspace_id) as connection:
        found = {"events": len(await events.after(connection, run_id, 0)), "evidence": len(await evidence.of_run(connection, run_id))}
        found["audit"] = sum(entry.subject == run_id for entry in await audit.list_entries(connection, limit=1000))
        found["run"] = int(await runs.get_run(connection, run_id) is not None)
        for table in checkpoints.TABLES:
            statement = f"SELECT count(*) AS n FROM {table} WHERE thread_id = %s"
            row = await (await connection.execute(statement, (f"{client.workspace_id}:{run_id}",))).fetchone()
            assert row is not None
            found[table] = row["n"]
    return found


ALL = {"events": 1, "evidence": 1, "audit": 1, "run": 1, "checkpoints": 1, "checkpoint_blobs": 1, "checkpoint_writes": 1}


async def test_events_and_checkpoints_of_runs_that_ended_long_ago_go_and_nothing_else(database, client, urls, monkeypatch):
    monkeypatch.setattr(retention, "AT_A_TIME", 2)
    old = [await ended_run(database, client, urls, 31) for _ in range(3)]
    kept = [await ended_run(database, client, urls, days) for days in (29, None)]
    pruned = await retention.prune(database, 30)
    assert (pruned.events, pruned.checkpoints) == (3, 9)
    for run_id in old:
        assert await what_is_left(database, client, run_id) == dict.fromkeys(ALL, 0) | {"evidence": 1, "audit": 1, "run": 1}
    for run_id in kept:
        assert await what_is_left(database, client, run_id) == ALL
    assert await retention.prune(database, 30) == retention.Pruned()


async def test_keys_that_ran_out_go(database, client, urls):
    async with database.transaction(client.workspace_id) as connection:
        await idempotency.claim(connection, "old", b"x" * 32)
        await idempotency.claim(connection, "new", b"x" * 32)
    with psycopg.connect(urls.superuser) as root:
        root.execute("UPDATE idempotency_keys SET expires_at = now() WHERE key = 'old' AND workspace_id = %s", (client.workspace_id,))
    await retention.prune(database, 30)
    async with database.transaction(client.workspace_id) as connection:
        rows = await (await connection.execute("SELECT key FROM idempotency_keys")).fetchall()
    assert [row["key"] for row in rows] == ["new"]


async def test_a_second_worker_leaves_it_to_the_first(database, client, urls):
    run_id = await ended_run(database, client, urls, 31)
    async with database.transaction(None) as connection:
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", (retention.LOCK,))
        assert await retention.prune(database, 30) == retention.Pruned()
    assert await what_is_left(database, client, run_id) == ALL
    assert (await retention.prune(database, 30)).events == 1


async def test_the_worker_prunes_by_its_setting(database, client, urls, store_settings: StoreSettings):
    run_id = await ended_run(database, client, urls, 3)
    stop = asyncio.Event()

    async def nothing(workspace_id: str, run_id: str) -> None:
        raise AssertionError("no run is queued")

    settings = store_settings.model_copy(update={"retention_days": 2})
    working = asyncio.create_task(run_worker(settings, 1, stop, execute=nothing))
    try:
        for _ in range(100):
            await asyncio.sleep(0.1)
            if (await what_is_left(database, client, run_id))["events"] == 0:
                break
        else:
            pytest.fail("nothing was pruned in 10 s")
    finally:
        stop.set()
        await working
    assert (await what_is_left(database, client, run_id))["checkpoints"] == 0
