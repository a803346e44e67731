"""Links that show one published version to a client without an account, until they expire or are taken back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Form, Request
from fastapi.responses import HTMLResponse, Response

from api.auth import database
from api.problems import Conflict, NotFound
from api.rates import RateLimit
from store import audit, clients, deliverables, shares
from store.clients import Client
from store.database import Connection
from store.deliverables import Deliverable
from web.desk import back_to
from web.outside import FORMATS, cards, record_of, text_for
from web.pages.deliverables import handed_out, shown
from web.pages.figures import picture
from web.rendering import HEADERS, html, render
from web.visiting import Pages
from web.work import AtWork, version

router = Pages("deliverables")

UNLISTED = {"X-Robots-Tag": "noindex, nofollow, noarchive"}
GONE = "This link does not hold any more: it expired or was taken back, or it was copied incompletely."
REPLACED = "What this link showed was replaced by a newer version, or taken back."

_files = RateLimit(rate=0.2, burst=10)
"""files and charts per link in this process: whoever has a link may not keep a processor busy with it"""


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link just made."""

    url: str
    expires_at: datetime


@router.page("/c/{slug}/deliverables/{id}/shares", methods=("POST",))
async def share(desk: AtWork, id: str, days: Annotated[int, Form()] = 30) -> Response:
    """Make a link and show it, once."""
    made = await version(desk, id)
    if made.status != "published":
        raise Conflict("Only a published version can be shown to the client; this one is not published, or not any more.")
    if not 1 <= days <= shares.LONGEST_DAYS:
        return await shown(desk, made, status=422, alert=f"A link holds for 1 to {shares.LONGEST_DAYS} days.")
    kept, secret = await shares.share(desk.connection, made.id, made_by=desk.actor, days=days)
    await audit.note(desk.connection, desk.actor, "share.create", made.id, {"share": kept.id, "until": kept.expires_at.isoformat()})
    return await shown(desk, made, new_link=NewLink(f"{desk.request.base_url}shared/{secret}", kept.expires_at))


@router.page("/c/{slug}/deliverables/{id}/shares/{share}/revoke", methods=("POST",))
async def revoke(desk: AtWork, id: str, share: str) -> Response:
    """Let a link hold no more."""
    made = await version(desk, id)
    if share not in {one.id for one in await shares.of_deliverable(desk.connection, made.id)}:
        raise NotFound("There is no such link to this version.")
    if await shares.take_back(desk.connection, share):
        await audit.note(desk.connection, desk.actor, "share.revoke", made.id, {"share": share})
    return back_to(f"/c/{desk.client.slug}/deliverables/{made.id}?said=removed#shares")


@dataclass(frozen=True, slots=True)
class Opened:
    """What a link shows."""

    connection: Connection
    share_id: str
    made: Deliverable
    client: Client
    expires_at: datetime


class LinkGone(NotFound):
    """The link holds no more, or what it showed is not published any more."""

    status, title = 410, "This link does not hold any more"


@asynccontextmanager
async def opened(request: Request, secret: str) -> AsyncIterator[Opened]:
    """What the link shows, in a transaction of its workspace. Raises LinkGone."""
    async with database(request).transaction(None) as connection:
        found = await shares.find_share(connection, secret)
    if found is None:
        raise LinkGone(GONE)
    async with database(request).transaction(found.workspace_id) as connection:
        made = await deliverables.get(connection, found.deliverable_id)
        client = await clients.get_client(connection, made.client_id) if made is not None else None
        if made is None or client is None or made.status != "published":
            raise LinkGone(REPLACED)
        yield Opened(connection, found.id, made, client, found.expires_at)


@router.page("/shared/{secret}", public=True)
async def read(request: Request, secret: str) -> HTMLResponse:
    """The text, for whoever has the link."""
    try:
        async with opened(request, secret) as link:
            base = f"/shared/{secret}"
            text, outlines = await text_for(link.connection, link.made, base)
            return html(
                request, "shared.html", headers=UNLISTED, made=link.made, client=link.client, text=text, outlines=outlines, base=base,
                formats=FORMATS, expires_at=link.expires_at,
            )  # fmt: skip
    except LinkGone as gone:
        return html(request, "share_gone.html", status=410, headers=UNLISTED, reason=gone.detail)


@router.page("/shared/{secret}/figures/{alias}", public=True)
async def figures(request: Request, secret: str, alias: str) -> HTMLResponse:
    """The figures of one result that the text shows, each as a plain card."""
    async with opened(request, secret) as link:
        found = await cards(link.connection, link.made, alias)
        return html(
            request, "plain_cards.html", headers=UNLISTED, cards=found, client=link.client, back=f"/shared/{secret}", title=link.made.title
        )


@router.page("/shared/{secret}/figures/{alias}/card", public=True)
async def card(request: Request, secret: str, alias: str, key: str) -> HTMLResponse:
    """One figure of the text as a plain card."""
    async with opened(request, secret) as link:
        found = [one for one in await cards(link.connection, link.made, alias) if one.key == key]
        return HTMLResponse(render("plain_card.html", cards=found, client=link.client), headers={**HEADERS, **UNLISTED})


@router.page("/shared/{secret}/charts/{alias}.svg", public=True)
async def chart(request: Request, secret: str, alias: str) -> Response:
    """A chart of the text."""
    async with opened(request, secret) as link:
        _files.take(f"chart:{link.share_id}:{alias}")
        response = await picture(await record_of(link.connection, link.made, alias))
    response.headers.update(UNLISTED)
    return response


@router.page("/shared/{secret}/file.{format}", public=True)
async def download(request: Request, secret: str, format: str) -> Response:
    """The text as a file, without links to evidence."""
    async with opened(request, secret) as link:
        _files.take(link.share_id)
        response = await handed_out(link.connection, link.made, format, language=link.client.locale.language, links=False)
    response.headers.update(UNLISTED)
    return response
