"""The stream of a conversation: every tab that shows it follows the same turns, and one that comes back goes on where it was."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from api.frames import to_json
from api.house import House
from api.metrics import STREAMS
from store import events, messages, runs, sessions, threads
from store.clients import Client
from store.database import Connection
from store.errors import DatabaseUnavailable
from web import handovers
from web.conversation import aloud, drawn, fold, handover_html
from web.handovers import Handover
from web.turns import Turn
from web.visiting import Visitor

SESSION_SECONDS = 30.0
"""how often a busy stream looks whether its session still holds; a silent one looks with every heartbeat"""
AGAIN_SECONDS = 1.0
MOST_EVENTS = 10_000


def place_of(text: str | None) -> tuple[str, int]:
    """Where a page has read to, from `run_…:12`; the beginning for what is no such place."""
    run, _, number = (text or "").partition(":")
    return (run, int(number)) if number.isdecimal() and number.isascii() and len(number) < 10 else ("", 0)


def frame(kind: str, content: dict[str, Any], id: str | None = None) -> str:
    """One event as the wire has it."""
    named = f"id: {id}\n" if id is not None else ""
    return f"{named}event: {kind}\ndata: {to_json(content)}\n\n"


async def signed_in(house: House, secret: str) -> bool:
    """Whether a stream's session still holds; it is kept while the database is away."""
    try:
        async with house.looks, house.database.transaction(None) as connection:
            return await sessions.find_session(connection, secret) is not None
    except DatabaseUnavailable:
        return True


async def while_signed_in(house: House, secret: str, frames: AsyncIterator[str]) -> AsyncIterator[str]:
    """Frames of another stream, until its session ends."""
    looked = time.monotonic()
    async for told in frames:
        if told.startswith(":") or time.monotonic() - looked > SESSION_SECONDS:
            looked = time.monotonic()
            if not await signed_in(house, secret):
                return
        yield told


@dataclass(frozen=True, slots=True)
class News:
    """What a turn has for its reader, who has read up to the event `since`."""

    turn: Turn
    since: int
    aloud: bool


