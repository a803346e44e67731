"""A process that imports the house once and forks workers that die, stand still or give a sign at a named moment of a run.

It reads one JSON object a line and answers with one. Not a test itself.

{"fork": "execute" | "worker", "home": …, "workspace": …, "run": …, "at": "draft:committed", "do": "kill", "mark": …, "log": …} → {"pid": 1}
{"wait": 1} → {"pid": 1, "signal": 9}

Moments of a step: `uncommitted` (done, its transaction open), `committed` (kept, no checkpoint yet), `checkpointed`.
The end has `end:uncommitted` (its transaction open) and, in a worker, `end:committed` (the queue knows nothing yet).
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

BLOCKED_SECONDS = 12.0
PRELOADED = (
    "deltalake",
    "ibis.backends.duckdb",
    "langgraph.checkpoint.postgres.aio",
    "llm.offline.model",
    "llm.offline.planner",
    "pandas",
    "procrastinate",
    "pyarrow.parquet",
    "sklearn.cluster",
    "sklearn.feature_extraction.text",
    "scipy.stats",
)


def act(what: str, mark: Path) -> Callable[[str | None], None]:
    """What happens at the moment, once: it blocks the event loop, or ends it."""
    done = False

    def now(run_id: str | None) -> None:
        nonlocal done
        if done:
            return
        done = True
        mark.write_text(json.dumps({"pid": os.getpid(), "run": run_id, "at": time.time()}))
        if what == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(BLOCKED_SECONDS if what == "block" else 1.0)

    return now


def lay(at: str, run: str | None, now: Callable[[str | None], None]) -> None:
    """Lay the trap into this process's graph."""
    from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

    from graphs import steps
    from jobs import take_up
    from store import events

    wanted, moment = at.split(":")
    current: str | None = None
    append, command, put, status_of = events.append, steps.Command, AsyncPostgresSaver.aput, take_up.status_of

    async def appending(connection: Any, run_id: str, kind: str, payload: Any = None, *, key: str | None = None) -> Any:
        nonlocal current, run
        run, made = run_id, await append(connection, run_id, kind, payload, key=key)
        if kind in ("step", "finished"):
            current = payload["name"] if kind == "step" else "end"
            if (current, moment) == (wanted, "uncommitted"):
                now(run)
        return made

    def hear(record: logging.LogRecord) -> bool:
        nonlocal current
        current = getattr(record, "step", current)
        return False

    steps.log.setLevel(logging.INFO)
    steps.log.addFilter(hear)  # a step that was committed before its worker died says so too

    def commanding(*arguments: Any, **named: Any) -> Any:
        if (current, moment) == (wanted, "committed"):
            now(run)
        return command(*arguments, **named)

    async def putting(self: Any, *arguments: Any, **named: Any) -> Any:
        put_there = await put(self, *arguments, **named)
        if (current, moment) == (wanted, "checkpointed"):
            now(run)
        return put_there

    async def asking(*arguments: Any) -> Any:
        if (current, moment) == ("end", "committed") and wanted == "end":
            now(run)
        return await status_of(*arguments)

    events.append, steps.Command, AsyncPostgresSaver.aput, take_up.status_of = appending, commanding, putting, asking


async def work(order: dict[str, Any]) -> None:
    """One life of a worker."""
    from api.logs import configure
    from graphs.execute import execute
    from graphs.services import open_services
    from jobs.worker import run_worker
    from llm.settings import ModelSettings
    from store.settings import StoreSettings

    settings = StoreSettings(home=Path(order["home"]), database_url=None, migrate_url=None)
    if "at" in order:
        lay(order["at"], order.get("run"), act(order["do"], Path(order["mark"])))
    if order["fork"] == "worker":
        sys.stderr = Path(order["log"]).open("a", buffering=1)  # noqa: SIM115 until the process ends
        configure("info", "json")
        await run_worker(settings, order.get("concurrency", 1))
        return
    async with open_services(settings, ModelSettings(model="offline")) as services:
        await execute(services, order["workspace"], order["run"])


def life(order: dict[str, Any]) -> None:
    """The child: never comes back."""
    try:
        asyncio.run(work(order))
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def main() -> None:
    """Import what a run needs (threads start later, in the children), then fork as told."""
    for module in PRELOADED:
        import_module(module)
    from agents.roster import AGENTS
    from graphs import deliverable, execute
    from tools.registry import load

    assert deliverable
    assert execute
    for agent in AGENTS.values():
        for name in agent.tools:
            load(name)
    print(json.dumps({"ready": os.getpid()}), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            _, status = os.waitpid(order["wait"], 0)
            answer = {"pid": order["wait"], "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0}
        else:
            pid = os.fork()
            if pid == 0:
                life(order)
            answer = {"pid": pid}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
