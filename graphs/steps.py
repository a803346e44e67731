"""One graph step: done, then committed once with its result. What was committed is not done again, and nothing is kept twice."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from langgraph.runtime import Runtime
from langgraph.types import Command

from graphs.counting import count
from graphs.state import RunState, StepContext
from grounding.evidence import Evidence
from grounding.ids import stable_id as stable_id
from store import deliverables, events, runs, step_results, threads
from store import evidence as evidence_records
from store.database import Connection
from store.step_results import StepResult

log = logging.getLogger(__name__)


class Cancelled(Exception):
    """Somebody asked the run to stop."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a step gives: the change of state, where to go, and what to keep, in one transaction."""

    goto: str
    update: Any
    """A part of the graph's own state."""
    events: tuple[tuple[str, dict[str, Any]], ...] = ()
    evidence: tuple[Evidence, ...] = ()
    deliverable: dict[str, Any] | None = None
    also: Callable[[Connection], Awaitable[str | None]] | None = None
    """More to do in that transaction. It may add to `update`, and name another step to go to when that hangs on what it finds."""


State = TypeVar("State", bound=RunState)
Context = TypeVar("Context", bound=StepContext)
Body = Callable[[State, Context], Awaitable[Done]]


def step(name: str) -> Callable[[Body[State, Context]], Any]:
    """Make a node of a body: stop if asked to, do the work, commit events, evidence and deliverable together."""

    def make(body: Body[State, Context]) -> Any:
        async def node(state: State, runtime: Runtime[Any]) -> Command:
            context: Context = runtime.context
            before: Any = state.get("step", 0)
            number = before + 1
            async with context.services.database.transaction(context.workspace_id) as connection:
                run = await runs.get_run(connection, context.run.id)
                there = await step_results.find(connection, context.run.id, number)
            if run is None or run.cancel_requested:
                raise Cancelled
            if there is not None:
                # committed by a worker that died before its checkpoint: nothing of it is done or paid for again
                log.info("step was done before", extra={"step": name, "number": number, "next": there.goto})
                return Command(goto=there.goto, update=there.change)
            began = time.monotonic()
            done = await body(state, context)
            async with context.services.database.transaction(context.workspace_id) as connection:
                if run.conversation is not None:
                    # who speaks holds the conversation first and then its turn: in the other order the two would wait for each other
                    await threads.get_thread(connection, run.conversation, lock=True)
                for evidence in done.evidence:
                    await evidence_records.add(connection, context.client.id, context.run.id, evidence)
                if done.deliverable is not None:
                    made = await deliverables.add(connection, run_id=context.run.id, client_id=context.client.id, **done.deliverable)
                    done.update["deliverable_id"] = made.id
                    payload = {"deliverable": made.id, "version": made.version, "status": made.status, "title": made.title}
                    await events.append(connection, context.run.id, "deliverable", payload, key=f"{number}:deliverable")
                for index, (kind, payload) in enumerate((("step", {"name": name, "number": number}), *done.events)):
                    await events.append(connection, context.run.id, kind, payload, key=f"{number}:{index}")
                if "usage" in done.update:
                    await runs.note_usage(connection, context.run.id, done.update["usage"], done.update.get("model"))
                goto = (await done.also(connection) if done.also else None) or done.goto
                change = {**done.update, "step": number}
                await step_results.keep(connection, context.run.id, number, StepResult(goto, change))
                await count(connection, context.client.id, done.events)
            log.info("step done", extra={"step": name, "number": number, "seconds": round(time.monotonic() - began, 3), "next": goto})
            return Command(goto=goto, update=change)

        # not functools.wraps: LangGraph reads the parameters of a node, and the body's are others
        node.__name__, node.__doc__ = body.__name__, body.__doc__
        return node

    return make
