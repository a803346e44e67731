"""The door for OpenAI's clients: /v1/chat/completions and /v1/models. A model is a client's concierge; a request is a conversation."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

import anyio
from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from api.auth import Caller, GuardedRouter, Principal, needs
from api.clients import known_client
from api.following import Heard, follow_turn
from api.frames import to_json
from api.house import House
from api.problems import InvalidInput, NotFound, Unavailable, responses
from api.threads import speak
from graphs import turns
from graphs.tasks import cancel_task
from store import clients, threads
from store.database import Connection

router = GuardedRouter("v1")
PREFIX = "groundwork/"
MOST_MESSAGES = 200


class ModelCard(BaseModel):
    """A client's concierge, as OpenAI's clients list models."""

    id: str = Field(description="groundwork/<slug of the client>")
    object: Literal["model"] = "model"
    created: int
    owned_by: str = "groundwork"


class ModelList(BaseModel):
    """Every client's concierge."""

    object: Literal["list"] = "list"
    data: list[ModelCard]


class Part(BaseModel):
    """A part of a message; only text is read."""

    model_config = ConfigDict(extra="allow")

    type: str
    text: str | None = None


class ChatMessage(BaseModel):
    """One message as OpenAI's clients send it."""

    model_config = ConfigDict(extra="allow")

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None

    def words(self) -> str:
        """The text of it. Raises InvalidInput for a part that is none."""
        if isinstance(self.content, list):
            if other := next((part.type for part in self.content if part.text is None), None):
                raise InvalidInput(f"a part of type {other!r} cannot be read here: only text", field="messages")
            return "\n".join(part.text or "" for part in self.content)
        return self.content or ""


class StreamOptions(BaseModel):
    """How a stream ends."""

    model_config = ConfigDict(extra="allow")

    include_usage: bool = False


class Completion(BaseModel):
    """What OpenAI's clients ask. What is not named here is accepted and has no effect: the concierge chooses its own tools."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [{"model": "groundwork/salon", "messages": []}]})

    model: Annotated[str, Field(description="groundwork/<slug of the client>, as /v1/models lists them", max_length=120)]
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=MOST_MESSAGES, description="the last one is the user's")]
    stream: bool = False
    stream_options: StreamOptions | None = None
    metadata: Annotated[
        dict[str, str] | None,
        Field(description='`{"thread": "th_…"}` goes on with a conversation that is kept here; then only the last message is read'),
    ] = None


@router.get("/models")
@needs("clients:read")
async def list_models(request: Request, caller: Caller) -> ModelList:
    """The concierge of each client, as models."""
    house: House = request.app.state.house
    async with house.database.transaction(caller.workspace_id) as connection:
        known = await clients.list_clients(connection)
    return ModelList(data=[ModelCard(id=PREFIX + one.slug, created=int(one.created_at.timestamp())) for one in known])


SPOKEN: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "a chat completion; with `stream` its chunks as server-sent events, ended by [DONE]",
        "content": {"application/json": {"schema": {"type": "object"}}, "text/event-stream": {"schema": {"type": "string"}}},
    },
    **responses(404, 409),
}


@router.post("/chat/completions", responses=SPOKEN, response_class=Response)
@needs("threads:write")
async def complete(body: Completion, request: Request, caller: Caller) -> Response:
    """One turn with a client's concierge. Text comes sentence by sentence, each checked against its evidence before it is sent."""
    house: House = request.app.state.house
    async with house.database.transaction(caller.workspace_id) as connection:
        thread, run = await _begin(connection, caller, body)
    head = {"id": f"chatcmpl-{run}", "created": int(time.time()), "model": body.model}
    headers = {"X-Groundwork-Thread": thread, "X-Groundwork-Run": run, "Cache-Control": "no-store"}
    if body.stream:
        wants_usage = body.stream_options is not None and body.stream_options.include_usage
        return StreamingResponse(_chunks(house, caller, run, head, wants_usage), media_type="text/event-stream", headers=headers)
    heard = Heard()
    try:
        async for _ in follow_turn(house, caller.workspace_id, run, heard):
            if await request.is_disconnected():
                await stop_turn(house, caller, run)
    finally:
        if heard.ended is None:
            await stop_turn(house, caller, run)
    if heard.status != "succeeded":
        raise Unavailable(f"the turn ended as {heard.status}: {heard.reason or 'no reason was given'}")
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": heard.plain(), "refusal": None},
        "finish_reason": "stop",
        "logprobs": None,
    }
    answer = {
        **head,
        "object": "chat.completion",
        "choices": [choice],
        "usage": heard.usage(),
        "groundwork": heard.sources(thread, run),
    }
    return Response(json.dumps(answer, ensure_ascii=False), media_type="application/json", headers=headers)


async def _begin(connection: Connection, caller: Principal, body: Completion) -> tuple[str, str]:
    """The conversation and its turn: the one that is named, or a new one that holds what the request says was said."""
    if not body.model.startswith(PREFIX):
        raise NotFound(f"there is no model {body.model!r}; GET /v1/models lists them")
    client = await known_client(connection, body.model.removeprefix(PREFIX))
    *before, last = body.messages
    if last.role != "user":
        raise InvalidInput("the last message has to be the user's", field="messages")
    named = (body.metadata or {}).get("thread")
    if named is not None:
        thread = await turns.owned(connection, named, caller.actor)
        if thread.client_id != client.id:
            raise turns.NoSuchThread(named)
    else:
        thread = await threads.create_thread(connection, caller.actor, client_id=client.id)
        said = [("assistant" if one.role == "assistant" else "user", text) for one in before if (text := one.words().strip())]
        await turns.remember_said(connection, thread.id, said)
    turn = await speak(connection, caller, thread.id, last.words())
    return thread.id, turn.run


async def _chunks(house: House, caller: Principal, run: str, head: dict[str, Any], wants_usage: bool) -> AsyncIterator[str]:
    """The turn as chunks. Whoever goes away stops it."""
    heard = Heard()

    def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return _frame({**head, "object": "chat.completion.chunk", "choices": [choice], **more})

    try:
        yield chunk({"role": "assistant", "content": ""})
        async for text in follow_turn(house, caller.workspace_id, run, heard):
            yield chunk({"content": text}) if text else ": still here\n\n"
        if heard.status == "succeeded":
            yield chunk({}, "stop")
            if wants_usage:
                yield _frame({**head, "object": "chat.completion.chunk", "choices": [], "usage": heard.usage()})
        else:
            reason = f"the turn ended as {heard.status}: {heard.reason or 'no reason was given'}"
            yield _frame({"error": {"message": reason, "type": "server_error", "code": heard.status, "param": None}})
        yield "data: [DONE]\n\n"
    finally:
        if heard.ended is None:
            await stop_turn(house, caller, run)


async def stop_turn(house: House, caller: Principal, run: str) -> None:
    """Stop a turn whose listener went away; its going away must not stop this."""
    with anyio.CancelScope(shield=True):
        async with house.database.transaction(caller.workspace_id) as connection:
            await cancel_task(connection, run, actor=caller.actor)


def _frame(content: dict[str, Any]) -> str:
    return f"data: {to_json(content)}\n\n"
