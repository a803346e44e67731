"""Checkpoints and run locks with a real LangGraph graph."""

from __future__ import annotations

import asyncio
from typing import Any, TypedDict

import psycopg
import pytest
from langgraph.graph import END, START, StateGraph

from store import checkpoints
from store.checkpoints import checkpointer
from store.database import Database
from store.embedded import Urls
from store.locks import LockLost, run_lock
from store.settings import StoreSettings
from store.workspaces import Workspace


class State(TypedDict, total=False):
    done: list[str]


def graph(failing: list[str]) -> Any:
    def node(name: str) -> Any:
        async def run(state: State) -> State:
            if name in failing:
                failing.remove(name)
                raise ConnectionResetError(name)
            return {"done": [*state.get("done", []), name]}

        return run

    built = StateGraph(State)
    for name in ("a", "b", "c"):
        built.add_node(name, node(name))
    built.add_edge(START, "a")
    built.add_edge("a", "b")
    built.add_edge("b", "c")
    built.add_edge("c", END)
    return built


def config(workspace: Workspace, run: str = "run_1") -> Any:
    return {"configurable": {"thread_id": f"{workspace.id}:{run}"}}


async def test_a_run_goes_on_from_its_last_step(database: Database, workspace: Workspace, store_settings: StoreSettings) -> None:
    failing = ["c"]
    async with checkpointer(database, workspace.id) as saver:
        with pytest.raises(ConnectionResetError):
            await graph(failing).compile(checkpointer=saver).ainvoke({}, config(workspace), durability="sync")
    async with checkpointer(store_settings, workspace.id) as saver:
        state = await graph(failing).compile(checkpointer=saver).ainvoke(None, config(workspace), durability="sync")
    assert state == {"done": ["a", "b", "c"]}


async def test_pruning_keeps_the_last_state_and_drops_the_way_there(database: Database, workspace: Workspace) -> None:
    async with checkpointer(database, workspace.id) as saver:
        compiled = graph([]).compile(checkpointer=saver)
        for run in ("run_1", "run_2"):
            await compiled.ainvoke({}, config(workspace, run), durability="sync")
        before = len([found async for found in saver.alist(config(workspace))])
        async with database.transaction(workspace.id) as connection:
            assert await checkpoints.prune(connection, f"{workspace.id}:run_1") > 0
            assert await checkpoints.prune(connection, f"{workspace.id}:run_1") == 0
        assert before > 1
        assert len([found async for found in saver.alist(config(workspace))]) == 1
        assert (await compiled.aget_state(config(workspace))).values == {"done": ["a", "b", "c"]}
        assert len([found async for found in saver.alist(config(workspace, "run_2"))]) == before
        async with database.transaction(workspace.id) as connection:
            assert await checkpoints.forget(connection, f"{workspace.id}:run_1") > 0
        assert (await compiled.aget_state(config(workspace))).values == {}


async def test_after_a_lost_connection_the_next_one_goes_on(database: Database, workspace: Workspace, urls: Urls) -> None:
    """The lock of the run is lost with its connection too: what matters is that whoever takes the run up finds its state."""
    async with checkpointer(database, workspace.id) as saver:
        compiled = graph([]).compile(checkpointer=saver)
        await compiled.ainvoke({}, config(workspace), durability="sync")
        drop(urls, f"{database.pool.name} run")
        with pytest.raises(psycopg.OperationalError):
            await compiled.aget_state(config(workspace))
    async with checkpointer(database, workspace.id) as saver:
        assert (await graph([]).compile(checkpointer=saver).aget_state(config(workspace))).values == {"done": ["a", "b", "c"]}


async def test_a_connection_that_was_held_is_left_as_it_was_found(database: Database, workspace: Workspace) -> None:
    """It is kept for the next run, of whatever workspace: nothing of the session may stay on it."""
    async with checkpointer(database, workspace.id), run_lock(database, "run_5") as mine:
        assert mine
    for _ in range(3):
        async with database.hold("SELECT current_setting('groundwork.workspace', true) AS seen", (), "SELECT 1") as (connection, row):
            assert not row["seen"]
            locks = await connection.execute("SELECT count(*) AS held FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
            assert (await locks.fetchone() or {})["held"] == 0
            assert (await (await connection.execute("SELECT count(*) AS seen FROM checkpoints")).fetchone() or {})["seen"] == 0
    assert database.held.get_stats()["pool_size"] <= 4


async def test_a_session_that_cannot_be_cleared_is_closed(database: Database) -> None:
    async with database.hold("SELECT pg_advisory_lock(4711)", (), "SELECT no_such_thing()") as (connection, _):
        pass
    assert connection.closed


async def test_a_run_is_locked_for_one_and_free_again_afterwards(database: Database) -> None:
    async with run_lock(database, "run_1") as first, run_lock(database, "run_1") as second, run_lock(database, "run_2") as other:
        assert (first, second, other) == (True, False, True)
    async with run_lock(database, "run_1") as again:
        assert again


async def test_losing_the_lock_stops_the_work_under_it(database: Database, urls: Urls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.locks.WATCH_SECONDS", 0.05)

    async def work() -> None:
        async with run_lock(database, "run_3") as mine:
            assert mine
            drop(urls, f"{database.pool.name} run")
            await asyncio.sleep(30)

    with pytest.raises(LockLost, match="run_3"):
        await asyncio.wait_for(work(), 10)


async def test_cancelling_under_the_lock_stays_a_cancellation_and_frees_it(database: Database) -> None:
    begun = asyncio.Event()

    async def work() -> None:
        async with run_lock(database, "run_4"):
            begun.set()
            await asyncio.sleep(30)

    task = asyncio.create_task(work())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with run_lock(database, "run_4") as mine:
        assert mine


def drop(urls: Urls, name: str) -> None:
    """Cut the connections of this name, as a restarting server would."""
    with psycopg.connect(urls.superuser, autocommit=True) as connection:
        cut = connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s", (name,)).fetchall()
    assert cut
