"""A simulated client with its data and documents, and the services that a run needs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest_asyncio

from demo.clients import AS_OF, CLIENTS
from demo.house import open_client
from demo.simulate import simulate
from graphs.execute import execute
from graphs.services import Services
from graphs.tasks import create_task
from llm.embeddings import embedder
from llm.settings import ModelSettings
from store import deliverables, events, runs
from store import evidence as evidence_records
from store.clients import Client
from store.database import Database
from store.importing.tables import import_table
from store.settings import StoreSettings
from store.workspaces import Workspace, create_workspace


@dataclass(frozen=True)
class Office:
    """A workspace at work: start tasks, run them here, and look at what they left."""

    services: Services
    workspace: Workspace
    clients: dict[str, Client]

    async def start(self, slug: str, brief: str | None = None, kind: str = "strategy") -> str:
        async def nobody(*_: Any) -> None:
            """The test runs it itself."""

        async with self.services.database.transaction(self.workspace.id) as connection:
            run = await create_task(
                connection,
                self.workspace.id,
                client=slug,
                kind=kind,
                brief=brief or CLIENTS[slug].briefs[0],
                actor="test",
                enqueue=nobody,
                as_of=AS_OF,
            )
            return run.id

    async def execute(self, run_id: str) -> runs.Run:
        await execute(self.services, self.workspace.id, run_id)
        return await self.run(run_id)

    async def run(self, run_id: str) -> runs.Run:
        async with self.services.database.transaction(self.workspace.id) as connection:
            found = await runs.get_run(connection, run_id)
        assert found is not None
        return found

    async def log(self, run_id: str) -> list[events.Event]:
        async with self.services.database.transaction(self.workspace.id) as connection:
            return await events.after(connection, run_id, 0, 10_000)

    async def evidence(self, run_id: str) -> list[Any]:
        async with self.services.database.transaction(self.workspace.id) as connection:
            return await evidence_records.of_run(connection, run_id)

    async def deliverable(self, run_id: str) -> deliverables.Deliverable:
        async with self.services.database.transaction(self.workspace.id) as connection:
            [made] = await deliverables.list_(connection, run_id=run_id)
        return made


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def office(database: Database, store_settings: StoreSettings) -> AsyncIterator[Office]:
    models = ModelSettings(model="offline")
    services = Services(database, store_settings, models, embedder(models))
    async with database.transaction(None) as connection:
        workspace = await create_workspace(connection, "Office (simulated)")
    known = {}
    for slug in ("salon", "newcomer"):
        known[slug] = await open_client(services, workspace, slug)
        for name, table in simulate(slug).items():
            import_table(store_settings.facts_root, workspace.id, known[slug], name, table)
    yield Office(services, workspace, known)
