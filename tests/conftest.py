"""What tests build on: a real Postgres, migrated, with the application's role; one per test process."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from grounding.evidence import Locale
from store import embedded
from store.clients import Client, create_client
from store.database import Database
from store.embedded import Urls
from store.migrate import migrate
from store.settings import StoreSettings
from store.workspaces import Workspace, create_workspace


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """A GROUNDWORK_HOME of the session whose embedded Postgres runs until the end."""
    # not under pytest's own folder: that one is closed to the database's system user when tests run as root
    folder = Path(tempfile.mkdtemp(prefix="groundwork-test-")).resolve()
    embedded.start(folder, durable=False)
    try:
        yield folder
    finally:
        embedded.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def urls(home: Path) -> Urls:
    """URLs of the migrated database: `.app`, `.owner`, `.superuser`."""
    found = embedded.urls(home)
    migrate(found.owner, found.app)
    return found


@pytest.fixture(scope="session")
def store_settings(home: Path, urls: Urls) -> StoreSettings:
    """Settings of the session's home, whatever the environment says."""
    return StoreSettings(home=home, database_url=None, migrate_url=None)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def database(urls: Urls) -> AsyncIterator[Database]:
    """The database as the application's role sees it."""
    opened = await Database.open(urls.app, size=20)
    yield opened
    await opened.close()


@pytest_asyncio.fixture(loop_scope="session")
async def workspace(database: Database) -> Workspace:
    """A workspace of this test alone."""
    async with database.transaction(None) as connection:
        return await create_workspace(connection, "Test agency (simulated)")


@pytest_asyncio.fixture(loop_scope="session")
async def client(database: Database, workspace: Workspace) -> Client:
    """A client of this test's workspace."""
    async with database.transaction(workspace.id) as connection:
        return await create_client(connection, "salon", "Salon (simulated)", Locale(), {})
