"""One listener per process: Postgres tells it which run has news, and it wakes the streams that wait for that run."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import structlog

from store.events import CHANNEL

log = structlog.get_logger("api.hub")

RETRY_SECONDS = 1.0


class RunEventHub:
    """Fans notifications out. A stream reads the events itself, in its own workspace: nothing but a run's id passes here."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self.listening = False

    @property
    def stopping(self) -> bool:
        """Whether the process shuts down: streams end, and their clients come back to another."""
        return self._stopping

    def start(self, url: str) -> None:
        """Listen until `stop`, over a connection of our own."""
        self._task = asyncio.create_task(self._listen(url))

    async def stop(self) -> None:
        """Stop listening and wake every stream, so that it ends."""
        self._stopping = True
        self.wake_all()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @contextmanager
    def subscribe(self, run_id: str, news: asyncio.Event | None = None) -> Iterator[asyncio.Event]:
        """An event that is set whenever the run may have news. Subscribe before reading, or something is missed.

        `news`: an event of the caller's that waits for others too; the id may also be a conversation's.
        """
        news = news or asyncio.Event()
        self._waiting[run_id].add(news)
        try:
            yield news
        finally:
            self._waiting[run_id].discard(news)
            if not self._waiting[run_id]:
                del self._waiting[run_id]

    def wake(self, run_id: str) -> None:
        """Wake the streams of one run."""
        for news in self._waiting.get(run_id, ()):
            news.set()

    def wake_all(self) -> None:
        """Wake every stream: after a lost connection nobody knows whom a notification was for."""
        for run_id in list(self._waiting):
            self.wake(run_id)

    async def _listen(self, url: str) -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(url, autocommit=True, application_name="groundwork events") as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    self.listening = True
                    self.wake_all()
                    async for notification in connection.notifies():
                        self.wake(notification.payload)
            except psycopg.Error as error:
                log.warning("event listener lost its connection", reason=str(error))
            self.listening = False
            await asyncio.sleep(RETRY_SECONDS)
