"""Schedules: what is made for a client by itself and when. Each time one was due is in store/schedule_fires.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg.types.json import Jsonb

from grounding.ids import new_id
from store.database import Connection, Database

WhenStale = Literal["run", "skip", "run_and_say"]
WhenLate = Literal["wait", "remind"]
COLUMNS = """id, workspace_id, client_id, kind, brief, cron, zone, recipients, when_stale, stale_after_days, when_late, late_after_hours,
    retries, next_at, paused_at, made_by, created_at"""


@dataclass(frozen=True, slots=True)
class Schedule:
    """One schedule. `next_at` is None while it is paused; `made_by` is who made or changed it last.

    `recipients` are kept, and nothing is sent to them.
    """

    id: str
    workspace_id: str
    client_id: str
    kind: str
    brief: str
    cron: str
    zone: str
    recipients: list[str]
    when_stale: WhenStale
    stale_after_days: int
    when_late: WhenLate
    late_after_hours: int
    retries: int
    next_at: datetime | None
    paused_at: datetime | None
    made_by: str
    created_at: datetime


async def create(connection: Connection, client_id: str, plan: dict[str, Any], *, next_at: datetime | None, made_by: str) -> Schedule:
    """Keep a schedule; `plan` holds its columns from kind to retries. Raises ForeignKeyViolation for another workspace's client."""
    statement = f"""
        INSERT INTO schedules (id, client_id, kind, brief, cron, zone, recipients, when_stale, stale_after_days, when_late,
                               late_after_hours, retries, next_at, made_by)
        VALUES (%(id)s, %(client_id)s, %(kind)s, %(brief)s, %(cron)s, %(zone)s, %(recipients)s, %(when_stale)s, %(stale_after_days)s,
                %(when_late)s, %(late_after_hours)s, %(retries)s, %(next_at)s, %(made_by)s)
     RETURNING {COLUMNS}"""
    own = {"id": new_id("sch"), "client_id": client_id, "next_at": next_at, "made_by": made_by, "recipients": Jsonb(plan["recipients"])}
    row = await (await connection.execute(statement, plan | own)).fetchone()
    assert row is not None
    return Schedule(**row)


async def change(connection: Connection, schedule_id: str, plan: dict[str, Any], *, next_at: datetime | None, made_by: str) -> None:
    """Put another plan in its place; `plan` as in `create`."""
    statement = """
        UPDATE schedules
           SET kind = %(kind)s, brief = %(brief)s, cron = %(cron)s, zone = %(zone)s, recipients = %(recipients)s,
               when_stale = %(when_stale)s, stale_after_days = %(stale_after_days)s, when_late = %(when_late)s,
               late_after_hours = %(late_after_hours)s, retries = %(retries)s, next_at = %(next_at)s, made_by = %(made_by)s
         WHERE id = %(id)s"""
    await connection.execute(
        statement, plan | {"id": schedule_id, "next_at": next_at, "made_by": made_by, "recipients": Jsonb(plan["recipients"])}
    )


async def get(connection: Connection, schedule_id: str, *, lock: bool = False) -> Schedule | None:
    """The schedule of this id; with `lock` nobody else changes or fires it before the transaction ends."""
    statement = f"SELECT {COLUMNS} FROM schedules WHERE id = %s {'FOR UPDATE' if lock else ''}"
    row = await (await connection.execute(statement, (schedule_id,))).fetchone()
    return Schedule(**row) if row else None


async def list_(connection: Connection, *, client_id: str | None = None, limit: int = 200) -> list[Schedule]:
    """Schedules, newest first."""
    statement = f"""
        SELECT {COLUMNS} FROM schedules WHERE %(client_id)s::text IS NULL OR client_id = %(client_id)s
         ORDER BY created_at DESC, id DESC LIMIT %(limit)s"""
    rows = await (await connection.execute(statement, {"client_id": client_id, "limit": limit})).fetchall()
    return [Schedule(**row) for row in rows]


async def pause(connection: Connection, schedule_id: str) -> None:
    """Let it rest."""
    await connection.execute("UPDATE schedules SET paused_at = now(), next_at = NULL WHERE id = %s", (schedule_id,))


async def resume(connection: Connection, schedule_id: str, next_at: datetime | None) -> None:
    """Let it go on."""
    await connection.execute("UPDATE schedules SET paused_at = NULL, next_at = %s WHERE id = %s", (next_at, schedule_id))


async def move_on(connection: Connection, schedule_id: str, next_at: datetime | None) -> None:
    """Set when it is due next."""
    await connection.execute("UPDATE schedules SET next_at = %s WHERE id = %s", (next_at, schedule_id))


async def remove(connection: Connection, schedule_id: str) -> bool:
    """Remove it with its history; runs and deliverables stay. False when there is no such schedule."""
    return (await connection.execute("DELETE FROM schedules WHERE id = %s", (schedule_id,))).rowcount > 0


async def next_due(connection: Connection, now: datetime) -> Schedule | None:
    """One schedule of the workspace that is due, held until the transaction ends; those that another worker holds are passed over."""
    statement = f"SELECT {COLUMNS} FROM schedules WHERE next_at <= %s ORDER BY next_at, id LIMIT 1 FOR UPDATE SKIP LOCKED"
    row = await (await connection.execute(statement, (now,))).fetchone()
    return Schedule(**row) if row else None


async def workspaces_with_work(database: Database, now: datetime) -> list[str]:
    """Workspaces with a schedule that is due or a fire that is not settled."""
    async with database.transaction(None) as connection:
        return [row["id"] for row in await (await connection.execute("SELECT groundwork_scheduled(%s) AS id", (now,))).fetchall()]
