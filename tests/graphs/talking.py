"""Conversations for tests: say something, run its turn here, and look at what it left."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from graphs import turns
from graphs.execute import execute
from graphs.services import Services
from graphs.speaking import text_of
from llm.settings import ModelSettings
from store import messages, runs
from store.events import Event
from store.events import after as events_after
from store.messages import Message
from store.runs import Run

OWNER = "key:test"


@dataclass(frozen=True)
class Turn:
    """What one turn left."""

    run: Run
    log: list[Event]

    @property
    def text(self) -> str:
        return text_of(self.log)

    @property
    def kinds(self) -> list[str]:
        return [event.kind for event in self.log]

    @property
    def tools(self) -> list[str]:
        return [event.payload["tool"] for event in self.log if event.kind == "tool_call"]

    def one(self, kind: str) -> dict[str, Any]:
        [found] = [event.payload for event in self.log if event.kind == kind]
        return found


@dataclass
class Conversation:
    """A thread of one client, worked on in this process."""

    office: Any
    thread: str
    services: Services
    queued: list[str]

    @classmethod
    async def begin(cls, office: Any, slug: str, models: ModelSettings | None = None) -> Conversation:
        queued: list[str] = []

        async def enqueue(connection: Any, workspace_id: str, run_id: str) -> None:
            queued.append(run_id)

        services = replace(office.services, enqueue=enqueue, **({"models": models} if models else {}))
        async with services.database.transaction(office.workspace.id) as connection:
            thread = await turns.begin(connection, client=slug, owner=OWNER)
        return cls(office, thread.id, services, queued)

    async def say(self, text: str, scopes: Any = None) -> turns.Said:
        async with self.services.database.transaction(self.office.workspace.id) as connection:
            return await turns.say(
                connection, self.office.workspace.id, self.thread, text, owner=OWNER, enqueue=self.services.enqueue, scopes=scopes
            )

    async def work(self, run_id: str) -> Turn:
        await execute(self.services, self.office.workspace.id, run_id)
        return await self.look(run_id)

    async def look(self, run_id: str) -> Turn:
        async with self.services.database.transaction(self.office.workspace.id) as connection:
            run = await runs.get_run(connection, run_id)
            assert run is not None
            return Turn(run, await events_after(connection, run_id, 0, 10_000))

    async def ask(self, text: str, scopes: Any = None) -> Turn:
        return await self.work((await self.say(text, scopes)).run.id)

    async def messages(self) -> list[Message]:
        async with self.services.database.transaction(self.office.workspace.id) as connection:
            return await messages.of_thread(connection, self.thread)
