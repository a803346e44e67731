"""What a client's people asked to be remembered: shown and forgotten on request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from grounding.ids import new_id
from store.database import Connection

COLUMNS = "id, client_id, text, said_by, created_at"
MOST = 50
"""preferences of one client: every turn reads them all"""


@dataclass(frozen=True, slots=True)
class Preference:
    """One thing to remember, in the words of whoever said it."""

    id: str
    client_id: str
    text: str
    said_by: str
    created_at: datetime


async def remember(connection: Connection, client_id: str, text: str, *, said_by: str, id: str | None = None) -> Preference | None:
    """Keep a preference; the same words or id again are kept once. None when the client has as many as are read."""
    statement = """
        INSERT INTO preferences (id, client_id, text, said_by)
        SELECT %(id)s, %(client_id)s, %(text)s, %(said_by)s
         WHERE NOT EXISTS (SELECT 1 FROM preferences WHERE client_id = %(client_id)s AND (id = %(id)s OR lower(text) = lower(%(text)s)))
           AND (SELECT count(*) FROM preferences WHERE client_id = %(client_id)s) < %(most)s"""
    values = {"id": id or new_id("pref"), "client_id": client_id, "text": text, "said_by": said_by, "most": MOST}
    await connection.execute(statement, values)
    kept = f"SELECT {COLUMNS} FROM preferences WHERE client_id = %(client_id)s AND (id = %(id)s OR lower(text) = lower(%(text)s)) LIMIT 1"
    row = await (await connection.execute(kept, values)).fetchone()
    return Preference(**row) if row else None


async def of_client(connection: Connection, client_id: str) -> list[Preference]:
    """The client's preferences, oldest first."""
    statement = f"SELECT {COLUMNS} FROM preferences WHERE client_id = %s ORDER BY created_at, id"
    return [Preference(**row) for row in await (await connection.execute(statement, (client_id,))).fetchall()]


async def forget(connection: Connection, client_id: str, preference_id: str) -> bool:
    """Forget one preference of this client. False when there is none of this id."""
    statement = "DELETE FROM preferences WHERE client_id = %s AND id = %s"
    return (await connection.execute(statement, (client_id, preference_id))).rowcount == 1
