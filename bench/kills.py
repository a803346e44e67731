"""kill -9 of a worker at random moments of strategy runs, a second worker alive; the limits are 0 lost, 0 doubled, all finished.

Run: python -m bench.kills [--moments 50] [--seed 20261121]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from demo.clients import AS_OF, CLIENTS
from demo.house import open_client
from demo.simulate import simulate
from graphs.services import Services, open_services
from graphs.tasks import create_task
from jobs.queue import enqueue
from llm.settings import ModelSettings
from store import embedded, runs
from store.importing.tables import import_table
from store.migrate import migrate
from store.settings import StoreSettings
from store.workspaces import Workspace, create_workspace

TAKE_UP_LIMIT = 15.0
PATIENCE = 180.0

LEFT = """
    SELECT r.status,
           (SELECT array_agg(e.number ORDER BY e.number) FROM run_events AS e WHERE e.run_id = r.id) AS numbers,
           (SELECT array_agg(e.kind || coalesce(':' || (e.payload ->> 'name'), '') ORDER BY e.number)
              FROM run_events AS e WHERE e.run_id = r.id) AS log,
           (SELECT array_agg(extract(epoch FROM e.at)::float8 ORDER BY e.number) FROM run_events AS e WHERE e.run_id = r.id) AS at,
           (SELECT array_agg(v.record ->> 'alias' ORDER BY v.record ->> 'alias') FROM evidence AS v WHERE v.run_id = r.id) AS aliases,
           (SELECT count(*) FROM deliverables AS d WHERE d.run_id = r.id) AS deliverables,
           (r.usage ->> 'calls')::int AS calls
      FROM runs AS r WHERE r.id = %s"""


@dataclass
class Worker:
    """One worker process, `groundwork worker`, and what it says."""

    home: Path
    number: int
    born: int = 0
    log: Path = field(init=False)
    process: subprocess.Popen[bytes] = field(init=False)

    def start(self) -> Worker:
        self.born += 1
        self.log = self.home / f"worker-{self.number}-{self.born}.log"
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("DATABASE_URL", "GROUNDWORK_"))}
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-m", "cli.main", "worker", "--concurrency", "2", "--log-format", "json"],
                env=environment | {"GROUNDWORK_HOME": str(self.home)}, stderr=output, stdout=output,
            )  # fmt: skip
        return self

    def said(self, what: str, run_id: str | None = None) -> list[float]:
        """When this life of the worker said so, in seconds."""
        return _said(self.log, what, run_id)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@dataclass
class House:
    """A simulated newcomer's workspace."""

    services: Services
    workspace: Workspace

    async def start(self) -> str:
        async with self.services.database.transaction(self.workspace.id) as connection:
            brief = CLIENTS["newcomer"].briefs[0]
            run = await create_task(
                connection, self.workspace.id, client="newcomer", kind="strategy", brief=brief, actor="bench", enqueue=enqueue, as_of=AS_OF
            )
        return run.id

    async def left(self, run_id: str) -> dict[str, Any]:
        async with self.services.database.transaction(self.workspace.id) as connection:
            row = await (await connection.execute(LEFT, (run_id,))).fetchone()
        assert row is not None
        return row

    async def ended(self, run_id: str) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while (row := await self.left(run_id))["status"] not in runs.ENDED and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
        return row


def _said(log: Path, what: str, run_id: str | None) -> list[float]:
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{") and line.endswith("}")]
    return [
        datetime.fromisoformat(line["timestamp"]).timestamp()
        for line in lines
        if line["event"].startswith(what) and run_id in (None, line.get("run_id"))
    ]


async def until(condition: Any) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("a worker did not get ready in time: see its log")
        await asyncio.sleep(0.02)


