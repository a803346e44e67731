"""What a run needs from the house, opened once per process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from graphs.spending import SpendSettings
from llm.embeddings import Embedder, embedder
from llm.settings import ModelSettings
from store.database import Database
from store.settings import StoreSettings


@dataclass(frozen=True, slots=True)
class Services:
    """The database, the settings and the embedder of this process."""

    database: Database
    store: StoreSettings
    models: ModelSettings
    embedder: Embedder
    spending: SpendSettings = field(default_factory=SpendSettings)


@asynccontextmanager
async def open_services(
    store: StoreSettings | None = None, models: ModelSettings | None = None, *, name: str = "groundwork"
) -> AsyncIterator[Services]:
    """Services with an open pool, closed at the end. Raises DatabaseUnavailable, NotMigrated."""
    store, models = store or StoreSettings(), models or ModelSettings()
    database = await Database.of(store, name=name)
    try:
        yield Services(database, store, models, embedder(models))
    finally:
        await database.close()
