"""A worker's log: one line of JSON per event, each of a run with the ids that it is found by, none with a secret."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
from datetime import date

import pytest

from api.logs import configure
from jobs.queue import enqueue
from jobs.worker import run_worker
from store import runs


@pytest.fixture
def said(monkeypatch):
    """What is logged meanwhile, line by line."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    configure("info", "json")
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = handlers
    root.setLevel(level)


async def test_every_line_of_a_run_names_run_workspace_and_attempt(database, client, store_settings, said):
    stop, calls = asyncio.Event(), 0

    async def deeper(run_id: str) -> None:
        logging.getLogger("graphs.steps").info("step done", extra={"step": "brief"})
        await asyncio.to_thread(logging.getLogger("llm.complete").warning, "model call failed, key sk-abcdefgh12345678")

    async def execute(workspace_id: str, run_id: str) -> None:
        nonlocal calls
        if run_id != run.id:  # a run that another test left in this queue
            async with database.transaction(workspace_id) as connection:
                await runs.set_status(connection, run_id, "cancelled")
            return
        calls += 1
        await deeper(run_id)
        if calls == 1:
            raise ConnectionResetError("the model went away")
        async with database.transaction(workspace_id) as connection:
            await runs.set_status(connection, run_id, "succeeded")

    async with database.transaction(client.workspace_id) as connection:
        run = await runs.create_run(connection, client.id, "strategy", "a brief that is nobody's business", as_of=date(2026, 11, 21))
        await enqueue(connection, client.workspace_id, run.id)
    working = asyncio.create_task(run_worker(store_settings, 1, stop, execute=execute))
    for _ in range(600):
        await asyncio.sleep(0.1)
        if any(line["event"] == "run left" and line.get("run_id") == run.id for line in said()):
            break
    stop.set()
    await working
    lines = [line for line in said() if line.get("run_id") == run.id]
    events = [line["event"] for line in lines if line["logger"] != "procrastinate"]
    once = ["run taken up", "step done", "model call failed, key [redacted]"]
    assert events == [*once, "run broke off; it is tried again from its last step", *once, "run left"]
    assert {line["workspace_id"] for line in lines} == {client.workspace_id}
    assert [line["attempt"] for line in lines] == [1] * 4 + [2] * 4
    assert lines[-1]["status"] == "succeeded"
    assert "ConnectionResetError" in lines[3]["exception"]
    assert "nobody's business" not in json.dumps(said())
