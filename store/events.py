"""The ordered log of a run: pages, SSE clients and the audit trail all read this one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from store.database import Connection, Database
from store.errors import StoreError

CHANNEL = "run_events"
"""NOTIFY channel; the payload is the id of a run, or of a conversation with a new turn: a listener that may see it knows to look."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened in a run. Numbers start at 1 and have no gaps."""

    run_id: str
    number: int
    kind: str
    payload: dict[str, Any]
    at: datetime


async def append(connection: Connection, run_id: str, kind: str, payload: dict[str, Any] | None = None, *, key: str | None = None) -> Event:
    """Append to a run's log and wake its listeners at commit. Raises StoreError when there is no such run.

    The run's row is locked until commit: two writers of one run take turns, so numbers are gapless and readers never see 3 before 2.
    With a `key` the event is written once: a step that runs again after a kill gets the event that is there.
    """
    statement = """
        WITH numbered AS (UPDATE runs SET last_event = last_event + 1 WHERE id = %(run_id)s RETURNING id, last_event),
             woken AS (SELECT pg_notify(%(channel)s, id) FROM numbered)
        INSERT INTO run_events (run_id, number, kind, payload, key)
        SELECT id, last_event, %(kind)s, %(payload)s, %(key)s FROM numbered, woken
     RETURNING run_id, number, kind, payload, at"""
    values = {"run_id": run_id, "channel": CHANNEL, "kind": kind, "payload": Jsonb(payload or {}), "key": key}
    if key is not None:
        # the lock comes in a statement of its own, so that the look-up sees what the other writer committed meanwhile
        await connection.execute("SELECT 1 FROM runs WHERE id = %(run_id)s FOR UPDATE", values)
        there = "SELECT run_id, number, kind, payload, at FROM run_events WHERE run_id = %(run_id)s AND key = %(key)s"
        if (row := await (await connection.execute(there, values)).fetchone()) is not None:
            return Event(**row)
    row = await (await connection.execute(statement, values)).fetchone()
    if row is None:
        raise StoreError(f"there is no run {run_id!r} in this workspace")
    return Event(**row)


async def after(connection: Connection, run_id: str, number: int, limit: int = 500) -> list[Event]:
    """Events with a greater number, in order."""
    statement = "SELECT run_id, number, kind, payload, at FROM run_events WHERE run_id = %s AND number > %s ORDER BY number LIMIT %s"
    return [Event(**row) for row in await (await connection.execute(statement, (run_id, number, limit))).fetchall()]


NEWS = """
    SELECT r.finished_at IS NOT NULL AS over, e.run_id, e.number, e.kind, e.payload, e.at
      FROM runs AS r
      LEFT JOIN LATERAL (SELECT * FROM run_events AS e WHERE e.run_id = r.id AND e.number > %s ORDER BY e.number LIMIT %s) AS e ON true
     WHERE r.id = %s ORDER BY e.number"""


async def news(database: Database, workspace_id: str, run_id: str, number: int, limit: int = 500) -> tuple[bool, list[Event]]:
    """Events with a greater number, in order, and whether the run has ended or is gone: one round trip, for who looks again and again.

    Both are of one moment, so a run that has ended shows all its events. Raises DatabaseUnavailable.
    """
    rows = await database.read(workspace_id, NEWS, (number, limit, run_id))
    found = [Event(**{name: row[name] for name in Event.__slots__}) for row in rows if row["number"] is not None]
    return not rows or rows[0]["over"], found


async def of_runs(connection: Connection, run_ids: Collection[str]) -> dict[str, list[Event]]:
    """All events of these runs, in order, by run."""
    statement = "SELECT run_id, number, kind, payload, at FROM run_events WHERE run_id = ANY(%s) ORDER BY run_id, number"
    found: dict[str, list[Event]] = {}
    for row in await (await connection.execute(statement, (list(run_ids),))).fetchall():
        found.setdefault(row["run_id"], []).append(Event(**row))
    return found


async def last_steps(connection: Connection, run_ids: Collection[str]) -> dict[str, Event]:
    """The newest step, tool call or tool result of each of these runs."""
    statement = """
        SELECT DISTINCT ON (run_id) run_id, number, kind, payload, at FROM run_events
         WHERE run_id = ANY(%s) AND kind IN ('step', 'tool_call', 'tool_result') ORDER BY run_id, number DESC"""
    return {row["run_id"]: Event(**row) for row in await (await connection.execute(statement, (list(run_ids),))).fetchall()}


async def keys(connection: Connection, run_id: str, prefix: str) -> list[str]:
    """The keys of a run's events that begin so, in order."""
    statement = "SELECT key FROM run_events WHERE run_id = %s AND starts_with(key, %s) ORDER BY number"
    return [row["key"] for row in await (await connection.execute(statement, (run_id, prefix))).fetchall()]


async def prune(connection: Connection, older_than: datetime) -> int:
    """Drop the events of the workspace's runs that ended before this time. Returns how many."""
    statement = "DELETE FROM run_events AS e USING runs AS r WHERE r.id = e.run_id AND r.finished_at < %s"
    return (await connection.execute(statement, (older_than,))).rowcount
