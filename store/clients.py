"""Clients of a workspace: whose data is analysed and how they read numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb

from grounding.evidence import Locale
from grounding.ids import new_id
from store.database import Connection
from store.errors import Conflict, StoreError

SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
COLUMNS = "id, workspace_id, slug, name, locale, profile, created_at"


@dataclass(frozen=True, slots=True)
class Client:
    """One client. `profile` holds stated facts (`{{F.vat_rate}}`) and brand settings."""

    id: str
    workspace_id: str
    slug: str
    name: str
    locale: Locale
    profile: dict[str, Any]
    created_at: datetime


async def create_client(connection: Connection, slug: str, name: str, locale: Locale, profile: dict[str, Any]) -> Client:
    """Make a client in the transaction's workspace. Raises Conflict when the slug is taken, StoreError when it is not one."""
    if not SLUG.fullmatch(slug):
        raise StoreError(f"{slug!r} is not a client slug: lower-case letters, digits, - and _, at most 63, starting with a letter or digit")
    values = (new_id("cl"), slug, name, Jsonb(locale.model_dump()), Jsonb(profile))
    statement = f"INSERT INTO clients (id, slug, name, locale, profile) VALUES (%s, %s, %s, %s, %s) RETURNING {COLUMNS}"
    try:
        async with connection.transaction():
            row = await (await connection.execute(statement, values)).fetchone()
    except UniqueViolation as error:
        raise Conflict(f"this workspace already has a client {slug!r}") from error
    assert row is not None
    return _client(row)


async def get_client(connection: Connection, slug_or_id: str) -> Client | None:
    """The client of this slug or id in the transaction's workspace."""
    statement = f"SELECT {COLUMNS} FROM clients WHERE slug = %(wanted)s OR id = %(wanted)s"
    row = await (await connection.execute(statement, {"wanted": slug_or_id})).fetchone()
    return _client(row) if row else None


async def list_clients(connection: Connection) -> list[Client]:
    """The workspace's clients, by slug."""
    rows = await (await connection.execute(f"SELECT {COLUMNS} FROM clients ORDER BY slug")).fetchall()
    return [_client(row) for row in rows]


async def set_profile(connection: Connection, client_id: str, profile: dict[str, Any]) -> None:
    """Replace the client's profile."""
    await connection.execute("UPDATE clients SET profile = %s WHERE id = %s", (Jsonb(profile), client_id))


async def set_reading(connection: Connection, client_id: str, name: str, locale: Locale) -> None:
    """Give the client another name, and another way to read numbers."""
    await connection.execute("UPDATE clients SET name = %s, locale = %s WHERE id = %s", (name, Jsonb(locale.model_dump()), client_id))


def _client(row: dict[str, Any]) -> Client:
    return Client(**{**row, "locale": Locale.model_validate(row["locale"])})
