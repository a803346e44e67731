"""A simulated newcomer whose strategies are killed, and the process that forks the workers to kill."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from demo.clients import AS_OF, CLIENTS
from demo.house import open_client
from demo.simulate import simulate
from graphs.execute import execute
from graphs.services import Services
from graphs.tasks import cancel_task, create_task
from jobs import queue as jobs_queue
from llm.embeddings import embedder
from llm.settings import ModelSettings
from store import deliverables, embedded, events, runs
from store import evidence as evidence_records
from store.clients import Client
from store.database import Database
from store.errors import DatabaseUnavailable
from store.importing.tables import import_table
from store.settings import StoreSettings
from store.workspaces import Workspace, create_workspace

ROOT = Path(__file__).parents[2]


class Nursery:
    """The process of tests/soak/dying.py."""

    def __init__(self, home: Path, marks: Path) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("DATABASE_URL", "GROUNDWORK_"))}
        self.home, self.marks, self.born = home, marks, []
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", str(ROOT / "tests/soak/dying.py")],
            env=environment | {"PYTHONPATH": str(ROOT)}, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.answer()

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def ask(self, **order: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def fork(self, kind: str, *, at: str | None = None, do: str = "kill", **more: Any) -> int:
        """A child; with `at`, its trap is laid there, and `mark(at)` is written when it goes off."""
        trap = {"at": at, "do": do, "mark": str(self.mark(at))} if at else {}
        pid = self.ask(fork=kind, home=str(self.home), log=str(self.log), **trap, **more)["pid"]
        self.born.append(pid)
        return pid

    def mark(self, at: str) -> Path:
        return self.marks / at.replace(":", "-")

    @property
    def log(self) -> Path:
        """What all workers log, a line of JSON each."""
        return self.marks / "workers.log"

    def taken_up(self, run_id: str) -> list[float]:
        """When workers took this run up."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [
            datetime.fromisoformat(line["timestamp"]).timestamp()
            for line in lines
            if line["event"] == "run taken up" and line["run_id"] == run_id
        ]

    def wait(self, pid: int) -> int:
        """The signal that ended the child; 0 when it ended by itself."""
        self.born.remove(pid)
        return self.ask(wait=pid)["signal"]

    def end(self, pid: int, number: int = 9) -> None:
        os.kill(pid, number)
        self.wait(pid)

    def close(self) -> None:
        for pid in list(self.born):
            self.end(pid)
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(10)


@dataclass(frozen=True)
class Ward:
    """A workspace with one client: start runs, look at what they left."""

    services: Services
    workspace: Workspace
    client: Client

    def transaction(self) -> Any:
        return self.services.database.transaction(self.workspace.id)

    async def start(self, *, queued: bool = True) -> str:
        async def nobody(*_: Any) -> None:
            """The test runs it itself."""

        enqueue = jobs_queue.enqueue if queued else nobody
        brief = CLIENTS["newcomer"].briefs[0]
        async with self.transaction() as connection:
            run = await create_task(
                connection, self.workspace.id, client="newcomer", kind="strategy", brief=brief, actor="test", enqueue=enqueue, as_of=AS_OF
            )
        return run.id

    async def run(self, run_id: str) -> runs.Run:
        async with self.transaction() as connection:
            found = await runs.get_run(connection, run_id)
        assert found is not None
        return found

    async def log(self, run_id: str) -> list[events.Event]:
        async with self.transaction() as connection:
            return await events.after(connection, run_id, 0, 10_000)

    async def execute(self, run_id: str) -> runs.Run:
        await execute(self.services, self.workspace.id, run_id)
        return await self.run(run_id)

    async def cancel(self, run_id: str) -> None:
        async with self.transaction() as connection:
            await cancel_task(connection, run_id, actor="test")

    async def ended(self, run_ids: list[str], seconds: float = 60.0) -> list[runs.Run]:
        """The runs when all have ended; a database that is away meanwhile counts as not yet."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                found = [await self.run(run_id) for run_id in run_ids]
                if all(run.status in runs.ENDED for run in found):
                    return found
            except DatabaseUnavailable:
                found = []
            assert time.monotonic() < deadline, [(run.id, run.status) for run in found]
            await asyncio.sleep(0.1)

    async def calls(self) -> int:
        """Model calls of this workspace that were counted."""
        async with self.transaction() as connection:
            row = await (await connection.execute("SELECT coalesce(sum(calls), 0)::int AS n FROM model_calls")).fetchone()
        assert row is not None
        return row["n"]

    async def left(self, run_id: str) -> dict[str, Any]:
        """What a run left, without ids and times: equal for two runs of the same brief."""
        async with self.transaction() as connection:
            run = await runs.get_run(connection, run_id)
            log = await events.after(connection, run_id, 0, 10_000)
            records = await evidence_records.of_run(connection, run_id)
            made = await deliverables.list_(connection, run_id=run_id)
            row = await (
                await connection.execute(
                    """SELECT (SELECT count(*) FROM step_results WHERE run_id = %(run)s) AS steps,
                              (SELECT count(*) FROM checkpoints WHERE thread_id = %(thread)s) AS checkpoints""",
                    {"run": run_id, "thread": f"{self.workspace.id}:{run_id}"},
                )
            ).fetchone()
        assert run is not None
        return {
            "status": run.status,
            "error": run.error,
            "gapless": [event.number for event in log] == list(range(1, len(log) + 1)),
            "events": [(event.kind, event.payload.get("name") or event.payload.get("tool")) for event in log],
            "evidence": sorted((record.alias or "", record.tool) for record in records),
            "deliverables": [(entry.status, entry.version, sorted(entry.evidence_aliases)) for entry in made],
            "deliverable": run.deliverable_id == (made[0].id if made else None),
            "calls": run.usage.get("calls"),
            "scaffolding": dict(row),
        }


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def ward(database: Database, store_settings: StoreSettings) -> AsyncIterator[Ward]:
    models = ModelSettings(model="offline")
    services = Services(database, store_settings, models, embedder(models))
    async with database.transaction(None) as connection:
        workspace = await create_workspace(connection, "Ward (simulated)")
    client = await open_client(services, workspace, "newcomer")
    for name, table in simulate("newcomer").items():
        import_table(store_settings.facts_root, workspace.id, client, name, table)
    yield Ward(services, workspace, client)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def whole(ward: Ward) -> dict[str, Any]:
    """What a run leaves that nobody disturbed."""
    run_id = await ward.start(queued=False)
    run = await ward.execute(run_id)
    assert run.status == "succeeded", run.error
    return await ward.left(run_id)


@pytest.fixture(scope="session")
def nursery(home: Path, urls: embedded.Urls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    opened = Nursery(home, tmp_path_factory.mktemp("marks"))
    yield opened
    opened.close()


@pytest.fixture
def empty_queue(urls: embedded.Urls) -> None:
    with psycopg.connect(urls.superuser) as connection:
        connection.execute("TRUNCATE procrastinate_jobs, procrastinate_workers CASCADE")