@dataclass
class Follower:
    """One open stream, from a place on. No connection is held while it waits."""

    house: House
    who: Visitor
    secret: str
    client: Client
    thread: str
    place: tuple[str, int]
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _turns: dict[str, Turn] = field(default_factory=dict)
    _tasks: dict[str, Handover] = field(default_factory=dict)
    _followed: set[str] = field(default_factory=set)
    _read: dict[str, int] = field(default_factory=dict)
    """what the reader has: of each turn the number of its last event"""
    _seen: dict[str, Handover] = field(default_factory=dict)
    """and of each task how it stood"""
    _working: bool | None = None

    async def frames(self) -> AsyncIterator[str]:
        """Frames as they come, until the conversation is gone, the session ends or the process stops."""
        looked = time.monotonic()
        with ExitStack() as stack, STREAMS.track_inprogress():
            stack.enter_context(self.house.hub.subscribe(self.thread, self._news))
            yield "retry: 1000\n\n"
            while not self.house.hub.stopping:
                self._news.clear()
                try:
                    news = await self._look(stack)
                except DatabaseUnavailable:
                    # nothing is lost: what was read so far is kept here, and the rest waits in the database
                    yield ": the database is not there\n\n"
                    await asyncio.sleep(AGAIN_SECONDS)
                    continue
                if news is None:
                    yield frame("gone", {})
                    return
                for told in await asyncio.to_thread(self._told, *news):
                    yield told
                silent = await self._wait()
                if silent:
                    yield ": still here\n\n"
                if silent or time.monotonic() - looked > SESSION_SECONDS:
                    looked = time.monotonic()
                    if not await signed_in(self.house, self.secret):
                        yield frame("signed-out", {})
                        return

    async def _wait(self) -> bool:
        """Wait for news; True when there was none for so long that the stream has to show that it lives."""
        try:
            await asyncio.wait_for(self._news.wait(), self.house.api.heartbeat_seconds)
        except TimeoutError:
            return True
        return False

    async def _look(self, stack: ExitStack) -> tuple[list[News], list[Handover]] | None:
        """What is new; None when the conversation is gone. Raises DatabaseUnavailable."""
        async with self.house.looks, self.house.database.transaction(self.who.caller.workspace_id) as connection:
            if await threads.get_thread(connection, self.thread, owner=self.who.caller.actor) is None:
                return None
            return await self._hear(connection, stack), await self._handed_over(connection, stack)

    async def _hear(self, connection: Connection, stack: ExitStack) -> list[News]:
        """Fold what is new of the turns under way, and of those begun since."""
        for run in await runs.turns_since(connection, self.thread, max(self._turns, default=self.place[0])):
            if run not in self._turns:
                # before its events are read, or one of them is missed
                stack.enter_context(self.house.hub.subscribe(run, self._news))
                self._turns[run] = Turn(run, await messages.last_aliases(connection, self.thread, run))
        for turn in self._turns.values():
            if not turn.finished:
                await self._go_on(connection, turn)
        heard = []
        for turn in self._turns.values():
            since = self._read.get(turn.run, self.place[1] if turn.run == self.place[0] else 0)
            if turn.number > since:
                heard.append(News(turn, since, aloud=turn.run >= self.place[0]))
        return heard

    async def _go_on(self, connection: Connection, turn: Turn) -> None:
        began = turn.number
        # what was said first: its events are there when it is
        spoken = [] if began else await messages.of_turn(connection, self.thread, turn.run)
        log = await events.after(connection, turn.run, began, MOST_EVENTS)
        if not began:
            fold(turn, log, spoken)
            # a turn has an event from its first moment on: without any, they were dropped long after it ended
            if not log:
                turn.close()
            return
        if any(event.kind == "message" for event in log):
            spoken = await messages.of_turn(connection, self.thread, turn.run)
        said = {message.id: message for message in spoken}
        for event in log:
            turn.hear(event, said)

    async def _handed_over(self, connection: Connection, stack: ExitStack) -> list[Handover]:
        """The tasks of this conversation that stand otherwise than they were told."""
        known = set(self._tasks)
        if self._working is None:
            known |= set(await runs.handed_over(connection, self.thread))
        known |= {task for turn in self._turns.values() for task in turn.tasks}
        under_way = [task for task in sorted(known) if task not in self._tasks or not self._tasks[task].ended]
        for task in set(under_way) - self._followed:
            stack.enter_context(self.house.hub.subscribe(task, self._news))
            self._followed.add(task)
        self._tasks |= await handovers.read(connection, self.client.id, under_way)
        return [task for task in self._tasks.values() if self._seen.get(task.id) != task]

    def _told(self, heard: list[News], moved: list[Handover]) -> list[str]:
        """Frames for what is new. CPU work."""
        frames = []
        working = any(not turn.finished for turn in self._turns.values())
        for news in heard:
            turn, blocks, before = news.turn, [], None
            for block in turn.blocks:
                if block.changed > news.since or not news.since:
                    html = drawn(block, who=self.who, client=self.client, tasks=self._tasks)
                    blocks.append({"id": block.id, "after": before, "html": html})
                before = block.id
            spoken = [text for number, text in turn.spoken if number > news.since] if news.aloud else []
            content = {"turn": turn.run, "since": news.since, "to": turn.number, "blocks": blocks, "working": working}
            frames.append(frame("turn", content | {"aloud": aloud(spoken)}, f"{turn.run}:{turn.number}"))
            self._read[turn.run] = turn.number
        for task in moved:
            html = handover_html(task, who=self.who, client=self.client)
            frames.append(frame("task", {"task": task.id, "html": html}))
            self._seen[task.id] = task
        if self._working != working and not heard:
            frames.append(frame("state", {"working": working}))
        self._working = working
        return frames
