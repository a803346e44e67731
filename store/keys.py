"""API keys: shown once, kept as a hash, found before a workspace is known."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Literal, get_args

from grounding.ids import ALPHABET, new_id
from store.database import Connection
from store.errors import StoreError

Role = Literal["owner", "strategist", "writer", "approver", "client", "auditor"]
ROLES: tuple[Role, ...] = get_args(Role)
SECRET = re.compile(rf"gw_([{ALPHABET}]{{12}})_[A-Za-z0-9_-]{{43}}")
COLUMNS = "id, workspace_id, name, prefix, role, scopes, client_id, expires_at, revoked_at, last_used_at, created_at"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key as everybody may see it. `prefix` is the part of the secret that is not secret; `client_id`: whose portal it opens."""

    id: str
    workspace_id: str
    name: str
    prefix: str
    role: Role
    scopes: tuple[str, ...]
    client_id: str | None
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    created_at: datetime


async def create_key(
    connection: Connection,
    workspace_id: str,
    name: str,
    role: Role,
    scopes: Sequence[str] = (),
    expires_at: datetime | None = None,
    *,
    client_id: str | None = None,
) -> tuple[ApiKey, str]:
    """Make a key; the secret is returned here and never again. The transaction has to be the workspace's. Raises StoreError."""
    if client_id is not None and role != "client":
        raise StoreError("only a key of the portal, of the role client, is bound to one client")
    if role not in ROLES:
        raise StoreError(f"{role!r} is not a role: {', '.join(ROLES)}")
    if expires_at is not None and expires_at.tzinfo is None:
        raise StoreError("the time a key expires needs a time zone")
    prefix = "".join(secrets.choice(ALPHABET) for _ in range(12))
    secret = f"gw_{prefix}_{secrets.token_urlsafe(32)}"
    statement = f"""
        INSERT INTO api_keys (id, workspace_id, name, prefix, hash, role, scopes, expires_at, client_id)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING {COLUMNS}"""
    values = (new_id("key"), workspace_id, name, prefix, _hash(secret), role, list(scopes), expires_at, client_id)
    row = await (await connection.execute(statement, values)).fetchone()
    assert row is not None
    return _key(row), secret


async def find_key(connection: Connection, secret: str) -> ApiKey | None:
    """The key of this secret if it is known, not expired and not revoked; in any transaction, with or without a workspace."""
    match = SECRET.fullmatch(secret)
    if match is None:
        return None
    statement = f"SELECT {COLUMNS} FROM groundwork_find_key(%s, %s)"
    row = await (await connection.execute(statement, (match[1], _hash(secret)))).fetchone()
    return _key(row) if row else None


async def list_keys(connection: Connection) -> list[ApiKey]:
    """The workspace's keys, oldest first, with those revoked and expired."""
    rows = await (await connection.execute(f"SELECT {COLUMNS} FROM api_keys ORDER BY created_at, id")).fetchall()
    return [_key(row) for row in rows]


async def revoke_key(connection: Connection, key_id: str) -> bool:
    """Revoke a key of the transaction's workspace at once; False when there is none of this id that still holds."""
    cursor = await connection.execute("UPDATE api_keys SET revoked_at = now() WHERE id = %s AND revoked_at IS NULL", (key_id,))
    return cursor.rowcount == 1


def _hash(secret: str) -> bytes:
    """SHA-256 is enough for 256 random bits: there is nothing to guess from, and look-ups stay fast."""
    return sha256(secret.encode()).digest()


def _key(row: dict) -> ApiKey:
    return ApiKey(**{**row, "scopes": tuple(row["scopes"])})