async def measure(home: Path, moments: int, seed: int) -> bool:
    """Kill, wait, count. True when the limits held."""
    dice = random.Random(seed)
    settings = StoreSettings(home=home, database_url=None, migrate_url=None)
    workers = [Worker(home, number).start() for number in range(2)]
    try:
        async with open_services(settings, ModelSettings(model="offline"), name="groundwork bench") as services:
            async with services.database.transaction(None) as connection:
                workspace = await create_workspace(connection, "Bench (simulated)")
            client = await open_client(services, workspace, "newcomer")
            for name, table in simulate("newcomer").items():
                import_table(settings.facts_root, workspace.id, client, name, table)
            house = House(services, workspace)
            await until(lambda: all(worker.said("worker ready") for worker in workers))
            calm = [await house.ended(await house.start()) for _ in range(5)]
            whole, typical = calm[-1], statistics.median(row["at"][-1] - row["at"][1] for row in calm)
            print(f"an undisturbed run: {typical:.1f} s, {len(whole['log'])} events, {len(whole['aliases'])} evidence records")
            killed: dict[str, tuple[float, bool]] = {}
            for moment in range(moments):
                await until(lambda: all(worker.said("worker ready") for worker in workers))
                run_id = await house.start()
                await until(lambda run_id=run_id: any(worker.said("run taken up", run_id) for worker in workers))
                holder = next(worker for worker in workers if worker.said("run taken up", run_id))
                await asyncio.sleep(dice.uniform(0, typical))
                holder.kill()
                at = time.time()
                killed[run_id] = (at, (await house.left(run_id))["status"] not in runs.ENDED)
                holder.start()
                print(f"\r{moment + 1} of {moments}", end="", file=sys.stderr, flush=True)
            rows = {run_id: await house.ended(run_id) for run_id in killed}
    finally:
        for worker in workers:
            worker.kill()
    taken = {run_id: sorted(at for log in home.glob("worker-*.log") for at in _said(log, "run taken up", run_id)) for run_id in killed}
    return report(whole, killed, rows, taken)


def report(
    whole: dict[str, Any], killed: dict[str, tuple[float, bool]], rows: dict[str, dict[str, Any]], taken: dict[str, list[float]]
) -> bool:
    """Print the figures. Lost: not ended, or less than an undisturbed run leaves. Doubled: anything more than that."""
    compared = ("log", "aliases", "deliverables", "calls")
    finished = lost = doubled = gaps = other = 0
    for row in rows.values():
        aliases = row["aliases"] or []
        finished += row["status"] == whole["status"]
        lost += row["status"] not in runs.ENDED or any(_size(row[name]) < _size(whole[name]) for name in compared)
        doubled += len(set(aliases)) < len(aliases) or any(_size(row[name]) > _size(whole[name]) for name in compared)
        gaps += row["numbers"] != list(range(1, len(row["numbers"]) + 1))
        other += any(row[name] != whole[name] for name in compared)
    hit = {run_id: at for run_id, (at, under_way) in killed.items() if under_way}
    before = {run_id: sum(when <= at for when in rows[run_id]["at"]) for run_id, at in hit.items()}
    middle = f"{len(hit)} in the middle of the run, after {len(set(before.values()))} different events"
    print(f"\nkill -9 of a worker with a second one alive, {len(killed)} random moments, {middle}")
    print(f"lost {lost} (limit 0), doubled {doubled} (limit 0), finished {finished} (limit {len(killed)}); gaps {gaps}, differing {other}")
    again = _waits("taken up again after", hit, taken, f" (limit {TAKE_UP_LIMIT:.0f} s)")
    _waits("next event after", hit, {run_id: rows[run_id]["at"] for run_id in hit})
    return (lost, doubled, gaps, other, finished) == (0, 0, 0, 0, len(killed)) and again < TAKE_UP_LIMIT


def _waits(what: str, hit: dict[str, float], seen: dict[str, list[float]], limit: str = "") -> float:
    """Print and give the longest time from a kill to what came next."""
    waits = sorted(next((later for later in seen[run_id] if later > at), float("inf")) - at for run_id, at in hit.items()) or [0.0]
    print(f"{what}: median {statistics.median(waits):.1f} s, longest {waits[-1]:.1f} s{limit}")
    return waits[-1]


def _size(value: Any) -> int:
    return value or 0 if isinstance(value, int) else len(value or ())


def main() -> int:
    """In a home of its own, gone afterwards. Exit code 1 when a limit did not hold."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--moments", type=int, default=50)
    asked.add_argument("--seed", type=int, default=20261121)
    options = asked.parse_args()
    home = Path(tempfile.mkdtemp(prefix="groundwork-bench-")).resolve()
    urls = embedded.start(home)
    try:
        migrate(urls.owner, urls.app)
        return 0 if asyncio.run(measure(home, options.moments, options.seed)) else 1
    finally:
        embedded.stop(home)
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
