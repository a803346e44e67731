"""Deliverables: what a run wrote, version by version, with the verdict on every numeral."""

from __future__ import annotations

import json
from collections.abc import Collection
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


@dataclass(frozen=True, slots=True)
class Line:
    """One version as a list shows it, without its text."""

    id: str
    run_id: str
    kind: str
    title: str
    version: int
    status: DeliverableStatus
    created_at: datetime


LINE = ", ".join(Line.__slots__)


@dataclass(frozen=True, slots=True)
class Outline:
    """One result that a version stands on, without its figures. `chart`: the title of its chart, None when it has none."""

    alias: str
    id: str
    tool: str
    chart: str | None
    figures: int
    facts: dict[str, int]
    replayable: bool


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


async def newest(
    connection: Connection,
    client_id: str,
    *,
    kind: str | None = None,
    status: DeliverableStatus | None = None,
    limit: int = 50,
    skip: int = 0,
) -> list[Line]:
    """The newest version of each of a client's deliverables, newest first; `status` is that of the newest version."""
    statement = f"""
        SELECT {LINE} FROM (
            SELECT DISTINCT ON (run_id) {LINE} FROM deliverables
             WHERE client_id = %(client_id)s AND (%(kind)s::text IS NULL OR kind = %(kind)s) ORDER BY run_id, version DESC) AS last
         WHERE %(status)s::text IS NULL OR status = %(status)s
         ORDER BY created_at DESC, id DESC LIMIT %(limit)s OFFSET %(skip)s"""
    values = {"client_id": client_id, "kind": kind, "status": status, "limit": limit, "skip": skip}
    return [Line(**row) for row in await (await connection.execute(statement, values)).fetchall()]


async def published(connection: Connection, client_id: str, limit: int = 200) -> list[Line]:
    """What was published for a client, newest first."""
    statement = f"""
        SELECT {LINE} FROM deliverables WHERE client_id = %s AND status = 'published' ORDER BY created_at DESC, id DESC LIMIT %s"""
    return [Line(**row) for row in await (await connection.execute(statement, (client_id, limit))).fetchall()]


async def titled(connection: Connection, ids: Collection[str]) -> dict[str, Line]:
    """These versions as lists show them, by id."""
    statement = f"SELECT {LINE} FROM deliverables WHERE id = ANY(%s)"
    return {row["id"]: Line(**row) for row in await (await connection.execute(statement, (list(ids),))).fetchall()}


async def versions(connection: Connection, run_id: str) -> list[Line]:
    """Every version of a run's deliverable, newest first."""
    statement = f"SELECT {LINE} FROM deliverables WHERE run_id = %s ORDER BY version DESC"
    return [Line(**row) for row in await (await connection.execute(statement, (run_id,))).fetchall()]


async def outlines(connection: Connection, made: Deliverable) -> dict[str, Outline]:
    """What a version stands on, by alias: what was stated first, then the tools as they ran, the assumptions last."""
    statement = """
        SELECT id, tool, record -> 'facts' AS facts, (record ->> 'replayable')::boolean AS replayable,
               CASE WHEN jsonb_typeof(record -> 'result' -> 'chart') = 'object'
                    THEN coalesce(record #>> '{result,chart,title,text}', record #>> '{result,chart,title}', '') END AS chart,
               coalesce(jsonb_array_length(record -> 'result' -> 'figures'), 0) AS figures
          FROM evidence WHERE id = ANY(%s)"""
    rows = await (await connection.execute(statement, (list(made.evidence_aliases.values()),))).fetchall()
    by_id = {row["id"]: row for row in rows}
    return {alias: Outline(alias=alias, **by_id[identity]) for alias, identity in in_order(made.evidence_aliases) if identity in by_id}


def in_order(aliases: dict[str, str]) -> list[tuple[str, str]]:
    """Aliases as they came to be, which the database does not keep: what was stated, the tools as they ran, the assumptions."""
    return sorted(aliases.items(), key=lambda one: (one[0] == "A", one[0] not in ("B", "F"), len(one[0]), one[0]))


async def newest_of_runs(connection: Connection, run_ids: Collection[str]) -> dict[str, Line]:
    """The newest version that each of these runs made, by run."""
    statement = f"SELECT DISTINCT ON (run_id) {LINE} FROM deliverables WHERE run_id = ANY(%s) ORDER BY run_id, version DESC"
    return {row["run_id"]: Line(**row) for row in await (await connection.execute(statement, (list(run_ids),))).fetchall()}


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


async def supersede(connection: Connection, run_id: str, by: str) -> None:
    """Let the run's other published versions be so no more: this one was published in their place."""
    statement = "UPDATE deliverables SET status = 'draft' WHERE run_id = %s AND status = 'published' AND id <> %s"
    await connection.execute(statement, (run_id, by))
