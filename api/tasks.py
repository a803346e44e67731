"""Tasks: ask for a deliverable, see how it goes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from agents.roster import AGENTS
from api.auth import Caller, GuardedRouter, Transaction, database
from api.clients import known_client, slugs
from api.idempotency import Key, once
from api.problems import NotFound, responses
from graphs.tasks import create_task
from jobs.queue import enqueue
from store import clients, runs
from store.database import Connection
from store.runs import Run, RunStatus

router = GuardedRouter("tasks")


class NewTask(BaseModel):
    """What is asked for."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"kind": "strategy", "client": "salon", "brief": "R15 000 a month"}]}
    )

    kind: Annotated[str, Field(description="what to make: " + ", ".join(AGENTS), min_length=1, max_length=60)] = "strategy"
    client: Annotated[str, Field(description="slug or id of the client", min_length=1, max_length=80)]
    brief: Annotated[str, Field(description="the request in a person's words: budget, channels, goal", max_length=20_000)]
    as_of: Annotated[date | None, Field(description="the day it is for; today in the client's zone when left out")] = None


class Task(BaseModel):
    """One task from request to end. Its id is also its run's."""

    id: str
    kind: str
    client: str = Field(description="slug of the client")
    status: RunStatus
    brief: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: str | None = Field(description="why it failed, for a person")
    deliverable: str | None = Field(description="id of what it made")
    model: dict[str, Any] = Field(description="which model wrote it; is_llm false for the offline rules")
    usage: dict[str, Any] = Field(description="model calls, tokens and cost")
    cancel_requested: bool
    links: dict[str, str]

    @classmethod
    def of(cls, run: Run, slug: str) -> Task:
        """The task of a run."""
        links = {"self": f"/api/v1/tasks/{run.id}", "events": f"/api/v1/runs/{run.id}/events", "cancel": f"/api/v1/runs/{run.id}/cancel"}
        if run.deliverable_id:
            links["deliverable"] = f"/api/v1/deliverables/{run.deliverable_id}"
        fields = ("id", "kind", "status", "brief", "created_at", "started_at", "finished_at", "error", "model", "usage", "cancel_requested")
        return cls(client=slug, deliverable=run.deliverable_id, links=links, **{name: getattr(run, name) for name in fields})


class TaskList(BaseModel):
    """Tasks, newest first."""

    tasks: list[Task]


ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {"headers": {"Location": {"description": "where to see how it goes", "schema": {"type": "string"}}}},
    **responses(404, 409),
}


@router.post("", status_code=202, responses=ACCEPTED)
async def start_task(body: NewTask, request: Request, response: Response, caller: Caller, connection: Transaction, key: Key = None) -> Task:
    """Start a task. With an `Idempotency-Key` the same request again within 24 hours gives the same task, another body is refused."""
    return await start(body, request, response, caller, connection, key)


async def start(body: NewTask, request: Request, response: Response, caller: Caller, connection: Connection, key: str | None) -> Task:
    """Start a task for any route that is a shortcut to one."""

    async def make() -> Task:
        run = await create_task(
            connection,
            caller.workspace_id,
            client=body.client,
            kind=body.kind,
            brief=body.brief,
            actor=caller.actor,
            enqueue=enqueue,
            as_of=body.as_of,
        )
        # what named the client is its slug unless it is its id
        return Task.of(run, body.client) if body.client != run.client_id else await seen(connection, run)

    task = await once(connection, request, response, key, body, Task, make)
    response.headers["Location"] = task.links["self"]
    return task


@router.get("/{id}", responses=responses(404))
async def get_task(id: str, request: Request, caller: Caller) -> Task:
    """How a task goes."""
    found = await runs.look(database(request), caller.workspace_id, id)
    if found is None or found[0].conversation is not None:
        raise NotFound(f"there is no task {id!r} in this workspace")
    return Task.of(*found)


@router.get("", responses=responses(404))
async def list_tasks(
    connection: Transaction,
    client: Annotated[str | None, Query(description="only this client's")] = None,
    status: Annotated[RunStatus | None, Query(description="only those in this state")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> TaskList:
    """The workspace's tasks, newest first."""
    wanted = (await known_client(connection, client)).id if client is not None else None
    found = await runs.list_runs(connection, client_id=wanted, status=status, limit=limit)
    names = await slugs(connection)
    return TaskList(tasks=[Task.of(run, names[run.client_id]) for run in found])


async def seen(connection: Connection, run: Run) -> Task:
    """The task of a run, with its client's slug."""
    client = await clients.get_client(connection, run.client_id)
    return Task.of(run, client.slug if client else run.client_id)
