"""Threads: conversations about one client. Only who began one sees it, its turns and their events, by whichever door."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth import Caller, GuardedRouter, Principal, Transaction
from api.clients import known_client, slugs
from api.idempotency import Key, once
from api.problems import responses
from graphs import turns
from jobs.queue import enqueue
from store import messages, runs, threads
from store.database import Connection
from store.messages import Message
from store.runs import RunStatus
from store.threads import Thread

router = GuardedRouter("threads")

Title = Annotated[str, Field(max_length=200, description="what the list shows; the first words when left empty")]


class NewThread(BaseModel):
    """Whom the conversation is about."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"client": "salon"}]})

    client: Annotated[str, Field(description="slug or id of the client", min_length=1, max_length=80)]
    title: Title = ""


class ThreadCard(BaseModel):
    """A conversation without its words."""

    id: str
    client: str = Field(description="slug of the client")
    title: str
    created_at: datetime
    touched_at: datetime = Field(description="when something was last said")
    turn: str | None = Field(description="the run that takes up what is said now; none when the next message begins one")

    @classmethod
    def of(cls, thread: Thread, slug: str) -> ThreadCard:
        """The card of a kept thread."""
        return cls(client=slug, **{name: getattr(thread, name) for name in ("id", "title", "created_at", "touched_at", "turn")})


class ThreadList(BaseModel):
    """Conversations, the one last spoken in first."""

    threads: list[ThreadCard]


class SaidMessage(BaseModel):
    """One message."""

    id: str
    number: int
    role: Literal["user", "assistant"]
    text: str = Field(description="of an answer: Markdown whose figures link to their evidence as `evidence:E1.meta.cpa`")
    evidence: dict[str, str] = Field(description="of an answer: alias to evidence id")
    run: str | None = Field(description="the turn that it belongs to")
    created_at: datetime

    @classmethod
    def of(cls, message: Message) -> SaidMessage:
        """A kept message."""
        fields = {name: getattr(message, name) for name in ("id", "number", "role", "text", "created_at")}
        return cls(evidence=message.aliases, run=message.run_id, **fields)


class FullThread(ThreadCard):
    """A conversation with its latest messages."""

    summary: str = Field(description="what a turn reads in place of the oldest messages; empty while it reads them all")
    messages: list[SaidMessage]


class NewMessage(BaseModel):
    """What is said."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"text": "What does a booking cost on Meta?"}]})

    text: Annotated[str, Field(description=f"at most {turns.LONGEST_MESSAGE} characters")]


class Turn(BaseModel):
    """What came of a message: the run that answers it."""

    message: str
    run: str
    joined: bool = Field(description="whether a turn was under way, which takes the message up at its next step")
    status: RunStatus
    links: dict[str, str]


ACCEPTED = {202: {"headers": {"Location": {"description": "the events of the turn", "schema": {"type": "string"}}}}, **responses(404, 409)}


@router.post("", status_code=201, responses=responses(404))
async def create_thread(body: NewThread, response: Response, caller: Caller, connection: Transaction) -> ThreadCard:
    """Begin a conversation about a client."""
    thread = await turns.begin(connection, client=body.client, owner=caller.actor, title=body.title)
    response.headers["Location"] = f"/api/v1/threads/{thread.id}"
    return await card(connection, thread)


@router.get("", responses=responses(404))
async def list_threads(
    caller: Caller,
    connection: Transaction,
    client: Annotated[str | None, Query(description="only about this client")] = None,
    q: Annotated[str | None, Query(min_length=1, max_length=200, description="words of the title or of a message")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ThreadList:
    """The caller's own conversations."""
    wanted = (await known_client(connection, client)).id if client is not None else None
    found = await threads.list_threads(connection, owner=caller.actor, client_id=wanted, words=q, limit=limit)
    names = await slugs(connection)
    return ThreadList(threads=[ThreadCard.of(thread, names.get(thread.client_id or "", "")) for thread in found])


@router.get("/{id}", responses=responses(404))
async def get_thread(
    id: str, caller: Caller, connection: Transaction, limit: Annotated[int, Query(ge=1, le=500, description="latest messages")] = 200
) -> FullThread:
    """One conversation with what was said."""
    thread = await turns.owned(connection, id, caller.actor)
    said = await messages.of_thread(connection, thread.id, limit=limit)
    known = await card(connection, thread)
    return FullThread(**known.model_dump(), summary=thread.summary, messages=[SaidMessage.of(message) for message in said])


class Renaming(BaseModel):
    """Another title."""

    model_config = ConfigDict(extra="forbid")

    title: Annotated[str, Field(min_length=1, max_length=200)]


@router.post("/{id}/title", responses=responses(404))
async def rename_thread(id: str, body: Renaming, caller: Caller, connection: Transaction) -> ThreadCard:
    """Give a conversation another title."""
    return await card(connection, await turns.rename(connection, id, body.title, owner=caller.actor))


@router.delete("/{id}", status_code=204, responses=responses(404, 409))
async def delete_thread(id: str, caller: Caller, connection: Transaction) -> Response:
    """Drop a conversation with all that was said and done in it. Tasks that it started stay."""
    await turns.delete(connection, id, owner=caller.actor)
    return Response(status_code=204)


@router.post("/{id}/messages", status_code=202, responses=ACCEPTED)
async def say(
    id: str, body: NewMessage, request: Request, response: Response, caller: Caller, connection: Transaction, key: Key = None
) -> Turn:
    """Say something. The answer comes as events of the run that is named; `text` events hold it sentence by sentence."""

    async def make() -> Turn:
        return await speak(connection, caller, id, body.text)

    turn = await once(connection, request, response, key, body, Turn, make)
    response.headers["Location"] = turn.links["events"]
    return turn


async def speak(connection: Connection, caller: Principal, thread_id: str, text: str) -> Turn:
    """Say something for any door. Raises NoSuchThread, ToolInputError."""
    said = await turns.say(
        connection,
        caller.workspace_id,
        thread_id,
        text,
        owner=caller.actor,
        enqueue=enqueue,
        scopes=caller.scopes & {"tasks:read", "tasks:write"},
    )
    links = {
        "events": f"/api/v1/runs/{said.run.id}/events",
        "cancel": f"/api/v1/runs/{said.run.id}/cancel",
        "thread": f"/api/v1/threads/{thread_id}",
    }
    return Turn(message=said.message.id, run=said.run.id, joined=said.joined, status=said.run.status, links=links)


async def card(connection: Connection, thread: Thread) -> ThreadCard:
    """The card of a thread, with its client's slug."""
    names = await slugs(connection)
    return ThreadCard.of(thread, names.get(thread.client_id or "", ""))


async def guard(connection: Connection, caller: Principal, run: runs.Run | None) -> runs.Run | None:
    """The run if the caller may see it: a turn is seen by whoever began its conversation."""
    return run if run is not None and await turns.sees(connection, run, caller.actor) else None
