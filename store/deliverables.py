"""Deliverables: what a run wrote, version by version, with the verdict on every numeral."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal

from psycopg.types.json import Jsonb

from grounding.ids import new_id
from store.database import Connection
from store.errors import StoreError

DeliverableStatus = Literal["draft", "needs_person", "awaiting_approval", "published", "rejected"]
COLUMNS = """id, run_id, client_id, kind, title, version, status, content, markdown, verdict, evidence_aliases, model, prompt,
    content_hash, created_at"""


@dataclass(frozen=True, slots=True)
class Deliverable:
    """One version. `content` is the draft with its slots, `markdown` the rendered text, `evidence_aliases` alias to evidence id."""

    id: str
    run_id: str
    client_id: str
    kind: str
    title: str
    version: int
    status: DeliverableStatus
    content: dict[str, Any]
    markdown: str
    verdict: dict[str, Any]
    evidence_aliases: dict[str, str]
    model: dict[str, Any]
    prompt: dict[str, Any]
    content_hash: str
    created_at: datetime


def hash_of(content: dict[str, Any], markdown: str) -> str:
    """What an approval is for: changes when a letter of the content or of the text changes."""
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return sha256(f"{canonical}\0{markdown}".encode()).hexdigest()


async def add(
    connection: Connection,
    *,
    run_id: str,
    client_id: str,
    kind: str,
    title: str,
    status: DeliverableStatus,
    content: dict[str, Any],
    markdown: str,
    verdict: dict[str, Any],
    evidence_aliases: dict[str, str],
    model: dict[str, Any],
    prompt: dict[str, Any],
) -> Deliverable:
    """Keep the next version of the run's deliverable. The same content again is the version that is there, in the state it now has.

    Raises StoreError when there is no such run.
    """
    if (await connection.execute("SELECT 1 FROM runs WHERE id = %s FOR UPDATE", (run_id,))).rowcount == 0:
        raise StoreError(f"there is no run {run_id!r} in this workspace")
    content_hash = hash_of(content, markdown)
    latest_statement = f"SELECT {COLUMNS} FROM deliverables WHERE run_id = %s ORDER BY version DESC LIMIT 1"
    latest = await (await connection.execute(latest_statement, (run_id,))).fetchone()
    if latest is not None and latest["content_hash"] == content_hash:
        moved = Deliverable(**latest) if latest["status"] == status else await set_status(connection, latest["id"], status)
        assert moved is not None
        return moved
    statement = f"""
        INSERT INTO deliverables (id, run_id, client_id, kind, title, version, status, content, markdown, verdict,
                                  evidence_aliases, model, prompt, content_hash)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING {COLUMNS}"""
    values = (
        new_id("dl"), run_id, client_id, kind, title, latest["version"] + 1 if latest else 1, status, Jsonb(content), markdown,
        Jsonb(verdict), Jsonb(evidence_aliases), Jsonb(model), Jsonb(prompt), content_hash,
    )  # fmt: skip
    row = await (await connection.execute(statement, values)).fetchone()
    assert row is not None
    return Deliverable(**row)


async def get(connection: Connection, deliverable_id: str) -> Deliverable | None:
    """The deliverable of this id."""
    row = await (await connection.execute(f"SELECT {COLUMNS} FROM deliverables WHERE id = %s", (deliverable_id,))).fetchone()
    return Deliverable(**row) if row else None


async def list_(
    connection: Connection,
    *,
    client_id: str | None = None,
    run_id: str | None = None,
    status: DeliverableStatus | None = None,
    limit: int = 50,
) -> list[Deliverable]:
    """Deliverables, newest first, a run's later versions before its earlier ones."""
    statement = f"""
        SELECT {COLUMNS} FROM deliverables
         WHERE (%(client_id)s::text IS NULL OR client_id = %(client_id)s) AND (%(run_id)s::text IS NULL OR run_id = %(run_id)s)
           AND (%(status)s::text IS NULL OR status = %(status)s)
         ORDER BY created_at DESC, version DESC, id DESC LIMIT %(limit)s"""
    values = {"client_id": client_id, "run_id": run_id, "status": status, "limit": limit}
    return [Deliverable(**row) for row in await (await connection.execute(statement, values)).fetchall()]


async def last_before(connection: Connection, made: Deliverable) -> Deliverable | None:
    """What a reader knew before this version: the run's version before it, else what was last published of this kind for the client."""
    statement = f"""
        SELECT {COLUMNS} FROM deliverables
         WHERE client_id = %(client_id)s AND kind = %(kind)s AND id <> %(id)s
           AND (run_id = %(run_id)s AND version < %(version)s
                OR run_id <> %(run_id)s AND status = 'published' AND created_at <= %(created_at)s)
         ORDER BY run_id = %(run_id)s DESC, version * (run_id = %(run_id)s)::int DESC, created_at DESC, id DESC LIMIT 1"""
    names = ("client_id", "kind", "id", "run_id", "version", "created_at")
    row = await (await connection.execute(statement, {name: getattr(made, name) for name in names})).fetchone()
    return Deliverable(**row) if row else None


async def set_status(connection: Connection, deliverable_id: str, status: DeliverableStatus) -> Deliverable | None:
    """Move a version on, as a person decided or the policy allows."""
    statement = f"UPDATE deliverables SET status = %s WHERE id = %s RETURNING {COLUMNS}"
    row = await (await connection.execute(statement, (status, deliverable_id))).fetchone()
    return Deliverable(**row) if row else None
