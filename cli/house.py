"""What a command needs from the house: settings, a running database, the workspace it works in."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from cli.exits import Stop, refused
from cli.output import note

if TYPE_CHECKING:
    from graphs.services import Services
    from store.database import Connection, Database
    from store.settings import StoreSettings
    from store.workspaces import Workspace

VARIABLE = "GROUNDWORK_WORKSPACE"
Which = Annotated[
    str | None,
    typer.Option("--workspace", "-w", help=f"id or name; by default {VARIABLE}, else the only one, else the demo's", show_default=False),
]
ACTOR = "cli"

Result = TypeVar("Result")


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a command's coroutine to its end."""
    return asyncio.run(work)


def ready_database() -> StoreSettings:
    """The settings, with the embedded database running and migrated if it is the one in use."""
    from store import embedded
    from store.settings import StoreSettings

    settings = StoreSettings()
    if settings.embedded and not embedded.status(settings.home).running:
        from store.migrate import migrate

        note(f"starting the embedded database under {settings.home} (`groundwork db stop` stops it)")
        urls = embedded.start(settings.home)
        migrate(urls.owner, urls.app)
    return settings


def bring_up_to_date(settings: StoreSettings) -> None:
    """Migrate the embedded database where an earlier release left it running: it is ours alone. Another one its owner migrates."""
    from store import embedded
    from store.migrate import migrate, pending

    if settings.embedded:
        urls = embedded.urls(settings.home)
        if due := pending(urls.app):
            note(f"migrating the embedded database: {', '.join(due)}")
            migrate(urls.owner, urls.app)


def owner_url(settings: StoreSettings) -> str:
    """The owner's URL, for the operator's commands. Stops with code 3 when an outside database gives none."""
    from store import embedded

    if settings.embedded:
        return embedded.urls(settings.home).owner
    if settings.migrate_url is None:
        raise refused("this needs the database's owner: set GROUNDWORK_MIGRATE_URL beside DATABASE_URL")
    return settings.migrate_url.get_secret_value()


@dataclass(frozen=True, slots=True)
class Desk:
    """The open database and the workspace that a command works in."""

    settings: StoreSettings
    database: Database
    workspace: Workspace

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A transaction in the workspace."""
        async with self.database.transaction(self.workspace.id) as connection:
            yield connection

    def services(self) -> Services:
        """What tools and tasks need."""
        from graphs.services import Services
        from jobs.queue import enqueue
        from llm.embeddings import embedder
        from llm.settings import ModelSettings

        models = ModelSettings()
        return Services(self.database, self.settings, models, embedder(models), enqueue=enqueue)


@asynccontextmanager
async def desk(which: str | None) -> AsyncIterator[Desk]:
    """Open the database, find the workspace, close at the end."""
    from store.database import Database

    settings = ready_database()
    database = await Database.of(settings, size=4, name="groundwork cli")
    try:
        yield Desk(settings, database, await find_workspace(settings, database, which or os.environ.get(VARIABLE)))
    finally:
        await database.close()


async def all_workspaces(settings: StoreSettings) -> list[Workspace]:
    """Every workspace, as the owner sees them."""
    import psycopg
    from psycopg.rows import dict_row

    from store.workspaces import list_workspaces

    async with await psycopg.AsyncConnection.connect(owner_url(settings), row_factory=dict_row) as connection:
        return await list_workspaces(connection)


async def find_workspace(settings: StoreSettings, database: Database, wanted: str | None) -> Workspace:
    """The workspace of this id or name; without one, the only one or the demo's. Stops with code 3."""
    from store.workspaces import get_workspace

    if wanted is not None and wanted.startswith("ws_"):
        async with database.transaction(wanted) as connection:
            known = await get_workspace(connection, wanted)
        if known is None:
            raise refused(f"there is no workspace {wanted!r}")
        return known
    if not settings.embedded and settings.migrate_url is None:
        raise refused(f"which workspace? Set {VARIABLE} (or --workspace) to its id, ws_…")
    every = await all_workspaces(settings)
    found = [workspace for workspace in every if wanted in (None, workspace.name)]
    if wanted is None and len(found) > 1:
        found = [workspace for workspace in found if workspace.name == "demo"] or found
    if len(found) == 1:
        return found[0]
    names = ", ".join(f"{workspace.name} ({workspace.id})" for workspace in every)
    if not every:
        raise refused("there is no workspace yet: `groundwork workspace create NAME` makes one, `groundwork demo` fills one to look at")
    raise refused(f"which workspace? Set {VARIABLE} or --workspace to one of: {names}")


async def find_client(connection: Connection, wanted: str) -> Any:
    """The client of this slug or id. Stops with code 3."""
    from store.clients import get_client, list_clients

    client = await get_client(connection, wanted)
    if client is None:
        known = ", ".join(entry.slug for entry in await list_clients(connection)) or "none yet"
        raise refused(f"there is no client {wanted!r} in this workspace (there are: {known})", kind="not_found")
    return client


def down(message: str) -> Stop:
    """A service is down."""
    return Stop(4, message, kind="unavailable")
