"""Deliverables: what a task made, as JSON, Markdown, HTML, PDF or Word."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, get_args

from fastapi import Header, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from api.auth import Caller, GuardedRouter, Principal, Transaction
from api.clients import known_client, slugs
from api.problems import NotAcceptable, NotFound, responses
from api.writing import DeliverableCard, Format, FullDeliverable, card, charts_of, full, written
from store import clients, deliverables
from store.deliverables import Deliverable

router = GuardedRouter("deliverables")

MEDIA: dict[Format, str] = {
    "json": "application/json",
    "md": "text/markdown; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


class DeliverableList(BaseModel):
    """Deliverables, newest first."""

    deliverables: list[DeliverableCard]


@router.get("", responses=responses(404))
async def list_deliverables(
    connection: Transaction,
    caller: Caller,
    client: Annotated[str | None, Query(description="only this client's")] = None,
    run: Annotated[str | None, Query(description="only this run's")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> DeliverableList:
    """The workspace's deliverables, newest first. A key of the portal gets what was published for its client."""
    wanted = (await known_client(connection, client)).id if client is not None else None
    if caller.role == "client":
        if wanted not in (None, caller.client_id):
            raise NotFound(f"there is no client {client!r} in this workspace")
        theirs = caller.client_id
        found = await deliverables.list_(connection, client_id=theirs, run_id=run, status="published", limit=limit) if theirs else []
    else:
        found = await deliverables.list_(connection, client_id=wanted, run_id=run, limit=limit)
    names = await slugs(connection)
    return DeliverableList(deliverables=[card(made, names[made.client_id]) for made in found])


READ: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "in the format asked for by suffix (.md), `?format=` or Accept, in that order",
        "content": {
            "text/markdown": {"schema": {"type": "string"}},
            "text/html": {"schema": {"type": "string"}},
            "application/pdf": {"schema": {"type": "string", "format": "binary"}},
            MEDIA["docx"]: {"schema": {"type": "string", "format": "binary"}},
        },
    },
    **responses(404, 406),
}


@router.get("/{id}", response_model=FullDeliverable, responses=READ)
async def get_deliverable(
    id: str,
    request: Request,
    caller: Caller,
    format: Annotated[Format | None, Query(description="overrides Accept")] = None,
    accept: Annotated[str, Header(description="application/json, text/markdown, text/html, application/pdf or Word")] = "*/*",
) -> Response:
    """A deliverable. The id takes a suffix: `dl_….pdf`."""
    identity, _, suffix = id.partition(".")
    if suffix and suffix not in get_args(Format):
        raise NotAcceptable(f"there is no format {suffix!r}: json, md, html, pdf or docx")
    chosen: Format = suffix or format or negotiate(accept)  # type: ignore[assignment]
    async with request.app.state.house.database.transaction(caller.workspace_id) as connection:
        made = await deliverables.get(connection, identity)
        if made is None or not may_see(caller, made):
            raise NotFound(f"there is no deliverable {identity!r} in this workspace")
        client = await clients.get_client(connection, made.client_id)
        charts = [] if chosen in ("json", "md") else await charts_of(connection, made)
    slug = client.slug if client else made.client_id
    if chosen == "json":
        return JSONResponse(full(made, slug).model_dump(mode="json"), headers={"Vary": "Accept"})
    response = await file(made, chosen, charts, language=client.locale.language if client else "en")
    response.headers["Vary"] = "Accept"
    return response


async def file(
    made: Deliverable, chosen: Format, charts: list[dict[str, Any]], *, language: str, links: bool = True, keep: bool = False
) -> Response:
    """A version as a file in a format for people. `links`: whether figures lead to their evidence; `keep`: to be saved, not shown."""
    body = await asyncio.to_thread(written, made, chosen, charts, language=language, links=links)
    name = f"{'' if made.status == 'published' else 'draft-'}{made.kind}-{made.id}.{chosen}"
    headers = {"Content-Disposition": f'{"attachment" if keep else "inline"}; filename="{name}"'}
    if chosen == "html":
        headers["Content-Security-Policy"] = PAGE_POLICY
    return Response(body, headers=headers, media_type=MEDIA[chosen])


def may_see(caller: Principal, made: Deliverable) -> bool:
    """Whether a caller may see a version: those of the portal see what was published for their own client, and nothing else."""
    return caller.role != "client" or (made.status == "published" and made.client_id == caller.client_id)


def negotiate(accept: str) -> Format:
    """The format that an Accept header likes best; JSON when it does not mind. Raises NotAcceptable."""
    best: tuple[float, int, Format] | None = None
    for position, part in enumerate(accept.split(",")):
        kind, *parameters = (piece.strip() for piece in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name == "q":
                try:
                    quality = float(value)
                except ValueError:
                    quality = 0.0
        for format, media in MEDIA.items():
            bare = media.partition(";")[0]
            if quality > 0 and kind.lower() in (bare, f"{bare.partition('/')[0]}/*", "*/*"):
                candidate = (quality, -position, format)
                best = candidate if best is None or candidate[:2] > best[:2] else best
                break
    if best is None:
        raise NotAcceptable(f"offered are {', '.join(media.partition(';')[0] for media in MEDIA.values())}")
    return best[2]
