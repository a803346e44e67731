"""The service as people start it, on a simulated client, and somebody who signs in with the link that they were given."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from demo.house import open_client
from demo.simulate import simulate
from graphs.services import Services
from grounding.ids import new_id
from llm.embeddings import embedder
from llm.settings import ModelSettings
from store import members, policies, sessions
from store.clients import Client
from store.database import Database
from store.importing.tables import import_table
from store.keys import Role
from store.members import Member
from store.settings import StoreSettings
from store.workspaces import Workspace, create_workspace
from tests.browser.seeing import CHROMIUM, MISSING, chromium
from tests.serving import served


@dataclass(frozen=True)
class House:
    """A running service, and the workspace of the journey."""

    address: str
    database: Database
    workspace: Workspace
    salon: Client

    async def member(self, name: str, role: Role = "owner") -> Member:
        """Somebody of the workspace."""
        async with self.database.transaction(self.workspace.id) as connection:
            return await members.create_member(connection, f"{new_id('mb')}@example.org", name, role)

    async def link(self, member: Member) -> str:
        """The address that signs them in once."""
        async with self.database.transaction(self.workspace.id) as connection:
            return f"/welcome/{await sessions.make_link(connection, member.id, hours=1)}"

    async def session(self, member: Member) -> str:
        """The secret of a session of theirs."""
        async with self.database.transaction(self.workspace.id) as connection:
            return await sessions.open_session(connection, member.id, hours=1)

    async def ask_for_approval(self, **rules: policies.Requirement) -> None:
        """From now on these kinds need approval."""
        async with self.database.transaction(self.workspace.id) as connection:
            await policies.replace(connection, self.salon.id, rules, actor="test")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(database: Database, store_settings: StoreSettings, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """The service with the simulated salon: everything but its orders, which the journey brings in."""
    models = ModelSettings(model="offline")
    async with database.transaction(None) as connection:
        workspace = await create_workspace(connection, "Journey (simulated)")
    salon = await open_client(Services(database, store_settings, models, embedder(models)), workspace, "salon")
    for name, table in simulate("salon").items():
        if name != "competitor_prices":
            import_table(store_settings.facts_root, workspace.id, salon, name, table)
    log = Path(tmp_path_factory.mktemp("journey")) / "serve.log"
    async with served(store_settings.home, log) as address:
        yield House(address, database, workspace, salon)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium; the tests of this folder are skipped where there is none."""
    if CHROMIUM is None:
        pytest.skip(MISSING)
    async with chromium() as opened:
        yield opened
