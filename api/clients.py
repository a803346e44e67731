"""Clients: whose data is analysed and how they read numbers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.auth import Caller, GuardedRouter, Transaction
from api.locales import known_locale
from api.problems import NotFound, responses
from api.profiles import readable_profile
from grounding.evidence import Locale
from store import audit, clients
from store.clients import Client
from store.database import Connection

router = GuardedRouter("clients")


class NewClient(BaseModel):
    """A client to be."""

    model_config = ConfigDict(extra="forbid")

    slug: Annotated[str, Field(description="short name for addresses: salon", pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
    name: Annotated[str, Field(min_length=1, max_length=200)]
    locale: Annotated[Locale, AfterValidator(known_locale), Field(description="language, currency and zone")] = Locale()
    profile: Annotated[
        dict[str, Any],
        AfterValidator(readable_profile),
        Field(description='stated facts: {"facts": {"vat_rate": {"value": 0.15, "unit": "share", "label": "VAT rate"}}}'),
    ] = {}


class Reading(BaseModel):
    """What a client is called, and how it reads numbers."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=200)]
    locale: Annotated[Locale, AfterValidator(known_locale), Field(description="language, currency and zone; nothing is converted")]


class ClientCard(BaseModel):
    """One client."""

    id: str
    slug: str
    name: str
    locale: Locale
    profile: dict[str, Any]
    created_at: datetime

    @classmethod
    def of(cls, client: Client) -> ClientCard:
        """The card of a kept client."""
        return cls(**{name: getattr(client, name) for name in ("id", "slug", "name", "locale", "profile", "created_at")})


class ClientList(BaseModel):
    """Clients by slug."""

    clients: list[ClientCard]


@router.post("", status_code=201, responses=responses(409))
async def create_client(body: NewClient, response: Response, caller: Caller, connection: Transaction) -> ClientCard:
    """Make a client."""
    client = await make(connection, body, caller.actor)
    response.headers["Location"] = f"/api/v1/clients/{client.slug}"
    return ClientCard.of(client)


async def make(connection: Connection, body: NewClient, actor: str) -> Client:
    """Keep a client, for the API and the pages. Raises Conflict when the slug is taken."""
    client = await clients.create_client(connection, body.slug, body.name, body.locale, body.profile)
    await audit.note(connection, actor, "client.create", client.id, {"slug": client.slug})
    return client


async def change(connection: Connection, client: Client, body: Reading, actor: str) -> None:
    """Give a client another name or locale, for the API and the pages."""
    if (body.name, body.locale) == (client.name, client.locale):
        return
    await clients.set_reading(connection, client.id, body.name, body.locale)
    detail = {"from": client.locale.model_dump(), "to": body.locale.model_dump()}
    await audit.note(connection, actor, "client.change", client.id, detail)


@router.put("/{slug}", responses=responses(404))
async def change_client(slug: str, body: Reading, caller: Caller, connection: Transaction) -> ClientCard:
    """Give a client another name or locale. Figures and dates are written so from then on; amounts are not converted."""
    client = await known_client(connection, slug)
    await change(connection, client, body, caller.actor)
    return ClientCard.of(await known_client(connection, client.id))


@router.get("")
async def list_clients(connection: Transaction) -> ClientList:
    """The workspace's clients."""
    return ClientList(clients=[ClientCard.of(client) for client in await clients.list_clients(connection)])


@router.get("/{slug}", responses=responses(404))
async def get_client(slug: str, connection: Transaction) -> ClientCard:
    """One client, by slug or id."""
    return ClientCard.of(await known_client(connection, slug))


async def known_client(connection: Connection, wanted: str) -> Client:
    """The client of this slug or id. Raises NotFound, also for another workspace's."""
    client = await clients.get_client(connection, wanted)
    if client is None:
        raise NotFound(f"there is no client {wanted!r} in this workspace")
    return client


async def slugs(connection: Connection) -> dict[str, str]:
    """Id to slug of the workspace's clients."""
    return {client.id: client.slug for client in await clients.list_clients(connection)}
