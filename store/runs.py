"""Runs: one task of one client from request to end."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from psycopg.types.json import Jsonb

from grounding.ids import new_id
from store.database import Connection, Database

RunStatus = Literal["queued", "running", "waiting", "succeeded", "needs_person", "rejected", "failed", "cancelled"]
"""waiting: for an approval · needs_person: finished, but a person has to settle what could not be verified or was not approved in time ·
rejected: a person turned it down for good."""

ENDED: frozenset[RunStatus] = frozenset({"succeeded", "needs_person", "rejected", "failed", "cancelled"})
COLUMNS = """id, workspace_id, client_id, kind, brief, as_of, status, created_at, started_at, finished_at, error, deliverable_id,
    usage, model, cancel_requested, conversation, asked_by"""


@dataclass(frozen=True, slots=True)
class Run:
    """One run. `usage` counts model calls, tokens and cost; `model` says which model answered."""

    id: str
    workspace_id: str
    client_id: str
    kind: str
    brief: str
    as_of: date
    status: RunStatus
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: str | None
    deliverable_id: str | None
    usage: dict[str, Any]
    model: dict[str, Any]
    cancel_requested: bool
    conversation: str | None = None
    """The thread that this run is a turn of; only the thread's owner sees it."""
    asked_by: str | None = None
    """The key or member that asked for it, as the audit log names them."""

    @property
    def thread_id(self) -> str:
        """The id its checkpoints go by; the prefix is what row-level security checks."""
        return f"{self.workspace_id}:{self.id}"


async def create_run(
    connection: Connection,
    client_id: str,
    kind: str,
    brief: str,
    *,
    as_of: date,
    conversation: str | None = None,
    id: str | None = None,
    asked_by: str | None = None,
) -> Run:
    """Make a queued run of the transaction's workspace; `as_of` is the day that its answers are for.

    Raises psycopg.errors.ForeignKeyViolation for another workspace's client.
    """
    statement = f"""
        INSERT INTO runs (id, client_id, kind, brief, as_of, conversation, asked_by)
        VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING {COLUMNS}"""
    values = (id or new_id("run"), client_id, kind, brief, as_of, conversation, asked_by)
    row = await (await connection.execute(statement, values)).fetchone()
    assert row is not None
    return Run(**row)


async def get_run(connection: Connection, run_id: str) -> Run | None:
    """The run of this id."""
    row = await (await connection.execute(f"SELECT {COLUMNS} FROM runs WHERE id = %s", (run_id,))).fetchone()
    return Run(**row) if row else None


LOOK = f"""
    SELECT {", ".join(f"r.{name.strip()}" for name in COLUMNS.split(","))}, c.slug
      FROM runs AS r JOIN clients AS c ON c.id = r.client_id WHERE r.id = %s"""


async def look(database: Database, workspace_id: str, run_id: str) -> tuple[Run, str] | None:
    """The run of this id with its client's slug, in one round trip: callers ask again and again how a task goes."""
    rows = await database.read(workspace_id, LOOK, (run_id,))
    return (Run(**{name: value for name, value in rows[0].items() if name != "slug"}), rows[0]["slug"]) if rows else None


async def list_runs(
    connection: Connection, *, client_id: str | None = None, status: RunStatus | None = None, limit: int = 50, turns: bool = False
) -> list[Run]:
    """Runs, newest first; turns of conversations only when they are asked for: those are their owner's."""
    statement = f"""
        SELECT {COLUMNS} FROM runs
         WHERE (%(turns)s OR conversation IS NULL)
           AND (%(client_id)s::text IS NULL OR client_id = %(client_id)s) AND (%(status)s::text IS NULL OR status = %(status)s)
         ORDER BY created_at DESC, id DESC LIMIT %(limit)s"""
    values = {"client_id": client_id, "status": status, "limit": limit, "turns": turns}
    return [Run(**row) for row in await (await connection.execute(statement, values)).fetchall()]


