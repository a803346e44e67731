"""What people say beside a deliverable."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from grounding.ids import new_id
from store.database import Connection

LONGEST = 4_000


@dataclass(frozen=True, slots=True)
class Comment:
    """One remark; `quote`: the words of the text that it is about, empty for the whole."""

    id: str
    deliverable_id: str
    author: str
    quote: str
    text: str
    created_at: datetime
    settled_at: datetime | None


COLUMNS = ", ".join(Comment.__slots__)


async def add(connection: Connection, deliverable_id: str, *, author: str, text: str, quote: str = "") -> Comment:
    """Keep a remark."""
    statement = f"INSERT INTO comments (id, deliverable_id, author, quote, text) VALUES (%s, %s, %s, %s, %s) RETURNING {COLUMNS}"
    row = await (await connection.execute(statement, (new_id("cm"), deliverable_id, author, quote, text))).fetchone()
    assert row is not None
    return Comment(**row)


async def of_deliverable(connection: Connection, deliverable_id: str) -> list[Comment]:
    """The remarks on a version, oldest first."""
    statement = f"SELECT {COLUMNS} FROM comments WHERE deliverable_id = %s ORDER BY created_at, id"
    return [Comment(**row) for row in await (await connection.execute(statement, (deliverable_id,))).fetchall()]


async def settle(connection: Connection, comment_id: str) -> bool:
    """Mark a remark as settled; False when it was, or is not here."""
    cursor = await connection.execute("UPDATE comments SET settled_at = now() WHERE id = %s AND settled_at IS NULL", (comment_id,))
    return cursor.rowcount == 1
