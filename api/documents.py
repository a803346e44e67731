"""Documents: what a client's texts say, as context that deliverables cite."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth import Caller, GuardedRouter, Principal, Transaction
from api.clients import known_client
from api.house import House
from api.problems import NotFound, responses
from store import audit, documents
from store.clients import Client
from store.database import Connection
from store.documents import Document, Embedder
from store.pages import fetch_page

router = GuardedRouter("documents")


class NewDocument(BaseModel):
    """A document as plain text or Markdown."""

    model_config = ConfigDict(extra="forbid")

    client: Annotated[str, Field(description="slug or id of the client", min_length=1, max_length=80)]
    title: Annotated[str, Field(description="how a citation names it", min_length=1, max_length=200)]
    text: Annotated[str, Field(min_length=1, max_length=1_000_000, pattern=r"^[^\x00]*$")]
    kind: Annotated[str, Field(description="brand, note, pricing, campaign, …", min_length=1, max_length=60)] = "note"
    source: Annotated[str, Field(description="where it comes from: a file name, an address", max_length=500)] = "api"
    dated: Annotated[date | None, Field(description="the day it speaks for")] = None


class NewPage(BaseModel):
    """A page of the web to keep as a document."""

    model_config = ConfigDict(extra="forbid")

    client: Annotated[str, Field(description="slug or id of the client", min_length=1, max_length=80)]
    url: Annotated[str, Field(description="https address on a host that the operator allows", min_length=8, max_length=500)]
    title: Annotated[str | None, Field(description="how a citation names it; the page's own title when left out", max_length=200)] = None
    kind: Annotated[str, Field(description="competitor, press, …", min_length=1, max_length=60)] = "competitor"


class DocumentCard(BaseModel):
    """A document without its text."""

    id: str
    client: str = Field(description="slug of the client")
    title: str
    kind: str
    source: str
    dated: date | None
    characters: int
    created_at: datetime

    @classmethod
    def of(cls, document: Document, slug: str) -> DocumentCard:
        """The card of a kept document."""
        named = {name: getattr(document, name) for name in ("id", "title", "kind", "source", "dated", "created_at")}
        return cls(client=slug, characters=len(document.text), **named)


class DocumentList(BaseModel):
    """Documents, newest first."""

    documents: list[DocumentCard]


@router.post("", status_code=201, responses=responses(404))
async def add_document(body: NewDocument, request: Request, response: Response, caller: Caller, connection: Transaction) -> DocumentCard:
    """Keep a document, cut in passages that deliverables can find and cite."""
    client = await known_client(connection, body.client)
    document = await keep(connection, caller, client, body, request.app.state.house.services.embedder)
    response.headers["Location"] = f"/api/v1/documents?client={client.slug}"
    return DocumentCard.of(document, client.slug)


async def keep(connection: Connection, caller: Principal, client: Client, body: NewDocument, embedder: Embedder) -> Document:
    """Keep a document for any door. Raises StoreError for an empty one."""
    document = await documents.add_document(
        connection, client.id, body.title, body.kind, body.text, body.source, body.dated, embedder=embedder
    )
    await audit.note(connection, caller.actor, "document.add", document.id, {"client": client.slug})
    return document


@router.post("/pages/fetch", status_code=201, responses=responses(404))
async def add_page(body: NewPage, request: Request, response: Response, caller: Caller) -> DocumentCard:
    """Fetch a page from an allowed host and keep its text as a document dated today. Off unless the operator allows hosts."""
    house = request.app.state.house
    async with house.database.transaction(caller.workspace_id) as connection:
        client = await known_client(connection, body.client)
    document = await fetch(house, caller, client, body)
    response.headers["Location"] = f"/api/v1/documents?client={client.slug}"
    return DocumentCard.of(document, client.slug)


async def fetch(house: House, caller: Principal, client: Client, body: NewPage) -> Document:
    """Fetch a page and keep its text, for any door; no connection is held meanwhile. Raises ToolInputError for a page that is not had."""
    page = await asyncio.to_thread(fetch_page, body.url, house.store.fetch_hosts)
    today = datetime.now(ZoneInfo(client.locale.zone)).date()
    async with house.database.transaction(caller.workspace_id) as connection:
        document = await documents.add_document(
            connection, client.id, body.title or page.title, body.kind, page.text, page.url, today, embedder=house.services.embedder
        )
        await audit.note(connection, caller.actor, "document.fetch", document.id, {"client": client.slug, "url": page.url})
    return document


@router.get("", responses=responses(404))
async def list_documents(connection: Transaction, client: Annotated[str, Query(description="slug or id of the client")]) -> DocumentList:
    """A client's documents."""
    known = await known_client(connection, client)
    return DocumentList(
        documents=[DocumentCard.of(document, known.slug) for document in await documents.list_documents(connection, known.id)]
    )


@router.delete("/{id}", status_code=204, responses=responses(404))
async def forget_document(id: str, caller: Caller, connection: Transaction) -> None:
    """Forget a document and its passages."""
    await forget(connection, caller, id)


async def forget(connection: Connection, caller: Principal, id: str) -> None:
    """Forget a document, for any door. Raises NotFound."""
    if not await documents.forget_document(connection, id):
        raise NotFound(f"there is no document {id!r} in this workspace")
    await audit.note(connection, caller.actor, "document.forget", id, {})
