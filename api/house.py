"""What one API process holds open: the database, the services of the rooms below, and the listener of run events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import psycopg
import structlog

from api.hub import RunEventHub
from api.key_cache import KeyCache
from api.rates import RateLimit
from api.settings import ApiSettings
from graphs.services import Services
from llm.embeddings import embedder
from llm.settings import ModelSettings
from store import events
from store.database import Database
from store.errors import DatabaseUnavailable, StoreError
from store.events import Event
from store.migrate import pending
from store.settings import StoreSettings

log = structlog.get_logger("api.house")

RETRY_SECONDS = 1.0
OUTAGES: tuple[type[Exception], ...] = (psycopg.OperationalError, psycopg.InterfaceError)


@dataclass(slots=True)
class House:
    """The process's own state: connections only, nothing that another process would miss."""

    api: ApiSettings
    store: StoreSettings
    models: ModelSettings
    hub: RunEventHub = field(default_factory=RunEventHub)
    keys: KeyCache = field(init=False)
    rates: RateLimit = field(init=False)
    looks: asyncio.Semaphore = field(init=False)
    """streams take turns at the database, at most half of its connections: whoever asks for a page does not wait behind them all"""
    reason: str = "the database is not open yet"
    _services: Services | None = None
    _migrated: bool = False

    def __post_init__(self) -> None:
        self.keys = KeyCache(self.api.key_cache_seconds)
        self.rates = RateLimit(self.api.rate_limit, self.api.rate_burst)
        self.looks = asyncio.Semaphore(max(1, self.api.pool_size // 2))

    @property
    def services(self) -> Services:
        """What tools and tasks need. Raises DatabaseUnavailable while the database has not been reached."""
        if self._services is None:
            raise DatabaseUnavailable(self.reason)
        return self._services

    @property
    def database(self) -> Database:
        """The open database. Raises DatabaseUnavailable."""
        return self.services.database

    async def news(self, workspace_id: str, run_id: str, number: int, limit: int = 500) -> tuple[bool, list[Event]]:
        """What is new in a run, for a stream: see `store.events.news`. Raises DatabaseUnavailable."""
        async with self.looks:
            return await events.news(self.database, workspace_id, run_id, number, limit)

    async def migrations_due(self) -> tuple[str, ...]:
        """Our migrations that the database has not seen; once it has seen them all, that is not asked again. Raises DatabaseUnavailable."""
        if not self._migrated:
            due = await asyncio.to_thread(pending, self.database.url)
            self._migrated = not due
            return due
        return ()

    async def open(self) -> None:
        """Open the database and listen. Raises StoreError."""
        database = await Database.of(self.store, size=self.api.pool_size, wait=self.api.database_wait, name="groundwork api")
        self._services = Services(database, self.store, self.models, await asyncio.to_thread(embedder, self.models))
        self.hub.start(database.url)

    async def keep_trying(self) -> None:
        """Open as soon as the database is there: an API that starts before its database comes up by itself."""
        while self._services is None:
            try:
                await self.open()
            except StoreError as error:
                if self.reason != str(error):
                    log.warning("database not open", reason=str(error))
                self.reason = str(error)
                await asyncio.sleep(RETRY_SECONDS)
        log.info("ready")

    async def close(self) -> None:
        """Close what is open."""
        await self.hub.stop()
        if self._services is not None:
            await self._services.database.close()
            self._services = None


@asynccontextmanager
async def open_house(api: ApiSettings, store: StoreSettings, models: ModelSettings) -> AsyncIterator[House]:
    """A house that opens by itself, closed at the end."""
    house = House(api, store, models)
    try:
        await house.open()
    except StoreError as error:
        house.reason = str(error)
        log.warning("database not open", reason=house.reason)
    trying = asyncio.create_task(house.keep_trying())
    try:
        yield house
    finally:
        trying.cancel()
        await asyncio.gather(trying, return_exceptions=True)
        await house.close()
