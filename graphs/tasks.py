"""Start a task: check what is asked, keep it and put it in the queue's hands, all in the caller's transaction."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from agents.roster import AGENTS
from graphs import asking
from graphs.run_tool import today
from graphs.services import Enqueue
from grounding.brief import read_brief
from store import audit, clients, events, runs
from store.clients import Client
from store.runs import Run
from tools.contract import ToolInputError


class NoSuchClient(LookupError):
    """No client of this workspace has this name."""

    def __str__(self) -> str:
        return f"there is no client {self.args[0]!r} in this workspace"


def check_request(client: Client, kind: str, brief: str, as_of: date) -> None:
    """Raises ToolInputError for a kind that there is not, or a brief that cannot be read."""
    if kind not in AGENTS:
        raise ToolInputError(f"there is no task of kind {kind!r}; there are: {', '.join(AGENTS)}", field="kind")
    read_brief(brief, client.locale, as_of=as_of, now=datetime.now(UTC))


async def create_task(
    connection: Any,
    workspace_id: str,
    *,
    client: str,
    kind: str,
    brief: str,
    actor: str,
    enqueue: Enqueue,
    as_of: date | None = None,
    asked_by: str | None = None,
) -> Run:
    """A new run, queued in the same transaction; `asked_by` is whose wish it is when `actor` only carries it out.

    Raises NoSuchClient, ToolInputError (kind or brief).
    """
    known = await clients.get_client(connection, client)
    if known is None:
        raise NoSuchClient(client)
    as_of = as_of or today(known)
    check_request(known, kind, brief, as_of)
    run = await runs.create_run(connection, known.id, kind, brief, as_of=as_of, asked_by=asked_by or actor)
    await events.append(connection, run.id, "queued", {"kind": kind, "client": known.slug}, key="queued")
    await audit.note(connection, actor, "task.create", run.id, {"kind": kind, "client": known.slug})
    await enqueue(connection, workspace_id, run.id)
    return run


async def cancel_task(connection: Any, run_id: str, *, actor: str) -> Run | None:
    """Ask a run to stop: at once while it is queued or waits for an approval, else before its next step. None when there is no such run."""
    run = await runs.request_cancel(connection, run_id)
    if run is None:
        return None
    await audit.note(connection, actor, "task.cancel", run_id, {})
    if run.status == "waiting":
        # no worker is at it that could notice
        run = await runs.set_status(connection, run_id, "cancelled", error="stopped on request") or run
        await asking.withdraw(connection, run_id, "the task was stopped")
    if run.status == "cancelled":
        payload = {"status": "cancelled", "reason": "stopped on request", "deliverable": None, "usage": None}
        await events.append(connection, run_id, "finished", payload, key="finished")
    return run
