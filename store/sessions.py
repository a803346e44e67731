"""Sessions of the pages, and the links that let somebody in once: secrets shown once, kept as hashes."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from grounding.ids import new_id
from store.database import Connection
from store.keys import Role


@dataclass(frozen=True, slots=True)
class Session:
    """Who is signed in. `csrf` goes into every form and comes back with it."""

    id: str
    workspace_id: str
    member_id: str
    csrf: str
    expires_at: datetime
    email: str
    name: str
    role: Role
    client_id: str | None


@dataclass(frozen=True, slots=True)
class Invited:
    """Whom a sign-in link is for."""

    member_id: str
    workspace_id: str
    email: str
    name: str
    has_password: bool


async def open_session(connection: Connection, member_id: str, *, hours: float) -> str:
    """Sign a member of the transaction's workspace in; gives the secret for the cookie."""
    secret = secrets.token_urlsafe(32)
    await connection.execute("DELETE FROM sessions WHERE member_id = %s AND expires_at < now()", (member_id,))
    await connection.execute(
        "INSERT INTO sessions (id, member_id, hash, csrf, expires_at) VALUES (%s, %s, %s, %s, %s)",
        (new_id("ss"), member_id, _hash(secret), secrets.token_urlsafe(24), datetime.now(UTC) + timedelta(hours=hours)),
    )
    return secret


async def find_session(connection: Connection, secret: str) -> Session | None:
    """The session of this secret while it holds and its member is not disabled; in any transaction."""
    names = ", ".join(Session.__slots__)
    row = await (await connection.execute(f"SELECT {names} FROM groundwork_find_session(%s)", (_hash(secret),))).fetchone()
    return Session(**row) if row else None


async def end_session(connection: Connection, session_id: str) -> None:
    """Sign out."""
    await connection.execute("DELETE FROM sessions WHERE id = %s", (session_id,))


async def make_link(connection: Connection, member_id: str, *, hours: float) -> str:
    """A secret that signs a member in once, within these hours. Links made before for them hold no more."""
    secret = secrets.token_urlsafe(32)
    await connection.execute("DELETE FROM sign_in_links WHERE member_id = %s", (member_id,))
    await connection.execute(
        "INSERT INTO sign_in_links (hash, member_id, expires_at) VALUES (%s, %s, %s)",
        (_hash(secret), member_id, datetime.now(UTC) + timedelta(hours=hours)),
    )
    return secret


async def read_link(connection: Connection, secret: str, *, use: bool = False) -> Invited | None:
    """Whom the link is for while it holds; `use` spends it. In any transaction."""
    names = ", ".join(Invited.__slots__)
    row = await (await connection.execute(f"SELECT {names} FROM groundwork_sign_in_link(%s, %s)", (_hash(secret), use))).fetchone()
    return Invited(**row) if row else None


def _hash(secret: str) -> bytes:
    """SHA-256 is enough for 256 random bits: there is nothing to guess from."""
    return sha256(secret.encode()).digest()
