"""Members: the people of a workspace, what they may do, and how they prove who they are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from psycopg.errors import UniqueViolation

from grounding.ids import new_id
from store.database import Connection
from store.errors import Conflict, StoreError
from store.keys import ROLES, Role

if TYPE_CHECKING:
    from argon2 import PasswordHasher

COLUMNS = "id, workspace_id, email, name, role, client_id, password_hash IS NOT NULL AS has_password, disabled_at, created_at"
ADDRESS = re.compile(r"[^@\s\"'<>]{1,64}@[^@\s\"'<>]{1,190}")
SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 200


@dataclass(frozen=True, slots=True)
class Member:
    """One person. `client_id`: of the role client, whose portal they see."""

    id: str
    workspace_id: str
    email: str
    name: str
    role: Role
    client_id: str | None
    has_password: bool
    disabled_at: datetime | None
    created_at: datetime

    @property
    def actor(self) -> str:
        """How the audit log names them."""
        return f"member:{self.id}"


async def create_member(connection: Connection, email: str, name: str, role: Role, *, client_id: str | None = None) -> Member:
    """Add a person without a password: a sign-in link lets them in. Raises StoreError, Conflict for an address that is known."""
    if not ADDRESS.fullmatch(email):
        raise StoreError(f"{email!r} is not an e-mail address")
    if not name.strip():
        raise StoreError("a member needs a name: it stands beside what they approve")
    if role not in ROLES:
        raise StoreError(f"{role!r} is not a role: {', '.join(ROLES)}")
    if (role == "client") != (client_id is not None):
        raise StoreError("a member of the role client is bound to one client, and no other member is")
    statement = f"INSERT INTO members (id, email, name, role, client_id) VALUES (%s, %s, %s, %s, %s) RETURNING {COLUMNS}"
    try:
        async with connection.transaction():
            row = await (await connection.execute(statement, (new_id("mb"), email, name.strip(), role, client_id))).fetchone()
    except UniqueViolation:
        raise Conflict(f"{email} is a member already, of this workspace or another one") from None
    assert row is not None
    return Member(**row)


async def get_member(connection: Connection, id_or_email: str) -> Member | None:
    """The workspace's member of this id or address."""
    statement = f"SELECT {COLUMNS} FROM members WHERE id = %(who)s OR lower(email) = lower(%(who)s)"
    row = await (await connection.execute(statement, {"who": id_or_email})).fetchone()
    return Member(**row) if row else None


async def list_members(connection: Connection) -> list[Member]:
    """The workspace's members by name, disabled ones too."""
    rows = await (await connection.execute(f"SELECT {COLUMNS} FROM members ORDER BY lower(name), id")).fetchall()
    return [Member(**row) for row in rows]


async def names(connection: Connection) -> dict[str, str]:
    """Actor (`member:…`, `key:…`) to the name that people read, for all of the workspace."""
    rows = await (
        await connection.execute("SELECT 'member:' || id AS actor, name FROM members UNION ALL SELECT 'key:' || id, name FROM api_keys")
    ).fetchall()
    return {row["actor"]: row["name"] for row in rows}


async def set_role(connection: Connection, member_id: str, role: Role) -> None:
    """Give a member another role, of the workspace's own ones. Raises Conflict when nobody would be left to own the workspace."""
    if role not in ROLES or role == "client":
        raise StoreError("a member of the workspace becomes owner, strategist, writer, approver or auditor; for a portal add a member anew")
    await _hold_owners(connection)
    await connection.execute("UPDATE members SET role = %s WHERE id = %s AND role <> 'client'", (role, member_id))
    await _still_owned(connection)


async def disable(connection: Connection, member_id: str) -> None:
    """Let a member in no more; their sessions end. Raises Conflict when nobody would be left to own the workspace."""
    await _hold_owners(connection)
    await connection.execute("UPDATE members SET disabled_at = now() WHERE id = %s AND disabled_at IS NULL", (member_id,))
    await connection.execute("DELETE FROM sessions WHERE member_id = %s", (member_id,))
    await connection.execute("DELETE FROM sign_in_links WHERE member_id = %s", (member_id,))
    await _still_owned(connection)


async def enable(connection: Connection, member_id: str) -> None:
    """Let a member in again."""
    await connection.execute("UPDATE members SET disabled_at = NULL WHERE id = %s", (member_id,))


async def set_password(connection: Connection, member_id: str, hashed: str) -> None:
    """Keep a hash that `hash_password` gave; every session of the member ends."""
    await connection.execute("UPDATE members SET password_hash = %s WHERE id = %s", (hashed, member_id))
    await connection.execute("DELETE FROM sessions WHERE member_id = %s", (member_id,))


async def _hold_owners(connection: Connection) -> None:
    """Two owners who take each other's role away at once would leave none: the second one waits, and sees what the first one did."""
    await connection.execute("SELECT FROM members WHERE role = 'owner' ORDER BY id FOR UPDATE")


async def _still_owned(connection: Connection) -> None:
    row = await (await connection.execute("SELECT count(*) AS n FROM members WHERE role = 'owner' AND disabled_at IS NULL")).fetchone()
    assert row is not None
    if not row["n"]:
        raise Conflict("a workspace needs an owner: make another member owner first")


@dataclass(frozen=True, slots=True)
class Known:
    """What sign-in reads before a workspace is known."""

    id: str
    workspace_id: str
    password_hash: str


async def find_member(connection: Connection, email: str) -> Known | None:
    """The member of this address who has a password and is not disabled; in any transaction."""
    row = await (await connection.execute("SELECT id, workspace_id, password_hash FROM groundwork_find_member(%s)", (email,))).fetchone()
    return Known(**row) if row else None


@lru_cache(maxsize=1)
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher()


def hash_password(password: str) -> str:
    """argon2id with the library's parameters (RFC 9106, low memory). CPU work: call it off the event loop. Raises StoreError."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise StoreError(f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters")
    return _hasher().hash(password)


@lru_cache(maxsize=1)
def _nobodys() -> str:
    return _hasher().hash("nobody has this password")


def check_password(hashed: str | None, password: str) -> bool:
    """Whether it is the password; takes as long when nobody has the address. CPU work: call it off the event loop."""
    from argon2.exceptions import VerificationError

    try:
        good = len(password) <= LONGEST_PASSWORD and _hasher().verify(hashed or _nobodys(), password)
    except VerificationError:
        return False
    return good and hashed is not None
