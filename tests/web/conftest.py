"""The pages over real HTTP: the whole service on the loopback, a real Postgres behind it, somebody signed in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

import httpx
import pytest
import pytest_asyncio

from api.settings import ApiSettings
from grounding.evidence import Locale
from grounding.ids import new_id
from store.clients import Client, create_client
from store.database import Database
from store.keys import create_key
from store.members import Member, create_member
from store.sessions import find_session, open_session
from store.settings import StoreSettings
from store.workspaces import Workspace, create_workspace
from tests.api.conftest import running
from web.app import create_app
from web.visiting import COOKIE

HTML = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture(scope="session")
def site(store_settings: StoreSettings) -> Iterator[str]:
    """The address of the service with its pages."""
    settings = ApiSettings(heartbeat_seconds=0.3, body_limit=256 * 1024, upload_limit=4 * 1024 * 1024)
    with running(settings, store_settings, create_app) as found:
        yield found


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody signed in: `http` holds their cookie and asks for pages; `csrf` is their session's token."""

    workspace: Workspace
    client: Client
    member: Member
    http: httpx.AsyncClient
    csrf: str

    async def send(self, path: str, **fields: object) -> httpx.Response:
        """Send a form as the page would."""
        return await self.http.post(path, data={"csrf": self.csrf, **fields})


@pytest_asyncio.fixture(loop_scope="session")
async def people(site: str, database: Database) -> AsyncIterator[Callable]:
    """Makes people; each in a workspace of their own with a client `salon`, or in the workspace of somebody else (`beside`)."""
    opened: list[httpx.AsyncClient] = []

    async def make(role: str = "owner", beside: Person | None = None) -> Person:
        if beside is None:
            async with database.transaction(None) as connection:
                workspace = await create_workspace(connection, "Agency (simulated)")
            async with database.transaction(workspace.id) as connection:
                client = await create_client(connection, "salon", "Salon (simulated)", Locale(), {})
        else:
            workspace, client = beside.workspace, beside.client
        async with database.transaction(workspace.id) as connection:
            bound = client.id if role == "client" else None
            member = await create_member(connection, f"{new_id('mb')}@example.org", f"A {role}", role, client_id=bound)
            secret = await open_session(connection, member.id, hours=1)
        async with database.transaction(None) as connection:
            session = await find_session(connection, secret)
        assert session is not None
        http = httpx.AsyncClient(base_url=site, headers=HTML, cookies={COOKIE: secret}, timeout=30)
        opened.append(http)
        return Person(workspace, client, member, http, session.csrf)

    yield make
    for http in opened:
        await http.aclose()


@pytest_asyncio.fixture(loop_scope="session")
async def owner(people: Callable) -> Person:
    """An owner of a workspace of their own."""
    return await people()


@pytest_asyncio.fixture(loop_scope="session")
async def dashboard(site: str, database: Database) -> Callable:
    """Asks the API for the dashboard of a person's client, with a key of their workspace."""

    async def ask(person: Person) -> httpx.Response:
        async with database.transaction(person.workspace.id) as connection:
            _, secret = await create_key(connection, person.workspace.id, "test", "auditor")
        async with httpx.AsyncClient(base_url=site, headers={"Authorization": f"Bearer {secret}"}, timeout=30) as http:
            return await http.get("/api/v1/analytics/dashboard", params={"client": "salon"})

    return ask
