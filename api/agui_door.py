"""The door for AG-UI: one turn of a conversation as the protocol's events, from the same log as every other door."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from api.auth import Caller, GuardedRouter, Principal, needs
from api.clients import known_client
from api.following import Heard, follow_events, plain
from api.frames import one_line
from api.house import House
from api.openai_chat import ChatMessage, stop_turn
from api.problems import InvalidInput, responses
from api.threads import speak
from graphs import turns
from store import threads
from store.database import Connection
from store.events import Event

router = GuardedRouter("agui")
DEEDS = frozenset({"task_started", "task_followed", "task_cancelled", "preference_kept", "preference_forgotten"})
TOLD = frozenset({"context", "boundary", "heard", "held_back", "left_out", "summarised"})
"""Events of ours that have no name in the protocol; they come as custom events."""


class Said(ChatMessage):
    """One message as AG-UI's clients send it."""

    id: str = ""


class RunInput(BaseModel):
    """What AG-UI's clients send. Tools, state and context of the page are accepted and not used."""

    model_config = ConfigDict(extra="allow", populate_by_name=True)

    thread_id: Annotated[str, Field(alias="threadId", min_length=1, max_length=200, description="a name of the caller's own, or th_…")]
    run_id: Annotated[str, Field(alias="runId", min_length=1, max_length=200)]
    messages: Annotated[list[Said], Field(min_length=1, max_length=500)]
    forwarded_props: Annotated[
        dict[str, Any] | None, Field(alias="forwardedProps", description='`{"client": "salon"}` names the client of a new conversation')
    ] = None


SPOKEN: dict[int | str, dict[str, Any]] = {
    200: {"description": "the protocol's events, as server-sent events", "content": {"text/event-stream": {"schema": {"type": "string"}}}},
    **responses(404, 409),
}


@router.post("", responses=SPOKEN, response_class=Response)
@needs("threads:write")
async def run_agent(
    body: RunInput,
    request: Request,
    caller: Caller,
    client: Annotated[str | None, Query(description="slug or id of the client of a new conversation")] = None,
) -> Response:
    """One turn. A thread that the caller has named before goes on, and then only the last message is read."""
    house: House = request.app.state.house
    async with house.database.transaction(caller.workspace_id) as connection:
        run = await _begin(connection, caller, body, client)
    stream = _frames(house, caller, run, body)
    return StreamingResponse(stream, media_type="text/event-stream", headers={"X-Groundwork-Run": run, "Cache-Control": "no-store"})


async def _begin(connection: Connection, caller: Principal, body: RunInput, client: str | None) -> str:
    *before, last = body.messages
    if last.role != "user":
        raise InvalidInput("the last message has to be the user's", field="messages")
    named = client or (body.forwarded_props or {}).get("client")
    if body.thread_id.startswith("th_"):
        thread = await turns.owned(connection, body.thread_id, caller.actor)
    else:
        kept = await threads.by_door(connection, caller.actor, body.thread_id)
        if kept is None and not isinstance(named, str):
            raise InvalidInput('a new conversation needs its client: forwardedProps {"client": "salon"}, or ?client=salon', field="client")
        known = await known_client(connection, str(named)) if named else None
        if kept is not None and known is not None and kept.client_id != known.id:
            raise turns.NoSuchThread(body.thread_id)
        if kept is None:
            assert known is not None
            kept = await threads.create_thread(connection, caller.actor, client_id=known.id, door_id=body.thread_id)
            said = [("assistant" if one.role == "assistant" else "user", text) for one in before if (text := one.words().strip())]
            await turns.remember_said(connection, kept.id, said)
        thread = kept
    return (await speak(connection, caller, thread.id, last.words())).run


async def _frames(house: House, caller: Principal, run: str, body: RunInput) -> AsyncIterator[str]:
    """The turn as frames. Whoever goes away stops it."""
    from ag_ui.encoder import EventEncoder

    encoder, heard, telling = EventEncoder(), Heard(), Telling(body.thread_id, body.run_id)
    try:
        async for event in follow_events(house, caller.workspace_id, run, heard):
            if event is None:
                yield ": still here\n\n"
                continue
            for told in telling.of(event):
                yield one_line(encoder.encode(told))
    finally:
        if heard.ended is None:
            await stop_turn(house, caller, run)


class Telling:
    """Our events in the protocol's words. A text message is closed before anything else begins."""

    def __init__(self, thread: str, run: str):
        self.thread, self.run = thread, run
        self._open: str | None = None
        self._messages = 0

    def of(self, event: Event) -> Iterator[Any]:
        """The protocol's events for one of ours."""
        from ag_ui import core as ag

        payload = event.payload
        if event.kind == "queued":
            yield ag.RunStartedEvent(thread_id=self.thread, run_id=self.run)
        elif event.kind == "text":
            if self._open is None:
                self._messages += 1
                self._open = f"{self.run}-{self._messages}"
                yield ag.TextMessageStartEvent(message_id=self._open, role="assistant")
            yield ag.TextMessageContentEvent(message_id=self._open, delta=plain(payload["text"]))
        elif event.kind == "text_withdrawn":
            yield from self._close()
            yield ag.CustomEvent(name="text_withdrawn", value=payload)
        elif event.kind == "tool_call":
            yield from self._close()
            yield ag.ToolCallStartEvent(tool_call_id=payload["call"], tool_call_name=payload["tool"])
            yield ag.ToolCallArgsEvent(tool_call_id=payload["call"], delta=json.dumps(payload["arguments"], ensure_ascii=False))
            yield ag.ToolCallEndEvent(tool_call_id=payload["call"])
        elif event.kind in DEEDS or event.kind in ("tool_result", "tool_refused"):
            yield from self._close()
            content = json.dumps({"event": event.kind, **payload}, ensure_ascii=False)
            yield ag.ToolCallResultEvent(message_id=f"{self.run}-{payload['call']}", tool_call_id=payload["call"], content=content)
        elif event.kind == "step":
            yield ag.StepStartedEvent(step_name=payload["name"])
            yield ag.StepFinishedEvent(step_name=payload["name"])
        elif event.kind in TOLD:
            yield ag.CustomEvent(name=event.kind, value=payload)
        elif event.kind == "finished":
            yield from self._close()
            yield self._end(payload)

    def _close(self) -> Iterator[Any]:
        from ag_ui import core as ag

        if self._open is not None:
            yield ag.TextMessageEndEvent(message_id=self._open)
            self._open = None

    def _end(self, payload: dict[str, Any]) -> Any:
        from ag_ui import core as ag

        if payload["status"] == "failed":
            return ag.RunErrorEvent(message=payload.get("reason") or "the turn failed", code="failed")
        stopped = payload["status"] == "cancelled"
        outcome = ag.RunFinishedCancelledOutcome() if stopped else ag.RunFinishedSuccessOutcome()
        return ag.RunFinishedEvent(thread_id=self.thread, run_id=self.run, outcome=outcome)
