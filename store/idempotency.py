"""Idempotency keys: the same request sent twice is done once, and gets the same answer for 24 hours."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

from psycopg.types.json import Jsonb

from store.database import Connection
from store.errors import Conflict

KEPT = timedelta(hours=24)


class KeyReused(Conflict):
    """The key was used for another request."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer that was given to the first request."""

    status: int
    response: dict[str, Any]


def hash_of(method: str, path: str, body: Any) -> bytes:
    """What has to be the same for a request to be the same: `body` as parsed JSON, so that spaces do not count."""
    canonical = json.dumps([method, path, body], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return sha256(canonical.encode()).digest()


async def claim(connection: Connection, key: str, body_hash: bytes) -> Answer | None:
    """Claim the key for this transaction: None means do the work, then `answer` in the same transaction.

    A second request waits here until the first one's transaction ends: it gets that answer, or the key when the first one failed.
    Raises KeyReused when the key stands for another request.
    """
    statement = """
        INSERT INTO idempotency_keys (key, body_hash, expires_at) VALUES (%(key)s, %(body_hash)s, now() + %(kept)s)
        ON CONFLICT (workspace_id, key) DO UPDATE
           SET body_hash = excluded.body_hash, status = NULL, response = NULL, created_at = now(), expires_at = excluded.expires_at
         WHERE idempotency_keys.expires_at <= now()
     RETURNING key"""
    values = {"key": key, "body_hash": body_hash, "kept": KEPT}
    if await (await connection.execute(statement, values)).fetchone():
        return None
    found = await find(connection, key, body_hash)
    if found is None:
        raise KeyReused(f"the idempotency key {key!r} ran out a moment ago: use a new key")
    return found


async def find(connection: Connection, key: str, body_hash: bytes) -> Answer | None:
    """The answer that was given under this key; None when there is none, or it ran out. It claims nothing.

    Raises KeyReused when the key stands for another request.
    """
    known = "SELECT body_hash, status, response FROM idempotency_keys WHERE key = %s AND expires_at > now()"
    row = await (await connection.execute(known, (key,))).fetchone()
    if row is None:
        return None
    if bytes(row["body_hash"]) != body_hash:
        raise KeyReused(f"the idempotency key {key!r} was used for another request in the last 24 hours")
    if row["status"] is None:
        raise KeyReused(f"the request of idempotency key {key!r} was never answered: use a new key")
    return Answer(row["status"], row["response"])


async def answer(connection: Connection, key: str, status: int, response: dict[str, Any]) -> None:
    """Keep the answer, in the transaction that claimed the key."""
    await connection.execute("UPDATE idempotency_keys SET status = %s, response = %s WHERE key = %s", (status, Jsonb(response), key))


async def prune(connection: Connection) -> int:
    """Drop the workspace's keys that ran out. Returns how many."""
    return (await connection.execute("DELETE FROM idempotency_keys WHERE expires_at <= now()")).rowcount
