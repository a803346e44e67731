"""Run a run: from its last step, under its lock, to an end that is recorded."""

from __future__ import annotations

import logging
from collections.abc import Callable
from copy import copy
from functools import cache
from importlib import import_module
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.graph import StateGraph
from langgraph.types import Command

from agents.concierge import CONCIERGE
from agents.roster import AGENTS
from graphs import asking, chat
from graphs.deliverable import RunFailed, build
from graphs.services import Services
from graphs.state import RunContext
from graphs.steps import Cancelled
from llm.errors import ModelError
from store import approvals, checkpoints, clients, events, runs, step_results, threads
from store.checkpoints import checkpointer
from store.locks import run_lock
from tools.contract import ToolRefusal
from tools.registry import load as load_tool

log = logging.getLogger(__name__)

MOST_STEPS = 150


def prepare() -> None:
    """Import what a run imports when it needs it, so that a new worker's first run is as quick as its later ones."""
    for name in {*CONCIERGE.tools, *(name for agent in AGENTS.values() for name in agent.tools)}:
        load_tool(name)
    for graph in (chat.build, build):
        compiled(graph)
    for module in ("deltalake", "ibis.backends.duckdb", "langgraph.checkpoint.postgres.aio", "sklearn.cluster"):
        import_module(module)


@cache
def compiled(graph: Callable[[], StateGraph[Any, Any, Any, Any]]) -> Any:
    """A graph compiled once in a process: it takes longer than all else that the house does in a short turn."""
    return graph().compile()


async def execute(services: Services, workspace_id: str, run_id: str) -> None:
    """Take a run up where it stands and bring it to its end, or to its approval.

    A run that another worker holds, that has ended, or whose request for approval nobody has answered yet, is left alone.
    Errors of the infrastructure are raised, so that the queue tries again; everything else ends the run with its reason.
    """
    async with run_lock(services.database, run_id) as mine:
        if mine:
            await _execute(services, workspace_id, run_id)


async def stop(services: Services, workspace_id: str, run_id: str, reason: str) -> bool:
    """End a run that no worker is at, for this reason. False when a worker holds it; a run that has ended stays as it is."""
    async with run_lock(services.database, run_id) as mine:
        if not mine:
            return False
        async with services.database.transaction(workspace_id) as connection:
            run = await runs.get_run(connection, run_id)
        if run is not None and run.status not in runs.ENDED:
            await _end(services, workspace_id, run_id, "cancelled", reason)
        return True


async def _execute(services: Services, workspace_id: str, run_id: str) -> None:
    async with services.database.transaction(workspace_id) as connection:
        run = await runs.get_run(connection, run_id)
        client = await clients.get_client(connection, run.client_id) if run else None
        if run is None or client is None or run.status in runs.ENDED:
            return
        if run.status == "queued":
            await runs.set_status(connection, run_id, "running")
            await events.append(connection, run_id, "started", {"kind": run.kind}, key="started")
        asked = await approvals.latest(connection, run_id)
        answered = asked is not None and asked.state != "waiting"
        if run.status == "waiting" and (not answered or await runs.set_status(connection, run_id, "running") is None):
            return
        thread = await threads.get_thread(connection, run.conversation) if run.conversation else None
    context: RunContext | chat.ChatContext
    if thread is not None:
        context = chat.ChatContext(services, workspace_id, client, run, CONCIERGE, thread.owner, run.as_of)
    else:
        context = RunContext(services, workspace_id, client, run, AGENTS[run.kind], run.as_of)
    config: RunnableConfig = {"configurable": {"thread_id": f"{workspace_id}:{run_id}"}, "recursion_limit": MOST_STEPS}
    try:
        async with checkpointer(services.database, workspace_id) as saver:
            graph = copy(compiled(chat.build if thread is not None else build))
            graph.checkpointer = saver
            snapshot = await graph.aget_state(config)
            begun = bool(snapshot.next) or bool(snapshot.values)
            entry: Any = None if begun else {}
            if answered and asked is not None and any(task.interrupts for task in snapshot.tasks):
                entry = Command(resume={"approval": asked.id, "state": asked.state})
            state = await graph.ainvoke(entry, config, context=context, durability="sync")
    except Cancelled:
        await _end(services, workspace_id, run_id, "cancelled", "stopped on request")
    except (RunFailed, ModelError, ToolRefusal) as error:
        await _end(services, workspace_id, run_id, "failed", str(error))
    except (ValueError, TypeError, KeyError, LookupError, AttributeError) as error:
        log.exception("run %s failed", run_id)
        await _end(
            services, workspace_id, run_id, "failed", f"an error of ours ({type(error).__name__}); it is in the log under this run's id"
        )
    else:
        await _settle(services, workspace_id, run_id, state)


async def _settle(services: Services, workspace_id: str, run_id: str, state: dict[str, Any]) -> None:
    if state.get("__interrupt__"):
        async with services.database.transaction(workspace_id) as connection:
            made = state.get("deliverable_id")
            await runs.set_status(connection, run_id, "waiting", deliverable_id=made, usage=state.get("usage"), model=state.get("model"))
            await step_results.forget(connection, run_id)
        return
    status: runs.RunStatus = state["outcome"] if state["outcome"] in ("needs_person", "rejected") else "succeeded"
    await _end(services, workspace_id, run_id, status, state.get("reason"), state)


async def _end(
    services: Services, workspace_id: str, run_id: str, status: runs.RunStatus, reason: str | None, state: dict[str, Any] | None = None
) -> None:
    state = state or {}
    made = state.get("deliverable_id")
    async with services.database.transaction(workspace_id) as connection:
        run = await runs.get_run(connection, run_id)
        if run is None:
            return  # its conversation was deleted
        if run.conversation is not None:
            await threads.get_thread(connection, run.conversation, lock=True)  # before its turn, as in a step
        error = None if status == "succeeded" else reason
        await runs.set_status(
            connection, run_id, status, error=error, deliverable_id=made, usage=state.get("usage"), model=state.get("model")
        )
        payload = {"status": status, "reason": reason, "deliverable": made, "usage": state.get("usage")}
        await events.append(connection, run_id, "finished", payload, key="finished")
        await chat.leave(connection, run)
        await asking.withdraw(connection, run_id, f"the run ended: {status}")
        await step_results.forget(connection, run_id)
        await checkpoints.prune(connection, f"{workspace_id}:{run_id}")