async def many(connection: Connection, ids: Collection[str]) -> dict[str, Run]:
    """The runs of these ids, by id; those that are gone are left out."""
    rows = await (await connection.execute(f"SELECT {COLUMNS} FROM runs WHERE id = ANY(%s)", (list(ids),))).fetchall()
    return {row["id"]: Run(**row) for row in rows}


async def turns_since(connection: Connection, thread_id: str, run_id: str, limit: int = 20) -> list[str]:
    """Ids of a conversation's latest turns from this one on, and of the one before it, oldest first. Ids sort by the time of making."""
    statement = """
        SELECT id FROM runs
         WHERE conversation = %(thread)s
           AND id >= coalesce((SELECT max(id) FROM runs WHERE conversation = %(thread)s AND id < %(run)s), %(run)s)
         ORDER BY id DESC LIMIT %(limit)s"""
    values = {"thread": thread_id, "run": run_id, "limit": limit}
    return [row["id"] for row in reversed(await (await connection.execute(statement, values)).fetchall())]


async def handed_over(connection: Connection, thread_id: str, limit: int = 20) -> list[str]:
    """Ids of the latest tasks that a conversation started."""
    statement = """
        SELECT e.payload ->> 'task' AS task FROM runs AS t JOIN run_events AS e ON e.run_id = t.id AND e.kind = 'task_started'
         WHERE t.conversation = %s ORDER BY t.id DESC, e.number DESC LIMIT %s"""
    return [row["task"] for row in await (await connection.execute(statement, (thread_id, limit))).fetchall()]


async def set_status(
    connection: Connection,
    run_id: str,
    status: RunStatus,
    *,
    error: str | None = None,
    deliverable_id: str | None = None,
    usage: dict[str, Any] | None = None,
    model: dict[str, Any] | None = None,
) -> Run | None:
    """Move a run on; what is not given stays. A run that has ended does not move again: then None, and nothing is written."""
    statement = f"""
        UPDATE runs
           SET status = %(status)s,
               error = coalesce(%(error)s, error),
               deliverable_id = coalesce(%(deliverable_id)s, deliverable_id),
               usage = coalesce(%(usage)s, usage),
               model = coalesce(%(model)s, model),
               started_at = CASE WHEN %(status)s = 'running' THEN coalesce(started_at, now()) ELSE started_at END,
               finished_at = CASE WHEN %(status)s = ANY(%(ended)s) THEN now() END
         WHERE id = %(run_id)s AND status <> ALL(%(ended)s)
     RETURNING {COLUMNS}"""
    values = {
        "run_id": run_id,
        "status": status,
        "error": error,
        "deliverable_id": deliverable_id,
        "usage": Jsonb(usage) if usage is not None else None,
        "model": Jsonb(model) if model is not None else None,
        "ended": sorted(ENDED),
    }
    row = await (await connection.execute(statement, values)).fetchone()
    return Run(**row) if row else None


async def note_usage(connection: Connection, run_id: str, usage: dict[str, Any], model: dict[str, Any] | None = None) -> None:
    """Keep what a run has used so far, call by call: limits over many runs count those too that are under way, failed or stopped."""
    statement = "UPDATE runs SET usage = %s, model = coalesce(%s, model) WHERE id = %s"
    await connection.execute(statement, (Jsonb(usage), Jsonb(model) if model is not None else None, run_id))


async def request_cancel(connection: Connection, run_id: str) -> Run | None:
    """Ask a run to stop; one that is still queued ends at once. None when there is no such run, unchanged when it has ended."""
    statement = f"""
        UPDATE runs
           SET cancel_requested = cancel_requested OR status <> ALL(%(ended)s),
               status = CASE WHEN status = 'queued' THEN 'cancelled' ELSE status END,
               finished_at = CASE WHEN status = 'queued' THEN now() ELSE finished_at END
         WHERE id = %(run_id)s
     RETURNING {COLUMNS}"""
    row = await (await connection.execute(statement, {"run_id": run_id, "ended": sorted(ENDED)})).fetchone()
    return Run(**row) if row else None
