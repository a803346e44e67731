"""What a door does with a conversation: begin one, say something in it. Whose it is is checked here, for every door."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from graphs.run_tool import today
from graphs.services import Enqueue
from graphs.tasks import NoSuchClient
from grounding.ids import stable_id
from store import audit, clients, events, messages, runs, threads
from store.messages import Message
from store.runs import Run
from store.threads import Thread
from tools.contract import ToolInputError

KIND = "chat"
LONGEST_MESSAGE = 20_000
"""characters; more than this is a document, which is found again when it is asked about"""
LONGEST_TITLE = 80


class NoSuchThread(LookupError):
    """No conversation of this owner has this id: another's is not told from none."""

    def __str__(self) -> str:
        return f"there is no thread {self.args[0]!r} here"


class TurnUnderWay(ToolInputError):
    """The conversation is being worked on."""

    kind = "conflict"


@dataclass(frozen=True, slots=True)
class Said:
    """A message as kept, and the turn that takes it up. `joined`: that turn was under way already."""

    message: Message
    run: Run
    joined: bool


async def owned(connection: Any, thread_id: str, owner: str, *, lock: bool = False) -> Thread:
    """The owner's conversation. Raises NoSuchThread."""
    thread = await threads.get_thread(connection, thread_id, owner=owner, lock=lock)
    if thread is None:
        raise NoSuchThread(thread_id)
    return thread


async def sees(connection: Any, run: Run, owner: str) -> bool:
    """Whether this owner may see a run: a turn is its conversation's owner's, any other run the workspace's."""
    return run.conversation is None or await threads.get_thread(connection, run.conversation, owner=owner) is not None


async def begin(connection: Any, *, client: str, owner: str, title: str = "", door_id: str | None = None) -> Thread:
    """A new conversation with a client. Raises NoSuchClient."""
    known = await clients.get_client(connection, client)
    if known is None:
        raise NoSuchClient(client)
    return await threads.create_thread(connection, owner, client_id=known.id, title=title.strip()[:LONGEST_TITLE], door_id=door_id)


def readable(text: str) -> str:
    """A message as it is kept. Raises ToolInputError for an empty one and for one that is too long."""
    text = text.strip()
    if "\x00" in text:
        raise ToolInputError(
            "the message holds a character that cannot be kept (NUL): type it again, or paste it as plain text", field="text"
        )
    if not text:
        raise ToolInputError("the message is empty: ask something about the client, or say what you want made", field="text")
    if len(text) > LONGEST_MESSAGE:
        raise ToolInputError(
            f"the message has {len(text)} characters and {LONGEST_MESSAGE} is the most: add it as a document and ask about that",
            field="text",
            needed=f"at most {LONGEST_MESSAGE} characters",
        )
    return text


async def say(
    connection: Any, workspace_id: str, thread_id: str, text: str, *, owner: str, enqueue: Enqueue, scopes: Collection[str] | None = None
) -> Said:
    """Say something: a turn under way takes it up at its next step, else a new one begins. All in the caller's transaction.

    `scopes`: what the caller may do with tasks, and so the concierge for them; None for everything. Raises NoSuchThread, ToolInputError.
    """
    text = readable(text)
    thread = await owned(connection, thread_id, owner, lock=True)
    known = await clients.get_client(connection, thread.client_id) if thread.client_id else None
    if known is None:
        raise NoSuchThread(thread_id)
    if not thread.title:
        await threads.rename(connection, thread.id, " ".join(text.split())[:LONGEST_TITLE])
    turn = await runs.get_run(connection, thread.turn) if thread.turn else None
    if turn is not None and turn.status not in runs.ENDED and not turn.cancel_requested:
        message = await messages.add(connection, thread.id, "user", text, run_id=turn.id)
        assert message is not None
        await events.append(connection, turn.id, "message", {"message": message.id}, key=f"message:{message.id}")
        return Said(message, turn, joined=True)
    run = await runs.create_run(connection, known.id, KIND, text, as_of=today(known), conversation=thread.id)
    message = await messages.add(connection, thread.id, "user", text, run_id=run.id)
    assert message is not None
    await threads.set_turn(connection, thread.id, run.id)
    may = sorted(scopes) if scopes is not None else None
    await events.append(connection, run.id, "queued", {"kind": KIND, "client": known.slug, "thread": thread.id, "may": may}, key="queued")
    await audit.note(connection, owner, "thread.say", thread.id, {"run": run.id, "client": known.slug})
    await enqueue(connection, workspace_id, run.id)
    return Said(message, run, joined=False)


def own_records(run_id: str, heard: int) -> dict[str, str]:
    """Ids of what a turn keeps beside its tool runs: what was stated (B), anew with every message heard meanwhile; the profile (F)."""
    return {"B": stable_id("ev", run_id, "B", str(heard)), "F": stable_id("ev", run_id, "F")}


async def remember_said(connection: Any, thread_id: str, said: Collection[tuple[str, str]]) -> None:
    """What a caller says was said before, as (role, text): kept as read, and never as more than words."""
    for role, text in said:
        await messages.add(connection, thread_id, "assistant" if role == "assistant" else "user", text[:LONGEST_MESSAGE], taken=True)


async def rename(connection: Any, thread_id: str, title: str, *, owner: str) -> Thread:
    """Give a conversation another title. Raises NoSuchThread."""
    await owned(connection, thread_id, owner)
    await threads.rename(connection, thread_id, title.strip() or title)
    return await owned(connection, thread_id, owner)


async def delete(connection: Any, thread_id: str, *, owner: str) -> None:
    """Drop a conversation with all that was said and done in it. Raises NoSuchThread, TurnUnderWay."""
    thread = await owned(connection, thread_id, owner, lock=True)
    turn = await runs.get_run(connection, thread.turn) if thread.turn else None
    if turn is not None and turn.status not in runs.ENDED:
        raise TurnUnderWay(f"a turn is under way: stop it first (POST /api/v1/runs/{turn.id}/cancel), then delete", field="id")
    gone = await threads.delete(connection, thread)
    await audit.note(connection, owner, "thread.delete", thread_id, {"turns": gone})
