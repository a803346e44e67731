"""What most pages need: who is there, a transaction, the client they are at, and the frame around the page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.auth import database
from api.problems import NotFound
from store import approvals
from store.clients import Client, get_client, list_clients
from store.database import Connection
from web.rendering import html
from web.visiting import Visitor, Who


@dataclass(frozen=True, slots=True)
class Desk:
    """One request of somebody who is signed in. `client` is the one of the address `/c/{slug}/…`."""

    request: Request
    who: Visitor
    connection: Connection
    clients: tuple[Client, ...]
    at: Client | None
    waiting: int

    @property
    def client(self) -> Client:
        """The client of the address. Raises NotFound."""
        if self.at is None:
            raise NotFound("There is no such client in your workspace. It may have been deleted: choose another one on the left.")
        return self.at

    @property
    def actor(self) -> str:
        """How the audit log names the visitor."""
        return self.who.caller.actor

    @property
    def workspace_id(self) -> str:
        """The visitor's workspace."""
        return self.who.caller.workspace_id

    def page(self, template: str, *, section: str, status: int = 200, **context: Any) -> HTMLResponse:
        """A whole page: `section` is the entry of the menu that it belongs to."""
        frame: dict[str, Any] = {"who": self.who, "clients": self.clients, "client": self.at, "waiting": self.waiting, "section": section}
        return html(self.request, template, status=status, **(frame | context))


@asynccontextmanager
async def opened(request: Request, who: Visitor) -> AsyncIterator[Desk]:
    """A desk for a while: for routes that work long in between and must not hold a connection meanwhile."""
    async with database(request).transaction(who.caller.workspace_id) as connection:
        found = await list_clients(connection)
        if who.caller.role == "client":
            found = [client for client in found if client.id == who.caller.client_id]
        slug = request.path_params.get("slug")
        at = next((client for client in found if client.slug == slug), None)
        if slug is not None and at is None:
            raise NotFound("There is no such client in your workspace. It may have been deleted: choose another one on the left.")
        waiting = 0
        if at is not None and who.may("approvals:read"):
            waiting = await approvals.waiting(connection, at.id)
        yield Desk(request, who, connection, tuple(found), at, waiting)


async def desk(request: Request, who: Who) -> AsyncIterator[Desk]:
    """A desk with its one transaction: committed before the answer leaves, rolled back on any error."""
    async with opened(request, who) as made:
        yield made


async def client_at(request: Request, who: Visitor, slug: str) -> Client:
    """The client of the address, for a request that must not hold a transaction while it works. Raises NotFound."""
    async with database(request).transaction(who.caller.workspace_id) as connection:
        found = await get_client(connection, slug)
    if found is None or found.slug != slug or who.caller.client_id not in (None, found.id):
        raise NotFound("There is no such client in your workspace. It may have been deleted: choose another one on the left.")
    return found


AtDesk = Annotated[Desk, Depends(desk, scope="function")]


def back_to(path: str, said: str | None = None) -> Response:
    """After something was done: to this page, which says so."""
    join = "&" if "?" in path else "?"
    return RedirectResponse(path + (f"{join}said={said}" if said else ""), 303)
