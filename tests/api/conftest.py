"""The service over real HTTP: uvicorn on the loopback in a thread of its own, a real Postgres behind it."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import pytest
import pytest_asyncio
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.settings import ApiSettings
from grounding.evidence import Locale
from store.clients import Client, create_client
from store.database import Database
from store.keys import create_key
from store.settings import StoreSettings
from store.workspaces import Workspace, create_workspace


@contextmanager
def running(api: ApiSettings, store: StoreSettings, make: Callable[..., FastAPI] = create_app) -> Iterator[str]:
    """The service's address while the block lasts."""
    config = uvicorn.Config(make(api, store), port=0, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=3)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert thread.is_alive(), "the server ended"
        assert time.monotonic() < deadline, "the server does not start"
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="session")
def address(store_settings: StoreSettings) -> Iterator[str]:
    """The service of the session."""
    with running(ApiSettings(heartbeat_seconds=0.3, body_limit=64 * 1024, upload_limit=4 * 1024 * 1024), store_settings) as found:
        yield found


@dataclass(frozen=True, slots=True)
class Agency:
    """A workspace with a client and a key, and HTTP with that key."""

    workspace: Workspace
    client: Client
    secret: str
    http: httpx.AsyncClient


@pytest_asyncio.fixture(loop_scope="session")
async def agencies(address: str, database: Database) -> AsyncIterator[Callable]:
    """Makes agencies; each has a client `salon`."""
    opened: list[httpx.AsyncClient] = []

    async def make(role: str = "owner", scopes: tuple[str, ...] = ()) -> Agency:
        async with database.transaction(None) as connection:
            workspace = await create_workspace(connection, "Agency (simulated)")
        async with database.transaction(workspace.id) as connection:
            client = await create_client(connection, "salon", "Salon (simulated)", Locale(), {})
            _, secret = await create_key(connection, workspace.id, "test", role, scopes)
        http = httpx.AsyncClient(base_url=f"{address}/api/v1", headers={"Authorization": f"Bearer {secret}"}, timeout=30)
        opened.append(http)
        return Agency(workspace, client, secret, http)

    yield make
    for http in opened:
        await http.aclose()


@pytest_asyncio.fixture(loop_scope="session")
async def ours(agencies: Callable) -> Agency:
    """Our agency."""
    return await agencies()


@pytest_asyncio.fixture(loop_scope="session")
async def theirs(agencies: Callable) -> Agency:
    """Another agency on the same database."""
    return await agencies()
