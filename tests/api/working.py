"""A worker for the tests of the doors: takes the session's runs up in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from graphs.execute import execute
from graphs.services import Services
from jobs.queue import enqueue
from jobs.worker import run_worker
from llm.embeddings import embedder
from llm.settings import ModelSettings


@asynccontextmanager
async def worker(database: Any, store_settings: Any, models: ModelSettings | None = None) -> AsyncIterator[None]:
    """A real worker while the block lasts."""
    chosen = models or ModelSettings(model="offline")
    services = Services(database, store_settings, chosen, embedder(chosen), enqueue=enqueue)

    async def take_up(workspace_id: str, run_id: str) -> None:
        await execute(services, workspace_id, run_id)

    stop = asyncio.Event()
    working = asyncio.create_task(run_worker(store_settings, 2, stop, execute=take_up))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(working, 60)
