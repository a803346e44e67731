"""Runs: the ordered events of a task as a stream, stopping one, and a person's yes or no to what it made."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from api.approvals import ApprovalCard, Hash, Note, card_of, person
from api.auth import Caller, GuardedRouter, Transaction, database, needs
from api.frames import to_json
from api.house import House
from api.metrics import STREAMS
from api.problems import Conflict, NotFound, responses
from api.tasks import Task, seen
from api.threads import guard
from graphs.approving import approve, reject
from graphs.tasks import cancel_task
from jobs.queue import enqueue
from store import events, runs
from store.errors import DatabaseUnavailable
from store.events import Event
from store.runs import Run

router = GuardedRouter("runs")

LAST = "finished"
"""The kind of the event that ends a run's log."""
BATCH = 500
AGAIN_SECONDS = 1.0

EVENT = {
    "type": "object",
    "description": "one event; a comment that keeps the stream open is none",
    "properties": {
        "id": {"type": "string", "description": "the event's number in the run"},
        "event": {"type": "string", "description": "its kind"},
        "data": {"type": "string", "description": "JSON: run, number, kind, at and payload"},
        "retry": {"type": "integer", "description": "milliseconds to wait before coming back, once at the start"},
    },
}
STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "server-sent events: `id` is the number in the run, `event` the kind, `data` JSON",
        "content": {"text/event-stream": {"schema": EVENT}},
    },
    204: {"description": "the run has ended and everything was read: do not come back"},
    **responses(404),
}


@router.get("/{id}/events", responses=STREAM, response_class=Response)
@needs("tasks:read")
async def stream_events(
    id: str,
    request: Request,
    caller: Caller,
    last_event_id: Annotated[
        int | None, Header(ge=0, le=2**31 - 1, description="number of the last event that was read; goes on after it")
    ] = None,
    after: Annotated[int, Query(ge=0, le=2**31 - 1, description="the same for clients that cannot set the header")] = 0,
) -> Response:
    """The events of a run, those that were and those that come, until the run ends. A comment keeps a silent stream open."""
    house: House = request.app.state.house
    start = last_event_id if last_event_id is not None else after
    async with house.database.transaction(caller.workspace_id) as connection:
        run = await guard(connection, caller, await runs.get_run(connection, id))
    if run is None:
        raise NotFound(f"there is no run {id!r} in this workspace")
    return await stream(house, run, start)


async def stream(house: House, run: Run, start: int) -> Response:
    """The events of a run after this number as a stream; 204, do not come back, when it has ended and there are none."""
    async with house.database.transaction(run.workspace_id) as connection:
        over = run.finished_at is not None and not await events.after(connection, run.id, start, 1)
    if over:
        return Response(status_code=204)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(follow(house, run.workspace_id, run.id, start), media_type="text/event-stream", headers=headers)


async def follow(house: House, workspace_id: str, run_id: str, number: int) -> AsyncIterator[str]:
    """Frames after this number, as they come. No connection is held while waiting; a database that goes away is waited for."""
    with house.hub.subscribe(run_id) as news, STREAMS.track_inprogress():
        yield "retry: 2000\n\n"
        while not house.hub.stopping:
            news.clear()
            try:
                over, batch = await house.news(workspace_id, run_id, number, BATCH)
            except DatabaseUnavailable:
                yield ": the database is away\n\n"
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            for event in batch:
                yield frame(event)
                number = event.number
            if any(event.kind == LAST for event in batch) or (over and not batch):
                return
            if len(batch) == BATCH:
                continue
            try:
                await asyncio.wait_for(news.wait(), house.api.heartbeat_seconds)
            except TimeoutError:
                yield ": still here\n\n"


def frame(event: Event) -> str:
    """One event as the wire has it; JSON holds no line break, so one data line is enough."""
    data = {"run": event.run_id, "number": event.number, "kind": event.kind, "at": event.at.isoformat(), "payload": event.payload}
    return f"id: {event.number}\nevent: {event.kind}\ndata: {to_json(data)}\n\n"


@router.post("/{id}/cancel", status_code=202, responses=responses(404))
@needs("tasks:write")
async def cancel_run(id: str, caller: Caller, connection: Transaction) -> Task:
    """Stop a run: at once while it is queued, else before its next step. A run that has ended stays as it is."""
    known = await guard(connection, caller, await runs.get_run(connection, id))
    run = await cancel_task(connection, id, actor=caller.actor) if known else None
    if run is None:
        raise NotFound(f"there is no run {id!r} in this workspace")
    return await seen(connection, run)


class Approve(BaseModel):
    """A yes to what the person saw."""

    model_config = ConfigDict(extra="forbid")

    hash: Hash


class Reject(BaseModel):
    """A no, with what should be mended."""

    model_config = ConfigDict(extra="forbid")

    hash: Hash
    reason: Annotated[Note, Field(description="what is wrong, in words for the writer")]


@router.post("/{id}/approve", responses=responses(404, 409))
@needs("approvals:write")
async def approve_run(id: str, body: Approve, request: Request, caller: Caller) -> ApprovalCard:
    """Approve what waits, as it was seen: another text, audience or cost than the hash stands for is `409`. The run goes on by itself."""
    async with database(request).transaction(caller.workspace_id) as connection:
        asked = await approve(connection, caller.workspace_id, id, person(caller), seen=body.hash, enqueue=enqueue)
        answer = await card_of(connection, asked)
    return _still_there(answer)


@router.post("/{id}/reject", responses=responses(404, 409))
@needs("approvals:write")
async def reject_run(id: str, body: Reject, request: Request, caller: Caller) -> ApprovalCard:
    """Send back what waits. The writer gets the reason and tries again, twice at most; then the run ends as rejected."""
    async with database(request).transaction(caller.workspace_id) as connection:
        asked = await reject(connection, caller.workspace_id, id, person(caller), seen=body.hash, reason=body.reason, enqueue=enqueue)
        answer = await card_of(connection, asked)
    return _still_there(answer)


def _still_there(answer: ApprovalCard) -> ApprovalCard:
    """Raises Conflict, once it is kept that the request is void."""
    if answer.state == "void":
        raise Conflict(f"{answer.reason}: the request is void, and the text as it is now is verified and asked about anew")
    return answer
