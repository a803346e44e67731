"""A worker process whose runs are a graph of small steps, each with one event: what kills and outages are aimed at.

Arguments: the home. Not a test itself.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph

from jobs.worker import run_worker
from store import events, runs
from store.checkpoints import checkpointer
from store.database import Database
from store.locks import run_lock
from store.settings import StoreSettings

STEPS = 8


class State(TypedDict, total=False):
    done: list[int]


def graph(database: Database, workspace_id: str, run_id: str) -> Any:
    built = StateGraph(State)

    def step(number: int) -> Any:
        async def node(state: State) -> State:
            await asyncio.sleep(0.05)
            async with database.transaction(workspace_id) as connection:
                await events.append(connection, run_id, "step", {"number": number}, key=f"step:{number}")
            return {"done": [*state.get("done", []), number]}

        return node

    for number in range(STEPS):
        built.add_node(str(number), step(number))
        built.add_edge(str(number - 1) if number else START, str(number))
    built.add_edge(str(STEPS - 1), END)
    return built


async def main(home: Path) -> None:
    settings = StoreSettings(home=home, database_url=None, migrate_url=None)
    database: Database | None = None

    async def execute(workspace_id: str, run_id: str) -> None:
        nonlocal database
        database = database or await Database.of(settings)
        async with run_lock(database, run_id) as mine:
            if not mine:
                return
            async with database.transaction(workspace_id) as connection:
                run = await runs.set_status(connection, run_id, "running")
            if run is None:
                return
            async with checkpointer(database, workspace_id) as saver:
                compiled = graph(database, workspace_id, run_id).compile(checkpointer=saver)
                config: Any = {"configurable": {"thread_id": run.thread_id}}
                begun = bool((await compiled.aget_state(config)).values or (await compiled.aget_state(config)).next)
                state = await compiled.ainvoke(None if begun else {"done": []}, config, durability="sync")
            async with database.transaction(workspace_id) as connection:
                await runs.set_status(connection, run_id, "succeeded", usage={"done": state["done"]})

    await run_worker(settings, 2, execute=execute)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
