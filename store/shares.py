"""Links that show one version of a deliverable to whoever holds them, until they expire or are taken back."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from grounding.ids import new_id
from store.database import Connection

LONGEST_DAYS = 90


@dataclass(frozen=True, slots=True)
class Share:
    """A link as its maker sees it: the secret itself was shown once."""

    id: str
    deliverable_id: str
    made_by: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Shared:
    """What a link opens."""

    id: str
    workspace_id: str
    deliverable_id: str
    expires_at: datetime


async def share(connection: Connection, deliverable_id: str, *, made_by: str, days: int) -> tuple[Share, str]:
    """A link to this version for so many days, 1 to LONGEST_DAYS; the secret is given here and never again."""
    if not 1 <= days <= LONGEST_DAYS:
        raise ValueError(f"a link holds for 1 to {LONGEST_DAYS} days, not {days}")
    secret = secrets.token_urlsafe(32)
    statement = f"""
        INSERT INTO share_links (id, deliverable_id, hash, made_by, expires_at) VALUES (%s, %s, %s, %s, %s)
        RETURNING {", ".join(Share.__slots__)}"""
    values = (new_id("sh"), deliverable_id, sha256(secret.encode()).digest(), made_by, datetime.now(UTC) + timedelta(days=days))
    row = await (await connection.execute(statement, values)).fetchone()
    assert row is not None
    return Share(**row), secret


async def of_deliverable(connection: Connection, deliverable_id: str) -> list[Share]:
    """The links to a version, newest first, also those that hold no more."""
    statement = f"SELECT {', '.join(Share.__slots__)} FROM share_links WHERE deliverable_id = %s ORDER BY created_at DESC, id"
    return [Share(**row) for row in await (await connection.execute(statement, (deliverable_id,))).fetchall()]


async def take_back(connection: Connection, share_id: str) -> bool:
    """Let a link hold no more; False when it did not."""
    cursor = await connection.execute("UPDATE share_links SET revoked_at = now() WHERE id = %s AND revoked_at IS NULL", (share_id,))
    return cursor.rowcount == 1


async def find_share(connection: Connection, secret: str) -> Shared | None:
    """What the link of this secret opens, while it holds; in any transaction."""
    names = ", ".join(Shared.__slots__)
    row = await (await connection.execute(f"SELECT {names} FROM groundwork_find_share(%s)", (sha256(secret.encode()).digest(),))).fetchone()
    return Shared(**row) if row else None
