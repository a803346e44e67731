"""What a run needs from the house, opened once per process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from graphs.spending import SpendSettings
from llm.embeddings import Embedder, embedder
from llm.settings import ModelSettings
from store.database import Database
from store.settings import StoreSettings

Enqueue = Callable[[Any, str, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Services:
    """The database, the settings and the embedder of this process."""

    database: Database
    store: StoreSettings
    models: ModelSettings
    embedder: Embedder
    spending: SpendSettings = field(default_factory=SpendSettings)
    enqueue: Enqueue | None = None
    """Queues a run in the caller's transaction; None in a process that starts no work for others."""


@asynccontextmanager
async def open_services(
    store: StoreSettings | None = None, models: ModelSettings | None = None, *, name: str = "groundwork", enqueue: Enqueue | None = None
) -> AsyncIterator[Services]:
    """Services with an open pool, closed at the end. Raises DatabaseUnavailable, NotMigrated."""
    store, models = store or StoreSettings(), models or ModelSettings()
    database = await Database.of(store, name=name)
    try:
        yield Services(database, store, models, embedder(models), enqueue=enqueue)
    finally:
        await database.close()
